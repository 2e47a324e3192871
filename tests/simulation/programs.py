"""What servers do with the cells by themselves: an import that somebody asked for, and the outputs of a run."""

from collections.abc import Callable

from jupyter_collab.document import RoomDocument

from .acts import MOST_CELLS
from .copies import Act
from .pieces import boundaries

__all__ = ["PROGRAMS", "Program"]

Program = Callable[[RoomDocument, str, tuple[float, float]], Act]
"""Edits the document, with a piece that is its own and two numbers that choose; answers what it did."""

OUTPUT_LINES = 20


def _seed(document: RoomDocument, piece: str, where: tuple[float, float]) -> Act:
    for cell_id in ("p", "q", "r"):
        document.insert_cell(-1, "code", piece if cell_id == "p" else "", id=cell_id)
    return {"do": "seed"}


def _import(document: RoomDocument, piece: str, where: tuple[float, float]) -> Act:
    """A file made of the present cells: one has more text, one another type, one is somewhere else, one may be gone."""
    notebook = dict(document.to_notebook())
    cells = list(notebook["cells"])
    if not cells:
        return {"do": "import", "cell": None}
    chosen = int(where[0] * len(cells))
    at = boundaries(cells[chosen]["source"])[-1]
    cells[chosen]["source"] = cells[chosen]["source"][:at] + piece
    cells.insert(int(where[1] * len(cells)), cells.pop(chosen))
    dropped = cells.pop()["id"] if len(cells) > MOST_CELLS else None
    if where[1] < 0.3:
        cells[0] = {
            "id": cells[0]["id"],
            "cell_type": "raw" if cells[0]["cell_type"] == "markdown" else "markdown",
            "metadata": cells[0]["metadata"],
            "source": cells[0]["source"],
        }
    document.set_notebook({**notebook, "cells": cells})
    return {"do": "import", "cell": dropped}


def _run(document: RoomDocument, piece: str, where: tuple[float, float]) -> Act:
    ids = [cell["id"] for cell in document.cells if cell["cell_type"] == "code"]
    if ids:
        chosen = ids[int(where[0] * len(ids))]
        outputs = document.outputs(chosen)
        assert outputs is not None
        text = f"{where[1]}\n" * int(where[1] * OUTPUT_LINES + 1)
        outputs.update(None, [{"output_type": "stream", "name": "stdout", "text": text}])
        document.set_execution_count(chosen, int(where[1] * 100) + 1)
    return {"do": "run"}


PROGRAMS: dict[str, Program] = {"seed": _seed, "import": _import, "run": _run}
