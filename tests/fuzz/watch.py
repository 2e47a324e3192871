"""An extension of a server that sees how long its event loop is paused: each of its callbacks is timed.

``GET tests/pauses`` tells the server's own user all that took long since the last time, and forgets it.
"""

import asyncio
import gc
import sys
import threading
import time
from time import perf_counter, thread_time
from typing import Any, NamedTuple

import httpx
import psutil
from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.utils import url_path_join
from tornado.web import authenticated

from ..servers import PLAIN, RunningServer

__all__ = ["WATCHED", "Pause", "Seen", "look"]

TOLD_AT = "tests/pauses"

WATCHED = {"jpserver_extensions": {"jupyter_collab": True, __name__: True}}
"""What the section ``ServerApp`` of a server's configuration needs for it."""

TOLD_SECONDS = 0.005
"""What took less is not told."""

FULL_GENERATION = 2
"""What the garbage collector calls a run that looks at all that it knows of."""

LOOK_SECONDS = 0.02
"""Of what takes longer it is told where it was then."""


class Pause(NamedTuple):
    """One callback of the event loop: how long it took, how much of that its thread worked, and collected garbage.

    ``where`` says where it was, once it had taken long.
    """

    seconds: float
    work_seconds: float
    collecting_seconds: float
    where: str


class Seen(NamedTuple):
    """What the server says of itself: the pauses since the last time, and its memory now.

    ``tracked_objects`` is how many objects a full run of the garbage collector looks at; 0 if none was asked for.
    ``most_looked_at`` is at how many one looked that came of its own accord, at most.
    """

    pauses: list[Pause]
    resident_bytes: int
    process_id: int
    tracked_objects: int
    most_looked_at: int


def look(server: RunningServer, *, collect: bool = False) -> Seen:
    """What was seen since the last time; ``collect`` to have the garbage collector run first."""
    url = f"{server.url}{TOLD_AT}"
    answer = httpx.get(url, params={"collect": str(collect)}, headers=server.headers, verify=PLAIN, timeout=60)
    told = answer.raise_for_status().json()
    return Seen(**{**told, "pauses": [Pause(*pause) for pause in told["pauses"]]})


class _Watch:
    """Times all callbacks of this thread's event loop."""

    def __init__(self) -> None:
        self.pauses: list[Pause] = []
        self.most_looked_at = 0
        self._thread = threading.get_ident()
        self._began = 0.0
        self._where = ""
        self._collecting_since = 0.0
        self._collected = 0.0

    def begin(self) -> None:
        """From now on, for as long as the process lives."""
        run = asyncio.Handle._run

        def timed(handle: asyncio.Handle) -> None:
            if threading.get_ident() != self._thread:
                run(handle)
                return
            self._where = ""
            self._collected = 0.0
            self._began = began = perf_counter()
            worked = thread_time()
            try:
                run(handle)
            finally:
                self._began = 0.0
                took = perf_counter() - began
                if took > TOLD_SECONDS:
                    self._note(handle, took, thread_time() - worked)

        asyncio.Handle._run = timed  # type: ignore[assignment,method-assign]  # there is no hook for it
        gc.callbacks.append(self._hear_collector)
        threading.Thread(target=self._look, daemon=True).start()

    def _note(self, handle: asyncio.Handle, seconds: float, work_seconds: float) -> None:
        self.pauses.append(Pause(seconds, work_seconds, self._collected, self._where or repr(handle)))

    def _hear_collector(self, phase: str, info: dict[str, int]) -> None:
        if phase == "start" and info["generation"] == FULL_GENERATION:
            self.most_looked_at = max(self.most_looked_at, len(gc.get_objects()))
        if threading.get_ident() == self._thread:
            if phase == "start":
                self._collecting_since = thread_time()
            else:
                self._collected += thread_time() - self._collecting_since

    def _look(self) -> None:
        """See where the event loop is that has been in one callback for long."""
        while True:
            time.sleep(LOOK_SECONDS / 4)
            began = self._began
            if began and not self._where and perf_counter() - began > LOOK_SECONDS:
                frame = sys._current_frames().get(self._thread)
                self._where = _stack(frame)


def _stack(frame: Any) -> str:
    places: list[str] = []
    while frame is not None and len(places) < 8:
        code = frame.f_code
        places.append(f"{'/'.join(code.co_filename.rsplit('/', 2)[1:])}:{frame.f_lineno} {code.co_qualname}")
        frame = frame.f_back
    return " < ".join(places)


class _PausesHandler(JupyterHandler):
    """See :func:`look`."""

    @authenticated
    def get(self) -> None:
        """What was seen."""
        watch: _Watch = self.settings["tests_watch"]
        pauses, watch.pauses = watch.pauses, []
        most_looked_at, watch.most_looked_at = watch.most_looked_at, 0
        tracked = 0
        if self.get_query_argument("collect") == "True":
            gc.collect()
            tracked = len(gc.get_objects())
        process = psutil.Process()
        self.finish(Seen(pauses, process.memory_info().rss, process.pid, tracked, most_looked_at)._asdict())


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": __name__}]


def _load_jupyter_server_extension(app: Any) -> None:
    watch = app.web_app.settings["tests_watch"] = _Watch()
    watch.begin()
    app.web_app.add_handlers(".*$", [(url_path_join(app.base_url, TOLD_AT), _PausesHandler)])
