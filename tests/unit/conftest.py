"""What several files of unit tests need."""

from pathlib import Path

import pytest

from tests.simulation.disk import Disk, MemoryStore

from .stores import StoreMaker, sqlite_store


def memory_store_maker() -> StoreMaker:
    """Stores of the simulation: all that are made for a folder share its disk."""
    disks: dict[Path, Disk] = {}
    return lambda folder: MemoryStore(disks.setdefault(folder, Disk()))


@pytest.fixture(params=["sqlite", "memory"])
def make_store(request: pytest.FixtureRequest) -> StoreMaker:
    """Each implementation of the contract, the simulation's own included."""
    return memory_store_maker() if request.param == "memory" else sqlite_store
