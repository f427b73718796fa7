"""What the simulator is told: its cameras, its ports and its cache."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from camera_registry.base.errors import InvalidError
from ingest.simulator.faults import Fault

Rate = Literal["vbr", "cbr"]
Auth = Literal["none", "basic", "digest"]

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


@dataclass(frozen=True, slots=True)
class CameraConfig:
    """One simulated camera, reached at ``rtsp://host:port/<name>``.

    ``source`` is the name of a generated scene or the path of an MP4 file. ``width``, ``height``
    (pixels, even), ``fps``, ``seconds`` (0: the scene's own length), ``rate``, ``kbps`` (0: by
    size) and ``seed`` shape a generated scene and mean nothing for a file. ``own_port`` gives the
    camera a listening socket of its own, which the fault ``refuse`` then really closes.
    """

    name: str
    source: str = "traffic"
    rate: Rate = "vbr"
    width: int = 1280
    height: int = 720
    fps: int = 25
    seconds: float = 0.0
    kbps: int = 0
    seed: int = 1
    auth: Auth = "none"
    username: str = "camera"
    password: str = field(default="", repr=False)
    fault: Fault | None = None
    own_port: bool = False

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise InvalidError(
                f"{self.name[:40]!r} is no name of a camera",
                hint="letters, digits, dot, dash and underscore, at most 64",
            )
        if self.rate not in {"vbr", "cbr"} or self.auth not in {"none", "basic", "digest"}:
            raise InvalidError(
                f"camera {self.name}: rate is vbr or cbr, auth none, basic or digest"
            )
        if self.width % 2 or self.height % 2 or not (64 <= self.width <= 3840):
            raise InvalidError(f"camera {self.name}: width and height are even, width 64 to 3840")
        if not (64 <= self.height <= 2160 and 1 <= self.fps <= 60 and 0 <= self.seconds <= 600):
            raise InvalidError(
                f"camera {self.name}: height 64 to 2160, fps 1 to 60, seconds at most 600"
            )
        if self.kbps < 0 or self.kbps > 50_000:
            raise InvalidError(f"camera {self.name}: kbps from 0 to 50000")
        if self.auth != "none" and not (self.username and self.password):
            raise InvalidError(f"camera {self.name}: {self.auth} needs a user name and a password")


@dataclass(frozen=True, slots=True)
class SimulatorConfig:
    """The whole simulator. Port 0 takes a free one; ``control_port`` None opens no control."""

    cameras: tuple[CameraConfig, ...]
    cache_dir: Path
    host: str = "127.0.0.1"
    port: int = 0
    control_port: int | None = None
    processes: int = 2
    max_connections: int = 512
    session_timeout_s: int = 60

    def __post_init__(self) -> None:
        names = [camera.name for camera in self.cameras]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise InvalidError(f"two cameras are called {twice[0]}", hint="give each its own name")
        if not 5 <= self.session_timeout_s <= 3600 or not 1 <= self.max_connections <= 10_000:
            raise InvalidError("session_timeout_s is 5 to 3600, max_connections 1 to 10000")


@dataclass(frozen=True, slots=True)
class Ready:
    """Where the simulator answers, as given to the ``ready`` callback."""

    host: str
    port: int
    control_port: int | None
    own_ports: dict[str, int]

    def url(self, name: str) -> str:
        """Return the RTSP address of camera ``name``, without credentials."""
        return f"rtsp://{self.host}:{self.own_ports.get(name, self.port)}/{name}"
