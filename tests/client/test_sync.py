"""A room without ``async``: from any thread, with callbacks in a thread of its own, and clean at the end."""

import gc
import inspect
import os
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, assert_type

import pytest

from jupyter_collab.client import AsyncRoom, Room, connect, connect_async, join, join_async
from jupyter_collab.client.blocking.invitation_facade import Invitation
from jupyter_collab.client.blocking.kernel_facade import Kernel
from jupyter_collab.client.blocking.loop import BackgroundLoop
from jupyter_collab.client.http.access_client import Member
from jupyter_collab.client.http.kernel_client import CellRun, KernelSpec
from jupyter_collab.client.replica.changes import RoomChange
from jupyter_collab.client.room.entry import Entry
from jupyter_collab.client.room.invitation import AsyncInvitation
from jupyter_collab.client.room.kernel import AsyncKernel, KernelView
from jupyter_collab.client.room.room_view import RoomView
from jupyter_collab.document import RoomDocument
from jupyter_collab.errors import CellDeleted, PermissionDenied, RoomClosed
from tests.peers.cells import sources
from tests.servers import REPOSITORY

from .doubles import QUICK, TOKEN, ScriptedServer, until


class OtherThread:
    """A scripted server on an event loop in a thread of its own."""

    def __init__(self, *sources: str) -> None:
        self.loop = BackgroundLoop()
        self.server = ScriptedServer(sources=sources)
        self.loop.wait(self.server.start)

    def edit(self, cell_id: str, text: str) -> None:
        self.change(lambda document: document.append_text(cell_id, text))

    def change(self, change: Callable[[RoomDocument], object]) -> None:
        self.loop.wait(lambda: self.server.edit(change))

    def wait(self, condition: object) -> None:
        assert callable(condition)
        self.loop.wait(lambda: until(condition))

    def connect(self, **options: object) -> Room:
        return connect("demo", self.server.server.url, TOKEN, backoff=QUICK, **options)  # type: ignore[arg-type]  # a test's


@pytest.fixture
def other() -> Iterator[OtherThread]:
    other = OtherThread("", "b")
    yield other
    other.loop.wait(other.server.stop)


def test_it_reads_edits_waits_and_leaves(other: OtherThread) -> None:
    with other.connect() as room:
        room.cell(0).source = "from here"
        room.wait_saved(5)
        assert other.server.texts == ["from here", "b"]
        other.edit("c1", " from there")
        assert room.wait_for(lambda: "there" in room.text, 5)
        assert repr(room) == f"<Room 'demo' at {other.server.server.url}: synced>"
        room.cell(0).append(", the last")
    assert other.server.texts == ["from here, the last", "b from there"]
    other.wait(lambda: not other.server.connections)


def test_threads_edit_at_the_same_time(other: OtherThread) -> None:
    with other.connect() as room, ThreadPoolExecutor(8) as threads:

        def write(thread: int) -> None:
            for number in range(25):
                room.cell(0).append(f"<{thread}.{number}>")
                assert room.text

        list(threads.map(write, range(8)))
        room.wait_saved(10)
        text = other.server.texts[0]
        assert all(text.count(f"<{thread}.{number}>") == 1 for thread in range(8) for number in range(25))


def test_unsent_text_is_restored_once_by_several_threads(other: OtherThread) -> None:
    other.server.reject = "permission_denied"
    with other.connect() as room, ThreadPoolExecutor(8) as threads:
        room.cell(0).append("refused")
        room.wait_for(lambda: room.unsent and not room.read_only, 5)
        other.server.reject = None
        list(threads.map(lambda _: room.restore_unsent(), range(8)))
        room.wait_saved(5)
        assert other.server.texts == ["", "b", "refused"]


