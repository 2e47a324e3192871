"""Who wrote two things under one Yjs client id at two servers, and so may not edit for a while."""

import time
from collections import OrderedDict
from collections.abc import Callable

from ..access import UserKind
from ..errors import InvalidUpdate

__all__ = ["Barred"]

SECONDS = 600.0

MAX_PEOPLE = 1_000
"""So many are remembered. Beyond that, the one who was barred first is forgotten."""


class Barred:
    """The names of those people, as :class:`~..gate.Author` has them; ``clock`` says the seconds.

    No page does so. Whoever built on the one of the two that does not count must begin anew each time.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._until: OrderedDict[str, float] = OrderedDict()

    def add(self, name: str) -> None:
        """This person did so just now; servers and their users are never barred."""
        if name in ("", UserKind.SERVER):
            return
        self._until[name] = self._clock() + SECONDS
        if len(self._until) > MAX_PEOPLE:
            self._until.popitem(last=False)

    def require_none(self, name: str) -> None:
        """Raise ``InvalidUpdate`` if this person is barred."""
        if self._until and self._until.get(name, 0.0) > self._clock():
            raise InvalidUpdate(
                "Two things were written under one Yjs client id of yours, at two servers at once. Others had to begin "
                f"anew because of that. Copy your text, and join again in {SECONDS / 60:.0f} minutes."
            )
