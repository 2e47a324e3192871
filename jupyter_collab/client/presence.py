"""Who is in the room, and where this client shows itself to be. Bytes in, people out; no I/O."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ..errors import ProtocolError
from ..protocol import (
    AwarenessEntry,
    AwarenessMessage,
    UserInfo,
    build_awareness,
    parse_awareness,
    parse_json,
)

__all__ = ["Person", "Presence"]

MAX_STATE_BYTES = 1 << 20
MAX_ENTRIES = 100_000

DEFAULT_COLOR = "#4b4fc4"


@dataclass(frozen=True)
class Person:
    """One connection of a person to the room: who opens two windows is there twice.

    Attributes
    ----------
    client_id
        The connection's document.
    username, name, initials, avatar_url, color, role
        Who it is, by the server's word; ``color`` is a CSS colour.
    is_guest
        Whether they came by an invitation, and chose their name themselves.
    cell
        The id of the cell that they are in, if any.
    is_me
        Whether it is this client.
    """

    client_id: int
    username: str
    name: str
    initials: str
    avatar_url: str | None
    color: str
    role: str
    is_guest: bool
    cell: str | None
    is_me: bool

    @property
    def shown_name(self) -> str:
        """The name as people read it: guests are marked as such."""
        return f"{self.name} (guest)" if self.is_guest else self.name

    @classmethod
    def of_state(cls, client_id: int, state: Mapping[str, Any], *, is_me: bool = False) -> "Person":
        """The person that a presence state tells of; what is missing or of another kind is left out."""
        found = state.get("user")
        user: Mapping[str, Any] = found if isinstance(found, dict) else {}
        username = _text(user.get("username"))
        name = _text(user.get("display_name")) or _text(user.get("name")) or username or "Anonymous"
        return cls(
            client_id=client_id,
            username=username,
            name=name,
            initials=_text(user.get("initials")) or name[:1].upper(),
            avatar_url=_text(user.get("avatar_url")) or None,
            color=_text(user.get("color")) or DEFAULT_COLOR,
            role=_text(user.get("role")),
            is_guest=user.get("kind") == "guest",
            cell=_text(state.get("cell")) or None,
            is_me=is_me,
        )


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


class Presence:
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
