"""Gathers the facts about cameras, judges them, and keeps their scores of the day."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from camera_registry.base.clock import Clock
from camera_registry.geo.distance import metres_outside
from camera_registry.geo.polygons import MultiPolygon
from camera_registry.health.model import Uptime
from camera_registry.health.ports import HealthStore
from camera_registry.health.uptime import uptime
from camera_registry.model import Camera, State
from camera_registry.quality.model import Facts, Measure, QualityDay, Use
from camera_registry.quality.ports import QualityStore
from camera_registry.quality.score import Judge
from camera_registry.scope import Scope
from camera_registry.unit_areas import UnitAreas
from ioc_api.state_cache import StateCache

DAY_US = 86_400_000_000
USED_DAYS = 30
_AT_A_TIME = 25
_KNOWN_S = 1800.0
"""A camera that is watched for less than this is not called dead for how it began."""
_READ_AGAIN_US = 600_000_000
"""How long the uptimes of a unit that is scored in parts are taken as they were."""


class QualityDesk:
    """Scores cameras. One for each api; several may score at once, the last one counts."""

    def __init__(
        self,
        store: QualityStore,
        health: HealthStore,
        areas: UnitAreas,
        states: StateCache,
        judge: Judge,
        zone: ZoneInfo,
        clock: Clock,
    ) -> None:
        self.store = store
        self.judge = judge
        self._health = health
        self._areas = areas
        self._states = states
        self._zone = zone
        self._clock = clock
        self._whole_day: date | None = None
        self._polygons: tuple[int, Mapping[str, MultiPolygon]] = (0, {})
        self._uptimes: tuple[int, str, Mapping[str, Uptime]] = (-_READ_AGAIN_US, "", {})

    def now(self) -> datetime:
        """Return the time in the city."""
        return datetime.fromtimestamp(self._clock.utc_us() / 1e6, UTC).astimezone(self._zone)

    def today(self) -> date:
        """Return the day of the city."""
        return self.now().date()

    async def shown_day(self) -> date | None:
        """Return the latest day of which all is scored; None before there are any scores.

        Shortly after midnight that is yesterday: a few units are not the city.
        """
        today = self.today()
        if self._whole_day != today:
            midnight = datetime.combine(today, time.min, self._zone)
            if await self.store.lacks(today, round(midnight.timestamp() * 1e6)):
                return await self.store.last_day(today) or await self.store.last_day()
            self._whole_day = today
        return await self.store.last_day()

    async def score_one(self, camera: Camera) -> QualityDay:
        """Score a camera now, by facts that are read anew."""
        now = self._clock.utc_us()
        changes = await self._health.changes(camera.id, now - DAY_US, now, 20_000)
        scored = await self._scored([camera], {camera.id: uptime(changes, now - DAY_US, now)}, now)
        await self.store.put(scored)
        return scored[0]

    async def score(self, cameras: Sequence[Camera]) -> None:
        """Score cameras of one unit."""
        now = self._clock.utc_us()
        unit = cameras[0].unit_code
        at, known, uptimes = self._uptimes
        if known != unit or now - at > _READ_AGAIN_US:
            uptimes = await self._health.by_camera(Scope.all(), unit, now - DAY_US, now)
            self._uptimes = (now, unit, uptimes)
        await self.store.put(await self._scored(cameras, uptimes, now))

    async def _scored(
        self, cameras: Sequence[Camera], uptimes: Mapping[str, Uptime], now_us: int
    ) -> list[QualityDay]:
        day = self.today()
        ids = [camera.id for camera in cameras]
        polygons = await self._areas_now()
        measures = await self.store.measures(ids)
        doubles = await self.store.doubles(cameras)
        since = now_us - USED_DAYS * DAY_US
        uses = await self.store.uses(ids, day - timedelta(days=USED_DAYS), since)
        found = []
        for number, camera in enumerate(cameras):
            if number % _AT_A_TIME == 0:
                await asyncio.sleep(0)  # whoever waits for an answer is served between
            used = uses.get(camera.id, frozenset())
            facts = Facts(
                camera,
                _outside(camera, polygons),
                self._measured(camera, measures.get(camera.id), now_us),
                doubles.get(camera.id, frozenset()),
                _live(uptimes.get(camera.id)),
                {use: use in used for use in Use},
                young=now_us - camera.created_us < DAY_US,
            )
            quality = self.judge.judge(facts, now_us)
            found.append(QualityDay(camera.id, camera.unit_code, day, quality, now_us))
        return found

    async def _areas_now(self) -> Mapping[str, MultiPolygon]:
        newest = await self._areas.newest()
        if self._polygons[0] != newest:
            self._polygons = (newest, await self._areas.areas())
        return self._polygons[1]

    def _measured(self, camera: Camera, probed: Measure | None, now_us: int) -> Measure | None:
        """Return what a worker sees now where one does, with the clock that a probe has read."""
        state = self._states.state_of(camera.id) if camera.enabled else None
        if state is None or state.state is not State.LIVE or not state.codec:
            return probed
        oldest = now_us - round(self.judge.standard.measure_days * DAY_US)
        offset = probed.clock_offset_s if probed and probed.at_us >= oldest else None
        seen = Measure(now_us, state.codec, state.width, state.height, state.fps)
        return replace(seen, clock_offset_s=offset)


def _live(known: Uptime | None) -> float | None:
    """Return the share of fresh pictures, where enough is known to say so."""
    return known.share if known is not None and known.known_s >= _KNOWN_S else None


def _outside(camera: Camera, polygons: Mapping[str, MultiPolygon]) -> float | None:
    area = polygons.get(camera.unit_code)
    if area is None or camera.position is None:
        return None
    return metres_outside((camera.position.lon, camera.position.lat), area)
