"""What PostgreSQL needs that SQLite does by itself: an order of locks, readings of one moment, and bounds in time."""

from collections.abc import Collection
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Engine, event, select, text

from .schema import rooms

__all__ = ["connect", "for_reading", "lock", "lock_schema"]

SCHEMA_LOCK, OUTSIDE_ROOMS_LOCK = 0x6A636F6C, 0x6A636F6D
""""jcol", "jcom": any numbers that nobody else locks in the same database."""

LOCK_WAIT_SECONDS = 5
"""How long a statement waits for another server that has locked the same room."""

STATEMENT_SECONDS = 60
"""How long a statement may take."""

IDLE_IN_TRANSACTION_SECONDS = 5
"""A server that stops within a transaction (suspended, cut off) holds its locks for so long."""

POOL_SIZE, MAX_OVERFLOW, POOL_WAIT_SECONDS = 1, 4, 10
"""A server keeps that many connections besides its writer's, and has some more while many read."""


def connect(url: sa.URL) -> Engine:
    """An engine whose connections are set up."""
    engine = sa.create_engine(
        url,
        hide_parameters=True,  # a statement that fails is logged without anybody's text or session
        pool_size=POOL_SIZE,
        max_overflow=MAX_OVERFLOW,
        pool_timeout=POOL_WAIT_SECONDS,
        pool_pre_ping=True,
    )
    event.listen(engine, "connect", _set_up)
    return engine


def _set_up(connection: Any, _record: object) -> None:
    with connection.cursor() as cursor:
        for name, seconds in (
            ("lock_timeout", LOCK_WAIT_SECONDS),
            ("statement_timeout", STATEMENT_SECONDS),
            ("idle_in_transaction_session_timeout", IDLE_IN_TRANSACTION_SECONDS),
        ):
            cursor.execute(f"SET {name} = '{seconds}s'")
        # An ack must survive a power cut; stronger settings of the database stay.
        cursor.execute(
            "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'"
        )
    connection.commit()


def for_reading(engine: Engine) -> Engine:
    """``engine``, each of whose transactions sees one moment, however many statements it has."""
    return engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


def lock(connection: Connection, room_ids: Collection[str], *, outside_rooms: bool) -> None:
    """Lock these rooms and, if wanted, all data outside of rooms, until the transaction ends.

    All servers take their locks in the same order, so they never wait for each other in a circle.
    """
    if outside_rooms:
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": OUTSIDE_ROOMS_LOCK})
    if room_ids:
        chosen = select(rooms.c.id).where(rooms.c.id.in_(room_ids))
        connection.execute(chosen.order_by(rooms.c.id).with_for_update())


def lock_schema(connection: Connection) -> None:
    """Let other servers that start wait, until the transaction ends, for as long as the migrations take."""
    for name in ("lock_timeout", "statement_timeout"):
        connection.execute(text(f"SET LOCAL {name} = 0"))
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": SCHEMA_LOCK})
