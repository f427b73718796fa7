"""The same clips gated and ungated: the same events, and what is gated and what is not."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from analytics.detectors.detector import MovingObjectDetector
from analytics.events import Event
from analytics.pool import AnalysisPool
from analytics.rulebook.book import Rulebook, ZoneEnterRule
from ingest.decoder import DECODED
from ingest.freeze import Verdict
from ingest.gate.activity import ActivityGate
from ingest.gate.config import GateConfig
from ingest.gate.heartbeat import Heartbeat, HeartbeatConfig
from ingest.gate.state import GateCounts, Phase
from ingest.packets import Packet
from ingest.simulator.encoder import default_kbps
from ingest.simulator.library import ClipSpec, build
from ingest.simulator.scenes import SceneSpec
from tests.analytics.camera import Camera
from tests.analytics.clips import packets_of
from tests.analytics.scenes import street
from tests.ingest import footage

EVERYWHERE = Rulebook((ZoneEnterRule("entry", cool_down_s=0),))
NO_AUDITS = GateConfig(audit_every_s=1e6, trial_audit_s=1e6)


@dataclass(frozen=True)
class Run:
    events: list[Event]
    phases: list[Phase]
    counts: GateCounts
    reason: str
    decoded: float
    verdicts: list[Verdict]

    @property
    def asleep(self) -> float:
        return self.phases.count(Phase.ASLEEP) / len(self.phases)


@pytest.fixture
def pool() -> Iterator[AnalysisPool]:
    made = AnalysisPool(1)
    yield made
    made.stop()


def analyse(
    pool: AnalysisPool,
    packets: list[Packet],
    config: GateConfig | None = None,
    *,
    auto: bool = True,
) -> Run:
    """Feed packets little by little, as they would come in time."""
    gate = ActivityGate(config, auto=auto, chance=random.Random(5))
    camera = Camera(pool, MovingObjectDetector(), EVERYWHERE, gate=gate)
    phases, before = [], DECODED._value.get()
    for index in range(0, len(packets), 5):
        camera.feed(packets[index : index + 5])
        phases.append(gate.phase)
    assert camera.failures == []
    events = [message.event for message in camera.events]
    decoded = DECODED._value.get() - before
    return Run(events, phases, gate.counts, gate.reason, decoded, camera.verdicts)


def assert_same_events(gated: Run, ungated: Run, *, late: int = 0) -> None:
    """Every event of one has its own in the other, of the same object at the same time.

    ``late`` of them may be told up to a second later, where the sizes tell of a small object late.
    """
    assert len(ungated.events) >= 3
    assert len(gated.events) == len(ungated.events)
    apart = sorted(
        abs(one.at_us - other.at_us)
        for one, other in zip(gated.events, ungated.events, strict=True)
    )
    assert all(each <= 400_000 for each in apart[: len(apart) - late])
    assert apart[-1] <= 1_000_000
    for one, other in zip(gated.events, ungated.events, strict=True):
        assert abs(one.box.x - other.box.x) < (0.2 if late else 0.1)
        assert (one.kind, one.label) == (other.kind, other.label)
    assert len({event.track_id for event in gated.events}) == len(gated.events)


def scene(
    folder: Path, name: str, rate: str, seconds: float, rounds: int, skip: int = 0
) -> list[Packet]:
    """Packets of a simulated scene, repeated; ``skip`` groups at its start are left out."""
    spec = SceneSpec(name, 640, 360, 25, seconds, 1)
    path = build(ClipSpec(spec, rate, default_kbps(640, 360, 25)), folder)  # type: ignore[arg-type]
    packets = packets_of(path)[50 * skip :]
    span = len(packets) * 40_000
    return [
        replace(
            packet,
            seq=number * len(packets) + index,
            utc_us=packet.utc_us + number * span,
            dts_us=packet.dts_us + number * span,
            arrival_us=packet.arrival_us + number * span,
        )
        for number in range(rounds)
        for index, packet in enumerate(packets)
    ]


def test_quiet_lane_sleeps_and_tells_every_visitor(pool: AnalysisPool, tmp_path: Path) -> None:
    packets = scene(tmp_path, "quiet", "vbr", 40.0, 4)
    gated, ungated = analyse(pool, packets), analyse(pool, packets, auto=False)
    assert_same_events(gated, ungated)
    assert gated.asleep > 0.4
    assert gated.decoded < 0.6 * ungated.decoded
    assert gated.counts.misses == 0
    assert set(gated.verdicts) == {Verdict.GOOD}  # at rest, and not frozen


@pytest.mark.parametrize(
    ("name", "rate", "seconds", "skip"),
    [
        ("quiet", "cbr", 40.0, 0),
        ("traffic_rain", "vbr", 24.0, 2),
        ("traffic_noise", "vbr", 24.0, 3),
    ],
)
def test_what_sizes_cannot_tell_is_never_gated(
    pool: AnalysisPool, tmp_path: Path, name: str, rate: str, seconds: float, skip: int
) -> None:
    run = analyse(pool, scene(tmp_path, name, rate, seconds, 2, skip))
    assert set(run.phases) <= {Phase.LEARNING, Phase.UNGATED}
    assert run.reason == "constant_rate"


def riders(
    starts: list[float], width: int = 320, height: int = 180
) -> Callable[[int], footage.Gray]:
    """A noisy street that somebody crosses now and then, for ``footage.packets``."""
    ground = street((height, width))

    def picture(index: int) -> footage.Gray:
        shown = ground + np.random.default_rng(index).normal(0, 1.0, ground.shape)
        for number, start in enumerate(starts):
            x = round(45.0 * (index / 25 - start)) - 16
            y = 40 + 30 * (number % 3)
            shown[y : y + 32, max(0, x) : max(0, x + 16)] = 235
        return np.clip(shown, 0, 255).astype(np.uint8)

    return picture


@pytest.mark.parametrize(
    ("codec", "bframes", "late", "sleeps"),
    [("h264", 0, 1, True), ("h264", 2, 0, True), ("hevc", 0, 0, False), ("hevc", 3, 0, True)],
)
def test_rare_riders_are_all_told_whatever_the_codec(
    pool: AnalysisPool, codec: str, bframes: int, late: int, sleeps: bool
) -> None:
    """Without B pictures x265's sizes do not tell of the first rider in time: it is never gated."""
    starts = [22.0, 50.3, 70.9, 91.4]
    packets = footage.packets(
        codec, 320, 180, 105 * 25, gop=50, bframes=bframes, picture=riders(starts)
    )
    gated = analyse(pool, packets, NO_AUDITS)
    ungated = analyse(pool, packets, auto=False)
    assert len(ungated.events) == len(starts)
    assert_same_events(gated, ungated, late=late)
    assert (gated.asleep > 0.2) is sleeps
    assert (gated.counts.wakes >= 3) is sleeps


