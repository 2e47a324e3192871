"""What runs in a room: in order, one at a time, and never without somebody being told how it ended."""

import asyncio
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from jupyter_collab.access import Capability, UserKind
from jupyter_collab.document import RoomDocument, source_hash
from jupyter_collab.errors import (
    CellNotFound,
    InputNotWanted,
    KernelBusy,
    NoKernel,
    RunNotFound,
    SourceChanged,
    StoreUnavailable,
    TooManyRuns,
)
from jupyter_collab.kernels import kernel_slot, output_writer
from jupyter_collab.kernels.limits import KernelLimits, OutputLimits
from jupyter_collab.store.database import Database

from .doubles import FaultyStore, ScriptedPeer, faulty_store, user
from .kernels import Cells, ScriptedHost, ScriptedKernel, eventually, running
from .scenarios import scenario, settle, until


@pytest.fixture
def store(tmp_path: Path) -> FaultyStore:
    """The store of one server."""
    return faulty_store(tmp_path)


@scenario
async def test_cells_run_in_order_and_say_who_ran_them(store: FaultyStore) -> None:
    async with running(store) as cells:
        await cells.put("print a", "print b")
        assert await cells.run() == [1, 2]
        await cells.until_done()
        assert cells.host.kernel.sources == ["print a", "print b"]
        assert [await cells.text(cell) for cell in ("c0", "c1")] == ["a\n", "b\n"]
        info = await cells.info("c0")
        assert {**info, "at": "", "seconds": 0} == {
            "by": "Ada", "username": "ada", "kind": "server", "at": "", "seconds": 0, "status": "ok",
            "hash": source_hash("print a"),
        }  # fmt: skip
        await until(lambda: cells.host.kernel.status == "idle")
        assert await cells.history() == [("c0", "ok"), ("c1", "ok")]


@scenario
async def test_the_room_hears_of_it_and_so_does_who_joins_later(store: FaultyStore) -> None:
    async with running(store) as cells:
        ada = await ScriptedPeer("ada").join(cells.manager)
        await cells.put("wait")
        await cells.run()
        await cells.until_waits()
        await until(lambda: ada.events and (ada.events[-1].info["kernel"] or {}).get("id"))
        late = await ScriptedPeer("late").join(cells.manager)
        event = late.events[0]
        by = {"username": "ada", "display_name": "Ada", "kind": "server"}
        assert event.info["type"] == "kernel"
        assert event.info["queue"] == [{"run": 1, "cell": "c0", "by": by, "state": "running"}]
        cells.host.kernel.go_on()
        await until(lambda: late.events[-1].info["queue"] == [])
        assert late.events[-1].info["kernel"] == {
            "id": "k1", "name": "python3", "display_name": "Python 3", "language": "python", "status": "idle",
        }  # fmt: skip


@scenario
async def test_an_error_stops_what_was_asked_for_together_and_nothing_else(store: FaultyStore) -> None:
    async with running(store) as cells:
        await cells.put("wait\nfail", "print never", "print still")
        await cells.run("c0", "c1")
        kernel = await cells.until_waits()
        await cells.run("c2", by="bob")
        kernel.go_on()
        state = await cells.until_done()
        assert await cells.history() == [("c0", "error"), ("c1", "aborted"), ("c2", "ok")]
        assert "ValueError" in state["message"]
        assert "Ada" in state["message"]
        assert (await cells.text("c1"), await cells.text("c2")) == ("", "still\n")


@scenario
async def test_what_waits_is_canceled_and_what_runs_is_interrupted(store: FaultyStore) -> None:
    async with running(store) as cells:
        await cells.put("wait", "print b", "print c", "print d")
        runs = await cells.run()
        await cells.until_waits()
        async with cells.kernel() as room_kernel:
            await room_kernel.runs.cancel(runs[2])
        assert [entry["cell"] for entry in (await cells.state())["queue"]] == ["c0", "c1", "c3"]
        with pytest.raises(RunNotFound):
            async with cells.kernel() as room_kernel:
                await room_kernel.runs.cancel(runs[2])
        async with cells.kernel() as room_kernel:
            await room_kernel.runs.cancel()
        assert [entry["cell"] for entry in (await cells.state())["queue"]] == ["c0"]
        async with cells.kernel() as room_kernel:
            await room_kernel.runs.cancel(runs[0])
        await cells.until_done()
        assert await cells.text("c0") == "KeyboardInterrupt\n"
        assert await cells.history() == [("c0", "error"), ("c1", "aborted"), ("c2", "aborted"), ("c3", "aborted")]


