"""Presence between servers: each says who is connected to it, and says it again and again.

A server that has somebody in a room asks who is there elsewhere. While another server answers, it tells what changes,
and every :data:`BEAT_SECONDS` all of it, so a message that is lost is made good. Of a server that has not been heard
of for :data:`SILENT_SECONDS` nobody is there any more. A server that is alone in a room says next to nothing.
"""

import asyncio
import logging
import math
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from itertools import accumulate

from ..background import Background
from ..backplane import Backplane
from ..errors import CloseCode
from ..store import ServerMessage
from .peer import Peer
from .presence_messages import ALL, BYE, CHANGES, Said, client_line, gone_line, messages_of, peer_line, read, still_line
from .remote_owner import RemoteOwner
from .room import Room
from .watcher import RoomWatcher

__all__ = ["TOPIC", "PresenceRelay", "PresenceRelays"]

log = logging.getLogger(__name__)

TOPIC = "presence"
"""What messages of these are about."""

LOOK_SECONDS = 1.0
CHANGES_SECONDS = 0.1
BEAT_SECONDS = 4.0
SILENT_SECONDS = 12.0

MAX_CHANGES_BYTES = 2**15
MAX_ALL_BYTES = 2**19
"""So much is said at once of what is to be seen of clients: the store keeps all of it for a minute.

What is left out is said with the next changes. A caret takes some hundred bytes.
"""

LINE_BYTES = 64
"""About what a line has beside the state."""

ASK_SECONDS = 60.0
"""How often a server asks again that nobody has answered: a message may have been lost."""


@dataclass(slots=True)
class _Server:
    """Another server: when it was heard of, who is connected there, and what of the newest beat has come so far."""

    heard_at: float
    owners: dict[str, RemoteOwner] = field(default_factory=dict)
    beat: int = 0
    parts: int = 0
    beat_peers: set[str] = field(default_factory=set)
    beat_clients: set[int] = field(default_factory=set)


