"""IPython's ``%collab`` and ``%%collab``: rooms at the prompt, in a notebook and in a terminal."""

import inspect
import shlex
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import urlsplit

from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell

from ..errors import CollabError, RoomNotFound
from .background import background_loop
from .cell import Cell
from .completion import RoomCompleter
from .connection import Role
from .discovery import find_server
from .errors import CellFailed
from .listing import count, first_line, say, say_table
from .rest import RestClient, RoomInfo
from .room import LEAVE_SECONDS
from .running import code_cells, run_here, run_source
from .server import is_loopback
from .sync import Room, connect

__all__ = ["CollabMagics", "load", "unload"]

COMMANDS = {
    "status": "status                        the server, and the rooms that are joined",
    "rooms": "rooms [WORDS]                 the rooms of the server",
    "join": "join ROOM                     be among its people, and see what is in it",
    "leave": "leave ROOM                    be there no longer",
    "who": "who [ROOM]                    who is there",
    "invite": "invite ROOM [ROLE] [for 2h] [uses N]   a link and a code for others; ROLE is viewer if none is given",
    "pull": "pull ROOM[/CELL]              its code, into your next cell",
    "run": "run ROOM[/CELL]               its code, in this kernel",
    "push": "push ROOM[/CELL] [NAME|N]     this cell's other lines, else your last cell, text NAME or In[N], into it",
}
USAGE = "\n".join(
    [
        *(f"%collab {line}" for line in COMMANDS.values()),
        "%%collab ROOM[/CELL]                  share this cell and run it; the room is made if there is none",
        "CELL is a number, from 0, or an id. --force replaces what others wrote.",
    ]
)
NAME = "collab"
FORCE = "--force"
DEFAULT_SPAN = "1d"


@dataclass(frozen=True)
class Target:
    """A room, and perhaps a cell of it, as one types them: ``ROOM`` or ``ROOM/CELL``."""

    room: str
    cell: str | None

    @classmethod
    def parse(cls, text: str) -> "Target":
        """What ``text`` means."""
        room, _, cell = text.partition("/")
        return cls(room, cell or None)


