"""What tests let worker processes do."""

import os
import re
import time
from pathlib import Path

from jupyter_collab.errors import ContentError

__all__ = [
    "allocate",
    "die",
    "fail",
    "keep",
    "length",
    "nap",
    "process_id",
    "refuse",
    "regular_expression",
    "say",
    "spin",
]


def process_id() -> int:
    return os.getpid()


def length(data: bytes) -> int:
    return len(data)


def say(words: str) -> str:
    """Print, which must not come between the server and the worker."""
    print(words)
    return words


def nap(seconds: float) -> None:
    time.sleep(seconds)


def spin(started: str) -> None:
    """Work for ever, once the file ``started`` has the process's id."""
    Path(started).write_text(str(os.getpid()))
    while True:
        pass


def regular_expression(started: str) -> object:
    """As :func:`spin`, but no other thread runs meanwhile."""
    Path(started).write_text(str(os.getpid()))
    return re.fullmatch("(a*)*b", "a" * 100)


def allocate(size: int) -> int:
    return len(bytearray(size))


KEPT: list[bytes] = []


def keep(size: int) -> int:
    KEPT.append(bytes(size))
    return os.getpid()


def die() -> None:
    os.kill(os.getpid(), 9)


def fail() -> None:
    raise RuntimeError("a fault of ours")


def refuse() -> None:
    raise ContentError("No.")


def niceness() -> int:
    """How much this process leaves the processor to others."""
    return os.nice(0)
