"""Packets one by one into the parts of a clip."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from camera_registry.base.errors import NotFoundError
from ingest.bitstream.parameter_sets import nal_type, nal_units
from ingest.clips.files import Places, measured
from ingest.clips.model import Clip, ClipLimits, Cut, Progress
from ingest.clips.mp4 import MAX_STEP_US, Mp4Writer
from ingest.clips.timeline import ClipTimeline, Gap, GapReason
from ingest.packets import Packet

_SQUEEZED_US = 2_000_000
"""The first packets of a session come in one burst, and ``ingest.timeline`` squeezes their times;
B-frames and keyframes may then lie before others by less than this."""


@dataclass(slots=True)
class _Part:
    """A file that is being written beside its place."""

    writer: Mp4Writer
    temporary: Path
    first: Packet
    first_gap: int
    end_us: int
    exact_from_us: int
    last_dts_us: int
    packets: int = 0


class Cutter:
    """Takes packets one by one and writes them into parts."""

    def __init__(
        self, from_us: int, to_us: int, place: Places, camera_id: str, limits: ClipLimits
    ) -> None:
        self.packets = 0
        self._from_us, self._to_us = from_us, to_us
        self._place = place
        self._camera_id = camera_id
        self._limits = limits
        self._timeline = ClipTimeline()
        self._clips: list[Clip] = []
        self._done: list[Path] = []
        self._part: _Part | None = None
        self._seen: Packet | None = None
        self._broken: GapReason | None = None
        self._no_leading = False
        self._ended = GapReason.ENDED
        self._bytes = 0

    @property
    def progress(self) -> Progress:
        """How far it is."""
        return Progress(self._timeline.newest_us or self._from_us, self.packets, self._bytes)

    def take(self, packet: Packet) -> bool:
        """Write the packet if it belongs; False where the clip is at its end."""
        if not self._follows(packet):
            return True
        newest = self._timeline.newest_us
        if newest is not None and newest >= self._to_us and packet.utc_us > newest:
            return False
        if self._part is None and packet.utc_us > self._to_us:
            return False
        if self._over_limits(packet):
            self._ended = GapReason.TOO_LARGE
            return False
        self._write(packet)
        return True

    def finish(self) -> Cut:
        """Close the last part and put all in their places."""
        part = self._part
        if part is None:
            raise NotFoundError(
                "there is no picture of the camera for that time",
                hint="the ring holds the last seconds only, and begins with a keyframe",
                code="no_pictures",
            )
        self._close_part(part)
        self._place.publish(self._done)
        return Cut(
            self._from_us,
            self._to_us,
            tuple(self._clips),
            tuple(self._timeline.gaps),
            tuple(self._missing()),
        )

    def abandon(self) -> None:
        """Remove all that was written."""
        if self._part is not None:
            self._part.writer.abandon()
        for temporary in self._done:
            temporary.unlink(missing_ok=True)

    def _follows(self, packet: Packet) -> bool:
        """Say whether the packet can be decoded after what was written; note where it breaks."""
        seen = self._seen
        if seen is not None:
            if packet.epoch == seen.epoch and packet.seq <= seen.seq:
                return False
            if packet.epoch != seen.epoch:
                self._broken = GapReason.RECONNECTED
            elif self._broken is None:
                self._broken = _breach(seen, packet)
        self._seen = packet
        if packet.keyframe:
            return True
        if self._part is None or self._broken is not None:
            return False
        self._no_leading = self._no_leading and is_leading(packet)
        return not self._no_leading

    def _over_limits(self, packet: Packet) -> bool:
        part, limits = self._part, self._limits
        another = part is not None and packet.info != part.first.info
        return self._bytes + len(packet.data) > limits.max_bytes or (
            another and len(self._clips) + 1 >= limits.max_parts
        )

    def _write(self, packet: Packet) -> None:
        part = self._part
        if part is None:
            part = self._opened_part(packet)
        elif packet.keyframe:
            part = self._continued_part(part, packet)
        self._broken = None
        if packet.dts_us - part.last_dts_us <= 1 and part.packets:
            part.exact_from_us = max(part.end_us, packet.utc_us)
        part.writer.add(packet)
        part.packets += 1
        part.last_dts_us = packet.dts_us
        part.end_us = max(part.end_us, packet.utc_us)
        self._timeline.add(packet.utc_us)
        self.packets += 1
        self._bytes += len(packet.data)

    def _continued_part(self, part: _Part, keyframe: Packet) -> _Part:
        """Return the part that a keyframe belongs to: this one, or a new one."""
        timeline = self._timeline
        step_us = keyframe.dts_us - part.last_dts_us
        back = step_us <= 0 or keyframe.utc_us <= part.end_us - _SQUEEZED_US
        reason = self._broken or (GapReason.CLOCK_SET_BACK if back else None)
        self._no_leading = reason is not None
        if back or step_us > MAX_STEP_US or keyframe.info != part.first.info:
            self._close_part(part)
            if reason:
                timeline.broken(keyframe.utc_us, reason)
            return self._opened_part(keyframe)
        if reason:
            timeline.flush()
            timeline.broken(keyframe.utc_us, reason)
        return part

    def _opened_part(self, first: Packet) -> _Part:
        self._no_leading = True
        self._place.check(len(self._clips) + 1)
        temporary = self._place.temporary()
        try:
            writer = Mp4Writer(temporary, first, self._camera_id)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        self._part = _Part(
            writer,
            temporary,
            first,
            len(self._timeline.gaps),
            first.utc_us,
            first.utc_us,
            first.dts_us - 1,
        )
        return self._part

    def _close_part(self, part: _Part) -> None:
        timeline = self._timeline
        timeline.flush()
        part.writer.finish(timeline.step_us)
        self._done.append(part.temporary)
        self._part = None
        start_us, end_us, info = part.first.utc_us, part.end_us, part.first.info
        inside = [
            gap
            for gap in timeline.gaps[part.first_gap :]
            if start_us <= gap.start_us and gap.end_us <= end_us
        ]
        size, digest = measured(part.temporary)
        self._clips.append(
            Clip(
                self._place.of(len(self._clips) + 1),
                self._camera_id,
                start_us,
                end_us,
                part.exact_from_us,
                part.writer.duration_us,
                info.codec,
                info.codec_string,
                info.width,
                info.height,
                part.packets,
                size,
                digest,
                tuple(inside),
            )
        )

    def _missing(self) -> Iterator[Gap]:
        first, last = self._clips[0], self._clips[-1]
        if first.start_us > self._from_us:
            yield Gap(self._from_us, first.start_us, GapReason.NOT_HELD)
        if last.start_us + last.duration_us < self._to_us:
            yield Gap(last.end_us, self._to_us, self._ended)


def _breach(seen: Packet, packet: Packet) -> GapReason | None:
    """Say why a packet of the same session cannot follow in the same file."""
    if packet.seq != seen.seq + 1:
        return GapReason.PACKETS_LOST
    if packet.dts_us <= seen.dts_us:
        return GapReason.CLOCK_SET_BACK
    return GapReason.NO_PICTURES if packet.dts_us - seen.dts_us > MAX_STEP_US else None


def is_leading(packet: Packet) -> bool:
    """Say whether a picture of H.265 is shown before the keyframe that it follows in the stream.

    RADL and RASL pictures, types 6 to 9 of ITU-T H.265 table 7-1: after a cut the latter cannot be
    decoded, for they need pictures before the keyframe.
    """
    if packet.info.codec != "hevc":
        return False
    kinds = (nal_type("hevc", unit) for unit in nal_units(packet.data))
    return 6 <= next((kind for kind in kinds if kind < 32), 0) <= 9
