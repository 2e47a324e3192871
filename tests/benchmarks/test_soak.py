"""What a room's life takes comes back: objects are counted, for memory is too noisy in a short time."""

import asyncio
from pathlib import Path

from ..peers import eventually
from .soak import CLOSED_SECONDS, Soak, left, soaking

WARM_ROUNDS, ROUNDS = 2, 5

KEPT_FOR_A_MINUTE = {"jupyter_collab.people.attendance._Stay", "jupyter_collab.access.users.User"}
"""In case that they come back."""


def test_a_room_leaves_no_object_behind_when_it_is_closed(tmp_path: Path) -> None:
    with soaking(tmp_path) as server:
        asyncio.run(_lives(Soak(server)))


async def _lives(soak: Soak) -> None:
    try:
        await soak.prepare()
        for _ in range(WARM_ROUNDS):
            await soak.round()
        before = await soak.look_when_closed()
        for _ in range(ROUNDS):
            await soak.round()
        await soak.look_when_closed(CLOSED_SECONDS)

        async def all_is_gone() -> bool:
            found = left(before, await soak.look(), per_round=1).keys() - KEPT_FOR_A_MINUTE
            print(found)
            return not found

        await eventually(all_is_gone, "nothing is left", seconds=30)
    finally:
        await soak.close()