@scenario
async def test_input_is_answered_by_whoever_is_first(store: FaultyStore) -> None:
    async with running(store) as cells:
        await cells.put("ask Name? ")
        (run,) = await cells.run()
        state = await cells.until(lambda state: state["input"])
        assert state["input"] == {"run": run, "cell": "c0", "prompt": "Name? ", "password": False}
        async with cells.kernel() as room_kernel:
            room_kernel.runs.answer_input(run, "Bob")
        with pytest.raises(InputNotWanted):
            async with cells.kernel() as room_kernel:
                room_kernel.runs.answer_input(run, "Eve")
        assert (await cells.until_done())["input"] is None
        assert cells.host.kernel.answers == ["Bob"]


@scenario
async def test_a_restart_ends_what_runs_and_what_waits(store: FaultyStore) -> None:
    async with running(store) as cells:
        await cells.put("wait", "print b")
        await cells.run()
        await cells.until_waits()
        async with cells.kernel() as room_kernel:
            await room_kernel.restart()
        state = await cells.until_done()
        assert (state["message"], state["kernel"]["status"]) == (None, "idle")
        assert (await cells.info("c0"))["status"] == "aborted"
        assert await cells.history() == [("c0", "aborted"), ("c1", "aborted")]
        await cells.run("c1")
        await cells.until_done()
        assert (await cells.text("c1"), len(cells.host.started)) == ("b\n", 1)


@scenario
@pytest.mark.parametrize("restarts", [True, False])
async def test_a_kernel_that_dies_is_said_and_nothing_hangs(tmp_path: Path, restarts: bool) -> None:
    async with running(faulty_store(tmp_path)) as cells:
        await cells.put("print a\nwait", "print b")
        await cells.run()
        kernel = await cells.until_waits()
        kernel.die(restarts=restarts)
        state = await cells.until_done()
        assert ("died" if restarts else "ended") in state["message"]
        assert (state["kernel"] is not None) == restarts
        assert await cells.history() == [("c0", "aborted"), ("c1", "aborted")]
        assert (await cells.text("c0"), (await cells.info("c0"))["status"]) == ("a\n", "aborted")
        await cells.run("c1")
        assert (await cells.until_done())["message"] is None
        assert await cells.text("c1") == "b\n"
        assert len(cells.host.started) == (1 if restarts else 2)
        await until(lambda: kernel.is_shut_down == (not restarts))


@scenario
async def test_a_run_waits_for_a_dead_kernel_that_is_being_started_anew(store: FaultyStore) -> None:
    async with running(store) as cells:
        kernel = await restarting(cells, "print b")
        kernel.set_status("idle")
        await cells.until_done()
        assert (await cells.text("c0"), len(cells.host.started)) == ("b\n", 1)
        assert (await cells.history())[-1] == ("c0", "ok")


@scenario
async def test_a_run_that_waited_for_a_kernel_in_vain_is_said_to_be_off(store: FaultyStore) -> None:
    async with running(store) as cells:
        kernel = await restarting(cells, "print b")
        kernel.set_status("dead")
        state = await cells.until_done()
        assert (state["kernel"], state["message"]) == (None, kernel_slot.ENDED)
        assert (await cells.history())[-1] == ("c0", "aborted")
        await cells.run()
        await cells.until_done()
        assert (await cells.text("c0"), len(cells.host.started)) == ("b\n", 2)


@scenario
async def test_a_run_that_waits_for_a_kernel_can_be_canceled(store: FaultyStore) -> None:
    async with running(store) as cells:
        kernel = await restarting(cells, "print b")
        [run] = (await cells.state())["queue"]
        async with cells.kernel() as room_kernel:
            await room_kernel.runs.cancel(run["run"])
        assert (await cells.state())["queue"] == []
        kernel.set_status("idle")
        assert (await cells.history())[-1] == ("c0", "aborted")


async def restarting(cells: Cells, source: str) -> ScriptedKernel:
    """A kernel that died and is being started anew, for which a run of ``source`` waits."""
    await cells.put("print a")
    await cells.run()
    await cells.until_done()
    kernel = cells.host.kernel
    kernel.set_status("restarting")
    assert (await cells.state())["message"] == kernel_slot.DIED
    await cells.put(source)
    await cells.run()
    await settle()
    assert [entry["state"] for entry in (await cells.state())["queue"]] == ["running"]
    assert kernel.sources == ["print a"]
    return kernel


