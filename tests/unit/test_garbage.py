"""What is not needed any more is freed at once, and not by a run of the garbage collector, which pauses everybody."""

import asyncio
import gc
import logging
import weakref
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import pytest
from pycrdt import Array, Doc

from jupyter_collab.access import Capability, Role, UserKind
from jupyter_collab.document import RoomDocument
from jupyter_collab.kernels import room_kernels
from jupyter_collab.kernels.room_kernel import RoomKernel
from jupyter_collab.kernels.room_kernels import RoomKernels
from jupyter_collab.people import Members, Waiting
from jupyter_collab.protocol import (
    AwarenessEntry,
    AwarenessMessage,
    Check,
    Lease,
    Message,
    SyncStep1,
    SyncStep2,
    Update,
    build,
    build_awareness,
    parse,
)
from jupyter_collab.rooms import Peer, Room, RoomManager
from jupyter_collab.store import Origin, OriginKind
from jupyter_collab.workers import Workers, WorkLimits

from .doubles import FaultyStore, MemoryTransport, faulty_store, serving, user
from .kernels import ScriptedHost
from .scenarios import scenario, until
from .updates import text_update

SOON_SECONDS = 0.01
PARTS = (
    "pycrdt",
    "jupyter_collab.rooms",
    "jupyter_collab.gate",
    "jupyter_collab.document",
    "jupyter_collab.background",
    "jupyter_collab.kernels",
    "pycrdt",
)
"""What a room is made of."""

ROOMS = 3


@pytest.fixture
def store(tmp_path: Path) -> FaultyStore:
    """The store of one server."""
    return faulty_store(tmp_path)


@pytest.fixture(autouse=True)
def nothing_logged(caplog: pytest.LogCaptureFixture) -> None:
    """What is logged in a test is kept, with the errors and all that these came about with."""
    caplog.set_level(logging.CRITICAL, "jupyter_collab")


def parts(objects: Iterable[object]) -> Counter[str]:
    """How many there are of each kind of parts of rooms."""
    kinds = (f"{kind.__module__}.{kind.__qualname__}" for kind in map(type, objects))
    return Counter(kind for kind in kinds if kind.startswith(PARTS))


