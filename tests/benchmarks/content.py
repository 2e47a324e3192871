"""What the rooms hold and what is typed into them: notebooks, single edits, and editing traces."""

import gzip
import hashlib
import json
import random
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pycrdt import Array, Doc, Map, Text

__all__ = [
    "MARK",
    "Trace",
    "cell_source",
    "mark",
    "marked_edits",
    "notebook",
    "read_trace",
    "synthetic_trace",
    "trace_cell",
    "trace_updates",
]

_SEED = 20_210_419

MARK = re.compile(rb"@(\d{6}) ")
"""Finds the edits in a frame: a Yjs update holds inserted text literally, also after updates were merged."""


def mark(number: int) -> str:
    """The text that edit ``number`` types: eight characters, found again by ``MARK``."""
    return f"@{number:06d} "


def notebook(cells: int = 1, bytes_per_cell: int = 0) -> dict[str, Any]:
    """A notebook (nbformat 4.5) of code cells full of seeded text that does not compress to nothing."""
    rng = random.Random(_SEED)
    return {
        "cells": [
            {
                "cell_type": "code",
                "id": hashlib.sha256(str(index).encode()).hexdigest()[:8],
                "metadata": {},
                "source": _lines(rng, bytes_per_cell),
                "outputs": [],
                "execution_count": None,
            }
            for index in range(cells)
        ],
        "metadata": {},
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def _lines(rng: random.Random, size: int) -> str:
    text = ""
    while len(text) < size:
        text += f"value_{rng.getrandbits(32):08x} = compute({rng.getrandbits(48):012x})\n"
    return text[:size]


def cell_source(doc: Doc[Any], index: int = 0) -> Text:
    """The shared text of a cell."""
    cells: Array[Map[Any]] = doc.get("cells", type=Array)
    source = cells[index]["source"]
    assert isinstance(source, Text)
    return source


def marked_edits(doc: Doc[Any], numbers: range) -> list[bytes]:
    """One Yjs update for each of ``numbers``: its mark, typed at the end of the first cell of ``doc``."""
    source = cell_source(doc)
    updates: list[bytes] = []
    subscription = doc.observe(lambda event: updates.append(event.update))
    for number in numbers:
        source += mark(number)
    doc.unobserve(subscription)
    return updates


@dataclass(frozen=True)
class Trace:
    """The keystrokes of one author, and the text that they lead to."""

    name: str
    patches: list[tuple[int, int, str]]
    end_content: str

    def prefix(self, edits: int | None) -> "Trace":
        """The first ``edits`` keystrokes (``None``: all)."""
        if edits is None or edits >= len(self.patches):
            return self
        patches = self.patches[:edits]
        return Trace(f"{self.name}, first {edits} edits", patches, _replay(patches))


def read_trace(path: Path) -> Trace:
    """A sequential trace in the form of josephg/editing-traces: ``txns[].patches[] = [position, deleted, inserted]``.

    Raises:
        ValueError: the trace starts from a text, or is not ASCII (its positions would not be pycrdt's).
    """
    data = json.loads(gzip.decompress(path.read_bytes()))
    patches = [(int(at), int(deleted), str(text)) for txn in data["txns"] for at, deleted, text in txn["patches"]]
    end = str(data["endContent"])
    if data["startContent"] or not end.isascii() or not all(text.isascii() for _, _, text in patches):
        raise ValueError(f"{path}: only ASCII traces that start from nothing can be replayed")
    return Trace(path.name, patches, end)


def synthetic_trace(edits: int = 100_000) -> Trace:
    """A made-up author with a fixed seed, who types in bursts at places that move and takes back three in ten."""
    rng = random.Random(_SEED)
    patches: list[tuple[int, int, str]] = []
    length = cursor = 0
    for _ in range(edits):
        if rng.random() < 0.01:
            cursor = rng.randint(0, length)
        if cursor and rng.random() < 0.3:
            cursor -= 1
            length -= 1
            patches.append((cursor, 1, ""))
        else:
            patches.append((cursor, 0, rng.choice("etaoin shrdlu\n")))
            cursor += 1
            length += 1
    return Trace(f"synthetic trace, seed {_SEED}", patches, _replay(patches))


def _replay(patches: list[tuple[int, int, str]]) -> str:
    text = bytearray()
    for at, deleted, inserted in patches:
        text[at : at + deleted] = inserted.encode()
    return text.decode()


def trace_cell(doc: Doc[Any]) -> bytes:
    """Append an empty cell for a trace to ``doc`` and return that edit."""
    updates: list[bytes] = []
    subscription = doc.observe(lambda event: updates.append(event.update))
    cells: Array[Map[Any]] = doc.get("cells", type=Array)
    cell = {"id": "trace", "cell_type": "markdown", "source": Text(), "metadata": Map(), "attachments": Map()}
    cells.append(Map(cell))
    doc.unobserve(subscription)
    (update,) = updates
    return update


def trace_updates(doc: Doc[Any], trace: Trace) -> list[bytes]:
    """One Yjs update for each keystroke of ``trace``, typed into the last cell of ``doc``."""
    source = cell_source(doc, -1)
    updates: list[bytes] = []
    subscription = doc.observe(lambda event: updates.append(event.update))
    for at, deleted, inserted in trace.patches:
        with doc.transaction():
            if deleted:
                del source[at : at + deleted]
            if inserted:
                source.insert(at, inserted)
    doc.unobserve(subscription)
    assert len(updates) == len(trace.patches)
    return updates
