"""What the client's tests share."""

from collections.abc import Iterator

import pytest

from tests.servers import RunningServer, start_server


@pytest.fixture
def anyio_backend() -> str:
    """The client stands on asyncio alone."""
    return "asyncio"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server for the tests of one module."""
    with start_server(tmp_path_factory.mktemp("server")) as server:
        yield server
