"""Text as a terminal shows it, of which the end stays in sight."""

import re
from collections.abc import Callable

__all__ = ["TerminalText", "count_bytes"]

CONTROL = re.compile("([\r\b])")


def count_bytes(text: str) -> int:
    """How many bytes of UTF-8 ``text`` has."""
    return len(text) if text.isascii() else len(text.encode())


class TerminalText:
    """The text that a program printed, at most the last ``max_bytes`` of it; what came before goes to ``spill``.

    Carriage returns and backspaces act as in JupyterLab's output areas: the one goes back to the beginning of the
    line, to write over it, and the other removes the character before, and the one that it stands on. Only the last
    line can change; one of more than ``max_bytes`` / 8 characters only at its end. Taking text in costs time in
    proportion to it, however much there is already.
    """

    def __init__(self, max_bytes: int, spill: Callable[[bytes], None]) -> None:
        self._max_bytes = max_bytes
        self._spill = spill
        self._settled: list[str] = []
        self._settled_bytes = 0
        self._line = ""
        self._cursor = 0

    @property
    def text(self) -> str:
        """What stays in sight."""
        self._settled = ["".join(self._settled)]
        return self._settled[0] + self._line

    def shrink(self, max_bytes: int) -> None:
        """From now on, keep less in sight."""
        self._max_bytes = max_bytes
        self._shorten_line()
        self._trim()

    def add(self, text: str) -> None:
        """Add printed text."""
        if "\r" not in text and "\b" not in text:  # many times as fast as the expression
            self._add_plain(text)
        else:
            for index, line in enumerate(text.split("\n")):
                if index > 0:
                    self._end_line()
                self._type(line)
        self._shorten_line()
        self._trim()

    def _add_plain(self, text: str) -> None:
        first, line_break, others = text.partition("\n")
        self._overwrite(first)
        if line_break:
            self._end_line()
            lines, line_break, last = others.rpartition("\n")
            self._settle(lines + line_break)
            self._overwrite(last)

    def _type(self, line: str) -> None:
        for part in CONTROL.split(line):
            if part == "\r":
                self._cursor = 0
            elif part != "\b":
                self._overwrite(part)
            elif self._cursor > 0:
                self._line = self._line[: self._cursor - 1] + self._line[self._cursor + 1 :]
                self._cursor -= 1

    def _overwrite(self, part: str) -> None:
        stop = self._cursor + len(part)
        self._line = self._line[: self._cursor] + part + self._line[stop:]
        self._cursor = stop

    def _end_line(self) -> None:
        self._settle(self._line + "\n")
        self._line, self._cursor = "", 0

    def _settle(self, text: str) -> None:
        """``text`` cannot change any more."""
        self._settled.append(text)
        self._settled_bytes += count_bytes(text)
        if self._settled_bytes > 2 * self._max_bytes:
            self._trim()

    def _shorten_line(self) -> None:
        max_characters = self._max_bytes // 8
        if len(self._line) > max_characters:
            start = len(self._line) - max_characters // 2
            self._settle(self._line[:start])
            self._line, self._cursor = self._line[start:], max(0, self._cursor - start)

    def _trim(self) -> None:
        """If there is too much, keep about half of it, so that this does not happen too often."""
        line_bytes = count_bytes(self._line)
        if self._settled_bytes + line_bytes <= self._max_bytes:
            return
        settled = "".join(self._settled).encode()
        start = _place_to_cut(settled, max(0, self._max_bytes // 2 - line_bytes))
        self._spill(settled[:start])
        self._settled = [settled[start:].decode()]
        self._settled_bytes = len(settled) - start


def _place_to_cut(data: bytes, kept: int) -> int:
    """Where the last ``kept`` bytes of ``data``, UTF-8, begin; a little later if a line or a character does there."""
    start = max(0, len(data) - kept)
    line_break = data.find(b"\n", start, start + kept // 2)
    if line_break >= 0:
        return line_break + 1
    while start < len(data) and data[start] & 0xC0 == 0x80:
        start += 1
    return start
