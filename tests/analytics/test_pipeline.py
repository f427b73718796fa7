from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable, Iterator

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.detectors.detector import CameraDetector, Look, MovingObjectDetector
from analytics.events import Box, Detection
from analytics.geometry import corners, iou_matrix
from analytics.inbox import InboxLimits
from analytics.metrics import ANALYSIS_FAILURES, FRAMES_INFERRED
from analytics.pace import Pace, plane_size
from analytics.pipeline import PipelineConfig
from analytics.pool import AnalysisPool, Job
from analytics.rulebook.book import QueueRule, Rulebook, Zone, ZoneEnterRule, default_rulebook
from analytics.tracking.config import BLOBS
from camera_registry.base.errors import UnavailableError
from ingest.decoder import DECODED
from ingest.freeze import Verdict
from tests.analytics.camera import Camera
from tests.analytics.clips import START_US, clip
from tests.analytics.scenes import Rect


@pytest.fixture(scope="module")
def detector() -> MovingObjectDetector:
    return MovingObjectDetector()


@pytest.fixture
def pool() -> Iterator[AnalysisPool]:
    made = AnalysisPool(2)
    yield made
    made.stop()


def rider(start_s: float, y: int = 70, speed: float = 40.0) -> Callable[[float], list[Rect]]:
    """A rectangle of 16 x 32 that comes in from the left, in pixels of 320 x 180 a second."""
    return lambda t: [] if t < start_s else [(round(speed * (t - start_s)) - 16, y, 16, 32)]


def test_each_object_that_enters_the_zone_gives_one_event(
    pool: AnalysisPool, detector: MovingObjectDetector
) -> None:
    first, second = rider(2.5), rider(4.5, y=120)
    camera = Camera(pool, detector)
    camera.feed(clip(13, lambda t: first(t) + second(t)))
    events = [message.event for message in camera.events]
    assert len(events) == 2
    for event, start_s, y in zip(events, (2.5, 4.5), (70, 120), strict=True):
        entered_s = (event.at_us - START_US) / 1e6
        x = 40.0 * (entered_s - start_s) - 16
        assert 4.0 <= entered_s - start_s <= 5.2  # the foot passes x = 160 after 4.2 s
        truth = corners([Box(x / 320, y / 180, 16 / 320, 32 / 180)])
        assert iou_matrix(corners([event.box]), truth)[0, 0] > 0.4
        assert event.kind == "zone_enter"
        assert event.zone == "right"
        assert event.arrival_us == event.at_us + 20_000
    assert len({event.track_id for event in events}) == 2
    for message in camera.events:
        image = cv2.imdecode(np.frombuffer(message.snapshot, np.uint8), cv2.IMREAD_GRAYSCALE)
        assert image is not None
        assert image.shape == (360, 640)
        box = message.event.box  # the picture shows the bright rider where the box says
        middle = image[round((box.y + box.h / 2) * 360), round((box.x + box.w / 2) * 640)]
        assert middle > 200
    assert camera.failures == []
    assert set(camera.verdicts) == {Verdict.GOOD}


@pytest.mark.parametrize("noise", [0.5, 8.0])
def test_noise_alone_gives_no_event(
    pool: AnalysisPool, detector: MovingObjectDetector, noise: float
) -> None:
    camera = Camera(pool, detector, default_rulebook())
    camera.feed(clip(12, noise=noise))
    assert camera.events == []


def test_whole_picture_rule_cools_down(pool: AnalysisPool, detector: MovingObjectDetector) -> None:
    riders = [rider(2.5, y=20), rider(4.0, y=70), rider(5.5, y=120)]
    camera = Camera(pool, detector, default_rulebook())
    camera.feed(clip(11, lambda t: [rect for one in riders for rect in one(t)]))
    assert len(camera.events) == 1


def test_several_cameras_share_pool_and_model(
    pool: AnalysisPool, detector: MovingObjectDetector
) -> None:
    packets = clip(9, rider(2.5), size=(320, 180))
    quiet = clip(9, size=(320, 180))
    cameras = [Camera(pool, detector) for _ in range(4)]
    for index, packet in enumerate(packets):
        for number, camera in enumerate(cameras):
            camera.pipeline.push(packet if number % 2 else quiet[index])
    for camera in cameras:
        camera.feed([])
    assert [len(camera.events) for camera in cameras] == [0, 1, 0, 1]


def test_analysis_rate_is_that_of_the_configuration(
    pool: AnalysisPool, detector: MovingObjectDetector
) -> None:
    before = FRAMES_INFERRED._value.get()
    Camera(pool, detector).feed(clip(4, size=(320, 180)))
    assert FRAMES_INFERRED._value.get() - before == 20


