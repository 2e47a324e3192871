"""Every edit carries a token of its own, so that what is lost, doubled or smuggled in can be named."""

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from pycrdt import Array, Doc

__all__ = ["Fates", "ledger", "tokens_in"]


TOKEN = re.compile(rb"<[a-z]+\.\d+>")


def tokens_in(update: bytes) -> set[str]:
    """The tokens of the edits in ``update``."""
    return {token.decode() for token in TOKEN.findall(update)}


def ledger(doc: "Doc[Any]") -> list[str]:
    """The tokens of all edits in ``doc``: each edit appends its own, and nothing is ever removed."""
    entries: Array[Any] = doc.get("ledger", type=Array)
    return list(entries)


@dataclass
class Fates:
    """What became of the tokens. ``is_durable`` looks at the disk itself."""

    is_durable: Callable[[str], bool]
    all: set[str] = field(default_factory=set)
    acked: set[str] = field(default_factory=set)
    """Their author was told that they are saved."""
    seen: set[str] = field(default_factory=set)
    """Somebody else had them."""
    refused: set[str] = field(default_factory=set)
    """Their author was told that they are not taken."""
    abandoned: set[str] = field(default_factory=set)
    """Their author's document was given up before it knew."""
    by_viewers: set[str] = field(default_factory=set)
    """Who made them was never anything but a viewer."""

    def made(self, token: str, *, by_viewer: bool) -> None:
        """A new edit."""
        self.all.add(token)
        if by_viewer:
            self.by_viewers.add(token)

    def show(self, tokens: set[str]) -> None:
        """Somebody other than the author gets to see them."""
        unsaved = {token for token in tokens if not self.is_durable(token)}
        assert not unsaved, f"seen before they were saved: {sorted(unsaved)}"
        self.seen |= tokens

    def check(self, final: list[str], kept: set[str]) -> None:
        """Hold ``final``, the ledger in the end, against all that was promised; ``kept`` is what authors still had."""
        present = set(final)
        assert not self.acked - present, f"acknowledged, but lost: {sorted(self.acked - present)}"
        assert not self.seen - present, f"seen by others, but lost: {sorted(self.seen - present)}"
        assert not kept - present, f"kept by their authors, but never taken in: {sorted(kept - present)}"
        assert not present - self.all, f"from nowhere: {sorted(present - self.all)}"
        assert not present & self.by_viewers, f"a viewer's: {sorted(present & self.by_viewers)}"
        assert not present & self.refused, f"refused, but taken in: {sorted(present & self.refused)}"
        doubled = {token: count for token, count in Counter(final).items() if count > 1}
        assert not doubled, f"more than once: {doubled}"
