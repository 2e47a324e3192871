"""Messages for failures of the database, with advice for people."""

from errno import ESTALE

from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, StatementError

__all__ = ["advice", "advice_to_open", "brief", "is_about_the_data"]

DAMAGED = (
    "The file is damaged. Stop the servers that use it, keep a copy of it and of the -wal file beside it, and put a "
    "backup in its place, or what `sqlite3 rooms.sqlite .recover | sqlite3 saved.sqlite` can read of it."
)


def brief(error: Exception) -> str:
    """The database's own words, without the statement and its parameters (which hold people's text)."""
    if isinstance(error, DBAPIError):
        return str(error.orig)
    if isinstance(error, OSError) and error.strerror is not None:
        return error.strerror
    return type(error).__name__


def advice(error: Exception) -> str:
    """What to do about it, as a sentence."""
    if isinstance(error, OSError) and error.errno == ESTALE:
        return ""
    return DAMAGED if "malformed" in brief(error) else "Try again."


def advice_to_open(error: Exception) -> str:
    """What to do about a store that cannot be opened, as a sentence."""
    said = brief(error)
    if "malformed" in said:
        return DAMAGED
    if "already exists" in said:
        return "Its tables are there, but not what says their version: put a backup in its place."
    if isinstance(error, ImportError):
        return "Install what it needs: pip install 'jupyter_collab[postgresql]'."
    if "connection" in said:
        return "Look whether the database runs and CollabExtension.store_url is right."
    return "Make its folder writable or set CollabExtension.store_url to another place."


def is_about_the_data(error: Exception) -> bool:
    """Whether the database refuses these values, and would accept others."""
    if isinstance(error, StatementError):
        return isinstance(error, (DataError, IntegrityError)) or not isinstance(error, DBAPIError)
    return isinstance(error, (TypeError, ValueError))
