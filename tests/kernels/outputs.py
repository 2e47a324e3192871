"""Messages of a kernel, and what becomes of them."""

from typing import Any

import nbformat

from jupyter_collab.document import RoomDocument
from jupyter_collab.kernels.cell_outputs import CellOutputs
from jupyter_collab.kernels.limits import OutputLimits
from jupyter_collab.kernels.reducer import Reducer
from jupyter_collab.store import BY_SERVER

__all__ = ["CELL", "Message", "Room", "a_run_of", "clear", "display", "error", "reduced", "result", "stream", "update"]

Message = tuple[str, dict[str, Any]]

CELL = "cell"


def stream(text: str, name: str = "stdout") -> Message:
    return "stream", {"name": name, "text": text}


def display(data: dict[str, Any] | str, display_id: str | None = None, **more: Any) -> Message:
    transient = {} if display_id is None else {"display_id": display_id}
    data = {"text/plain": data} if isinstance(data, str) else data
    return "display_data", {"data": data, "metadata": {}, "transient": transient, **more}


def update(data: dict[str, Any] | str, display_id: str) -> Message:
    return "update_display_data", display(data, display_id)[1]


def result(text: str, count: int) -> Message:
    return "execute_result", {"data": {"text/plain": text}, "metadata": {}, "execution_count": count}


def error(name: str = "ValueError", value: str = "no", traceback: tuple[str, ...] = ("line 1", "line 2")) -> Message:
    return "error", {"ename": name, "evalue": value, "traceback": list(traceback)}


def clear(*, wait: bool = False) -> Message:
    return "clear_output", {"wait": wait}


def reduced(*messages: Message, limits: OutputLimits | None = None) -> list[dict[str, Any]]:
    """The outputs that these messages make."""
    reducer = Reducer(limits or OutputLimits())
    for message in messages:
        reducer.take(*message)
    return [dict(item) for item in reducer.items]


def a_run_of(cell_id: str, limits: OutputLimits | None = None) -> CellOutputs:
    """The outputs of a run of a cell that has just begun."""
    return CellOutputs(cell_id, BY_SERVER, limits or OutputLimits(), {"status": "running"})


class Room:
    """A document with one code cell, ``CELL``, the outputs of a run of it, and what was written and stored so far."""

    def __init__(self, limits: OutputLimits | None = None, outputs: list[dict[str, Any]] | None = None) -> None:
        cell: dict[str, Any] = {"id": CELL, "cell_type": "code", "source": "", "metadata": {}, "outputs": outputs or []}
        cell["execution_count"] = 7 if outputs else None
        made = RoomDocument.create("epoch", {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [cell]})
        self.document = RoomDocument()
        self.document.doc.apply_update(made.doc.get_update())
        self.updates: list[bytes] = []
        self.document.doc.observe(lambda event: self.updates.append(event.update))
        self.blobs: dict[str, bytes] = {}
        self.types: dict[str, str] = {}
        self.run = a_run_of(CELL, limits)

    def take(self, *messages: Message) -> "Room":
        for message in messages:
            self.run.reducer.take(*message)
        return self

    def write(self, *messages: Message) -> "Room":
        """Take messages in, and write what there is."""
        self.take(*messages)
        for blob in self.run.reducer.take_blobs():
            self.blobs[blob.digest], self.types[blob.digest] = blob.data, blob.media_type
        self.run.write(self.document)
        return self

    def finish(self) -> "Room":
        self.run.reducer.finish()
        return self.write()

    @property
    def cell(self) -> dict[str, Any]:
        nbformat.validate(self.document.to_notebook())
        return self.document.cell(CELL)

    @property
    def outputs(self) -> list[dict[str, Any]]:
        outputs: list[dict[str, Any]] = self.cell["outputs"]
        return outputs

    @property
    def text(self) -> str:
        """The text of the last output, a stream."""
        text: str = self.outputs[-1]["text"]
        return text
