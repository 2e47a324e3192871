"""What runs in a worker process: one job after the other, within bounds of memory and time.

It ends when the server does, however that ended: a thread of its own waits for the end of the pipe, and a job that
does not even let this thread run ends by a watchdog that needs nobody's consent.
"""

import faulthandler
import gc
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from queue import SimpleQueue
from typing import Any, BinaryIO

from ..errors import CollabError
from .frames import read_frame, write_frame

__all__ = ["Outcome", "main"]

GRACE_SECONDS = 5.0
"""The server itself ends what takes too long; the watchdog comes later, in case that the server has gone."""

Job = tuple[Callable[..., object], list[Any]]


class Outcome(StrEnum):
    """How a job ended."""

    DONE = "done"
    REFUSED = "refused"
    OUT_OF_MEMORY = "out_of_memory"
    FAILED = "failed"


def main(memory_bytes: int, seconds: float) -> None:
    """Work, until the server closes the pipe. A job has ``memory_bytes`` above what there is now, and ``seconds``."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # in a terminal it reaches the server too, which asks back
    gc.disable()  # done below, in this thread: pycrdt's objects must not be freed in another one
    requests, answers = _take_pipes()
    jobs: SimpleQueue[Job] = SimpleQueue()
    threading.Thread(target=_listen, args=(requests, jobs), daemon=True).start()
    most_kept_bytes = _memory_bytes() + memory_bytes // 4
    _bound_memory(memory_bytes)
    with Path(os.devnull).open("w") as nowhere:
        while True:
            work, arguments = jobs.get()
            faulthandler.dump_traceback_later(seconds + GRACE_SECONDS, exit=True, file=nowhere)
            outcome, value = _run(work, arguments)
            is_spent = outcome is Outcome.OUT_OF_MEMORY or _memory_bytes() > most_kept_bytes
            write_frame(answers, [outcome, value, is_spent])
            faulthandler.cancel_dump_traceback_later()
            del work, arguments, value
            gc.collect()  # nobody waits for it now


def _take_pipes() -> tuple[BinaryIO, BinaryIO]:
    """The pipes from and to the server, which nothing else in this process can read or print to from now on."""
    requests, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nowhere, 0)
    os.close(nowhere)
    os.dup2(2, 1)
    return requests, answers


def _listen(requests: BinaryIO, jobs: "SimpleQueue[Job]") -> None:
    try:
        while True:
            work, *arguments = read_frame(requests)
            jobs.put((work, arguments))
            del work, arguments
    except EOFError:  # the server has closed the pipe, or has gone
        os._exit(0)
    except BaseException:  # noqa: BLE001  # nobody else would see it
        traceback.print_exc()
        os._exit(1)


def _bound_memory(more_bytes: int) -> None:
    """Let this process have ``more_bytes`` more than it has, where the system can be told so: on Linux."""
    present = _memory_bytes()
    if not present:
        return
    import resource  # not above: Windows has none

    most = present + more_bytes
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    if hard != resource.RLIM_INFINITY:
        most = min(most, hard)
    resource.setrlimit(resource.RLIMIT_AS, (most, most))


def _memory_bytes() -> int:
    """How much memory this process has; 0 if the system does not say."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[0])
    except OSError:
        return 0
    return pages * os.sysconf("SC_PAGESIZE")


def _run(work: Callable[..., object], arguments: list[Any]) -> tuple[Outcome, object]:
    try:
        return Outcome.DONE, work(*arguments)
    except CollabError as error:
        return Outcome.REFUSED, error
    except MemoryError:
        return Outcome.OUT_OF_MEMORY, None
    except BaseException:  # noqa: BLE001  # the boundary of one job; pycrdt's panics are no Exception
        return Outcome.FAILED, traceback.format_exc()


if __name__ == "__main__":
    main(int(sys.argv[1]), float(sys.argv[2]))
