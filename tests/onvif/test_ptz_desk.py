"""The motors of a camera: on the test device, with lock and dead man's switch by the clock."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camera_registry import subjects
from camera_registry.adapters.bus_nats import NatsBus
from camera_registry.base.clock import SystemClock
from camera_registry.base.errors import CamhubError, ConflictError
from camera_registry.base.ids import new_id
from camera_registry.model import Credentials
from camera_registry.ptz import (
    HOLD_LOCK_S,
    PtzAction,
    PtzAnswer,
    PtzOrder,
    PtzPreset,
    decode_answer,
    encode,
)
from camera_registry.urls import UrlPolicy
from camera_registry.vault import Vault
from ingest.onvif.ptz import connecting
from ingest.onvif.ptz_desk import PtzDesk
from ingest.onvif.ptz_lock import PtzLock
from tests.fakes import ManualClock
from tests.onvif.device import PASSWORD, USER, Setup, TestDevice, running
from tests.waiting import eventually

HERE = UrlPolicy(loopback=True)
VAULT = Vault(os.urandom(32))
CAMERA = new_id(7)
SEALED = VAULT.seal_credentials(CAMERA, Credentials(USER, PASSWORD))


@pytest.fixture
async def device() -> AsyncIterator[TestDevice]:
    async with running(Setup(stream_urls={"main": "rtsp://127.0.0.1/a"})) as made:
        yield made


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def desk(bus: NatsBus, clock: ManualClock) -> AsyncIterator[PtzDesk]:
    made = PtzDesk(
        CAMERA,
        bus=bus,
        vault=VAULT,
        clock=clock,
        connect=connecting(HERE.permits, SystemClock()),
    )
    await made.start()
    yield made
    await made.stop()


def order(device: TestDevice, action: PtzAction, **values: object) -> PtzOrder:
    plain = PtzOrder(action, "anna", "Anna", 2, device.url, SEALED, CAMERA)
    return replace(plain, **values)  # type: ignore[arg-type]


async def ask(bus: NatsBus, wanted: PtzOrder) -> PtzAnswer:
    return decode_answer(await bus.request(subjects.ptz(CAMERA), encode(wanted), timeout_s=10))


async def test_a_movement_ends_when_nobody_holds_on(
    bus: NatsBus, desk: PtzDesk, device: TestDevice, clock: ManualClock
) -> None:
    answer = await ask(bus, order(device, PtzAction.MOVE, pan=0.25, zoom=-0.5))
    assert answer.moving
    assert device.motors.speed == (0.25, 0.0, -0.5)
    assert device.motors.timeouts == ["PT3S"]  # the camera's own limit, should the worker die
    await asyncio.sleep(0)
    clock.move(1.0)
    await ask(bus, order(device, PtzAction.MOVE, pan=0.25))
    await asyncio.sleep(0)
    clock.move(1.0)
    assert (await ask(bus, order(device, PtzAction.STATE))).moving
    clock.move(1.0)
    await eventually(lambda: device.motors.ended_by == "stop")
    assert not (await ask(bus, order(device, PtzAction.STATE))).moving


async def test_a_worker_that_lets_go_of_a_camera_stops_it(
    bus: NatsBus, desk: PtzDesk, device: TestDevice
) -> None:
    await ask(bus, order(device, PtzAction.MOVE, tilt=1.0))
    assert device.motors.moving
    await desk.stop()
    assert device.motors.ended_by == "stop"


async def test_stop_and_steps_and_presets(bus: NatsBus, desk: PtzDesk, device: TestDevice) -> None:
    await ask(bus, order(device, PtzAction.MOVE, pan=1.0))
    assert not (await ask(bus, order(device, PtzAction.STOP))).moving
    assert not device.motors.moving
    await ask(bus, order(device, PtzAction.STEP, pan=0.1, tilt=-0.1))
    assert device.motors.position == (0.1, -0.1, 0.0)
    kept = await ask(bus, order(device, PtzAction.SET, name="Ngã tư <1>"))
    assert PtzPreset("2", "Ngã tư <1>") in kept.presets
    await ask(bus, order(device, PtzAction.GOTO, preset="1"))
    assert device.motors.position == (0.1, 0.2, 0.0)
    left = await ask(bus, order(device, PtzAction.REMOVE, preset="1"))
    assert [preset.token for preset in left.presets] == ["2"]
    gone = await ask(bus, order(device, PtzAction.GOTO, preset="1"))
    assert gone.code == "not_supported"


async def test_who_has_the_higher_priority_takes_over_and_the_camera_stops_first(
    bus: NatsBus, desk: PtzDesk, device: TestDevice, clock: ManualClock
) -> None:
    await ask(bus, order(device, PtzAction.MOVE, pan=1.0))
    rival = order(device, PtzAction.MOVE, tilt=1.0, actor_id="binh", actor_name="Bình")
    refused = await ask(bus, rival)
    assert refused.code == "ptz_locked"
    assert refused.holder is not None
    assert (refused.holder.actor_name, refused.moving) == ("Anna", True)
    assert "Anna" in refused.error
    taken = await ask(bus, replace(rival, priority=3))
    assert taken.holder is not None
    assert taken.holder.actor_id == "binh"
    assert (device.motors.stops, device.motors.speed) == (1, (0.0, 1.0, 0.0))
    assert (await ask(bus, order(device, PtzAction.STOP))).code == "ptz_locked"
    clock.move(HOLD_LOCK_S + 1)
    assert (await ask(bus, order(device, PtzAction.STATE))).holder is None
    assert (await ask(bus, order(device, PtzAction.STOP))).code == ""


async def test_a_lock_is_kept_and_given_back(
    bus: NatsBus, desk: PtzDesk, device: TestDevice, clock: ManualClock
) -> None:
    await ask(bus, order(device, PtzAction.LOCK, seconds=300.0))
    clock.move(200)
    rival = order(device, PtzAction.STOP, actor_id="binh")
    assert (await ask(bus, rival)).code == "ptz_locked"
    assert (await ask(bus, replace(rival, action=PtzAction.UNLOCK))).holder is not None
    assert (await ask(bus, order(device, PtzAction.UNLOCK))).holder is None
    assert (await ask(bus, rival)).code == ""


async def test_a_device_that_fails_is_told_and_asked_anew(
    bus: NatsBus, desk: PtzDesk, device: TestDevice
) -> None:
    wrong = VAULT.seal_credentials(CAMERA, Credentials(USER, "other"))
    refused = await ask(bus, order(device, PtzAction.MOVE, pan=1.0, sealed=wrong))
    assert (refused.code, refused.moving) == ("auth_failed", False)
    stolen = await ask(bus, order(device, PtzAction.PRESETS, sealed_for=new_id(9)))
    assert stolen.code == "vault_damaged"
    elsewhere = order(device, PtzAction.PRESETS, onvif_url="http://169.254.169.254/onvif")
    assert (await ask(bus, elsewhere)).code == "forbidden_network"
    assert (await ask(bus, order(device, PtzAction.PRESETS))).code == ""


async def test_what_is_no_order_is_not_answered(
    bus: NatsBus, desk: PtzDesk, device: TestDevice
) -> None:
    await bus.publish(subjects.ptz(CAMERA), b"garbage")
    assert (await ask(bus, order(device, PtzAction.STATE))).code == ""


actors = st.sampled_from(["a", "b", "c"])


@given(
    st.lists(
        st.tuples(
            actors,
            st.integers(1, 4),
            st.sampled_from(["take", "release"]),
            st.floats(0, 30),
        ),
        max_size=40,
    )
)
def test_the_lock_never_goes_to_a_lower_or_equal_priority(
    steps: list[tuple[str, int, str, float]],
) -> None:
    lock, now = PtzLock(), 0
    for actor, priority, what, pause_s in steps:
        now += round(pause_s * 1e6)
        before = lock.holder(now)
        if what == "release":
            assert lock.release(actor, now) == (before is not None and before.actor_id == actor)
            continue
        refused = False
        try:
            lock.take(actor, actor, priority, now)
        except ConflictError:
            refused = True
        held = before is not None and before.actor_id != actor and before.priority >= priority
        assert refused == held
        after = lock.holder(now)
        assert after is not None
        assert after == before if refused else after.actor_id == actor


def test_conflicts_are_camhub_errors() -> None:
    lock = PtzLock()
    lock.take("a", "A", 1, 0)
    with pytest.raises(CamhubError):
        lock.take("b", "B", 1, 0)
