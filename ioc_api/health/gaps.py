"""What became of cameras while no api ran: nobody has told, so nobody must say that they lived.

Workers may have gone on by themselves, and then their changes came, or nothing changed. But where
the whole hub was stopped, the last state of each camera would seem to last until the next one.
"""

from __future__ import annotations

import structlog

from camera_registry.base.clock import Clock
from camera_registry.base.tasks import keeping
from camera_registry.health.model import UNWATCHED, HealthChange
from camera_registry.health.ports import HealthStore, HealthWatch, Lasting
from camera_registry.model import State
from ioc_api.state_cache import NO_WORKER, NO_WORKER_WORDS, StateCache

log = structlog.get_logger(__name__)

BEAT_S = 5.0
SHORT_US = 30_000_000
"""A hub that was away for less has only been started anew."""
ROUND_S = 20.0
ROUNDS = 6
"""So often cameras are waited for that connect, or that no worker has taken yet."""
_AT_ONCE = 2000


class GapKeeper:
    """Notes as unwatched what nobody watched while no api ran; then keeps telling that one does."""

    def __init__(
        self, store: HealthStore, watch: HealthWatch, states: StateCache, clock: Clock
    ) -> None:
        self._store = store
        self._watch = watch
        self._states = states
        self._clock = clock
        self._since_us: int | None = None
        self._round = 0

    async def run(self) -> None:
        """Run for ever; without a database wait and try again."""
        await keeping(self._turn, self._clock, "health_gaps")

    async def _turn(self) -> None:
        if self._round == 0:
            self._since_us = await self._watch.last()
        if self._since_us is not None and self._round < ROUNDS and self._away(self._since_us):
            await self._clock.sleep(ROUND_S)
            await self.look(self._since_us, last=self._round == ROUNDS - 1)
            self._round += 1
            return
        # only now, or who is ended while looking would have left no gap
        self._round = ROUNDS
        await self._watch.beat(self._clock.utc_us())
        await self._clock.sleep(BEAT_S)

    def _away(self, since_us: int) -> bool:
        return self._clock.utc_us() - since_us > SHORT_US

    async def look(self, since_us: int, *, last: bool) -> int:
        """Note cameras that nobody has watched since a time; return how many.

        Not the ``last`` time: those of which that cannot be said yet are left for later.
        """
        noted, after = 0, ""
        while page := await self._watch.lasting(since_us, after, _AT_ONCE):
            after = page[-1].camera_id
            lost = [each for each in page if self._unwatched(each, last)]
            await self._store.add([_unwatched(each, since_us + 1) for each in lost])
            noted += len(lost)
        if noted:
            log.info("health_gap", cameras=noted)
        return noted

    def _unwatched(self, lasting: Lasting, last: bool) -> bool:
        """Say whether a camera was let go. A worker that takes one begins by connecting."""
        state = self._states.state_of(lasting.camera_id)
        if state is not None and state.state is State.CONNECTING and not last:
            return False  # it would raise the alarm of a long death, and live a moment later
        if lasting.following:
            return lasting.following == State.CONNECTING
        return state is None and last  # a worker that reports on it tells what changes by itself


def _unwatched(lasting: Lasting, at_us: int) -> HealthChange:
    words = NO_WORKER_WORDS
    return HealthChange(lasting.camera_id, lasting.unit_code, UNWATCHED, NO_WORKER, words, at_us)
