"""One room's kernel, with all that has to do with it: made when the room is opened, and closed with it."""

import logging
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

from ..access import User
from ..errors import KernelBusy
from ..rooms import Room, RoomManager
from ..workers import Workers
from .board import Board
from .contract import Kernel, KernelHost
from .kernel_relay import KernelRelay
from .kernel_slot import KernelSlot
from .known_names import name_before, only_names
from .limits import KernelLimits
from .room_outputs import RoomOutputs
from .run_queue import RunQueue
from .runs import Runs
from .state import KernelState

__all__ = ["RoomKernel"]

log = logging.getLogger(__name__)

UNUSED = "The kernel was ended, because nobody used it for a while. Run a cell to start a new one."


class RoomKernel:
    """The kernel of ``room``, whether it has one or not; see :meth:`attach`.

    Attributes
    ----------
    runs
        What is run, and what waits.
    relay
        What other servers say of the kernel, and are told of it.
    """

    def __init__(
        self, room: Room, rooms: RoomManager, host: KernelHost, workers: Workers, limits: KernelLimits
    ) -> None:
        self.room_id = room.id
        self._rooms = rooms
        self._limits = limits
        self._queue = queue = RunQueue(limits.queued_runs, limits.queued_source_characters)
        self._board = Board(room, queue)
        self._slot = KernelSlot(room.id, rooms, host, self._board, lambda: self.runs.lost())
        self._outputs = RoomOutputs(room.id, rooms, workers, limits, self._board)
        self.runs = Runs(room.id, rooms, queue, self._slot, self._board, self._outputs)
        self.relay = KernelRelay(room.id, rooms, self._board)
        self._used_at = time.monotonic()

    @property
    def state(self) -> KernelState:
        """What people are told."""
        return self._board.state

    @property
    def waiting_runs(self) -> int:
        """How many cells wait to be run."""
        return len(self._queue)

    @property
    def is_needed(self) -> bool:
        """Whether there is a kernel, or something to be run."""
        return self._slot.spec is not None or self.runs.is_busy

    # -- the room's life ---------------------------------------------------------------------------------------------

    async def attach(self) -> None:
        """Find the room's kernel, or say that it is gone. Nobody hears any more how runs of a former server end.

        ``StoreUnavailable``: try again.
        """
        if not await self._slot.attach():
            await self.runs.abort_left()

    def move_to(self, room: Room) -> None:
        """The room was read from the store again."""
        self._board.move_to(room)

    async def end(self, message: str | None = None) -> None:
        """End the kernel, whatever it does, and tell people ``message``."""
        await self.runs.stop()
        await self._slot.end()
        self._board.say(message)

    async def close(self) -> None:
        """Write what there is and let go of the kernel, which may be found again, or be gone by then."""
        async with AsyncExitStack() as exits:  # whatever fails, the rest is done
            exits.push_async_callback(self._board.close)
            exits.push_async_callback(self.relay.close)
            exits.push_async_callback(self._slot.leave)
            await self.runs.close()

    async def tidy(self) -> None:
        """Free what no output needs any more, and end the kernel if nobody has needed it for long."""
        await self._outputs.collector.collect()
        now = time.monotonic()
        if self._is_used:
            self._used_at = now
        elif 0 < self._limits.idle_seconds < now - max(self._used_at, self.runs.worked_at):
            log.info("The kernel of room %s is ended, nobody used it.", self.room_id)
            await self.end(UNUSED)

    @property
    def _is_used(self) -> bool:
        """Whether anybody is in the room, or something runs; nobody misses a kernel that is not there."""
        room = self._rooms.live(self.room_id)
        has_people = room is not None and bool(room.peers)
        return has_people or self.runs.is_busy or self._slot.spec is None

    # -- what people ask for -----------------------------------------------------------------------------------------

    async def choose(self, name: str, user: User) -> None:
        """Let the room have another kernel from its next run on; ``KernelNotFound``."""
        if await self._slot.choose(name, user):
            self.relay.forget()
            await self.runs.abort_left()
        if self._slot.spec is not None and self._slot.spec.name != name:
            await self.end()
        self._board.say(None)

    async def interrupt(self) -> None:
        """Interrupt the running cell; ``NoKernel``, ``KernelElsewhere``."""
        await self._slot.require().interrupt()

    async def restart(self) -> None:
        """Start the kernel anew; nothing waits to be run then. ``NoKernel``, ``KernelElsewhere``, ``KernelFailed``."""
        self._slot.require()
        self._board.say(None)
        await self._slot.restart()

    async def complete(self, code: str, cursor_pos: int, *, names_only: bool) -> dict[str, Any]:
        """The content of a Jupyter complete reply; ``NoKernel``, ``KernelElsewhere``, ``KernelBusy``.

        With ``names_only`` the kernel hears of nothing but the name before the cursor, and no files are answered.
        """
        if not names_only:
            return await self._ask(lambda kernel: kernel.complete(code, cursor_pos))
        name = name_before(code, cursor_pos)
        reply = await self._ask(lambda kernel: kernel.complete(name, len(name)))
        return only_names(reply if name else {**reply, "matches": []}, cursor_pos - len(name))

    async def inspect(self, code: str, cursor_pos: int, detail_level: int) -> dict[str, Any]:
        """The content of a Jupyter inspect reply; ``NoKernel``, ``KernelElsewhere``, ``KernelBusy``."""
        return await self._ask(lambda kernel: kernel.inspect(code, cursor_pos, detail_level))

    async def _ask(self, ask: Callable[[Kernel], Awaitable[dict[str, Any]]]) -> dict[str, Any]:
        kernel = self._slot.require()
        if self.runs.running is not None:
            raise KernelBusy("The kernel replies when the running cell has ended; wait, or interrupt it.")
        return await ask(kernel)