@scenario
async def test_a_kernel_that_does_not_restart_is_gone(store: FaultyStore) -> None:
    async with running(store) as cells:
        await cells.put("print a")
        await cells.run()
        await cells.until_done()
        cells.host.kernel.fails_to_restart = True
        with pytest.raises(Exception, match="did not restart"):
            async with cells.kernel() as room_kernel:
                await room_kernel.restart()
        assert (await cells.state())["kernel"] is None


@scenario
async def test_a_kernel_that_cannot_be_started_is_said_and_the_queue_is_empty(store: FaultyStore) -> None:
    host = ScriptedHost()
    host.error = RuntimeError("no memory")
    async with running(store, host) as cells:
        await cells.put("print a", "print b")
        await cells.run()
        state = await cells.until_done()
        assert state["kernel"] is None
        assert "no memory" in state["message"]
        assert await cells.history() == [("c0", "aborted"), ("c1", "aborted")]
        host.error = None
        await cells.run()
        await cells.until_done()
        assert await cells.text("c1") == "b\n"


@scenario
async def test_a_start_can_be_given_up(store: FaultyStore) -> None:
    host = ScriptedHost()
    host.may_start.clear()
    async with running(store, host) as cells:
        await cells.put("print a")
        await cells.run()
        await cells.until(lambda state: state["kernel"] and state["kernel"]["status"] == "starting")
        with pytest.raises(NoKernel):
            async with cells.kernel() as room_kernel:
                await room_kernel.interrupt()
        async with cells.kernel() as room_kernel:
            await room_kernel.end()
        state = await cells.until_done()
        assert state["kernel"] is None
        assert await cells.history() == [("c0", "aborted")]


@scenario
async def test_a_run_can_be_canceled_before_the_kernel_has_started(store: FaultyStore) -> None:
    host = ScriptedHost()
    host.may_start.clear()
    async with running(store, host) as cells:
        await cells.put("print a", "print b", "print c")
        first, _ = await cells.run("c0", "c1")
        await cells.run("c2")
        await cells.until(lambda state: state["kernel"])
        async with cells.kernel() as room_kernel:
            await room_kernel.runs.cancel(first)
        host.may_start.set()
        await cells.until_done()
        assert await cells.history() == [("c0", "aborted"), ("c1", "aborted"), ("c2", "ok")]


@scenario
async def test_the_notebook_says_which_kernel_and_one_that_is_not_there_is_said(store: FaultyStore) -> None:
    async with running(store) as cells:
        await cells.put("print a")
        async with cells.kernel() as room_kernel:
            await room_kernel.choose("ir", user("ada"))
        await cells.run()
        await cells.until_done()
        assert cells.host.kernel.name == "ir"
        metadata = (await cells.manager.read("demo")).metadata
        assert metadata["kernelspec"] == {"name": "ir", "display_name": "R", "language": "R"}
        assert metadata["language_info"] == {"name": "R"}
        async with cells.kernel() as room_kernel:
            await room_kernel.choose("python3", user("ada"))
        assert (cells.host.kernel.is_shut_down, (await cells.state())["kernel"]) == (True, None)
        missing = {**metadata, "kernelspec": {"name": "gone", "display_name": "Gone"}}
        await cells.manager.edit("demo", lambda document: document.set_metadata(missing), user("ada"))
        await cells.run()
        assert "ir, python3" in (await cells.until_done())["message"]


@scenario
async def test_a_cell_that_is_deleted_meanwhile_stops_nobody(store: FaultyStore) -> None:
    async with running(store) as cells:
        await cells.put("wait\nprint a", "print b", "print c")
        await cells.run()
        kernel = await cells.until_waits()
        for cell_id in ("c0", "c1"):
            await cells.manager.edit("demo", lambda document, gone=cell_id: document.delete_cell(gone), user("bob"))  # type: ignore[misc]  # mypy does not infer the default
        kernel.go_on()
        await cells.until_done()
        assert await cells.text("c2") == "c\n"
        assert await cells.history() == [("c0", "ok"), ("c1", "aborted"), ("c2", "ok")]
        with pytest.raises(CellNotFound, match="c0"):
            await cells.run("c0")


@scenario
async def test_a_cell_that_may_fail_stops_nothing(store: FaultyStore) -> None:
    def tag(document: RoomDocument) -> None:
        notebook = document.to_notebook()
        notebook["cells"][0]["metadata"]["tags"] = ["raises-exception"]
        document.set_notebook(notebook)

    async with running(store) as cells:
        await cells.put("fail", "print on")
        await cells.manager.edit("demo", tag, user("bob"))
        await cells.run()
        await cells.until_done()
        assert await cells.history() == [("c0", "error"), ("c1", "ok")]


