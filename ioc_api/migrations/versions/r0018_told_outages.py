"""Which outages of cameras were told."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    """Bring the tables from revision 0017 to this one."""
    op.create_table(
        "told_outages",
        sa.Column("camera_id", sa.String(36), nullable=False),
        sa.Column("since_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("camera_id", name="pk_told_outages"),
    )


def downgrade() -> None:
    """Bring the tables back to revision 0017."""
    op.drop_table("told_outages")
