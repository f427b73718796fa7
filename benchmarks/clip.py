"""One clip for every server in a comparison: the demo's street, 720p25, made long by repetition."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import av

from ingest.simulator import CameraConfig
from ingest.simulator.library import ClipSpec, build
from ioc_api.cli.simulate import default_cache


@dataclass(frozen=True, slots=True)
class LongClip:
    """An MP4 of H.264, and the ``scene`` that it repeats; ``mbit_s`` is without any packaging."""

    path: Path
    scene: Path
    seconds: float
    mbit_s: float


def long_clip(folder: Path, seconds: float) -> LongClip:
    """Repeat the scene ``traffic`` at 2 Mbit/s to at least ``seconds``, without coding it anew.

    A server that cannot loop a file then plays the same bytes as one that can.
    """
    scene = build(ClipSpec.of(CameraConfig("clip", rate="cbr")), default_cache())
    target = folder / "clip.mp4"
    packets = 0
    size = 0
    with av.open(str(scene)) as source, av.open(str(target), "w") as made:
        video = source.streams.video[0]
        rate = video.average_rate
        if rate is None or video.time_base is None:
            raise ValueError(f"{scene.name} has no frame rate")
        step = round(1 / (rate * video.time_base))
        out = made.add_stream_from_template(video)
        while packets < seconds * rate:
            source.seek(0)
            for packet in source.demux(video):
                if not packet.size:
                    continue
                size += packet.size
                packet.pts = packet.dts = packets * step
                packet.stream = out
                made.mux(packet)
                packets += 1
    length = float(packets / rate)
    return LongClip(target, scene, length, size * 8 / length / 1e6)
