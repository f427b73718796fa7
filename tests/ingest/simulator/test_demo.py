from __future__ import annotations

from camera_registry.units import Units
from ingest.simulator import demo_cameras
from ingest.simulator.library import ClipSpec
from ingest.simulator.scenes import SCENES


def test_twelve_unlike_cameras() -> None:
    cameras = demo_cameras(12)
    assert len({camera.title for camera in cameras}) == 12
    assert len({ClipSpec.of(camera.config).key for camera in cameras}) == 12
    assert {camera.config.source for camera in cameras} == set(SCENES)
    assert {camera.config.rate for camera in cameras} == {"vbr", "cbr"}
    assert {camera.config.auth for camera in cameras} == {"none", "basic", "digest"}


def test_places_are_in_their_units() -> None:
    units = Units.load()
    for camera in demo_cameras(16):
        unit = units.get(camera.unit_code)
        assert abs(camera.lon - unit.lon) < 0.01
        assert abs(camera.lat - unit.lat) < 0.01


def test_many_cameras_share_a_few_clips() -> None:
    cameras = demo_cameras(64)
    assert len({camera.config.name for camera in cameras}) == 64
    assert len({camera.title for camera in cameras}) == 64
    assert len({ClipSpec.of(camera.config).key for camera in cameras}) == 16
