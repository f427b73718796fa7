"""One connection to one camera, from opening to its end, in the thread that calls it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass

import av
import av.error
from av.video.stream import VideoStream
from prometheus_client import Counter, Histogram

from camera_registry.base.clock import Clock
from camera_registry.model import Credentials
from ingest.bitstream.access_unit import AccessUnit
from ingest.bitstream.access_units import AccessUnits
from ingest.bitstream.opening import Arrived, OpeningBurst
from ingest.open_errors import OpenError, explain
from ingest.options import IngestOptions
from ingest.packets import Packet
from ingest.rtsp import OpenStream, open_camera
from ingest.timeline import Timeline
from ingest.watchdog import PacketWatchdog

PACKETS = Counter("camhub_packets_total", "Video packets received from cameras")
BYTES = Counter("camhub_bytes_total", "Bytes of video received from cameras")
KEYFRAMES = Counter("camhub_keyframes_total", "Keyframes received from cameras")
OPENS = Counter("camhub_session_opens_total", "Attempts to open a camera", ["result"])
OPEN_SECONDS = Histogram(
    "camhub_session_open_seconds",
    "Time to open a camera that answered, up to its stream being known",
    buckets=(0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20),
)
JUMPS = Counter("camhub_timeline_jumps_total", "Time stamps of cameras that jumped")
CORRUPT = Counter("camhub_packets_corrupt_total", "Packets that could not be read as video")

_TOLD_EVERY = 25


@dataclass(frozen=True, slots=True)
class Source:
    """Where the pictures come from. The credentials stay apart from the address."""

    url: str
    transport: str = "tcp"
    credentials: Credentials | None = None


class CameraSession:
    """Opens a camera and hands every packet to ``sink``, in the thread that runs ``run_once``.

    ``sink`` must not block. ``stop`` may be set from any thread: a running session ends with the
    next packet, one that waits for a silent camera or is still opening ends with its time limit;
    either hands out nothing more. The container is closed in every case.
    """

    def __init__(
        self,
        source: Source,
        sink: Callable[[Packet], None],
        *,
        clock: Clock,
        options: IngestOptions,
        stop: threading.Event,
    ) -> None:
        self._source = source
        self._sink = sink
        self._clock = clock
        self._options = options
        self._stop = stop
        self._timeline = Timeline()
        self._seq = 0
        self._epoch = clock.utc_us()
        self._started = False

    @property
    def timeline_jumps(self) -> int:
        """How often the camera's time stamps have jumped in this session."""
        return self._timeline.jumps

    def run_once(self) -> None:
        """Run until ``stop`` is set, then return.

        Raises OpenError where the camera cannot be opened, or its stream ends, stalls or breaks.
        """
        stream = self._open()
        with closing(stream.container):
            self._read(stream)

    def _open(self) -> OpenStream:
        source = self._source
        began = time.monotonic()
        try:
            stream = open_camera(source.url, source.credentials, source.transport, self._options)
        except OpenError as error:
            OPENS.labels(error.code).inc()
            raise
        OPENS.labels("ok").inc()
        OPEN_SECONDS.observe(time.monotonic() - began)
        return stream

    def _read(self, stream: OpenStream) -> None:
        units = AccessUnits(stream)
        clock, tally = self._clock, _Tally()
        watchdog = PacketWatchdog(clock, self._options.stalled_after_s)
        keyframe_due = clock.monotonic() + self._options.keyframe_within_s
        opening = OpeningBurst()
        with closing(tally), self._begun_in_any_case(opening):
            for packet in self._packets(stream, watchdog):
                arrival_us = clock.utc_us()
                tally.count(packet.size)
                try:
                    found = units.convert(packet)
                except av.error.FFmpegError:
                    found = []
                if not found and not units.waiting:
                    CORRUPT.inc()
                for unit in found:
                    if opening.over:
                        self._hand_out(unit, arrival_us)
                    else:
                        self._begin(opening.add(unit, arrival_us))
                if not self._started and clock.monotonic() >= keyframe_due:
                    raise _nothing_to_show(units.has_parameter_sets)

    def _packets(
        self, stream: OpenStream, watchdog: PacketWatchdog
    ) -> Iterator[av.Packet[VideoStream]]:
        """Yield packets until the stop.

        PyAV's time limit counts anew for each video packet, and FFmpeg looks at it before each read
        of the socket, so RTCP alone does not keep a read alive. The limit is the watchdog's own: a
        read that was interrupted may have lost half an RTP packet, and cannot be taken up again
        (FFmpeg then reports it as an input/output error, so the watchdog tells the two apart).
        """
        try:
            for packet in stream.container.demux(stream.stream):
                if self._stop.is_set():
                    return
                if packet.size:
                    watchdog.feed()
                    yield packet
            failure = explain(av.error.EOFError(0, ""))
        except (av.error.FFmpegError, OSError) as error:
            failure = _stalled(watchdog.silent_s) if watchdog.stalled else explain(error)
        if not self._stop.is_set():
            raise failure

    @contextmanager
    def _begun_in_any_case(self, opening: OpeningBurst) -> Iterator[None]:
        """What ends within its opening burst hands that out too, unless it was stopped."""
        try:
            yield
        finally:
            if not opening.over and not self._stop.is_set():
                self._begin(opening.rest())

    def _begin(self, held: list[Arrived]) -> None:
        self._timeline.open([(unit.pts_us, unit.dts_us, arrival) for unit, arrival in held])
        for unit, arrival_us in held:
            self._hand_out(unit, arrival_us)

    def _hand_out(self, unit: AccessUnit, arrival_us: int) -> None:
        if not self._started and not unit.keyframe:
            return
        self._started = True
        stamp = self._timeline.stamp(unit.pts_us, unit.dts_us, arrival_us)
        if stamp.jumped:
            JUMPS.inc()
        if unit.keyframe:
            KEYFRAMES.inc()
        seq = self._seq
        self._seq += 1
        self._sink(
            Packet(
                self._epoch,
                seq,
                unit.keyframe,
                stamp.utc_us,
                stamp.dts_us,
                arrival_us,
                unit.data,
                unit.info,
            )
        )


class _Tally:
    """Packets and bytes on their way to the counters: each has a lock that all cameras share, so
    they are told of a second of video at once.
    """

    def __init__(self) -> None:
        self._packets = self._bytes = 0

    def count(self, size: int) -> None:
        self._packets += 1
        self._bytes += size
        if self._packets >= _TOLD_EVERY:
            self.close()

    def close(self) -> None:
        PACKETS.inc(self._packets)
        BYTES.inc(self._bytes)
        self._packets = self._bytes = 0


def _stalled(silent_s: float) -> OpenError:
    return OpenError(
        f"no picture has come for {silent_s:.0f} s, though the connection stands",
        hint="check the network on the way; restart the camera if this lasts",
        code="stalled",
    )


def _nothing_to_show(has_parameter_sets: bool) -> OpenError:
    if has_parameter_sets:
        return OpenError(
            "the camera sends video but no keyframe",
            hint="set a keyframe interval of at most a few seconds in the camera",
            code="no_keyframe",
        )
    return OpenError(
        "the camera sends video without the parameter sets that a decoder needs",
        hint="update the camera's firmware, or choose another stream profile",
        code="no_parameter_sets",
    )
