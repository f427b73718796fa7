"""Packets into one MP4 file: the coded pictures as they are, their times, the index in front.

ISO/IEC 14496-12 and -15. The track counts in microseconds, so that no time is rounded; FFmpeg's
muxer turns Annex-B into length-prefixed units, makes avcC or hvcC of the first keyframe's parameter
sets and leaves every unit in place, those sets and the camera's SEI included. H.265 is named
``hev1``, because ``hvc1`` would have to take the parameter sets out of the pictures.
"""

from __future__ import annotations

import contextlib
import errno
import os
from fractions import Fraction
from pathlib import Path

import av
import av.error

from camera_registry.base.clock import us_to_iso
from camera_registry.base.errors import CamhubError, InvalidError, StorageError
from ingest.bitstream.parameter_sets import has_sps_and_pps
from ingest.packets import Packet

MAX_STEP_US = 2_000_000_000
"""A sample's duration has 32 bits, of which FFmpeg uses 31: about 33 minutes."""

_MICROSECOND = Fraction(1, 1_000_000)
_OPTIONS = {"movflags": "faststart", "movie_timescale": "1000000"}
_DISK = frozenset(
    (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS, errno.EACCES, errno.EFBIG, errno.ENOENT)
)


class Mp4Writer:
    """Writes packets of one format to ``path``, which begins with the keyframe ``first``.

    Times in the file count from the first picture; its wall-clock time is in the metadata, to the
    second as ``creation_time`` and exactly as ``date``. Holds one packet, besides the index that
    grows by some 80 bytes a picture. Errors are InvalidError and StorageError.
    """

    def __init__(self, path: Path, first: Packet, title: str = "") -> None:
        self.duration_us = 0
        self._path = path
        self._origin_us = first.utc_us
        self._waiting: Packet | None = None
        codec = first.info.codec
        if codec != "mjpeg" and not has_sps_and_pps(codec, first.data):
            raise _bad_data()
        began = us_to_iso(first.utc_us)
        try:
            # An absolute path, which FFmpeg cannot take for the address of some protocol.
            self._container = av.open(
                str(path.absolute()), "w", format="mp4", container_options=dict(_OPTIONS)
            )
        except (av.error.FFmpegError, OSError) as error:
            raise _explained(error) from None
        self._container.metadata.update(creation_time=began, date=began)
        if title:
            self._container.metadata["title"] = title
        self._stream = self._container.add_mux_stream(
            codec,
            width=first.info.width,
            height=first.info.height,
            time_base=_MICROSECOND,
        )

    def add(self, packet: Packet) -> None:
        """Write the next packet; its ``dts_us`` is later than the last one's, by MAX_STEP_US at
        most.
        """
        if self._waiting is not None:
            self._mux(self._waiting, packet.dts_us - self._waiting.dts_us)
        self._waiting = packet

    def finish(self, last_us: int) -> None:
        """Show the last picture for ``last_us`` and close the file, its index in front."""
        if self._waiting is not None:
            self._mux(self._waiting, last_us)
        self._waiting = None
        try:
            self._container.close()
        except (av.error.FFmpegError, OSError) as error:
            raise _explained(error) from None

    def abandon(self) -> None:
        """Remove the file. FFmpeg cannot rewrite what is gone, so this takes no time."""
        self._path.unlink(missing_ok=True)
        with contextlib.suppress(av.error.FFmpegError, OSError):
            self._container.close()

    def _mux(self, packet: Packet, duration_us: int) -> None:
        coded = av.Packet(packet.data)
        coded.stream = self._stream
        coded.time_base = _MICROSECOND
        coded.pts = packet.utc_us - self._origin_us
        coded.dts = packet.dts_us - self._origin_us
        coded.duration = duration_us
        coded.is_keyframe = packet.keyframe
        self.duration_us = max(self.duration_us, coded.pts + duration_us)
        try:
            self._container.mux_one(coded)
        except (av.error.FFmpegError, OSError) as error:
            raise _explained(error) from None


def _explained(error: Exception) -> CamhubError:
    number = getattr(error, "errno", None)
    if number in _DISK:
        return StorageError(
            f"the clip could not be written: {os.strerror(number)}",
            hint="check the directory, its rights and its free space",
            code="clip_not_written",
        )
    return _bad_data()


def _bad_data() -> InvalidError:
    return InvalidError(
        "the camera's pictures cannot be put into an MP4 file",
        hint="they may be damaged; look at the camera's stream profile",
        code="clip_bad_data",
    )
