"""Leases: which one of several pages does what only one of them may do.

Two pages that show the same notebook, when that is shared by other means, must not both copy a room's text into it.
Each asks for a lease under the same key; the first one has it until it lets go or its connection ends, and then the
next has it. The pages of one such notebook are all connected to one server process, so that is as far as leases go.
"""

from ..errors import ProtocolError
from ..protocol import Event
from .peer import Peer

__all__ = ["Leases"]

KEY_CHARACTERS = 512
KEYS_PER_PEER = 100


class Leases:
    """The leases of one room."""

    def __init__(self) -> None:
        self._queues: dict[str, list[Peer]] = {}

    def ask(self, peer: Peer, key: str) -> None:
        """Queue ``peer`` for the lease, and tell it whether it has it; it hears of it when that changes.

        Raises
        ------
        ProtocolError
            The key is longer than :data:`KEY_CHARACTERS`, or the peer's :data:`KEYS_PER_PEER` are used up.
        """
        if len(key) > KEY_CHARACTERS:
            raise ProtocolError(f"A lease's key may have {KEY_CHARACTERS} characters.")
        queue = self._queues.get(key, [])
        if peer not in queue:
            if sum(peer in others for others in self._queues.values()) >= KEYS_PER_PEER:
                raise ProtocolError(f"A connection may ask for {KEYS_PER_PEER} leases.")
            self._queues[key] = queue = [*queue, peer]
        _tell(peer, key, queue[0] is peer)

    def let_go(self, peer: Peer, key: str) -> None:
        """Take ``peer`` out of the queue; the next one hears that it has the lease now."""
        queue = self._queues.get(key, [])
        if peer not in queue:
            return
        had_it = queue[0] is peer
        queue.remove(peer)
        if not queue:
            del self._queues[key]
        elif had_it:
            _tell(queue[0], key, True)

    def leave(self, peer: Peer) -> None:
        """The connection of ``peer`` has ended."""
        for key in [key for key, queue in self._queues.items() if peer in queue]:
            self.let_go(peer, key)


def _tell(peer: Peer, key: str, granted: bool) -> None:
    peer.tell(Event({"type": "lease", "key": key, "granted": granted}))
