"""Kernel leases in the SQL store."""

from sqlalchemy import Connection, select

from ..database import Database
from ..rooms.rows import find_room
from ..schema import kernel_leases
from .contract import KernelLease, KernelLeaseStore

__all__ = ["SQLKernelLeases"]


class SQLKernelLeases(KernelLeaseStore):
    """Kernel leases in ``database``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def kernel_lease(self, room_id: str) -> KernelLease | None:
        return await self._database.read(lambda connection: _lease(connection, room_id))

    async def put_kernel_lease(
        self, room_id: str, lease: KernelLease | None, instead_of: KernelLease | None
    ) -> KernelLease | None:
        def put(connection: Connection) -> KernelLease | None:
            find_room(connection, room_id, deleted=True)
            found = _lease(connection, room_id)
            if found != instead_of:
                return found
            connection.execute(kernel_leases.delete().where(kernel_leases.c.room_id == room_id))
            if lease is not None:
                values = {"room_id": room_id, "server": lease.server, "kernel_id": lease.kernel_id}
                connection.execute(kernel_leases.insert().values(values))
            return lease

        return await self._database.write(put, room_id)


def _lease(connection: Connection, room_id: str) -> KernelLease | None:
    query = select(kernel_leases.c.server, kernel_leases.c.kernel_id).where(kernel_leases.c.room_id == room_id)
    row = connection.execute(query).first()
    return None if row is None else KernelLease(row.server, row.kernel_id)
