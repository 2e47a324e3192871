"""The peers of a room, and messages to all of them."""

from collections import Counter
from collections.abc import Collection, Iterable

from ..access import Capability
from ..protocol import Event, Update, build
from ..store import Origin
from .fanout import merged
from .peer import Peer

__all__ = ["Audience"]


class Audience:
    """Who is connected to one room. What is announced is also told to those who come later.

    ``peers`` are they, in the order in which they joined, with when that was, by the event loop's clock.
    ``connections`` counts those of each person, by principal.
    """

    def __init__(self) -> None:
        self.peers: dict[Peer, float] = {}
        self.connections: Counter[str] = Counter()
        self._announced: dict[str, tuple[Event, Capability]] = {}

    def add(self, peer: Peer, now: float) -> None:
        """Let ``peer`` in, who was not in."""
        self.peers[peer] = now
        self.connections[peer.user.principal] += 1

    def remove(self, peer: Peer) -> None:
        """Remove ``peer``."""
        del self.peers[peer]
        self.connections[peer.user.principal] -= 1
        if not self.connections[peer.user.principal]:
            del self.connections[peer.user.principal]

    def tell(self, event: Event) -> None:
        """Tell everybody ``event``."""
        self._tell(self.peers, event)

    def announce(self, event: Event, to: Capability) -> None:
        """Tell ``event`` to all who have the capability ``to``, until there is a newer one of its type."""
        self._announced[event.info["type"]] = event, to
        self._tell((peer for peer in self.peers if peer.role.may(to)), event)

    def _tell(self, peers: Iterable[Peer], event: Event) -> None:
        """Tell ``event`` to those of ``peers`` who understand it; the message is built once."""
        message = build(event)
        for peer in [peer for peer in peers if peer.speaks_v1]:
            peer.outbox.send(message)

    def catch_up(self, peer: Peer, gained: Collection[Capability]) -> None:
        """Tell ``peer`` what was announced to those who have a capability that it has gained."""
        for event, needed in self._announced.values():
            if needed in gained:
                peer.tell(event)

    def show(self, updates: list[bytes], origin: Origin | None) -> None:
        """Send ``updates`` to everybody but ``origin``, in as few messages as merge quickly, each built once."""
        for update in merged(updates):
            message = build(Update(update))
            for peer in tuple(self.peers):
                if peer.origin is not origin:
                    peer.outbox.send_update(update, message)
