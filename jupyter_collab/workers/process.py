"""One worker process, as the server sees it. Its methods block and are for threads, but for :meth:`kill`."""

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from .frames import read_frame, write_frame
from .worker import Outcome

__all__ = ["WorkerEnded", "WorkerProcess"]

PACKAGE = __package__.partition(".")[0]
ROOT = str(Path(__file__).resolve().parents[__package__.count(".") + 1])

NICENESS = 5
"""Everybody waits for the server, and only one person for a job: so the server has the processor first."""

START = f"""
import os, sys
if hasattr(os, "nice"):  # not on Windows
    os.nice({NICENESS})
sys.path.append({ROOT!r})
from {__package__}.worker import main
main(int(sys.argv[1]), float(sys.argv[2]))
"""
"""Not ``-m``: the package need not be where a new interpreter looks for it."""


ONE_HEAP = {"MALLOC_ARENA_MAX": "1"}
"""With glibc, a second thread else takes address space for a heap of its own, which counts as memory."""


class WorkerEnded(Exception):
    """The process ended before it returned a result."""


class WorkerProcess:
    """It is started with its first job. It is spent when it keeps much memory, or has found that there is no more."""

    def __init__(self, memory_bytes: int, seconds: float) -> None:
        # -P: the server's folder, where people keep their own files, is no place to import from.
        self._command = [sys.executable, "-P", "-c", START, str(memory_bytes), str(seconds)]
        self._process: subprocess.Popen[bytes] | None = None
        self._is_ended = False
        self._is_spent = False
        self._lock = threading.Lock()

    @property
    def is_good(self) -> bool:
        """Whether it can do another job."""
        return not (self._is_spent or self._is_ended) and (self._process is None or self._process.poll() is None)

    def call(self, work: Callable[..., object], *arguments: object) -> tuple[Outcome, Any]:
        """Let the process do ``work``, a function that it can import; raises ``WorkerEnded``."""
        process = self._start()
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            write_frame(process.stdin, [work, *arguments])  # type: ignore[arg-type]  # it is a binary stream
            outcome, value, self._is_spent = read_frame(process.stdout)  # type: ignore[arg-type]  # as above
        except (EOFError, OSError) as error:
            self.end()
            raise WorkerEnded(f"exit status {process.returncode}") from error
        return outcome, value

    def _start(self) -> "subprocess.Popen[bytes]":
        with self._lock:
            if self._is_ended:
                raise WorkerEnded("it was not wanted any more")
            if self._process is None:
                self._process = subprocess.Popen(  # noqa: S603  # our own program
                    self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={**os.environ, **ONE_HEAP}
                )
            return self._process

    def kill(self) -> None:
        """End the process at once, whatever it does; :meth:`end` has to follow."""
        with self._lock:
            self._is_ended = True
            if self._process is not None:
                self._process.kill()

    def end(self) -> None:
        """End the process, and wait until it has gone; again does nothing."""
        self.kill()
        if self._process is not None:
            self._process.wait()
            for pipe in (self._process.stdin, self._process.stdout):
                if pipe is not None:
                    with suppress(OSError):  # what it was still to be sent
                        pipe.close()
