"""Which server has a room's kernel, which the document said until now."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Make the table. No kernel outlives the server that is stopped to be upgraded, so it begins empty."""
    op.create_table(
        "kernel_leases",
        sa.Column("room_id", sa.String(128), primary_key=True),
        sa.Column("server", sa.String(64), nullable=False),
        sa.Column("kernel_id", sa.Text, nullable=False),
    )


def downgrade() -> None:
    """Drop the table."""
    op.drop_table("kernel_leases")
