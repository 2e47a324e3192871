"""A room's log becomes a document, in small steps: some rooms take yrs seconds, and other rooms go on meanwhile."""

import logging
from collections.abc import Callable, Generator, Iterable, Sequence
from functools import partial
from typing import Any, NamedTuple

from pycrdt import Doc

from ..background import is_failure
from ..errors import CausalGap, InvalidUpdate
from ..gate import Lists, Stride, parts_of_whole
from ..yjs import state_vector
from .efforts import expected_seconds, seconds_of
from .fitting import begins_behind, clocks_of, is_whole, require_fitting, whole_part
from .turns import TURN_SECONDS

__all__ = ["Misfit", "Opened", "load", "loading", "opening"]

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


class Opened(NamedTuple):
    """A document that was made of a room's log.

    ``entries`` are those of which it is made, ``misfits`` those that were left out; ``excess`` says how many seconds
    more yrs took than the size of it all explains.
    """

    doc: "Doc[Any]"
    entries: list[bytes]
    misfits: frozenset[bytes]
    excess: float


def opening(
    make: Callable[[], "Doc[Any]"], state: bytes | None, entries: Sequence[bytes]
) -> Generator[None, None, Opened]:
    """:func:`loading` of a log into a document that is made for it, so that it is whole whatever the log holds.

    That are the keyframe ``state``, if there is one, and the ``entries`` behind it. Of those that do not fit to what is
    before them, nothing is taken in.
    """
    keyframe = [] if state is None else [state]
    doc, lists = make(), Lists()
    try:
        excess = yield from loading(doc, keyframe, lists)
        is_sound = yield from _follow(doc, entries)
        excess += yield from loading(doc, entries, lists)
        is_sound = is_sound and (yield from is_whole(doc))
    except Misfit:
        is_sound = False
    if is_sound:
        return Opened(doc, list(entries), frozenset(), excess)
    return (yield from _opening_one_by_one(make, keyframe, entries))


def _follow(doc: "Doc[Any]", entries: Sequence[bytes]) -> Generator[None, None, bool]:
    """Whether none of ``entries`` says anything of what is in ``doc``, or in those before it."""
    clocks = clocks_of(doc)
    for update in entries:
        if not (yield from begins_behind(update, clocks)):
            return False
    return True


def _opening_one_by_one(
    make: Callable[[], "Doc[Any]"], keyframe: list[bytes], entries: Sequence[bytes]
) -> Generator[None, None, Opened]:
    """Make a document of a log of which something does not fit, or may not."""
    doc = make()
    excess = yield from loading(doc, keyframe)
    if not (yield from is_whole(doc)):
        log.warning("The keyframe of a room builds on what is not there; that is left out.")
        keyframe, doc = [(yield from whole_part(doc))], make()
        excess = yield from loading(doc, keyframe)
    fitting: list[bytes] = []
    misfits: set[bytes] = set()
    clocks = clocks_of(doc)
    for update in entries:
        try:
            yield from require_fitting(doc, update, clocks)
            excess += yield from loading(doc, [update])
        except (InvalidUpdate, Misfit) as error:
            log.warning("An entry of a room's log does not fit to those before it, and is left out: %s", error)
            misfits.add(update)
            if isinstance(error, Misfit):  # a part of it may be there
                doc = make()
                excess = yield from loading(doc, [*keyframe, *fitting])
                clocks = clocks_of(doc)
        else:
            fitting.append(update)
    return Opened(doc, fitting, frozenset(misfits.difference(fitting)), excess)


def loading(doc: "Doc[Any]", updates: Sequence[bytes], lists: Lists | None = None) -> Generator[None, None, float]:
    """:func:`load` in small steps, if there is much; nobody may be shown ``doc`` before the end.

    ``lists`` know of large updates that are in ``doc`` already.

    Returns how many seconds more yrs took than the size of it all explains.
    """
    if sum(map(len, updates)) <= MAX_BYTES_AT_ONCE:
        load(doc, updates)
        return 0.0
    lists = Lists() if lists is None else lists
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
