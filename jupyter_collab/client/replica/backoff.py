"""Whether, and when, to come back after a connection has ended: the table of close codes in ``docs/wire.md``."""

import random
from dataclasses import dataclass
from enum import Enum

from ...errors import CloseCode

__all__ = ["Backoff", "Verdict", "verdict_of"]


@dataclass(frozen=True)
class Backoff:
    """How long to wait before one tries again: doubled each time, and a little at random.

    ``slow_down_seconds`` is the least, when the server said that this is too much for it.
    """

    first_seconds: float = 0.1
    longest_seconds: float = 10.0
    slow_down_seconds: float = 3.0

    def seconds(self, failures: int) -> float:
        """The wait after so many failures in a row (from 1)."""
        longest = min(self.longest_seconds, self.first_seconds * 2.0 ** min(failures - 1, 30))
        return longest * random.uniform(0.5, 1)  # noqa: S311  # spreads clients out; nothing to guess


class Verdict(Enum):
    """What follows from the end of a websocket."""

    RETRY = "retry"
    START_ANEW = "start anew"
    STOP = "stop"


FOR_GOOD = range(4400, 4500)

_VERDICTS: dict[int, Verdict] = {
    CloseCode.UNSUPPORTED: Verdict.STOP,
    CloseCode.MALFORMED: Verdict.START_ANEW,
    CloseCode.TOO_LARGE: Verdict.START_ANEW,
    CloseCode.FORBIDDEN: Verdict.START_ANEW,
    CloseCode.EPOCH_MISMATCH: Verdict.START_ANEW,
    CloseCode.ROOM_TOO_LARGE: Verdict.START_ANEW,
}


def verdict_of(code: int) -> Verdict:
    """What to do after a close with ``code``; of those that are not known, 4400 to 4499 are for good."""
    return _VERDICTS.get(code, Verdict.STOP if code in FOR_GOOD else Verdict.RETRY)
