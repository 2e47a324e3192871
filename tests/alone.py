"""What only one of pytest's workers may do at a time."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["alone_with"]


@contextmanager
def alone_with(file: Path) -> Iterator[None]:
    """Wait until no other process is alone with ``file``, which exists; a process that ends lets go of it."""
    with file.open() as locked:
        fcntl.flock(locked, fcntl.LOCK_EX)
        yield
