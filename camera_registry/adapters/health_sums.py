"""The table of health, and what a period or an outage comes to in SQL."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from camera_registry.adapters.database import metadata
from camera_registry.health.model import DISABLED, UNWATCHED
from camera_registry.model import State

health = sa.Table(
    "health",
    metadata,
    sa.Column("camera_id", sa.String(36), primary_key=True),
    sa.Column("at_us", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("until_us", sa.BigInteger),
    sa.Column("unit_code", sa.String(8), nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("reason_code", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("worker", sa.Text, nullable=False),
)

# What lasts, what ended since a time, and all that the sums of a period need: read from the index.
sa.Index(
    "ix_health_until_us",
    health.c.until_us,
    health.c.state,
    health.c.camera_id,
    health.c.at_us,
)

DEAD = (*(each.value for each in State if each is not State.LIVE), UNWATCHED)
"""States in which a camera that is to run gives no fresh pictures."""
_h = health.c


def sums_of(spans: sa.FromClause, since_us: int, until_us: int) -> sa.Select[Any]:
    """Sum each camera's time within a period: alive, known of, and how often it fell.

    ``spans`` are those rows of ``health`` that touch the period. A fall is a live that ended. One
    that ended because the camera was switched off is taken away again where that is read, since it
    is seldom.
    """
    s = spans.c
    begin = sa.case((s.at_us > since_us, s.at_us), else_=since_us)
    known_end = sa.func.coalesce(s.until_us, until_us)
    length = sa.case((known_end < until_us, known_end), else_=until_us) - begin
    live = s.state == State.LIVE.value
    before = health.alias()
    was_live = sa.exists().where(
        before.c.until_us == s.at_us,
        before.c.state == State.LIVE.value,
        before.c.camera_id == s.camera_id,
    )
    return sa.select(
        s.camera_id.label("camera_id"),
        sa.func.sum(sa.case((live, length), else_=0)).label("live_us"),
        sa.func.sum(sa.case((s.state != DISABLED, length), else_=0)).label("known_us"),
        sa.func.sum(
            sa.case(
                (sa.and_(live, s.until_us < until_us), 1),
                (sa.and_(s.state == DISABLED, s.at_us > since_us, was_live), -1),
                else_=0,
            )
        ).label("falls"),
    )


def died() -> sa.ScalarSelect[int]:
    """Return when live ended of the camera in ``health``; its first change where it never lived.

    The last change that was no death ended then: it is one of the latest, and the key finds it.
    """
    earlier = health.alias()
    e = earlier.c
    mine = e.camera_id == _h.camera_id
    lived = (
        sa.select(e.until_us)
        .where(mine, e.state.not_in(DEAD), e.until_us.is_not(None))
        .order_by(e.at_us.desc())
        .limit(1)
        .correlate(health)
        .scalar_subquery()
    )
    first = sa.select(sa.func.min(e.at_us)).where(mine).correlate(health).scalar_subquery()
    return sa.select(sa.func.coalesce(lived, first)).scalar_subquery()
