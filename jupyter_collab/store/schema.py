"""The tables, one schema for SQLite and PostgreSQL; changed only by migrations."""

from sqlalchemy import BigInteger, Column, DateTime, Index, LargeBinary, MetaData, String, Table, Text

metadata = MetaData()

rooms = Table(
    "rooms",
    metadata,
    Column("id", String(128), primary_key=True),
    Column("title", Text, nullable=False),
    Column("epoch", String(64), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("head_seq", BigInteger, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("changed_at", DateTime(timezone=True), nullable=False),
    Column("deleted_at", DateTime(timezone=True)),
)
Index("rooms_changed_at", rooms.c.changed_at)

updates = Table(
    "updates",
    metadata,
    Column("room_id", String(128), primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("data", LargeBinary, nullable=False),
    Column("username", Text, nullable=False),
    Column("server", String(32), nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    sqlite_with_rowid=False,
)

keyframes = Table(
    "keyframes",
    metadata,
    Column("room_id", String(128), primary_key=True),
    Column("seq", BigInteger, nullable=False),
    Column("data", LargeBinary, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
)

retired_epochs = Table(
    "retired_epochs",
    metadata,
    Column("room_id", String(128), primary_key=True),
    Column("epoch", String(64), primary_key=True),
)
