"""A room's log becomes a document, in small steps: some rooms take yrs seconds, and other rooms go on meanwhile."""

import logging
from collections.abc import Callable, Generator, Iterable, Sequence
from functools import partial
from typing import Any

from pycrdt import Doc

from ..background import is_failure
from ..errors import CausalGap, InvalidUpdate
from ..gate import Lists, Stride, parts_of_whole
from ..yjs import state_vector
from .efforts import expected_seconds, seconds_of
from .turns import TURN_SECONDS

__all__ = ["Misfit", "load", "loading", "opening"]

log = logging.getLogger(__name__)

MAX_BYTES_AT_ONCE = 2**12
"""What is not larger is applied in one go."""

LEAST_STEPS, MOST_STEPS = 25_000, 100_000
"""So many comparisons may one part of a large update take, some milliseconds; fewer where they are dear."""

LEAST_BYTES_PER_ITEM = 4
"""An update has at most so many items as it has times so many bytes."""

EXPECTED_SECONDS = 0.05
"""So much may it always take."""

MAX_UPDATES_AT_ONCE = 500
"""At the end of each transaction yrs joins what can be joined, in a time that grows with the square of their number."""


def load(doc: "Doc[Any]", updates: Sequence[bytes]) -> None:
    """Apply ``updates``, which are in a log, in one go."""
    with doc.transaction():
        for update in updates:
            _apply(doc, update)


class Misfit(Exception):
    """An update of a log does not fit to what is there; of ``update`` a part may have been applied."""

    def __init__(self, update: bytes) -> None:
        super().__init__("An update of a log cannot be applied.")
        self.update = update


def _apply(doc: "Doc[Any]", update: bytes) -> None:
    try:
        doc.apply_update(update)
    except BaseException as error:
        if not is_failure(error):
            raise
        raise Misfit(update) from error


def opening(
    make: Callable[[], "Doc[Any]"], updates: Sequence[bytes]
) -> Generator[None, None, tuple["Doc[Any]", float]]:
    """:func:`loading` into a document that is made for it, but for updates that do not fit.

    If somebody wrote two things under one client id at two servers, the second of them may not fit to the first. A room
    that cannot be opened would be lost as a whole.
    """
    fitting = list(updates)
    while True:
        doc = make()
        try:
            excess = yield from loading(doc, fitting)
        except Misfit as misfit:
            log.exception("An update of a log cannot be applied; the room is opened without it.")
            fitting.remove(misfit.update)
        else:
            return doc, excess


def loading(doc: "Doc[Any]", updates: Sequence[bytes]) -> Generator[None, None, float]:
    """:func:`load` in small steps, if there is much; nobody may be shown ``doc`` before the end.

    Returns how many seconds more yrs took than the size of it all explains.
    """
    if sum(map(len, updates)) <= MAX_BYTES_AT_ONCE:
        load(doc, updates)
        return 0.0
    lists = Lists()
    small: list[bytes] = []
    excess = -EXPECTED_SECONDS
    for update in updates:
        if len(update) <= MAX_BYTES_AT_ONCE:
            small.append(update)
        else:
            excess += yield from _applying(doc, small)
            small = []
            excess += yield from _cutting(doc, update, lists)
    excess += yield from _applying(doc, small)
    return max(0.0, excess)


def _cutting(doc: "Doc[Any]", update: bytes, lists: Lists) -> Generator[None, None, float]:
    """Apply a large update in parts; ``lists`` know of those before."""
    stride = Stride(LEAST_STEPS, MOST_STEPS)
    clocks = state_vector(doc.get_state())
    try:
        parts = yield from parts_of_whole(update, lists, lambda client: clocks.get(client, 0), stride)
    except (CausalGap, InvalidUpdate):
        log.exception("A large update of a log cannot be cut; it is applied in one go.")
        parts = iter((update,))
    try:
        return (yield from _applying(doc, parts, stride))
    except Misfit as misfit:
        raise Misfit(update) from misfit


def _applying(doc: "Doc[Any]", updates: Iterable[bytes], stride: Stride | None = None) -> Generator[None, None, float]:
    """Apply ``updates``, as many in one transaction as take a turn; ``stride`` says how large the next ones may be.

    Returns how many seconds more than expected they took, all together.
    """
    waiting = iter(updates)
    update = next(waiting, None)
    excess = 0.0
    while update is not None:
        turn = 0.0
        with doc.transaction():
            for _ in range(MAX_UPDATES_AT_ONCE):
                if update is None or turn > TURN_SECONDS:
                    break
                seconds = seconds_of(partial(_apply, doc, update))
                excess += seconds - expected_seconds(1, len(update) // LEAST_BYTES_PER_ITEM, len(update))
                if stride is not None:
                    stride.note(seconds)
                turn += seconds
                update = next(waiting, None)
        yield
    return excess
