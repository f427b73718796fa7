"""Health of cameras over time, and maintenance windows."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Bring the tables from revision 0009 to this one."""
    op.create_table(
        "health",
        sa.Column("camera_id", sa.String(length=36), nullable=False),
        sa.Column("at_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("until_us", sa.BigInteger(), nullable=True),
        sa.Column("unit_code", sa.String(length=8), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("reason_code", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("worker", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("camera_id", "at_us", name="pk_health"),
    )
    op.create_index("ix_health_until_us", "health", ["until_us"])
    op.create_index("ix_health_at_us", "health", ["at_us"])
    op.create_table(
        "maintenance",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("target", sa.String(length=8), nullable=False),
        sa.Column("target_id", sa.String(length=36), nullable=False),
        sa.Column("from_us", sa.BigInteger(), nullable=False),
        sa.Column("until_us", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("by_id", sa.String(length=36), nullable=False),
        sa.Column("by_name", sa.Text(), nullable=False),
        sa.Column("created_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_maintenance"),
    )
    op.create_index("ix_maintenance_until_us", "maintenance", ["until_us"])


def downgrade() -> None:
    """Go back to revision 0009. The history of states is lost."""
    op.drop_table("maintenance")
    op.drop_table("health")
