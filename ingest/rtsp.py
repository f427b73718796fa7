"""Opens a camera, and says in words an engineer can act on why it could not be opened.

FFmpeg's errors and PyAV's containers carry the address with the password in it. Nothing of them
leaves this module but a code and a line of our own.
"""

from __future__ import annotations

import socket
import time
from dataclasses import dataclass
from urllib.parse import SplitResult, quote, urlsplit

import av
import av.error
from av.container import InputContainer
from av.video.stream import VideoStream

from camera_registry.model import Credentials
from ingest.allocations import bound_allocations
from ingest.auth_probe import refuses_every_scheme_we_speak
from ingest.open_errors import OpenError, explain
from ingest.options import IngestOptions

CODECS = frozenset(("h264", "hevc", "mjpeg"))
_SCHEMES = frozenset(("rtsp", "rtsps"))
_MAYBE_NO_VIDEO = (av.error.InvalidDataError, av.error.HTTPOtherClientError)
_FFMPEG_AUTH_LIMIT = 127
"""``RTSPState.auth`` of libavformat/rtsp.h has 128 bytes; what is longer is cut off in silence."""


@dataclass(frozen=True, slots=True)
class OpenStream:
    """An open camera. The owner closes ``container``."""

    container: InputContainer
    stream: VideoStream
    codec: str


def open_camera(
    url: str, credentials: Credentials | None, transport: str, options: IngestOptions
) -> OpenStream:
    """Open an ``rtsp`` or ``rtsps`` address and return its first video stream.

    ``transport`` is tcp or udp. Blocks for at most about twice ``open_timeout_s``, apart from the
    resolving of the name, which the system bounds. Raises OpenError.
    """
    bound_allocations()
    parts = _resolved(_checked(url), options)
    secret = _with_credentials(parts, credentials)
    started = time.monotonic()
    container, error = _try_open(secret, _ffmpeg_options(transport, options), options)
    if container is None:
        if isinstance(error, av.error.HTTPUnauthorizedError):
            _explain_unauthorized(parts, credentials, options)
        timed_out = time.monotonic() - started >= options.open_timeout_s
        if isinstance(error, _MAYBE_NO_VIDEO) and not timed_out:
            container = _opened_with_all_media(secret, transport, options)
        if container is None:
            raise explain(error or av.error.EOFError(0, ""), timed_out=timed_out)
    return _video_of(container)


def open_file(path: str) -> OpenStream:
    """Open a media file in the same form as a camera, for tools and clips. Raises OpenError."""
    container, error = _try_open(path, {}, IngestOptions())
    if container is None:
        raise explain(error or av.error.EOFError(0, ""))
    return _video_of(container)


def _ffmpeg_options(transport: str, options: IngestOptions) -> dict[str, str]:
    return {
        "rtsp_transport": "udp" if transport == "udp" else "tcp",
        "allowed_media_types": "video",
        # A camera may redirect, or name another host in its description: media, and nothing else.
        "protocol_whitelist": "rtsp,rtsps,tcp,tls,udp,rtp",
        "analyzeduration": "500000",
        "probesize": "200000",
        # A socket that takes no more bytes must not hold a TEARDOWN for ever.
        "timeout": str(round((options.stalled_after_s + options.open_timeout_s) * 1_000_000)),
    }


def _checked(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        parts, port = SplitResult("", "", "", "", ""), None
    if parts.scheme not in _SCHEMES or not parts.hostname or port == 0:
        raise OpenError(
            "the camera's address is no rtsp:// or rtsps:// address",
            hint="write it like rtsp://192.0.2.7:554/stream1",
            code="bad_url",
        )
    return parts


def _resolved(parts: SplitResult, options: IngestOptions) -> SplitResult:
    """Put an address in place of the host's name, after asking whether it is allowed.

    FFmpeg gets the very address that was checked: asked a second time, a name server may give
    another. ``rtsps`` keeps the name, which TLS needs.
    """
    try:
        found = socket.getaddrinfo(parts.hostname, parts.port or 554, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        found = []
    if not found:
        raise OpenError(
            "the name of the camera's host cannot be resolved",
            hint="check its spelling and the name server of the worker",
            code="dns",
        )
    addresses = [str(entry[4][0]) for entry in found]
    if not all(options.permits(address) for address in addresses):
        raise OpenError(
            "the camera's address lies in a network that is not allowed",
            hint="see the setting camera_networks",
            code="forbidden_network",
        )
    if parts.scheme == "rtsps":
        return parts
    host = f"[{addresses[0]}]" if ":" in addresses[0] else addresses[0]
    return parts._replace(netloc=host if parts.port is None else f"{host}:{parts.port}")


def _with_credentials(parts: SplitResult, credentials: Credentials | None) -> str:
    if credentials is None:
        return parts.geturl()
    user = quote(credentials.username, safe="") + ":" + quote(credentials.password, safe="")
    if len(user) > _FFMPEG_AUTH_LIMIT:
        raise OpenError(
            "the camera's user name and password together are too long",
            hint=f"they may take {_FFMPEG_AUTH_LIMIT - 1} characters, signs other than letters "
            "and digits counting three",
            code="credentials_too_long",
        )
    return parts._replace(netloc=f"{user}@{parts.netloc.rpartition('@')[2]}").geturl()


def _try_open(
    name: str, ffmpeg: dict[str, str], options: IngestOptions
) -> tuple[InputContainer | None, Exception | None]:
    """Return the error instead of raising: a chained exception would carry the address along."""
    try:
        container = av.open(
            name,
            options=ffmpeg,
            timeout=(options.open_timeout_s, options.stalled_after_s),
            metadata_errors="replace",
        )
    except (av.error.FFmpegError, OSError, ValueError, UnicodeError) as error:
        return None, error
    return container, None


def _opened_with_all_media(
    secret: str, transport: str, options: IngestOptions
) -> InputContainer | None:
    """Tell a stream of sound alone from garbage: FFmpeg gives one error for both when it may only
    take video.
    """
    every = _ffmpeg_options(transport, options) | {"allowed_media_types": "video+audio+data"}
    return _try_open(secret, every, options)[0]


def _explain_unauthorized(
    parts: SplitResult, credentials: Credentials | None, options: IngestOptions
) -> None:
    if credentials is None:
        raise OpenError(
            "the camera asks for a user name and password, and none is registered",
            hint="add the credentials to this camera",
            code="auth_failed",
        )
    if parts.scheme == "rtsp" and refuses_every_scheme_we_speak(
        parts.hostname or "", parts.port or 554, parts.geturl(), options.open_timeout_s
    ):
        raise OpenError(
            "the camera offers no log-in but Digest with SHA-256, which is not supported",
            hint="allow Digest with MD5 in the camera's settings",
            code="digest_sha256_unsupported",
        )


def _video_of(container: InputContainer) -> OpenStream:
    failure: OpenError | None = None
    codec = ""
    if not container.streams.video:
        failure = OpenError(
            "the camera's stream has no video",
            hint="choose a stream with video in the camera's settings",
            code="no_video",
        )
    else:
        context = container.streams.video[0].codec_context
        codec = context.codec.canonical_name if context is not None else "unknown"
        if codec not in CODECS:
            failure = OpenError(
                f"the camera's video codec {codec} is not supported",
                hint="set the camera to H.264, H.265 or MJPEG",
                code="unsupported_codec",
            )
    if failure is not None:
        container.close()
        raise failure
    return OpenStream(container, container.streams.video[0], codec)
