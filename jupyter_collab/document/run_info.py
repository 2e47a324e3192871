"""What a cell says about its newest run: ``metadata.jupyter_collab.run``, and JupyterLab's ``execution_state``."""

from collections.abc import Mapping
from typing import Any

from pycrdt import Map

from .values import canonical, to_plain

__all__ = ["OWN", "PUT", "RUN", "STATE", "set_run_info"]

OWN = "jupyter_collab"
RUN = "run"
PUT = "put"
"""The key of a cell under which it says who put outputs into it that no run made; see :mod:`.word`."""

STATE = "execution_state"


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
