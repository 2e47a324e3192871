"""What a room's kernel does is to be seen at all servers, and said by the one alone that has it."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from jupyter_collab.errors import KernelElsewhere
from jupyter_collab.kernels import kernel_lease, kernel_relay
from jupyter_collab.kernels.room_kernels import RoomKernels
from jupyter_collab.rooms import RoomManager
from jupyter_collab.workers import Workers, WorkLimits

from .backplanes import Servers
from .doubles import ScriptedPeer, user
from .kernels import Cells, ScriptedHost
from .scenarios import scenario, until


@pytest.fixture
def servers(tmp_path: Path) -> Servers:
    return Servers(tmp_path)


@asynccontextmanager
async def with_kernels(manager: RoomManager, name: str) -> AsyncIterator[Cells]:
    """A server's kernels."""
    host = ScriptedHost(name)
    kernels = RoomKernels(manager, host, Workers(WorkLimits()))
    manager.watchers.append(kernels)
    try:
        yield Cells(manager, host, kernels)
    finally:
        await kernels.close()


@asynccontextmanager
async def two(servers: Servers) -> AsyncIterator[tuple[Cells, Cells]]:
    """Two servers with kernels."""
    async with (
        servers.server("one") as one,
        servers.server("two") as other,
        with_kernels(one, "one") as here,
        with_kernels(other, "two") as there,
    ):
        yield here, there


def shown(peer: ScriptedPeer) -> Any:
    """What ``peer`` was told last of the kernel; nothing at first."""
    events = [event.info for event in peer.events if event.info["type"] == "kernel"]
    return events[-1] if events else {"kernel": None, "queue": [], "message": None}


@scenario
async def test_people_at_the_other_server_see_what_runs_and_what_waits(servers: Servers) -> None:
    async with two(servers) as (here, there):
        await here.put("wait", "print b")
        ada, ben = await ScriptedPeer("ada").join(here.manager), await ScriptedPeer("ben").join(there.manager)
        await here.run()
        await here.until_waits()
        await until(lambda: shown(ben)["kernel"] and len(shown(ben)["queue"]) == 2)
        await until(lambda: shown(ada)["kernel"] == shown(ben)["kernel"])
        assert [(run["cell"], run["state"]) for run in shown(ben)["queue"]] == [("c0", "running"), ("c1", "queued")]
        assert shown(ben)["queue"][0]["by"] == {"username": "ada", "display_name": "Ada", "kind": "server"}
        assert shown(ben)["message"] == kernel_lease.ELSEWHERE
        assert (await there.state())["kernel"]["display_name"] == "Python 3"
        here.host.kernel.go_on()
        await until(lambda: shown(ben)["queue"] == [])
        async with here.kernel() as room_kernel:
            await room_kernel.end()
        await until(lambda: (shown(ben)["kernel"], shown(ben)["message"]) == (None, None))


@scenario
async def test_who_comes_later_to_the_other_server_is_told(servers: Servers) -> None:
    async with two(servers) as (here, there):
        await here.put("print a")
        await here.run()
        await here.until_done()
        ben = await ScriptedPeer("ben").join(there.manager)
        await until(lambda: shown(ben)["kernel"])
        assert shown(ben)["kernel"]["id"] == "k1"
        with pytest.raises(KernelElsewhere):
            await there.run()
        with pytest.raises(KernelElsewhere):
            async with there.kernel() as room_kernel:
                await room_kernel.interrupt()


@scenario
async def test_a_server_without_the_kernel_is_not_believed(servers: Servers, caplog: pytest.LogCaptureFixture) -> None:
    async with two(servers) as (here, there), servers.server("three") as third:
        await here.put("print a")
        ben = await ScriptedPeer("ben").join(there.manager)
        forged = {"id": "x", "name": "x", "display_name": "forged", "language": "x", "status": "idle"}
        for data in (b"1", b"{}", b'{"kernel": 1, "queue": []}', b"\xff"):
            third.say("demo", kernel_relay.TOPIC, data)
        third.say("demo", kernel_relay.TOPIC, json.dumps({"kernel": forged, "queue": []}).encode())
        await here.run()
        await here.until_done()
        third.say("demo", kernel_relay.TOPIC, json.dumps({"kernel": forged, "queue": []}).encode())
        await until(lambda: shown(ben)["kernel"])
        names = [event.info["kernel"] for event in ben.events if event.info["type"] == "kernel"]
        assert {kernel["display_name"] for kernel in names if kernel} == {"Python 3"}
        assert caplog.text.count("says something about its kernel") == 8, "each of two servers says so four times"


@scenario
async def test_nothing_is_shown_any_more_of_a_server_that_is_silent(
    servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kernel_relay, "REPEAT_SECONDS", 0.05)
    monkeypatch.setattr(kernel_relay, "SILENT_SECONDS", 0.5)
    async with two(servers) as (here, there):
        await here.put("print a")
        await ScriptedPeer("ada").join(here.manager)
        ben = await ScriptedPeer("ben").join(there.manager)
        await here.run()
        await until(lambda: shown(ben)["kernel"])
        with servers.hub.losing():
            await until(lambda: shown(ben)["kernel"] is None)
            assert shown(ben)["message"] == kernel_lease.ELSEWHERE
        await until(lambda: shown(ben)["kernel"])


@scenario
async def test_a_kernel_that_is_taken_to_this_server_is_shown_instead(servers: Servers) -> None:
    async with two(servers) as (here, there):
        await here.put("print a")
        ada, ben = await ScriptedPeer("ada").join(here.manager), await ScriptedPeer("ben").join(there.manager)
        await here.run()
        await until(lambda: shown(ben)["kernel"])
        async with there.kernel() as room_kernel:
            await room_kernel.choose("ir", user("ben"))
        await until(lambda: shown(ben)["kernel"] is None)
        await there.run(by="ben")
        await until(lambda: shown(ben)["kernel"] and shown(ben)["kernel"]["name"] == "ir")
        assert shown(ada)["kernel"]["name"] == "python3", "the one that it still has"
        with pytest.raises(KernelElsewhere):
            await here.run()


@scenario
async def test_what_does_not_fit_into_a_message_is_not_said_and_ends_nothing(servers: Servers) -> None:
    """The names of those who run something may be long, and the runs many."""
    async with two(servers) as (here, there):
        await here.put("wait", *["print x"] * 150)
        ada, ben = await ScriptedPeer("ada").join(here.manager), await ScriptedPeer("ben").join(there.manager)
        await here.run("c0")
        await here.until_waits()
        runs = await here.run(*(f"c{number}" for number in range(1, 151)), by="\U00010330" * 200)
        await until(lambda: len(shown(ada)["queue"]) == 151)
        await until(lambda: len(shown(ben)["queue"]) > 10)
        here.host.kernel.go_on()
        await until(lambda: not shown(ada)["queue"])
        assert len(runs) == 150
