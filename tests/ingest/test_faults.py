"""Every fault of the simulator: the state it leads to, and the recovery."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from itertools import pairwise

import pytest

from camera_registry.model import CameraState, Credentials, State
from ingest.camera_runner import CameraRunner
from ingest.decoder import FrameDecoder
from ingest.freeze import PictureWatch, Verdict
from ingest.packets import Packet
from ingest.session import JUMPS
from tests.ingest.conftest import Camera
from tests.ingest.sessions import SHORT, Log, runner
from tests.waiting import eventually

LOGIN = Credentials("camera", "s3cret")


class Analyst:
    """Decodes and watches, as the analysis side does; in the session's thread, which tests may."""

    def __init__(self) -> None:
        self.runner: CameraRunner | None = None
        self._decoder = FrameDecoder()
        self._watch = PictureWatch(SHORT)
        self._verdict = Verdict.GOOD
        self.sizes: set[tuple[int, int]] = set()

    def push(self, packet: Packet) -> None:
        for frame in self._decoder.push(packet):
            self.sizes.add((frame.width, frame.height))
            gray = frame.gray(160, 90)
            verdict = self._watch.observe(gray, frame.arrival_us, frame.epoch)
            if verdict is not self._verdict and self.runner is not None:
                self._verdict = verdict
                self.runner.report_picture(verdict)


@contextlib.asynccontextmanager
async def watched(camera: Camera, log: Log, transport: str = "tcp") -> AsyncIterator[Analyst]:
    analyst = Analyst()
    running = runner(camera.url, log, credentials=LOGIN, transport=transport, sinks=(analyst,))
    analyst.runner = running
    await running.start()
    try:
        yield analyst
    finally:
        await running.stop()


async def state(log: Log, wanted: State, code: str = "") -> CameraState:
    def there() -> bool:
        return log.now.state is wanted and (not code or log.now.reason_code == code)

    try:
        await eventually(there, within_s=60, what=f"{wanted} {code}")
    except AssertionError as error:
        raise AssertionError(f"{error}; path: {log.path()}") from None
    return log.now


async def more_packets(log: Log, count: int = 15) -> None:
    start = len(log.packets)
    await eventually(lambda: len(log.packets) >= start + count, what="packets")


async def test_connecting_then_live(camera: Camera) -> None:
    log = Log()
    async with watched(camera, log):
        first = log.states[0]
        assert (first.state, first.reason_code) == (State.CONNECTING, "connecting")
        live = await state(log, State.LIVE)
        assert (live.codec, live.width, live.height) == ("h264", 320, 180)
        assert (live.worker, live.generation) == ("w1", 3)
        await eventually(lambda: log.now.fps > 0 and log.now.frame_us > 0)
        assert log.now.since_us == live.since_us
    count = len(log.states), len(log.packets)
    assert [s.updated_us for s in log.states] == sorted(s.updated_us for s in log.states)
    assert (len(log.states), len(log.packets)) == count


@pytest.mark.parametrize(
    ("fault", "wanted", "codes"),
    [
        ("refuse", State.OFFLINE, {"refused"}),
        ("wrong_password", State.AUTH_FAILED, {"auth_failed"}),
        ("stall", State.STALLED, {"stalled"}),
        ("unknown_codec", State.UNSUPPORTED, {"unsupported_codec"}),
        ("drop", State.OFFLINE, {"closed"}),
    ],
)
async def test_a_fault_and_its_end(
    camera: Camera, fault: str, wanted: State, codes: set[str]
) -> None:
    log = Log()
    async with watched(camera, log):
        await state(log, State.LIVE)
        await camera.fault(fault, 0.5 if fault == "drop" else None)
        failed = await state(log, wanted, next(iter(codes)))
        assert failed.fps == 0.0
        assert "s3cret" not in failed.reason
        await camera.mend()
        await state(log, State.LIVE)
        await more_packets(log)
        assert log.packets[-1].epoch > log.packets[0].epoch


