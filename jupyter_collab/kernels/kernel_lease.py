"""The lease of a room's kernel, as the store has it: of several servers one may have a kernel for the room."""

import asyncio
import logging

from ..errors import KernelElsewhere, RoomError, StoreError
from ..store import KernelLease, Store

__all__ = ["ELSEWHERE", "RoomKernelLease"]

log = logging.getLogger(__name__)

ELSEWHERE = "The room's kernel runs on another server. Run cells there, or choose a kernel to use one here."


class RoomKernelLease:
    """Who has the kernel of the room ``room_id``, for the server with the id ``server``.

    ``known`` is the lease that the store named last.
    """

    def __init__(self, room_id: str, store: Store, server: str) -> None:
        self.known: KernelLease | None = None
        self._room_id = room_id
        self._store = store
        self._server = server
        self._turns = asyncio.Lock()

    @property
    def is_own(self) -> bool:
        """Whether this server had the lease when that was looked up."""
        return self.known is not None and self.known.server == self._server

    @property
    def is_foreign(self) -> bool:
        """Whether another server had it."""
        return self.known is not None and self.known.server not in ("", self._server)

    async def look(self) -> None:
        """Look up what the store says; ``StoreUnavailable``."""
        self.known = await self._store.kernel_lease(self._room_id)

    async def require_here(self) -> None:
        """Raise ``KernelElsewhere`` if another server has the lease; those who ask go on in the order of asking."""
        async with self._turns:
            await self.look()
        if self.is_foreign:
            raise KernelElsewhere(ELSEWHERE)

    async def take(self, kernel_id: str) -> None:
        """Have the lease from now on, for this kernel, or an empty id for one that starts.

        Raises
        ------
        KernelElsewhere
            Another server has it.
        NotSaved, RoomNotFound
            It is as it was.
        """
        own = KernelLease(self._server, kernel_id)
        while self.known != own:
            if self.is_foreign:
                raise KernelElsewhere(ELSEWHERE)
            self.known = await self._store.put_kernel_lease(self._room_id, own, self.known)

    async def let_go(self) -> None:
        """Keep other servers out no longer, although the kernel may be found again here."""
        if self.known is not None and self.is_own:
            await self._put(KernelLease("", self.known.kernel_id))

    async def drop(self) -> None:
        """The kernel is no more; a lease that another server has by now stays."""
        if self.known is not None and not self.is_foreign:
            await self._put(None)

    async def take_away(self) -> None:
        """Take the lease away from the server that has it."""
        await self._put(None)

    async def _put(self, lease: KernelLease | None) -> None:
        """Exchange the lease, unless the store fails: then it stays as it is, and the room may say that it is gone."""
        try:
            self.known = await self._store.put_kernel_lease(self._room_id, lease, self.known)
        except (StoreError, RoomError) as error:
            log.warning("Room %s: what its kernel is could not be noted: %s", self._room_id, error)
