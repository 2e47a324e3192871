"""Of what kind the people are who ran cells; of runs from before, nobody knows."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Add the column."""
    op.add_column("runs", sa.Column("kind", sa.String(16)))


def downgrade() -> None:
    """Drop the column."""
    with op.batch_alter_table("runs") as runs:
        runs.drop_column("kind")