@scenario
async def test_a_blank_cell_is_not_sent_to_the_kernel(store: FaultyStore) -> None:
    async with running(store) as cells:
        await cells.put(" \n", "print a")
        await cells.run()
        await cells.until_done()
        assert cells.host.kernel.sources == ["print a"]
        assert await cells.history() == [("c0", "ok"), ("c1", "ok")]


@scenario
async def test_text_is_not_run(store: FaultyStore) -> None:
    async with running(store) as cells:
        await cells.put("print a")
        await cells.manager.edit("demo", lambda document: document.set_cell_type("c0", "markdown"), user("bob"))
        assert await cells.run("c0") == await cells.run() == []
        assert cells.host.started == []


@scenario
async def test_a_room_in_the_bin_has_no_kernel(store: FaultyStore) -> None:
    async with running(store) as cells:
        await cells.put("wait", "print b")
        await cells.run()
        kernel = await cells.until_waits()
        await cells.manager.delete_room("demo")
        await until(lambda: kernel.is_shut_down)
        await cells.manager.restore_room("demo")
        assert (await cells.state())["queue"] == []
        await cells.run("c1")
        await cells.until_done()
        assert (await cells.text("c1"), len(cells.host.started)) == ("b\n", 2)


@scenario
async def test_while_the_store_fails_cells_run_on_and_their_outputs_come_when_it_is_back(store: FaultyStore) -> None:
    async with running(store) as cells:
        ada = await ScriptedPeer("ada").join(cells.manager)
        await cells.put("print a\nwait\nprint b", "print c")
        await cells.run()
        kernel = await cells.until_waits()
        store.fails_to_write = True
        kernel.go_on()
        state = await cells.until_done()
        assert kernel.sources[-1] == "print c"
        assert "could not be written" in state["message"]
        store.fails_to_write = False
        await until(lambda: "saved" in ada.event_types())
        await eventually(lambda: cells.text("c1"), lambda text: text == "c\n")
        assert await cells.text("c0") == "a\nb\n"
        assert (await cells.info("c0"))["status"] == (await cells.info("c1"))["status"] == "ok"
        await cells.until(lambda state: state["message"] is None)


@scenario
async def test_what_outruns_its_readers_is_written_seldom_and_its_end_at_once(
    store: FaultyStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"SHARE": 0.0, "TORRENT_REST_SECONDS": 10_000.0, "MAX_REST_SECONDS": 10_000.0}.items():
        monkeypatch.setattr(output_writer, name, value)
    limits = KernelLimits(OutputLimits(stream_bytes=1_000), write_seconds=0.0)
    async with running(store, limits=limits) as cells:
        await cells.put(f"print {'a' * 3_000}\nwait\nprint END\nwait")
        await cells.run()
        kernel = await cells.until_waits()
        await eventually(lambda: cells.text("c0"), lambda text: "a" in text)
        kernel.go_on()
        await cells.until_waits()
        for n in range(3):  # what was written meanwhile would be there afterwards
            await cells.manager.edit("demo", partial(RoomDocument.set_metadata, metadata={"n": n}), user("bob"))
        assert "END" not in await cells.text("c0")
        kernel.go_on()
        await cells.until_done()
        assert (await cells.text("c0")).endswith("END\n")


@scenario
async def test_a_display_is_updated_in_the_cell_that_shows_it(store: FaultyStore) -> None:
    async with running(store) as cells:
        await cells.put("show one 10%", "update one 100%", "update two no")
        await cells.run()
        await cells.until_done()
        assert [await cells.text(cell) for cell in ("c0", "c1", "c2")] == ["100%", "", ""]


@scenario
async def test_completion_asks_the_kernel_unless_it_is_busy(store: FaultyStore) -> None:
    async with running(store) as cells:
        await cells.put("wait")
        with pytest.raises(NoKernel):
            async with cells.kernel() as room_kernel:
                await room_kernel.complete("pri", 3, names_only=False)
        await cells.run()
        kernel = await cells.until_waits()
        with pytest.raises(KernelBusy):
            async with cells.kernel() as room_kernel:
                await room_kernel.inspect("pri", 3, 0)
        kernel.go_on()
        await cells.until_done()
        async with cells.kernel() as room_kernel:
            assert (await room_kernel.complete("pri", 3, names_only=False))["matches"] == ["pri"]
            assert (await room_kernel.inspect("pri", 3, 1))["found"]


