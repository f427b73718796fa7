"""A camera's newest picture, decoded only when somebody asks for it."""

from __future__ import annotations

import asyncio

import cv2
import numpy as np
import pytest

from camera_registry import subjects
from camera_registry.adapters.bus_nats import NatsBus
from camera_registry.base.errors import UnavailableError
from ingest.decoder import DECODED, DecodedFrame
from ingest.ring import GopRing
from ingest.still_wire import MAX_STILL, Still, decode_still
from ingest.stills import StillDesk, make_still
from tests.ingest.footage import START_US, packets

LIMIT_S = 5.0


def jpeg(frame: DecodedFrame) -> bytes:
    return bytes(cv2.imencode(".jpg", frame.bgr())[1])


def filled(codec: str = "h264", frames: int = 30) -> GopRing:
    ring = GopRing(60, 2**24)
    for packet in packets(codec, frames=frames, gop=12):
        ring.push(packet)
    return ring


@pytest.mark.parametrize("codec", ["h264", "hevc", "mjpeg"])
def test_it_is_the_newest_keyframe_in_the_size_of_the_camera(codec: str) -> None:
    newest = filled(codec).snapshot()[0]
    still = make_still(newest, jpeg)
    assert (still.code, still.at_us, still.width, still.height) == ("", newest.utc_us, 320, 180)
    picture = cv2.imdecode(np.frombuffer(still.jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    assert picture.shape == (180, 320, 3)


def test_what_cannot_be_decoded_or_is_too_large_is_no_picture() -> None:
    newest = filled().snapshot()[0]
    assert make_still(newest, lambda _: b"").code == "undecodable"
    assert make_still(newest, lambda _: b"x" * (MAX_STILL + 1)).code == "undecodable"


async def ask(bus: NatsBus, camera: str) -> Still:
    return decode_still(await bus.request(subjects.still(camera), b"", timeout_s=LIMIT_S))


async def test_the_same_keyframe_is_decoded_once_and_a_new_one_anew(bus: NatsBus) -> None:
    ring = filled()
    desk = StillDesk("c1", ring, bus=bus, make_jpeg=jpeg, room=asyncio.Semaphore(1))
    await desk.start()
    try:
        before = DECODED._value.get()
        first, second = await asyncio.gather(ask(bus, "c1"), ask(bus, "c1"))
        assert first == second
        assert first.at_us == START_US + 24 * 40_000
        assert DECODED._value.get() == before + 1
        for packet in packets(frames=14, gop=12, first_seq=30, start_us=START_US + 1_200_000):
            ring.push(packet)
        assert (await ask(bus, "c1")).at_us > first.at_us
    finally:
        await desk.stop()


async def test_without_a_picture_it_says_so_and_without_a_worker_nobody_answers(
    bus: NatsBus,
) -> None:
    desk = StillDesk("c2", GopRing(60, 2**20), bus=bus, make_jpeg=jpeg, room=asyncio.Semaphore(1))
    await desk.start()
    assert (await ask(bus, "c2")).code == "no_picture"
    await desk.stop()
    with pytest.raises(UnavailableError) as refused:
        await ask(bus, "c2")
    assert refused.value.code == "nobody_listens"
