"""Why a camera cannot be opened or went away, in words that an engineer can act on."""

from __future__ import annotations

import errno

import av.error

from camera_registry.base.errors import CamhubError, Kind


class OpenError(CamhubError):
    """A camera cannot be opened, or its stream has ended; ``code`` says which way."""

    kind = Kind.UNAVAILABLE


_MEANINGS: dict[type[Exception], tuple[str, str, str]] = {
    av.error.HTTPUnauthorizedError: (
        "auth_failed",
        "the camera refuses the user name or password",
        "check the credentials of this camera",
    ),
    av.error.HTTPForbiddenError: (
        "auth_failed",
        "the camera knows the user and forbids this stream",
        "give the camera's user the right to view live video",
    ),
    av.error.HTTPNotFoundError: (
        "not_found",
        "the camera answers, but has no such stream",
        "check the path in the camera's address",
    ),
    av.error.ConnectionRefusedError: (
        "refused",
        "the camera's host refuses the connection",
        "check the port, and that RTSP is switched on",
    ),
    av.error.HTTPServerError: (
        "server_error",
        "the camera reports an error of its own",
        "it may have too many viewers; restart it if this lasts",
    ),
    av.error.HTTPError: (
        "request_refused",
        "the camera refuses the request",
        "check the path in the camera's address, and the transport",
    ),
    av.error.EOFError: ("closed", "the camera closed the connection", "it may have restarted"),
    av.error.ConnectionResetError: (
        "closed",
        "the camera reset the connection",
        "it may have restarted",
    ),
    av.error.BrokenPipeError: (
        "closed",
        "the camera closed the connection",
        "it may have restarted",
    ),
}
_TRANSPORT = (
    "transport_refused",
    "the camera does not offer the transport asked for",
    "set the camera's transport to the other of tcp and udp",
)
_TIMEOUT = (
    "timeout",
    "the camera did not answer in time, or sent no picture",
    "check the address and its port, the network on the way, and firewalls",
)
_BAD_DATA = (
    "bad_data",
    "what the camera sends is not valid RTSP or video",
    "check that this is the RTSP port; restart the camera if it worked before",
)
_UNREACHABLE = (
    "unreachable",
    "the camera's host cannot be reached",
    "check the address and the network on the way",
)


def explain(error: Exception, *, timed_out: bool = False) -> OpenError:
    """Translate an error of PyAV; nothing of its text is kept."""
    code, message, hint = _TIMEOUT if timed_out else _meaning(error)
    return OpenError(message, hint=hint, code=code)


def _meaning(error: Exception) -> tuple[str, str, str]:
    if isinstance(error, (av.error.ExitError, av.error.TimeoutError)):
        return _TIMEOUT
    for kind, words in _MEANINGS.items():
        if isinstance(error, kind):
            return words
    if getattr(error, "errno", None) in (errno.EPROTO, errno.EPROTONOSUPPORT):
        return _TRANSPORT
    return _UNREACHABLE if isinstance(error, OSError) else _BAD_DATA
