"""A quiet lane, 720p25 at a variable bit rate, in a form that a short run can use.

A gate goes by sizes only where it has seen them vary, over ten groups of pictures. The clip thus
begins with a passer-by in groups of one second, and the gate knows the camera after ten to sixteen
seconds instead of twenty. Then come minutes of the empty lane in groups of two seconds, as a camera
sends them: only these are measured.
"""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import cycle, islice
from pathlib import Path

import av
import av.video.frame

from benchmarks.accounting import pin
from ingest.simulator import CameraConfig, SimulatorConfig
from ingest.simulator.encoder import default_kbps, encoder_options
from ingest.simulator.process import simulator_process
from ingest.simulator.scenes import SceneSpec, render
from ioc_api.cli.simulate import default_cache

FPS = 25
LEARN_S = 16.0
SCENE = SceneSpec("quiet", 1280, 720, FPS, 40.0, 1)
_WALK_FROM, _WALK_TO = 17 * FPS, 33 * FPS
_SHORT_GOP, _GOP = FPS, 2 * FPS
_KEY = av.video.frame.PictureType.I
_VERSION = 4


@dataclass(frozen=True, slots=True)
class Lane:
    """An MP4 of ``LEARN_S`` with somebody coming by and then ``quiet_s`` without one."""

    path: Path
    quiet_s: float
    quiet_mbit_s: float


def lane(folder: Path, quiet_s: float = 240.0) -> Lane:
    """Make the clip in ``folder``; what is encoded stays in the simulator's cache."""
    coded = default_cache() / f"benchmark-lane-{_VERSION}.mp4"
    if not coded.is_file():
        coded.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".making-", dir=coded.parent) as making:
            made = Path(making) / "lane.mp4"
            _encode(made)
            made.replace(coded)
    target = folder / "lane.mp4"
    size = _lengthen(coded, target, round(quiet_s * FPS))
    return Lane(target, quiet_s, size * 8 / quiet_s / 1e6)


@contextlib.contextmanager
def quiet_cameras(clip: Lane, count: int, cores: set[int], name: str = "q") -> Iterator[list[str]]:
    """Run a simulator on ``cores`` with ``count`` cameras of the clip, out of step; gives URLs.

    Their clocks begin as the simulator comes up: connect at once, or the learning is missed.
    """
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


def keyframe_due(index: int) -> bool:
    """Say whether picture ``index`` of the clip is a keyframe."""
    learning = round(LEARN_S * FPS)
    return index % _SHORT_GOP == 0 if index < learning else (index - learning) % _GOP == 0


def _encode(target: Path) -> None:
    kbps = default_kbps(SCENE.width, SCENE.height, FPS)
    options = encoder_options("vbr", kbps, FPS)
    # finer than the simulator's own: the noise of the sensor then comes through, as it does from a
    # camera at a quarter of a Mbit/s; at the simulator's crf 28 an empty picture is a few bytes
    coarse = options["x264-params"].replace("crf=28", "crf=26")
    options["x264-params"] = f"{coarse}:min-keyint=1:keyint=100000"
    options["forced-idr"] = "1"
    order = [*range(_WALK_FROM, _WALK_TO), *range(_WALK_FROM)]
    place = {picture: index for index, picture in enumerate(order)}
    walk: dict[int, av.VideoFrame] = {}
    quiet: dict[int, av.VideoFrame] = {}
    with av.open(str(target), "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=FPS, options=options)
        stream.width, stream.height, stream.pix_fmt = SCENE.width, SCENE.height, "yuv420p"
        for number, planes in enumerate(render(SCENE).pictures()):
            if number >= _WALK_TO:
                break
            frame = av.VideoFrame.from_ndarray(planes, format="yuv420p")
            index = place[number]
            frame.pts, frame.time_base = index, Fraction(1, FPS)
            frame.pict_type = _KEY if keyframe_due(index) else av.video.frame.PictureType.NONE
            (walk if number >= _WALK_FROM else quiet)[index] = frame
        for index in range(len(order)):
            container.mux(stream.encode(walk.pop(index, None) or quiet.pop(index)))
        container.mux(stream.encode(None))


def _lengthen(source: Path, target: Path, quiet: int) -> int:
    """Repeat the empty lane until there are ``quiet`` pictures of it; return their bytes."""
    learning = round(LEARN_S * FPS)
    size = 0
    with av.open(str(source)) as container, av.open(str(target), "w") as made:
        video = container.streams.video[0]
        packets = [packet for packet in container.demux(video) if packet.size]
        tail = packets[learning:]
        tail = tail[: len(tail) // _GOP * _GOP]
        out = made.add_stream_from_template(video)
        base = video.time_base or Fraction(1, 90_000)
        step = packets[1].dts - packets[0].dts  # type: ignore[operator]
        coded = [(bytes(packet), packet.is_keyframe) for packet in packets]
        repeated = islice(cycle(coded[learning : learning + len(tail)]), quiet)
        for index, (data, key) in enumerate([*coded[:learning], *repeated]):
            packet = av.Packet(data)
            packet.pts = packet.dts = index * step
            packet.time_base, packet.is_keyframe, packet.stream = base, key, out
            made.mux(packet)
            size += len(data) if index >= learning else 0
    return size
