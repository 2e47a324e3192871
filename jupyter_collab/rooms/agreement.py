"""Whether the peers of one room have the document that the room has."""

import logging

from ..protocol import Check, Event
from .counts import Counts
from .journal import Journal
from .life import Life
from .peer import Peer
from .replica import Replica
from .turns import in_turns

__all__ = ["Agreement"]

log = logging.getLogger(__name__)


class Agreement:
    """Replies to the checks of peers. ``divergences`` counts the connections whose document differed."""

    def __init__(self, room_id: str, life: Life, replica: Replica, journal: Journal, counts: Counts) -> None:
        self.divergences = 0
        self._room_id = room_id
        self._life = life
        self._replica = replica
        self._journal = journal
        self._counts = counts
        self._differing: set[Peer] = set()
        """The peers that are counted already."""

    async def learn(self) -> None:
        """Read in small steps what changed since the last check."""
        await in_turns(self._replica.digesting())

    def answer(self, peer: Peer, check: Check) -> None:
        """Reply to a check of ``peer``, after :meth:`learn`."""
        if check.differs:
            self._note_difference(peer, check.digest)
        else:
            self._compare(peer, check.digest)

    def _compare(self, peer: Peer, digest: str) -> None:
        """Say whether ``peer`` has what the room has; not now if anything is still on its way to ``peer``."""
        is_behind = not self._life.is_live() or self._journal.has_unsaved or peer.outbox.busy
        own = None if is_behind else self._replica.digest
        peer.tell(Event({"type": "check", "digest": own, "agrees": None if own is None else own == digest}))

    def _note_difference(self, peer: Peer, digest: str) -> None:
        """Take note, once for each connection, that ``peer`` found its document to be another than the room's."""
        if peer not in self._differing:
            self._differing.add(peer)
            self.divergences += 1
            self._counts.divergences += 1
            own = self._replica.digest
            words = "Room %s: the document of %s (%r) is not the room's (%r)."
            log.warning(words, self._room_id, peer.name, digest, own)

    def leave(self, peer: Peer) -> None:
        """The connection of ``peer`` has ended."""
        self._differing.discard(peer)
