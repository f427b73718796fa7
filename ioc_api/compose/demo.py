"""The demo's cameras in the registry: added, moved to the simulator's port, or taken out again."""

from __future__ import annotations

from camera_registry.model import Camera, Credentials, Position
from camera_registry.records import CameraChange, CameraFilter, NewCamera
from camera_registry.registry import CameraRegistry
from camera_registry.scope import Scope
from ingest.simulator.demo import DemoCamera, demo_cameras

DEMO_TAG = "camhub-demo"
_PAGE = 500


async def register_demo(registry: CameraRegistry, count: int, port: int) -> None:
    """Make the cameras tagged as demo exactly the first ``count`` of the simulator on ``port``."""
    wanted = {demo.title: demo for demo in demo_cameras(count)}
    for camera in await registry.list(Scope.all(), CameraFilter(tag=DEMO_TAG), None, _PAGE):
        demo = wanted.pop(camera.name, None)
        if demo is None:
            await registry.remove(camera.id, Scope.all())
        else:
            await _point_to(registry, camera, demo, port)
    for demo in wanted.values():
        await registry.add(
            NewCamera(
                name=demo.title,
                unit_code=demo.unit_code,
                url=_url(demo, port),
                position=Position(demo.lon, demo.lat),
                credentials=_credentials(demo),
                tags=(DEMO_TAG,),
            ),
            Scope.all(),
        )


async def _point_to(registry: CameraRegistry, camera: Camera, demo: DemoCamera, port: int) -> None:
    change = CameraChange(url=_url(demo, port), credentials=_credentials(demo))
    await registry.update(camera.id, change, Scope.all())


def _url(demo: DemoCamera, port: int) -> str:
    return f"rtsp://127.0.0.1:{port}/{demo.config.name}"


def _credentials(demo: DemoCamera) -> Credentials | None:
    if demo.config.auth == "none":
        return None
    return Credentials(demo.config.username, demo.config.password)
