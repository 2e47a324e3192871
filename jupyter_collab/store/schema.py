"""The tables, one schema for SQLite and PostgreSQL; changed only by migrations."""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
)

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
    Column("server_role", String(16)),
    Column("access_version", BigInteger, nullable=False, server_default="0"),
)
Index("rooms_changed_at", rooms.c.changed_at)

updates = Table(
    "updates",
    metadata,
    Column("room_id", String(128), primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("data", LargeBinary, nullable=False),
    Column("origin_id", BigInteger, nullable=False),
    Column("life", String(32), nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    sqlite_with_rowid=False,
)

origins = Table(
    "origins",
    metadata,
    Column("room_id", String(128), primary_key=True),
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("kind", String(16), nullable=False),
    Column("principal", Text),
    Column("display_name", Text),
    Column("connection", String(32)),
    Column("operator", Text),
    Column("run", Integer),
    sqlite_with_rowid=False,
)

clients = Table(
    "clients",
    metadata,
    Column("room_id", String(128), primary_key=True),
    Column("client_id", BigInteger, primary_key=True, autoincrement=False),
    Column("origin_id", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

keyframes = Table(
    "keyframes",
    metadata,
    Column("room_id", String(128), primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
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
    Column("kind", String(16)),
    Column("kernel_name", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("queued_at", DateTime(timezone=True), nullable=False),
    Column("started_at", DateTime(timezone=True)),
    Column("ended_at", DateTime(timezone=True)),
    Column("status", String(16), nullable=False),
    sqlite_with_rowid=False,
)

kernel_leases = Table(
    "kernel_leases",
    metadata,
    Column("room_id", String(128), primary_key=True),
    Column("server", String(64), nullable=False),
    Column("kernel_id", Text, nullable=False),
)

messages = Table(
    "messages",
    metadata,
    Column("seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("room_id", String(128), nullable=False),
    Column("topic", String(32), nullable=False),
    Column("server", String(64), nullable=False),
    Column("data", LargeBinary, nullable=False),
    sqlite_autoincrement=True,
)

members = Table(
    "members",
    metadata,
    Column("room_id", String(128), primary_key=True),
    Column("principal", String(300), primary_key=True),
    Column("display_name", Text, nullable=False),
    Column("role", String(16), nullable=False),
    Column("status", String(16), nullable=False),
    Column("invite_id", String(32)),
    Column("added_at", DateTime(timezone=True), nullable=False),
)
Index("members_principal", members.c.principal)

invites = Table(
    "invites",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("room_id", String(128), nullable=False),
    Column("role", String(16), nullable=False),
    Column("created_by", String(300), nullable=False),
    Column("created_by_name", Text, nullable=False),
    Column("token_hash", String(64), nullable=False, unique=True),
    Column("code_hash", String(64), nullable=False, unique=True),
    Column("password_hash", Text),
    Column("needs_approval", Boolean, nullable=False),
    Column("max_uses", Integer),
    Column("uses", Integer, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("expires_at", DateTime(timezone=True)),
    Column("revoked_at", DateTime(timezone=True)),
)
Index("invites_room_id", invites.c.room_id)

events = Table(
    "events",
    metadata,
    Column("room_id", String(128), primary_key=True),
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("kind", String(32), nullable=False),
    Column("principal", String(300), nullable=False),
    Column("display_name", Text, nullable=False),
    Column("details", JSON, nullable=False),
    sqlite_with_rowid=False,
)

sessions = Table(
    "sessions",
    metadata,
    Column("session_hash", String(64), primary_key=True),
    Column("principal", String(300), nullable=False),
    Column("expires_at", DateTime(timezone=True), nullable=False),
)
Index("sessions_principal", sessions.c.principal)

secrets = Table(
    "secrets",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("value", Text, nullable=False),
)

accounts = Table(
    "accounts",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("email", String(320), nullable=False, unique=True),
    Column("display_name", Text, nullable=False),
    Column("password_hash", Text),
    Column("may_use_server", Boolean, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("disabled_at", DateTime(timezone=True)),
)

identities = Table(
    "identities",
    metadata,
    Column("issuer", String(500), primary_key=True),
    Column("subject", String(300), primary_key=True),
    Column("account_id", String(32), nullable=False),
)
