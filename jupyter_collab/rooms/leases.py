"""Leases: which one of several pages does what only one of them may do.

Two pages that show the same notebook, when that is shared by other means, must not both copy a room's text into it.
Each asks for a lease under the same key. A peer that may edit comes first, since nobody else can copy both ways; among
equals the first who asked. A lease is held until its holder lets go or its connection ends; a holder that is to make
way for an editor is told so, and has :data:`LET_GO_SECONDS` to finish. The pages of one such notebook are all connected
to one server process, so that is as far as leases go.
"""

import asyncio
from dataclasses import dataclass, field
from functools import partial

from ..access import Capability
from ..background import Background
from ..errors import ProtocolError
from ..protocol import Event
from .peer import Peer

__all__ = ["Leases"]

KEY_CHARACTERS = 512
KEYS_PER_PEER = 100
LET_GO_SECONDS = 5.0


@dataclass(slots=True)
class _Lease:
    """A lease: the peers that want it, in the order in which they asked, and its holder, which is one of them.

    ``taking_away`` is set while the holder has been told to make way: the timer after which it loses the lease.
    """

    queue: list[Peer] = field(default_factory=list)
    holder: Peer | None = None
    taking_away: asyncio.TimerHandle | None = None


class Leases:
    """The leases of one room; ``background`` owns their timers."""

    def __init__(self, background: Background) -> None:
        self._background = background
        self._leases: dict[str, _Lease] = {}

    def ask(self, peer: Peer, key: str) -> None:
        """Queue ``peer`` for the lease, and tell it whether it has it; it hears of it when that changes.

        Raises
        ------
        ProtocolError
            The key is longer than :data:`KEY_CHARACTERS`, or the peer's :data:`KEYS_PER_PEER` are used up.
        """
        if len(key) > KEY_CHARACTERS:
            raise ProtocolError(f"A lease's key may have {KEY_CHARACTERS} characters.")
        lease = self._leases.get(key, _Lease())
        if peer not in lease.queue:
            if sum(peer in other.queue for other in self._leases.values()) >= KEYS_PER_PEER:
                raise ProtocolError(f"A connection may ask for {KEYS_PER_PEER} leases.")
            lease.queue.append(peer)
            self._leases[key] = lease
        before = lease.holder
        self._settle(key, lease)
        if lease.holder is not peer or before is peer:
            _tell(peer, key, lease.holder is peer and lease.taking_away is None)

    def let_go(self, peer: Peer, key: str) -> None:
        """Take ``peer`` out of the queue; the peer that has the lease instead is told."""
        lease = self._leases.get(key)
        if lease is None or peer not in lease.queue:
            return
        lease.queue.remove(peer)
        if lease.holder is peer:
            lease.holder = None
            if lease.taking_away is not None:
                lease.taking_away.cancel()
                lease.taking_away = None
        if lease.queue:
            self._settle(key, lease)
        else:
            del self._leases[key]

    def leave(self, peer: Peer) -> None:
        """The connection of ``peer`` has ended."""
        for key in self._keys_of(peer):
            self.let_go(peer, key)

    def look_again(self, peer: Peer) -> None:
        """The role of ``peer`` has changed."""
        for key in self._keys_of(peer):
            self._settle(key, self._leases[key])

    def _keys_of(self, peer: Peer) -> list[str]:
        return [key for key, lease in self._leases.items() if peer in lease.queue]

    def _settle(self, key: str, lease: _Lease) -> None:
        """Give the lease to whom it is due, or ask its holder for it."""
        editors = [peer for peer in lease.queue if peer.role.may(Capability.EDIT)]
        if lease.holder is None:
            lease.holder = (editors or lease.queue)[0]
            _tell(lease.holder, key, True)
        elif editors and lease.holder not in editors and lease.taking_away is None:
            _tell(lease.holder, key, False)
            take_away = partial(self.let_go, lease.holder, key)
            lease.taking_away = self._background.later(LET_GO_SECONDS, "taking a lease away", take_away)


def _tell(peer: Peer, key: str, granted: bool) -> None:
    peer.tell(Event({"type": "lease", "key": key, "granted": granted}))
