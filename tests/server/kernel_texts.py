"""What a room's kernel prints, on a server process of its own."""

from jupyter_collab import connect
from tests.servers import RunningServer

__all__ = ["create_room", "printed_by", "run_in"]

WAIT_SECONDS = 60.0


def create_room(server: RunningServer, kernel: str | None = None, room_id: str = "demo") -> None:
    """A room with one empty code cell, and the notebook's word which kernel it is for."""
    cell = {"id": "c0", "cell_type": "code", "source": "", "metadata": {}, "outputs": []}
    metadata = {} if kernel is None else {"kernelspec": {"name": kernel, "display_name": kernel}}
    server.create_room(room_id, content={"nbformat": 4, "nbformat_minor": 5, "metadata": metadata, "cells": [cell]})


def run_in(server: RunningServer, source: str, room_id: str = "demo") -> tuple[str, str]:
    """Run ``source`` in the room's cell; how that ended, and all that was printed."""
    with connect(room_id, server.url, server.token) as room:
        room.cells[0].source = source
        (run,) = room.run(0, timeout=WAIT_SECONDS, check=False)
    texts = [output.get("text", "") or "\n".join(output.get("traceback", [])) for output in run.outputs]
    return run.status, "".join(texts)


def printed_by(server: RunningServer, source: str, room_id: str = "demo") -> str:
    """What ``source`` prints, which runs to its end."""
    status, text = run_in(server, source, room_id)
    assert status == "ok", text
    return text
