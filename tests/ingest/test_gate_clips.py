"""The gate on the sizes of really encoded clips: hours of them, and what each rate control does.

A lane at rest and one that somebody crosses, encoded as cameras do; hours are the same groups of
pictures again. What pixels would show is known: the lane is made here.
"""

from __future__ import annotations

import functools
import random
from dataclasses import dataclass
from fractions import Fraction

import av
import numpy as np
import pytest

from ingest.gate.activity import ActivityGate
from ingest.gate.state import Phase
from ingest.packets import Packet, StreamInfo
from tests.analytics.scenes import street

WIDTH, HEIGHT, FPS, GOP = 320, 180, 25, 50
INFO = StreamInfo("h264", "avc1.64000D", WIDTH, HEIGHT)
REST, WALK = range(10), range(10, 14)
_SECONDS = 2 * 14

VBR = "crf={crf}:vbv-maxrate=1000:vbv-bufsize=2000"
CAPPED = "bitrate={kbps}:vbv-maxrate={kbps}:vbv-bufsize={kbps}"
STRICT = "nal-hrd=cbr:filler=1:bitrate={kbps}:vbv-maxrate={kbps}:vbv-bufsize=250"


@functools.cache
def encoded(rate: str, noise: float) -> tuple[tuple[int, ...], ...]:
    """Bytes of the packets of each group: ten of the lane at rest, four with somebody crossing."""
    context = av.CodecContext.create("libx264", "w")
    context.width, context.height, context.pix_fmt = WIDTH, HEIGHT, "yuv420p"
    context.time_base, context.framerate = Fraction(1, FPS), Fraction(FPS)
    if "bitrate=" in rate:
        context.bit_rate = int(rate.split("bitrate=")[1].split(":", maxsplit=1)[0]) * 1000
    fixed = f"keyint={GOP}:min-keyint={GOP}:scenecut=0:sliced-threads=0"
    context.options = {
        "preset": "superfast",
        "tune": "zerolatency",
        "threads": "1",
        "x264-params": f"{fixed}:{rate}",
    }
    random_ = np.random.default_rng(1)
    ground = street((HEIGHT, WIDTH))
    sizes: list[int] = []
    # the first two groups are left out: an encoder that has just begun is another test's
    for index in range(-2 * GOP, _SECONDS * FPS):
        picture = ground + random_.normal(0, noise, ground.shape)
        x = 10 + 3 * (index - REST.stop * GOP)
        if 10 <= x < WIDTH - 30 or index >= REST.stop * GOP + 100:
            x = 10 + (x - 10) % (WIDTH - 40)
            picture[60:120, x : x + 24] = 60 + 120 * (np.indices((60, 24)).sum(0) // 6 % 2)
        gray = np.clip(picture, 0, 255).astype(np.uint8)
        frame = av.VideoFrame.from_ndarray(gray, format="gray").reformat(format="yuv420p")
        frame.pts, frame.time_base = index + 2 * GOP, Fraction(1, FPS)
        sizes += [packet.size for packet in context.encode(frame)]
    sizes += [packet.size for packet in context.encode(None)]
    groups = [tuple(sizes[at : at + GOP]) for at in range(0, len(sizes), GOP)]
    return tuple(groups[2:])


@dataclass
class Watched:
    """A camera whose packets come in groups, looked at five times a second where it is awake."""

    groups: tuple[tuple[int, ...], ...]
    gate: ActivityGate
    at: int = 0
    asleep: int = 0

    def play(self, *numbers: int) -> None:
        for number in numbers:
            moving = number in WALK
            for place, size in enumerate(self.groups[number]):
                time = self.at * 1_000_000 // FPS
                key = place == 0
                phase = self.gate.packet(
                    Packet(1, self.at, key, time, time, time, bytes(size), INFO)
                )
                self.asleep += phase is Phase.ASLEEP
                if phase is not Phase.ASLEEP:
                    if place % 5 == 0:
                        self.gate.pixels(time, moving=moving and (place > 0 or number > WALK.start))
                elif key:
                    self.gate.pixels(time, moving=moving and number > WALK.start)
                self.at += 1

    def rest(self, hours: float) -> None:
        for _ in range(round(hours * 3600 * FPS / GOP / len(REST))):
            self.play(*REST)


def watched(rate: str, noise: float) -> Watched:
    return Watched(encoded(rate, noise), ActivityGate(chance=random.Random(3)))


@pytest.mark.parametrize(("crf", "noise"), [(20, 0.3), (23, 0.5), (25, 0.7), (28, 1.2)])
def test_a_quiet_camera_sleeps_within_a_minute_and_for_hours(crf: int, noise: float) -> None:
    camera = watched(VBR.format(crf=crf), noise)
    camera.rest(1 / 60)
    assert camera.gate.phase in (Phase.ASLEEP, Phase.AUDIT)
    camera.rest(2)
    assert camera.asleep / camera.at > 0.95
    assert camera.gate.counts.false_wakes <= 1
    assert camera.gate.counts.misses == 0


@pytest.mark.parametrize(("crf", "noise"), [(23, 0.5), (25, 0.7), (28, 1.2)])
def test_a_visitor_wakes_it_by_the_sizes_and_proves_it(crf: int, noise: float) -> None:
    camera = watched(VBR.format(crf=crf), noise)
    for visit in range(13):
        camera.rest(1 / 30)
        assert camera.gate.phase in (Phase.ASLEEP, Phase.AUDIT)
        camera.play(*WALK)
        assert camera.gate.counts.wakes >= visit + 1
    camera.rest(1 / 60)
    assert camera.gate.reason == "variable_rate"
    counts = camera.gate.counts
    assert (counts.late_wakes, counts.misses) == (0, 0)
    assert counts.false_wakes <= 1
    camera.rest(0.5)
    assert camera.gate.phase in (Phase.ASLEEP, Phase.AUDIT)
    assert camera.gate.reason == "variable_rate"


@pytest.mark.parametrize(
    ("rate", "noise"),
    [
        (STRICT.format(kbps=500), 0.7),
        (STRICT.format(kbps=500), 3.0),
        (CAPPED.format(kbps=300), 0.7),
        (CAPPED.format(kbps=300), 3.0),
        (VBR.format(crf=23), 6.0),
    ],
)
def test_a_rate_that_is_kept_or_filled_by_noise_is_never_gated(rate: str, noise: float) -> None:
    camera = watched(rate, noise)
    for _ in range(8):
        camera.rest(1 / 60)
        camera.play(*WALK)
    assert camera.asleep == 0
    assert camera.gate.reason == "constant_rate"
