"""What failed once, in small files: ``found/NAME.json``. pytest replays each.

Those of a role hold edits of a room, those of a kind (see :mod:`.kinds`) a plan for a running server.
"""

import json
from pathlib import Path
from typing import NamedTuple

from jupyter_collab.access import Role

from .histories import ROLES
from .room import Sent
from .running import Plan

__all__ = ["Found", "keep", "keep_plan", "read_found", "read_plans"]

FOLDER = Path(__file__).with_name("found")


class Found(NamedTuple):
    """Edits of one room, after which something was not true that should be."""

    name: str
    role: Role
    error: str
    history: list[Sent]


def read_found() -> list[Found]:
    """All edits."""
    return [_read(path) for role in ROLES for path in sorted(FOLDER.glob(f"{role}-*.json"))]


def read_plans(kind: str) -> dict[str, Plan]:
    """All plans of one kind, by their names."""
    return {path.stem: json.loads(path.read_text())["plan"] for path in sorted(FOLDER.glob(f"{kind}-*.json"))}


def keep_plan(name: str, error: str, plan: Plan) -> Path:
    """Add one; returns its file."""
    path = FOLDER / f"{name}.json"
    path.write_text(json.dumps({"error": error, "plan": plan}, indent=1) + "\n")
    return path


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
