"""The garbage collector of a server whose rooms stay: it looks once at what stays, and seldom at everything.

A full run looks at every object that there is, which takes half a microsecond for each, and everybody waits meanwhile.
Modules and classes are some 150,000 objects, and a room has some 70 for each cell. So what a full run finds in use is
set aside, and the next one looks only at what came since. Most of that is freed all the same when nobody refers to it
any more. Only cycles stay that become garbage later; they are found when all is looked at.
"""

import gc
import time
from collections.abc import Callable

from ..background import Background

__all__ = ["Garbage"]

THRESHOLDS = (700, 5, 2)
"""A full run comes after some 12,000 objects more, and takes some five milliseconds."""

FULL_GENERATION = 2

MIN_SECONDS_BETWEEN = 600.0
SECONDS_PER_SECOND = 5_000.0
"""All is looked at every ten minutes, or less often: that may take one five-thousandth of the time."""


class Garbage:
    """Spares everybody the garbage collector's long runs, from :meth:`begin` to :meth:`close`; ``clock`` times them."""

    def __init__(self, clock: Callable[[], float] = time.thread_time) -> None:
        self._clock = clock
        self._background = Background("looking for garbage")
        self._former_thresholds = gc.get_threshold()

    def begin(self) -> None:
        """Freeze the present objects, and later the ones that stay."""
        self._former_thresholds = gc.get_threshold()
        gc.set_threshold(*THRESHOLDS)
        gc.callbacks.append(self._heard)
        self.look_at_all()

    def look_at_all(self) -> None:
        """Free all garbage, freeze the remaining objects, and repeat later."""
        began = self._clock()
        gc.unfreeze()
        gc.collect()
        gc.collect()  # Python waits with a full run until a quarter more is there than the last one found: now nothing
        seconds = max(MIN_SECONDS_BETWEEN, (self._clock() - began) * SECONDS_PER_SECOND)
        self._background.later(seconds, "looking at all", self.look_at_all)

    async def close(self) -> None:
        """Leave the garbage collector as it was; again does nothing."""
        await self._background.close()
        if self._heard in gc.callbacks:
            gc.callbacks.remove(self._heard)
            gc.unfreeze()
            gc.set_threshold(*self._former_thresholds)

    def _heard(self, phase: str, info: dict[str, int]) -> None:
        if phase == "stop" and info["generation"] == FULL_GENERATION:
            gc.freeze()
