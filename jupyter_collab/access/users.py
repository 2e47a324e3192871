"""Users: authenticated people, and how others see them."""

import hashlib
from dataclasses import dataclass
from enum import StrEnum

from ..protocol import UserInfo
from ..roles import Role

__all__ = ["PALETTE", "User", "UserKind", "writer_of"]

# Each has a contrast of at least 4.5 with white, so that a name in white on it can be read, in either theme.
_COLORS = ("#b3261e", "#8a4b00", "#5d6200", "#2f6b1f", "#0b6e4f", "#00687a", "#1a5fb4", "#4b4fc4", "#7a3fb5", "#a1347c")

PALETTE = (
    *_COLORS,
    *("#543054", "#cc00d8", "#0000fc", "#e4006c", "#846c84", "#0c309c", "#483c0c"),
    *("#9000fc", "#78180c", "#6c0084", "#006cfc", "#004854", "#5400c0", "#840054"),
)
"""The colours of people who are present together; those after the first ten are for when these are taken."""


class UserKind(StrEnum):
    """How a person was admitted: by the Jupyter server, an account, or an invitation."""

    SERVER = "server"
    ACCOUNT = "account"
    GUEST = "guest"


@dataclass(frozen=True, slots=True)
class User:
    """An authenticated person, as the server knows them. ``username`` is theirs among those of their kind.

    ``uses_server`` is for accounts that were let into JupyterLab itself.
    """

    username: str
    name: str
    display_name: str
    initials: str
    avatar_url: str | None = None
    color: str | None = None
    kind: UserKind = UserKind.SERVER
    uses_server: bool = False

    @property
    def is_server_user(self) -> bool:
        """Whether this is one of those who are meant by every user of the server."""
        return self.kind is UserKind.SERVER or self.uses_server

    @property
    def principal(self) -> str:
        """Names this person among all that the server knows, of whatever kind."""
        return f"{self.kind}:{self.username}"

    @property
    def shown_name(self) -> str:
        """Their name as others read it: guests chose theirs themselves, and are marked as guests."""
        return f"{self.display_name} (guest)" if self.kind is UserKind.GUEST else self.display_name

    @property
    def writer(self) -> str:
        """Names who writes under a Yjs client id; see :func:`writer_of`."""
        return writer_of(self.principal)

    @property
    def own_color(self) -> str:
        """The colour that this user has unless somebody else has it already."""
        return self.color or color_of(self.username)

    def info(self, role: Role, color: str | None = None) -> UserInfo:
        """The user's public data in ``role``, perhaps with another ``color``."""
        color = color or self.own_color
        return {
            "username": self.username,
            "name": self.display_name or self.name,
            "display_name": self.display_name,
            "initials": self.initials,
            "avatar_url": self.avatar_url,
            "color": color,
            "colorLight": color + "33",
            "role": role.value,
            "kind": self.kind.value,
        }


def writer_of(principal: str | None) -> str:
    """Who writes under a Yjs client id: the principal, but all users of the server are one; empty for the server.

    A program that shows the server's token is an anonymous user with another name at each connection.
    """
    if principal is None:
        return ""
    kind = principal.partition(":")[0]
    return kind if kind == UserKind.SERVER else principal


def color_of(username: str) -> str:
    """A CSS colour (``#rrggbb``) that is always the same for ``username``."""
    return _COLORS[hashlib.sha256(username.encode()).digest()[0] % len(_COLORS)]
