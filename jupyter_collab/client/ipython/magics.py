"""IPython's ``%collab`` and ``%%collab``: rooms at the prompt, in a notebook and in a terminal."""

import inspect
import shlex
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell

from ...addresses import opens_here_only
from ...errors import CellFailed, CollabError, RoomNotFound
from ...protocol import shown_name
from ..blocking.blocking_room import Room, connect, join
from ..blocking.loop import background_loop
from ..http.discovery import find_server
from ..http.rest_client import RestClient, RoomInfo
from ..http.room_address import RoomAddress
from ..room.async_room import LEAVE_SECONDS
from ..room.cell import Cell
from ..room.room_runs import require_success
from .awaiter import AWAITED_NAME, Awaiter
from .commands import COMMANDS, USAGE, Target, invitation_words
from .completer import RoomCompleter
from .output_display import show_outputs
from .own_kernel import code_cells, run_here, run_source, run_source_awaited, sources_to_run
from .printout import count, first_line, say, say_table
from .typed_texts import TypedTexts

__all__ = ["CollabMagics", "load", "unload"]

NAME = "collab"
FORCE = "--force"

T = TypeVar("T")


class CollabMagics:
    """What ``%collab`` and ``%%collab`` do in one IPython."""

    def __init__(self, shell: InteractiveShell) -> None:
        self._shell = shell
        self._typed = TypedTexts(shell)
        self._entered: dict[str, Room] = {}
        """The rooms that one is in, by their ids."""
        self._shared_as: dict[tuple[str, str], str] = {}
        """The cell of a room (by its id) that a cell of this notebook (by its own id) is shared as."""
        self._last_texts: dict[tuple[str, str], str] = {}
        """What a cell of a room held when it was pulled or pushed last."""
        self.completer = RoomCompleter(list(COMMANDS))
        self._commands: dict[str, Callable[..., None]] = {name: getattr(self, f"_{name}") for name in COMMANDS}

    def collab(self, line: str, cell: str | None = None) -> None:
        """Rooms at the prompt: ``%collab help`` lists the commands, ``%%collab ROOM`` shares a cell and runs it."""
        with _mistakes_as_usage_errors():
            words = shlex.split(line)
            if cell is None:
                self._dispatch(*words)
            else:
                run_source(*self._call(self._share, cell.removesuffix("\n"), *words))

    async def collab_awaited(self, line: str, cell: str | None = None) -> None:
        """What ``%collab run_here`` and ``%%collab`` become in a notebook, so that what they run may ``await``."""
        with _mistakes_as_usage_errors():
            words = shlex.split(line)
            if cell is None:
                await self._call(self._run_here_awaited, *words[1:])
            else:
                await run_source_awaited(*self._call(self._share, cell.removesuffix("\n"), *words))

    def leave_all(self) -> None:
        """Leave all rooms that one is in."""
        while self._entered:
            self._entered.popitem()[1].close()

    def _dispatch(self, name: str = "status", *words: str) -> None:
        if name in ("help", "--help", "-h"):
            say(USAGE)
            return
        if name not in self._commands:
            raise UsageError(f"%collab has no command {name!r}.\n{USAGE}")
        self._call(self._commands[name], *words)

    def _call(self, command: Callable[..., T], *words: str) -> T:
        """Call a command with the words that were typed, the option among them by name."""
        options = {"force": True} if FORCE in words else {}
        arguments = [word for word in words if word != FORCE]
        try:
            inspect.signature(command).bind(*arguments, **options)
        except TypeError as error:
            raise UsageError(f"{error}.\n{USAGE}") from None
        return command(*arguments, **options)

    # The server and its rooms

    def _status(self) -> None:
        server = background_loop().wait(find_server)
        say(f"Server: {server.url}")
        for room in self._entered.values():
            people = count(len(room.people), "person", "people")
            say(f"{room.id}: {room.problem or room.status}, {people}, you are {room.role}")
        if not self._entered:
            say("You are in no room. `%collab rooms` lists them, `%collab connect ROOM` enters one.")

    def _rooms(self, *words: str) -> None:
        async def find() -> list[RoomInfo]:
            async with RestClient(await find_server()) as rest:
                return (await rest.list_rooms(search=" ".join(words)))["rooms"]

        rooms = background_loop().wait(find)
        rows = [(room["id"], room["title"], _visible(room)) for room in rooms]
        say_table(("ROOM", "TITLE", "PEOPLE"), rows, "No such rooms." if words else "There are no rooms yet.")

    def _connect(self, room: str) -> None:
        former = self._entered.get(RoomAddress.parse(room).room)
        if former is not None:
            self._leave(former.id)
        self._enter(connect(room))

    def _join(self, link: str, name: str, password: str | None = None) -> None:
        self._enter(join(link, name, password=password))

    def _enter(self, room: Room) -> None:
        """Be in a room until it is left."""
        former = self._entered.pop(room.id, None)
        if former is not None:
            former.close()
        self._entered[room.id] = room
        say(f"You are {room.role} in {room.title!r}, room {room.id!r}.")
        rows = [(str(cell.index), cell.cell_type, first_line(cell.source)) for cell in room.cells]
        say_table(("CELL", "TYPE", "TEXT"), rows, "It is empty.")

    def _leave(self, room: str) -> None:
        entered = self._entered_as(room)
        if entered is None:
            raise UsageError(f"You are not in room {room!r}.")
        self._entered.pop(entered.id).close()
        say(f"Left {entered.id!r}.")

    def _who(self, room: str | None = None) -> None:
        if room is None and not self._entered:
            raise UsageError("You are in no room: `%collab who ROOM`.")
        for which in [room] if room is not None else list(self._entered):
            with self._in(which) as entered:
                people = [f"{person.name}{' (you)' if person.is_me else ''}" for person in entered.people]
                say(f"{entered.id}: {', '.join(people) or 'nobody'}")

    def _invite(self, room: str, *words: str) -> None:
        role, span, uses = invitation_words(words)
        with self._in(room) as entered:
            invitation = entered.invite(role, expires=span, uses=uses)
        end = "for ever" if invitation.expires_at is None else f"until {invitation.expires_at.astimezone():%d %b %H:%M}"
        say(f"Anyone who has this link or code is {invitation.role} in {entered.id!r}, {end}.")
        say(f"Link: {invitation.link}\nCode: {invitation.code}")
        if invitation.warning:
            say(invitation.warning)
        if opens_here_only(invitation.link):
            say(
                "The link opens on this machine only: elsewhere put the address in front of /collab/join by which "
                "others reach your server, or set CollabExtension.public_url."
            )
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
        text = self._typed.last_input() if what is None else self._typed.text_of(what)
        goal = Target.parse(target)
        with self._in(goal.room) as room:
            cell = _find(room, goal.cell) if goal.cell is not None else _empty_or_new(room)
            self._write(room, cell, text, force)
            say(f"Cell {cell.index} of {room.id!r} has it.")

    def _write(self, room: Room, cell: Cell, text: str, force: bool) -> None:
        """Set a cell's text, unless that would replace what others wrote and nobody here has seen."""
        if not force and cell.source not in ("", text, self._last_texts.get((room.id, cell.id))):
            raise UsageError(
                f"Cell {cell.index} of {room.id!r} holds text that is not from here. See it with "
                f"`%collab pull {room.id}/{cell.index}`, or replace it with {FORCE}."
            )
        cell.source = text
        self._last_texts[room.id, cell.id] = cell.source  # its line ends may be other ones
        room.wait_saved(LEAVE_SECONDS)

    # Running

    def _run(self, target: str) -> None:
        with self._in(Target.parse(target).room) as room:
            runs = room.run(*self._chosen(room, Target.parse(target)), check=False)
            for run in runs:
                show_outputs(run.outputs)
            require_success(room, runs)

    def _run_here(self, target: str) -> None:
        with self._in(Target.parse(target).room) as room:
            run_here(room, self._chosen(room, Target.parse(target)))

    async def _run_here_awaited(self, target: str) -> None:
        with self._in(Target.parse(target).room) as room:
            for source, name in sources_to_run(room, self._chosen(room, Target.parse(target))):
                await run_source_awaited(source, name)

    def _share(self, text: str, target: str, *, force: bool = False) -> tuple[str, str]:
        """Put a text into a room; returns it, and what messages call it when it is run."""
        goal = Target.parse(target)
        with self._in(goal.room, create=True) as room:
            cell = _find(room, goal.cell) if goal.cell is not None else self._own_cell(room, text)
            self._write(room, cell, text, force)
            if self._typed.notebook_cell is not None:
                self._shared_as[room.id, self._typed.notebook_cell] = cell.id
            place = f"{cell.index} of room {room.id!r}"
        say(f"Shared as cell {place}.")
        return text, f"Cell {place}"

    def _own_cell(self, room: Room, text: str) -> Cell:
        """The cell that this notebook's cell is shared as: known from before, by its text, or new."""
        known = self._shared_as.get((room.id, self._typed.notebook_cell or ""))
        cells = room.cells
        same = [cell for cell in cells if cell.id == known] or [cell for cell in cells if cell.source == text]
        return same[0] if same else _empty_or_new(room)

    # Rooms

    @contextmanager
    def _in(self, which: str, *, create: bool = False) -> Iterator[Room]:
        """A room: the one that was entered, if it is in order, or a connection for this once that shows nobody."""
        entered = self._entered_as(which)
        if entered is not None and entered.status not in ("offline", "refused"):
            yield entered
            return
        try:
            room = connect(which, visible=False)
        except RoomNotFound:
            if not create:
                raise
            room = connect(which, visible=False, create=True)
            say(f"Room {room.id!r} is new.")
        with room:
            yield room

    def _entered_as(self, which: str) -> Room | None:
        """The room that somebody means, if one is in it."""
        address = RoomAddress.parse(which)
        room = self._entered.get(address.room)
        return room if room is not None and address.means(room.address) else None

    def _chosen(self, room: Room, target: Target) -> list[Cell]:
        return code_cells(room) if target.cell is None else [_find(room, target.cell)]


