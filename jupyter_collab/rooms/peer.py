"""One connection to a room."""

import itertools
import secrets
from collections.abc import Callable

from ..access import Capability, Role, User
from ..errors import CloseCode, CollabError, PermissionDenied
from ..gate import Author
from ..protocol import Message, UserInfo, build
from ..store import Origin, OriginKind
from .budget import Budget
from .complaints import Complaints
from .limits import Limits, Pace
from .peer_outbox import PeerOutbox, Transport

__all__ = ["Peer"]

MAX_REASON_BYTES = 123
"""What fits into a websocket's close frame (RFC 6455, section 5.5)."""


class Peer:
    """A user's connection: who, in which role, and what is owed to them.

    ``speaks_v1`` says that the client offered ``jupyter-collab.v1`` and understands hello, ack, rejection and event;
    ``epoch`` is the history that the client says its document belongs to. ``most`` is the best role that the peer may
    have, whatever the room's owners give it; ``role`` is what they gave it at the version ``access_version``.
    ``origin`` is where all edits of this connection come from.
    ``color`` is the CSS colour in which others see the user in this room; ``budget`` is what the person may use of the
    server's time, ``None`` for no bound.
    """

    _numbers = itertools.count(1)

    def __init__(
        self,
        user: User,
        role: Role,
        transport: Transport,
        *,
        speaks_v1: bool = False,
        epoch: str | None = None,
        most: Role = Role.OWNER,
        access_version: int = 0,
    ) -> None:
        self.user = user
        self.role = role
        self.speaks_v1 = speaks_v1
        self.epoch = epoch
        self.most = most
        self.access_version = access_version
        self.color = user.own_color
        self.name = f"{user.username}#{next(self._numbers)}"
        self.origin = Origin.by(user, OriginKind.PEER, connection=secrets.token_hex(8))
        self.complaints = Complaints(self.name)
        self.edits_received = 0
        self.gaps = 0
        self.was_refused = False
        self.differs = False
        self.missed_presence: set[int] = set()
        self.joined_at = 0.0
        self.budget: Budget | None = None
        self._transport = transport
        self.outbox: PeerOutbox
        self.pace: Pace
        self.author: Author

    def attach(
        self,
        limits: Limits,
        now: float,
        on_ready: Callable[["Peer"], None],
        on_failed: Callable[[CollabError], None],
    ) -> None:
        """Get ready for a room's traffic, at ``now`` by the event loop's clock."""
        self.joined_at = now
        self.pace = Pace(limits.updates_per_second_per_peer, limits.flood_seconds, now)
        self.outbox = PeerOutbox(self._transport, limits.outbox_bytes, lambda: on_ready(self), on_failed)

    def detach(self) -> None:
        """The peer has left the room: hold nothing of it, and send nothing that waits."""
        self.outbox.close()
        self.author = self.author._replace(owner_of=_known_to_nobody)

    @property
    def info(self) -> UserInfo:
        """What others may see of the user, in the role and the colour that they have here."""
        return self.user.info(self.role, self.color)

    def require(self, capability: Capability) -> None:
        """Raise :class:`PermissionDenied` unless the role includes ``capability``."""
        if not self.role.may(capability):
            raise PermissionDenied(
                f"Your role here is {self.role.value}, which may not {capability.value}; ask an owner for another role."
            )

    def pay(self, seconds: float) -> None:
        """The person makes the server busy for so long, beside the time that handling their message takes."""
        if self.budget is not None:
            self.budget.spend(seconds)

    def send(self, message: Message) -> None:
        """Send any message."""
        self.outbox.send(build(message))

    def tell(self, message: Message) -> None:
        """Send one of our own messages, to those who understand them."""
        if self.speaks_v1:
            self.send(message)

    def close(self, error: CollabError) -> None:
        """End the connection, saying why."""
        self.disconnect(error.code, f"{error.reason}: {error}")

    def disconnect(self, code: CloseCode, reason: str) -> None:
        """End the connection."""
        self._transport.close(code, _cut(reason))

    def __repr__(self) -> str:
        return f"<Peer {self.name} {self.role.value}>"


def _known_to_nobody(_client_id: int) -> str | None:
    """Who is present under a client id, as whoever is in no room knows it."""
    return None


def _cut(reason: str) -> str:
    """As much of ``reason`` as a close frame holds, cut between characters."""
    return reason.encode()[:MAX_REASON_BYTES].decode(errors="ignore")
