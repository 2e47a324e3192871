"""How much memory a server holds."""

import psutil

from ..servers import RunningServer

__all__ = ["MIB", "resident_bytes"]

MIB = 2**20


def resident_bytes(server: RunningServer) -> int:
    """The resident memory of the server's process."""
    resident: int = psutil.Process(server.pid).memory_info().rss
    return resident