class CollabMagics:
    """What ``%collab`` and ``%%collab`` do in one IPython."""

    def __init__(self, shell: InteractiveShell) -> None:
        self._shell = shell
        self._joined: dict[str, Room] = {}
        self._shared_as: dict[tuple[str, str], str] = {}
        """The cell of a room (by its id) that a cell of this notebook (by its own id) is shared as."""
        self._last_texts: dict[tuple[str, str], str] = {}
        """What a cell of a room held when it was pulled or pushed last."""
        self.completer = RoomCompleter(list(COMMANDS))
        self._commands: dict[str, Callable[..., None]] = {name: getattr(self, f"_{name}") for name in COMMANDS}

    def collab(self, line: str, cell: str | None = None) -> None:
        """Rooms at the prompt: ``%collab help`` lists the commands, ``%%collab ROOM`` shares a cell and runs it."""
        try:
            words = shlex.split(line)
            if cell is None:
                self._dispatch(*words)
            else:
                self._call(self._share, cell.removesuffix("\n"), *words)
        except CellFailed:
            raise
        except (CollabError, TimeoutError, ValueError) as error:
            raise UsageError(str(error)) from None

    def leave_all(self) -> None:
        """Leave the rooms that were joined."""
        while self._joined:
            self._joined.popitem()[1].close()

    def _dispatch(self, name: str = "status", *words: str) -> None:
        if name in ("help", "--help", "-h"):
            say(USAGE)
            return
        if name not in self._commands:
            raise UsageError(f"%collab has no command {name!r}.\n{USAGE}")
        self._call(self._commands[name], *words)

    def _call(self, command: Callable[..., None], *words: str) -> None:
        """Call a command with the words that were typed, the option among them by name."""
        options = {"force": True} if FORCE in words else {}
        arguments = [word for word in words if word != FORCE]
        try:
            inspect.signature(command).bind(*arguments, **options)
        except TypeError as error:
            raise UsageError(f"{error}.\n{USAGE}") from None
        command(*arguments, **options)

    # The server and its rooms

    def _status(self) -> None:
        server = background_loop().wait(find_server)
        say(f"Server: {server.url}")
        for room in self._joined.values():
            people = count(len(room.people), "person", "people")
            say(f"{room.id}: {room.problem or room.status}, {people}, you are {room.role}")
        if not self._joined:
            say("No room is joined. `%collab rooms` lists them, `%collab join ROOM` joins one.")

    def _rooms(self, *words: str) -> None:
        async def find() -> list[RoomInfo]:
            async with RestClient(await find_server()) as rest:
                return (await rest.list_rooms(search=" ".join(words)))["rooms"]

        rooms = background_loop().wait(find)
        rows = [(room["id"], room["title"], _visible(room)) for room in rooms]
        say_table(("ROOM", "TITLE", "PEOPLE"), rows, "No such rooms." if words else "There are no rooms yet.")

    def _join(self, room: str) -> None:
        if room in self._joined:
            self._leave(room)
        joined = self._joined[room] = connect(room)
        say(f"Joined {joined.title!r} as {joined.role}.")
        rows = [(str(cell.index), cell.cell_type, first_line(cell.source)) for cell in joined.cells]
        say_table(("CELL", "TYPE", "TEXT"), rows, "It is empty.")

    def _leave(self, room: str) -> None:
        if room not in self._joined:
            raise UsageError(f"Room {room!r} is not joined here.")
        self._joined.pop(room).close()
        say(f"Left {room!r}.")

    def _who(self, room: str | None = None) -> None:
        if room is None and not self._joined:
            raise UsageError("No room is joined: `%collab who ROOM`.")
        for room_id in [room] if room is not None else list(self._joined):
            with self._in(room_id) as joined:
                people = [f"{person.name}{' (you)' if person.is_me else ''}" for person in joined.people]
                say(f"{room_id}: {', '.join(people) or 'nobody'}")

    def _invite(self, room: str, *words: str) -> None:
        role, span, uses = _invitation_words(words)
        with self._in(room) as joined:
            invitation = joined.invite(role, expires=span, uses=uses)
        end = "for ever" if invitation.expires_at is None else f"until {invitation.expires_at.astimezone():%d %b %H:%M}"
        say(f"Whoever has this link or code is {invitation.role} in {room!r}, {end}.")
        say(f"Link: {invitation.link}\nCode: {invitation.code}")
        if invitation.role in ("runner", "editor"):
            say("They can run code on this server as you.")
        if is_loopback(urlsplit(invitation.link).hostname or ""):
            say("The link opens on this machine only: elsewhere put your server's address in front of /collab/join.")
        say("This output holds the link: clear it before you hand the notebook on.")

    # Text

    def _pull(self, target: str) -> None:
        with self._in(Target.parse(target).room) as room:
            cells = self._chosen(room, Target.parse(target))
            texts = [cell.source for cell in cells]
            for cell, text in zip(cells, texts, strict=True):
                self._last_texts[room.id, cell.id] = text
        self._shell.set_next_input("\n\n".join(texts))
        say(f"{count(len(cells), 'cell', 'cells')} of {room.id!r} in your next cell.")

    def _push(self, target: str, what: str | None = None, *, force: bool = False) -> None:
        text = self._last_input() if what is None else self._text_of(what)
        place = Target.parse(target)
        with self._in(place.room) as room:
            cell = _find(room, place.cell) if place.cell is not None else _empty_or_new(room)
            self._write(room, cell, text, force)
            say(f"Cell {cell.index} of {room.id!r} has it.")

    def _write(self, room: Room, cell: Cell, text: str, force: bool) -> None:
        """Set a cell's text, unless that would replace what others wrote and nobody here has seen."""
        if not force and cell.source not in ("", text, self._last_texts.get((room.id, cell.id))):
            raise UsageError(
                f"Cell {cell.index} of {room.id!r} holds text that is not from here. See it with "
                f"`%collab pull {room.id}/{cell.index}`, or replace it with {FORCE}."
            )
        cell.source = self._last_texts[room.id, cell.id] = text
        room.wait_saved(LEAVE_SECONDS)

    def _last_input(self) -> str:
        """This cell's lines that are not ours, or those of the last cell that has any."""
        for source in reversed(self._inputs):
            lines = [line for line in source.splitlines() if not line.lstrip().startswith(("%collab", "%%collab"))]
            if text := "\n".join(lines).strip("\n"):
                return text
        raise UsageError("There is no cell to push: no other was run here.")

    @property
    def _inputs(self) -> list[str]:
        """What was typed: that of In[1] at index 1, and so on."""
        history = self._shell.history_manager
        inputs: list[str] = [] if history is None else history.input_hist_raw
        return inputs

    def _text_of(self, what: str) -> str:
        """A variable's text, or the input of that number."""
        if what.isdecimal():
            if not 0 < int(what) < len(self._inputs):
                raise UsageError(f"There is no In[{what}].")
            return self._inputs[int(what)]
        value = self._shell.user_ns.get(what)
        if not isinstance(value, str):
            raise UsageError(f"{what} is {'no variable' if value is None else 'no text (a str)'}.")
        return value

    # Running

    def _run(self, target: str) -> None:
        with self._in(Target.parse(target).room) as room:
            run_here(room, self._chosen(room, Target.parse(target)))

    def _share(self, text: str, target: str, *, force: bool = False) -> None:
        place = Target.parse(target)
        with self._in(place.room, create=True) as room:
            cell = _find(room, place.cell) if place.cell is not None else self._own_cell(room, text)
            self._write(room, cell, text, force)
            if self._notebook_cell is not None:
                self._shared_as[room.id, self._notebook_cell] = cell.id
            index = cell.index
        say(f"Shared as cell {index} of room {place.room!r}.")
        run_source(text, f"Cell {index} of room {place.room!r}")

    def _own_cell(self, room: Room, text: str) -> Cell:
        """The cell that this notebook's cell is shared as: known from before, by its text, or new."""
        known = self._shared_as.get((room.id, self._notebook_cell or ""))
        cells = room.cells
        same = [cell for cell in cells if cell.id == known] or [cell for cell in cells if cell.source == text]
        return same[0] if same else _empty_or_new(room)

    @property
    def _notebook_cell(self) -> str | None:
        """The id of the notebook's cell that runs, where the frontend tells."""
        get_parent = getattr(self._shell, "get_parent", None)
        parent: dict[str, Any] = get_parent() if get_parent is not None else {}
        cell_id: str | None = parent.get("metadata", {}).get("cellId")
        return cell_id

    # Rooms

    @contextmanager
    def _in(self, room_id: str, *, create: bool = False) -> Iterator[Room]:
        """A room: the joined one, if it is in order, or a connection for this once that shows nobody."""
        joined = self._joined.get(room_id)
        if joined is not None and joined.status not in ("offline", "refused"):
            yield joined
            return
        try:
            room = connect(room_id, visible=False)
        except RoomNotFound:
            if not create:
                raise
            room = connect(room_id, visible=False, create=True)
            say(f"Room {room_id!r} is new.")
        with room:
            yield room

    def _chosen(self, room: Room, target: Target) -> list[Cell]:
        return code_cells(room) if target.cell is None else [_find(room, target.cell)]