def test_callbacks_run_in_one_thread_of_their_own_and_may_wait(other: OtherThread) -> None:
    with other.connect() as room:
        threads: list[threading.Thread] = []
        done = threading.Event()

        def answer(change: RoomChange) -> None:
            threads.append(threading.current_thread())
            if change.remote:
                room.cell(0).append("answered")
                room.wait_saved(5)
                done.set()

        room.on_change(answer)
        other.edit("c1", "?")
        assert done.wait(10)
        assert other.server.texts[0] == "answered"
        assert len(set(threads)) == 1
        assert threads[0] not in (threading.main_thread(), threading.current_thread())
    threads[0].join(5)
    assert not threads[0].is_alive()


def test_a_slow_callback_holds_up_nothing_and_is_told_the_sum(other: OtherThread) -> None:
    with other.connect() as room:
        go_on, entered = threading.Event(), threading.Event()
        told: list[RoomChange] = []

        def slow(change: RoomChange) -> None:
            told.append(change)
            entered.set()
            go_on.wait(10)

        room.on_change(slow)
        room.cell(0).append("x")
        assert entered.wait(5)
        for _ in range(20):
            room.cell(0).append("y")
            room.cell(1).append("y")
        room.wait_saved(5)
        assert len(told) == 1
        go_on.set()
        other.wait(lambda: len(told) == 2)
        assert told[1].cells == {"c0", "c1"}


def test_a_condition_may_read_the_room_but_not_wait(other: OtherThread) -> None:
    with other.connect() as room:
        assert room.wait_for(lambda: room.cells, 5)
        with pytest.raises(RuntimeError, match="waits for the network"):
            room.wait_for(lambda: room.wait_saved(1) or True, 5)


@pytest.mark.parametrize(
    "read",
    [sources, lambda room: room.text.split(), lambda room: room.wait_for(lambda: [cell.source for cell in room.cells])],
    ids=["notebook", "text", "wait_for"],
)
def test_what_is_read_at_once_is_of_one_moment_whatever_others_delete(
    other: OtherThread, read: Callable[[Room], list[str]]
) -> None:
    with other.connect() as room:
        room.cell("c0").source = "a"
        cells = room.cells
        room.delete_cell("c1")
        with pytest.raises(CellDeleted):
            [cell.source for cell in cells]
        done = threading.Event()

        def garden() -> None:
            while not done.is_set():
                room.restore_cell("c1")
                room.delete_cell("c1")

        with ThreadPoolExecutor() as pool:
            gardener = pool.submit(garden)
            seen = set[tuple[str, ...]]()
            try:
                while len(seen) < 2:
                    seen.update(tuple(read(room)) for _ in range(50))
            finally:
                done.set()
            gardener.result()
        assert seen == {("a",), ("a", "b")}


def test_errors_come_to_the_caller(other: OtherThread) -> None:
    other.server.role = "viewer"
    with other.connect(role="viewer") as room:
        with pytest.raises(PermissionDenied):
            room.cell(0).source = "x"
        with pytest.raises(TimeoutError):
            room.wait_for(lambda: False, 0.05)
    with pytest.raises(RoomClosed):
        room.cell(0).source = "x"


def test_a_room_that_nobody_holds_is_left(other: OtherThread) -> None:
    def join_and_forget() -> threading.Thread:
        threads: list[threading.Thread] = []
        room = other.connect()
        room.on_change(lambda change: threads.append(threading.current_thread()))
        room.cell(0).append("saved all the same")
        other.wait(lambda: threads)
        return threads[0]

    thread = join_and_forget()
    gc.collect()
    other.wait(lambda: not other.server.connections)
    thread.join(5)
    assert not thread.is_alive()
    assert other.server.texts[0] == "saved all the same"


@pytest.mark.parametrize(
    ("kind", "async_kind", "common"),
    [
        (Room, AsyncRoom, RoomView),
        (Kernel, AsyncKernel, KernelView),
        (Invitation, AsyncInvitation, AsyncInvitation.__base__),
    ],
)
def test_both_kinds_offer_the_same(kind: type, async_kind: type, common: type) -> None:
    def names(kind: type) -> set[str]:
        return {name for name in dir(kind) if not name.startswith("_")}

    assert names(kind) == names(async_kind)
    for name in names(common) ^ names(async_kind):
        mine, twin = getattr(kind, name), getattr(async_kind, name)
        assert inspect.signature(mine).parameters == inspect.signature(twin).parameters
        assert mine.__doc__ == twin.__doc__
        assert inspect.iscoroutinefunction(twin)
        assert not inspect.iscoroutinefunction(mine)


