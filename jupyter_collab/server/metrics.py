"""What a server tells Prometheus of its rooms and its event loop, beside Jupyter's own metrics at ``/metrics``.

There are no names in it: neither of rooms nor of people. Between two scrapes all this costs one timer, and only while
somebody edits.
"""

import asyncio
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import accumulate

from prometheus_client import REGISTRY
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from ..background import Background
from ..kernels.room_kernels import RoomKernels
from ..rooms import Peer, Room, RoomManager, RoomWatcher
from ..store import LogEntry
from ..workers import Workers

__all__ = ["Metrics"]

PREFIX = "jupyter_collab_"

BEAT_SECONDS = 0.02
BUCKETS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
PAUSE_SECONDS = 0.02
"""Nobody notices less."""

WINDOW_SECONDS = 60.0

REST_SECONDS = 5.0
"""So long after the last edit nobody waits for anything, and a timer would only wake the machine."""


class Heart:
    """Finds out how late the event loop comes to what it should do: a timer says when that was due.

    What is late is a pause from before it was due, so a pause is told by up to ``BEAT_SECONDS`` too short.

    Attributes
    ----------
    counts
        How often it was late by up to each of ``BUCKETS``, in seconds, and by more.
    late_seconds
        All of these together.
    paused_seconds
        The same of those that were late by more than ``PAUSE_SECONDS``.
    """

    def __init__(self) -> None:
        self.counts = [0] * (len(BUCKETS) + 1)
        self.late_seconds = 0.0
        self.paused_seconds = 0.0
        self._background = Background("the metrics")
        self._timer: asyncio.TimerHandle | None = None
        self._due_at = 0.0
        self._rests_at = 0.0
        self._longest = self._longest_before = 0.0
        """In this window and in the one before, as of ``_window_ends_at``."""
        self._window_ends_at = 0.0

    def beat(self) -> None:
        """Look at the clock for a while from now on."""
        now = asyncio.get_running_loop().time()
        self._rests_at = now + REST_SECONDS
        if self._timer is None:
            self._wait(now)

    async def close(self) -> None:
        """Stop for good."""
        await self._background.close()

    def longest_seconds(self) -> float:
        """By how much it was late at worst in the last minute or two."""
        self._turn_window(asyncio.get_running_loop().time())
        return max(self._longest, self._longest_before)

    def _wait(self, now: float) -> None:
        self._due_at = now + BEAT_SECONDS
        self._timer = self._background.later(BEAT_SECONDS, "looking at the clock", self._look)

    def _look(self) -> None:
        now = asyncio.get_running_loop().time()
        late = max(0.0, now - self._due_at)
        self.counts[bisect_left(BUCKETS, late)] += 1
        self.late_seconds += late
        if late > PAUSE_SECONDS:
            self.paused_seconds += late
        self._turn_window(now)
        self._longest = max(self._longest, late)
        self._timer = None
        if now < self._rests_at:
            self._wait(now)

    def _turn_window(self, now: float) -> None:
        if now >= self._window_ends_at:
            is_next = now < self._window_ends_at + WINDOW_SECONDS
            self._longest_before = self._longest if is_next else 0.0
            self._longest = 0.0
            self._window_ends_at = now + WINDOW_SECONDS