@scenario
async def test_the_queue_has_a_bound(store: FaultyStore) -> None:
    async with running(store, limits=KernelLimits(queued_runs=2)) as cells:
        await cells.put("wait", "print b", "print c")
        with pytest.raises(TooManyRuns):
            await cells.run()
        await cells.run("c0", "c1")
        await cells.until_waits()
        await cells.run("c2")
        with pytest.raises(TooManyRuns):
            await cells.run("c2")
        cells.host.kernel.go_on()
        await cells.until_done()
        assert await cells.text("c2") == "c\n"


@scenario
async def test_two_who_run_all_at_once_do_not_have_more_wait_than_may(store: FaultyStore) -> None:
    async with running(store, limits=KernelLimits(queued_runs=3)) as cells:
        await cells.put("wait", "print b")
        answers = await asyncio.gather(cells.run(), cells.run(by="bob"), return_exceptions=True)
        assert [type(answer) for answer in answers] == [list, TooManyRuns]
        kernel = await cells.until_waits()
        await cells.run("c1", "c1")  # the space that was kept meanwhile is free again
        kernel.go_on()
        await cells.until_done()
        assert await cells.history() == [("c0", "ok"), *[("c1", "ok")] * 3]


@scenario
async def test_cells_that_are_run_together_are_noted_in_one_job_of_the_store(
    store: FaultyStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs: list[Any] = []
    write = Database.write

    async def counted(self: Database, work: Any, room_id: str | None) -> Any:
        jobs.append(work)
        return await write(self, work, room_id)

    async with running(store) as cells:
        await cells.put(*["wait"] * 200)
        await cells.state()
        with monkeypatch.context() as patch:
            patch.setattr(Database, "write", counted)
            cells.host.may_start.clear()
            assert await cells.run() == list(range(1, 201))
            assert len(jobs) == 1
        async with cells.kernel() as room_kernel:
            await room_kernel.end()
        cells.host.may_start.set()


@scenario
async def test_a_run_whose_turn_comes_is_not_run_if_who_asked_for_it_may_not_run_any_more(store: FaultyStore) -> None:
    async with running(store) as cells:
        await cells.put("wait", "print b", "print c", "print d")
        await cells.run("c0")
        kernel = await cells.until_waits()
        await cells.run("c1", "c3", by="bob")
        await cells.run("c2")
        cells.may["bob"].discard(Capability.RUN)
        kernel.go_on()
        state = await cells.until_done()
        assert kernel.sources == ["wait", "print c"]
        assert await cells.history() == [("c0", "ok"), ("c1", "aborted"), ("c3", "aborted"), ("c2", "ok")]
        assert state["message"] == "Bob may not run cells here any more. What waited of theirs was not run."


@scenario
async def test_what_waits_of_a_person_is_canceled_as_soon_as_they_may_not_run_any_more(store: FaultyStore) -> None:
    async with running(store) as cells:
        await cells.put("wait", "print b", "print c")
        await cells.run("c0", "c2")
        kernel = await cells.until_waits()
        await cells.run("c1", by="bob")
        cells.may["bob"].discard(Capability.RUN)
        async with cells.manager.using("demo") as room:
            cells.kernels.access_changed(room)
        state = await cells.until(lambda state: len(state["queue"]) == 2)
        assert [(run["cell"], run["state"]) for run in state["queue"]] == [("c0", "running"), ("c2", "queued")]
        assert "Bob may not run" in state["message"]
        kernel.go_on()
        await cells.until_done()
        assert kernel.sources == ["wait", "print c"]


@scenario
async def test_what_the_kernel_has_of_somebody_is_told_until_it_is_restarted(store: FaultyStore) -> None:
    async with running(store) as cells:
        await cells.put("wait", "print b", "")

        def has_of(principal: str) -> str:
            return cells.kernels.has_of("demo", principal.__eq__)

        assert has_of("server:bob") == "nothing"
        await cells.run("c0", by="bob")
        kernel = await cells.until_waits()
        assert (has_of("server:bob"), has_of("server:ada")) == ("running", "nothing")
        kernel.go_on()
        await cells.until_done()
        await cells.run("c2", by="cy")
        await cells.until_done()
        assert (has_of("server:bob"), has_of("server:cy")) == ("ran", "nothing")
        async with cells.kernel() as room_kernel:
            await room_kernel.restart()
        assert has_of("server:bob") == "nothing"
        assert cells.kernels.has_of("elsewhere", "server:bob".__eq__) == "nothing"


@scenario
async def test_runs_go_on_while_nobody_knows_who_may_run(store: FaultyStore) -> None:
    async with running(store) as cells:
        await cells.put("print a")
        cells.asking_fails = StoreUnavailable("The disk is full.")
        await cells.run()
        await cells.until_done()
        assert await cells.history() == [("c0", "ok")]


@scenario
async def test_what_runs_is_what_was_there_when_it_was_asked_for(store: FaultyStore) -> None:
    async with running(store) as cells:
        await cells.put("wait", "print honest")
        await cells.run("c0")
        await cells.until_waits()
        await cells.run("c1")
        await cells.manager.edit("demo", lambda document: document.set_source("c1", "print evil"), user("eve"))
        cells.host.kernel.go_on()
        await cells.until_done()
        assert cells.host.kernel.sources == ["wait", "print honest"]
        assert (await cells.info("c1"))["hash"] == source_hash("print honest")
        assert await cells.sources() == ["wait", "print evil"]
        newest, _ = await store.list_runs("demo", 2)
        assert newest.source == "print honest"


@scenario
async def test_what_says_something_else_than_the_asker_sees_is_not_run(store: FaultyStore) -> None:
    async with running(store) as cells:
        await cells.put("print a", "print b")
        seen = {"c0": source_hash("print a"), "c1": source_hash("print b")}
        assert await cells.run(hashes=seen) == [1, 2]
        await cells.manager.edit("demo", lambda document: document.set_source("c1", "print evil"), user("eve"))
        with pytest.raises(SourceChanged, match="run it again"):
            await cells.run(hashes=seen)
        assert await cells.run("c0", hashes=seen) == [3]
        await cells.until_done()
        assert "print evil" not in cells.host.kernel.sources


@scenario
async def test_what_waits_has_so_many_characters_together_and_no_more(store: FaultyStore) -> None:
    async with running(store, limits=KernelLimits(queued_source_characters=20)) as cells:
        await cells.put("wait", "print 45678", "print 4")
        await cells.run("c0")
        await cells.until_waits()
        await cells.run("c1")
        with pytest.raises(TooManyRuns, match="too much text"):
            await cells.run("c1")
        await cells.run("c2")
        cells.host.kernel.go_on()
        await cells.until_done()
        assert cells.host.kernel.sources == ["wait", "print 45678", "print 4"]
        await cells.run("c1")


@scenario
async def test_a_guest_who_is_called_as_somebody_else_is_marked_wherever_it_says_who_ran_a_cell(
    store: FaultyStore,
) -> None:
    async with running(store) as cells:
        await cells.put("wait", "fail", "print never")
        await cells.run(by="ada", kind=UserKind.GUEST)
        await cells.until_waits()
        assert [run["by"]["kind"] for run in (await cells.state())["queue"]] == ["guest"] * 3
        cells.host.kernel.go_on()
        state = await cells.until_done()
        assert (await cells.info("c0"))["kind"] == "guest"
        assert "Ada (guest) ran" in state["message"]
        assert {run.kind for run in await store.list_runs("demo", 10)} == {"guest"}
        exported = (await cells.manager.read("demo")).to_notebook()
        assert exported["cells"][0]["metadata"]["jupyter_collab"]["run"]["kind"] == "guest"
        cells.may["ada"] = set()
        await cells.run("c2", by="ada", kind=UserKind.GUEST)
        state = await cells.until_done()
        assert state["message"].startswith("Ada (guest) may not run")


@scenario
async def test_one_guest_leaves_the_others_something_of_the_queue(store: FaultyStore) -> None:
    async with running(store, limits=KernelLimits(queued_runs=8)) as cells:
        await cells.put("wait", *["print x"] * 7)
        await cells.run("c0")
        await cells.until_waits()
        await cells.run(*(f"c{number}" for number in range(1, 5)), by="eve", kind=UserKind.GUEST)
        with pytest.raises(TooManyRuns, match="cells of yours"):
            await cells.run("c5", by="eve", kind=UserKind.GUEST)
        await cells.run("c5", "c6", by="gus", kind=UserKind.GUEST)
        with pytest.raises(TooManyRuns, match="At most 6 cells may wait"):
            await cells.run("c7", by="gus", kind=UserKind.GUEST)
        await cells.run("c6", "c7")
        async with cells.kernel() as room_kernel:
            await room_kernel.end()
