"""The tables, one schema for SQLite and PostgreSQL; changed only by migrations."""

from sqlalchemy import BigInteger, Column, DateTime, Index, Integer, LargeBinary, MetaData, String, Table, Text

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

blobs = Table(
    "blobs",
    metadata,
    Column("room_id", String(128), primary_key=True),
    Column("digest", String(64), primary_key=True),
    Column("media_type", Text, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("data", LargeBinary, nullable=False),
)

runs = Table(
    "runs",
    metadata,
    Column("room_id", String(128), primary_key=True),
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("cell_id", Text, nullable=False),
    Column("username", Text, nullable=False),
    Column("display_name", Text, nullable=False),
    Column("kernel_name", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("queued_at", DateTime(timezone=True), nullable=False),
    Column("started_at", DateTime(timezone=True)),
    Column("ended_at", DateTime(timezone=True)),
    Column("status", String(16), nullable=False),
    sqlite_with_rowid=False,
)