async def test_wrong_password_from_the_start(camera: Camera) -> None:
    log = Log()
    running = runner(camera.url, log, credentials=Credentials("camera", "wrong"))
    await running.start()
    assert (await state(log, State.AUTH_FAILED)).reason_code == "auth_failed"
    await running.stop()


async def test_garbage(camera: Camera) -> None:
    log = Log()
    async with watched(camera, log):
        await state(log, State.LIVE)
        await camera.fault("garbage")
        await eventually(
            lambda: log.now.state in (State.ERROR, State.STALLED, State.OFFLINE), within_s=60
        )
        await camera.mend()
        await state(log, State.LIVE)
        await more_packets(log)


async def test_no_parameter_sets(camera: Camera) -> None:
    log = Log()
    async with watched(camera, log):
        await state(log, State.LIVE)
        await camera.fault("no_parameter_sets")
        # Who has seen the parameter sets once goes on, and so do its viewers.
        await more_packets(log, 50)
        assert log.now.state is State.LIVE
        assert all(b"\x67" in p.data[:64] for p in log.packets if p.keyframe)
    late = Log()
    async with watched(camera, late):
        failed = await state(late, State.ERROR, "no_parameter_sets")
        assert failed.codec == ""
        assert late.packets == []
        await camera.mend()
        await state(late, State.LIVE)


@pytest.mark.parametrize("fault", ["jump_forward", "jump_back"])
async def test_time_stamps_that_jump(camera: Camera, fault: str) -> None:
    log = Log()
    async with watched(camera, log):
        await state(log, State.LIVE)
        before = JUMPS._value.get()
        await camera.fault(fault, 3600)
        await eventually(lambda: JUMPS._value.get() > before, what="a jump")
        await more_packets(log)
        assert {s.state for s in log.states} == {State.CONNECTING, State.LIVE}
        packets = list(log.packets)
        assert len({p.epoch for p in packets}) == 1
        assert all(a.dts_us < b.dts_us for a, b in pairwise(packets))
        assert all(abs(p.utc_us - p.arrival_us) < 2_000_000 for p in packets)


async def test_lost_datagrams(camera: Camera) -> None:
    log = Log()
    async with watched(camera, log, transport="udp") as analyst:
        await state(log, State.LIVE)
        await camera.fault("udp_loss", 0.1)
        await more_packets(log, 40)
        await camera.mend()
        await more_packets(log, 15)
        assert {s.state for s in log.states} == {State.CONNECTING, State.LIVE}
        assert analyst.sizes == {(320, 180)}


@pytest.mark.parametrize("fault", ["freeze", "black"])
async def test_a_picture_that_shows_nothing(camera: Camera, fault: str) -> None:
    log = Log()
    async with watched(camera, log):
        await state(log, State.LIVE)
        await camera.fault(fault)
        await state(log, State.FROZEN, "picture_frozen" if fault == "freeze" else "picture_black")
        await camera.mend()
        await state(log, State.LIVE)


async def test_the_size_changes(camera: Camera) -> None:
    log = Log()
    async with watched(camera, log) as analyst:
        await state(log, State.LIVE)
        await camera.fault("resolution_change")
        await eventually(lambda: log.now.width == 160, what="the new size")
        assert log.now.state is State.LIVE
        await eventually(lambda: (160, log.now.height) in analyst.sizes)
        await camera.mend()
        await eventually(lambda: log.now.width == 320, what="the old size")


async def test_a_slow_start(camera: Camera) -> None:
    await eventually_loaded(camera)
    await camera.fault("slow_start", 2.0)
    log = Log()
    async with watched(camera, log):
        await state(log, State.LIVE)
        assert log.path() == ["connecting", "live"]


async def eventually_loaded(camera: Camera) -> None:
    """Setting a fault waits for the clip; mending nothing does as well."""
    await camera.mend()
