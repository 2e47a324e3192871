"""Work in processes: bounded, canceled with who asked for it, and nobody's fault is another's."""

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import psutil
import pytest

from jupyter_collab.errors import ContentError, TooMuchWork, WorkError, WorkTooLarge, WorkTooLong
from jupyter_collab.workers import Turns, Workers, WorkLimits
from jupyter_collab.workers import workers as workers_module
from jupyter_collab.workers.pool import Pool, PoolLimits

from ..peers import eventually
from ..servers import REPOSITORY
from . import jobs
from .scenarios import scenario

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="only there a process can be told how much memory it has")


@asynccontextmanager
async def workers(**limits: float) -> AsyncIterator[Pool]:
    pool = Pool(PoolLimits(**limits))  # type: ignore[arg-type]  # whole numbers are floats, too
    try:
        yield pool
    finally:
        await pool.close()


async def gone(pid: int) -> None:
    await eventually(lambda: not psutil.pid_exists(pid), f"{pid} ends")


async def written(path: Path) -> int:
    """The process id that a job writes into a file."""
    return int(await eventually(lambda: path.exists() and path.read_text(), "the job runs"))


@scenario
async def test_work_is_done_in_one_process_after_the_other_job() -> None:
    async with workers() as pool:
        first = await pool.run(jobs.process_id)
        assert first != os.getpid()
        assert await pool.run(jobs.say, "printed") == "printed"
        assert await pool.run(jobs.length, bytes(10**7)) == 10**7
        assert await pool.run(jobs.process_id) == first
    assert not psutil.pid_exists(first)


@pytest.mark.skipif(not hasattr(os, "nice"), reason="processes have no niceness there")
@scenario
async def test_a_process_leaves_the_processor_to_the_server() -> None:
    async with workers() as pool:
        assert await pool.run(jobs.niceness) > os.nice(0)


@scenario
async def test_no_more_processes_than_allowed() -> None:
    async with workers(processes=2) as pool:
        pids = await asyncio.gather(*(pool.run(jobs.process_id) for _ in range(8)))
        assert 1 <= len(set(pids)) <= 2


@scenario
async def test_what_the_work_refuses_is_said_and_the_process_stays() -> None:
    async with workers() as pool:
        pid = await pool.run(jobs.process_id)
        with pytest.raises(ContentError, match=r"No\."):
            await pool.run(jobs.refuse)
        assert await pool.run(jobs.process_id) == pid


@pytest.mark.parametrize("spin", [jobs.spin, jobs.regular_expression])
@scenario
async def test_what_takes_too_long_is_ended(spin: Callable[[str], object], tmp_path: Path) -> None:
    async with workers(seconds=1.0) as pool:
        before = time.monotonic()
        with pytest.raises(WorkTooLong, match="1 seconds"):
            await pool.run(spin, str(tmp_path / "pid"))
        assert time.monotonic() - before < 10
        assert await pool.run(jobs.length, b"abc") == 3


@LINUX
@scenario
async def test_what_takes_too_much_memory_is_refused() -> None:
    async with workers(memory_bytes=200 * 2**20) as pool:
        pid = await pool.run(jobs.process_id)
        assert await pool.run(jobs.allocate, 50 * 2**20)
        with pytest.raises(WorkTooLarge, match="200 MiB"):
            await pool.run(jobs.allocate, 400 * 2**20)
        await gone(pid)
        assert await pool.run(jobs.length, b"abc") == 3


@LINUX
@scenario
async def test_a_process_that_keeps_memory_is_replaced() -> None:
    async with workers(memory_bytes=200 * 2**20) as pool:
        pid = await pool.run(jobs.keep, 20 * 2**20)
        assert await pool.run(jobs.keep, 50 * 2**20) == pid
        assert await pool.run(jobs.process_id) != pid


@scenario
async def test_a_process_that_somebody_ends_meanwhile_is_replaced() -> None:
    async with workers() as pool:
        pid = await pool.run(jobs.process_id)
        psutil.Process(pid).kill()
        # a process that is a zombie for others may still have threads that end
        await eventually(lambda: os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None, "it ends")
        assert await pool.run(jobs.process_id) != pid
        await gone(pid)


@pytest.mark.parametrize("fault", [jobs.die, jobs.fail])
@scenario
async def test_a_process_that_fails_is_replaced(fault: Callable[[], None]) -> None:
    async with workers() as pool:
        with pytest.raises(WorkError) as caught:
            await pool.run(fault)
        assert (caught.value.status, caught.value.reason) == (503, "work_failed")
        assert await pool.run(jobs.length, b"abc") == 3


@scenario
async def test_work_ends_with_the_task_that_waits_for_it(tmp_path: Path) -> None:
    async with workers(processes=1) as pool:
        task = asyncio.create_task(pool.run(jobs.spin, str(tmp_path / "pid")))
        pid = await written(tmp_path / "pid")
        waiting = asyncio.create_task(pool.run(jobs.length, b"abc"))
        task.cancel()
        await gone(pid)
        assert await waiting == 3
        with pytest.raises(asyncio.CancelledError):
            await task


