"""The cells of a joined room, all of one moment: what one asks of each ``Cell`` in turn is of several moments."""

from jupyter_collab.client import Room

__all__ = ["sources", "types"]


def sources(room: Room) -> list[str]:
    """The text of each cell, in order."""
    return [cell["source"] for cell in room.notebook()["cells"]]


def types(room: Room) -> list[str]:
    """The type of each cell, in order."""
    return [cell["cell_type"] for cell in room.notebook()["cells"]]
