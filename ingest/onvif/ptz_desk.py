"""Carries out the orders to one camera's motors, in the worker that holds the camera."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

import msgspec
import structlog
from prometheus_client import Counter

from camera_registry import subjects
from camera_registry.base.bus import Bus, Message, Subscription
from camera_registry.base.clock import Clock
from camera_registry.base.errors import CamhubError, UnavailableError
from camera_registry.ptz import (
    HOLD_LOCK_S,
    HOLD_MOVE_S,
    PtzAction,
    PtzAnswer,
    PtzOrder,
    decode_order,
    encode,
)
from camera_registry.vault import Vault
from ingest.onvif.ptz import Connect, Motors
from ingest.onvif.ptz_lock import PtzLock

log = structlog.get_logger(__name__)

ORDERS = Counter("camhub_ptz_orders_total", "Orders to cameras' motors", ["action", "outcome"])
DEAD_MAN = Counter("camhub_ptz_dead_man_total", "Movements ended because nobody held on to them")

_STOP_TRIES = 3
_FREE = frozenset((PtzAction.STATE, PtzAction.PRESETS))


class PtzDesk:
    """Listens on the camera's subject. Orders are carried out one after another.

    A movement must be asked for again within ``HOLD_MOVE_S``; else, and when this worker lets the
    camera go, it is stopped. Should the worker die, the camera's own time limit ends it.
    """

    def __init__(
        self, camera_id: str, *, bus: Bus, vault: Vault, clock: Clock, connect: Connect
    ) -> None:
        self._camera_id = camera_id
        self._bus = bus
        self._vault = vault
        self._clock = clock
        self._connect = connect
        self._lock = PtzLock()
        self._turn = asyncio.Lock()
        self._subscription: Subscription | None = None
        self._motors: Motors | None = None
        self._address: tuple[str, bytes, str] = ("", b"", "")
        self._dead_man: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Listen. Raises UnavailableError while the bus cannot be reached."""
        self._subscription = await self._bus.subscribe(subjects.ptz(self._camera_id), self._take)

    async def stop(self) -> None:
        """Listen no more; a camera that moves is stopped."""
        if self._subscription is not None:
            await self._subscription.stop()
        moving = self._moving
        self._hold_off()
        async with self._turn:
            if moving:
                await self._stand_still("let_go")
            await self._hang_up()

    @property
    def _moving(self) -> bool:
        return self._dead_man is not None and not self._dead_man.done()

    async def _take(self, message: Message) -> None:
        try:
            order = decode_order(message.data)
        except msgspec.DecodeError as error:
            log.warning("ptz_order_unreadable", camera=self._camera_id, reason=str(error))
            return
        async with self._turn:
            answer = await self._answer(order)
        ORDERS.labels(order.action.value, answer.code or "ok").inc()
        if order.action not in _FREE:
            log.info(
                "ptz_order",
                camera=self._camera_id,
                action=order.action.value,
                actor=order.actor_id,
                actor_name=order.actor_name,
                priority=order.priority,
                preset=order.preset,
                outcome=answer.code or "ok",
            )
        if message.reply:
            try:
                await self._bus.publish(message.reply, encode(answer))
            except UnavailableError as error:
                log.warning("ptz_answer_not_sent", camera=self._camera_id, reason=error.message)

    async def _answer(self, order: PtzOrder) -> PtzAnswer:
        try:
            answer = await self._carry_out(order)
        except CamhubError as error:
            if error.code != "ptz_locked":
                if self._moving:
                    # it may move although its answer was lost
                    self._hold_off()
                    await self._stand_still("failed", tries=1)
                await self._hang_up()
            answer = PtzAnswer(error.code, error.message, error.hint)
        holder = self._lock.holder(self._clock.utc_us())
        return replace(answer, moving=self._moving, holder=holder)

    async def _carry_out(self, order: PtzOrder) -> PtzAnswer:
        now = self._clock.utc_us()
        if order.action is PtzAction.STATE:
            return PtzAnswer()
        if order.action is PtzAction.PRESETS:
            return PtzAnswer(presets=await (await self._reached(order)).presets())
        if order.action is PtzAction.UNLOCK:
            if self._lock.release(order.actor_id, now) and self._moving:
                self._hold_off()
                await self._stand_still("unlock")
            return PtzAnswer()
        hold_s = order.seconds if order.action is PtzAction.LOCK else HOLD_LOCK_S
        gave_way = self._lock.take(
            order.actor_id, order.actor_name, order.priority, now, hold_s or HOLD_LOCK_S
        )
        if gave_way is not None:
            log.info(
                "ptz_taken_over",
                camera=self._camera_id,
                actor=order.actor_id,
                before=gave_way.actor_id,
            )
            if self._moving:
                self._hold_off()
                await self._stand_still("taken_over")
        if order.action is PtzAction.LOCK:
            return PtzAnswer()
        return await self._moved(order, await self._reached(order))

    async def _moved(self, order: PtzOrder, motors: Motors) -> PtzAnswer:
        still = order.action is PtzAction.MOVE and not (order.pan or order.tilt or order.zoom)
        if order.action is PtzAction.STOP or still:
            self._hold_off()
            await motors.stop()
            return PtzAnswer()
        if order.action is PtzAction.MOVE:
            # the switch is set first: a camera may move although its answer is lost
            self._hold_on()
            await motors.move(order.pan, order.tilt, order.zoom)
            return PtzAnswer()
        self._hold_off()
        work: dict[PtzAction, Callable[[], Awaitable[None]]] = {
            PtzAction.STEP: lambda: motors.step(order.pan, order.tilt, order.zoom),
            PtzAction.GOTO: lambda: motors.goto(order.preset),
            PtzAction.SET: lambda: motors.keep(order.preset, order.name),
            PtzAction.REMOVE: lambda: motors.remove(order.preset),
        }
        await work[order.action]()
        if order.action in (PtzAction.SET, PtzAction.REMOVE):
            return PtzAnswer(presets=await motors.presets())
        return PtzAnswer()

    async def _reached(self, order: PtzOrder) -> Motors:
        address = (order.onvif_url, order.sealed, order.source_token)
        if self._motors is None or address != self._address:
            await self._hang_up()
            credentials = None
            if order.sealed:
                credentials = self._vault.open_credentials(order.sealed_for, order.sealed)
            self._motors = self._connect(order.onvif_url, credentials, order.source_token)
            self._address = address
        return self._motors

    async def _hang_up(self) -> None:
        motors, self._motors = self._motors, None
        if motors is not None:
            await motors.close()

    def _hold_on(self) -> None:
        self._hold_off()
        self._dead_man = asyncio.create_task(self._let_go(), name=f"ptz-{self._camera_id}")

    def _hold_off(self) -> None:
        if self._dead_man is not None and self._dead_man is not asyncio.current_task():
            self._dead_man.cancel()
        self._dead_man = None

    async def _let_go(self) -> None:
        await self._clock.sleep(HOLD_MOVE_S)
        async with self._turn:
            self._dead_man = None
            DEAD_MAN.inc()
            await self._stand_still("dead_man")

    async def _stand_still(self, why: str, tries: int = _STOP_TRIES) -> None:
        for _ in range(tries):
            if self._motors is None:
                return
            try:
                await self._motors.stop()
            except CamhubError as error:
                log.warning(
                    "ptz_not_stopped", camera=self._camera_id, why=why, reason=error.message
                )
            else:
                log.info("ptz_stopped", camera=self._camera_id, why=why)
                return
