"""What several files of unit tests need."""

import pytest

from .stores import StoreMaker, sqlite_store


@pytest.fixture(params=[pytest.param(sqlite_store, id="sqlite")])
def make_store(request: pytest.FixtureRequest) -> StoreMaker:
    """Each implementation of the contract."""
    maker: StoreMaker = request.param
    return maker
