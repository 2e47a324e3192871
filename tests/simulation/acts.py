"""What people do with cells, decided from what they see: each makes an :data:`~.copies.Act`, or ``None``."""

from collections.abc import Callable, Sequence, Set

from .copies import Act, SeenCell
from .pieces import boundaries, pieces_in

__all__ = ["ACTS", "Choice", "removable"]

CELL_TYPES = ("code", "markdown", "raw")
MOST_CELLS = 8
"""From so many on, a new cell would only make it rarer that two people are in one."""


class Choice:
    """The cells that somebody sees, the late ones among the deleted, a ``piece`` that is theirs to type, and chance.

    ``where`` are two numbers from 0 to 1 that choose.
    """

    def __init__(
        self, cells: Sequence[SeenCell], late: Sequence[SeenCell], piece: str, where: tuple[float, float]
    ) -> None:
        self.cells = cells
        self.late = late
        self.piece = piece
        self.where = where

    @property
    def index(self) -> int:
        return int(self.where[0] * len(self.cells))

    @property
    def cell(self) -> SeenCell:
        return self.cells[self.index]

    def place(self, cell: SeenCell) -> int:
        """A place in a cell's text that is not inside a piece."""
        places = boundaries(cell.text)
        return places[int(self.where[1] * len(places))]


def _write(choice: Choice) -> Act:
    at = choice.place(choice.cell)
    ending = "\n" if choice.where[1] < 0.3 else ""
    return {"do": "write", "cell": choice.cell.id, "at": at, "text": choice.piece + ending}


def _go_on(choice: Choice) -> Act:
    """Type behind what one typed last, wherever that is now."""
    mine = [
        (int(piece.partition(".")[2].split()[0]), cell, cell.text.index(piece) + len(piece))
        for cell in choice.cells
        for piece in pieces_in(cell.text)
        if piece.partition(".")[0] == choice.piece.partition(".")[0]
    ]
    if not mine:
        return _write(choice)
    _, cell, at = max(mine)
    return {"do": "write", "cell": cell.id, "at": at, "text": choice.piece}


def _wipe(choice: Choice) -> Act | None:
    pieces = pieces_in(choice.cell.text)
    if not pieces:
        return None
    first = int(choice.where[1] * len(pieces))
    last = min(first + int(choice.where[1] * 7) % 2, len(pieces) - 1)
    start = choice.cell.text.index(pieces[first])
    stop = choice.cell.text.index(pieces[last]) + len(pieces[last])
    return {"do": "wipe", "cell": choice.cell.id, "start": start, "stop": max(start, stop)}


def _new_cell(choice: Choice) -> Act | None:
    if len(choice.cells) >= MOST_CELLS:
        return None
    index = int(choice.where[0] * (len(choice.cells) + 1))
    cell_type = CELL_TYPES[int(choice.where[1] * len(CELL_TYPES))]
    return {"do": "new_cell", "index": index, "cell_type": cell_type, "text": choice.piece}


def _move(choice: Choice) -> Act:
    return {"do": "move", "cell": choice.cell.id, "index": int(choice.where[1] * len(choice.cells))}


def _retype(choice: Choice) -> Act:
    others = [cell_type for cell_type in CELL_TYPES if cell_type != choice.cell.type]
    return {"do": "retype", "cell": choice.cell.id, "cell_type": others[int(choice.where[1] * len(others))]}


def _drop_cell(choice: Choice) -> Act:
    return {"do": "drop_cell", "cell": choice.cell.id}


def _undo_text(choice: Choice) -> Act:
    return {"do": "undo_text", "cell": choice.cell.id}


def _merge(choice: Choice) -> Act | None:
    """Merge two cells that are beside each other, into either."""
    if len(choice.cells) < 2:
        return None
    first = int(choice.where[0] * (len(choice.cells) - 1))
    cells = [cell.id for cell in choice.cells[first : first + 2]]
    return {"do": "merge", "cells": cells if choice.where[1] < 0.5 else cells[::-1], "way": _way(choice)}


def _split(choice: Choice) -> Act | None:
    if len(choice.cells) >= MOST_CELLS:
        return None
    return {"do": "split", "cell": choice.cell.id, "at": choice.place(choice.cell), "way": _way(choice)}


def _way(choice: Choice) -> str:
    """Whether the pane does it, or one of JupyterLab's own actions."""
    return "pane" if choice.where[0] * 10 % 1 < 0.6 else "action"


def _reformat(choice: Choice) -> Act | None:
    """Write a cell's text as a formatter does: each piece in a line of its own, or all in one."""
    pieces = pieces_in(choice.cell.text)
    if not pieces:
        return None
    return {"do": "reformat", "cell": choice.cell.id, "text": ("\n" if choice.where[1] < 0.5 else "").join(pieces)}


def _bring_back(choice: Choice) -> Act | None:
    return {"do": "bring_back", "cell": _late(choice).id} if choice.late else None


def _dismiss(choice: Choice) -> Act | None:
    return {"do": "dismiss", "cell": _late(choice).id, "text": _late(choice).text} if choice.late else None


def _late(choice: Choice) -> SeenCell:
    return choice.late[int(choice.where[0] * len(choice.late))]


ACTS: dict[str, Callable[[Choice], Act | None]] = {
    "write": _write,
    "go_on": _go_on,
    "wipe": _wipe,
    "new_cell": _new_cell,
    "move": _move,
    "retype": _retype,
    "drop_cell": _drop_cell,
    "undo": lambda choice: {"do": "undo"},
    "redo": lambda choice: {"do": "redo"},
    "undo_text": _undo_text,
    "merge": _merge,
    "split": _split,
    "reformat": _reformat,
    "bring_back": _bring_back,
    "dismiss": _dismiss,
}


def removable(act: Act, before: Sequence[SeenCell], author: str, removed: Set[str]) -> set[str]:
    """The pieces that who does this means to remove, of those seen. All others must be there after it.

    ``removed`` are those that the author removed before: a redo may do so again.
    """
    texts = {cell.id: cell.text for cell in before}
    everything = {piece for text in texts.values() for piece in pieces_in(text)}
    match act["do"]:
        case "wipe":
            return set(pieces_in(texts[act["cell"]][act["start"] : act["stop"]]))
        case "import" if act["cell"] is not None:
            return set(pieces_in(texts[act["cell"]]))
        case "dismiss":
            return set(pieces_in(act["text"]))
        case "drop_cell":
            return set(pieces_in(texts[act["cell"]]))
        case "undo" | "undo_text":
            return {piece for piece in everything if piece.startswith(f"[{author}.")}
        case "redo":
            return {piece for piece in everything if piece.startswith(f"[{author}.") or piece in removed}
    return set()
