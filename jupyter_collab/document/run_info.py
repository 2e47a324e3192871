"""What a cell says about its newest run: ``metadata.jupyter_collab.run``, and JupyterLab's ``execution_state``."""

import hashlib
from collections.abc import Mapping
from typing import Any

from pycrdt import Map

from .values import canonical, to_plain

__all__ = ["OWN", "PUT", "RUN", "STATE", "set_run_info", "source_hash"]

OWN = "jupyter_collab"
RUN = "run"
PUT = "put"
"""The key of a cell under which it says who put outputs into it that no run made; see :mod:`.word`."""

STATE = "execution_state"


HASH_BYTES = 16


def source_hash(source: str) -> str:
    """A source's hash, by which it is told from every other: the first half of the SHA-256 of its UTF-8, as 32 digits.

    ``tests/vectors/source_hash.json`` has examples; pages compute the same.
    """
    return hashlib.sha256(source.encode()).digest()[:HASH_BYTES].hex()


def set_run_info(cell: "Map[Any]", info: Mapping[str, Any]) -> None:
    """Make ``info`` what ``cell`` says about its newest run; only what differs is touched."""
    metadata = cell.get("metadata")
    if not isinstance(metadata, Map):
        cell["metadata"] = metadata = Map(to_plain(metadata) if isinstance(metadata, dict) else {})
    own = to_plain(metadata.get(OWN))
    own = own if isinstance(own, dict) else {}
    if canonical(own.get(RUN)) != canonical(info):
        metadata[OWN] = {**own, RUN: dict(info)}
    if PUT in cell:
        del cell[PUT]
    state = "running" if info.get("status") == "running" else "idle"
    if cell.get("cell_type") == "code" and to_plain(cell.get(STATE)) != state:
        cell[STATE] = state
