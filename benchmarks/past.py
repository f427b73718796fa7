"""A past for cameras that are registered: a month of states, and scores of the days before."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from camera_registry.adapters.database import Database
from ioc_api.migrations import DIRECTORY

HEALTH_DAYS = 30
SCORE_DAYS = 13
DAY_US = 86_400_000_000
DEAD = 100
"""One camera of so many is dead now; the others were switched off within the last day, so that
nothing tries to reach them.
"""

# A camera comes up and falls by turns, once a day: of a city's cameras most change seldom and some
# all day. Each does so some seconds later than the one before it.
_NUMBERED = "select id, unit_code, row_number() over (order by id) as n from cameras"
_STEPS = {
    "sqlite": "with recursive steps(i) as (select 0 union all select i + 1 from steps"
    " where i < {last}) select i from steps",
    "postgresql": "select generate_series(0, {last}) as i",
}
_STATES = """
insert into health (camera_id, at_us, until_us, unit_code, state, reason_code, reason, worker)
select c.id, {begin} + i * {step} + n * {second}, {begin} + (i + 1) * {step} + n * {second},
  c.unit_code,
  case when i % 2 = 0 then 'live' else 'offline' end,
  case when i % 2 = 0 then 'ok' else 'no_video' end,
  case when i % 2 = 0 then '' else 'No video packet for 5 seconds' end, 'worker-1'
from ({numbered}) c, ({steps}) s
"""
_NOW = """
insert into health (camera_id, at_us, until_us, unit_code, state, reason_code, reason, worker)
select c.id, {begin} + ({last} + 1) * {step} + n * {second}, null, c.unit_code,
  case when n % {dead} = 0 then 'offline' else 'disabled' end, '', '', ''
from ({numbered}) c
"""
_ENABLE = """
update cameras set enabled = true
where id in (select camera_id from health where until_us is null and state = 'offline')
"""
_SCORES = """
insert into quality_days (camera_id, day, unit_code, score, correct, complete, clean, live, unified,
  shared, findings, computed_us)
select id, :day, unit_code, 0.7, 0.9, 0.6, 1.0, 0.8, 0.7, 0.2, '[]', 0 from cameras
"""


async def give_past(url: str) -> None:
    """Write what the cameras of a database have been through."""
    database = Database(url, DIRECTORY)
    now = datetime.now(UTC)
    values = {
        "begin": round(now.timestamp() * 1e6) - (HEALTH_DAYS + 1) * DAY_US,
        "step": DAY_US,
        "second": "cast(1000000 as bigint)",
        "last": HEALTH_DAYS - 1,
        "dead": DEAD,
        "numbered": _NUMBERED,
    }
    steps = _STEPS[database.dialect].format(**values)
    async with database.write() as connection:
        await connection.execute(sa.text(_STATES.format(**values, steps=steps)))
        await connection.execute(sa.text(_NOW.format(**values)))
        await connection.execute(sa.text(_ENABLE))
        scores = sa.text(_SCORES).bindparams(sa.bindparam("day", type_=sa.Date))
        for back in range(1, SCORE_DAYS + 1):
            await connection.execute(scores, {"day": (now - timedelta(days=back)).date()})
    async with database.write() as connection:
        await connection.exec_driver_sql("analyze")
    await database.close()
