"""Backplanes for tests: each server has one, and those that are made for the same folder hear each other."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from jupyter_collab.background import Background
from jupyter_collab.backplane import MAX_MESSAGE_BYTES, Backplane, MessageListener, PollingBackplane
from jupyter_collab.rooms import Limits, RoomManager
from jupyter_collab.store import ServerMessage, Store

from .doubles import faulty_store

__all__ = ["BackplaneMaker", "MemoryBackplane", "MemoryHub", "Servers", "polling"]

BackplaneMaker = Callable[[Store, str], Backplane]

POLL_SECONDS = 0.002


class MemoryHub:
    """Where the backplanes of several servers in one process meet. While ``losing``, messages are lost and counted."""

    def __init__(self) -> None:
        self.backplanes: list[MemoryBackplane] = []
        self.is_losing = False
        self.lost = 0

    @contextmanager
    def losing(self) -> Iterator[None]:
        """Nobody hears anything meanwhile."""
        self.is_losing = True
        yield
        self.is_losing = False


class MemoryBackplane(PollingBackplane):
    """Carries messages within the process, in the next turn of the event loop; heads come from the store."""

    def __init__(self, hub: MemoryHub, store: Store, server: str, poll_seconds: float = POLL_SECONDS) -> None:
        super().__init__(store, poll_seconds, server)
        hub.backplanes.append(self)
        self._hub = hub
        self._listeners: dict[str, MessageListener] = {}
        self._hearing = Background("messages in memory")

    async def stop(self) -> None:
        if self in self._hub.backplanes:
            self._hub.backplanes.remove(self)
        await self._hearing.close()
        await super().stop()

    def publish(self, room_id: str, topic: str, data: bytes) -> None:
        if len(data) > MAX_MESSAGE_BYTES:
            raise ValueError(f"It has {len(data)} bytes.")
        if self._hub.is_losing:
            self._hub.lost += 1
        else:
            message = ServerMessage(room_id, topic, self.server, data)
            for other in self._hub.backplanes:
                if other is not self:
                    other._hearing.later(0, "hearing", lambda other=other: other._hear(message))  # type: ignore[misc]

    def _hear(self, message: ServerMessage) -> None:
        if (listener := self._listeners.get(message.room_id)) is not None:
            listener(message)

    def subscribe(self, room_id: str, listener: MessageListener) -> None:
        self._listeners[room_id] = listener

    def unsubscribe(self, room_id: str) -> None:
        self._listeners.pop(room_id, None)


def polling(store: Store, server: str) -> PollingBackplane:
    """The one of a real server."""
    return PollingBackplane(store, POLL_SECONDS, server)


class Servers:
    """Servers on one store, which hear each other through ``hub``, and look for themselves every ``poll_seconds``."""

    def __init__(self, folder: Path, poll_seconds: float = POLL_SECONDS) -> None:
        self.hub = MemoryHub()
        self._poll_seconds = poll_seconds
        self._folder = folder

    @asynccontextmanager
    async def server(self, name: str) -> AsyncIterator[RoomManager]:
        """One more server."""
        store = faulty_store(self._folder)
        manager = RoomManager(store, MemoryBackplane(self.hub, store, name, self._poll_seconds), Limits())
        await manager.start()
        try:
            if not (await manager.list_rooms())[1]:
                await manager.create_room(room_id="demo")
            yield manager
        finally:
            await manager.stop()

    def kill(self, name: str) -> None:
        """Nothing is heard of a server from now on, and it hears nothing."""
        self.hub.backplanes[:] = [each for each in self.hub.backplanes if each.server != name]
