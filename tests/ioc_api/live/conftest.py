"""A gateway, a camera on the bus and a client, for the tests that serve on a real socket."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from camera_registry.base.bus import Bus
from camera_registry.base.clock import SystemClock
from camera_registry.base.ids import new_id
from tests.ioc_api.live.gateway import UNIT, Gateway, running
from tests.ioc_api.live.studio import Studio, register
from tests.waiting import eventually


@pytest.fixture
async def gateway(bus: Bus) -> AsyncIterator[Gateway]:
    """A gateway with the accounts of ``gateway.Accounts``."""
    async with running(bus) as serving:
        yield serving


@pytest.fixture
async def studio(bus: Bus, gateway: Gateway) -> AsyncIterator[Studio]:
    """A camera of ``UNIT`` that the gateway knows."""
    camera = new_id(SystemClock().utc_us())
    await register(bus, camera, UNIT)
    await eventually(lambda: gateway.directory.unit_of(camera) == UNIT)
    made = Studio(bus, camera)
    await made.start()
    yield made
    await made.stop()
