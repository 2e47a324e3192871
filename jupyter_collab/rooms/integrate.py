"""Apply updates, and say what yrs does not.

yrs keeps updates that build on unknown edits aside without a word, and may fail half-way or panic. Here each of these
is an error, after which the document may hold parts of the update.
"""

from collections.abc import Callable, Iterable, Sequence, Set
from typing import Any, TypeVar

from pycrdt import Doc, get_state, get_update

from ..background import is_failure
from ..errors import CausalGap, InvalidUpdate, ProtocolError
from ..protocol import Reader
from ..yjs import check_update, state_vector

__all__ = ["beginners", "integrate", "is_known"]

T = TypeVar("T")

NO_UPDATE = "The edit is not a Yjs update; nothing of it was taken in."


def integrate(doc: Doc[Any], update: bytes, *, is_simple: bool = False) -> None:
    """Apply ``update`` to ``doc``; one that changes no more than a text ``is_simple``.

    Raises
    ------
    InvalidUpdate
        It was not applied, or not all of it.
    CausalGap
        It builds on edits that ``doc`` does not have.
    """
    _read(lambda: doc.apply_update(update))
    if not is_simple:
        _check_complete(doc, update)


def beginners(update: bytes) -> Set[int]:
    """The clients whose first edit is in ``update``; raises ``InvalidUpdate`` if it is none."""
    _check_claim(update)
    check_update(update)
    return state_vector(_read(lambda: get_state(update))).keys()


def is_known(doc: Doc[Any], update: bytes) -> bool:
    """Whether ``doc`` has all that ``update`` says, insertions and deletions; not so if it is no update."""
    try:
        _check_claim(update)
        check_update(update)
        lacking = Reader(_read(lambda: get_update(update, doc.get_state())))
    except InvalidUpdate:
        return False
    if lacking.varuint() > 0:
        return False
    deleted = _deletions(lacking)
    if not deleted:
        return True
    own = Reader(doc.get_update(doc.get_state()))
    own.varuint()  # no insertions: there are none after its own state
    known = _deletions(own)
    return all(_covers(known.get(client, []), ranges) for client, ranges in deleted.items())


def _read(work: Callable[[], T]) -> T:
    """Let yrs read an update; what it cannot read is an ``InvalidUpdate``."""
    try:
        return work()
    except BaseException as error:
        if not is_failure(error):
            raise
        raise InvalidUpdate(NO_UPDATE) from error


def _deletions(reader: Reader) -> dict[int, list[tuple[int, int]]]:
    """The delete set that ``reader`` has before it: by client, where each range begins and ends, in order."""
    deletions: dict[int, list[tuple[int, int]]] = {}
    for _ in range(reader.varuint()):
        ranges = deletions.setdefault(reader.varuint(), [])
        for _ in range(reader.varuint()):
            start = reader.varuint()
            ranges.append((start, start + reader.varuint()))
        ranges.sort()
    return deletions


def _covers(known: Sequence[tuple[int, int]], ranges: Iterable[tuple[int, int]]) -> bool:
    """Whether each of ``ranges`` lies in ``known``; both are in order."""
    spans = iter(known)
    covered_from = covered_to = 0
    for start, end in ranges:
        while covered_to < end:
            span = next(spans, None)
            if span is None:
                return False
            if span[0] > covered_to:
                covered_from = span[0]
            covered_to = max(covered_to, span[1])
        if start < covered_from:
            return False
    return True


def _check_claim(update: bytes) -> None:
    """Each client that an update has edits of takes at least one byte of it."""
    try:
        claimed_clients = Reader(update).varuint()
    except ProtocolError as error:
        raise InvalidUpdate(NO_UPDATE) from error
    if claimed_clients > len(update):
        raise InvalidUpdate("The edit claims to hold more than it does; nothing of it was taken in.")


def _check_complete(doc: Doc[Any], update: bytes) -> None:
    """Make sure that nothing of ``update`` was put aside: neither insertions nor deletions."""
    known = doc.get_state()
    lacking = Reader(get_update(update, known))
    if lacking.varuint() > 0:
        raise CausalGap("The edit builds on edits that the room does not have.")
    clients = lacking.varuint()
    if clients == 0:
        return
    clocks = state_vector(known)
    for _ in range(clients):
        known_clock = clocks.get(lacking.varuint(), 0)
        for _ in range(lacking.varuint()):
            if lacking.varuint() + lacking.varuint() > known_clock:
                raise CausalGap("The edit deletes text that the room does not have.")
