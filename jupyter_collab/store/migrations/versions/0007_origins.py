"""Where each entry of a log comes from, and who writes under which Yjs client id."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

KNOWN = sa.text("""
    SELECT principal, display_name FROM (
        SELECT 1 AS place, principal, display_name FROM members
            WHERE room_id = :room_id AND principal IN (:account, :guest)
        UNION ALL SELECT 2, CAST(:account AS VARCHAR(300)), display_name FROM accounts WHERE id = :username
        UNION ALL SELECT 3, principal, CAST(:username AS VARCHAR(300)) FROM sessions WHERE principal = :guest
        UNION ALL SELECT 4, CAST(:server AS VARCHAR(300)), display_name FROM runs
            WHERE room_id = :room_id AND username = :username
    ) AS known ORDER BY place LIMIT 1
""")
"""Who has a username, as far as is known; those of accounts and guests are random."""


def upgrade() -> None:
    """Make the tables; of entries that are there already it is known who made them, but not over which connection."""
    op.create_table(
        "origins",
        sa.Column("room_id", sa.String(128), primary_key=True),
        sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("principal", sa.Text),
        sa.Column("display_name", sa.Text),
        sa.Column("connection", sa.String(32)),
        sa.Column("operator", sa.Text),
        sa.Column("run", sa.Integer),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "clients",
        sa.Column("room_id", sa.String(128), primary_key=True),
        sa.Column("client_id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("origin_id", sa.BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )
    connection = op.get_bind()
    op.rename_table("updates", "former_updates")
    if connection.dialect.name == "postgresql":
        op.execute("ALTER INDEX updates_pkey RENAME TO former_updates_pkey")
    op.create_table(
        "updates",
        sa.Column("room_id", sa.String(128), primary_key=True),
        sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("data", sa.LargeBinary, nullable=False),
        sa.Column("origin_id", sa.BigInteger, nullable=False),
        sa.Column("life", sa.String(32), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sqlite_with_rowid=False,
    )
    writers = connection.execute(sa.text("SELECT DISTINCT room_id, username FROM former_updates ORDER BY 1, 2")).all()
    for number, (room_id, username) in enumerate(writers, 1):
        kind, principal, name = _origin(connection, room_id, username)
        connection.execute(
            sa.text(
                "INSERT INTO origins (room_id, id, kind, principal, display_name)"
                " VALUES (:room_id, :id, :kind, :principal, :name)"
            ),
            {"room_id": room_id, "id": number, "kind": kind, "principal": principal, "name": name},
        )
        connection.execute(
            sa.text(
                "INSERT INTO updates (room_id, seq, data, origin_id, life, at)"
                " SELECT room_id, seq, data, :id, life, at FROM former_updates"
                " WHERE room_id = :room_id AND username = :username"
            ),
            {"room_id": room_id, "id": number, "username": username},
        )
    op.drop_table("former_updates")


def _origin(connection: sa.Connection, room_id: str, username: str) -> tuple[str, str | None, str | None]:
    """The kind, the principal and the display name for the ``username`` of entries; that of the server was empty."""
    if not username:
        return "server", None, None
    facts = {"room_id": room_id, "username": username}
    facts |= {kind: f"{kind}:{username}" for kind in ("account", "guest", "server")}
    known = connection.execute(KNOWN, facts).first()
    return ("peer", f"server:{username}", username) if known is None else ("peer", known.principal, known.display_name)


def downgrade() -> None:
    """Not supported: what is known by now does not fit into the former columns."""
    raise NotImplementedError
