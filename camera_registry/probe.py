"""What a probe of a camera or of an ONVIF device is asked for and finds: values, no I/O.

They travel as JSON in a job (``camera_registry.jobs``) and are the API's answer as they stand.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import msgspec

PROBE = "probe"
"""Kind of the job."""

MAX_PROFILES = 128
"""A recorder of 64 channels with two streams each."""

RateControl = Literal["variable", "constant", "unknown"]
ClockSource = Literal["", "rtcp", "onvif"]


@dataclass(frozen=True, slots=True)
class ProbeRequest:
    """What to look at.

    ``url`` is an RTSP address, or that of an ONVIF device service. ``seconds`` is how long the
    stream is measured; ``make`` a maker's name, for the paths that are proposed after a 404.
    """

    url: str
    transport: str = "tcp"
    seconds: float = 8.0
    make: str = ""


@dataclass(frozen=True, slots=True)
class Failure:
    """Why something did not work: a code for translation, words in English, and what to do.

    ``schemes`` are the log-ins that the camera offers; ``paths`` what other makers' cameras call
    their streams, after a 404.
    """

    code: str
    message: str
    hint: str = ""
    step: str = ""
    schemes: tuple[str, ...] = ()
    paths: tuple[MakerPaths, ...] = ()


@dataclass(frozen=True, slots=True)
class MakerPaths:
    """Paths of RTSP streams by one maker, main stream first."""

    make: str
    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StreamReport:
    """A stream as it was measured; 0 and an empty text mean not known.

    ``login`` are the schemes of log-in that the camera asks for (none: it shows its picture to
    anybody). ``codec`` is h264, hevc or mjpeg, ``codec_string`` after RFC 6381. ``declared_fps`` is
    what the stream says of itself. ``gop_frames`` and ``gop_s`` are means over the whole groups of
    pictures that were seen, ``longest_gop_s`` the longest one, ``gop_variation`` the coefficient of
    variation of their bytes. ``rate_control`` says whether sizes follow the picture, and with it
    whether the activity gate may be used. ``clock_offset_s`` is the camera's clock less ours, from
    the camera's RTCP sender reports; the network's delay makes it a little low. ``open_s`` and
    ``first_picture_s`` count from the beginning of the probe. ``seconds`` is how long was measured.
    """

    login: tuple[str, ...]
    codec: str
    codec_string: str
    profile: str
    width: int
    height: int
    fps: float
    declared_fps: float
    bitrate_kbps: float
    gop_frames: float
    gop_s: float
    longest_gop_s: float
    b_frames: bool
    rate_control: RateControl
    gop_variation: float
    gops: int
    frames: int
    seconds: float
    open_s: float
    first_picture_s: float
    clock_offset_s: float | None


@dataclass(frozen=True, slots=True)
class OnvifService:
    """A service of a device: its XML namespace, version and address."""

    namespace: str
    version: str
    url: str


@dataclass(frozen=True, slots=True)
class OnvifProfile:
    """A media profile as the device describes it. URLs never hold credentials; empty: none.

    ``note`` is the code of a reason why the stream URL is missing or to be distrusted:
    ``elsewhere`` (another host than the device), ``network_not_allowed``, ``url``, ``fault``.
    ``source`` is the token of the video source that it shows: a recorder has many. The address of
    snapshots is asked for once for each source.
    """

    token: str
    name: str
    codec: str
    width: int
    height: int
    fps: float
    bitrate_kbps: int
    gop_frames: int
    ptz: bool
    audio: bool
    stream_url: str
    snapshot_url: str
    note: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True)
class OnvifReport:
    """What an ONVIF device says of itself.

    ``onvif_profiles`` are the letters of the conformance profiles that it declares (S, T, …).
    ``clock_offset_s`` is its clock less ours, at a second's precision. ``failures`` are the steps
    that did not work; the others did.
    """

    url: str
    authenticated: bool
    make: str
    model: str
    firmware: str
    serial: str
    hardware: str
    name: str
    location: str
    endpoint_id: str
    onvif_profiles: tuple[str, ...]
    services: tuple[OnvifService, ...]
    profiles: tuple[OnvifProfile, ...]
    ptz: bool
    presets: int
    clock_offset_s: float | None
    failures: tuple[Failure, ...]


@dataclass(frozen=True, slots=True)
class ProbeReport:
    """The outcome of a probe: a stream or a device, or why neither was found.

    ``reachable`` says whether a host answered at all. ``url`` holds no credentials.
    """

    url: str
    reachable: bool
    ok: bool
    took_s: float
    stream: StreamReport | None = None
    device: OnvifReport | None = None
    failure: Failure | None = None
    kind: Literal["probe"] = "probe"


encode = msgspec.json.Encoder().encode
decode_request = msgspec.json.Decoder(ProbeRequest).decode
decode_report = msgspec.json.Decoder(ProbeReport).decode
