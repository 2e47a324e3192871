"""Rooms and notebooks that the browser tests start from."""

import json
from typing import Any

from tests.servers import RunningServer

__all__ = ["code_cell", "notebook", "room_with", "write_cells", "write_notebook"]


def code_cell(cell_id: str, source: str) -> dict[str, Any]:
    """A code cell that was never run."""
    return {
        "id": cell_id,
        "cell_type": "code",
        "source": source,
        "metadata": {},
        "outputs": [],
        "execution_count": None,
    }


def notebook(*cells: dict[str, Any]) -> dict[str, Any]:
    """A Python notebook."""
    metadata = {
        "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"},
        "language_info": {"name": "python"},
    }
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": metadata, "cells": list(cells)}


def room_with(server: RunningServer, room: str, *sources: str) -> None:
    """A room of code cells, with the ids ``c0``, ``c1`` and so on."""
    cells = [code_cell(f"c{index}", source) for index, source in enumerate(sources)]
    server.create_room(room, title=room.title(), content=notebook(*cells))


def write_notebook(server: RunningServer, name: str, *sources: str) -> str:
    """A notebook of one's own in the server's root; answers its path there."""
    return write_cells(server, name, *(code_cell(f"n{index}", source) for index, source in enumerate(sources)))


def write_cells(server: RunningServer, name: str, *cells: dict[str, Any]) -> str:
    """A notebook of these cells in the server's root; answers its path there."""
    (server.folder / "root" / name).write_text(json.dumps(notebook(*cells)))
    return name
