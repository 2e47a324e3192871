"""Rooms that yrs takes long to open: letters that were put at one place without having seen each other."""

from collections.abc import Iterator

from jupyter_collab.protocol import write_varuint

__all__ = ["letter", "letters_that_are_dear_later", "removal"]

FIRST, CHAIN, LATE = 1000, 100, 10
"""Clients of Eve's: yrs tells what those of higher ids wrote first, and takes it in in that order."""

Unit = tuple[int, int]


def letter(unit: Unit, left: Unit | None, right: Unit | None, text: str = "x", root: str = "dear") -> bytes:
    """An update that puts ``text`` between two units, as ``unit`` and those behind it; between none, into ``root``."""
    info = 4 | (0x80 if left else 0) | (0x40 if right else 0)
    numbers = [number for beside in (left, right) if beside for number in beside]
    name = b"" if numbers else b"\x01" + write_varuint(len(root)) + root.encode()
    content = write_varuint(len(text)) + text.encode()
    own = b"".join(map(write_varuint, unit))
    return b"\x01\x01" + own + bytes((info,)) + b"".join(map(write_varuint, numbers)) + name + content + b"\x00"


def removal(unit: Unit) -> bytes:
    """An update that deletes just this."""
    return b"\x00\x01" + write_varuint(unit[0]) + b"\x01" + write_varuint(unit[1]) + b"\x01"


def letters_that_are_dear_later(count: int, length: int) -> Iterator[bytes]:
    """Updates of which none is dear when it comes, and that take ``count`` times ``length`` comparisons in a keyframe.

    There each of ``count`` letters is compared with all of a text of ``length`` letters, which came behind it.
    """
    for clock in range(count):
        yield letter((FIRST, clock), None, (FIRST, clock - 1) if clock else None)
    for clock in range(count):
        yield letter((LATE, clock), None, (FIRST, clock))
    for clock in range(0, length, 500):
        yield letter((CHAIN, clock), (CHAIN, clock - 1) if clock else None, None, "x" * 500)
    for clock in range(0, length, 2):  # so that they stay pieces
        yield removal((CHAIN, clock))
