"""Between plain JSON values and what a Yjs document holds.

JSON values here are ``None``, ``bool``, ``int``, ``float``, ``str``, ``list`` and ``dict`` with string keys. Yjs
knows numbers only as JavaScript does: a whole number comes back as ``int``, and one of more than 53 bits is rounded.
"""

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pycrdt import Array, Map, Text

from ..errors import ContentError
from ..yjs import MAX_NESTING

__all__ = [
    "BYTE_ORDER_MARK",
    "Losses",
    "array_items",
    "canonical",
    "clean_json",
    "clean_source",
    "clean_text",
    "lines_of",
    "load_json",
    "plain_line_breaks",
    "to_plain",
]

BYTE_ORDER_MARK = "\ufeff"
"""What programs of Windows begin text files with."""

MAX_SAFE_INTEGER = 2**53 - 1

MAX_VALUES = 2_000_000
"""Content with more numbers, texts, lists and objects than this, all together, is not taken in."""

TOO_MANY_VALUES = (
    f"The content has more than {MAX_VALUES:,} values (numbers, texts, lists and objects). Split it, or clear outputs."
)

JSON_TEXT = re.compile(r'"(?:[^"\\]|\\.)*+"')


def clean_text(text: str) -> str:
    """``text`` as Yjs can hold it: halves of surrogate pairs, which are no characters, are replaced by U+FFFD."""
    return text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def plain_line_breaks(text: str) -> str:
    """``text`` with ``\\n`` for the line breaks of Windows, which editors count in different ways."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def clean_source(text: str) -> str:
    """``text`` as the source of a cell: what Yjs can hold, and ``\\n`` where a line ends."""
    return plain_line_breaks(clean_text(text))


def lines_of(text: str) -> list[str]:
    """The lines of ``text``, each with the ``\\n`` that ends it, as :meth:`str.splitlines` would not give them.

    To that method form feeds, U+0085, U+2028 and more end a line as well; in a cell they are characters like others.
    """
    lines = text.split("\n")
    last = lines.pop()
    return [line + "\n" for line in lines] + ([last] if last else [])


@dataclass(slots=True)
class Losses:
    """How many values :func:`clean_json` could not keep as they are."""

    numbers: int = 0
    nested: int = 0

    @property
    def sentences(self) -> list[str]:
        """What that means."""
        said = []
        if self.numbers:
            kinds = "NaN and infinity, which are null now, and whole numbers beyond 2^53, which are rounded"
            said.append(f"it held numbers that cannot be kept ({self.numbers:,}): {kinds}")
        if self.nested:
            said.append(f"it held values nested more than {MAX_NESTING} deep ({self.nested:,}), which are null now")
        return said


def clean_json(value: object, losses: Losses | None = None) -> Any:
    """A copy of a JSON value as a Yjs document can hold it, as :func:`to_plain` would read it back.

    Numbers that JSON does not have (infinity, not a number) become ``None``. With ``losses`` they are counted, and what
    is nested too deep becomes ``None`` too.

    Raises
    ------
    ContentError
        For what is no JSON, or more than ``MAX_VALUES`` values; without ``losses``, for what is nested more than
        ``MAX_NESTING`` deep.
    """
    return _Cleaner(losses).clean(value, 0)


class _Cleaner:
    """Copies one JSON value; ``_left`` is how many values it may still hold."""

    def __init__(self, losses: Losses | None) -> None:
        self._losses = losses
        self._left = MAX_VALUES

    def clean(self, value: object, depth: int) -> Any:
        self._left -= 1
        if self._left < 0:
            raise ContentError(TOO_MANY_VALUES)
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, str):
            return clean_text(value)
        if isinstance(value, int | float):
            return self._number(value)
        if depth >= MAX_NESTING:
            return self._too_deep()
        if isinstance(value, Mapping):
            return {clean_text(str(key)): self.clean(item, depth + 1) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self.clean(item, depth + 1) for item in value]
        raise ContentError(f"The content holds a {type(value).__name__}, which JSON does not have.")

    def _number(self, value: int | float) -> int | float | None:
        number = _clean_number(value)
        if self._losses is not None and number != value:
            self._losses.numbers += 1
        return number

    def _too_deep(self) -> None:
        if self._losses is None:
            raise ContentError(f"The content is nested more than {MAX_NESTING} deep. Make it flatter.")
        self._losses.nested += 1


def load_json(text: str) -> Any:
    """The JSON value that ``text`` is, as Jupyter reads it: ``NaN`` and infinities are in some.

    Raises
    ------
    ValueError, RecursionError
        It is no JSON.
    ContentError
        It is more than ``MAX_VALUES`` values, so it is not read: each takes much more memory than text.
    """
    text = text.removeprefix(BYTE_ORDER_MARK)
    if _most_values(text) > MAX_VALUES and _most_values(JSON_TEXT.sub("", text)) > MAX_VALUES:
        raise ContentError(TOO_MANY_VALUES)
    return json.loads(text)


def _most_values(text: str) -> int:
    """How many values ``text`` has at most, if it is JSON without texts; texts may hold more of these signs."""
    return 1 + sum(map(text.count, ",[{"))


def _clean_number(number: int | float) -> int | float | None:
    if isinstance(number, int) and abs(number) <= MAX_SAFE_INTEGER:
        return number
    try:
        number = float(number)
    except OverflowError:
        return None
    if not math.isfinite(number):
        return None
    return int(number) if number.is_integer() and abs(number) <= MAX_SAFE_INTEGER else number


def to_plain(value: object, depth: int = 0) -> Any:
    """The JSON value of anything that a Yjs document may hold; ``None`` for what JSON does not have."""
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, int | float):
        return _clean_number(value)
    if isinstance(value, Text):
        return str(value)
    if depth >= MAX_NESTING:
        return None
    if isinstance(value, dict):
        return {key: to_plain(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list):
        return [to_plain(item, depth + 1) for item in value]
    if isinstance(value, Map):
        return {key: to_plain(item, depth + 1) for key, item in value.items()}
    if isinstance(value, Array):
        return [to_plain(item, depth + 1) for item in array_items(value)]
    return None


def array_items(array: "Array[Any]") -> list[Any]:
    """What ``array`` holds.

    Where a peer wrote *text* into an array, pycrdt counts UTF-16 units but finds characters, and looks for the
    missing ones for ever; so nothing is read behind a character that has two units.
    """
    items: list[Any] = []
    for index in range(len(array)):
        item = array[index]
        items.append(item)
        if isinstance(item, str) and len(item) == 1 and item > "\uffff":
            break
    return items


def canonical(value: object) -> str:
    """Text that two JSON values have in common if, and only if, they are the same."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"))
