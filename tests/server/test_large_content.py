"""What is large, or takes long, holds up nobody, takes little of the server's memory, and ends with who asked."""

import asyncio
import gc
import json
import random
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest
from jupyter_server.serverapp import ServerApp

from jupyter_collab.document import ContentFormat, RoomDocument
from jupyter_collab.rooms import RoomManager
from jupyter_collab.server import conversions
from jupyter_collab.server import rest as rest_module
from jupyter_collab.server.body import LIGHT_BYTES
from jupyter_collab.server.working import WorkingHandler

from ..attack.memory import MIB
from ..peers import eventually
from ..unit import jobs
from ..unit.doubles import user
from .conftest import Answer, Rest

MAX_PAUSE_SECONDS = 0.25
"""It is 50 ms; in the event loop it would be seconds."""

TICK_SECONDS = 0.005


@pytest.fixture
def limits() -> dict[str, Any]:
    """All that is not done at once counts as large here."""
    return {"max_conversion_seconds": 60.0, "small_conversion_bytes": 0}


@asynccontextmanager
async def pauses() -> AsyncIterator[list[float]]:
    """How long the event loop stood still, each time, while this lasts. Processor time: others use the machine too.

    That of all threads counts: what others do may keep the event loop from running.
    """
    found: list[float] = []

    async def tick() -> None:
        while True:
            before = time.process_time()
            await asyncio.sleep(TICK_SECONDS)
            found.append(time.process_time() - before)

    gc.collect()
    task = asyncio.create_task(tick())
    try:
        yield found
    finally:
        task.cancel()
        await asyncio.wait([task])


@asynccontextmanager
async def nobody_waits() -> AsyncIterator[None]:
    async with pauses() as found:
        yield
    print(f"longest pause {max(found) * 1000:.0f} ms of {len(found)}")
    assert max(found) < MAX_PAUSE_SECONDS


def notebook(sources: list[str], name: str = "c") -> dict[str, Any]:
    cells: list[dict[str, Any]] = [
        {"cell_type": "code", "id": f"{name}{number}", "metadata": {}, "source": source, "outputs": [],
         "execution_count": None}
        for number, source in enumerate(sources)
    ]  # fmt: skip
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}


def many_cells(name: str) -> dict[str, Any]:
    return notebook([f"{name} = {number}" for number in range(4_900)], name)


def shuffled(seed: int) -> list[str]:
    """40 cells of 1,990 lines."""
    order = random.Random(seed)
    return ["\n".join(map(str, order.sample(range(1990), 1990))) for _ in range(40)]


async def sources(manager: RoomManager) -> list[str]:
    return [cell["source"] for cell in (await manager.read("nb")).cells]


async def test_lines_in_another_order_hold_up_nobody(rest: Rest, manager: RoomManager) -> None:
    await rest("POST", "rooms", json={"id": "nb", "content": notebook(shuffled(1))})
    async with nobody_waits():
        assert (await rest("PUT", "rooms/nb/content", json=notebook(shuffled(2)))).status == 200
    assert await sources(manager) == shuffled(2)


async def test_a_room_of_many_cells_is_made_and_read_while_nobody_waits(rest: Rest) -> None:
    content = many_cells("c")
    async with nobody_waits():
        assert (await rest("POST", "rooms", json={"id": "nb", "content": content})).status == 201
    assert (await rest("GET", "rooms/nb/content")).status == 200  # reads the room from the store
    async with nobody_waits():
        for name in ContentFormat:
            assert (await rest("GET", "rooms/nb/content", params={"format": name})).status == 200


async def test_many_other_cells_are_there_afterwards(rest: Rest, manager: RoomManager) -> None:
    await rest("POST", "rooms", json={"id": "nb", "content": many_cells("c")})
    assert (await rest("PUT", "rooms/nb/content", json=many_cells("d"))).status == 200
    assert await sources(manager) == [cell["source"] for cell in many_cells("d")["cells"]]


