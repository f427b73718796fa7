"""A camera's packets as a WebRTC track: packetised as they are, never transcoded."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from fractions import Fraction

import av
from aiortc import MediaStreamTrack, RTCRtpCodecCapability, RTCRtpCodecParameters
from aiortc.codecs import CODECS, get_capabilities
from aiortc.mediastreams import MediaStreamError
from aiortc.sdp import parse_h264_profile_level_id
from av.stream import Stream

from camera_registry.base.clock import Clock
from ingest.packets import Packet, StreamInfo
from ioc_api.live import metrics
from ioc_api.live.queues import QueueLimits, TileQueue

_KIND = "whep"
_RTP_CLOCK = Fraction(1, 90_000)
_CATCH_UP_US = 1_000
_LONGEST_STEP_US = 10_000_000
_AFTER_JUMP_US = 40_000
_PLI_GRACE_S = 0.5
_BURST_BYTES_S = 4_000_000
_PROFILES = ("4d001f", "640c1f", "64001f")


def _register_profiles() -> None:
    """Let aiortc negotiate Main and High: its packetiser never looks at the profile.

    It knows the two Baseline profiles only, because that is what its own encoder makes; cameras
    code Main or High, and an answer that names the profile spares the browser a wrong guess.
    """
    known = {str(codec.parameters.get("profile-level-id")) for codec in CODECS["video"]}
    model = next(codec for codec in CODECS["video"] if codec.mimeType == "video/H264")
    number = max(codec.payloadType or 0 for codec in CODECS["video"]) + 1
    for profile in _PROFILES:
        if profile in known:
            continue
        CODECS["video"] += [
            RTCRtpCodecParameters(
                mimeType=model.mimeType,
                clockRate=model.clockRate,
                payloadType=number,
                rtcpFeedback=list(model.rtcpFeedback),
                parameters={**model.parameters, "profile-level-id": profile},
            ),
            RTCRtpCodecParameters(
                mimeType="video/rtx",
                clockRate=model.clockRate,
                payloadType=number + 1,
                parameters={"apt": number},
            ),
        ]
        number += 2


_register_profiles()


def preferences(info: StreamInfo) -> list[RTCRtpCodecCapability]:
    """H.264 alone, the camera's own profile first, and retransmission.

    The other profiles follow: a browser that does not offer High mostly decodes it all the same.
    """
    wanted = _profile(info.codec_string.removeprefix("avc1."))
    h264 = [codec for codec in get_capabilities("video").codecs if codec.mimeType == "video/H264"]
    h264.sort(key=lambda codec: _profile(str(codec.parameters["profile-level-id"])) != wanted)
    rtx = [codec for codec in get_capabilities("video").codecs if codec.mimeType == "video/rtx"]
    return h264 + rtx


def _profile(profile_level_id: str) -> object:
    try:
        return parse_h264_profile_level_id(profile_level_id)[0]
    except ValueError:
        return None


class PacketTrack(MediaStreamTrack):
    """What the sender of one viewer reads; a sink of the hub.

    It begins when it is first read, with the GOP that ``buffered`` gives, so that nothing goes
    stale while ICE and DTLS take their time. The buffered pictures get RTP times a millisecond
    apart that end at the newest one: a receiver shows them as they come and is at once at the
    present, where true times would leave it a GOP behind for good. ``on_unusable`` is called when
    the stream becomes one that WebRTC cannot carry.
    """

    kind = "video"

    def __init__(
        self,
        buffered: Callable[[], Sequence[Packet]],
        clock: Clock,
        limits: QueueLimits,
        on_unusable: Callable[[], None],
    ) -> None:
        super().__init__()
        self._buffered = buffered
        self._clock = clock
        self._queue = TileQueue(limits, clock.monotonic)
        self._on_unusable = on_unusable
        self._wake = asyncio.Event()
        self._begun = False
        self._ended = False
        self._present: tuple[int, int] | None = None
        self._last_in: int | None = None
        self._out = 0
        self._keyframe_at = float("-inf")
        self._bytes = metrics.BYTES.labels(_KIND)
        self._skipped = metrics.SKIPPED.labels(_KIND)
        self._latency = metrics.ARRIVAL_TO_SENT.labels(_KIND)

    def prime(self, packets: Sequence[Packet]) -> None:
        """Nothing: the track begins when it is read."""

    def offer(self, packet: Packet) -> None:
        """Take a packet of the camera."""
        if packet.info.codec != "h264":
            self._on_unusable()
        elif self._begun and not self._ended:
            self._queue.offer(packet)
            self._wake.set()

    def picture_lost(self) -> None:
        """The receiver cannot go on (PLI): give it nothing more before the next keyframe.

        One that came right after a keyframe was sent before it arrived, and is answered by it.
        """
        if self._clock.monotonic() - self._keyframe_at > _PLI_GRACE_S:
            self._queue.cut()

    def stop(self) -> None:
        """End the track; a reader that waits gets MediaStreamError."""
        self._ended = True
        self._wake.set()
        super().stop()

    async def recv(self) -> av.Packet[Stream]:
        """Return the next packet, in Annex-B with a time in 1/90000 s."""
        if not self._begun:
            self._begin()
        while not self._ended:
            taken = self._queue.take()
            if taken is not None:
                self._skipped.inc(taken.skipped)
                return await self._send(taken.packet)
            self._wake.clear()
            await self._wake.wait()
        raise MediaStreamError

    def _begin(self) -> None:
        self._begun = True
        gop = self._buffered()
        self._queue.prime(gop)
        if gop:
            self._present = gop[-1].epoch, gop[-1].seq

    async def _send(self, packet: Packet) -> av.Packet[Stream]:
        if self._present is not None and (packet.epoch, packet.seq) < self._present:
            # A whole GOP at once would overrun the receiver's socket.
            await self._clock.sleep(len(packet.data) / _BURST_BYTES_S)
            self._out += _CATCH_UP_US
        else:
            self._out += self._step(packet)
        self._last_in = packet.dts_us
        if packet.keyframe:
            self._keyframe_at = self._clock.monotonic()
        unit = av.Packet(packet.data)
        unit.pts = unit.dts = self._out * 9 // 100
        unit.time_base = _RTP_CLOCK
        self._bytes.inc(len(packet.data))
        self._latency.observe(max(0, self._clock.utc_us() - packet.arrival_us) / 1e6)
        return unit

    def _step(self, packet: Packet) -> int:
        """Microseconds since the last packet, made up where the camera's clock jumped."""
        if self._last_in is None:
            return 0
        step = packet.dts_us - self._last_in
        return step if 0 < step <= _LONGEST_STEP_US else _AFTER_JUMP_US
