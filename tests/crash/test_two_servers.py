"""``kill -9`` of servers that share a store, while people type on both."""

import asyncio
import os
import random
from collections.abc import Iterable
from pathlib import Path

import pytest

from ..peers import RawClient, eventually
from ..servers import RunningServer, start_server
from .typists import RawTypist, check_final, check_seen, durable_text, seen, typing

KILLS = int(os.environ.get("JC_KILLS", "5"))

pytestmark = [pytest.mark.crash, pytest.mark.timeout(60 + 30 * KILLS)]


@pytest.mark.parametrize("seed", [20260131])
def test_nothing_seen_is_lost_and_nothing_doubled(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    store = tmp_path / "rooms.sqlite"
    settings = {"store_url": f"sqlite:///{store}"}
    with (
        start_server(_folder(tmp_path, "one"), CollabExtension=settings) as one,
        start_server(_folder(tmp_path, "two"), CollabExtension=settings) as two,
    ):
        room = one.create_room("crash")["id"]
        asyncio.run(_scenario(one, two, store, room, rng))


def _folder(tmp_path: Path, name: str) -> Path:
    folder = tmp_path / name
    folder.mkdir()
    return folder


async def _scenario(one: RunningServer, two: RunningServer, store: Path, room: str, rng: random.Random) -> None:
    async with (
        RawClient(one, room, "ada") as ada,
        RawClient(two, room, "ben") as ben,
        RawClient((one, two), room, "cy") as cy,  # goes over to the other server when one is gone
    ):
        clients = (ada, ben, cy)
        typists = tuple(RawTypist(client) for client in clients)
        await asyncio.gather(*(client.joined() for client in clients))
        async with typing(typists, rng):
            for _ in range(KILLS):
                await asyncio.sleep(rng.uniform(0, 1))  # the random moment
                victims = rng.choice([(one,), (two,), (one, two)])
                for victim in victims:
                    victim.kill()
                if len(victims) == 2:
                    await eventually(lambda: not any(client.connected for client in clients), "all notice")
                check_seen(typists, store, room, running=len(victims) == 1)
                await _start(victims)
        await asyncio.gather(*(typist.saved() for typist in typists))
        await eventually(lambda: ada.text == ben.text == cy.text, "all have the same text")
        async with RawClient(one, room) as late_one, RawClient(two, room) as late_two:
            await asyncio.gather(late_one.joined(), late_two.joined())
            await eventually(lambda: late_one.text == late_two.text, "both servers have the same text")
            stored = durable_text(store, room, running=True)
            check_final(typists, {"one": late_one.text, "two": late_two.text, "the store": stored})
        assert all(len(seen(typist)) > 10 * KILLS for typist in typists), "too little was seen for this to say anything"


async def _start(servers: Iterable[RunningServer]) -> None:
    await asyncio.gather(*(asyncio.to_thread(server.start) for server in servers))
