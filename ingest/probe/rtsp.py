"""The probe of an RTSP address: first words, then the measurement, or why there is none."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from urllib.parse import urlsplit

from camera_registry.base.clock import Clock
from camera_registry.base.errors import CamhubError
from camera_registry.model import Credentials
from camera_registry.probe import Failure, ProbeReport, ProbeRequest
from ingest.open_errors import OpenError
from ingest.options import IngestOptions
from ingest.probe.addresses import permitted_addresses
from ingest.probe.first_words import FirstWords, first_words
from ingest.probe.measure import Measured, Progress, StreamProbe
from ingest.probe.paths import paths_to_try
from ingest.session import Source
from ingest.threads import run_stoppable

_NOT_REACHED = frozenset(("dns", "refused", "timeout", "unreachable", "forbidden_network"))
_MAX_DESCRIPTION = 256 * 1024
_SPOKEN = frozenset(("Basic", "Digest MD5", "Digest MD5-SESS"))


async def probe_rtsp(
    request: ProbeRequest,
    credentials: Credentials | None,
    *,
    clock: Clock,
    options: IngestOptions,
    progress: Progress,
) -> tuple[ProbeReport, bytes]:
    """Look at a camera. Returns the report and the first picture as a JPEG, empty without one.

    Whatever the camera does becomes a report. Cancellation ends the measurement.
    """
    began = time.monotonic()
    words: FirstWords | None = None
    try:
        words = await _asked(request, options)
        if words is not None and 300 <= words.status < 400:
            raise _redirected()
        if words is not None and words.length > _MAX_DESCRIPTION:
            raise _endless()
        measured = await _measured(request, credentials, clock, options, progress)
    except CamhubError as error:
        failure = _explained(error, words, credentials, request.make)
        reached = words is not None or error.code not in _NOT_REACHED
        return _report(request, began, reached, failure=failure), b""
    stream = replace(measured.report, login=words.schemes if words else ())
    report = _report(request, began, reached=True)
    return replace(report, ok=True, stream=stream), measured.picture


async def _asked(request: ProbeRequest, options: IngestOptions) -> FirstWords | None:
    """Return a camera's first words; None where it does not answer so simple a question.

    Raises OpenError for a name or a network; what else is wrong the opening itself tells.
    """
    parts = urlsplit(request.url)
    found = await permitted_addresses(parts.hostname or "", parts.port or 554, options.permits)
    try:
        return await first_words(request.url, found[0], options.open_timeout_s)
    except (OSError, TimeoutError):
        return None


async def _measured(
    request: ProbeRequest,
    credentials: Credentials | None,
    clock: Clock,
    options: IngestOptions,
    progress: Progress,
) -> Measured:
    stop = threading.Event()
    probe = StreamProbe(
        Source(request.url, request.transport, credentials),
        clock=clock,
        options=options,
        seconds=request.seconds,
        stop=stop,
        progress=progress,
    )
    found: list[Measured] = []
    await run_stoppable(
        lambda: found.append(probe.run()), stop, name="probe", grace_s=options.stop_grace_s
    )
    return found[0]


def _redirected() -> OpenError:
    # FFmpeg would follow without asking whether that host is allowed
    return OpenError(
        "the camera sends its viewers to another address",
        hint="register the address of the stream itself",
        code="redirected",
    )


def _endless() -> OpenError:
    # FFmpeg would set aside as much memory as the camera says, and read on
    return OpenError(
        "the camera's description of its stream is too long",
        hint="check that this is a camera; restart it if it worked before",
        code="bad_data",
    )


def _explained(
    error: CamhubError, words: FirstWords | None, credentials: Credentials | None, make: str
) -> Failure:
    failure = Failure(error.code, error.message, error.hint, step="rtsp")
    if words is None:
        return failure
    if error.code == "not_found" or words.status == 404:
        return Failure(
            "not_found",
            "the camera answers, but has no such stream",
            "try one of the paths that its maker uses",
            step="rtsp",
            paths=paths_to_try(make, words.server, words.realm),
        )
    if error.code in ("auth_failed", "digest_sha256_unsupported"):
        offered = " and ".join(words.schemes) or "no log-in that it names"
        if words.schemes and not _SPOKEN & set(words.schemes):
            return replace(
                failure,
                code="auth_scheme_unsupported",
                message=f"the camera offers {offered}, which camhub does not speak",
                hint="allow Digest with MD5 in the camera's settings",
                schemes=words.schemes,
            )
        code = "auth_failed" if credentials else "credentials_missing"
        tail = "refuses these" if credentials else "none were given"
        message = f"the camera asks for a user name and password ({offered}), and {tail}"
        return replace(failure, code=code, message=message, schemes=words.schemes)
    return failure


def _report(
    request: ProbeRequest, began: float, reached: bool, *, failure: Failure | None = None
) -> ProbeReport:
    took = round(time.monotonic() - began, 3)
    return ProbeReport(request.url, reached, ok=False, took_s=took, failure=failure)
