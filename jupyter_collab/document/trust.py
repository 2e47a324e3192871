"""``metadata.trusted`` never stays in a shared document: whether to run what an output holds is each viewer's choice.

JupyterLab shows the outputs of a cell with ``trusted`` in its metadata as they are, scripts included, so a peer who
could write it would act in everybody's browser.
"""

from typing import Any

from pycrdt import Map

from .schema import TRUSTED

__all__ = ["holds_trust", "remove_trust"]

METADATA = "metadata"


def holds_trust(cell: "Map[Any]") -> bool:
    """Whether the metadata of ``cell``, be they shared or plain, have the key."""
    metadata = cell.get(METADATA)
    if isinstance(metadata, Map):
        return TRUSTED in metadata
    return isinstance(metadata, dict) and TRUSTED in metadata


def remove_trust(cell: "Map[Any]") -> None:
    """Take the key out of the metadata of ``cell``, for which :func:`holds_trust` holds."""
    metadata = cell[METADATA]
    if isinstance(metadata, Map):
        del metadata[TRUSTED]
    else:
        cell[METADATA] = {key: value for key, value in metadata.items() if key != TRUSTED}
