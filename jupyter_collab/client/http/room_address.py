"""How people name a room: by its id, or by an address that opens it."""

from dataclasses import dataclass
from urllib.parse import parse_qs, unquote, urlsplit, urlunsplit

from .discovery import base_urls

__all__ = ["RoomAddress"]

_BEFORE_ID = ("/collab/room/", "/api/collab/rooms/", "/api/collab/room/")
"""What stands before the id in addresses whose path names the room."""


@dataclass(frozen=True)
class RoomAddress:
    """Where a room is.

    Attributes
    ----------
    room
        Its id.
    server
        The address of a page of its server, with the token that was in the link; ``None`` where only an id was given.
    """

    room: str
    server: str | None = None

    def means(self, address: str) -> bool:
        """Whether this means the room that a whole ``address`` opens: the same id and, where it is known, server."""
        other = RoomAddress.parse(address)
        if self.server is None or other.server is None:
            return self.room == other.room
        return self.room == other.room and not set(base_urls(self.server)).isdisjoint(base_urls(other.server))

    @classmethod
    def parse(cls, text: str) -> "RoomAddress":
        """What ``text`` means: an id, or an address as ``…/lab?room=ID``, ``…/collab/?room=ID``, ``…/collab/room/ID``.

        Raises
        ------
        ValueError
            When it is an address that leads to no room, or an invitation's link.
        """
        if "://" not in text:
            return cls(text)
        parts = urlsplit(text)
        query = parse_qs(parts.query)
        path, room = parts.path, query.get("room", [""])[0]
        if not room:
            path, room = _named_by_path(parts.path)
        if parts.path.rstrip("/").endswith("/collab/join"):
            raise ValueError("This is the link of an invitation: come by it with join(link, name).")
        if not room:
            raise ValueError(f"{text.partition('?')[0]!r} leads to no room: give its id, or the link that opens it.")
        token = f"token={query['token'][0]}" if "token" in query else ""
        return cls(room, urlunsplit((parts.scheme, parts.netloc, path, token, "")))


def _named_by_path(path: str) -> tuple[str, str]:
    """The path without the room, and the room's id; empty if the path names none."""
    for before in _BEFORE_ID:
        start, found, rest = path.partition(before)
        room = rest.partition("/")[0]
        if found and room:
            return f"{start}/", unquote(room)
    return path, ""
