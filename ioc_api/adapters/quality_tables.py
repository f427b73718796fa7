"""The tables of quality: scores by the day, measurements, uses."""

from __future__ import annotations

import sqlalchemy as sa

from camera_registry.adapters.database import metadata
from camera_registry.quality.model import Principle

quality_days = sa.Table(
    "quality_days",
    metadata,
    sa.Column("camera_id", sa.String(36), primary_key=True),
    sa.Column("day", sa.Date, primary_key=True),
    sa.Column("unit_code", sa.String(8), nullable=False),
    sa.Column("score", sa.Float),
    *(sa.Column(each.value, sa.Float) for each in Principle),
    sa.Column("findings", sa.Text, nullable=False),
    sa.Column("computed_us", sa.BigInteger, nullable=False),
)
"""No foreign key: what a unit's score was on a day outlives a camera."""
# The fix list is put in its order, and a unit's means are taken, without reading any findings.
sa.Index(
    "ix_quality_days_day_unit_code",
    quality_days.c.day,
    quality_days.c.unit_code,
    quality_days.c.score,
    *(quality_days.c[each.value] for each in Principle),
    quality_days.c.camera_id,
)

MEANS = ("score", *(each.value for each in Principle))

quality_units = sa.Table(
    "quality_units",
    metadata,
    sa.Column("day", sa.Date, primary_key=True),
    sa.Column("unit_code", sa.String(8), primary_key=True),
    sa.Column("cameras", sa.Integer, nullable=False),
    *(sa.Column(f"{name}_mean", sa.Float) for name in MEANS),
    *(sa.Column(f"{name}_known", sa.Integer, nullable=False) for name in MEANS),
)
"""What ``quality_days`` comes to for a unit, written with it: the board reads a line for each unit
and day of its trend, not one for each camera.
"""

camera_measures = sa.Table(
    "camera_measures",
    metadata,
    sa.Column(
        "camera_id",
        sa.String(36),
        sa.ForeignKey("cameras.id", ondelete="CASCADE"),
        primary_key=True,
    ),
    sa.Column("at_us", sa.BigInteger, nullable=False),
    sa.Column("codec", sa.Text, nullable=False),
    sa.Column("width", sa.Integer, nullable=False),
    sa.Column("height", sa.Integer, nullable=False),
    sa.Column("fps", sa.Float, nullable=False),
    sa.Column("clock_offset_s", sa.Float),
)

camera_uses = sa.Table(
    "camera_uses",
    metadata,
    sa.Column("camera_id", sa.String(36), primary_key=True),
    sa.Column("day", sa.Date, primary_key=True, index=True),
    sa.Column("kind", sa.String(8), primary_key=True),
    sa.Column("hours", sa.Integer, nullable=False),
)
"""``hours`` has a bit for each hour of the day in which the camera was used, so that writing it
again, from another api or after a restart, changes nothing.
"""
