"""Where the texts of a document have pairs of UTF-16 units.

Yjs counts UTF-16 units. A character beyond U+FFFF, such as an emoji, is a pair of them: a high and a low surrogate.
"""

from array import array
from bisect import bisect_right

__all__ = ["Surrogates"]

LOWS = range(0xDC, 0xE0)
"""The upper bytes of low surrogates."""


class Surrogates:
    """The low surrogates among the edits of a document, by the client and clock of each.

    It takes one byte for each unit of a text that has a pair, and nothing for other texts.
    """

    def __init__(self) -> None:
        self._texts: dict[int, _Texts] = {}

    @property
    def clients(self) -> frozenset[int]:
        """Who wrote any."""
        return frozenset(self._texts)

    def add(self, client: int, clock: int, text: str) -> None:
        """Take note of ``text``, which ``client`` wrote at ``clock`` and after.

        Raises
        ------
        ValueError
            It has a pair, and something of that client at that clock or later was noted already.
        """
        units = text.encode("utf-16-le")
        if len(units) > 2 * len(text):
            self._texts.setdefault(client, _Texts()).add(clock, units[1::2])

    def has(self, client: int, clock: int) -> bool:
        """Whether what ``client`` wrote at ``clock`` is a low surrogate."""
        texts = self._texts.get(client)
        return texts is not None and texts.unit(clock) in LOWS


class _Texts:
    """The upper bytes of the units of one client's texts."""

    __slots__ = ("_clocks", "_places", "_units")

    def __init__(self) -> None:
        self._clocks = array("Q")
        self._places = array("Q")
        self._units = bytearray()

    def add(self, clock: int, units: bytes) -> None:
        """The units of a text that begins at ``clock``."""
        if self._clocks:
            end = self._clocks[-1] + len(self._units) - self._places[-1]
            if clock < end:
                raise ValueError(f"A text at clock {clock} after one that ends at {end}.")
        self._clocks.append(clock)
        self._places.append(len(self._units))
        self._units += units

    def unit(self, clock: int) -> int | None:
        """The upper byte of the unit at ``clock``, if it is in one of the texts."""
        index = bisect_right(self._clocks, clock) - 1
        if index < 0:
            return None
        place = self._places[index] + clock - self._clocks[index]
        end = self._places[index + 1] if index + 1 < len(self._places) else len(self._units)
        return self._units[place] if place < end else None
