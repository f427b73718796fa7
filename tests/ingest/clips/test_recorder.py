"""Recording from a simulated camera, with its faults."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import pytest

from camera_registry.base.clock import SystemClock
from camera_registry.model import Credentials
from ingest.clips import ClipRecorder, Cut, GapReason, Progress
from ingest.open_errors import OpenError
from ingest.session import OPENS, Source
from tests.ingest.clips.reading import decoded, samples, units
from tests.ingest.conftest import Camera
from tests.ingest.sessions import SHORT, RunningSession
from tests.waiting import eventually

LOGIN = Credentials("camera", "s3cret")


def opened() -> float:
    return float(OPENS.labels("ok")._value.get())


async def record(
    camera: Camera,
    seconds: float,
    path: Path,
    stop: threading.Event | None = None,
    on_progress: asyncio.Event | None = None,
    password: str = "s3cret",
) -> Cut:
    loop = asyncio.get_running_loop()

    def progress(_: Progress) -> None:
        if on_progress is not None:
            loop.call_soon_threadsafe(on_progress.set)

    recorder = ClipRecorder(
        Source(camera.url, "tcp", Credentials("camera", password)),
        clock=SystemClock(),
        options=SHORT,
        stop=stop or threading.Event(),
    )
    return await asyncio.to_thread(
        recorder.record, seconds, path, camera_id="street", progress=progress
    )


async def test_it_records_what_the_camera_sends(camera: Camera, tmp_path: Path) -> None:
    before = SystemClock().utc_us()
    done = await record(camera, 3, tmp_path / "a.mp4")
    (clip,) = done.clips
    assert done.complete
    assert before <= clip.start_us <= SystemClock().utc_us()
    assert clip.start_us + 3_000_000 <= done.to_us <= clip.end_us
    got = samples(clip.path)
    assert got[0].keyframe
    assert len(decoded(clip.path)) == clip.packets == len(got)
    # The same pictures as another viewer gets: the clip repeats every two seconds.
    with RunningSession(Source(camera.url, "tcp", LOGIN)) as running:
        seen = await asyncio.to_thread(running.wait_for_packets, 70)
    theirs = {tuple(units("h264", packet.data)) for packet in seen}
    assert {tuple(sample.units) for sample in got} <= theirs


async def test_a_reconnection_is_noted_and_recording_goes_on(
    camera: Camera, tmp_path: Path
) -> None:
    under_way = asyncio.Event()
    recording = asyncio.create_task(record(camera, 8, tmp_path / "a.mp4", on_progress=under_way))
    await under_way.wait()
    before = opened()
    await camera.fault("drop", 0.1)
    await eventually(lambda: opened() > before, what="a new session")
    await camera.mend()
    done = await recording
    assert GapReason.RECONNECTED in {gap.reason for gap in done.gaps}
    assert not done.complete
    (clip,) = done.clips
    assert clip.end_us >= done.to_us
    times = sorted(clip.start_us + sample.pts_us for sample in samples(clip.path))
    for gap in clip.gaps:
        assert {gap.start_us, gap.end_us} <= set(times)
        assert not [at for at in times if gap.start_us < at < gap.end_us]


async def test_another_size_in_mid_stream_is_another_part(camera: Camera, tmp_path: Path) -> None:
    under_way = asyncio.Event()
    recording = asyncio.create_task(record(camera, 5, tmp_path / "a.mp4", on_progress=under_way))
    await under_way.wait()
    await camera.fault("resolution_change")
    done = await recording
    assert [(clip.width, clip.height) for clip in done.clips] == [(320, 180), (160, 90)]
    assert all(len(decoded(clip.path)) == clip.packets for clip in done.clips)
    assert done.clips[1].path.name == "a-2.mp4"


async def test_a_camera_that_falls_silent_ends_the_clip_and_says_so(
    camera: Camera, tmp_path: Path
) -> None:
    under_way = asyncio.Event()
    recording = asyncio.create_task(record(camera, 4, tmp_path / "a.mp4", on_progress=under_way))
    await under_way.wait()
    await camera.fault("stall")
    done = await recording
    assert [gap.reason for gap in done.missing] == [GapReason.ENDED]
    assert done.missing[0].start_us == done.clips[0].end_us < done.to_us


async def test_stopping_keeps_what_was_recorded(camera: Camera, tmp_path: Path) -> None:
    stop, under_way = threading.Event(), asyncio.Event()
    recording = asyncio.create_task(record(camera, 600, tmp_path / "a.mp4", stop, under_way))
    await under_way.wait()
    stop.set()
    done = await recording
    assert done.clips[0].packets >= 50
    assert len(decoded(done.clips[0].path)) == done.clips[0].packets
    assert [gap.reason for gap in done.missing] == [GapReason.ENDED]


@pytest.mark.parametrize(("fault", "code"), [("refuse", "refused"), ("", "auth_failed")])
async def test_a_camera_that_cannot_be_opened(
    camera: Camera, tmp_path: Path, fault: str, code: str
) -> None:
    if fault:
        await camera.fault(fault)
    with pytest.raises(OpenError) as raised:
        await record(camera, 3, tmp_path / "a.mp4", password="s3cret" if fault else "wr0ng")
    assert raised.value.code == code
    assert "wr0ng" not in str(raised.value)
    assert not list(tmp_path.glob("*a.mp4*"))
