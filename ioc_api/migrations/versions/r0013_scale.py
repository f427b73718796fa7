"""What 50,000 cameras need: doubles by URL, sums of health from one index, scores by unit."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"

_PRINCIPLES = ("correct", "complete", "clean", "live", "unified", "shared")


def upgrade() -> None:
    """Bring the tables from revision 0012 to this one; the scores of units are counted once."""
    op.create_index("ix_cameras_url", "cameras", ["url"], postgresql_using="hash")
    op.drop_index("ix_health_at_us", "health")
    op.drop_index("ix_health_until_us", "health")
    op.create_index("ix_health_until_us", "health", ["until_us", "state", "camera_id", "at_us"])
    names = ("score", *_PRINCIPLES)
    op.drop_index("ix_quality_days_day_unit_code", "quality_days")
    op.create_index(
        "ix_quality_days_day_unit_code",
        "quality_days",
        ["day", "unit_code", *names, "camera_id"],
    )
    op.create_table(
        "quality_units",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("unit_code", sa.String(length=8), nullable=False),
        sa.Column("cameras", sa.Integer(), nullable=False),
        *(sa.Column(f"{name}_mean", sa.Float(), nullable=True) for name in names),
        *(sa.Column(f"{name}_known", sa.Integer(), nullable=False) for name in names),
        sa.PrimaryKeyConstraint("day", "unit_code", name="pk_quality_units"),
    )
    days = sa.table(
        "quality_days", sa.column("day"), sa.column("unit_code"), *(sa.column(n) for n in names)
    )
    sums = (
        sa.select(
            days.c.day,
            days.c.unit_code,
            sa.func.count(),
            *(sa.func.avg(days.c[name]) for name in names),
            *(sa.func.count(days.c[name]) for name in names),
        )
        .group_by(days.c.day, days.c.unit_code)
        .select_from(days)
    )
    columns = ["day", "unit_code", "cameras"]
    columns += [f"{name}_{kind}" for kind in ("mean", "known") for name in names]
    units = sa.table("quality_units", *(sa.column(name) for name in columns))
    op.execute(units.insert().from_select(columns, sums))


def downgrade() -> None:
    """Go back to revision 0012."""
    op.drop_table("quality_units")
    op.drop_index("ix_quality_days_day_unit_code", "quality_days")
    op.create_index("ix_quality_days_day_unit_code", "quality_days", ["day", "unit_code"])
    op.drop_index("ix_health_until_us", "health")
    op.create_index("ix_health_until_us", "health", ["until_us"])
    op.create_index("ix_health_at_us", "health", ["at_us"])
    op.drop_index("ix_cameras_url", "cameras")
