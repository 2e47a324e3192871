"""One server for each file of tests, and a room of its own for each test."""

from collections.abc import Iterator

import pytest

from ..servers import RunningServer, start_server


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A running server, with the settings that users get."""
    with start_server(tmp_path_factory.mktemp("server")) as running:
        yield running


@pytest.fixture
def room(server: RunningServer) -> str:
    """A new room with one empty code cell."""
    room_id: str = server.create_room(title="Attack")["id"]
    return room_id
