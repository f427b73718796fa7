"""The values that made an event, and an index for joining old counts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Bring the tables from revision 0006 to this one."""
    op.add_column("events", sa.Column("measured", sa.Text(), nullable=True))
    op.create_index("ix_counts_seconds_start_us", "counts", ["seconds", "start_us"], unique=False)


def downgrade() -> None:
    """Take both away again."""
    op.drop_index("ix_counts_seconds_start_us", "counts")
    with op.batch_alter_table("events") as table:
        table.drop_column("measured")
