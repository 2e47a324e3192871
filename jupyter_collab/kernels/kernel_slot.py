"""The place for a room's kernel on this server. It is empty, or has one: started, found again, restarted, ended."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import AsyncExitStack
from functools import partial
from typing import TypeVar

from ..access import User
from ..background import Background
from ..document import RoomDocument
from ..errors import KernelDied, KernelElsewhere, KernelFailed, NoKernel, RoomError, StoreError
from ..rooms import RoomManager
from ..store import BY_SERVER, Origin, OriginKind
from .board import Board
from .contract import Kernel, KernelHost, KernelSpec
from .kernel_lease import ELSEWHERE, RoomKernelLease
from .notebook import forget_kernel, has_former_mark, require_spec, set_spec, wanted_spec

__all__ = ["KernelSlot"]

log = logging.getLogger(__name__)

Found = TypeVar("Found")

RESTARTING = "restarting"

GONE = "The room's kernel is gone, because its server was started again. Run a cell to start a new one."
DIED = "The kernel died, or was restarted elsewhere. What it had in memory is gone: run the cells again."
ENDED = "The kernel has ended. Run a cell to start a new one."


class KernelSlot:
    """Has the kernel of the room ``room_id``, at most one, and tells ``board`` what becomes of it.

    ``on_lost`` is called when what the kernel had in memory is gone, whoever caused that.
    """

    def __init__(
        self, room_id: str, rooms: RoomManager, host: KernelHost, board: Board, on_lost: Callable[[], None]
    ) -> None:
        self._room_id = room_id
        self._rooms = rooms
        self._host = host
        self._board = board
        self._lease = RoomKernelLease(room_id, rooms.store, host.server)
        self._on_lost = on_lost
        self._kernel: Kernel | None = None
        self._spec: KernelSpec | None = None
        """What the kernel is, or the one that is being started."""
        self._expects_restart = False
        """Whether it is this server that starts the kernel anew."""
        self._changed = asyncio.Event()
        """Set with each status."""
        self._commands = asyncio.Lock()
        """One after the other starts, restarts or ends the kernel."""
        self._background = Background(f"kernel of room {room_id}")

    @property
    def spec(self) -> KernelSpec | None:
        """What the kernel is that is here, or that is being started."""
        return self._spec

    @property
    def may_interrupt(self) -> bool:
        """Whether there is a kernel that is not just being started anew."""
        return self._kernel is not None and self._kernel.status != RESTARTING

    def require(self) -> Kernel:
        """The kernel, ``NoKernel``, or ``KernelElsewhere`` if another server is known to have it."""
        if self._kernel is None:
            if self._lease.is_foreign:
                raise KernelElsewhere(ELSEWHERE)
            raise NoKernel("The room has no running kernel. Run a cell to start one.")
        return self._kernel

    async def require_here(self) -> None:
        """Raise ``KernelElsewhere`` if the kernel runs on another server; ``StoreUnavailable``."""
        await self._lease.require_here()

    async def look(self, look: Callable[[RoomDocument], Found]) -> Found:
        """What ``look`` finds in the room's document."""
        async with self._rooms.using(self._room_id) as room:
            return await room.look_into(look)

    async def _edit(self, change: Callable[[RoomDocument], None], origin: Origin = BY_SERVER) -> None:
        """Change the document, unless the store fails: then it stays as it is."""
        try:
            async with self._rooms.using(self._room_id) as room:
                await room.edits.change(change, origin)
        except (StoreError, RoomError) as error:
            log.warning("Room %s: what became of its kernel could not be written: %s", self._room_id, error)

    # -- its life ----------------------------------------------------------------------------------------------------

    async def attach(self) -> bool:
        """Find the room's kernel, or say that it is gone; returns whether runs of another server may go on.

        ``StoreUnavailable``: try again.
        """
        if self._kernel is not None:
            return False
        await self._lease.look()
        if self._lease.is_foreign:
            self._board.say(ELSEWHERE)
            return True
        kernel = await self._host.find(self._room_id) if self._lease.known is not None else None
        if kernel is not None:
            await self._found_again(kernel)
            return False
        if self._lease.known is not None or await self.look(has_former_mark):
            self._board.say(GONE)
            await self._edit(forget_kernel)
            await self._lease.drop()
        self._board.kernel_gone()
        return False

    async def ready(self, user: User) -> Kernel:
        """The kernel, which is started for ``user`` if there is none; one that is being started anew is waited for.

        Raises
        ------
        KernelNotFound, KernelFailed, KernelElsewhere, KernelDied
            Their messages say what to do.
        """
        kernel = await self._running(user)
        while self._kernel is kernel and kernel.status == RESTARTING:
            self._changed.clear()
            await self._changed.wait()
        if self._kernel is not kernel:
            raise KernelDied(ENDED)
        return kernel

    async def _running(self, user: User) -> Kernel:
        async with self._commands:
            if self._kernel is not None:
                if not self._lease.is_own:  # somebody wanted a kernel elsewhere, and did not run anything there yet
                    await self._lease.take(self._kernel.id)
                return self._kernel
            await self.require_here()
            async with self._rooms.using(self._room_id) as room:
                metadata, title = await room.look_into(lambda document: document.metadata), room.title
            spec = wanted_spec(await self._host.specs(), metadata)
            async with AsyncExitStack() as undo:
                undo.push_async_callback(self._not_started)
                self._spec = spec
                self._board.kernel_starts(spec)
                await self._lease.take("")
                kernel = await self._host.start(self._room_id, title, spec.name)
                undo.push_async_callback(kernel.shutdown)
                await self._lease.take(kernel.id)
                undo.pop_all()
            self._adopt(kernel, spec)
            if not metadata.get("kernelspec"):
                await self._edit(partial(set_spec, spec=spec), _origin(user))
            return kernel

    async def _found_again(self, kernel: Kernel) -> None:
        await self._lease.take(kernel.id)
        specs = await self._host.specs()
        self._adopt(kernel, specs.by_name.get(kernel.name) or KernelSpec(kernel.name, kernel.name, ""))

    async def _not_started(self) -> None:
        self._spec = None
        self._board.kernel_gone()
        await self._lease.drop()

    async def choose(self, name: str, user: User) -> bool:
        """Write into the notebook which kernel is started next, on this server; ``KernelNotFound``.

        Returns whether the room had a kernel on another server until now: its runs are given up.
        """
        spec = require_spec(await self._host.specs(), name)
        await self._lease.look()
        was_foreign = self._lease.is_foreign

        def change(document: RoomDocument) -> None:
            set_spec(document, spec)
            if was_foreign:
                forget_kernel(document)

        async with self._rooms.using(self._room_id) as room:
            await room.edits.change(change, _origin(user))
        if was_foreign:
            await self._lease.take_away()
        return was_foreign

    async def restart(self) -> None:
        """Start it anew; ``NoKernel``, ``KernelElsewhere``, ``KernelFailed``."""
        async with self._commands:
            kernel = self.require()
            self._on_lost()
            self._expects_restart = True
            try:
                await kernel.restart()
            except KernelFailed:
                self._ended()
                raise
            finally:
                self._expects_restart = False

    async def end(self) -> None:
        """End it, if there is one."""
        async with self._commands:
            kernel = self._kernel
            self._let_go()
            if kernel is not None:
                await kernel.shutdown()
                await self._lease.drop()

    async def leave(self) -> None:
        """Let go of the kernel, which may be found again, or be gone by then."""
        async with AsyncExitStack() as exits:  # whatever fails, the rest is done
            exits.callback(self._tell_nobody)
            if (kernel := self._kernel) is not None:
                exits.push_async_callback(kernel.close)
            exits.push_async_callback(self._background.close)
            if kernel is not None:
                await self._lease.let_go()

    def _tell_nobody(self) -> None:
        self._on_lost = _lose_nothing
        if self._kernel is not None:
            self._kernel.on_status = _hear_of_no_status

    # -- what happens to it ------------------------------------------------------------------------------------------

    def _adopt(self, kernel: Kernel, spec: KernelSpec) -> None:
        self._kernel, self._spec = kernel, spec
        self._board.kernel_runs(kernel.id, spec, kernel.status)
        kernel.on_status = self._take_status
        self._take_status(kernel.status)

    def _take_status(self, status: str) -> None:
        self._changed.set()
        if status == "dead":
            self._ended()
        elif status == RESTARTING and not self._expects_restart:
            self._on_lost()
            self._board.kernel_is(status, DIED)
        else:
            self._board.kernel_is(status)

    def _ended(self) -> None:
        """The kernel is gone, and nobody here has ended it."""
        kernel = self._kernel
        self._let_go()
        if kernel is not None:
            self._board.say(ENDED)
            self._background.run_once(f"bury {kernel.id}", partial(self._bury, kernel))

    async def _bury(self, kernel: Kernel) -> None:
        await kernel.shutdown()
        async with self._commands:
            if self._lease.known is not None and self._lease.known.kernel_id == kernel.id:
                await self._lease.drop()

    def _let_go(self) -> None:
        if self._kernel is not None:
            self._kernel.on_status = _hear_of_no_status
        self._kernel = self._spec = None
        self._changed.set()
        self._on_lost()
        self._board.kernel_gone()


def _lose_nothing() -> None:
    """What is lost with a kernel of which nobody wants to hear."""


def _hear_of_no_status(_status: str) -> None:
    """Who hears of the status of a kernel that nobody has here."""


def _origin(user: User) -> Origin:
    """Where what the document says of a kernel comes from that ``user`` wanted."""
    return Origin.by(user, OriginKind.KERNEL)
