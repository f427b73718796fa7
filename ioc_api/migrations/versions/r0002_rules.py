"""The rule document of a camera, and its version."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Bring the tables from revision 0001 to this one."""
    op.add_column("cameras", sa.Column("rules", sa.Text(), nullable=False, server_default=""))
    op.add_column(
        "cameras", sa.Column("rules_version", sa.Integer(), nullable=False, server_default="0")
    )


def downgrade() -> None:
    """Go back to revision 0001: rules are lost."""
    op.drop_column("cameras", "rules_version")
    op.drop_column("cameras", "rules")
