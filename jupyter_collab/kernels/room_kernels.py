"""The kernels of all rooms of one server process: each lives with its room, and outlives everybody's visits."""

import asyncio
import logging
import math
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial

from ..background import Background
from ..errors import CloseCode, StoreError, StoreUnavailable
from ..rooms import Peer, Room, RoomManager, RoomWatcher
from ..store import ServerMessage
from ..workers import Workers
from .contract import KernelHost
from .kernel_relay import TOPIC
from .limits import KernelLimits
from .room_kernel import RoomKernel
from .state import InKernel

__all__ = ["RoomKernels"]

log = logging.getLogger(__name__)

AGAIN_SECONDS = 1.0
LOOKS_PER_IDLE_TIME = 10
MAX_PAUSE_SECONDS = 30.0


class RoomKernels(RoomWatcher):
    """Gives each of ``rooms`` a :class:`RoomKernel` as long as it is live; it must be one of the rooms' watchers.

    ``host`` is where kernels are started, and ``workers`` do what may take long.
    """

    def __init__(
        self, rooms: RoomManager, host: KernelHost, workers: Workers, limits: KernelLimits | None = None
    ) -> None:
        self.host = host
        self._rooms = rooms
        self._workers = workers
        rooms.listeners[TOPIC] = self._hear
        self.limits = limits or KernelLimits()
        self._kernels: dict[str, RoomKernel] = {}
        self._attaching: dict[str, asyncio.Task[None]] = {}
        """Of which rooms it is being looked up whether they have a kernel."""
        self._is_closing = False
        self._background = Background("kernels")
        self._tidying = Background("tidying up after kernels")

    @asynccontextmanager
    async def of(self, room_id: str) -> AsyncIterator[RoomKernel]:
        """The kernel of a room, which stays open meanwhile; ``RoomNotFound``, ``ServerFull``, ``StoreUnavailable``."""
        async with self._rooms.using(room_id) as room:
            attaching = self._attaching.get(room.id)
            if attaching is not None:
                await asyncio.shield(attaching)
            kernel = self._kernels.get(room.id)
            if kernel is None:
                raise StoreUnavailable(f"The room '{room_id}' has just been closed; try again.")
            yield kernel

    @property
    def waiting_runs(self) -> list[int]:
        """How many cells wait to be run, by room."""
        return [kernel.waiting_runs for kernel in self._kernels.values()]

    def has_of(self, room_id: str, is_meant: Callable[[str], bool]) -> InKernel:
        """What the room's kernel has of those whose principals ``is_meant`` takes; of a closed room that is nothing."""
        kernel = self._kernels.get(room_id)
        return "nothing" if kernel is None else kernel.runs.has_of(is_meant)

    # -- the rooms' lives --------------------------------------------------------------------------------------------

    def opened(self, room: Room) -> None:
        """Give the room back its kernel, if it has one."""
        kernel = self._kernels.get(room.id)
        if kernel is not None:
            kernel.move_to(room)
            return
        kernel = self._kernels[room.id] = RoomKernel(room, self._rooms, self.host, self._workers, self.limits)
        self._attaching[room.id] = self._background.run(f"finding that of {room.id}", partial(self._attach, kernel))
        self._tidying.run_once("waiting", self._tidy)

    def joined(self, room: Room, peer: Peer) -> None:
        """Whoever is the first to be here wants to know what a kernel elsewhere does."""
        kernel = self._kernels.get(room.id)
        if kernel is not None and len(room.peers) == 1:
            kernel.relay.ask()

    def _hear(self, message: ServerMessage) -> None:
        kernel = self._kernels.get(message.room_id)
        if kernel is not None:
            kernel.relay.hear(message)

    async def _attach(self, kernel: RoomKernel) -> None:
        """Whoever asks for the kernel waits until it is known whether there is one: else there might be two."""
        try:
            while not self._is_closing:
                try:
                    await kernel.attach()
                except StoreError as error:
                    log.warning("Room %s: cannot look up whether it has a kernel: %s", kernel.room_id, error)
                    await asyncio.sleep(AGAIN_SECONDS)
                else:
                    break
        finally:
            del self._attaching[kernel.room_id]

    def ended(self, room: Room, code: CloseCode) -> None:
        """A room in the bin needs no kernel; that of a room which cannot go on waits for it to be read again."""
        kernel = self._kernels.get(room.id)
        if kernel is None or (kernel.is_needed and code is not CloseCode.ROOM_DELETED):
            return
        del self._kernels[room.id]
        self._background.run(f"ending that of {room.id}", partial(self._end, kernel))

    def access_changed(self, room: Room) -> None:
        """What people queued who may not run any more is not run."""
        kernel = self._kernels.get(room.id)
        if kernel is not None:
            self._background.run(f"looking who may run in {room.id}", kernel.runs.look_again)

    async def _end(self, kernel: RoomKernel) -> None:
        try:
            await kernel.end()
        finally:
            await kernel.close()

    def needs(self, room_id: str) -> bool:
        """Whether something runs, or could go on, in the room."""
        kernel = self._kernels.get(room_id)
        return room_id in self._attaching or (kernel is not None and kernel.is_needed)

    async def _tidy(self) -> None:
        idle_seconds = self.limits.idle_seconds or math.inf
        while True:
            await asyncio.sleep(min(idle_seconds / LOOKS_PER_IDLE_TIME, MAX_PAUSE_SECONDS))
            await self._tidy_all()

    async def _tidy_all(self) -> None:
        """Do it once; between two times nothing here refers to a room, which may be closed then."""
        for kernel in list(self._kernels.values()):
            with self._tidying.boundary(f"room {kernel.room_id}"):
                await kernel.tidy()

    async def close(self) -> None:
        """Write all outputs and let go of the kernels, which the Jupyter server ends itself."""
        self._is_closing = True
        await self._tidying.close()
        for kernel in self._kernels.values():
            self._background.run(f"closing that of {kernel.room_id}", partial(self._close, kernel))
        await self._background.wait()

    async def _close(self, kernel: RoomKernel) -> None:
        attaching = self._attaching.get(kernel.room_id)
        if attaching is not None:
            await attaching
        await kernel.close()
