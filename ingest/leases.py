"""Which cameras this worker runs: leases on a JetStream work queue.

Every enabled camera has one message. Whoever pulls it runs the camera and says every two seconds
that it still does; when it stops saying so, the engine delivers the message to another worker. The
lease's generation (stream sequence, then delivery count) orders its holders: a worker that learns
of a higher one lets go.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog
from prometheus_client import Counter, Gauge

from camera_registry import subjects
from camera_registry.base.bus import Bus, Delivery, Message
from camera_registry.base.clock import Clock
from camera_registry.base.errors import UnavailableError
from ingest.shares import Shares

log = structlog.get_logger(__name__)

HELD = Gauge("camhub_leases_held", "Cameras that this worker runs")
TAKEN = Counter("camhub_leases_taken_total", "Leases taken")
LOST = Counter("camhub_leases_lost_total", "Leases given up", ["reason"])

_RENEW_S = 2.0
_DELIVERY_BITS = 20


def generation_of(delivery: Delivery) -> int:
    """Order the holders of one camera: a later message first, then a later delivery of it."""
    return delivery.sequence << _DELIVERY_BITS | min(delivery.generation, (1 << _DELIVERY_BITS) - 1)


@dataclass(slots=True)
class Lease:
    """A camera held by this worker."""

    camera_id: str
    delivery: Delivery
    generation: int


class LeaseKeeper:
    """Pulls, renews and gives back leases.

    ``on_taken(camera_id, generation)`` says whether the camera could be started (False gives the
    lease back); ``on_lost(camera_id)`` must stop it. Both run in this task's loop.
    """

    def __init__(
        self,
        bus: Bus,
        clock: Clock,
        *,
        worker: str,
        capacity: int,
        on_taken: Callable[[str, int], Awaitable[bool]],
        on_lost: Callable[[str], Awaitable[None]],
    ) -> None:
        self._bus = bus
        self._clock = clock
        self._worker = worker
        self._on_taken = on_taken
        self._on_lost = on_lost
        self._held: dict[str, Lease] = {}
        self._shares = Shares(worker, capacity)
        self._stopping = False
        self._pulled = asyncio.Event()
        self._pulled.set()

    @property
    def held(self) -> dict[str, int]:
        """Camera id → generation of every lease."""
        return {camera: lease.generation for camera, lease in self._held.items()}

    async def run(self) -> None:
        """Take and renew leases until cancelled; the bus may come and go."""
        await self._bus.subscribe(subjects.claim("*"), self._claimed)
        await self._bus.subscribe(subjects.WORKER_LOAD, self._heard)
        async with asyncio.TaskGroup() as group:
            group.create_task(self._pull(), name="leases-pull")
            group.create_task(self._renew(), name="leases-renew")

    async def drop(self, camera_id: str) -> None:
        """Forget a camera that was removed or disabled; its message is gone already."""
        await self._lose(camera_id, "removed")

    async def release_all(self) -> None:
        """Give everything back at once, so that another worker takes over without waiting."""
        self._stopping = True
        # a pull that is under way would be handed our own leases again
        await self._pulled.wait()
        await asyncio.gather(*(self._release(lease) for lease in list(self._held.values())))

    async def _release(self, lease: Lease) -> None:
        await self._lose(lease.camera_id, "shutdown")
        await self._give_back(lease.delivery, 0.0)

    async def _pull(self) -> None:
        self._pulled.clear()
        try:
            while not self._stopping:
                await self._pull_once()
        finally:
            self._pulled.set()

    async def _pull_once(self) -> None:
        wanted = self._shares.batch(len(self._held), self._clock.monotonic())
        if wanted == 0:
            await self._clock.sleep(0.5)
            return
        try:
            deliveries = await self._bus.fetch(
                subjects.LEASES_STREAM, subjects.LEASES_DURABLE, wanted, 1.0
            )
            for delivery in deliveries:
                await self._take(delivery)
        except UnavailableError as error:
            log.warning("leases_wait_for_bus", reason=error.message)
            await self._clock.sleep(1.0)

    async def _take(self, delivery: Delivery) -> None:
        camera_id = delivery.subject.rpartition(".")[2]
        generation = generation_of(delivery)
        known = self._held.get(camera_id)
        if known is not None:
            # redelivered to ourselves after the server was away: a newer hold on the same camera
            known.delivery, known.generation = delivery, generation
            await self._on_taken(camera_id, generation)
            return
        if not await self._on_taken(camera_id, generation):
            await self._give_back(delivery, 2.0)
            return
        self._held[camera_id] = Lease(camera_id, delivery, generation)
        TAKEN.inc()
        HELD.set(len(self._held))
        log.info("lease_taken", camera=camera_id, generation=generation)
        await self._bus.publish(subjects.claim(camera_id), f"{self._worker} {generation}".encode())

    async def _renew(self) -> None:
        while True:
            await self._clock.sleep(_RENEW_S)
            try:
                for lease in list(self._held.values()):
                    await lease.delivery.in_progress()
                await self._bus.publish(
                    subjects.WORKER_LOAD, f"{self._worker} {len(self._held)}".encode()
                )
                await self._rebalance()
            except UnavailableError as error:
                # cameras go on: nobody else can take them while the server is away
                log.warning("leases_not_renewed", reason=error.message)

    async def _rebalance(self) -> None:
        if not self._shares.surplus(len(self._held), self._clock.monotonic()):
            return
        camera_id, lease = next(reversed(self._held.items()))
        await self._lose(camera_id, "rebalanced")
        await self._give_back(lease.delivery, 0.0)

    async def _claimed(self, message: Message) -> None:
        camera_id = message.subject.rpartition(".")[2]
        worker, _, generation = message.data.decode(errors="replace").partition(" ")
        lease = self._held.get(camera_id)
        if lease is None or worker == self._worker or not generation.isdigit():
            return
        if int(generation) > lease.generation:
            await self._lose(camera_id, "superseded")

    async def _heard(self, message: Message) -> None:
        worker, _, held = message.data.decode(errors="replace").partition(" ")
        if held.isdigit():
            self._shares.heard(worker, int(held), self._clock.monotonic())

    async def _lose(self, camera_id: str, reason: str) -> None:
        if self._held.pop(camera_id, None) is None:
            return
        LOST.labels(reason).inc()
        HELD.set(len(self._held))
        log.info("lease_lost", camera=camera_id, reason=reason)
        await self._on_lost(camera_id)

    async def _give_back(self, delivery: Delivery, delay_s: float) -> None:
        try:
            await delivery.nak(delay_s)
        except UnavailableError as error:
            # the engine takes it back by itself when the acknowledgement time is over
            log.warning("lease_not_given_back", reason=error.message)
