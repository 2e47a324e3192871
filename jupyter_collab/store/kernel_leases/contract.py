"""The store's contract for kernels: a room has at most one, and the store records its server."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

__all__ = ["KernelLease", "KernelLeaseStore"]


@dataclass(frozen=True, slots=True)
class KernelLease:
    """Which server has a room's kernel, or starts it, and which kernel that is.

    ``server`` is the server's id, or empty once it has released the kernel. ``kernel_id`` is empty while it starts.
    """

    server: str
    kernel_id: str


class KernelLeaseStore(ABC):
    """The contract."""

    @abstractmethod
    async def kernel_lease(self, room_id: str) -> KernelLease | None:
        """The server that has the room's kernel; ``None`` if none has."""

    @abstractmethod
    async def put_kernel_lease(
        self, room_id: str, lease: KernelLease | None, instead_of: KernelLease | None
    ) -> KernelLease | None:
        """Put ``lease`` in the place of ``instead_of``, unless another is there by now; return the one that is there.

        So of several who want it at once one gets it. ``RoomNotFound`` if there is no such room.
        """