def test_camera_that_falls_behind_goes_on_at_the_newest_keyframe(
    pool: AnalysisPool, detector: MovingObjectDetector
) -> None:
    class Slow:
        """A detector that waits in its first look, as a loaded machine would."""

        label = "slow@1"
        tracking = BLOBS
        learning = False

        def __init__(self) -> None:
            self.entered, self.go = threading.Event(), threading.Event()
            self.seen: list[int] = []

        def camera(self) -> CameraDetector:
            return self

        def detect(self, look: Look) -> list[Detection]:
            self.entered.set()
            assert self.go.wait(30)
            self.seen.append((look.at_us - START_US) // 40_000)
            return []

    slow = Slow()
    limits = InboxLimits(packets=20, group=20)
    camera = Camera(pool, slow, config=PipelineConfig(inbox=limits))
    packets = clip(4, size=(320, 180), gop=25)
    camera.pipeline.push(packets[0])
    assert slow.entered.wait(30)
    for packet in packets[1:]:
        camera.pipeline.push(packet)
    slow.go.set()
    camera.feed([])
    # group 75..99 overflows 20 packets: all of it goes, and the next keyframe is awaited
    assert slow.seen == [0]
    later = [dataclasses.replace(p, seq=p.seq + 100, utc_us=p.utc_us + 4_000_000) for p in packets]
    for packet in later[:15]:
        camera.pipeline.push(packet)
    camera.feed([])
    assert slow.seen[1] == 100


def test_rules_change_while_tracks_and_the_other_rules_go_on(
    pool: AnalysisPool, detector: MovingObjectDetector
) -> None:
    whole = Zone("all", ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)))
    queue = QueueRule("queue", zone=whole, alert_s=6.0)
    camera = Camera(pool, detector, Rulebook((queue,)))
    packets = clip(12, lambda at: [(round(min(60 * at - 180, 150)), 70, 20, 40)], size=(320, 180))
    camera.feed(packets[:200])
    assert camera.events == []
    camera.pipeline.use_rules(Rulebook((ZoneEnterRule("enter", zone=whole), queue)))
    camera.feed(packets[200:])
    events = [message.event for message in camera.events]
    assert [event.rule for event in events] == ["enter", "queue"]
    assert events[0].track_id == events[1].track_id
    assert 8.0 <= (events[0].at_us - packets[0].utc_us) / 1e6 < 8.6
    assert (events[1].at_us - packets[0].utc_us) / 1e6 < 10


def test_it_says_when_nothing_can_be_decoded_before_the_next_keyframe(
    pool: AnalysisPool, detector: MovingObjectDetector
) -> None:
    packets = clip(4, size=(320, 180), gop=50)
    camera = Camera(pool, detector)
    camera.feed(packets[:10])
    assert camera.pipeline.push(packets[10])
    camera.feed(packets[12:20])  # one is missing
    assert not camera.pipeline.push(packets[20])
    camera.feed(packets[50:60])
    assert camera.pipeline.push(packets[60])


class Failing:
    """A detector that raises at one look and then finds nothing."""

    label = "failing@1"
    tracking = BLOBS
    learning = False

    def __init__(self, error: Exception) -> None:
        self.error: Exception | None = error
        self.cameras = self.looks = 0

    def camera(self) -> CameraDetector:
        self.cameras += 1
        return self

    def detect(self, look: Look) -> list[Detection]:
        self.looks += 1
        error, self.error = self.error, None
        if error is not None:
            raise error
        return []


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (UnavailableError("model failed", code="model_failed"), "model_failed"),
        (cv2.error("bad size"), "opencv"),
    ],
)
def test_known_failure_resets_this_camera_only(
    pool: AnalysisPool, error: Exception, reason: str
) -> None:
    before = ANALYSIS_FAILURES.labels(reason)._value.get()
    failing, healthy = Failing(error), Failing(error)
    healthy.error = None
    first, second = Camera(pool, failing), Camera(pool, healthy)
    packets = clip(4, size=(320, 180), gop=25)
    first.feed(packets)
    second.feed(packets)
    assert ANALYSIS_FAILURES.labels(reason)._value.get() - before == 1
    assert failing.cameras == 2  # state of the camera was made anew
    assert failing.looks == 1 + 15  # on from the keyframe after a second
    assert healthy.looks == 20
    assert first.failures == []


def test_unforeseen_failure_is_told_and_ends_this_camera_only(pool: AnalysisPool) -> None:
    failing = Failing(KeyError("a bug"))
    camera, other = Camera(pool, failing), Camera(pool, Failing(UnavailableError("once")))
    packets = clip(3, size=(320, 180), gop=25)
    camera.feed(packets)
    other.feed(packets)
    assert [repr(error) for error in camera.failures] == ["KeyError('a bug')"]
    assert failing.looks == 1
    assert pool.alive