@contextmanager
def collecting_nothing() -> Iterator[None]:
    """The garbage collector does nothing of its own accord."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def garbage() -> Counter[str]:
    """The parts of rooms that only the garbage collector could free, since it ran last."""
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        gc.collect()
        return parts(gc.garbage)
    finally:
        gc.set_debug(0)
        gc.garbage.clear()


class Visitor:
    """Somebody in a room, who keeps no document: pycrdt's own objects would be taken for the room's."""

    def __init__(
        self, manager: RoomManager, kernels: RoomKernels, room: Room, peer: Peer, transport: MemoryTransport
    ) -> None:
        self.room = room
        self.kernels = kernels
        self._manager = manager
        self._peer = peer
        self._transport = transport
        self._clients = iter(range(1_000, 10_000))

    @classmethod
    async def come(
        cls, manager: RoomManager, kernels: RoomKernels, room_id: str, kind: UserKind = UserKind.SERVER
    ) -> "Visitor":
        transport = MemoryTransport()
        peer = Peer(user("ada", kind), Role.OWNER, transport, speaks_v1=True)
        return cls(manager, kernels, await manager.join(room_id, peer), peer, transport)

    def leave(self) -> None:
        self._manager.leave(self.room, self._peer)
        self._transport._drained.clear()  # nothing leaves a connection that has ended

    def stall(self) -> None:
        """Read nothing any more."""
        self._transport.stalled = True

    def peer_reference(self) -> weakref.ref[Peer]:
        """The connection, as long as anything keeps it or what belongs to it."""
        return weakref.ref(self._peer)

    async def send(self, message: Message) -> None:
        waiting = self.room.receive(self._peer, build(message))
        if waiting is not None:
            await waiting

    async def edit(self, change: Callable[["Doc[Any]"], None]) -> None:
        """Change a copy of the document, and send what that changed."""
        self._transport.sent.clear()
        await self.send(SyncStep1(b"\0"))
        await self.room.flush()
        await until(lambda: any(isinstance(parse(sent), SyncStep2) for sent in self._transport.sent))
        doc: Doc[Any] = Doc(client_id=next(self._clients))
        [state] = [message.update for sent in self._transport.sent if isinstance(message := parse(sent), SyncStep2)]
        doc.apply_update(state)
        before = doc.get_state()
        change(doc)
        await self.send(Update(doc.get_update(before)))

    async def type(self) -> None:
        await self.send(Update(text_update(next(self._clients), "typed")))

    async def be_present(self) -> None:
        await self.send(AwarenessMessage(build_awareness([AwarenessEntry(next(self._clients), 1, '{"at": 1}')])))


async def nothing(visitor: Visitor) -> None:
    """They only look."""


async def typing(visitor: Visitor) -> None:
    for _ in range(5):
        await visitor.type()


async def presence(visitor: Visitor) -> None:
    for _ in range(5):
        await visitor.be_present()
        await asyncio.sleep(0)
    await visitor.send(Lease("key", wanted=True))


async def cells(visitor: Visitor) -> None:
    def change(doc: "Doc[Any]") -> None:
        document = RoomDocument(doc)
        document.append_text("c0", " more")
        document.insert_cell(1, "code", "1 + 1")
        document.delete_cell("c0")

    await visitor.edit(change)


async def much_at_once(visitor: Visitor) -> None:
    """So much that it is looked at in small steps, and taken in in parts."""

    def change(doc: "Doc[Any]") -> None:
        document = RoomDocument(doc)
        for number in range(100):
            document.insert_cell(number, "markdown", f"{number} " * 100)

    await visitor.edit(change)


async def what_is_refused(visitor: Visitor) -> None:
    def change(doc: "Doc[Any]") -> None:
        del doc.get("cells", type=Array)[0]

    await visitor.edit(change)


async def a_difference(visitor: Visitor) -> None:
    await visitor.send(Check("00000000-0", differs=True))


async def reading_nothing(visitor: Visitor) -> None:
    """Their connection takes nothing more, so they miss who is here."""
    visitor.stall()
    await visitor.send(SyncStep1(b"\0"))
    await visitor.room.flush()
    await visitor.be_present()
    await until(lambda: visitor.room.presence._missed)


async def the_servers_own_edits(visitor: Visitor) -> None:
    origin = Origin(OriginKind.IMPORT, "server:ada", "Ada")
    await visitor.room.edits.change(lambda document: document.append_text("c0", " # more"), origin, by=user("ada"))
    await visitor.room.snapshot()


async def compaction(visitor: Visitor) -> None:
    await visitor.type()
    await visitor.room.flush()
    await visitor.room.log.compact()
    for _ in visitor.room._replica.understand():  # as it does when much is gone
        pass


async def healing(visitor: Visitor) -> None:
    await visitor.type()
    visitor.room._replica._mark_spoiled()
    await visitor.room.snapshot()


async def may(_capability: Capability) -> bool:
    """Whoever runs something here may."""
    return True


async def a_run(visitor: Visitor) -> None:
    async with visitor.kernels.of(visitor.room.id) as kernel:
        await kernel.runs.add(["c0", "c1"], user("ada"), may)
        await until(lambda: not kernel.state["queue"])
        await kernel.end()


Doing = Callable[[Visitor], Awaitable[None]]
DOINGS: tuple[Doing, ...] = (
    nothing,
    typing,
    presence,
    cells,
    much_at_once,
    what_is_refused,
    a_difference,
    reading_nothing,
    the_servers_own_edits,
    compaction,
    healing,
    a_run,
)
doings = pytest.mark.parametrize("do", DOINGS, ids=lambda do: do.__name__)
CONTENT = {
    "nbformat": 4,
    "nbformat_minor": 5,
    "metadata": {},
    "cells": [
        {
            "id": f"c{number}",
            "cell_type": "code",
            "source": "print x",
            "metadata": {},
            "outputs": [],
            "execution_count": None,
        }
        for number in range(3)
    ],
}


@asynccontextmanager
async def serving_all(store: FaultyStore, idle_seconds: float = 60.0) -> AsyncIterator[tuple[RoomManager, RoomKernels]]:
    """A server with all that listens to what happens in rooms, but for attendance, which remembers who just left."""
    async with serving(store, idle_seconds=idle_seconds) as manager:
        kernels, members = (
            RoomKernels(manager, ScriptedHost(), Workers(WorkLimits())),
            Members(manager, guests_may_run=True),
        )
        manager.watchers += [kernels, members, Waiting(manager)]
        try:
            yield manager, kernels
        finally:
            await kernels.close()
            await members.close()


async def visit(manager: RoomManager, kernels: RoomKernels, room_id: str, do: Doing, kind: UserKind) -> None:
    """Come, do something, and go; then the room is closed."""
    visitor = await Visitor.come(manager, kernels, room_id, kind)
    await do(visitor)
    await visitor.room.flush()
    visitor.leave()
    await until(lambda: manager.live(room_id) is None)


@pytest.mark.parametrize("kind", [UserKind.SERVER, UserKind.GUEST])
@doings
@scenario
async def test_of_a_closed_room_nothing_is_left_to_the_garbage_collector(
    store: FaultyStore, do: Doing, kind: UserKind
) -> None:
    async with serving_all(store, SOON_SECONDS) as (manager, kernels):
        for number in range(ROOMS + 1):
            await manager.create_room(room_id=f"room-{number}", content=CONTENT)
        await visit(manager, kernels, f"room-{ROOMS}", do, kind)  # what is imported for it stays
        with collecting_nothing():
            before = parts(gc.get_objects())
            for number in range(ROOMS):
                await visit(manager, kernels, f"room-{number}", do, kind)
            await until(lambda: not parts(gc.get_objects()) - before)


@scenario
async def test_a_room_that_is_deleted_while_somebody_is_in_it_is_freed_at_once(store: FaultyStore) -> None:
    async with serving_all(store) as (manager, kernels):
        for number in range(ROOMS + 1):
            await manager.create_room(room_id=f"room-{number}", content=CONTENT)

        async def delete(room_id: str) -> None:
            visitor = await Visitor.come(manager, kernels, room_id)
            await visitor.type()
            await visitor.be_present()
            await manager.delete_room(room_id)

        await delete(f"room-{ROOMS}")
        with collecting_nothing():
            before = parts(gc.get_objects())
            for number in range(ROOMS):
                await delete(f"room-{number}")
            await until(lambda: not parts(gc.get_objects()) - before)


@scenario
async def test_a_room_is_freed_whose_kernel_was_looked_at_while_it_was_open(
    store: FaultyStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[str] = []
    tidy = RoomKernel.tidy

    async def look(kernel: RoomKernel) -> None:
        await tidy(kernel)
        looked.append(kernel.room_id)
        monkeypatch.setattr(room_kernels, "MAX_PAUSE_SECONDS", 1_000.0)  # it does not look again, at other rooms

    monkeypatch.setattr(RoomKernel, "tidy", look)
    monkeypatch.setattr(room_kernels, "MAX_PAUSE_SECONDS", SOON_SECONDS)
    async with serving_all(store) as (manager, kernels):
        await manager.create_room(room_id="open", content=CONTENT)
        visitor = await Visitor.come(manager, kernels, "open")
        room = weakref.ref(visitor.room)
        await until(lambda: "open" in looked)
        del visitor
        await manager.delete_room("open")
        await until(lambda: gc.collect() >= 0 and room() is None)


@doings
@scenario
async def test_what_is_done_in_an_open_room_makes_no_garbage(store: FaultyStore, do: Doing) -> None:
    async with serving_all(store) as (manager, kernels):
        await manager.create_room(room_id="open", content=CONTENT)
        visitor = await Visitor.come(manager, kernels, "open")
        await visitor.room.flush()
        with collecting_nothing():
            await do(visitor)
            await visitor.room.flush()
            assert garbage() == {}


@pytest.mark.parametrize("kind", [UserKind.SERVER, UserKind.GUEST])
@doings
@scenario
async def test_of_a_peer_that_has_left_an_open_room_nothing_stays(
    store: FaultyStore, do: Doing, kind: UserKind
) -> None:
    async with serving_all(store) as (manager, kernels):
        await manager.create_room(room_id="open", content=CONTENT)
        stays = await Visitor.come(manager, kernels, "open")
        with collecting_nothing():
            leaves = await Visitor.come(manager, kernels, "open", kind)
            peer = leaves.peer_reference()
            await do(leaves)
            await leaves.room.flush()
            leaves.leave()
            del leaves
            await stays.be_present()
            await until(lambda: peer() is None)
