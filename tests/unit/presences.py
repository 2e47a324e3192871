"""Presence on a stage of its own: a clock that is turned by hand, and peers who remember whom they see."""

import heapq
import itertools
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from jupyter_collab.access import Role
from jupyter_collab.errors import CollabError
from jupyter_collab.protocol import AwarenessEntry, AwarenessMessage, build_awareness, parse, parse_awareness
from jupyter_collab.rooms import Limits, Peer
from jupyter_collab.rooms.presence import Presence

from .doubles import MemoryTransport, user

__all__ = ["HandClock", "Onlooker", "Stage"]


class HandClock:
    """A clock that stands still until it is turned."""

    def __init__(self) -> None:
        self._now = 1000.0
        self._order = itertools.count()
        self._calls: list[tuple[float, int, Callable[[], None]]] = []

    def time(self) -> float:
        return self._now

    def later(self, seconds: float, name: str, call: Callable[[], None]) -> object:
        heapq.heappush(self._calls, (self._now + seconds, next(self._order), call))
        return None

    def turn(self, seconds: float) -> None:
        """Let time pass."""
        end = self._now + seconds
        while self._calls and self._calls[0][0] <= end:
            self._now, _, callback = heapq.heappop(self._calls)
            callback()
        self._now = end


@dataclass(eq=False)
class Onlooker:
    """A peer: what it was sent, and, as y-protocols' awareness does, whom it believes to be here."""

    peer: Peer
    transport: MemoryTransport
    echoes: bool = False
    heard: list[list[AwarenessEntry]] = field(default_factory=list)
    sees: dict[int, dict[str, Any]] = field(default_factory=dict)
    clocks: dict[int, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.transport.on_message = self._read

    def _read(self, data: bytes) -> None:
        message = parse(data)
        assert isinstance(message, AwarenessMessage)
        entries = parse_awareness(message.payload, max_state_bytes=10**6, max_entries=10**4)
        self.heard.append(entries)
        for entry in entries:
            known = self.clocks.get(entry.client_id, -1)
            state = json.loads(entry.state)
            if entry.clock > known or (entry.clock == known and state is None):
                self.clocks[entry.client_id] = entry.clock
                self._take(entry.client_id, state)

    def _take(self, client_id: int, state: dict[str, Any] | None) -> None:
        if state is None:
            self.sees.pop(client_id, None)
        else:
            self.sees[client_id] = state


class Stage:
    """One room's presence, and those who are in it."""

    def __init__(self, limits: Limits | None = None) -> None:
        self.limits = limits or Limits()
        self.clock = HandClock()
        self.peers: dict[Peer, float] = {}
        self.presence = Presence(self.limits, self.peers, self.clock, self.clock.time, lambda _client_id: None)
        self.overflows: list[CollabError] = []

    def enter(self, name: str, *, plain: bool = False, role: Role = Role.OWNER) -> Onlooker:
        """Somebody joins, over a connection of their own."""
        self.clock.turn(0.001)
        transport = MemoryTransport()
        peer = Peer(user(name), role, transport, speaks_v1=not plain)
        onlooker = Onlooker(peer, transport)
        peer.attach(self.limits.outbox_bytes, on_ready=self.presence.catch_up, on_failed=self.overflows.append)
        self.peers[peer] = self.clock.time()
        self.presence.greet(peer)
        return onlooker

    def exit(self, onlooker: Onlooker) -> None:
        """Their connection ends."""
        self.clock.turn(0.001)
        self.peers.pop(onlooker.peer, None)
        self.presence.leave(onlooker.peer)

    def say(self, onlooker: Onlooker, *entries: tuple[int, int, Any]) -> None:
        """They send client ids, clocks and states (what JSON can say, or text as it is)."""
        texts = [
            AwarenessEntry(client_id, clock, state if isinstance(state, str) else json.dumps(state))
            for client_id, clock, state in entries
        ]
        self.presence.receive(onlooker.peer, build_awareness(texts))

    def echo(self, onlooker: Onlooker) -> None:
        """They send back all that they heard last, as plain clients do."""
        self.presence.receive(onlooker.peer, build_awareness(onlooker.heard[-1]))

    def tick(self, seconds: float = 0.2) -> None:
        """Let the gathered changes go out."""
        self.clock.turn(seconds)
