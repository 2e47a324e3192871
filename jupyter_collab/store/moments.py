"""Moments, as they are written into the database and read from it."""

from datetime import UTC, datetime
from typing import TypeVar

__all__ = ["aware", "now"]

Moment = TypeVar("Moment", datetime, datetime | None)


def now() -> datetime:
    """This moment, in UTC."""
    return datetime.now(UTC)


def aware(moment: Moment) -> Moment:
    """``moment`` in UTC: SQLite forgets the time zone, PostgreSQL gives that of its connection."""
    if moment is None:
        return moment
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
