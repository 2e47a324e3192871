"""Who is here, and where: the ephemeral states of a room's clients, made true by the server of each.

A client id belongs to the connection that first used it, and to the person who has written under it; what others say
about it is ignored (plain Yjs clients send back all that they hear). The ``user`` in every state is the server's word.
Changes are gathered and sent at most once a tick, as one message for all; a client that speaks v1 passes over what it
said itself.
"""

import json
from collections import OrderedDict
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from ..errors import MessageTooLarge, ProtocolError
from ..protocol import (
    AwarenessEntry,
    AwarenessMessage,
    ConnectedUser,
    build,
    build_awareness,
    parse_awareness,
    parse_json,
)
from .limits import Limits
from .peer import Peer
from .remote_owner import RemoteOwner

__all__ = ["Owner", "Presence"]

Owner = Peer | RemoteOwner
"""A connection, to this server or to another one: what it says of its clients nobody else can say."""

TICK_SECONDS = 0.025
CROWD_TICK_SECONDS = 0.1
"""The least time between two presence messages to one peer; and in a room of many, where each costs more."""

CROWD = 50
"""So many peers are not many yet."""

REMEMBERED_DEPARTURES = 1_000
"""How many clients' last clocks are kept after they left, so that they are believed when they come back."""

STAMP_BYTES = 2**11
"""By so much what the server stamps on a state may make it longer. ``1e15`` is much longer when it is written out."""

MAX_CLOCK = 2**32
"""Clients count from 0, once a change or every few seconds. From 2**53 on, others could not read the clock."""

GONE = "null"


class Timers(Protocol):
    """What presence needs of :class:`~jupyter_collab.background.Background`."""

    def later(self, seconds: float, name: str, call: Callable[[], None]) -> object:
        """Call ``call`` after so many seconds."""


@dataclass(slots=True)
class _Client:
    owner: Owner
    clock: int
    offset: int
    """What is added to the client's own clock: after a reconnect it must go on from where others last heard it."""
    state: str


@dataclass(frozen=True, slots=True)
class _Departure:
    owner_name: str
    clock: int
    offset: int
    at: float


