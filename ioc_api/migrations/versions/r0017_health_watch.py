"""Until when somebody has noted the states of cameras."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    """Bring the tables from revision 0016 to this one."""
    op.create_table(
        "health_watch",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_health_watch"),
    )


def downgrade() -> None:
    """Bring the tables back to revision 0016."""
    op.drop_table("health_watch")
