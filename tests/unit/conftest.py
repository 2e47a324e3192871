"""What several files of unit tests need."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from jupyter_collab.store import SQLStore
from tests.postgresql import Cluster, Databases, postgresql_cluster
from tests.simulation.disk import Disk, MemoryStore

from .stores import StoreMaker, in_turns, opened, postgresql_store_maker, sqlite_store

TEMPLATE = "store"

SQL_STORES = ["sqlite", "postgresql", "two on sqlite", "two on postgresql"]
"""``two on …``: what is asked for is done by two servers' stores in turns."""


def memory_store_maker() -> StoreMaker:
    """Stores of the simulation: all that are made for a folder share its disk."""
    disks: dict[Path, Disk] = {}
    return lambda folder: MemoryStore(disks.setdefault(folder, Disk()))


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Cluster]:
    """A PostgreSQL for all tests of this process, with an empty store in its database ``TEMPLATE``."""
    with postgresql_cluster() as cluster:
        cluster.execute(f"CREATE DATABASE {TEMPLATE}")
        asyncio.run(_make_store(cluster.url(TEMPLATE)))
        yield cluster


async def _make_store(url: str) -> None:
    async with opened(SQLStore(url)):
        pass


@pytest.fixture
def databases(postgresql: Cluster) -> Iterator[Databases]:
    """Databases with empty stores, for one test."""
    with postgresql.databases(TEMPLATE) as databases:
        yield databases


@pytest.fixture
def empty_databases(postgresql: Cluster) -> Iterator[Databases]:
    """Databases with nothing in them, for one test."""
    with postgresql.databases("template0") as databases:
        yield databases


def store_maker(name: str, request: pytest.FixtureRequest) -> StoreMaker:
    """What makes stores of one implementation; only PostgreSQL's needs a PostgreSQL."""
    if name == "memory":
        return memory_store_maker()
    make = postgresql_store_maker(request.getfixturevalue("databases")) if "postgresql" in name else sqlite_store
    return in_turns(make) if name.startswith("two") else make


@pytest.fixture(params=[*SQL_STORES, "memory"])
def make_store(request: pytest.FixtureRequest) -> StoreMaker:
    """Each implementation of the contract, the simulation's own included."""
    return store_maker(request.param, request)


@pytest.fixture(params=SQL_STORES)
def make_sql_store(request: pytest.FixtureRequest) -> StoreMaker:
    """Each implementation that knows people and accounts; nobody is invited in a simulation."""
    return store_maker(request.param, request)
