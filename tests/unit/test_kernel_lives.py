"""How long a room's kernel lives: as long as somebody needs it, and what is said when it is gone."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from pycrdt import Map

from jupyter_collab.document import RoomDocument
from jupyter_collab.errors import KernelElsewhere, KernelFailed, StoreUnavailable
from jupyter_collab.kernels import kernel_lease, kernel_slot
from jupyter_collab.kernels.limits import KernelLimits
from jupyter_collab.rooms import RoomState
from jupyter_collab.store import KernelLease

from .doubles import FaultyStore, ScriptedPeer, faulty_store, user
from .kernels import Cells, ScriptedHost, eventually, running
from .scenarios import scenario, settle, until


@pytest.fixture
def store(tmp_path: Path) -> FaultyStore:
    """The store of one server."""
    return faulty_store(tmp_path)


async def lease_of(cells: Cells) -> KernelLease | None:
    """What the store says about the room's kernel."""
    return await cells.manager.store.kernel_lease("demo")


@scenario
async def test_a_run_goes_on_when_nobody_is_left_and_keeps_the_room_open(store: FaultyStore) -> None:
    async with running(store, idle_seconds=0.01) as cells:
        ada = await ScriptedPeer("ada").join(cells.manager)
        await cells.put("wait\nprint done")
        await cells.run()
        kernel = await cells.until_waits()
        room = ada.room
        ada.leave(cells.manager)
        await settle(100)
        async with cells.manager.using("demo") as same:
            assert same is room
        kernel.go_on()
        await cells.until_done()
        assert await cells.text("c0") == "done\n"


@scenario
async def test_a_kernel_that_nobody_needs_is_ended_and_the_room_closes(store: FaultyStore) -> None:
    async with running(store, limits=KernelLimits(idle_seconds=0.2), idle_seconds=0.01) as cells:
        ada = await ScriptedPeer("ada").join(cells.manager)
        await cells.put("print a\nwait")
        await cells.run()
        kernel = await cells.until_waits()
        kernel.go_on()
        await cells.until_done()
        assert not kernel.is_shut_down
        room = ada.room
        ada.leave(cells.manager)
        await until(lambda: kernel.is_shut_down)
        await until(lambda: room is not None and room.state is RoomState.CLOSED)
        state = await cells.state()
        assert (state["kernel"], state["message"]) == (None, None)
        assert await cells.text("c0") == "a\n"


@scenario
async def test_after_a_server_ended_the_room_says_that_its_kernel_is_gone(tmp_path: Path) -> None:
    async with running(faulty_store(tmp_path)) as cells:
        await cells.put("print a\nwait")
        await cells.run()
        await cells.until_waits()
        await cells.until(lambda state: state["kernel"]["id"])
    async with running(faulty_store(tmp_path), ScriptedHost("another address")) as cells:
        ada = await ScriptedPeer("ada").join(cells.manager)
        await until(lambda: ada.events and ada.events[-1].info["message"] == kernel_slot.GONE)
        assert (await cells.state())["kernel"] is None
        assert (await cells.info("c0"))["status"] == "aborted"
        assert await cells.history() == [("c0", "aborted")]
    async with running(faulty_store(tmp_path)) as cells:
        assert (await cells.state())["message"] is None


@scenario
async def test_after_a_server_was_killed_the_runs_that_it_left_are_said_to_be_aborted(tmp_path: Path) -> None:
    first, second = faulty_store(tmp_path), faulty_store(tmp_path)
    async with running(first) as cells:
        await cells.put("print a\nwait")
        await cells.run()
        await cells.until_waits()
        await cells.until(lambda state: state["kernel"]["id"])
        await until(lambda: cells.host.kernel.status == "busy")
        assert (await cells.info("c0"))["status"] == "running"
        async with running(second, ScriptedHost("one")) as again:  # as if the first had just vanished
            assert (await again.state())["message"] == kernel_slot.GONE
            assert (await again.info("c0"))["status"] == "aborted"
            assert await again.history() == [("c0", "aborted")]


