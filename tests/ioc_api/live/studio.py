"""A worker's side for the gateway's tests: real H.264, made at run time, on the real wire.

``Studio`` answers demand as ``ingest.relay`` does (README of ``ioc_api/live``): a prime is answered
on the inbox with the GOP that it holds, packets go to the live subject while demand lasts.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

import av
import msgspec
import numpy as np

from camera_registry import subjects
from camera_registry.base.bus import Bus, Message, Subscription
from camera_registry.model import CameraSpec, CameraState, State
from ingest.live_wire import Demand, encode_packet
from ingest.packets import Packet, StreamInfo

_decode_demand = msgspec.msgpack.Decoder(Demand).decode
FPS = 25


def clip(
    frames: int = 50,
    *,
    gop: int = 25,
    size: tuple[int, int] = (320, 180),
    b_frames: int = 0,
    profile: str = "Baseline",
    noise: int = 0,
    crf: int = 23,
) -> list[Packet]:
    """Encode a moving picture as H.264 Annex-B with parameter sets in band, from seq 0.

    ``noise`` (0 to 255) and ``crf`` make it as large as wanted.
    """
    random = np.random.default_rng(0)
    width, height = size
    codec = av.CodecContext.create("libx264", "w")
    assert isinstance(codec, av.VideoCodecContext)
    codec.width, codec.height, codec.pix_fmt = width, height, "yuv420p"
    codec.time_base, codec.framerate = Fraction(1, FPS), Fraction(FPS)
    codec.profile = profile
    codec.options = {
        "preset": "ultrafast",
        "bf": str(b_frames),
        "crf": str(crf),
        "x264-params": f"keyint={gop}:min-keyint={gop}:scenecut=0:repeat-headers=1:annexb=1"
        + (f":bframes={b_frames}:b-adapt=0" if b_frames else ":rc-lookahead=0:sync-lookahead=0"),
    }
    coded = []
    column = np.arange(width, dtype=np.uint16)
    for index in range(frames):
        picture = np.full((height * 3 // 2, width), 128, np.uint8)
        grain = random.integers(0, noise + 1, (height, width), np.uint16)
        picture[:height] = (column * 3 + index * 7 + grain) % 256
        frame = av.VideoFrame.from_ndarray(picture, format="yuv420p")
        frame.pts = index
        coded += codec.encode(frame)
    coded += codec.encode(None)
    info = StreamInfo("h264", "avc1.42C01F", width, height)
    packets = []
    for seq, unit in enumerate(coded):
        assert unit.pts is not None
        assert unit.dts is not None
        packets.append(
            Packet(
                1,
                seq,
                unit.is_keyframe,
                unit.pts * 1_000_000 // FPS,
                unit.dts * 1_000_000 // FPS,
                0,
                bytes(unit),
                info,
            )
        )
    return packets


class Studio:
    """One camera on the bus. ``hold`` is what a prime is answered with."""

    def __init__(self, bus: Bus, camera_id: str) -> None:
        self.bus = bus
        self.camera_id = camera_id
        self.demands: list[Demand] = []
        self.hold: list[Packet] = []
        self._subscription: Subscription | None = None
        self._player: asyncio.Task[None] | None = None
        self.asked = asyncio.Event()

    async def start(self) -> None:
        self._subscription = await self.bus.subscribe(
            subjects.demand(self.camera_id), self._on_demand
        )

    async def stop(self) -> None:
        if self._player is not None:
            self._player.cancel()
            await asyncio.wait([self._player])
            self._player = None
        if self._subscription is not None:
            await self._subscription.stop()
            self._subscription = None

    async def send(self, packets: Sequence[Packet], subject: str = "") -> None:
        """Publish packets, by default on the live subject."""
        for packet in packets:
            for part in encode_packet(self.camera_id, packet, self.bus.max_payload):
                await self.bus.publish(subject or subjects.live(self.camera_id), part)

    async def emit(self, packet: Packet) -> None:
        """Take a packet from the camera: hold its GOP, publish it where it is wanted."""
        self.hold = [packet] if packet.keyframe else [*self.hold, packet]
        if self.demands:
            await self.send([packet])

    def play(self, packets: Sequence[Packet], epoch: int = 1) -> None:
        """Loop a clip in real time with continuous numbers and times."""
        self._player = asyncio.create_task(self._play(list(packets), epoch))

    async def _play(self, packets: list[Packet], epoch: int) -> None:
        span = len(packets) * 1_000_000 // FPS
        origin = time.time_ns() // 1000
        begin = time.monotonic()
        seq = 0
        while True:
            for packet in packets:
                await asyncio.sleep(max(0.0, begin + seq / FPS - time.monotonic()))
                offset = origin + seq // len(packets) * span
                await self.emit(
                    replace(
                        packet,
                        epoch=epoch,
                        seq=seq,
                        utc_us=offset + packet.utc_us,
                        dts_us=offset + packet.dts_us,
                        arrival_us=time.time_ns() // 1000,
                    )
                )
                seq += 1

    async def _on_demand(self, message: Message) -> None:
        demand = _decode_demand(message.data)
        self.demands.append(demand)
        if demand.prime:
            await self.send(self.hold, demand.inbox)
        self.asked.set()


async def register(bus: Bus, camera_id: str, unit_code: str) -> None:
    """Put a camera's spec where gateways look for it."""
    spec = CameraSpec(camera_id, "Camera", unit_code, "rtsp://camera.invalid/1", 1)
    await bus.bucket(subjects.SPECS_BUCKET).put(camera_id, msgspec.msgpack.encode(spec))


async def report(bus: Bus, camera_id: str, unit_code: str, state: State) -> None:
    """Put a camera's state where gateways look for it."""
    now = time.time_ns() // 1000
    value = CameraState(camera_id, unit_code, state, "ok", "It works", now, now)
    await bus.bucket(subjects.STATES_BUCKET).put(camera_id, msgspec.msgpack.encode(value))
