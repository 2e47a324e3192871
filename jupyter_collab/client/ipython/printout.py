"""Plain text for the prompt: lines and tables."""

import sys
from collections.abc import Sequence

__all__ = ["count", "first_line", "say", "say_table"]

LINE_CHARACTERS = 60


def say(text: str) -> None:
    """Write a line."""
    sys.stdout.write(f"{text}\n")


def say_table(head: Sequence[str], rows: Sequence[Sequence[str]], otherwise: str) -> None:
    """Write a table, or a line where there is nothing to be in it."""
    if not rows:
        say(otherwise)
        return
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    for row in [head, *rows]:
        say("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip())


def count(number: int, one: str, many: str) -> str:
    """A number and what it counts: "1 cell", "2 cells"."""
    return f"{number} {one if number == 1 else many}"


def first_line(text: str) -> str:
    """How a text begins."""
    line, _, rest = text.partition("\n")
    return f"{line[:LINE_CHARACTERS]} …" if rest or len(line) > LINE_CHARACTERS else line