class PresenceRelay:
    """What this server says of the presence in ``room``, and what it hears of it.

    ``say`` sends a message to the other servers; ``background`` owns the timers.
    """

    def __init__(self, room: Room, say: Callable[[bytes], None], background: Background) -> None:
        self._room = room
        self._presence = room.presence
        self._say = say
        self._background = background
        self._time = asyncio.get_running_loop().time
        self._servers: dict[str, _Server] = {}
        self._is_present = False
        self._beat = 0
        self._said_at = self._asked_at = 0.0
        self._changed_clients: set[int] = set()
        self._changed_peers: set[Peer] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._presence.on_changed = self._client_changed

    @property
    def has_others(self) -> bool:
        """Whether another server has anybody in the room."""
        return bool(self._servers)

    # -- what is said ------------------------------------------------------------------------------------------------

    def peer_changed(self, peer: Peer) -> None:
        """``peer`` has come or gone here."""
        if not self._room.peers:
            self.say_goodbye()
        elif not self._is_present:
            self._is_present = True
            self._say_all(asks=True)
        else:
            self._changed_peers.add(peer)
            self._tell_soon()

    def _client_changed(self, client_id: int) -> None:
        self._changed_clients.add(client_id)
        self._tell_soon()

    def _tell_soon(self) -> None:
        if not self._servers:  # whoever comes is told all
            self._changed_clients.clear()
            self._changed_peers.clear()
        elif self._timer is None:
            self._timer = self._background.later(CHANGES_SECONDS, "telling other servers who is here", self._tell)

    def _tell(self) -> None:
        self._timer = None
        peers, self._changed_peers = self._changed_peers, set()
        clients, self._changed_clients = self._changed_clients, set()
        present = self._room.peers
        lines = [peer_line(peer) if peer in present else gone_line(str(peer.origin.connection)) for peer in peers]
        client_lines, self._changed_clients = self._within(clients, MAX_CHANGES_BYTES)
        self._send(messages_of(CHANGES, [*lines, *client_lines]))
        if self._changed_clients:
            self._tell_soon()

    def _within(self, client_ids: Iterable[int], max_bytes: int) -> tuple[list[str], set[int]]:
        """What is to be said of clients, as far as it fits, and who is left out.

        First comes one client of each connection, and of these the one with the shortest state.
        """
        known = {each: said for each in client_ids if (said := self._presence.local(each)) is not None}
        ranked: list[tuple[int, int, int]] = []
        ranks: Counter[str] = Counter()
        for size, client_id in sorted((len(entry.state), each) for each, (_, entry) in known.items()):
            connection, _ = known[client_id]
            ranked.append((0 if connection is None else ranks[connection], size, client_id))
            ranks[connection or ""] += 1
        order = [client_id for _, _, client_id in sorted(ranked)]
        sizes = accumulate(len(known[each][1].state) + LINE_BYTES for each in order)
        count = max(1, bisect_right(list(sizes), max_bytes))
        return [client_line(*known[each]) for each in order[:count]], set(order[count:])

    def _say_all(self, *, asks: bool) -> set[int]:
        """Say who is connected; returns the clients of which only that is said."""
        self._beat += 1
        self._said_at = self._time()
        if asks:
            self._asked_at = self._said_at
        self._changed_peers.clear()
        self._changed_clients.clear()
        lines = [peer_line(peer) for peer in self._room.peers]
        client_lines, left_out = self._within(self._presence.local_clients, MAX_ALL_BYTES)
        lines += [*client_lines, *map(still_line, left_out)]
        self._send(messages_of(ALL, lines, asks=asks, beat=self._beat))
        return left_out

    def _send(self, messages: list[bytes]) -> None:
        for message in messages:
            self._say(message)

    def say_goodbye(self) -> None:
        """Nobody is connected here any more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        was_present, self._is_present = self._is_present, False
        if was_present and self._servers:
            self._send(messages_of(BYE))

    def close(self) -> None:
        """Say goodbye, and nothing from then on."""
        self._presence.on_changed = None
        self.say_goodbye()

    def look(self) -> None:
        """Say and ask again what is due, and forget who was at servers of which nothing is heard any more."""
        now = self._time()
        for name, server in list(self._servers.items()):
            if now - server.heard_at > SILENT_SECONDS:
                log.info("Room %s: the server %s is not heard of any more.", self._room.id, name)
                self._forget(name)
                self._asked_at = -math.inf  # perhaps it was this one that did not hear
        if not self._room.peers:
            self.say_goodbye()
        elif now - self._asked_at > ASK_SECONDS:
            self._say_all(asks=True)
        elif self._servers and now - self._said_at >= BEAT_SECONDS:
            self._say_all(asks=False)

    # -- what is heard -----------------------------------------------------------------------------------------------

    def hear(self, message: ServerMessage) -> None:
        """Take in what another server says."""
        try:
            said = read(message.data)
        except ValueError as error:
            log.warning("Room %s: %s says something about presence: %s", self._room.id, message.server, error)
            return
        if said.kind == BYE:
            self._forget(message.server)
            return
        server = self._servers.get(message.server)
        is_new = server is None
        if server is None:
            server = self._servers[message.server] = _Server(self._time())
        server.heard_at = self._time()
        self._take(message.server, server, said)
        if (is_new or said.asks) and self._room.peers:
            self._changed_clients = self._say_all(asks=False)
            if self._changed_clients:
                self._tell_soon()

    def _take(self, name: str, server: _Server, said: Said) -> None:
        for peer in said.peers:
            owner = server.owners.get(peer.connection)
            if owner is None:
                owner = RemoteOwner(name, peer.connection, peer.user, peer.role, peer.color, self._time())
                server.owners[peer.connection] = owner
                self._presence.enter(owner)
            owner.role, owner.color = peer.role, peer.color
        for connection in said.gone:
            self._drop(server, connection)
        for connection_or_none, entry in said.clients:
            owner = server.owners.get(connection_or_none or "")
            if owner is not None:
                self._presence.take(owner, entry)
            else:
                self._presence.drop(name, entry.client_id)
        if said.kind == ALL:
            self._complete(name, server, said)

    def _complete(self, name: str, server: _Server, said: Said) -> None:
        """When all parts of a beat have come, whatever none of them named is gone."""
        if server.beat != said.beat:
            server.beat, server.parts = said.beat, 0
            server.beat_peers, server.beat_clients = set(), set()
        server.parts += 1
        server.beat_peers.update(peer.connection for peer in said.peers)
        server.beat_clients.update(said.still, (entry.client_id for _, entry in said.clients))
        if server.parts == said.parts:
            for connection in server.owners.keys() - server.beat_peers:
                self._drop(server, connection)
            for owner in server.owners.values():
                for client_id in self._presence.clients_of(owner) - server.beat_clients:
                    self._presence.drop(name, client_id)

    def _drop(self, server: _Server, connection: str) -> None:
        owner = server.owners.pop(connection, None)
        if owner is not None:
            self._presence.leave(owner)

    def _forget(self, name: str) -> None:
        server = self._servers.pop(name, None)
        if server is not None:
            for connection in tuple(server.owners):
                self._drop(server, connection)


class PresenceRelays(RoomWatcher):
    """The relays of all rooms of a server process, over ``backplane``; it must be one of the rooms' watchers."""

    def __init__(self, backplane: Backplane) -> None:
        self._backplane = backplane
        self._relays: dict[str, PresenceRelay] = {}
        self._is_closed = False
        self._background = Background("presence of other servers")

    def hear(self, message: ServerMessage) -> None:
        """Another server says something about presence in a room."""
        if (relay := self._relays.get(message.room_id)) is not None:
            relay.hear(message)

    def has_others(self, room_id: str) -> bool:
        """Whether anybody is known to be in the room at another server."""
        relay = self._relays.get(room_id)
        return relay is not None and relay.has_others

    def opened(self, room: Room) -> None:
        """Relay for ``room``."""
        if self._is_closed:
            return
        say = partial(self._backplane.publish, room.id, TOPIC)
        self._relays[room.id] = PresenceRelay(room, say, self._background)
        self._background.run_once("looking", self._look)

    def ended(self, room: Room, code: CloseCode) -> None:
        """Relay for it no longer."""
        if (relay := self._relays.pop(room.id, None)) is not None:
            relay.close()

    def joined(self, room: Room, peer: Peer) -> None:
        """Tell that ``peer`` is here."""
        self._peer_changed(room, peer)

    def left(self, room: Room, peer: Peer) -> None:
        """Tell that ``peer`` is not here any more."""
        self._peer_changed(room, peer)

    def _peer_changed(self, room: Room, peer: Peer) -> None:
        if (relay := self._relays.get(room.id)) is not None:
            relay.peer_changed(peer)

    async def _look(self) -> None:
        while self._relays:
            await asyncio.sleep(LOOK_SECONDS)
            for room_id, relay in list(self._relays.items()):
                with self._background.boundary(f"presence in room {room_id}"):
                    relay.look()

    async def close(self) -> None:
        """Say goodbye in all rooms."""
        self._is_closed = True
        for relay in self._relays.values():
            relay.close()
        self._relays.clear()
        await self._background.close()
