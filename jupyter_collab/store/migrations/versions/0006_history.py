"""Several keyframes for each room; what an entry says of the room's life is named so."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Change the key of the keyframes, and the name of a column."""
    op.execute("ALTER TABLE updates RENAME COLUMN server TO life")
    op.rename_table("keyframes", "former_keyframes")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER INDEX keyframes_pkey RENAME TO former_keyframes_pkey")
    op.create_table(
        "keyframes",
        sa.Column("room_id", sa.String(128), primary_key=True),
        sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("data", sa.LargeBinary, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    )
    op.execute("INSERT INTO keyframes (room_id, seq, data, at) SELECT room_id, seq, data, at FROM former_keyframes")
    op.drop_table("former_keyframes")


def downgrade() -> None:
    """Not supported: a room may have several keyframes by now."""
    raise NotImplementedError