@contextmanager
def _mistakes_as_usage_errors() -> Iterator[None]:
    """Let IPython show in one line what was typed wrong, or cannot be done."""
    try:
        yield
    except CellFailed:
        raise
    except (CollabError, TimeoutError, ValueError) as error:
        raise UsageError(str(error)) from None


def _find(room: Room, which: str) -> Cell:
    """The cell that somebody means: by its id, or by its number."""
    cells = room.cells
    for cell in cells:
        if which in (cell.id, str(cell.index)):
            return cell
    raise UsageError(
        f"Room {room.id!r} has no cell {which!r}: `%collab connect {room.id}` lists its {len(cells)} cells."
    )


def _empty_or_new(room: Room) -> Cell:
    """The room's only cell if that is empty, or else a new one at the end."""
    cells = room.cells
    return cells[0] if len(cells) == 1 and not cells[0].source else room.append_cell()


def _visible(room: RoomInfo) -> str:
    return ", ".join(shown_name(person) for person in room["people"] if person["visible"])


def load(shell: InteractiveShell) -> None:
    """Add the magics to an IPython."""
    magics = CollabMagics(shell)
    shell.magics_manager.register_function(magics.collab, "line_cell", NAME)
    shell.magics_manager.register_function(magics.collab_awaited, "line_cell", AWAITED_NAME)
    shell.input_transformers_post.append(Awaiter(shell))
    shell.Completer.custom_matchers.append(magics.completer.match)


def unload(shell: InteractiveShell) -> None:
    """Take them away, and leave the rooms that one is in."""
    shell.input_transformers_post[:] = [one for one in shell.input_transformers_post if not isinstance(one, Awaiter)]
    for kind in ("line", "cell"):
        shell.magics_manager.magics[kind].pop(AWAITED_NAME)
    shell.magics_manager.magics["cell"].pop(NAME)
    magics: CollabMagics = shell.magics_manager.magics["line"].pop(NAME).__self__
    shell.Completer.custom_matchers.remove(magics.completer.match)
    magics.leave_all()
