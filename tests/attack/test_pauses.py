"""How long a server's event loop is paused, whoever is in its rooms."""

from pathlib import Path

from ..fuzz.watch import WATCHED, look
from ..servers import start_server

MAX_TRACKED_OBJECTS = 20_000
"""A full run of the garbage collector takes half a microsecond for each, and nobody is served meanwhile."""


def test_the_garbage_collector_does_not_look_again_and_again_at_what_a_server_begins_with(tmp_path: Path) -> None:
    with start_server(tmp_path, app="jupyterlab", ServerApp=WATCHED) as server:
        server.create_room()
        assert look(server, collect=True).tracked_objects < MAX_TRACKED_OBJECTS
