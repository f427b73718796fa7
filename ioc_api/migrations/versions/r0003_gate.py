"""Whether a camera's activity gate may work, and its priority in the node's budget."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Bring the tables from revision 0002 to this one."""
    op.add_column("cameras", sa.Column("gate", sa.String(8), nullable=False, server_default="auto"))
    op.add_column(
        "cameras", sa.Column("priority", sa.Integer(), nullable=False, server_default="0")
    )


def downgrade() -> None:
    """Go back to revision 0002."""
    op.drop_column("cameras", "priority")
    op.drop_column("cameras", "gate")
