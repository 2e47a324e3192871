"""Bring a database's schema up to date, whichever of several server processes comes first."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import Connection

from ..errors import StoreUnavailable
from .postgresql import lock_schema

__all__ = ["migrate"]


def migrate(connection: Connection) -> None:
    """Run the migrations that ``connection``'s database lacks, in its transaction.

    SQLite's write lock is held already (``BEGIN IMMEDIATE``); PostgreSQL gets an advisory lock of its own.
    """
    if connection.dialect.name == "postgresql":
        lock_schema(connection)
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
    except CommandError as error:
        raise StoreUnavailable(
            f"The store was written by a newer version of jupyter_collab ({error}). Upgrade this one."
        ) from error
