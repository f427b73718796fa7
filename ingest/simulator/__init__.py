"""A simulator of RTSP cameras: our own server, our own pictures, and faults on demand."""

from __future__ import annotations

from ingest.simulator.config import CameraConfig, Ready, SimulatorConfig
from ingest.simulator.demo import DemoCamera, demo_cameras
from ingest.simulator.faults import Fault, FaultKind
from ingest.simulator.server import run

__all__ = [
    "CameraConfig",
    "DemoCamera",
    "Fault",
    "FaultKind",
    "Ready",
    "SimulatorConfig",
    "demo_cameras",
    "run",
]
