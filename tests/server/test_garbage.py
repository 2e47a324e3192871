"""The garbage collector looks at what stays once, and frees what is garbage all the same."""

import gc
import weakref
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import pytest

from jupyter_collab.server.garbage import Garbage

from ..unit.scenarios import scenario, until

OBJECTS = 200_000
MAX_LOOKED_AT = 50_000


class Node:
    """Something that may stand in a cycle."""

    def __init__(self) -> None:
        self.other: Node | None = None


def cycle() -> "tuple[Node, weakref.ref[Node]]":
    """Two that hold each other."""
    one, other = Node(), Node()
    one.other, other.other = other, one
    return one, weakref.ref(one)


@asynccontextmanager
async def spared() -> AsyncIterator[Garbage]:
    """A server that has begun."""
    garbage = Garbage()
    garbage.begin()
    try:
        yield garbage
    finally:
        await garbage.close()


@contextmanager
def full_runs() -> Iterator[list[int]]:
    """At how many objects each run looks that looks at all that it knows of."""
    found: list[int] = []

    def hear(phase: str, info: dict[str, int]) -> None:
        if phase == "start" and info["generation"] == 2:
            found.append(len(gc.get_objects()))

    gc.callbacks.append(hear)
    try:
        yield found
    finally:
        gc.callbacks.remove(hear)


@scenario
async def test_what_stays_is_not_looked_at_again_and_again() -> None:
    began_with = [[number] for number in range(5 * OBJECTS)]
    async with spared():
        with full_runs() as found:
            stays = [[number] for number in range(OBJECTS)]
    assert (len(began_with), len(stays)) == (5 * OBJECTS, OBJECTS)
    assert found
    assert max(found) < MAX_LOOKED_AT


@scenario
async def test_cycles_that_become_garbage_soon_are_freed_as_ever() -> None:
    async with spared():
        node, seen = cycle()
        del node
        stays: list[list[int]] = []
        while seen() is not None:
            stays.append([1])
            assert len(stays) < OBJECTS


@scenario
async def test_cycles_that_were_set_aside_are_freed_when_all_is_looked_at() -> None:
    async with spared() as garbage:
        node, seen = cycle()
        gc.collect()
        del node
        gc.collect()
        assert seen() is not None, "it was set aside: nothing looks for it now"
        garbage.look_at_all()
        assert seen() is None


@scenario
async def test_all_is_looked_at_again_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jupyter_collab.server.garbage.MIN_SECONDS_BETWEEN", 0.01)
    monkeypatch.setattr("jupyter_collab.server.garbage.SECONDS_PER_SECOND", 0.0)
    async with spared():
        node, seen = cycle()
        gc.collect()
        del node
        await until(lambda: seen() is None)


@scenario
async def test_a_server_that_has_ended_leaves_the_collector_as_it_was() -> None:
    before = gc.get_threshold(), gc.callbacks.copy()
    async with spared():
        assert gc.get_freeze_count()
    assert (gc.get_threshold(), gc.callbacks) == before
    assert not gc.get_freeze_count()
