"""How long a server's event loop is paused, whoever is in its rooms."""

from pathlib import Path
from typing import Any

from ..fuzz.watch import WATCHED, look
from ..servers import start_server

MAX_TRACKED_OBJECTS = 20_000
"""A full run of the garbage collector takes half a microsecond for each, and nobody is served meanwhile."""


MAX_LOOKED_AT = 50_000
CELLS = 2_000
"""They are three times as many objects."""


def test_the_garbage_collector_does_not_look_again_and_again_at_what_a_server_begins_with(tmp_path: Path) -> None:
    with start_server(tmp_path, app="jupyterlab", ServerApp=WATCHED) as server:
        server.create_room()
        assert look(server, collect=True).tracked_objects < MAX_TRACKED_OBJECTS


def test_the_garbage_collector_does_not_look_again_and_again_at_what_is_in_the_rooms(tmp_path: Path) -> None:
    cell: dict[str, Any] = {"cell_type": "code", "metadata": {}, "source": "1", "outputs": [], "execution_count": None}
    cells = [{**cell, "id": f"c{number}"} for number in range(CELLS)]
    content = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}
    with start_server(tmp_path, ServerApp=WATCHED) as server:
        room = server.create_room(content=content)["id"]
        look(server)
        assert len(server.notebook(room).cells) == CELLS
        assert 0 < look(server).most_looked_at < MAX_LOOKED_AT
