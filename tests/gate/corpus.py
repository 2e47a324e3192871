"""Histories that are kept, for they showed something once: ``corpus.json``, by name, updates as hexadecimal."""

import json
from pathlib import Path

__all__ = ["keep", "read_corpus"]

CORPUS = Path(__file__).with_name("corpus.json")


def read_corpus() -> dict[str, list[bytes]]:
    """All of them."""
    kept: dict[str, list[str]] = json.loads(CORPUS.read_text())
    return {name: [bytes.fromhex(update) for update in history] for name, history in kept.items()}


def keep(name: str, history: list[bytes]) -> None:
    """Add one."""
    kept = {**read_corpus(), name: history}
    text = {name: [update.hex() for update in history] for name, history in kept.items()}
    CORPUS.write_text(json.dumps(text, indent=1) + "\n")
