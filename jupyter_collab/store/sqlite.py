"""What SQLite needs that other databases do by themselves: durable commits, and a file no larger than what is in it."""

import errno
import logging
import os
import sqlite3
import time
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Engine, event

__all__ = ["OpenFile", "connect", "empty_log", "shrink", "sqlite_url"]

log = logging.getLogger(__name__)

LOCK_WAIT_SECONDS = 5
"""How long a transaction waits for another process that holds the write lock."""


RETRY_SECONDS = 0.01


def sqlite_url(path: Path) -> str:
    """The SQLAlchemy URL of the file at ``path``, whatever characters are in its name."""
    return sa.URL.create("sqlite", database=str(path)).render_as_string()


def connect(url: sa.URL) -> Engine:
    """An engine whose connections are set up."""
    if url.database:
        _make_private_file(url.database)
    # A statement that fails is logged without anybody's text or session.
    engine = sa.create_engine(url, hide_parameters=True, connect_args={"timeout": LOCK_WAIT_SECONDS})
    event.listen(engine, "connect", _set_up)
    event.listen(engine, "begin", _begin)
    return engine


class OpenFile:
    """The files of a database as they are now; ``connection`` has read it, and is kept until :meth:`close`.

    SQLite goes on writing to files that were deleted or replaced, and finds nothing wrong with that. While a connection
    is open it deletes no file itself.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        path = os.path.realpath(connection.engine.url.database or "")
        self._files = {name: found for name in (path, f"{path}-wal") if (found := _identity(name)) is not None}

    def check(self) -> None:
        """Raise ``OSError`` if somebody has deleted or replaced one of the files."""
        for name, found in self._files.items():
            if _identity(name) != found:
                raise OSError(
                    errno.ESTALE,
                    f"{name} was deleted or replaced while the server used it. Put it back, or stop the server in the "
                    "usual way and start it again. What people type stays with them until then",
                )

    def close(self) -> None:
        """Let SQLite do what it wants to the files."""
        self._connection.close()


def _identity(name: str) -> tuple[int, int] | None:
    try:
        found = os.stat(name)
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


def _make_private_file(name: str) -> None:
    """An empty database that only its owner can read, if there is none: people's text lies in it."""
    path = Path(name)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.touch(mode=0o600, exist_ok=True)


def _set_up(connection: Any, _record: object) -> None:
    # SQLAlchemy's recipe: the driver must not begin transactions by itself, begin() does.
    connection.isolation_level = None
    cursor = connection.cursor()
    _set_journal(cursor)
    cursor.execute("PRAGMA synchronous = FULL")  # an ack must survive a power cut
    cursor.execute("PRAGMA journal_size_limit = 4194304")
    cursor.close()


def _set_journal(cursor: sqlite3.Cursor) -> None:
    # Of two that do this to a new file at once SQLite refuses one without waiting: each holds what the other needs.
    deadline = time.monotonic() + LOCK_WAIT_SECONDS
    while True:
        try:
            if cursor.execute("PRAGMA page_count").fetchone() == (0,):  # later it has no effect, but takes a lock
                cursor.execute("PRAGMA auto_vacuum = INCREMENTAL")
            cursor.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(RETRY_SECONDS)
        else:
            return


def _begin(connection: Connection) -> None:
    # A transaction that writes takes the lock at once, or it could not get it later.
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def shrink(connection: Connection) -> None:
    """Give freed pages back to the file system; PostgreSQL's autovacuum does it by itself."""
    if connection.dialect.name == "sqlite":
        free_pages = connection.exec_driver_sql("PRAGMA freelist_count").scalar_one()
        cursor = connection.connection.cursor()
        for _ in range(free_pages):  # the driver takes one step of this pragma, and a step frees one page
            cursor.execute("PRAGMA incremental_vacuum")
        cursor.close()


def empty_log(connection: Connection) -> bool:
    """Bring what is in the write-ahead log into the file and empty it, unless somebody else uses it just now.

    Answers whether that is done. By itself SQLite does it every few megabytes, and then the log stays that large.
    """
    if connection.dialect.name != "sqlite":
        return True
    cursor = connection.connection.cursor()
    [patience_ms] = cursor.execute("PRAGMA busy_timeout").fetchone()
    try:
        cursor.execute("PRAGMA busy_timeout = 0")  # nobody's edits are to wait for this
        [is_busy, *_] = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    except sqlite3.OperationalError as error:  # a full disk: the log goes on holding everything
        log.debug("The store's log is not emptied: %s", error)
        return False
    finally:
        cursor.execute(f"PRAGMA busy_timeout = {patience_ms}")
        cursor.close()
    return not is_busy