def _find(room: Room, which: str) -> Cell:
    """The cell that somebody means: by its id, or by its number."""
    cells = room.cells
    for cell in cells:
        if which in (cell.id, str(cell.index)):
            return cell
    raise UsageError(f"Room {room.id!r} has no cell {which!r}: `%collab join {room.id}` lists its {len(cells)} cells.")


def _empty_or_new(room: Room) -> Cell:
    """The room's only cell if that is empty, or else a new one at the end."""
    cells = room.cells
    return cells[0] if len(cells) == 1 and not cells[0].source else room.append_cell()


def _visible(room: RoomInfo) -> str:
    return ", ".join(person["display_name"] for person in room["people"] if person["visible"])


def _invitation_words(words: Sequence[str]) -> tuple[Role, str | None, int | None]:
    """The role, the span of time and the number of uses in ``[ROLE] [for SPAN] [uses N]``."""
    rest = list(words)
    role: Role = "viewer"
    if rest and rest[0] not in ("for", "uses"):
        role = cast(Role, rest.pop(0))
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


def load(shell: InteractiveShell) -> None:
    """Add the magics to an IPython."""
    magics = CollabMagics(shell)
    shell.magics_manager.register_function(magics.collab, "line_cell", NAME)
    shell.Completer.custom_matchers.append(magics.completer.match)


def unload(shell: InteractiveShell) -> None:
    """Take them away, and leave the rooms that were joined."""
    shell.magics_manager.magics["cell"].pop(NAME)
    magics: CollabMagics = shell.magics_manager.magics["line"].pop(NAME).__self__
    shell.Completer.custom_matchers.remove(magics.completer.match)
    magics.leave_all()