@scenario
async def test_after_a_server_was_killed_while_the_kernel_started_the_room_says_that_it_is_gone(tmp_path: Path) -> None:
    host = ScriptedHost()
    host.may_start.clear()
    async with running(faulty_store(tmp_path), host) as cells:
        await cells.put("print a")
        await cells.run()
        await cells.until(lambda state: state["kernel"] and state["kernel"]["status"] == "starting")
        await eventually(lambda: lease_of(cells), lambda lease: lease is not None)
        async with running(faulty_store(tmp_path)) as again:  # as if the first had just vanished
            assert (await again.state())["message"] == kernel_slot.GONE
            assert await again.history() == [("c0", "aborted")]
        host.may_start.set()


@scenario
async def test_runs_that_were_left_before_the_room_had_a_kernel_are_aborted(tmp_path: Path) -> None:
    async with running(faulty_store(tmp_path)) as cells:
        await cells.put("print a")
        await cells.manager.store.add_runs("demo", [("c0", "")], username="ada", display_name="Ada", kind="server")
    async with running(faulty_store(tmp_path)) as again:
        await again.state()
        assert await again.history() == [("c0", "aborted")]


@scenario
async def test_runs_of_a_server_from_which_the_room_is_taken_are_aborted(tmp_path: Path) -> None:
    async with running(faulty_store(tmp_path)) as cells, running(faulty_store(tmp_path), ScriptedHost("two")) as others:
        await cells.put("print a\nwait")
        await cells.run("c0")
        await cells.until_waits()
        await eventually(lambda: cells.info("c0"), lambda info: info and info["status"] == "running")
        await others.state()
        async with others.kernel() as room_kernel:
            await room_kernel.choose("python3", user("bob"))
        assert await others.history() == [("c0", "aborted")]
        assert (await others.info("c0"))["status"] == "aborted"


@scenario
async def test_a_kernel_that_did_not_start_is_not_said_to_be_gone(tmp_path: Path) -> None:
    host = ScriptedHost()
    host.error = KernelFailed("no memory")
    async with running(faulty_store(tmp_path), host) as cells:
        await cells.put("print a")
        await cells.run()
        await cells.until_done()
        assert await lease_of(cells) is None


@scenario
async def test_a_kernel_that_dies_while_it_is_found_again_is_gone(tmp_path: Path) -> None:
    host = ScriptedHost()
    async with running(faulty_store(tmp_path), host) as cells:
        await cells.put("print a")
        await cells.run()
        await cells.until_done()
    host.kernel.status = "dead"
    host.found = {"demo": host.kernel}
    async with running(faulty_store(tmp_path), host) as cells:
        state = await cells.state()
        assert (state["kernel"], state["message"]) == (None, kernel_slot.ENDED)
        await cells.run()
        await cells.until_done()
        assert (len(host.started), await cells.history()) == (2, [("c0", "ok"), ("c0", "ok")])


@scenario
async def test_a_kernel_on_another_server_is_not_ours_unless_somebody_chooses_so(tmp_path: Path) -> None:
    async with running(faulty_store(tmp_path)) as cells, running(faulty_store(tmp_path), ScriptedHost("two")) as others:
        await cells.put("print a\nwait", "print b")
        await cells.run("c0")
        await cells.until_waits()
        await cells.until(lambda state: state["kernel"]["id"])
        await others.until(lambda state: True)
        with pytest.raises(KernelElsewhere):
            await others.run("c1")
        async with others.kernel() as room_kernel:
            await room_kernel.choose("python3", user("bob"))
        await others.run("c1")
        await others.until_done()
        assert await others.text("c1") == "b\n"


@scenario
async def test_a_kernel_that_still_runs_is_found_again(tmp_path: Path) -> None:
    host = ScriptedHost()
    async with running(faulty_store(tmp_path), host) as cells:
        await cells.put("print a")
        await cells.run()
        await cells.until_done()
        await cells.until(lambda state: state["kernel"]["status"] == "idle")
    host.found = {"demo": host.kernel}
    async with running(faulty_store(tmp_path), host) as cells:
        state = await cells.state()
        assert (state["kernel"]["id"], state["kernel"]["display_name"], state["message"]) == ("k1", "Python 3", None)
        await cells.run()
        await cells.until_done()
        assert len(host.started) == 1


