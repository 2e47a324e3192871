"""The promise on the thing itself: what was typed into a cell is in some cell, once, unless removed knowingly.

Somebody's act removes knowingly what they see before it and not after it. That excuses a loss only if the act itself
reached the room, which its token in the ledger says.
"""

import zlib
from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from typing import Any

from .acts import removable
from .copies import Act, SeenCell
from .pieces import count_pieces, torn_text

__all__ = ["Promise", "check_cells", "is_late", "live_cells"]


class Promise:
    """Who typed what, and who removed it. ``typed`` is each piece's token in the ledger."""

    def __init__(self) -> None:
        self.typed: dict[str, str] = {}
        self.removed_by: dict[str, set[str]] = defaultdict(set)
        self._removed_of: dict[str, set[str]] = defaultdict(set)
        self._wiped: dict[str, str] = {}

    def note(
        self,
        act: Act,
        token: str,
        author: str,
        before: Sequence[SeenCell],
        after: Sequence[SeenCell],
        *,
        in_page: bool = False,
    ) -> None:
        """Somebody did something; ``before`` and ``after`` are what they saw. Fail if it did more than they meant.

        What is wiped ``in_page`` must not come back by what others do: pages see to that, and programs do not.
        """
        had, has = (count_pieces(cell.text for cell in cells) for cells in (before, after))
        gone, new = had.keys() - has.keys(), has.keys() - had.keys()
        for piece in new - self.typed.keys():
            self.typed[piece] = token
        meant = removable(act, before, author, self._removed_of[author])
        for piece in gone | meant - has.keys():
            self.removed_by[piece].add(token)
            self._removed_of[author].add(piece)
            if in_page and act["do"] == "wipe":
                self._wiped[piece] = token
        for piece in new:
            self._wiped.pop(piece, None)
        unmeant = gone - meant
        assert not unmeant, f"{act} of {author} took away {sorted(unmeant)}"
        doubled = {piece for piece, count in has.items() if count > max(1, had[piece])}
        assert not doubled, f"{act} of {author} doubled {sorted(doubled)}"

    def check(self, bag: Sequence[dict[str, Any]], ledger: Collection[str]) -> None:
        """Hold the cells in the end against all that was typed by edits that reached the room."""
        present = set(ledger)
        live = count_pieces(cell["source"] for cell in live_cells(bag))
        late = count_pieces(cell["source"] for cell in bag if is_late(cell))
        doubled = {piece: count for piece, count in live.items() if count > 1}
        assert not doubled, f"typed once, but there more often: {doubled}"
        smuggled = {piece for piece in live if self.typed[piece] not in present}
        assert not smuggled, f"there, though the edit is not: {sorted(smuggled)}"
        back = {piece for piece, token in self._wiped.items() if token in present and piece in live}
        assert not back, f"deleted, but there again: {sorted(back)}"
        lost = {
            piece
            for piece, token in self.typed.items()
            if token in present and piece not in live and piece not in late and not self.removed_by[piece] & present
        }
        assert not lost, f"typed, and nobody removed it, but lost: {sorted(lost)}"


def live_cells(bag: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The cells that are there, in order, as ``docs/wire.md`` has it."""
    there = [cell for cell in bag if "deleted" not in cell]
    placed = [cell for cell in there if "pos" in cell]
    return [*sorted(placed, key=lambda cell: (cell["pos"], cell["id"])), *(c for c in there if "pos" not in c)]


def is_late(cell: dict[str, Any]) -> bool:
    """Whether a deleted cell holds text of which those who deleted it did not know."""
    return bool("deleted" in cell and cell["source"] and zlib.crc32(cell["source"].encode()) != cell.get("dropped"))


def check_cells(bag: Sequence[dict[str, Any]]) -> None:
    """No cell is there twice, and no text was torn."""
    doubled = [cell_id for cell_id, count in Counter(cell["id"] for cell in bag).items() if count > 1]
    assert not doubled, f"cells with one id: {doubled}"
    torn = [left for cell in live_cells(bag) if (left := torn_text(cell["source"]))]
    assert not torn, f"torn text: {torn}"
