"""A PostgreSQL of one's own for tests: Debian's, in a temporary folder, reached by a Unix socket there only."""

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

__all__ = ["Cluster", "postgresql_cluster"]

START_SECONDS = 30.0
STOP_SECONDS = 10.0
POLL_SECONDS = 0.02

UNSAFE_BUT_FAST = ("fsync=off", "full_page_writes=off", "synchronous_commit=on")
"""The machine does not lose power meanwhile."""


class Cluster:
    """A running PostgreSQL whose socket lies in ``folder``."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def execute(self, statement: str, database: str = "postgres") -> None:
        """Run a statement outside of any transaction."""
        with psycopg.connect(self._conninfo(database), autocommit=True) as connection:
            connection.execute(statement.encode())

    def count(self, query: str, database: str) -> int:
        """The number that ``query`` finds."""
        with psycopg.connect(self._conninfo(database), autocommit=True) as connection:
            row = connection.execute(query.encode()).fetchone()
        assert row is not None
        return int(row[0])

    def _conninfo(self, database: str) -> str:
        return f"host={self._folder} user=postgres dbname={database}"

    def url(self, database: str) -> str:
        """A database's SQLAlchemy URL."""
        return f"postgresql://postgres@/{database}?host={self._folder}"

    @contextlib.contextmanager
    def databases(self, template: str) -> Iterator["Databases"]:
        """Copies of a database, which are dropped in the end."""
        databases = Databases(self, template)
        try:
            yield databases
        finally:
            databases.drop()


class Databases:
    """A copy of the database ``template`` for each folder that is asked for."""

    def __init__(self, cluster: Cluster, template: str) -> None:
        self._cluster = cluster
        self._template = template
        self._names: dict[Path, str] = {}

    def _name_for(self, folder: Path) -> str:
        if folder not in self._names:
            self._names[folder] = f"test_{uuid.uuid4().hex}"
            self._cluster.execute(f"CREATE DATABASE {self._names[folder]} TEMPLATE {self._template}")
        return self._names[folder]

    def url_for(self, folder: Path) -> str:
        """The SQLAlchemy URL of the database that stands for ``folder``."""
        return self._cluster.url(self._name_for(folder))

    def execute(self, statement: str, folder: Path) -> None:
        """Run a statement in the database that stands for ``folder``."""
        self._cluster.execute(statement, self._name_for(folder))

    def connections(self, folder: Path) -> int:
        """How many others are connected to the database that stands for ``folder``."""
        of_others = "datname = current_database() AND pid <> pg_backend_pid()"
        return self._cluster.count(f"SELECT count(*) FROM pg_stat_activity WHERE {of_others}", self._name_for(folder))

    def drop(self) -> None:
        """Drop them, whoever is still connected."""
        for name in self._names.values():
            self._cluster.execute(f"DROP DATABASE {name} WITH (FORCE)")


@contextlib.contextmanager
def postgresql_cluster() -> Iterator[Cluster]:
    """A PostgreSQL that runs meanwhile. The test is skipped where there is none, and fails if ``CI`` is set."""
    programs = _programs()
    if programs is None:
        reason = "PostgreSQL is not installed (Debian: postgresql)"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    folder = Path(tempfile.mkdtemp(prefix="jcpg"))  # pytest's own are closed to others, and too long for a socket
    user = _unprivileged_user()
    data = folder / "data"
    if user is not None:
        shutil.chown(folder, user)
    try:
        subprocess.run(
            [programs / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"],
            user=user,
            cwd=folder,
            check=True,
            capture_output=True,
            timeout=START_SECONDS,
        )
        options = [f"unix_socket_directories={folder}", "listen_addresses=", *UNSAFE_BUT_FAST]
        with (folder / "log").open("wb") as log:
            server = subprocess.Popen(
                [programs / "postgres", "-D", data, *(part for option in options for part in ("-c", option))],
                user=user,
                cwd=folder,
                stdout=log,
                stderr=log,
            )
        try:
            cluster = Cluster(folder)
            _wait_for(cluster, server, folder / "log")
            yield cluster
        finally:
            _stop(server)
    finally:
        shutil.rmtree(folder)


def _programs() -> Path | None:
    """The folder of ``initdb`` and ``postgres``, which Debian keeps out of the path."""
    found = shutil.which("initdb")
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda folder: int(folder.parent.name))
    return Path(found).parent if found else folders[-1] if folders else None


def _unprivileged_user() -> str | None:
    """Who runs it when the tests run as root, whom PostgreSQL refuses."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam("postgres").pw_name
    except KeyError:
        return "nobody"


def _wait_for(cluster: Cluster, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            cluster.execute("SELECT 1")
        except psycopg.OperationalError as error:
            if server.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"PostgreSQL does not start:\n{log.read_text()}") from error
            time.sleep(POLL_SECONDS)
        else:
            return


def _stop(server: subprocess.Popen[bytes]) -> None:
    server.send_signal(signal.SIGINT)  # end now, and the connections with it
    try:
        server.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        server.send_signal(signal.SIGQUIT)  # its processes end with it, which SIGKILL would leave
        server.wait(STOP_SECONDS)
