"""The arguments of ``%collab``."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from IPython.core.error import UsageError

from ...roles import RoleName

__all__ = ["COMMANDS", "USAGE", "Target", "invitation_words"]

COMMANDS = {
    "status": "status                        the server, and your connected rooms",
    "rooms": "rooms [WORDS]                 the rooms of the server",
    "connect": "connect ROOM                  enter the room, and show its content",
    "join": "join LINK NAME [PASSWORD]     the same as a guest, by the link of an invitation",
    "leave": "leave ROOM                    leave the room",
    "who": "who [ROOM]                    the people who are there",
    "invite": "invite ROOM [ROLE] [for 2h] [uses N]   a link and a code for other people; ROLE is viewer by default",
    "pull": "pull ROOM[/CELL]              its code, into your next cell",
    "run": "run ROOM[/CELL]               its code, in the room's kernel, visible to everybody",
    "run_here": "run_here ROOM[/CELL]          its code, in this kernel",
    "push": "push ROOM[/CELL] [NAME|N]     this cell's other lines, else your last cell, text NAME or In[N], into it",
}
USAGE = "\n".join(
    [
        *(f"%collab {line}" for line in COMMANDS.values()),
        "%%collab ROOM[/CELL]                  share this cell and run it here; creates the room if needed",
        "ROOM is an id, or an address that opens the room, with #CELL for a cell.",
        "CELL is a number, from 0, or an id. --force replaces text of other people.",
    ]
)
DEFAULT_SPAN = "1d"


@dataclass(frozen=True)
class Target:
    """A room (its id or its address), and perhaps a cell of it, as one types them.

    ``ROOM``, ``ROOM/CELL``, ``ADDRESS`` or ``ADDRESS#CELL``.
    """

    room: str
    cell: str | None

    @classmethod
    def parse(cls, text: str) -> "Target":
        """What ``text`` means."""
        room, _, cell = text.partition("#" if "://" in text else "/")
        return cls(room, cell or None)


def invitation_words(words: Sequence[str]) -> tuple[RoleName, str | None, int | None]:
    """The role, the span of time and the number of uses in ``[ROLE] [for SPAN] [uses N]``."""
    rest = list(words)
    role: RoleName = "viewer"
    if rest and rest[0] not in ("for", "uses"):
        role = cast(RoleName, rest.pop(0))
    span: str | None = DEFAULT_SPAN
    uses = None
    while len(rest) >= 2:
        name, value = rest.pop(0), rest.pop(0)
        if name == "for":
            span = None if value == "ever" else value
        elif name == "uses" and value.isdecimal():
            uses = int(value)
        else:
            raise UsageError(f"What is {name} {value}? {COMMANDS['invite']}")
    if rest:
        raise UsageError(f"What is {rest[0]}? {COMMANDS['invite']}")
    return role, span, uses
