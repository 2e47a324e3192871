"""Whole histories of one room, of which each edit is looked at; and what failed, made as short as it can be."""

import random
import time
from dataclasses import dataclass, field

from pycrdt import Array, Text

from jupyter_collab.access import Role

from .edits import Eve
from .room import FuzzedRoom, Sent, replay

__all__ = ["ROLES", "Failure", "Figures", "play", "shortest"]

ROLES = (Role.VIEWER, Role.RUNNER, Role.WRITER, Role.EDITOR)

EDITS = 60
"""So many in one room: one that grows makes each look at it longer."""


@dataclass
class Figures:
    """How many edits were taken and refused."""

    taken: int = 0
    refused: int = 0
    seconds: float = 0.0

    @property
    def edits(self) -> int:
        """All of them."""
        return self.taken + self.refused


@dataclass
class Failure:
    """What did not stay true, and what was sent until then."""

    role: Role
    seed: int
    error: BaseException
    history: list[Sent] = field(default_factory=list)


async def play(role: Role, seed: int, figures: Figures) -> Failure | None:
    """One history in a room of its own; adds to ``figures``."""
    began = time.perf_counter()
    failure = Failure(role, seed, AssertionError())
    with FuzzedRoom.watched(role) as room:
        await room.open()
        try:
            await _play(room, random.Random(f"{role}-{seed}"), failure.history)
        except Exception as error:  # noqa: BLE001  # whatever happens in the room is what is looked for
            failure.error = error
            return failure
        finally:
            await room.close()
            figures.taken += room.taken
            figures.refused += room.refused
            figures.seconds += time.perf_counter() - began
    return None


async def _play(room: FuzzedRoom, rng: random.Random, history: list[Sent]) -> None:
    eve = Eve(rng)
    eve.learn(room.encode())
    for number in range(EDITS):
        if number % 15 == 7:
            history.append(Sent("ada", _typed(room)))
        else:
            history.append(Sent("eve", eve.update(), rng.random() < 0.7))
        if await room.take(history[-1]):
            eve.learn(room.encode())


def _typed(room: FuzzedRoom) -> bytes:
    """Ada types a letter."""
    before = room.ada_doc.get_state()
    text: Text = room.ada_doc.get("cells", type=Array)[0]["source"]
    text.insert(0, "a")
    return room.ada_doc.get_update(before)


async def shortest(failure: Failure) -> list[Sent]:
    """The edits that are needed for it to fail in the same way."""
    history = list(failure.history)
    size = max(1, len(history) // 2)
    while size:
        at = 0
        while at < len(history):
            less = history[:at] + history[at + size :]
            if await _fails(failure.role, less, failure.error):
                history = less
            else:
                at += size
        size //= 2
    return history


async def _fails(role: Role, history: list[Sent], error: BaseException) -> bool:
    try:
        await replay(role, history)
    except Exception as found:  # noqa: BLE001  # any is looked at
        return type(found) is type(error) and str(found)[:40] == str(error)[:40]
    return False
