"""Codes of invitations by a hash that takes a while."""

import secrets
from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

from jupyter_collab.access import harden

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Exchange the hashes; of those that are over nothing is kept."""
    connection, salt = op.get_bind(), secrets.token_hex(16)
    kept = sa.table("secrets", sa.column("name"), sa.column("value"))
    connection.execute(kept.insert().values(name="invite_code_salt", value=salt))
    invites = sa.table(
        "invites",
        sa.column("id"),
        sa.column("code_hash"),
        sa.column("revoked_at", sa.DateTime(timezone=True)),
        sa.column("expires_at", sa.DateTime(timezone=True)),
    )
    is_over = invites.c.revoked_at.is_not(None) | (invites.c.expires_at < datetime.now(UTC))
    for row in connection.execute(sa.select(invites.c.id, invites.c.code_hash, is_over.label("is_over"))).all():
        code_hash = secrets.token_hex(32) if row.is_over else harden(row.code_hash, salt)
        connection.execute(invites.update().where(invites.c.id == row.id).values(code_hash=code_hash))


def downgrade() -> None:
    """Not supported: the codes themselves are not known."""
    raise NotImplementedError
