"""The quality of cameras by the day, what probes measured, and who uses a camera."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"

_PRINCIPLES = ("correct", "complete", "clean", "live", "unified", "shared")


def upgrade() -> None:
    """Bring the tables from revision 0010 to this one."""
    op.create_table(
        "quality_days",
        sa.Column("camera_id", sa.String(length=36), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("unit_code", sa.String(length=8), nullable=False),
        sa.Column("score", sa.Float(), nullable=True),
        *(sa.Column(name, sa.Float(), nullable=True) for name in _PRINCIPLES),
        sa.Column("findings", sa.Text(), nullable=False),
        sa.Column("computed_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("camera_id", "day", name="pk_quality_days"),
    )
    op.create_index("ix_quality_days_day_unit_code", "quality_days", ["day", "unit_code"])
    op.create_table(
        "camera_measures",
        sa.Column("camera_id", sa.String(length=36), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.Column("codec", sa.Text(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("fps", sa.Float(), nullable=False),
        sa.Column("clock_offset_s", sa.Float(), nullable=True),
        sa.PrimaryKeyConstraint("camera_id", name="pk_camera_measures"),
        sa.ForeignKeyConstraint(
            ["camera_id"],
            ["cameras.id"],
            name="fk_camera_measures_camera_id",
            ondelete="CASCADE",
        ),
    )
    op.create_table(
        "camera_uses",
        sa.Column("camera_id", sa.String(length=36), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("hours", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("camera_id", "day", "kind", name="pk_camera_uses"),
    )
    op.create_index("ix_camera_uses_day", "camera_uses", ["day"])


def downgrade() -> None:
    """Go back to revision 0010. Scores, measurements and uses are lost."""
    op.drop_table("camera_uses")
    op.drop_table("camera_measures")
    op.drop_table("quality_days")
