"""Rounds of made-up plans against one server, and what must be true of it at their end."""

import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from ..attack.memory import MIB
from .corpus import read_plans
from .kinds import KINDS, replay
from .running import MAX_GROWTH_BYTES, MAX_PAUSE_SECONDS, FuzzedServer, Plan
from .search import Failure, search
from .watch import Pause

__all__ = ["EXAMPLES", "Ended", "Rounds"]

EXAMPLES = 25
"""So many plans are made of one seed."""

WARM_PLANS = 25
"""So many are played before the memory is looked at: some of what is needed is loaded only then."""

SETTLING_SECONDS = 3.0
MAX_REPLAYED, REPLAYS = 3, 3


@dataclass(frozen=True)
class Ended:
    """What was seen at the end: what was not as it should be, and figures."""

    faults: list[str]
    words: str


class LongPause(NamedTuple):
    """The event loop did nothing else for long, while this plan was played or before."""

    plan: Plan
    pause: Pause


class Rounds:
    """A server, and plans of one kind that are played against it. A context manager.

    ``plays`` counts the plans. Pauses are measured by what the event loop's thread worked: what else the machine does
    makes none longer.
    """

    def __init__(self, folder: Path, kind: str) -> None:
        self.plays = 0
        self._kind = kind
        self._fuzzed = FuzzedServer(folder)
        self._warm_bytes: int | None = None
        self._long_pauses: list[LongPause] = []
        self._longest: LongPause | None = None
        self._longest_wait: LongPause | None = None
        self._began = time.monotonic()

    def __enter__(self) -> "Rounds":
        self._fuzzed.__enter__()
        return self

    def __exit__(self, *ended: object) -> None:
        self._fuzzed.__exit__(*ended)

    def replay_found(self) -> None:
        """Play all that failed once; raises if anything does again."""
        for plan in read_plans(self._kind).values():
            replay(self._fuzzed, plan)

    def play(self, seed: int) -> Failure | None:
        """A round: all plans of a seed."""
        failure = search(KINDS[self._kind].plans, self._play, seed, EXAMPLES)
        if failure is not None and not self._fuzzed.server.is_running:
            self._fuzzed.restart()
        if self._warm_bytes is None and self.plays >= WARM_PLANS:
            self._warm_bytes = self._settled_bytes()
        return failure

    def _play(self, plan: Plan) -> None:
        self.plays += 1
        for pause in replay(self._fuzzed, plan):
            long = LongPause(plan, pause)
            self._longest = max(self._longest or long, long, key=lambda found: found.pause.work_seconds)
            self._longest_wait = max(self._longest_wait or long, long, key=lambda found: found.pause.seconds)
            if pause.work_seconds > MAX_PAUSE_SECONDS:
                self._long_pauses.append(long)

    def _settled_bytes(self) -> int:
        time.sleep(SETTLING_SECONDS)  # rooms without people are put away, and worker processes end
        return self._fuzzed.resident_bytes()

    def end(self) -> Ended:
        """Look whether the memory is free again, whether pauses come again, and what a restart makes of the rooms."""
        seconds = time.monotonic() - self._began
        grown = self._settled_bytes() - (self._warm_bytes or 0)
        again = self._pauses_that_come_again()
        faults = [f"a pause of {_words(pause)}" for pause in again]
        if grown > MAX_GROWTH_BYTES:
            faults.append(f"the server's memory has grown by {grown / MIB:.0f} MB")
        faults += [f"after a restart, room {room} has another content" for room in self._fuzzed.restart()]
        return Ended(
            faults,
            f"{self.plays:,} plans, {self.plays / seconds:.1f} a second; memory has grown by {grown / MIB:.0f} MB; "
            f"{len(self._long_pauses)} pauses of more than {1000 * MAX_PAUSE_SECONDS:.0f} ms of work, {len(again)} of "
            f"the {MAX_REPLAYED} longest again with the same plan\n  longest: {_words(self._longest)}\n  longest by "
            f"the clock: {_words(self._longest_wait)}",
        )

    def _pauses_that_come_again(self) -> list[LongPause]:
        """Those that are there each time that their plan is played: others free what many plans have left."""
        found = sorted(self._long_pauses, key=lambda long: -long.pause.work_seconds)[:MAX_REPLAYED]
        return [long for long in found if all(self._pauses_again(long.plan) for _ in range(REPLAYS))]

    def _pauses_again(self, plan: Plan) -> bool:
        return any(pause.work_seconds > MAX_PAUSE_SECONDS for pause in replay(self._fuzzed, plan))


def _words(long: LongPause | None) -> str:
    if long is None:
        return "none"
    pause = long.pause
    return (
        f"{1000 * pause.seconds:.0f} ms ({1000 * pause.work_seconds:.0f} ms of work, "
        f"{1000 * pause.collecting_seconds:.0f} ms of it for garbage) at {pause.where[:300]}; "
        f"plan: {json.dumps(long.plan)[:300]}"
    )
