"""Who is in the room, and where this client shows itself to be. Bytes in, people out; no I/O."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from ...errors import ProtocolError
from ...protocol import (
    AwarenessEntry,
    AwarenessMessage,
    UserInfo,
    build_awareness,
    parse_awareness,
    parse_json,
)
from .person import Person

__all__ = ["PresenceStates"]

MAX_STATE_BYTES = 1 << 20
MAX_ENTRIES = 100_000


class PresenceStates:
    """The presence states of a room.

    Parameters
    ----------
    on_people
        Called after the people in the room, or what is known of them, changed.
    visible
        Whether the others see us among the people.
    """

    def __init__(self, on_people: Callable[[], None], visible: bool = True) -> None:
        self._on_people = on_people
        self.visible = visible
        self._states: dict[int, Mapping[str, Any]] = {}
        self._clocks: dict[int, int] = {}
        self._clock = 0
        self._mine: dict[str, Any] = {"cursor": None, "cell": None}
        self._me: UserInfo | None = None
        self.client_id = 0

    def join(self, client_id: int, user: UserInfo) -> None:
        """A connection begins: we are ``user``, and nobody else is known to be there."""
        self.client_id = client_id
        self._me = user
        self.leave()

    def leave(self) -> None:
        """The connection ended: what is known of the others is no longer true."""
        self._states.clear()
        self._clocks.clear()
        self._on_people()

    def set_mine(self, **fields: object) -> None:
        """Show ourselves in another place (``cell``, ``cursor``), or with other fields."""
        self._mine.update(fields)
        self._on_people()

    def message(self) -> AwarenessMessage:
        """Our own state, to be sent after each change, and now and then for those who forget silent clients."""
        self._clock += 1
        state = json.dumps(self._mine, separators=(",", ":"))
        return AwarenessMessage(build_awareness([AwarenessEntry(self.client_id, self._clock, state)]))

    def receive(self, payload: bytes) -> None:
        """Take in what the server tells of others.

        Raises
        ------
        ProtocolError
            For bytes that are no awareness update.
        """
        entries = parse_awareness(payload, max_state_bytes=MAX_STATE_BYTES, max_entries=MAX_ENTRIES)
        news = [self._take(entry) for entry in entries if entry.client_id != self.client_id]
        if any(news):
            self._on_people()

    def _take(self, entry: AwarenessEntry) -> bool:
        """Whether ``entry`` told us something."""
        state = parse_json(entry.state)
        if state is not None and not isinstance(state, dict):
            raise ProtocolError("A presence state must be a JSON object or null.")
        known = self._clocks.get(entry.client_id, -1)
        if entry.clock < known or (entry.clock == known and state is not None):
            return False
        self._clocks[entry.client_id] = entry.clock
        before = self._states.pop(entry.client_id, None)
        if state is not None:
            self._states[entry.client_id] = state
        return before != state

    @property
    def people(self) -> list[Person]:
        """Everybody who is seen in the room, this client first."""
        others = [Person.of_state(client_id, state) for client_id, state in self._states.items()]
        others.sort(key=lambda person: (person.name, person.client_id))
        if self._me is None or not self.visible:
            return others
        me = Person.of_state(self.client_id, {**self._mine, "user": self._me}, is_me=True)
        return [me, *others]
