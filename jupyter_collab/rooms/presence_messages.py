"""What servers say to each other about who is in a room: lines of JSON, the first about the message, then one for each
connection and each client.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from ..access import Role, User, UserKind
from ..backplane import MAX_MESSAGE_BYTES
from ..protocol import AwarenessEntry
from .peer import Peer

__all__ = [
    "ALL",
    "BYE",
    "CHANGES",
    "Said",
    "SaidPeer",
    "client_line",
    "gone_line",
    "messages_of",
    "peer_line",
    "read",
    "still_line",
]

ALL, CHANGES, BYE = "all", "changes", "bye"
"""All who are connected to a server; what is new since; nobody is any more."""

MAX_LINES_BYTES = MAX_MESSAGE_BYTES - 1_024
"""So much fits into a message behind its first line."""

USER_FIELDS = frozenset(each.name for each in fields(User))


@dataclass(frozen=True, slots=True)
class SaidPeer:
    """A connection to the server that speaks."""

    connection: str
    user: User
    role: Role
    color: str


@dataclass(slots=True)
class Said:
    """One message, or one of the ``parts`` of what is said at the same time; ``beat`` tells these times apart.

    ``asks`` says that the server wants to know who is connected elsewhere. ``gone`` are connections that have ended,
    ``clients`` what is to be seen of each client, with the connection that it belongs to, if it still does. ``still``
    are clients that are there, of which nothing else is said.
    """

    kind: str
    asks: bool = False
    beat: int = 0
    parts: int = 1
    peers: list[SaidPeer] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    clients: list[tuple[str | None, AwarenessEntry]] = field(default_factory=list)
    still: list[int] = field(default_factory=list)


def peer_line(peer: Peer) -> str:
    """Says who is connected."""
    return _line("peer", peer.origin.connection, asdict(peer.user), peer.role.value, peer.color)


def gone_line(connection: str) -> str:
    """Says that a connection has ended."""
    return _line("gone", connection)


def client_line(connection: str | None, entry: AwarenessEntry) -> str:
    """Says what is to be seen of a client; without a connection, that it is gone."""
    return _line("client", connection, entry.client_id, entry.clock, entry.state)


def still_line(client_id: int) -> str:
    """Says that a client is there."""
    return _line("still", client_id)


def _line(*values: Any) -> str:
    return json.dumps(values, ensure_ascii=False, separators=(",", ":"))


def messages_of(kind: str, lines: Iterable[str] = (), *, asks: bool = False, beat: int = 0) -> list[bytes]:
    """The messages that say all this; at least one. What is larger than a message is left out."""
    parts = list(_parts([line.encode() for line in lines]))
    first = _line(kind, asks, beat, len(parts)).encode()
    return [b"\n".join([first, *part]) for part in parts]


def _parts(lines: list[bytes]) -> Iterator[list[bytes]]:
    part: list[bytes] = []
    size = 0
    for line in lines:
        if len(line) >= MAX_LINES_BYTES:
            continue
        if size + len(line) + 1 > MAX_LINES_BYTES:
            yield part
            part, size = [], 0
        part.append(line)
        size += len(line) + 1
    yield part


def read(data: bytes) -> Said:
    """Read a message; ``ValueError`` for what this version does not understand."""
    try:
        first, *lines = [json.loads(line) for line in data.split(b"\n")]
        kind, asks, beat, parts = first
        said = Said(str(kind), bool(asks), int(beat), int(parts))
        for what, *values in lines:
            _take(said, what, values)
    except (TypeError, LookupError, RecursionError) as error:
        raise ValueError("It is not what this version says about who is in a room.") from error
    return said


def _take(said: Said, what: str, values: list[Any]) -> None:
    if what == "peer":
        connection, user, role, color = values
        known = {name: value for name, value in user.items() if name in USER_FIELDS}
        person = User(**{**known, "kind": UserKind(known["kind"])})
        said.peers.append(SaidPeer(str(connection), person, Role(role), str(color)))
    elif what == "gone":
        said.gone.append(str(values[0]))
    elif what == "still":
        said.still.append(int(values[0]))
    elif what == "client":
        owner, client_id, clock, state = values
        said.clients.append((owner, AwarenessEntry(int(client_id), int(clock), str(state))))
