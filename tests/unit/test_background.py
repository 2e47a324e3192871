"""Every task and timer has an owner, who hears of its failure and ends it."""

import ast
import asyncio
from pathlib import Path

import pytest

import jupyter_collab
from jupyter_collab.background import Background
from jupyter_collab.errors import StoreUnavailable

from .scenarios import scenario, settle, until


class Worker:
    """Counts how often it began and ended; works until it may end."""

    def __init__(self) -> None:
        self.begun = 0
        self.ended = 0
        self.may_end = asyncio.Event()

    async def work(self) -> None:
        self.begun += 1
        try:
            await self.may_end.wait()
        finally:
            self.ended += 1


async def fail() -> None:
    raise ValueError("A bug.")


async def panic() -> None:
    raise type("PanicException", (BaseException,), {})("in yrs")


@scenario
async def test_what_fails_is_said_in_the_log_and_told_to_the_owner() -> None:
    heard: list[Exception] = []
    background = Background("test", heard.append)
    await background.run("failing", fail)
    await background.run("panicking", panic)
    background.later(0, "ringing", lambda: 1 / 0)  # type: ignore[arg-type]  # what it returns is nothing to us
    await until(lambda: len(heard) == 3)
    assert [str(error) for error in heard] == ["A bug.", "yrs panicked: in yrs", "division by zero"]


@scenario
async def test_what_has_failed_can_begin_again() -> None:
    worker = Worker()

    def begin_again(_: Exception) -> None:
        background.run_once("it", worker.work)

    background = Background("test", begin_again)
    background.run_once("it", fail)
    await until(lambda: worker.begun == 1)
    await background.close()
    assert worker.ended == 1


@scenario
async def test_work_of_one_name_runs_once_at_a_time_and_again_as_soon_as_it_has_ended() -> None:
    background, worker = Background("test"), Worker()
    first = background.run_once("it", worker.work)
    assert background.run_once("it", worker.work) is first
    await settle()
    worker.may_end.set()
    await first
    background.run_once("it", worker.work)
    await background.wait()
    assert worker.begun == 2


@scenario
async def test_closing_ends_tasks_and_timers_but_not_who_closes() -> None:
    background, worker, rang = Background("test"), Worker(), list[str]()
    background.run("working", worker.work)
    background.later(0.01, "ringing", lambda: rang.append("rang"))
    await settle()
    await asyncio.wait_for(background.run("closing", background.close), timeout=5)
    await asyncio.sleep(0.05)
    assert (worker.ended, rang) == (1, [])


@scenario
async def test_work_that_fails_begins_again_by_itself_until_it_has_ended() -> None:
    heard: list[Exception] = []
    background, worker = Background("test", heard.append), Worker()

    async def fail_twice() -> None:
        if len(heard) < 2:
            await fail()
        await worker.work()

    task = background.run_once("it", fail_twice, again_seconds=0.01)
    await until(lambda: worker.begun == 1)
    assert background.run_once("it", fail_twice, again_seconds=0.01) is task
    assert background.is_busy
    worker.may_end.set()
    await background.wait()
    assert (len(heard), worker.ended, background.is_busy) == (2, 1, False)


@scenario
async def test_closing_ends_work_that_waits_to_begin_again() -> None:
    heard: list[Exception] = []
    background = Background("test", heard.append)
    background.run("it", fail, again_seconds=0.01)
    await until(lambda: heard)
    await background.close()
    times = len(heard)
    await asyncio.sleep(0.05)
    assert len(heard) == times


@scenario
async def test_what_fails_within_a_boundary_lets_the_rest_of_the_work_go_on() -> None:
    heard: list[Exception] = []
    background, worker = Background("test", heard.append), Worker()
    worker.may_end.set()

    async def work() -> None:
        with background.boundary("a part"):
            await panic()
        await worker.work()

    await background.run("it", work)
    assert (len(heard), worker.ended) == (1, 1)


@scenario
async def test_what_is_cancelled_within_a_boundary_ends() -> None:
    background, worker = Background("test"), Worker()

    async def work() -> None:
        with background.boundary("a part"):
            await worker.work()
        worker.begun = 99

    background.run("it", work)
    await settle()
    await background.close()
    assert (worker.begun, worker.ended) == (1, 1)


@scenario
async def test_an_error_that_says_what_went_wrong_is_logged_in_one_line(caplog: pytest.LogCaptureFixture) -> None:
    async def fail_as_stores_do() -> None:
        raise StoreUnavailable("The disk is gone.")

    await Background("room demo").run("writing", fail_as_stores_do)
    (record,) = caplog.records
    assert record.getMessage() == "room demo: writing failed: The disk is gone."
    assert (record.levelname, record.exc_info) == ("WARNING", None)


AWAITED = {
    "background.py": "the owners themselves",
    "rooms/manager.py": "all who open a room wait for one task",
    "server/kernel_host.py": "a start that is given up is waited for, to be undone",
    "server/transport.py": "who drains a connection waits for what is being sent",
    "server/working.py": "a request waits for its work, which ends when the client hangs up",
}
"""Where tasks are begun whose results somebody awaits, and why."""

BEGINNING = {"create_task", "ensure_future", "call_later", "call_at"}


def test_whatever_nobody_waits_for_has_an_owner() -> None:
    package = Path(jupyter_collab.__file__).parent
    begun = set()
    for path in package.rglob("*.py"):
        name = path.relative_to(package).as_posix()
        if not name.startswith("client/"):
            nodes = ast.walk(ast.parse(path.read_text()))
            if any(isinstance(node, ast.Attribute) and node.attr in BEGINNING for node in nodes):
                begun.add(name)
    assert begun == set(AWAITED)
