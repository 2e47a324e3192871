"""What nearly all updates are: a text goes on, or loses a piece. Each is read at one look."""

import re
from functools import lru_cache
from typing import NamedTuple

from .units import Unit

__all__ = ["Erasing", "Typing", "read_text_edit"]

NUMBER = rb"(?:[\x00-\x7f]|[\x80-\xff]{1,7}[\x01-\x7f])"
"""A number in no more bytes than it needs, and of 56 bits at most: ids of clients have up to 53."""

UNIT = b"(" + NUMBER + NUMBER + b")"

TYPING = re.compile(
    rb"\x01\x01%(unit)s"  # one client has one struct, from this clock on:
    rb"(?:\x84%(unit)s|\x44%(unit)s|\xc4%(unit)s%(unit)s)"  # a text, behind, before, or between such
    rb"(%(number)s)(.+)\x00" % {b"unit": UNIT, b"number": NUMBER},  # its size and itself; and nothing is deleted
    re.DOTALL,
)

ERASING = re.compile(rb"\x00\x01(%(number)s)\x01(%(number)s)(%(number)s)" % {b"number": NUMBER})
"""Nothing is new; of one client, one range is deleted, from a clock on and so long."""

LAST_OF_ONE_UNIT = "\uffff"

MAX_REMEMBERED = 1024


class Typing(NamedTuple):
    """A client puts one text, of its units from ``clock`` up to ``end``, between ``left`` and ``right``."""

    client: int
    clock: int
    end: int
    left: Unit | None
    right: Unit | None


class Erasing(NamedTuple):
    """The units of ``client`` from ``clock`` up to ``end`` are deleted; they need not be text."""

    client: int
    clock: int
    end: int


def read_text_edit(update: bytes) -> Typing | Erasing | None:
    """Return what ``update`` says, if it is no more than one of these, without characters of two UTF-16 units."""
    if (found := TYPING.fullmatch(update)) is not None:
        own, behind, before, left, right, size, text = found.groups()
        units = _units_in(text)
        if units is None or _number(size) != len(text):
            return None
        client, clock = _unit(own)
        left, right = behind or left, before or right
        return Typing(client, clock, clock + units, _unit(left) if left else None, _unit(right) if right else None)
    if (found := ERASING.fullmatch(update)) is not None:
        client, clock, length = map(_number, found.groups())
        return Erasing(client, clock, clock + length) if length > 0 else None
    return None


def _units_in(text: bytes) -> int | None:
    """How many UTF-16 units a text in UTF-8 has, if each is a character."""
    if text.isascii():
        return len(text)
    try:
        characters = text.decode()
    except UnicodeDecodeError:
        return None
    return len(characters) if max(characters) <= LAST_OF_ONE_UNIT else None


@lru_cache(MAX_REMEMBERED)
def _unit(encoded: bytes) -> Unit:
    """Two numbers, one behind the other."""
    numbers = []
    number = shift = 0
    for byte in encoded:
        number |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            numbers.append(number)
            number = shift = 0
    client, clock = numbers
    return client, clock


@lru_cache(MAX_REMEMBERED)
def _number(encoded: bytes) -> int:
    number = 0
    for byte in reversed(encoded):
        number = number << 7 | byte & 0x7F
    return number
