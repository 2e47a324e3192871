"""What the client's tests share."""

import pytest


@pytest.fixture
def anyio_backend() -> str:
    """The client stands on asyncio alone."""
    return "asyncio"