class TestSpace:
    @pytest.fixture
    def limits(self) -> dict[str, Any]:
        return {"max_room_bytes": 2 * MIB}

    async def test_comparing_many_other_cells_holds_up_nobody(self, rest: Rest, manager: RoomManager) -> None:
        """There is no space for them in the end, so this is the comparison alone."""
        await rest("POST", "rooms", json={"id": "nb", "content": many_cells("c")})
        await manager.read("nb")
        async with nobody_waits():
            answer = await rest("PUT", "rooms/nb/content", json=many_cells("d"))
        assert answer.problem == (413, "room_too_large")
        assert await sources(manager) == [cell["source"] for cell in many_cells("c")["cells"]]


@pytest.mark.parametrize("values", [990_000, 6_000_000], ids=["as many as may be", "more"])
async def test_json_of_many_values_takes_no_more_memory_than_its_text(
    rest: Rest, values: int, manager: RoomManager
) -> None:
    await rest("POST", "rooms", json={"id": "nb"})
    body = b'{"nbformat": 4, "cells": [' + b"{}," * values + b"{}]}"
    process = psutil.Process()
    most = before = process.memory_info().rss

    async def watch() -> None:
        nonlocal most
        while True:
            most = max(most, process.memory_info().rss)
            await asyncio.sleep(0.005)

    watching = asyncio.create_task(watch())
    async with nobody_waits():
        answer = await rest("PUT", "rooms/nb/content", text=body, headers={"Content-Type": "application/json"})
    watching.cancel()
    assert answer.status in (400, 413), answer.body
    print(f"{(most - before) / MIB:.0f} MiB more, for {len(body) / MIB:.0f} MiB")
    assert most - before < 6 * len(body) + 10 * MIB  # the test's own client and its pieces among them
    assert not (await sources(manager))[0]


