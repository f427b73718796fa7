"""The directory of cameras follows the specs on the bus."""

from __future__ import annotations

import msgspec

from camera_registry import subjects
from camera_registry.base.bus import Bus
from camera_registry.base.ids import new_id
from camera_registry.model import CameraSpec
from ioc_api.live.directory import SpecDirectory
from tests.ioc_api.live.studio import register
from tests.waiting import eventually


async def test_cameras_come_move_and_go(bus: Bus) -> None:
    first, second = new_id(1), new_id(2)
    await register(bus, first, "26734")
    directory = SpecDirectory(bus)
    await directory.start()
    assert directory.unit_of(first) == "26734"
    assert directory.unit_of(second) is None
    await register(bus, second, "26740")
    await register(bus, first, "26740")
    await eventually(lambda: directory.unit_of(first) == directory.unit_of(second) == "26740")
    await bus.bucket(subjects.SPECS_BUCKET).delete(first)
    await eventually(lambda: directory.unit_of(first) is None)
    await directory.stop()


async def test_a_spec_that_cannot_be_read_or_is_anothers_shows_nothing(bus: Bus) -> None:
    camera, other = new_id(1), new_id(2)
    directory = SpecDirectory(bus)
    await directory.start()
    await register(bus, camera, "26734")
    await eventually(lambda: directory.unit_of(camera) is not None)
    bucket = bus.bucket(subjects.SPECS_BUCKET)
    misplaced = CameraSpec(camera, "Camera", "26734", "rtsp://camera.invalid/1", 1)
    await bucket.put(other, msgspec.msgpack.encode(misplaced))
    await bucket.put(camera, b"\xff")
    await eventually(lambda: directory.unit_of(camera) is None)
    assert directory.unit_of(other) is None
    await directory.stop()
