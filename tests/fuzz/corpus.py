"""What failed once, in small files: ``found/NAME.json``. pytest replays each."""

import json
from pathlib import Path
from typing import NamedTuple

from jupyter_collab.access import Role

from .room import Sent

__all__ = ["Found", "keep", "read_found"]

FOLDER = Path(__file__).with_name("found")


class Found(NamedTuple):
    """Edits of one room, after which something was not true that should be."""

    name: str
    role: Role
    error: str
    history: list[Sent]


def read_found() -> list[Found]:
    """All of them."""
    return [_read(path) for path in sorted(FOLDER.glob("*.json"))]


def _read(path: Path) -> Found:
    kept = json.loads(path.read_text())
    history = [Sent(sent["by"], bytes.fromhex(sent["update"]), sent["is_own"]) for sent in kept["history"]]
    return Found(path.stem, Role(kept["role"]), kept["error"], history)


def keep(found: Found) -> Path:
    """Add one; returns its file."""
    FOLDER.mkdir(exist_ok=True)
    path = FOLDER / f"{found.name}.json"
    history = [{"by": sent.by, "is_own": sent.is_own, "update": sent.update.hex()} for sent in found.history]
    path.write_text(json.dumps({"role": found.role, "error": found.error, "history": history}, indent=1) + "\n")
    return path
