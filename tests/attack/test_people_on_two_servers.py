"""Two servers on one store: who is at one is to be seen at the other, and what one has is still its own afterwards."""

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from ..peers import RawClient, eventually
from ..servers import RunningServer
from ..unit.scenarios import scenario
from .troubles import server_on

DEAD_SECONDS = 15.0
"""So long after a server died its people may still be shown, and no longer."""


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[tuple[RunningServer, RunningServer]]:
    """Two servers, each with folders of its own."""
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    store = tmp_path / "rooms.sqlite"
    with server_on(tmp_path / "one", store) as one, server_on(tmp_path / "two", store) as two:
        yield one, two


def cell_of(client: RawClient, of: RawClient) -> object:
    """Where ``client`` sees somebody."""
    return client.people.get(of.doc.client_id, {}).get("cell")


@scenario
async def test_people_see_each_other_until_they_leave_or_their_server_dies(
    servers: tuple[RunningServer, RunningServer],
) -> None:
    one, two = servers
    room = one.create_room()["id"]
    async with RawClient(two, room, "ben") as ben:
        async with RawClient(one, room, "ada") as ada, RawClient(one, room, "cy") as cy:
            await asyncio.gather(ada.joined(), ben.joined(), cy.joined())
            for client, cell in ((ada, "a"), (ben, "b"), (cy, "c")):
                client.present({"cell": cell})
            await eventually(lambda: (cell_of(ben, ada), cell_of(ben, cy), cell_of(ada, ben)) == ("a", "c", "b"))
            ada.present({"cell": "moved"})
            await eventually(lambda: cell_of(ben, ada) == "moved")
            assert len(two.request("GET", f"rooms/{room}").json()["people"]) >= 2
            one.kill()
            killed_at = time.monotonic()
            await eventually(lambda: ben.people == {}, "nobody of the dead server is shown", seconds=2 * DEAD_SECONDS)
            assert time.monotonic() - killed_at < DEAD_SECONDS
            one.start()
            await asyncio.gather(ada.joined(), cy.joined())
            ben.present({"cell": "moved too"})  # who knew a client before sees it again when it says something new
            await eventually(lambda: (cell_of(ben, ada), cell_of(ada, ben)) == ("moved", "moved too"), "as before")
        await eventually(lambda: ben.people == {}, "both have left")


def run(server: RunningServer, room: str) -> httpx.Response:
    """Ask for a run of all cells."""
    url = f"{server.url}api/collab/rooms/{room}/runs"
    return httpx.post(url, json={"cells": "all"}, headers=server.headers, timeout=30)


async def until_done(server: RunningServer, room: str) -> None:
    """Wait until nothing runs in the room."""
    await eventually(
        lambda: asyncio.to_thread(
            lambda: not server.request("GET", f"rooms/{room}/kernel").json()["queue"],
        ),
        "all has run",
        seconds=60,
    )


@scenario
async def test_a_kernel_belongs_to_its_server_also_when_that_comes_back_at_another_port(
    servers: tuple[RunningServer, RunningServer], tmp_path: Path
) -> None:
    one, two = servers
    room = one.create_room()["id"]
    assert (await asyncio.to_thread(run, one, room)).status_code == httpx.codes.ACCEPTED
    await until_done(one, room)
    refused = await asyncio.to_thread(run, two, room)
    assert (refused.status_code, refused.json()["reason"]) == (409, "kernel_elsewhere")
    one.kill()
    with await asyncio.to_thread(server_on, tmp_path / "one", tmp_path / "rooms.sqlite") as again:
        assert again.port != one.port
        state = again.request("GET", f"rooms/{room}/kernel").json()
        assert "is gone" in state["message"]
        assert (await asyncio.to_thread(run, again, room)).status_code == httpx.codes.ACCEPTED
        await until_done(again, room)
        refused = await asyncio.to_thread(run, two, room)
        assert (refused.status_code, refused.json()["reason"]) == (409, "kernel_elsewhere")
