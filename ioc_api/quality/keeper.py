"""Sees to it that every camera has a score of the day, and that old ones go.

What is lacking is asked of the database, batch by batch: a keeper that was ended goes on where it
was, and a camera that was changed or registered since is scored again within a minute.
"""

from __future__ import annotations

from datetime import timedelta

import structlog

from camera_registry.base.clock import Clock
from camera_registry.base.tasks import keeping
from camera_registry.scope import Scope
from ioc_api.quality import metrics
from ioc_api.quality.desk import QualityDesk

log = structlog.get_logger(__name__)

EVERY_S = 60.0
BATCH = 500
"""More than most units have, so that a unit is one batch."""
_TELL_EVERY = 20
_FORGET_ROWS = 5000
FINDINGS_DAYS = 14
"""Reasons are kept so long, scores as long as the settings say."""


class QualityKeeper:
    """Runs until cancelled."""

    def __init__(self, desk: QualityDesk, kept_days: int, clock: Clock) -> None:
        self._desk = desk
        self._kept_days = kept_days
        self._clock = clock

    async def run(self) -> None:
        """Keep scores for ever; without a database wait and try again."""
        await keeping(self._turn, self._clock, "quality_keeper")

    async def _turn(self) -> None:
        await self.run_once()
        await self._clock.sleep(EVERY_S)

    async def run_once(self) -> int:
        """Score what has no score of today, forget what is old; return how many were scored.

        Raises a CamhubError where the database is out of reach; what was scored stays so.
        """
        store, scored, batches = self._desk.store, 0, 0
        while True:
            begun = self._clock.monotonic()
            cameras = await store.due(self._desk.today(), self._clock.utc_us(), BATCH)
            if not cameras:
                break
            await self._desk.score(cameras)
            scored += len(cameras)
            batches += 1
            if batches % _TELL_EVERY == 0:
                done, every = await store.progress(self._desk.today())
                log.info("quality_progress", scored=done, cameras=every)
            # as long again for those who wait for an answer: a day is long enough
            await self._clock.sleep(self._clock.monotonic() - begun)
        if scored:
            log.info("quality_scored", cameras=scored, day=str(self._desk.today()))
        today = self._desk.today()
        await store.drop_removed(today, _FORGET_ROWS)
        oldest = today - timedelta(days=self._kept_days)
        plain = today - timedelta(days=FINDINGS_DAYS)
        while await store.forget(oldest, plain, _FORGET_ROWS) >= _FORGET_ROWS:
            log.info("quality_forgotten", rows=_FORGET_ROWS)
        metrics.show(await store.groups(Scope.all(), today, today))
        return scored