@scenario
async def test_the_document_says_nothing_of_the_kernel(tmp_path: Path) -> None:
    async with running(faulty_store(tmp_path)) as cells:
        await cells.put("print a")
        await cells.run()
        await cells.until_done()
        assert await lease_of(cells) == KernelLease("one", "k1")
        state: Map[Any] = (await cells.manager.read("demo")).doc.get("state", type=Map)
        assert "kernel" not in state
        async with cells.kernel() as room_kernel:
            await room_kernel.end()
        assert await lease_of(cells) is None


@scenario
async def test_what_a_document_says_of_a_kernel_keeps_nobody_from_having_one(tmp_path: Path) -> None:
    def forge(document: RoomDocument) -> None:
        document.doc.get("state", type=Map)["kernel"] = {"id": "k", "server": "elsewhere"}

    store = faulty_store(tmp_path)
    async with running(store) as cells:
        await cells.put("print a")
        await cells.manager.edit("demo", forge, user("eve"))
    async with running(faulty_store(tmp_path)) as cells:
        assert (await cells.state())["message"] == kernel_slot.GONE
        assert "kernel" not in (await cells.manager.read("demo")).doc.get("state", type=Map)
        await cells.run()
        await cells.until_done()
        assert await cells.history() == [("c0", "ok")]


@scenario
async def test_of_two_servers_that_are_to_start_a_kernel_at_once_one_does(tmp_path: Path) -> None:
    hosts = [ScriptedHost("one"), ScriptedHost("two")]
    for host in hosts:
        host.may_start.clear()
    async with running(faulty_store(tmp_path), hosts[0]) as here, running(faulty_store(tmp_path), hosts[1]) as there:
        await here.put("print a", "print b")
        await there.state()
        await asyncio.gather(here.run("c0"), there.run("c1"), return_exceptions=True)
        for host in hosts:
            host.may_start.set()
        await asyncio.gather(here.until_done(), there.until_done())
        assert sum(len(host.started) for host in hosts) == 1
        messages = [(await cells.state())["message"] for cells in (here, there)]
        assert sorted(messages, key=str) == sorted([None, kernel_lease.ELSEWHERE], key=str)


@scenario
async def test_a_server_from_which_the_room_was_taken_has_it_again_if_nobody_ran_anything_elsewhere(
    tmp_path: Path,
) -> None:
    async with running(faulty_store(tmp_path)) as cells, running(faulty_store(tmp_path), ScriptedHost("two")) as others:
        await cells.put("print a")
        await cells.run()
        await cells.until_done()
        await others.state()
        async with others.kernel() as room_kernel:
            await room_kernel.choose("python3", user("bob"))
        assert await lease_of(cells) is None
        await cells.run()
        await cells.until_done()
        assert (len(cells.host.started), await lease_of(others)) == (1, KernelLease("one", "k1"))
        with pytest.raises(KernelElsewhere):
            await others.run("c0")


@scenario
async def test_a_kernel_is_found_again_although_the_store_could_not_say_at_first_that_there_is_one(
    store: FaultyStore, tmp_path: Path
) -> None:
    host = ScriptedHost()
    async with running(store, host) as cells:
        await cells.put("print a")
        await cells.run()
        await cells.until_done()
    host.found = {"demo": host.kernel}
    again = LeaseFailsOnce(tmp_path)
    async with running(again, host) as cells:
        await cells.run()
        await cells.until_done()
        assert (again.failures, len(host.started)) == (1, 1)


class LeaseFailsOnce(FaultyStore):
    """A store in which the first question for a kernel fails."""

    def __init__(self, folder: Path) -> None:
        super().__init__(f"sqlite:///{folder / 'rooms.sqlite'}")
        self.failures = 0

    async def kernel_lease(self, room_id: str) -> KernelLease | None:
        if not self.failures:
            self.failures += 1
            raise StoreUnavailable("The store cannot be read just now.")
        return await super().kernel_lease(room_id)