def test_a_stream_refreshed_bit_by_bit_is_not_gated_for_long_and_tells_every_rider(
    pool: AnalysisPool,
) -> None:
    """Its keyframes, recovery points of H.264, show nothing by themselves."""
    starts = [22.0, 60.3, 75.9]
    refreshed = {"bf": "0", "x264-params": "scenecut=0:intra-refresh=1:keyint=50"}
    packets = footage.packets(
        "h264", 320, 180, 90 * 25, gop=50, picture=riders(starts), options=refreshed
    )
    gated, ungated = analyse(pool, packets, NO_AUDITS), analyse(pool, packets, auto=False)
    assert len(ungated.events) == len(starts)
    assert_same_events(gated, ungated)
    assert Phase.ASLEEP in gated.phases
    assert gated.reason == "keyframes_depend"


def test_an_empty_scene_is_looked_at_less_often_and_tells_the_same(
    pool: AnalysisPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    passed: list[bool] = []

    def lets_by(heartbeat: Heartbeat, at_us: int, looked_us: int, **times: int) -> bool:
        unseen = inner(heartbeat, at_us, looked_us, **times)
        passed.append(unseen)
        return unseen

    inner = Heartbeat.lets_by
    monkeypatch.setattr(Heartbeat, "lets_by", lets_by)
    starts = [22.0, 50.3, 85.9]
    packets = footage.packets("h264", 320, 180, 100 * 25, gop=50, bframes=2, picture=riders(starts))
    soon = replace(NO_AUDITS, heartbeat=HeartbeatConfig(longest_s=6.0, quiet_s=2.0))
    seldom, ungated = analyse(pool, packets, soon), analyse(pool, packets, auto=False)
    assert_same_events(seldom, ungated)
    assert sum(passed) >= 8


def test_motion_jpeg_is_decoded_only_where_it_is_looked_at(pool: AnalysisPool) -> None:
    packets = footage.packets("mjpeg", 160, 90, 250)
    run = analyse(pool, packets)
    assert run.reason == "all_keyframes"
    assert 45 <= run.decoded <= 55


def test_a_picture_that_freezes_while_the_camera_sleeps_is_told(pool: AnalysisPool) -> None:
    packets = footage.packets("h264", 320, 180, 45 * 25, gop=50, picture=riders([22.0]))
    last = len(packets)
    keyframe = next(packet for packet in reversed(packets) if packet.keyframe)
    empty = packets[-1]
    for index in range(last, last + 20 * 25):
        one = keyframe if index % 50 == 0 else empty
        at = footage.START_US + index * footage.FRAME_US
        packets.append(replace(one, seq=index, utc_us=at, dts_us=at, arrival_us=at))
    still = [packet for packet in packets if packet.seq < last or packet.keyframe]
    # only the keyframes of the frozen part: a stuck encoder repeats one picture
    still = [replace(packet, seq=number) for number, packet in enumerate(still)]
    run = analyse(pool, still, NO_AUDITS)
    assert Phase.ASLEEP in run.phases
    assert run.verdicts[-1] is Verdict.FROZEN


def test_looks_at_a_sleeping_camera_show_what_is_there(pool: AnalysisPool) -> None:
    """The snapshot of an event after a wake is of the picture at its time."""
    packets = footage.packets("h264", 320, 180, 75 * 25, gop=50, picture=riders([22.0, 50.3]))
    gate = ActivityGate(NO_AUDITS, chance=random.Random(5))
    camera = Camera(pool, MovingObjectDetector(), EVERYWHERE, gate=gate)
    for index in range(0, len(packets), 5):
        camera.feed(packets[index : index + 5])
    message = camera.events[-1]
    image = cv2.imdecode(np.frombuffer(message.snapshot, np.uint8), cv2.IMREAD_GRAYSCALE)
    assert image is not None
    box = message.event.box
    assert image[round((box.y + box.h / 2) * 180), round((box.x + box.w / 2) * 320)] > 200
