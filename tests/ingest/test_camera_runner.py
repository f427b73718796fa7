"""What the runner does beyond the faults of test_faults: its edges."""

from __future__ import annotations

import asyncio
import socket
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from camera_registry.model import Credentials, State
from ingest.freeze import Verdict
from ingest.packets import Packet
from ingest.simulator import CameraConfig
from tests.ingest import footage
from tests.ingest.conftest import Camera, simulated
from tests.ingest.scripted_camera import describing, scripted_camera, status
from tests.ingest.sessions import SHORT, Log, runner
from tests.ingest.test_session import description, video_then
from tests.waiting import eventually


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


async def test_a_camera_that_is_away_keeps_one_state_and_is_tried_again() -> None:
    log = Log()
    running = runner(f"rtsp://127.0.0.1:{closed_port()}/v", log)
    await running.start()
    await eventually(lambda: log.now.state is State.OFFLINE)
    since = log.now.since_us
    count = len(log.states)
    await eventually(lambda: len(log.states) >= count + 5)
    assert log.path() == ["connecting", "refused"]
    assert log.now.since_us == since
    assert log.now.updated_us > since
    await running.stop()


async def test_stopping_while_a_camera_does_not_answer() -> None:
    with scripted_camera(lambda _: b"") as port:
        log = Log()
        running = runner(f"rtsp://127.0.0.1:{port}/v", log)
        await running.start()
        await asyncio.sleep(0)
        await running.stop()
        count = len(log.states)
    assert log.packets == []
    assert len(log.states) == count


async def test_verdicts_count_only_while_pictures_come() -> None:
    log = Log()
    running = runner(f"rtsp://127.0.0.1:{closed_port()}/v", log)
    await running.start()
    await eventually(lambda: log.now.state is State.OFFLINE)
    running.report_picture(Verdict.FROZEN)
    count = len(log.states)
    await eventually(lambda: len(log.states) > count)
    assert log.now.state is State.OFFLINE
    await running.stop()


async def test_verdicts_from_another_thread(camera: Camera) -> None:
    log = Log()
    running = runner(camera.url, log, credentials=Credentials("camera", "s3cret"))
    await running.start()
    await eventually(lambda: log.now.state is State.LIVE)
    for verdict, state in (
        (Verdict.BLACK, State.FROZEN),
        (Verdict.FROZEN, State.FROZEN),
        (Verdict.GOOD, State.LIVE),
    ):
        await asyncio.to_thread(running.report_picture, verdict)
        await eventually(lambda state=state: log.now.state is state)  # type: ignore[misc]
    assert log.path()[-3:] == ["picture_black", "picture_frozen", "live"]
    await running.stop()


async def test_what_nobody_foresaw_ends_this_camera_with_a_state_and_is_raised() -> None:
    class Faulty:
        def push(self, packet: Packet) -> None:
            raise RuntimeError("a bug")

    camera = scripted_camera(describing(description()), video_then(b""))
    with camera as port:
        log = Log()
        running = runner(f"rtsp://127.0.0.1:{port}/v", log, sinks=(Faulty(),))
        await running.start()
        with pytest.raises(RuntimeError, match="a bug"):
            await running.wait()
        assert (log.now.state, log.now.reason_code) == (State.ERROR, "internal_error")
        await running.stop()


class Waiting:
    """What has lost the thread, as an analysis that fell behind, until a second keyframe comes."""

    def __init__(self) -> None:
        self.keyframes = 0

    def push(self, packet: Packet) -> bool:
        self.keyframes += packet.keyframe
        return self.keyframes != 1


async def test_a_camera_whose_keyframes_do_not_come_again_is_opened_anew(tmp_path: Path) -> None:
    film = footage.write_mp4(tmp_path / "film.mp4", frames=75, gop=1000)
    # the simulator begins with the next keyframe, which is that of the film's next round
    options = replace(SHORT, without_keyframe_s=0.5, stalled_after_s=8.0)
    log, waiting = Log(), Waiting()
    async with simulated(CameraConfig("street", str(film)), tmp_path) as camera:
        running = runner(camera.url, log, options=options, sinks=(waiting,))
        await running.start()
        await eventually(lambda: waiting.keyframes == 2)
        count = len(log.packets)
        await eventually(lambda: len(log.packets) >= count + 30)  # more than half a second
        await running.stop()
    assert len({packet.epoch for packet in log.packets}) == 2
    assert log.path() == ["connecting", "live"]


async def test_refusals_are_tried_again_more_slowly() -> None:
    log = Log()
    with scripted_camera(status("401 No", 'WWW-Authenticate: Basic realm="x"')) as port:
        running = runner(f"rtsp://127.0.0.1:{port}/v", log, credentials=Credentials("a", "b"))
        await running.start()
        await eventually(lambda: log.now.state is State.AUTH_FAILED)
        assert (running._backoff.base_s, running._backoff.cap_s) == (0.2, 0.4)
        await running.stop()


async def test_no_thread_and_no_task_is_left(camera: Camera) -> None:
    tasks = len(asyncio.all_tasks())
    log = Log()
    running = runner(camera.url, log, credentials=Credentials("camera", "s3cret"))
    await running.start()
    await eventually(lambda: log.now.state is State.LIVE)
    await running.stop()
    name = f"camera-{log.now.camera_id[:8]}"
    # the thread has said that it ended, and may still be on its way out
    await eventually(lambda: name not in [thread.name for thread in threading.enumerate()])
    await eventually(lambda: len(asyncio.all_tasks()) <= tasks)