@pytest.mark.parametrize(("function", "twin"), [(connect, connect_async), (join, join_async)])
def test_one_enters_a_room_in_the_same_way_with_async_and_without(
    function: Callable[..., Room], twin: Callable[..., Entry]
) -> None:
    signature = inspect.signature(function)
    assert signature.parameters == inspect.signature(twin).parameters
    assert signature.return_annotation is Room
    assert function.__name__ == twin.__name__.removesuffix("_async")
    assert function.__doc__ is not None
    assert "async" not in function.__doc__


def test_a_type_checker_knows_what_the_calls_without_async_return(other: OtherThread) -> None:
    with other.connect() as room:
        assert_type(room, Room)
        assert_type(room.wait_for(lambda: 7), int)
        assert_type(room.kernel, Kernel)
        calls = (room.run, room.export, room.invite, room.invitations, room.members, room.kernel.specs)
        assert all(callable(call) for call in calls)
        if TYPE_CHECKING:
            assert_type(room.run(0, timeout=1), list[CellRun])
            assert_type(room.export("py"), str)
            assert_type(room.invite("viewer", approval=True), Invitation)
            assert_type(room.invitations(), list[Invitation])
            assert_type(room.members(), list[Member])
            assert_type(room.kernel.specs(), list[KernelSpec])
            room.export("docx")  # type: ignore[arg-type]  # there is no such format
            room.invite("king")  # type: ignore[arg-type]  # nor such a role


def run_script(script: str, other: OtherThread) -> subprocess.CompletedProcess[str]:
    """Run a program of its own, which finds the server in ``url`` and ``token``."""
    url = other.server.server.url
    head = f"from jupyter_collab import connect\nroom = connect('demo', {url!r}, {TOKEN!r})\n"
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", head + textwrap.dedent(script)],
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def test_a_program_that_ends_without_leaving_loses_nothing(other: OtherThread) -> None:
    ended = run_script("for n in range(50): room.cell(0).append(f'<{n}>')", other)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")
    assert other.server.texts[0] == "".join(f"<{n}>" for n in range(50))
    other.wait(lambda: not other.server.connections)


def test_a_program_that_ends_says_what_it_could_not_save(other: OtherThread) -> None:
    other.server.acks = False
    ended = run_script("room.cell(0).append('x')", other)
    assert ended.returncode == 0
    assert "edits of room 'demo' are not saved" in ended.stderr


def test_a_program_that_fails_ends_too(other: OtherThread) -> None:
    ended = run_script("room.cell(0).append('x'); 1 / 0", other)
    assert ended.returncode == 1
    assert ended.stderr.count("Traceback") == 1
    assert other.server.texts[0] == "x"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")
def test_a_forked_child_is_told_that_the_room_is_not_its_own(other: OtherThread) -> None:
    script = """
    import os, sys, warnings
    warnings.simplefilter("ignore")  # newer Pythons warn of any fork in a program with threads
    child = os.fork()
    if child == 0:
        try:
            room.text
        except RuntimeError as error:
            sys.exit(7 if "connect again" in str(error) else 8)
    sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    """
    ended = run_script(script, other)
    assert (ended.returncode, ended.stderr) == (7, "")


def test_the_widgets_library_is_not_needed_to_connect() -> None:
    check = "import sys, jupyter_collab.client as c; assert c.connect and 'ipywidgets' not in sys.modules"
    subprocess.run([sys.executable, "-c", check], env={**os.environ, "PYTHONPATH": str(REPOSITORY)}, check=True)
