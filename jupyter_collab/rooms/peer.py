"""One connection to a room."""

import itertools
import secrets
from collections.abc import Callable

from ..access import Capability, Role, User
from ..errors import CloseCode, CollabError, PermissionDenied
from ..protocol import Message, UserInfo, build
from ..store import Origin, OriginKind
from .peer_outbox import PeerOutbox, Transport

__all__ = ["Peer"]

MAX_REASON_BYTES = 123
"""What fits into a websocket's close frame (RFC 6455, section 5.5)."""


class Peer:
    """A user's connection: who, in which role, and what is owed to them.

    What a part of the room keeps about a peer is that part's own, by peer, until the peer leaves.

    Attributes
    ----------
    user
        The person.
    role
        What they may do here now.
    most
        The best role that this connection may have, whatever the room's owners give the person.
    speaks_v1
        Whether the client offered ``jupyter-collab.v1``, and understands hello, ack, rejection and event.
    epoch
        The history that the client says its document belongs to.
    color
        The CSS colour in which others see the user in this room.
    name
        Names the connection in the log.
    origin
        Where all edits of this connection come from.
    outbox
        What is owed to them; there from :meth:`attach` on.
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
    ) -> None:
        self.user = user
        self.role = role
        self.speaks_v1 = speaks_v1
        self.epoch = epoch
        self.most = most
        self.color = user.own_color
        self.name = f"{user.username}#{next(self._numbers)}"
        self.origin = Origin.by(user, OriginKind.PEER, connection=secrets.token_hex(8))
        self.outbox: PeerOutbox
        self._transport = transport

    def attach(
        self, outbox_bytes: int, on_ready: Callable[["Peer"], None], on_failed: Callable[[CollabError], None]
    ) -> None:
        """The peer joins a room: from now on it can be sent something."""
        self.outbox = PeerOutbox(self._transport, outbox_bytes, lambda: on_ready(self), on_failed)

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


def _cut(reason: str) -> str:
    """As much of ``reason`` as a close frame holds, cut between characters."""
    return reason.encode()[:MAX_REASON_BYTES].decode(errors="ignore")
