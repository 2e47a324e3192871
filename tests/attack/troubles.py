"""What can happen to the file that a store lives in."""

import contextlib
import os
import resource
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import pytest

from ..servers import RunningServer, start_server

__all__ = ["TROUBLES", "Trouble", "disk", "remount", "server_on"]

DISK_BYTES = 2 * 2**20


class Trouble(Protocol):
    """A server whose store fails between :meth:`begin` and :meth:`end`."""

    server: RunningServer

    def begin(self) -> None:
        """From now on nothing can be saved."""

    def end(self) -> None:
        """All is well again."""


def server_on(folder: Path, store: Path) -> RunningServer:
    """A server that keeps its rooms in the file ``store``."""
    return start_server(folder, CollabExtension={"store_url": f"sqlite:///{store}"})


@contextmanager
def disk(place: Path, options: str = f"size={DISK_BYTES}") -> Iterator[Path]:
    """A small disk, mounted at ``place``; skips the test where that is not allowed."""
    place.mkdir()
    if os.geteuid() or subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", place]).returncode:
        pytest.skip("may not mount a disk here")
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", place], check=True)


def remount(place: Path, options: str) -> None:
    """Change the options of a :func:`disk`."""
    subprocess.run(["mount", "-o", f"remount,{options}", place], check=True)


class FullDisk:
    """Somebody else's file takes all the room that is left."""

    def __init__(self, server: RunningServer, place: Path) -> None:
        self.server = server
        self._filler = place / "filler"

    def begin(self) -> None:
        with contextlib.suppress(OSError), self._filler.open("wb", buffering=0) as filler:
            while True:
                filler.write(bytes(4096))

    def end(self) -> None:
        self._filler.unlink()

    @classmethod
    @contextmanager
    def happens(cls, folder: Path) -> Iterator["FullDisk"]:
        """A server on a small disk."""
        with disk(folder / "disk") as place, server_on(folder, place / "rooms.sqlite") as server:
            yield cls(server, place)


class FileLimit:
    """The server may write no file beyond a kilobyte: a full disk for those who may not mount one."""

    def __init__(self, server: RunningServer) -> None:
        self.server = server
        self._before = resource.prlimit(server.pid, resource.RLIMIT_FSIZE)

    def begin(self) -> None:
        resource.prlimit(self.server.pid, resource.RLIMIT_FSIZE, (1024, self._before[1]))

    def end(self) -> None:
        resource.prlimit(self.server.pid, resource.RLIMIT_FSIZE, self._before)

    @classmethod
    @contextmanager
    def happens(cls, folder: Path) -> Iterator["FileLimit"]:
        """A server that can be limited."""
        with server_on(folder, folder / "rooms.sqlite") as server:
            yield cls(server)


class Lock:
    """Another process holds the database's write lock."""

    def __init__(self, server: RunningServer, store: Path) -> None:
        self.server = server
        self._other = sqlite3.connect(store, isolation_level=None, timeout=10)

    def begin(self) -> None:
        self._other.execute("BEGIN IMMEDIATE")

    def end(self) -> None:
        self._other.execute("ROLLBACK")

    @classmethod
    @contextmanager
    def happens(cls, folder: Path) -> Iterator["Lock"]:
        """A server with somebody beside it in its store."""
        store = folder / "rooms.sqlite"
        with server_on(folder, store) as server:
            lock = cls(server, store)
            with contextlib.closing(lock._other):
                yield lock


TROUBLES: dict[str, Callable[[Path], contextlib.AbstractContextManager[Trouble]]] = {
    "full disk": FullDisk.happens,
    "file limit": FileLimit.happens,
    "locked": Lock.happens,
}
