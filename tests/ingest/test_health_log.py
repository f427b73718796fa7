"""Changes of state on their way to the stream: once each, in order, over a lost connection."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from camera_registry import subjects
from camera_registry.adapters.bus_nats import NatsBus
from camera_registry.base.clock import SystemClock
from camera_registry.base.ids import new_id
from camera_registry.health.model import HealthChange, decode_change
from camera_registry.model import CameraState, State
from ingest.health_log import HealthLog

CAMERA = new_id(1)


def state(what: State, reason: str, since: int, updated: int) -> CameraState:
    return CameraState(CAMERA, "26740", what, reason, "words", since, updated, worker="w")


async def sent(bus: NatsBus, count: int) -> list[HealthChange]:
    found: list[HealthChange] = []
    while len(found) < count:
        for delivery in await bus.fetch(subjects.HEALTH_STREAM, subjects.HEALTH_RECORDER, 16, 1.0):
            found.append(decode_change(delivery.data))
            await delivery.ack()
    return found


async def test_only_changes_are_told_and_trying_again_is_none(bus: NatsBus) -> None:
    log = HealthLog(bus, SystemClock())
    reports = [
        state(State.CONNECTING, "ok", 10, 10),
        state(State.LIVE, "ok", 20, 20),
        state(State.LIVE, "ok", 20, 22),
        state(State.OFFLINE, "refused", 30, 30),
        state(State.CONNECTING, "ok", 40, 40),
        state(State.OFFLINE, "refused", 50, 50),
        state(State.OFFLINE, "dns", 50, 61),
        state(State.OFFLINE, "timeout", 50, 62),
        state(State.LIVE, "ok", 70, 70),
    ]
    for report in reports:
        log.note(report)
    task = asyncio.create_task(log.run())
    found = await sent(bus, 6)
    task.cancel()
    assert [(c.state, c.reason_code, c.at_us) for c in found] == [
        ("connecting", "ok", 10),
        ("live", "ok", 20),
        ("offline", "refused", 30),
        ("offline", "dns", 50),
        ("offline", "timeout", 62),
        ("live", "ok", 70),
    ]
    assert await bus.fetch(subjects.HEALTH_STREAM, subjects.HEALTH_RECORDER, 1, 0.2) == []


async def test_a_camera_that_came_back_to_this_worker_is_news(bus: NatsBus) -> None:
    log = HealthLog(bus, SystemClock())
    live = replace(state(State.LIVE, "ok", 20, 20), camera_id=new_id(2))
    log.note(live)
    log.forget(live.camera_id)
    log.note(replace(live, since_us=90, updated_us=90))
    task = asyncio.create_task(log.run())
    assert [c.at_us for c in await sent(bus, 2)] == [20, 90]
    task.cancel()
