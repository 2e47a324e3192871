"""A room's log becomes a document, in small steps: some rooms take yrs seconds, and other rooms go on meanwhile."""

import logging
from collections.abc import Generator, Iterable, Sequence
from time import thread_time
from typing import Any

from pycrdt import Doc

from ..errors import CausalGap, InvalidUpdate
from ..gate import Lists, Stride, parts_of_whole
from ..yjs import state_vector
from .turns import TURN_SECONDS

__all__ = ["load", "loading"]

log = logging.getLogger(__name__)

MAX_BYTES_AT_ONCE = 2**14
"""What is not larger is applied in one go."""

LEAST_STEPS, MOST_STEPS = 25_000, 100_000
"""So many comparisons may one part of a large update take, some milliseconds; fewer where they are dear."""

MAX_UPDATES_AT_ONCE = 500
"""At the end of each transaction yrs joins what can be joined, in a time that grows with the square of their number."""


def load(doc: "Doc[Any]", updates: Sequence[bytes]) -> None:
    """Apply ``updates``, which are in a log, in one go."""
    with doc.transaction():
        for update in updates:
            doc.apply_update(update)


def loading(doc: "Doc[Any]", updates: Sequence[bytes]) -> Generator[None, None, None]:
    """:func:`load` in small steps, if there is much; nobody may be shown ``doc`` before the end."""
    if sum(map(len, updates)) <= MAX_BYTES_AT_ONCE:
        load(doc, updates)
        return
    lists = Lists()
    small: list[bytes] = []
    for update in updates:
        if len(update) <= MAX_BYTES_AT_ONCE:
            small.append(update)
        else:
            yield from _applying(doc, small)
            small = []
            yield from _cutting(doc, update, lists)
    yield from _applying(doc, small)


def _cutting(doc: "Doc[Any]", update: bytes, lists: Lists) -> Generator[None, None, None]:
    """Apply a large update in parts; ``lists`` know of those before."""
    stride = Stride(LEAST_STEPS, MOST_STEPS)
    clocks = state_vector(doc.get_state())
    try:
        parts = yield from parts_of_whole(update, lists, lambda client: clocks.get(client, 0), stride)
    except (CausalGap, InvalidUpdate):
        log.exception("A large update of a log cannot be cut; it is applied in one go.")
        parts = iter((update,))
    yield from _applying(doc, parts, stride)


def _applying(doc: "Doc[Any]", updates: Iterable[bytes], stride: Stride | None = None) -> Generator[None, None, None]:
    """Apply ``updates``, as many in one transaction as take a turn; ``stride`` says how large the next ones may be."""
    waiting = iter(updates)
    update = next(waiting, None)
    while update is not None:
        began = before = thread_time()
        with doc.transaction():
            for _ in range(MAX_UPDATES_AT_ONCE):
                if update is None or before - began > TURN_SECONDS:
                    break
                doc.apply_update(update)
                after = thread_time()
                if stride is not None:
                    stride.note(after - before)
                before = after
                update = next(waiting, None)
        yield
