"""Every task and timer has an owner, who hears of its failure and ends it."""

import asyncio

from jupyter_collab.background import Background

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
