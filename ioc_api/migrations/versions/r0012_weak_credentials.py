"""Cameras know whether their password is one that a stranger tries first."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Bring the tables from revision 0011 to this one."""
    op.add_column("cameras", sa.Column("weak_credentials", sa.Boolean(), nullable=True))


def downgrade() -> None:
    """Bring the tables back to revision 0011."""
    op.drop_column("cameras", "weak_credentials")