@pytest.fixture
def spinning(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Let markdown take for ever. The process that it is given to writes its id into the file."""
    started = tmp_path / "spinning"
    monkeypatch.setattr(rest_module, "replace_content", Spin(str(started)))
    return started


class Spin:
    """A bomb that no bound knows of."""

    def __init__(self, started: str) -> None:
        self._started = started

    def __call__(self, body: bytes, *others: Any) -> conversions.Edited:
        if b"bomb" in body:
            jobs.spin(self._started)
        return conversions.replace_content(body, *others)


class Allocate:
    """A bomb of the other kind."""

    def __call__(self, *_arguments: Any) -> conversions.Edited:
        jobs.allocate(2**40)
        raise AssertionError


def put(rest: Rest, text: str, headers: dict[str, str] | None = None) -> Coroutine[Any, Any, Answer]:
    return rest("PUT", "rooms/nb/content", params={"format": "md"}, text=text, headers=headers or {})


async def process_id(path: Path) -> int:
    return int(await eventually(lambda: path.exists() and path.read_text(), "the work has begun"))


class TestTime:
    @pytest.fixture
    def limits(self) -> dict[str, Any]:
        return {"max_conversion_seconds": 3.0}

    async def test_what_takes_for_ever_is_ended_with_what_to_do(
        self, rest: Rest, manager: RoomManager, spinning: Path
    ) -> None:
        await rest("POST", "rooms", json={"id": "nb"})
        before = (await manager.read("nb")).doc.get_update()
        async with nobody_waits():
            answer = await put(rest, "bomb")
        assert answer.problem == (503, "work_too_long")
        pid = await process_id(spinning)
        await eventually(lambda: not psutil.pid_exists(pid), "the work ends")
        assert (await manager.read("nb")).doc.get_update() == before
        assert (await put(rest, "good")).status == 200


@pytest.mark.usefixtures("http_server")
async def test_what_takes_all_memory_is_refused_with_what_to_do(rest: Rest, monkeypatch: pytest.MonkeyPatch) -> None:
    await rest("POST", "rooms", json={"id": "nb"})
    with monkeypatch.context() as patched:
        patched.setattr(rest_module, "replace_content", Allocate())
        assert (await put(rest, "x")).problem == (413, "work_too_large")
    assert (await put(rest, "x")).status == 200


async def hang_up_when(started: Callable[[], object], port: int, base_url: str, token: str, text: str = "bomb") -> None:
    """Ask for work, and go without waiting for the answer."""
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(
        f"PUT {base_url}api/collab/rooms/nb/content?format=md HTTP/1.1\r\nHost: localhost\r\n"
        f"Authorization: token {token}\r\nContent-Length: {len(text)}\r\n\r\n{text}".encode()
    )
    await eventually(started, "the work has begun")
    writer.close()
    await writer.wait_closed()


@pytest.fixture
def asks(http_server_port: Any, jp_base_url: str, jp_serverapp: ServerApp) -> tuple[int, str, str]:
    return http_server_port[-1], jp_base_url, jp_serverapp.identity_provider.token


async def test_work_ends_with_the_connection_of_who_asked_for_it(
    rest: Rest, spinning: Path, asks: tuple[int, str, str], caplog: pytest.LogCaptureFixture
) -> None:
    await rest("POST", "rooms", json={"id": "nb"})
    await hang_up_when(spinning.exists, *asks)
    pid = await process_id(spinning)
    await eventually(lambda: not psutil.pid_exists(pid), "the work ends")
    assert (await put(rest, "good")).status == 200
    assert not [record for record in caplog.records if record.exc_info], caplog.text


async def test_one_person_waits_for_a_turn_and_others_do_not(
    rest: Rest, spinning: Path, asks: tuple[int, str, str], manager: RoomManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each who asks is one person here, as far as their name in the header says."""
    await rest("POST", "rooms", json={"id": "nb"})
    await rest("POST", "rooms", json={"id": "other"})
    ada = {"name": "ada"}
    monkeypatch.setattr(rest_module.RoomInfoHandler, "user", property(lambda self: user(ada["name"])))
    bomb = asyncio.create_task(put(rest, "bomb"))
    pid = await process_id(spinning)
    other = partial_put(rest)
    waiting = [asyncio.create_task(other("mine")) for _ in range(4)]
    await asyncio.sleep(0.3)
    assert (await other("one too many")).problem == (429, "too_much_work")
    assert not any(task.done() for task in waiting)
    ada["name"] = "ben"
    assert (await other("others do not wait")).status == 200
    psutil.Process(pid).kill()
    assert (await bomb).problem == (503, "work_failed")
    assert [answer.status for answer in await asyncio.gather(*waiting)] == [200] * 4


def partial_put(rest: Rest) -> Callable[[str], Coroutine[Any, Any, Answer]]:
    return lambda text: rest("PUT", "rooms/other/content", params={"format": "md"}, text=text)


async def announce(port: int, base_url: str, token: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Begin to send a large body."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(
        f"PUT {base_url}api/collab/rooms/nb/content HTTP/1.1\r\nHost: localhost\r\nAuthorization: token {token}\r\n"
        "Content-Type: application/json\r\nContent-Length: 1000000\r\n\r\n{".encode()
    )
    return reader, writer


async def test_one_person_sends_few_large_bodies_at_a_time(
    rest: Rest, asks: tuple[int, str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    await rest("POST", "rooms", json={"id": "nb"})
    monkeypatch.setattr(rest_module.RoomInfoHandler, "user", property(lambda _self: user("ada")))
    sending = [await announce(*asks) for _ in range(5)]
    await asyncio.sleep(0.3)
    refused, writer = await announce(*asks)
    assert (await asyncio.wait_for(refused.readline(), 20)).split()[1] == b"429"
    assert (await rest("PUT", "rooms/nb/content", json=notebook(["small"]))).status == 200
    for _, open_writer in [*sending, (refused, writer)]:
        open_writer.close()
    large = notebook(["x" * 2 * LIGHT_BYTES])

    async def is_taken() -> bool:
        return (await rest("PUT", "rooms/nb/content", json=large)).status == 200

    await eventually(is_taken, "there is a place again")
    for _ in range(6):  # each gives its place back
        assert await is_taken()


async def test_what_others_do_meanwhile_stays(
    rest: Rest, manager: RoomManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A long edit is made to a copy; what is typed meanwhile is merged."""
    await rest("POST", "rooms", json={"id": "nb", "content": notebook(["one\n", "two\n"])})
    work = WorkingHandler.work

    async def slow(self: Any, job: Any, *arguments: Any, **sizes: Any) -> Any:
        edited = await work(self, job, *arguments, **sizes)
        await manager.edit("nb", lambda document: document.append_text("c1", "typed meanwhile"), user("ben"))
        return edited

    monkeypatch.setattr(WorkingHandler, "work", slow)
    answer = await rest("PUT", "rooms/nb/content", json=notebook(["one\nmore", "two\n"]))
    assert answer.status == 200
    assert await sources(manager) == ["one\nmore", "two\ntyped meanwhile"]


async def test_a_version_that_others_made_old_meanwhile_is_no_longer_the_one(
    rest: Rest, manager: RoomManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    await rest("POST", "rooms", json={"id": "nb", "content": notebook(["one"])})
    etag = (await rest("GET", "rooms/nb/content")).headers["ETag"]
    work = WorkingHandler.work
    edits = iter(["typed meanwhile"])

    async def slow(self: Any, job: Any, *arguments: Any, **sizes: Any) -> Any:
        edited = await work(self, job, *arguments, **sizes)
        for text in edits:
            await manager.edit("nb", lambda document: document.append_text("c0", text), user("ben"))  # noqa: B023
        return edited

    monkeypatch.setattr(WorkingHandler, "work", slow)
    answer = await rest("PUT", "rooms/nb/content", json=notebook(["mine"]), headers={"If-Match": etag})
    assert answer.problem == (412, "content_changed")
    assert await sources(manager) == ["onetyped meanwhile"]


async def test_who_may_not_edit_any_more_when_the_work_is_done_changes_nothing(
    rest: Rest, manager: RoomManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    await rest("POST", "rooms", json={"id": "nb", "content": notebook(["one"])})
    work = WorkingHandler.work

    async def slow(self: Any, job: Any, *arguments: Any, **sizes: Any) -> Any:
        edited = await work(self, job, *arguments, **sizes)
        assert (await rest("PATCH", "rooms/nb", json={"server_role": "viewer"})).status == 200
        return edited

    monkeypatch.setattr(WorkingHandler, "work", slow)
    assert (await put(rest, "mine")).problem == (403, "permission_denied")
    assert await sources(manager) == ["one"]


async def test_the_same_content_by_several_at_once_is_there_once(rest: Rest, manager: RoomManager) -> None:
    await rest("POST", "rooms", json={"id": "nb"})
    text = "# %%\nfirst\n\n# %%\nsecond\n"
    answers = await asyncio.gather(
        *(rest("PUT", "rooms/nb/content", params={"format": "py"}, text=text) for _ in range(4))
    )
    assert [answer.status for answer in answers] == [200] * 4
    assert await sources(manager) == ["first", "second"]


def worst() -> Iterator[str]:
    """Notebooks that are small, and much work."""
    for cell in ('{"cell_type":"raw"}', '{"cell_type":"code","outputs":[{"output_type":"error"}]}'):
        yield '{"nbformat":4,"cells":[' + ",".join([cell] * (LIGHT_BYTES // 2 // (len(cell) + 1))) + "]}"
    yield '{"nbformat":4,"metadata":{"a":[' + ",".join(["[]"] * (LIGHT_BYTES // 8)) + ']},"cells":[]}'


@pytest.mark.parametrize("body", [*worst()], ids=["cells", "outputs", "values"])
def test_what_is_done_in_the_event_loop_is_done_soon(body: str) -> None:
    old = notebook([str(number) for number in range(LIGHT_BYTES // 8 // 60)])
    state = RoomDocument.create("0" * 32, old).doc.get_update()
    took = []
    for _ in range(3):
        before = time.process_time()
        conversions.replace_content(body.encode(), ContentFormat.IPYNB, [state], frozenset({"other"}))
        conversions.replace_content(body.encode(), ContentFormat.IPYNB, [state], None)
        took.append(time.process_time() - before)
    print(f"{min(took) * 1000:.0f} ms")
    assert min(took) < MAX_PAUSE_SECONDS
    assert json.loads(body)


def test_no_copy_of_a_document_stays_in_memory() -> None:
    """A process does one job after the other."""
    old, new = (notebook([f"{name} = {number}" for number in range(200)], name) for name in "cd")
    state, body = RoomDocument.create("0" * 32, old).doc.get_update(), json.dumps(new).encode()
    resident = []
    for _ in range(2):
        for _ in range(40):
            conversions.replace_content(body, ContentFormat.IPYNB, [state], None)
        resident.append(psutil.Process().memory_info().rss)
    assert resident[1] - resident[0] < 10 * MIB