def test_broken_packets_do_not_stop_the_analysis(
    pool: AnalysisPool, detector: MovingObjectDetector
) -> None:
    rng = np.random.default_rng(3)
    packets = [
        dataclasses.replace(packet, data=rng.bytes(len(packet.data)))
        if 10 <= index < 20
        else packet
        for index, packet in enumerate(clip(11, rider(5.0), gop=25))
    ]
    camera = Camera(pool, detector)
    camera.feed(packets)
    assert len(camera.events) == 1
    assert camera.failures == []


def test_frozen_picture_is_told(pool: AnalysisPool, detector: MovingObjectDetector) -> None:
    # one keyframe again and again: the decoder gives the same picture to the last bit
    one = clip(0.04, size=(320, 180))[0]
    packets = [
        dataclasses.replace(
            one,
            seq=index,
            utc_us=one.utc_us + index * 200_000,
            dts_us=one.utc_us + index * 200_000,
            arrival_us=one.utc_us + index * 200_000,
        )
        for index in range(200)
    ]
    camera = Camera(pool, detector)
    camera.feed(packets)
    assert camera.verdicts[0] == Verdict.GOOD
    assert camera.verdicts[-1] == Verdict.FROZEN


def test_after_stop_nothing_is_called(pool: AnalysisPool, detector: MovingObjectDetector) -> None:
    camera = Camera(pool, detector)
    packets = clip(2, size=(320, 180))
    for packet in packets:
        camera.pipeline.push(packet)
    camera.pipeline.stop()
    told = len(camera.verdicts)
    for packet in packets:
        camera.pipeline.push(packet)
    camera.feed([])
    assert len(camera.verdicts) == told


@given(st.lists(st.integers(0, 200_000), max_size=100), st.sampled_from([1.0, 5.0, 12.5]))
def test_pace_keeps_its_distance(gaps: list[int], fps: float) -> None:
    pace, now, picked = Pace(fps), 0, list[int]()
    for gap in gaps:
        now += gap
        if pace.due(now):
            picked.append(now)
    span = (now - picked[0]) / 1e6 if picked else 0.0
    assert len(picked) <= span * fps + 1


def test_pace_takes_a_clock_that_jumps() -> None:
    pace = Pace(5.0)
    assert pace.due(10**12)
    assert not pace.due(10**12 + 40_000)
    assert pace.due(0)
    assert not pace.due(40_000)
    assert pace.due(10**12)
    assert not pace.due(10**12 - 3_000_000)  # a new session that begins with what was seen already
    assert not pace.due(10**12 + 199_999)
    assert pace.due(10**12 + 200_000)


def test_a_session_that_begins_with_what_was_seen_already_ends_no_stay(
    pool: AnalysisPool, detector: MovingObjectDetector
) -> None:
    """Some servers hand out the last group of pictures first, and connections break."""
    whole = Zone("all", ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)))
    book = Rulebook((QueueRule("queue", zone=whole, alert_s=9.5, bridge_s=10.0),))
    camera = Camera(pool, detector, book)
    packets = clip(18, lambda at: [(round(min(60 * at - 180, 150)), 70, 20, 40)], size=(320, 180))
    camera.feed(packets[:275])
    again = [
        dataclasses.replace(one, epoch=2, seq=index) for index, one in enumerate(packets[250:])
    ]
    camera.feed(again)
    (told,) = [message.event for message in camera.events]
    assert told.kind == "queue_wait"
    assert (told.at_us - packets[0].utc_us) / 1e6 < 14


@pytest.mark.parametrize(
    ("picture", "plane"),
    [
        ((1280, 720), (320, 180)),
        ((640, 480), (320, 240)),
        ((720, 1280), (180, 320)),
        ((352, 288), (320, 260)),
        ((5000, 10), (320, 16)),
    ],
)
def test_plane_keeps_the_shape_of_the_picture(
    picture: tuple[int, int], plane: tuple[int, int]
) -> None:
    assert plane_size(*picture, 320) == plane


class _Inline(AnalysisPool):
    """Does the work at once, in the caller's thread, and counts how often it was woken."""

    wakes = 0

    def schedule(self, job: Job) -> None:
        self.wakes += 1
        while job.turn():
            pass


def test_the_pool_is_woken_for_what_is_to_be_looked_at(detector: MovingObjectDetector) -> None:
    """Five of twenty-five pictures a second; what lies between is decoded in the same turn."""
    pool = _Inline(1)
    camera = Camera(pool, detector)
    decoded, looked = DECODED._value.get(), FRAMES_INFERRED._value.get()
    try:
        for packet in clip(4, size=(320, 180), gop=25):
            camera.pipeline.push(packet)
        wakes = pool.wakes
        camera.feed([])
    finally:
        pool.stop()
    assert FRAMES_INFERRED._value.get() - looked == 20
    assert DECODED._value.get() - decoded == 100
    assert wakes == 20  # each keyframe is due here too
