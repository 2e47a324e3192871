"""Who may do what in which room, invitations, what was done, and sessions."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make the tables. In a room that is there already every user of the server is an owner, as before."""
    op.add_column("rooms", sa.Column("server_role", sa.String(16)))
    op.add_column("rooms", sa.Column("access_version", sa.BigInteger, nullable=False, server_default="0"))
    op.execute("UPDATE rooms SET server_role = 'owner'")
    op.create_table(
        "members",
        sa.Column("room_id", sa.String(128), primary_key=True),
        sa.Column("principal", sa.String(300), primary_key=True),
        sa.Column("display_name", sa.Text, nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("invite_id", sa.String(32)),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("members_principal", "members", ["principal"])
    op.create_table(
        "invites",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("room_id", sa.String(128), nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("created_by", sa.String(300), nullable=False),
        sa.Column("created_by_name", sa.Text, nullable=False),
        sa.Column("token_hash", sa.String(64), nullable=False, unique=True),
        sa.Column("code_hash", sa.String(64), nullable=False, unique=True),
        sa.Column("password_hash", sa.Text),
        sa.Column("needs_approval", sa.Boolean, nullable=False),
        sa.Column("max_uses", sa.Integer),
        sa.Column("uses", sa.Integer, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True)),
        sa.Column("revoked_at", sa.DateTime(timezone=True)),
    )
    op.create_index("invites_room_id", "invites", ["room_id"])
    op.create_table(
        "events",
        sa.Column("room_id", sa.String(128), primary_key=True),
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("principal", sa.String(300), nullable=False),
        sa.Column("display_name", sa.Text, nullable=False),
        sa.Column("details", sa.JSON, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "sessions",
        sa.Column("session_hash", sa.String(64), primary_key=True),
        sa.Column("principal", sa.String(300), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("sessions_principal", "sessions", ["principal"])
    op.create_table(
        "secrets",
        sa.Column("name", sa.String(64), primary_key=True),
        sa.Column("value", sa.Text, nullable=False),
    )


def downgrade() -> None:
    """Drop them."""
    for table in ("secrets", "sessions", "events", "invites", "members"):
        op.drop_table(table)
    for column in ("access_version", "server_role"):
        op.drop_column("rooms", column)
