"""The people in a room, as its presence states tell of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["Person"]

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