class Presence:
    """The presence of one room's ``peers``, which says when each joined.

    ``timers`` owns its timers, ``time`` says the seconds, monotonic.
    ``writer_of`` returns who has written under a client id, as :attr:`~..access.User.writer` names them, if known.
    ``on_changed`` is called with each client id of which something changes by a connection to this server.
    """

    def __init__(
        self,
        limits: Limits,
        peers: Mapping[Peer, float],
        timers: Timers,
        time: Callable[[], float],
        writer_of: Callable[[int], str | None],
    ) -> None:
        self.on_changed: Callable[[int], None] | None = None
        self._limits = limits
        self._peers = peers
        self._remote: set[RemoteOwner] = set()
        self._timers = timers
        self._time = time
        self._writer_of = writer_of
        self._clients: dict[int, _Client] = {}
        self._owned: dict[Owner, set[int]] = {}
        self._missed: dict[Peer, set[int]] = {}
        """What peers were not told while they were busy: clients that changed meanwhile."""
        self._departed: OrderedDict[int, _Departure] = OrderedDict()
        self._changed: dict[int, AwarenessEntry] = {}
        self._authors: dict[Owner, set[int]] = {}
        self._ticking = False

    def receive(self, peer: Peer, payload: bytes) -> None:
        """Take in an awareness update from ``peer``; nothing that somebody says who has left.

        Raises
        ------
        ProtocolError, MessageTooLarge
            Nothing of the update is taken in then.
        """
        if peer not in self._peers:
            return
        limit = self._limits.awareness_clients_per_peer
        entries = parse_awareness(
            payload,
            max_state_bytes=len(payload),  # those that are sent back may have grown by what the server stamped on them
            max_entries=self._limits.peers_per_room * limit,
        )
        own = [entry for entry in entries if self._may_write(peer, entry)]
        for entry in own:
            self._check(entry)
        stamped = [(entry, _stamp(entry.state, peer)) for entry in own]
        if any(len(state.encode()) > self._limits.awareness_bytes + STAMP_BYTES for _, state in stamped):
            raise MessageTooLarge("A presence state that is much longer when it is written out.")
        if len(self._owned.get(peer, set()) | {entry.client_id for entry in own}) > limit:
            raise MessageTooLarge(f"Presence of more than {limit} clients over one connection.")
        for entry, state in stamped:
            self._write(peer, entry, state)

    def greet(self, peer: Peer) -> None:
        """Tell ``peer`` of all the others."""
        entries = [
            AwarenessEntry(client_id, client.clock, client.state)
            for client_id, client in self._clients.items()
            if client.owner is not peer
        ]
        if entries:
            peer.outbox.send(_message(entries))

    def owner_of(self, client_id: int) -> str | None:
        """Who is present as ``client_id``, as :attr:`~..access.User.writer` names them, if anybody is."""
        client = self._clients.get(client_id)
        return None if client is None else client.owner.user.writer

    def catch_up(self, peer: Peer) -> None:
        """Tell ``peer`` what it missed while it was busy, if anything."""
        missed = self._missed.pop(peer, ())
        entries = [entry for client_id in missed if (entry := self._news(peer, client_id)) is not None]
        if entries:
            peer.outbox.send(_message(entries))

    def restamp(self, peer: Peer) -> None:
        """Send the user of ``peer`` again, after a change of role."""
        for client_id in self._owned.get(peer, ()):
            client = self._clients[client_id]
            client.state = _stamp(client.state, peer)
            client.offset += 1
            client.clock += 1
            self._announce(peer, AwarenessEntry(client_id, client.clock, client.state))

    @property
    def people(self) -> list[ConnectedUser]:
        """The users who are connected, each once, in the best of their roles; who sends no presence is not visible."""
        by_rank = sorted(self.owners, key=lambda owner: len(owner.role.capabilities))
        best = {owner.user.principal: owner for owner in by_rank}
        visible = {owner.user.principal for owner in by_rank if self._owned.get(owner)}
        return [{**best[name].info, "visible": name in visible} for name in sorted(best)]

    @property
    def owners(self) -> list[Owner]:
        """The connections to the room, to this server and to others."""
        return [*self._peers, *self._remote]

    def leave(self, owner: Owner) -> None:
        """Forget what ``owner`` said, and tell the others that it is gone."""
        if isinstance(owner, RemoteOwner):
            self._remote.discard(owner)
        else:
            self._missed.pop(owner, None)
        for client_id in self._owned.pop(owner, ()):
            self._forget(client_id)

    def close(self) -> None:
        """Let go of all: nobody is told any more who is here."""
        self._changed.clear()
        self._authors.clear()

    # -- other servers -----------------------------------------------------------------------------------------------

    def local(self, client_id: int) -> tuple[str | None, AwarenessEntry] | None:
        """What this server says of a client, with its connection: nothing if it belongs to another server."""
        client = self._clients.get(client_id)
        if client is not None:
            if isinstance(client.owner, RemoteOwner):
                return None
            return client.owner.origin.connection, AwarenessEntry(client_id, client.clock, client.state)
        left = self._departed.get(client_id)
        return None if left is None else (None, AwarenessEntry(client_id, left.clock, GONE))

    @property
    def local_clients(self) -> list[int]:
        """The clients that are connected to this server."""
        return [client_id for client_id, client in self._clients.items() if not isinstance(client.owner, RemoteOwner)]

    def clients_of(self, owner: RemoteOwner) -> frozenset[int]:
        """The clients that belong to ``owner``."""
        return frozenset(self._owned.get(owner, ()))

    def enter(self, owner: RemoteOwner) -> None:
        """Somebody is connected to another server, and to be seen among the people."""
        self._remote.add(owner)

    def take(self, owner: RemoteOwner, entry: AwarenessEntry) -> None:
        """Take in what the server of ``owner`` says of one of its clients, unless that is known to be another's."""
        client = self._clients.get(entry.client_id)
        if client is None:
            may = self._writer_of(entry.client_id) in (None, owner.user.writer)
        else:
            may = client.owner is owner or self._gives_way(client, owner, entry)
        if may and entry.state != GONE:
            self._write(owner, entry, entry.state)

    def _gives_way(self, client: _Client, owner: RemoteOwner, entry: AwarenessEntry) -> bool:
        """Whether what is known of a client was said earlier than what the server of ``owner`` says of it.

        A person may have gone from one server to the other, and not be missed yet where they were. The server that
        they came to counts on from where the former one was.
        """
        before = client.owner
        if isinstance(before, RemoteOwner) and before.server == owner.server:
            return True
        return before.user == owner.user and entry.clock > client.clock

    def drop(self, server: str, client_id: int) -> None:
        """Another server says that a client has gone there; nothing happens if it belongs to somebody else by now."""
        client = self._clients.get(client_id)
        if client is not None and isinstance(client.owner, RemoteOwner) and client.owner.server == server:
            self._owned[client.owner].discard(client_id)
            self._forget(client_id)

    # -- one client --------------------------------------------------------------------------------------------------

    def _may_write(self, peer: Peer, entry: AwarenessEntry) -> bool:
        client = self._clients.get(entry.client_id)
        if client is None:
            return entry.state != GONE and self._may_introduce(peer, entry)
        return client.owner is peer or self._is_back(peer, client.owner)

    def _is_back(self, peer: Peer, before: Owner) -> bool:
        """Whether ``peer`` is the client of ``before``, over a new connection before the old one was found dead.

        A plain client sends back what it hears, of the same person's other windows too: but itself it names first.
        """
        joined_before = before.joined_at if isinstance(before, RemoteOwner) else self._peers[before]
        is_later = peer.user == before.user and self._peers[peer] > joined_before
        return is_later and (peer.speaks_v1 or peer not in self._owned)

    def _check(self, entry: AwarenessEntry) -> None:
        size = len(entry.state.encode())
        if size > self._limits.awareness_bytes:
            raise MessageTooLarge(
                f"A presence state of {size} bytes; at most {self._limits.awareness_bytes} are allowed."
            )
        if entry.clock > MAX_CLOCK:
            raise ProtocolError(f"A presence clock of {entry.clock}; at most {MAX_CLOCK} is allowed.")

    def _news(self, peer: Peer, client_id: int) -> AwarenessEntry | None:
        """What ``peer`` is to hear of a client now, if anything."""
        client = self._clients.get(client_id)
        if client is not None:
            return AwarenessEntry(client_id, client.clock, client.state) if client.owner is not peer else None
        left = self._departed.get(client_id)
        return AwarenessEntry(client_id, left.clock, GONE) if left is not None else None

    def _may_introduce(self, peer: Peer, entry: AwarenessEntry) -> bool:
        if self._writer_of(entry.client_id) not in (None, peer.user.writer):
            return False
        left = self._departed.get(entry.client_id)
        # What others heard before the departure, and may send back as plain clients do, is older than it. A connection
        # made since has heard nothing of it: that is the client itself, back with the clock it had. Its user says
        # nothing here: with a token and no cookie, jupyter_server makes a new one for each connection.
        if left is None or entry.clock >= left.clock or self._peers[peer] > left.at:
            return True
        # Who said itself that it is gone, and is back, counts on as before.
        return left.owner_name == peer.name and entry.clock + left.offset >= left.clock

    def _write(self, owner: Owner, entry: AwarenessEntry, state: str) -> None:
        client = self._clients.get(entry.client_id)
        if state == GONE:
            if client is not None:
                self._owned[client.owner].discard(entry.client_id)
                self._forget(entry.client_id)
            return
        if client is None or client.owner is not owner:
            client = self._introduce(owner, entry, client)
        clock = entry.clock + client.offset
        if clock > client.clock:
            client.clock = clock
            client.state = state
            self._announce(owner, AwarenessEntry(entry.client_id, clock, state))

    def _introduce(self, owner: Owner, entry: AwarenessEntry, before: _Client | None) -> _Client:
        if before is not None:
            self._owned[before.owner].discard(entry.client_id)
            heard = before.clock
        else:
            departure = self._departed.pop(entry.client_id, None)
            heard = departure.clock if departure is not None else -1
        client = _Client(owner, heard, max(0, heard + 1 - entry.clock), GONE)
        self._clients[entry.client_id] = client
        self._owned.setdefault(owner, set()).add(entry.client_id)
        return client

    def _forget(self, client_id: int) -> None:
        client = self._clients.pop(client_id)
        clock = client.clock + 1
        self._departed[client_id] = _Departure(client.owner.name, clock, client.offset, self._time())
        while len(self._departed) > REMEMBERED_DEPARTURES:
            self._departed.popitem(last=False)
        self._announce(client.owner, AwarenessEntry(client_id, clock, GONE))

    def _announce(self, author: Owner, entry: AwarenessEntry) -> None:
        if self.on_changed is not None and not isinstance(author, RemoteOwner):
            self.on_changed(entry.client_id)
        self._changed[entry.client_id] = entry
        self._authors.setdefault(author, set()).add(entry.client_id)
        if not self._ticking:
            self._ticking = True
            self._tick_in(0)

    def _tick_in(self, seconds: float) -> None:
        self._timers.later(seconds, "telling who is here", self._flush)

    def _flush(self) -> None:
        changed, self._changed = self._changed, {}
        authors, self._authors = self._authors, {}
        if not changed:
            self._ticking = False
            return
        self._tick_in(TICK_SECONDS if len(self._peers) <= CROWD else CROWD_TICK_SECONDS)
        message = _message(changed.values())
        for peer in tuple(self._peers):
            if peer.outbox.busy:
                self._missed.setdefault(peer, set()).update(changed)
            elif peer not in authors or (peer.speaks_v1 and len(authors) > 1):
                peer.outbox.send(message)
            elif entries := [*self._echo(peer, changed), *_others(changed, authors[peer])]:
                peer.outbox.send(_message(entries))

    def _echo(self, peer: Peer, changed: Mapping[int, AwarenessEntry]) -> Iterator[AwarenessEntry]:
        """What a plain client hears of its own changes: it hangs up if it hears nothing for 30 s, not even itself.

        The clocks are those that it gave them, so that they are no news to it.
        """
        if peer.speaks_v1:
            return
        for client_id in self._owned.get(peer, ()):
            if client_id in changed:
                client = self._clients[client_id]
                yield AwarenessEntry(client_id, client.clock - client.offset, client.state)


def _others(changed: Mapping[int, AwarenessEntry], own: Container[int]) -> Iterator[AwarenessEntry]:
    return (entry for client_id, entry in changed.items() if client_id not in own)


def _message(entries: Iterable[AwarenessEntry]) -> bytes:
    return build(AwarenessMessage(build_awareness(entries)))


def _stamp(state: str, peer: Peer) -> str:
    """``state`` with the server's word for who ``peer`` is."""
    if state == GONE:
        return GONE
    value = parse_json(state)
    if value is None:
        return GONE
    if not isinstance(value, dict):
        raise ProtocolError("A presence state must be a JSON object.")
    value["user"] = peer.info
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text.encode(errors="replace").decode()  # JSON can hold half a character ("\ud800"), UTF-8 cannot
