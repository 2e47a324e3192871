"""``kill -9`` of the server while people type, and others move, retype, delete and bring back the cells."""

import asyncio
import os
import random
from pathlib import Path

import pytest

from ..peers import RawClient, eventually
from ..servers import RunningServer, start_server
from .typists import OurTypist, RawTypist, check_final, check_seen, durable_text, gardening, seen, typing

KILLS = int(os.environ.get("JC_KILLS", "5"))
CELLS = 4

pytestmark = [pytest.mark.crash, pytest.mark.timeout(60 + 30 * KILLS)]


@pytest.mark.parametrize("seed", [20260131])
def test_nothing_seen_is_lost_and_nothing_doubled(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    store = tmp_path / "data" / "collab" / "rooms.sqlite"
    with start_server(tmp_path) as server:
        room = server.create_room("crash")["id"]
        asyncio.run(_scenario(server, store, room, rng))


async def _kill_at_sight(server: RunningServer, witness: RawClient) -> None:
    """Kill the server as soon as ``witness`` sees something: too late for whatever was shown before it was saved."""

    def strike() -> None:
        witness.on_remote = lambda: None
        server.kill()

    witness.on_remote = strike
    await eventually(lambda: not server.is_running, "the witness sees something")


async def _scenario(server: RunningServer, store: Path, room: str, rng: random.Random) -> None:
    async with (
        RawClient(server, room, "ada") as ada,
        RawClient(server, room, "ben") as ben,
        OurTypist.join(server, room, "cy") as cy,
        OurTypist.join(server, room, "dee") as dee,
        OurTypist.join(server, room, "eve") as eve,
    ):
        for _ in range(1, CELLS):
            cy.room.append_cell()
        await asyncio.gather(ada.joined(), ben.joined())
        typists = (RawTypist(ada), RawTypist(ben), cy, dee)
        unsaved_at_kill = 0
        async with gardening([dee.room, eve.room], rng), typing(typists, rng):
            for number in range(KILLS):
                await asyncio.sleep(rng.uniform(0, 1))  # the random moment
                if number % 2:
                    server.kill()
                else:
                    await _kill_at_sight(server, ada)
                unsaved_at_kill += sum(len(typist.written) - len(typist.acked) for typist in typists)
                await eventually(lambda: not any(typist.connected for typist in typists), "all notice")
                check_seen(typists, store, room, running=False)
                await asyncio.to_thread(server.start)
        await asyncio.gather(*(typist.saved() for typist in (*typists, eve)))
        await eventually(lambda: len({typist.text for typist in typists}) == 1, "all have the same text")
        async with RawClient(server, room) as late:
            await late.joined()
            check_final(
                typists, {"a new client": RawTypist(late).text, "the store": durable_text(store, room, running=True)}
            )
        assert all(len(seen(typist)) > 10 * KILLS for typist in typists), "too little was seen for this to say anything"
        assert unsaved_at_kill, "no kill came while something was not yet saved"
