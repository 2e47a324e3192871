"""A server process, as far as it matters: it owns every task that it began, so that it can be killed at any moment."""

import asyncio
import itertools
import weakref
from collections.abc import Callable, Coroutine
from contextvars import ContextVar
from typing import Any, TypeVar

from jupyter_collab.access import Role, User
from jupyter_collab.backplane import PollingBackplane
from jupyter_collab.errors import CollabError
from jupyter_collab.rooms import Limits, Peer, Room, RoomManager

from .disk import MemoryStore
from .network import Link
from .storage import MortalSQLStore

__all__ = ["ROOM_ID", "Server", "own_tasks"]

T = TypeVar("T")

ROOM_ID = "demo"
POLL_SECONDS = 0.1
IDLE_SECONDS = 2.0

_numbers = itertools.count()
_owner: ContextVar["Server | None"] = ContextVar("_owner", default=None)


class Server:
    """One server over a store that it alone has open."""

    def __init__(self, store: MemoryStore | MortalSQLStore) -> None:
        self.peers: dict[str, tuple[Room, Peer]] = {}
        self.tasks: weakref.WeakSet[asyncio.Task[Any]] = weakref.WeakSet()
        self._links: list[Link] = []
        self._store = store
        self.manager = self.call(
            lambda: RoomManager(
                store, PollingBackplane(store, POLL_SECONDS, f"server {next(_numbers)}"), Limits(), IDLE_SECONDS
            )
        )

    def call(self, function: Callable[[], T]) -> T:
        """Do something inside this process."""
        token = _owner.set(self)
        try:
            return function()
        finally:
            _owner.reset(token)

    def begin(self, work: Coroutine[Any, Any, T]) -> "asyncio.Task[T]":
        """Begin something inside this process."""
        return self.call(lambda: asyncio.ensure_future(work))

    def accept(self, link: Link, user: User, role: Role, *, speaks_v1: bool) -> None:
        """A client connects."""
        self._links.append(link)
        self.begin(self._serve(link, Peer(user, role, link, speaks_v1=speaks_v1)))

    async def _serve(self, link: Link, peer: Peer) -> None:
        try:
            await self.manager.start()
            room = await self.manager.join(ROOM_ID, peer)
        except CollabError as error:
            peer.close(error)
            return
        name = peer.user.username
        self.peers[name] = (room, peer)
        while (data := await link.inbox.get()) is not None:
            waiting = room.receive(peer, data)
            if waiting is not None:
                await waiting
        self.manager.leave(room, peer)
        if self.peers.get(name) == (room, peer):
            del self.peers[name]

    async def kill(self) -> None:
        """End the process, whatever it is doing."""
        self._store.die()
        tasks = list(self.tasks)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        for link in self._links:
            link.die()
        await self._store.bury()

    def give_role(self, username: str, role: Role) -> None:
        """A connected user is something else from now on."""
        if username in self.peers:
            room, peer = self.peers[username]
            self.call(lambda: room.set_role(peer, role))

    async def stop(self) -> None:
        """End the process as one should."""
        await self.begin(self.manager.stop())
        await self.kill()


def own_tasks(loop: asyncio.AbstractEventLoop) -> None:
    """From now on every task belongs to the server that began it."""

    def make_task(loop: asyncio.AbstractEventLoop, work: Any, **options: Any) -> "asyncio.Task[Any]":
        task = asyncio.Task(work, loop=loop, **_owned(options))
        owner = _owner.get()
        if owner is not None:
            owner.tasks.add(task)
        return task

    def call_at(when: float, callback: Callable[..., object], *args: Any, **options: Any) -> asyncio.TimerHandle:
        return call_at_of_loop(when, callback, *args, **_owned(options))

    call_at_of_loop = loop.call_at
    loop.set_task_factory(make_task)
    loop.call_at = call_at  # type: ignore[assignment, method-assign]  # takes what the loop takes


def _owned(options: dict[str, Any]) -> dict[str, Any]:
    """What a server begins in a context of its own is the server's, too."""
    if (context := options.get("context")) is not None:
        context.run(_owner.set, _owner.get())
    return options
