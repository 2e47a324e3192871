"""Apply updates, and say what yrs does not.

yrs keeps updates that build on unknown edits aside without a word, and may fail half-way or panic. Here each of these
is an error, after which the document may hold parts of the update.
"""

from collections.abc import Callable, Set
from typing import Any, TypeVar

from pycrdt import Doc, get_state, get_update

from ..background import is_failure
from ..errors import CausalGap, InvalidUpdate, ProtocolError
from ..gate import Deleted, deletions_in
from ..protocol import Reader
from ..yjs import UpdateReader, check_update, state_vector
from .efforts import seconds_of

__all__ = ["beginners", "deleted_in", "integrate", "is_known"]

T = TypeVar("T")

NO_UPDATE = "The edit is not a Yjs update; nothing of it was taken in."


def integrate(doc: Doc[Any], update: bytes, *, is_simple: bool = False) -> float:
    """Apply ``update`` to ``doc``; one that changes no more than a text ``is_simple``.

    Returns how many seconds yrs took to put it where it belongs, without what each transaction takes.

    Raises
    ------
    InvalidUpdate
        It was not applied, or not all of it.
    CausalGap
        It builds on edits that ``doc`` does not have.
    """
    seconds = _read(lambda: _apply(doc, update))
    if not is_simple:
        _check_complete(doc, update)
    return seconds


def _apply(doc: Doc[Any], update: bytes) -> float:
    with doc.transaction():
        return seconds_of(lambda: doc.apply_update(update))


def beginners(update: bytes) -> Set[int]:
    """The clients whose first edit is in ``update``; raises ``InvalidUpdate`` if it is none."""
    _check_claim(update)
    check_update(update)
    return state_vector(_read(lambda: get_state(update))).keys()


def deleted_in(doc: Doc[Any]) -> Deleted:
    """All that is deleted in ``doc``."""
    return Deleted(deletions_in(doc.get_update(doc.get_state())))


def is_known(doc: Doc[Any], update: bytes, deleted: Callable[[], Deleted] | None = None) -> bool:
    """Whether ``doc`` has all that ``update`` says, insertions and deletions; not so if it is no update.

    ``deleted`` returns what :func:`deleted_in` does, and is called if that matters.
    """
    try:
        _check_claim(update)
        check_update(update)
        lacking = UpdateReader(_read(lambda: get_update(update, doc.get_state())), is_ours=True)
    except InvalidUpdate:
        return False
    if any(True for _ in lacking.items()):
        return False
    deletions = list(lacking.deletions())
    if not deletions:
        return True
    known = deleted_in(doc) if deleted is None else deleted()
    return all(map(known.covers, deletions))


def _read(work: Callable[[], T]) -> T:
    """Let yrs read an update; what it cannot read is an ``InvalidUpdate``."""
    try:
        return work()
    except BaseException as error:
        if not is_failure(error):
            raise
        raise InvalidUpdate(NO_UPDATE) from error


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
    lacking = UpdateReader(get_update(update, known), is_ours=True)
    if any(True for _ in lacking.items()):
        raise CausalGap("The edit builds on edits that the room does not have.")
    clocks: dict[int, int] | None = None
    for client, clock, length in lacking.deletions():
        clocks = state_vector(known) if clocks is None else clocks
        if clock + length > clocks.get(client, 0):
            raise CausalGap("The edit deletes text that the room does not have.")
