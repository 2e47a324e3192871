"""The kernels of all rooms of one server process: each lives with its room, and outlives everybody's visits."""

import asyncio
import logging
import math
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, Literal

from ..access import User
from ..background import Background
from ..errors import CloseCode, StoreError, StoreUnavailable
from ..rooms import Peer, Room, RoomManager, RoomWatcher
from ..store import ServerMessage
from .contract import KernelHost, KernelSpecs
from .elsewhere import TOPIC
from .limits import KernelLimits
from .queue import May, Run
from .runner import RoomKernel
from .state import InKernel, KernelState

__all__ = ["RoomKernels"]

log = logging.getLogger(__name__)

AGAIN_SECONDS = 1.0
LOOKS_PER_IDLE_TIME = 10
MAX_PAUSE_SECONDS = 30.0


class RoomKernels(RoomWatcher):
    """Runs the cells of the rooms of ``rooms`` on kernels of ``host``; it must be one of the rooms' watchers.

    Every method raises ``RoomNotFound`` if there is no such room.
    """

    def __init__(self, rooms: RoomManager, host: KernelHost, limits: KernelLimits | None = None) -> None:
        self._rooms = rooms
        rooms.listeners[TOPIC] = self._hear
        self._host = host
        self._limits = limits or KernelLimits()
        self._kernels: dict[str, RoomKernel] = {}
        self._attaching: dict[str, asyncio.Task[None]] = {}
        self._is_closing = False
        self._background = Background("kernels")
        self._tidying = Background("tidying up after kernels")

    # -- what people ask for -----------------------------------------------------------------------------------------

    async def specs(self) -> KernelSpecs:
        """What can be started here."""
        return await self._host.specs()

    async def state(self, room_id: str) -> KernelState:
        """What people are told about the room's kernel."""
        async with self._of(room_id) as kernel:
            return kernel.state

    def has_of(self, room_id: str, principal: str) -> InKernel:
        """What the room's kernel has of a person."""
        kernel = self._kernels.get(room_id)
        return "nothing" if kernel is None else kernel.has_of(principal)

    def has_of_any(self, room_id: str, is_meant: Callable[[str], bool]) -> InKernel:
        """What the room's kernel has of all whose principals ``is_meant`` takes."""
        kernel = self._kernels.get(room_id)
        return "nothing" if kernel is None else kernel.has_of_any(is_meant)

    async def run(
        self,
        room_id: str,
        cells: Iterable[str] | Literal["all"],
        user: User,
        may: May,
        hashes: Mapping[str, str] | None = None,
    ) -> list[Run]:
        """See :meth:`RoomKernel.run`."""
        async with self._of(room_id) as kernel:
            return await kernel.run(cells, user, may, hashes)

    async def cancel(self, room_id: str, number: int | None = None) -> None:
        """See :meth:`RoomKernel.cancel`."""
        async with self._of(room_id) as kernel:
            await kernel.cancel(number)

    async def choose(self, room_id: str, name: str, user: User) -> None:
        """See :meth:`RoomKernel.choose`."""
        async with self._of(room_id) as kernel:
            await kernel.choose(name, user)

    async def stop(self, room_id: str) -> None:
        """End the kernel, and all that runs or waits."""
        async with self._of(room_id) as kernel:
            await kernel.end(None)

    async def interrupt(self, room_id: str) -> None:
        """See :meth:`RoomKernel.interrupt`."""
        async with self._of(room_id) as kernel:
            await kernel.interrupt()

    async def restart(self, room_id: str) -> None:
        """See :meth:`RoomKernel.restart`."""
        async with self._of(room_id) as kernel:
            await kernel.restart()

    async def answer_input(self, room_id: str, number: int, value: str) -> None:
        """See :meth:`RoomKernel.answer_input`."""
        async with self._of(room_id) as kernel:
            kernel.answer_input(number, value)

    async def complete(self, room_id: str, code: str, cursor_pos: int, *, names_only: bool) -> dict[str, Any]:
        """See :meth:`RoomKernel.complete`."""
        async with self._of(room_id) as kernel:
            return await kernel.complete(code, cursor_pos, names_only=names_only)

    async def inspect(self, room_id: str, code: str, cursor_pos: int, detail_level: int) -> dict[str, Any]:
        """See :meth:`RoomKernel.inspect`."""
        async with self._of(room_id) as kernel:
            return await kernel.inspect(code, cursor_pos, detail_level)

    @asynccontextmanager
    async def _of(self, room_id: str) -> AsyncIterator[RoomKernel]:
        async with self._rooms.using(room_id) as room:
            attaching = self._attaching.get(room.id)
            if attaching is not None:
                await asyncio.shield(attaching)
            kernel = self._kernels.get(room.id)
            if kernel is None:
                raise StoreUnavailable(f"The room '{room_id}' has just been closed; try again.")
            yield kernel

    # -- the rooms' lives --------------------------------------------------------------------------------------------

    def opened(self, room: Room) -> None:
        """Give the room back its kernel, if it has one."""
        kernel = self._kernels.get(room.id)
        if kernel is not None:
            kernel.move_to(room)
            return
        kernel = self._kernels[room.id] = RoomKernel(room, self._rooms, self._host, self._limits)
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
            self._background.run(f"looking who may run in {room.id}", kernel.look_again)

    async def _end(self, kernel: RoomKernel) -> None:
        try:
            await kernel.end(None)
        finally:
            await kernel.close()

    def needs(self, room_id: str) -> bool:
        """Whether something runs, or could go on, in the room."""
        kernel = self._kernels.get(room_id)
        return room_id in self._attaching or (kernel is not None and kernel.is_needed)

    async def _tidy(self) -> None:
        idle_seconds = self._limits.idle_seconds or math.inf
        while True:
            await asyncio.sleep(min(idle_seconds / LOOKS_PER_IDLE_TIME, MAX_PAUSE_SECONDS))
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