class Metrics(RoomWatcher):
    """What one server tells of ``rooms``, whose watcher it must be, of their kernels and of the worker processes."""

    def __init__(self, rooms: RoomManager, kernels: RoomKernels, workers: Workers) -> None:
        self.heart = Heart()
        self.rooms = rooms
        self._kernels = kernels
        self._workers = workers

    def publish(self) -> None:
        """Be among what this process tells, until :meth:`close`."""
        PROCESS.add(self)

    async def close(self) -> None:
        """Tell nothing any more."""
        PROCESS.remove(self)
        await self.heart.close()

    def joined(self, room: Room, peer: Peer) -> None:
        """There is somebody who would have to wait."""
        self.heart.beat()

    def changed(self, room: Room, entries: Sequence[LogEntry]) -> None:
        """As above."""
        self.heart.beat()

    def counters(self) -> dict[str, float]:
        """What only grows, by name."""
        counts = self.rooms.counts
        return {
            "edits_taken": counts.edits_taken,
            "edits_refused": counts.edits_refused,
            "divergences": counts.divergences,
            "healings": counts.healings,
            "event_loop_paused_seconds": self.heart.paused_seconds,
        }

    def gauges(self) -> dict[str, float]:
        """What there is now, by name."""
        rooms = self.rooms.live_rooms
        return {
            "open_rooms": len(rooms),
            "connections": sum(len(room.peers) for room in rooms),
            "unsaved_bytes": sum(room.unsaved_bytes for room in rooms),
            "conversions_running": self._workers.busy,
            "conversions_waiting": self._workers.waiting,
            "runs_waiting": sum(self._kernels.waiting_runs),
        }

    def used(self) -> dict[str, float]:
        """How much of each limit is used, 1 for all of it, where most of it is."""
        rooms, limits = self.rooms.live_rooms, self.rooms.limits
        return {
            "rooms_per_server": len(rooms) / limits.rooms_per_server,
            "peers_per_room": max((len(room.peers) for room in rooms), default=0) / limits.peers_per_room,
            "room_bytes": max((room.size_bytes for room in rooms), default=0) / limits.room_bytes,
            "unsaved_bytes": max((room.unsaved_bytes for room in rooms), default=0) / limits.unsaved_bytes,
            "queued_runs_per_room": max(self._kernels.waiting_runs, default=0) / self._kernels.limits.queued_runs,
            "conversions": self._workers.busy / self._workers.processes,
        }


WORDS = {
    "edits_taken": "Edits that were taken in.",
    "edits_refused": "Edits that were refused.",
    "divergences": "Connections whose document came to differ from the room's.",
    "healings": "How often a room's document had to be made again from what is stored.",
    "event_loop_paused_seconds": f"How long the event loop was late, each time that it was by {PAUSE_SECONDS:g} s.",
    "open_rooms": "Rooms in memory.",
    "connections": "Connections to rooms.",
    "unsaved_bytes": "Edits that are not durable yet.",
    "conversions_running": "Notebooks and files that are being read or written.",
    "conversions_waiting": "Those that wait until others are done.",
    "runs_waiting": "Cells that wait to be run.",
}


class Process(Collector):
    """What all servers in this process tell together: they share one registry."""

    def __init__(self) -> None:
        self._servers: list[Metrics] = []

    def add(self, server: Metrics) -> None:
        """Let ``server`` be among them."""
        if not self._servers:
            REGISTRY.register(self)
        self._servers.append(server)

    def remove(self, server: Metrics) -> None:
        """Take it out again; if it is not there, nothing is done."""
        if server in self._servers:
            self._servers.remove(server)
            if not self._servers:
                REGISTRY.unregister(self)

    def describe(self) -> list[Metric]:
        """Called when this is registered: what is told is told by :meth:`collect`."""
        return []

    def collect(self) -> Iterator[Metric]:
        """All metrics; called for each scrape."""
        for name, value in _together(server.counters() for server in self._servers).items():
            yield CounterMetricFamily(PREFIX + name, WORDS[name], value=value)
        for name, value in _together(server.gauges() for server in self._servers).items():
            yield GaugeMetricFamily(PREFIX + name, WORDS[name], value=value)
        used = [server.used() for server in self._servers]
        family = GaugeMetricFamily(PREFIX + "limit_used_ratio", "How much of a limit is used.", labels=["limit"])
        for name in used[0]:
            family.add_metric([name], max(each[name] for each in used))
        yield family
        yield from self._lateness([server.heart for server in self._servers])

    def _lateness(self, hearts: Sequence[Heart]) -> Iterator[Metric]:
        counts = [sum(column) for column in zip(*(heart.counts for heart in hearts), strict=True)]
        bounds = [*(f"{bucket:g}" for bucket in BUCKETS), "+Inf"]
        yield HistogramMetricFamily(
            PREFIX + "event_loop_lateness_seconds",
            "How late the event loop came to what it should do, looked at often.",
            buckets=list(zip(bounds, accumulate(counts), strict=True)),
            sum_value=sum(heart.late_seconds for heart in hearts),
        )
        yield GaugeMetricFamily(
            PREFIX + "event_loop_longest_pause_seconds",
            "The worst of that in the last minute or two.",
            value=max(heart.longest_seconds() for heart in hearts),
        )


PROCESS = Process()


def _together(values: Iterable[Mapping[str, float]]) -> dict[str, float]:
    """The sums over all servers, by name."""
    first, *others = values
    return {name: value + sum(other[name] for other in others) for name, value in first.items()}
