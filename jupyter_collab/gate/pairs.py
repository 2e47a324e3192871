"""No edit may cut a character in two.

Yjs counts UTF-16 units, yrs keeps whole characters. Of an emoji, which is a pair of units, Yjs makes two U+FFFD when an
edit needs a place between them; yrs makes something else, so from then on the two would have different texts.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import NamedTuple

from ..errors import InvalidUpdate
from ..protocol import write_varuint
from ..yjs import Item, UpdateReader
from .surrogates import Surrogates
from .units import Unit

__all__ = ["PairGuard"]

CUTS = (
    "The edit cuts a character in two: an emoji, or another one of two UTF-16 units. Nothing of it was taken in. "
    "Take the room's document again, and let your editor replace whole characters."
)

PAIR = re.compile(rb"[\xf0-\xf4][\x80-\xbf]{3}")
"""How an update has a character of two units; numbers in it may look like that, too."""

LONG_NUMBER = re.compile(rb"(?=([\x80-\xff]{3,7}[\x01-\x7f]))")
"""Where an update may name a client: nearly all have ids from 2**21 on."""


class PairGuard:
    """Knows the pairs in the texts of one document, and refuses edits that cut them."""

    def __init__(self) -> None:
        self._surrogates = Surrogates()
        self._named: set[bytes] = set()
        self._always_reads = False

    def learn(self, update: bytes) -> None:
        """Take note of what ``update``, as the document itself reported it, brought into the document."""
        for _ in self.learning(update):
            pass

    def learning(self, update: bytes) -> Iterator[None]:
        """:meth:`learn`, in small steps."""
        if PAIR.search(update) is None:
            return
        with suppress(InvalidUpdate):  # what yrs took in and we cannot read is not guarded, but not lost either
            for item in UpdateReader(update, is_ours=True).items():
                _note(item, self._surrogates)
                yield
        self._named = {write_varuint(client) for client in self._surrogates.clients}
        self._always_reads = any(LONG_NUMBER.match(name) is None for name in self._named)

    def check(self, update: bytes, known_clocks: Callable[[], Mapping[int, int]]) -> None:
        """Make sure that ``update`` cuts no character.

        Parameters
        ----------
        update
            What is to be applied to the document.
        known_clocks
            Returns how many edits of each client the document has.

        Raises
        ------
        InvalidUpdate
            It cuts one, or is no update.
        """
        for _ in self.checking(update, known_clocks):
            pass

    def checking(self, update: bytes, known_clocks: Callable[[], Mapping[int, int]]) -> Iterator[None]:
        """:meth:`check`, in small steps."""
        has_pairs = PAIR.search(update) is not None
        if not has_pairs and not self._names_pairs(update):
            return
        brought = Surrogates()
        wanted: list[Split] = []
        for _ in _splitting(update, brought, wanted):
            yield
        if not has_pairs and not any(self._surrogates.has(split.client, split.clock) for split in wanted):
            return
        clocks = known_clocks()
        for client in brought.clients:
            if brought.has(client, clocks.get(client, 0)):  # the document has the first half, as something else
                raise InvalidUpdate(CUTS)
        for split in wanted:
            is_known = split.by is not None and split.by_end <= clocks.get(split.by, 0)
            is_new = split.clock >= clocks.get(split.client, 0)
            if not is_known and (brought if is_new else self._surrogates).has(split.client, split.clock):
                raise InvalidUpdate(CUTS)

    @property
    def has_any(self) -> bool:
        """Whether there are any in the document, or were."""
        return bool(self._named)

    def would_cut(self, *units: Unit | None) -> bool:
        """Whether one of ``units`` is the second half of a character, before which no text may be taken apart."""
        return any(unit is not None and self._surrogates.has(*unit) for unit in units)

    def _names_pairs(self, update: bytes) -> bool:
        """Whether ``update`` may say something about a text with pairs; found without reading it, as most do not."""
        if not self._named:
            return False
        return self._always_reads or not self._named.isdisjoint(LONG_NUMBER.findall(update))


class Split(NamedTuple):
    """An update needs a place right before what ``client`` wrote at ``clock``, so a text may have to be taken apart.

    It is for something that the client ``by`` wrote, which ends before its clock ``by_end``; or for a deletion: then
    ``by`` is None.
    """

    client: int
    clock: int
    by: int | None
    by_end: int


def _note(item: Item, surrogates: Surrogates) -> None:
    """Take note of the pairs in the text of ``item``, if it is one."""
    if item.text is not None and not item.text.isascii():
        try:
            surrogates.add(item.client, item.clock, item.text)
        except ValueError as error:  # nobody writes an update in that order
            raise InvalidUpdate("The edit is not a Yjs update; nothing of it was taken in.") from error


def _splitting(update: bytes, surrogates: Surrogates, found: list[Split]) -> Iterator[None]:
    """Add to ``found`` where ``update`` needs places, and to ``surrogates`` the pairs in its texts, in small steps.

    Raises
    ------
    InvalidUpdate
        It is no update.
    """
    reader = UpdateReader(update)
    for item in reader.items():
        yield
        _note(item, surrogates)
        client, clock, left, right = item.client, item.clock, item.left, item.right
        end = clock + item.length
        if left is not None and left != (client, clock - 1):  # else it is the next part of the same text
            found.append(Split(left[0], left[1] + 1, client, end))
        if right is not None:
            found.append(Split(*right, client, end))
    for client, clock, length in reader.deletions():
        found += (Split(client, clock, None, 0), Split(client, clock + length, None, 0))
