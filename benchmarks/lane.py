"""An empty lane, 720p25 at a variable bit rate, that plays for ever and in which nobody passes.

Nothing in it teaches a gate what movement looks like: a gate has to reach its sleep by itself.
"""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import av
import av.video.frame
from av.container import OutputContainer
from av.video.stream import VideoStream

from benchmarks.accounting import pin
from ingest.simulator import CameraConfig, SimulatorConfig
from ingest.simulator.encoder import GOP_SECONDS, encoder_options
from ingest.simulator.process import simulator_process
from ingest.simulator.scenes import SceneSpec
from ingest.simulator.scenes.people import quiet
from ingest.simulator.scenes.rendering import Rendering
from ioc_api.cli.simulate import default_cache

FPS = 25
SECONDS = 18.0
"""Length of the clip, in which nobody is in the picture; it is played in a loop without a seam."""

_SKIP_S = 4.0  # an encoder that has just begun is no camera that has run for days

LEARN_S = 30.0
"""By then the gates of cameras that connected together sleep: ten groups of pictures, then rest."""

SCENE = SceneSpec("quiet", 1280, 720, FPS, 40.0, 1)
_CAP_KBPS = 2000
_VERSION = 7


@dataclass(frozen=True, slots=True)
class LaneKind:
    """How a lane is filmed and coded; ``noise``: the sensor's, in grey levels (deviation)."""

    name: str
    crf: int
    noise: float


FINE = LaneKind("crf 23", 23, 0.5)
"""Finely coded, with the little noise that a camera's own noise reduction leaves."""

COARSE = LaneKind("crf 28, noisy", 28, 1.2)
"""The setting and the noise of the simulator's own cameras."""


@dataclass(frozen=True, slots=True)
class Lane:
    """An MP4 of an empty lane and its rate."""

    path: Path
    kind: LaneKind
    quiet_mbit_s: float


def lane(folder: Path, kind: LaneKind = FINE) -> Lane:
    """Put the clip into ``folder``; what is encoded stays in the simulator's cache."""
    key = f"{_VERSION}-{kind.crf}-{kind.noise:g}"
    coded = default_cache() / f"benchmark-lane-{key}.mp4"
    if not coded.is_file():
        coded.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".making-", dir=coded.parent) as making:
            made = Path(making) / "lane.mp4"
            _encode(made, kind)
            made.replace(coded)
    target = folder / f"lane-{key}.mp4"
    target.unlink(missing_ok=True)
    target.symlink_to(coded)
    return Lane(target, kind, coded.stat().st_size * 8 / SECONDS / 1e6)


@contextlib.contextmanager
def quiet_cameras(clip: Lane, count: int, cores: set[int], name: str = "q") -> Iterator[list[str]]:
    """Run a simulator on ``cores`` with ``count`` cameras of the clip, out of step; gives URLs."""
    cameras = []
    for number in range(count):
        link = clip.path.with_name(f"{name}{number}.mp4")
        link.unlink(missing_ok=True)
        link.symlink_to(clip.path)
        cameras.append(CameraConfig(f"{name}{number}", str(link)))
    config = SimulatorConfig(tuple(cameras), clip.path.parent, session_timeout_s=3600)
    with simulator_process(config) as simulator:
        pin(simulator.pid, cores)
        yield [simulator.ready.url(camera.name) for camera in cameras]


def _options(kind: LaneKind) -> dict[str, str]:
    """Return the encoder's options: the simulator's, with this quality and cap."""
    options = encoder_options("vbr", _CAP_KBPS, FPS)
    gop = GOP_SECONDS * FPS
    cap = f"vbv-maxrate={_CAP_KBPS}:vbv-bufsize={2 * _CAP_KBPS}"
    options["x264-params"] = (
        f"keyint={gop}:min-keyint={gop}:scenecut=0:sliced-threads=0:crf={kind.crf}:{cap}"
    )
    return options


def _encode(target: Path, kind: LaneKind) -> None:
    scene = replace(quiet(SCENE), noise=kind.noise)
    with av.open(str(target), "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=FPS, options=_options(kind))
        stream.width, stream.height, stream.pix_fmt = SCENE.width, SCENE.height, "yuv420p"
        for index, planes in enumerate(Rendering(SCENE, scene).pictures()):
            if index >= (_SKIP_S + SECONDS) * FPS:
                break
            frame = av.VideoFrame.from_ndarray(planes, format="yuv420p")
            frame.pts, frame.time_base = index, Fraction(1, FPS)
            for packet in stream.encode(frame):
                _keep(container, packet)
        for packet in stream.encode(None):
            _keep(container, packet)


def _keep(container: OutputContainer, packet: av.Packet[VideoStream]) -> None:
    """Write a packet that lies after the encoder's beginning."""
    if packet.pts is None or packet.dts is None or packet.time_base is None:
        raise ValueError("a packet without its time")
    skipped = round(_SKIP_S / packet.time_base)
    if packet.pts >= skipped:
        packet.pts, packet.dts = packet.pts - skipped, packet.dts - skipped
        container.mux(packet)
