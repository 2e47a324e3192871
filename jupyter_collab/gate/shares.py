"""What a room has for everybody: some is kept for users of the server, and nobody else may have much of it alone."""

from collections import Counter
from collections.abc import Iterator, Set

from ..access import UserKind
from ..errors import InvalidUpdate
from .draft import PlacesDraft
from .places import Places
from .shared_types import GONE, Place
from .writers import SERVER, Writers

__all__ = ["MAX_CLIENTS_OF_ONE", "MAX_PIECES_OF_ONE", "require_share"]

MAX_NEW_CLIENTS = 2_000
MAX_CLIENTS = 20_000
"""For each edit yrs looks at all clients that ever wrote."""

MAX_CLIENTS_OF_ONE = 4_000
"""Each page that somebody opens and types in is one."""

MAX_ROOTS = 32

MAX_PIECES = 500_000
"""So many pieces may be put into one list or text, or under one key: yrs may have to look at each for one edit there.

What is deleted makes it fall into more, which are not counted here: everybody may delete.
"""

MAX_PIECES_OF_ONE = 100_000
"""Who types a long paper, letter by letter and here and there, makes some thousands."""

SHARE_OF_OTHERS = 0.75
"""Of these those whom the server does not know may have so much, all together."""


def require_share(
    author: str, draft: PlacesDraft, clients: Set[int], places: Places, writers: Writers
) -> Iterator[None]:
    """Make sure, in small steps, that what ``author`` would add does not take what others need.

    Parameters
    ----------
    author
        The name of a person, or of all users of the server, as :class:`~.gate.Author` has it.
    draft, places
        What would be added to which places.
    clients
        Those of which something is new.
    writers
        Who writes under each client id, as far as it is known.

    Raises
    ------
    InvalidUpdate
        It does.
    """
    share = 1.0 if author in (SERVER, UserKind.SERVER) else SHARE_OF_OTHERS
    if draft.new_clients:
        own = len(clients | writers.clients_of(author))
        _require_clients(draft.new_clients, places.clients, share, own)
    if draft.new_roots and len(places.roots) + draft.new_roots > share * MAX_ROOTS:
        raise InvalidUpdate(
            f"The room would have more than {share * MAX_ROOTS:.0f} root types. Nothing of it was taken in."
        )
    added: Counter[Place] = Counter()
    for (place, _client), count in draft.insertions.items():
        added[place] += count
        yield
    for place, count in added.items():
        if place is not GONE:
            _require_pieces(author, place, count, share)
        yield


def _require_clients(new: int, present: int, share: float, own: int) -> None:
    if new > MAX_NEW_CLIENTS or present + new > share * MAX_CLIENTS:
        raise InvalidUpdate(
            f"The edit is by {new} Yjs clients that are new here; one edit may bring {MAX_NEW_CLIENTS}, "
            f"and a room have {share * MAX_CLIENTS:.0f}. Nothing of it was taken in."
        )
    if share < 1 and own > MAX_CLIENTS_OF_ONE:
        raise InvalidUpdate(
            f"You would have more than {MAX_CLIENTS_OF_ONE} Yjs clients here. Nothing of it was taken in."
        )


def _require_pieces(author: str, place: Place, count: int, share: float) -> None:
    if place.insertions + count > share * MAX_PIECES:
        raise InvalidUpdate(
            f"One text or list would have more than {share * MAX_PIECES:.0f} pieces. Nothing of it was taken in. "
            "Copy it to a new cell or room."
        )
    if share < 1 and place.insertions_of(author) + count > MAX_PIECES_OF_ONE:
        raise InvalidUpdate(
            f"You would have put more than {MAX_PIECES_OF_ONE} pieces into one text or list. Nothing of it was taken "
            "in. Copy it to a new cell or room."
        )