@scenario
async def test_a_task_that_is_canceled_while_its_process_starts_leaves_none() -> None:
    async with workers() as pool:
        for delay in (0, 0.001, 0.01, 0.1):
            task = asyncio.create_task(pool.run(jobs.nap, 60))
            await asyncio.sleep(delay)
            task.cancel()
            await asyncio.wait([task])
        assert await pool.run(jobs.length, b"abc") == 3
    assert [child for child in psutil.Process().children() if "worker" in " ".join(child.cmdline())] == []


@scenario
async def test_a_process_ends_when_nobody_needs_it() -> None:
    async with workers(idle_seconds=0.2) as pool:
        await gone(await pool.run(jobs.process_id))
        assert await pool.run(jobs.length, b"abc") == 3


@scenario
async def test_a_closed_pool_ends_what_runs(tmp_path: Path) -> None:
    async with workers() as pool:
        task = asyncio.create_task(pool.run(jobs.spin, str(tmp_path / "pid")))
        pid = await written(tmp_path / "pid")
    with pytest.raises(WorkError, match="stopping"):
        await task
    assert not psutil.pid_exists(pid)
    with pytest.raises(WorkError, match="stopping"):
        await pool.run(jobs.process_id)


SERVER = """
import asyncio, sys
from jupyter_collab.workers.pool import Pool, PoolLimits
from tests.unit import jobs
async def main():
    pool = Pool(PoolLimits(seconds=float(sys.argv[2])))
    await pool.run(getattr(jobs, sys.argv[1]), sys.argv[3])
asyncio.run(main())
"""


@pytest.mark.skipif(sys.platform == "win32", reason="it has no kill -9")
@pytest.mark.parametrize(("job", "seconds"), [("spin", "60"), ("regular_expression", "1")])
@scenario
async def test_no_process_outlives_a_server_that_is_killed(job: str, seconds: str, tmp_path: Path) -> None:
    command = [sys.executable, "-c", SERVER, job, seconds, str(tmp_path / "pid")]
    server = await asyncio.create_subprocess_exec(*command, cwd=REPOSITORY)
    pid = await written(tmp_path / "pid")
    server.kill()
    await server.wait()
    await gone(pid)


@asynccontextmanager
async def held(*, large: int, tmp_path: Path) -> AsyncIterator[Workers]:
    """Workers of which two large jobs hold all that large ones may have."""
    everything = Workers(WorkLimits(processes=large))
    spinning = [tmp_path / str(number) for number in range(large)]
    tasks = [asyncio.create_task(everything.run(jobs.spin, str(path), content_bytes=2**21)) for path in spinning]
    try:
        for path in spinning:
            await written(path)
        yield everything
        assert not any(task.done() for task in tasks)
    finally:
        await everything.close()
        assert all(isinstance(error, WorkError) for error in await asyncio.gather(*tasks, return_exceptions=True))


@scenario
async def test_large_jobs_hold_up_no_small_one(tmp_path: Path) -> None:
    async with held(large=2, tmp_path=tmp_path) as everything:
        waiting = asyncio.create_task(everything.run(jobs.process_id, content_bytes=2**20 + 1))
        pids = [await everything.run(jobs.process_id, content_bytes=size) for size in (0, 2**20)]
        assert len(set(pids)) == 1
        assert not waiting.done()
        assert (everything.busy, everything.waiting) == (2, 1)
    with pytest.raises(WorkError, match="stopping"):
        await waiting


@scenario
async def test_small_jobs_that_take_long_go_where_large_ones_are_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A small file may be made so that reading it takes for ever."""
    monkeypatch.setattr(workers_module, "SMALL_SECONDS", 3.0)
    everything = Workers(WorkLimits(processes=1))
    started = tmp_path / "pid"
    long = asyncio.create_task(everything.run(jobs.spin, str(started), content_bytes=10))
    await written(started)
    assert await everything.run(jobs.length, b"abc", content_bytes=3) == 3
    assert not long.done()
    await everything.close()
    with pytest.raises(WorkError, match="stopping"):
        await long


@LINUX
@scenario
async def test_small_jobs_that_take_much_memory_have_what_large_ones_may_have(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(workers_module, "SMALL_MEMORY_BYTES", 50 * 2**20)
    everything = Workers(WorkLimits(memory_bytes=200 * 2**20))
    try:
        assert await everything.run(jobs.allocate, 100 * 2**20, content_bytes=10)
        with pytest.raises(WorkTooLarge, match="200 MiB"):
            await everything.run(jobs.allocate, 400 * 2**20, content_bytes=10)
    finally:
        await everything.close()


@scenario
async def test_a_person_has_one_turn_at_a_time_and_may_not_wait_in_too_many_places() -> None:
    turns = Turns(max_waiting=2)
    await turns.take("ada")
    waiting = [asyncio.create_task(turns.take("ada")) for _ in range(2)]
    await asyncio.sleep(0)
    with pytest.raises(TooMuchWork) as caught:
        await turns.take("ada")
    assert caught.value.status == 429
    await asyncio.wait_for(turns.take("ben"), 1)
    turns.give_back("ben")
    assert not any(task.done() for task in waiting)
    waiting[0].cancel()
    await asyncio.wait([waiting[0]])
    turns.give_back("ada")
    await asyncio.wait_for(waiting[1], 1)
    turns.give_back("ada")
    await asyncio.wait_for(turns.take("ada"), 1)
