"""From what zeep makes of a device's answers to values of ours.

A device leaves out what it must not, and sends what nobody expects: each reader takes anything and
gives a value within bounds.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote, urlsplit

from camera_registry.probe import MAX_PROFILES, OnvifService
from ingest.onvif.xml import printable

_MAX_SERVICES = 40
_MAX_SCOPES = 60
_MAX_USERS = 200
_CODECS = {"H264": "h264", "H265": "hevc", "JPEG": "mjpeg", "MPEG4": "mpeg4", "MPV4-ES": "mpeg4"}


def field(value: object, *names: str) -> Any:
    """Follow attributes; None as soon as one is missing."""
    for name in names:
        value = getattr(value, name, None)
    return value


def text(value: object, *names: str) -> str:
    """Return a text of at most 120 printable characters; empty where there is none."""
    return printable(field(value, *names))


def number(value: object, *names: str) -> float:
    """Return a finite number that is not negative; 0 where there is none."""
    found = field(value, *names)
    if isinstance(found, bool) or not isinstance(found, int | float):
        return 0.0
    return bounded(float(found)) if math.isfinite(found) else 0.0


def bounded(value: float) -> float:
    """Return a number that a report can hold."""
    return min(max(value, 0.0), 1e9)


def address(answer: object) -> str:
    """Read GetStreamUri and GetSnapshotUri; empty where they hold no address."""
    told = field(answer, "Uri")
    return told if isinstance(told, str) else ""


def items(value: object, limit: int) -> list[Any]:
    """Return at most ``limit`` of what should be a list."""
    if value is None or isinstance(value, str | bytes):
        return []
    if not isinstance(value, Iterable):
        return [value]
    return [item for item, _ in zip(value, range(limit), strict=False)]


def moment(answer: object) -> datetime | None:
    """Read GetSystemDateAndTime in UTC; None where the device does not say."""
    given = field(answer, "UTCDateTime")
    try:
        return datetime(
            int(given.Date.Year),
            int(given.Date.Month),
            int(given.Date.Day),
            int(given.Time.Hour),
            int(given.Time.Minute),
            min(int(given.Time.Second), 59),
            tzinfo=UTC,
        )
    except (AttributeError, TypeError, ValueError, OverflowError):
        return None


def services(answer: object) -> tuple[OnvifService, ...]:
    """Read GetServices."""
    found = []
    for item in items(answer, _MAX_SERVICES):
        namespace, url = text(item, "Namespace"), text(item, "XAddr")
        if namespace and url:
            version = (
                f"{number(item, 'Version', 'Major'):.0f}.{number(item, 'Version', 'Minor'):.0f}"
            )
            found.append(OnvifService(namespace, version, url))
    return tuple(found)


def capabilities(answer: object) -> tuple[OnvifService, ...]:
    """Read GetCapabilities, as devices have it that know no GetServices."""
    known = {
        "Media": "http://www.onvif.org/ver10/media/wsdl",
        "PTZ": "http://www.onvif.org/ver20/ptz/wsdl",
        "Events": "http://www.onvif.org/ver10/events/wsdl",
        "Imaging": "http://www.onvif.org/ver20/imaging/wsdl",
        "Analytics": "http://www.onvif.org/ver20/analytics/wsdl",
    }
    return tuple(
        OnvifService(namespace, "", url)
        for name, namespace in known.items()
        if (url := text(answer, name, "XAddr"))
    )


def users(answer: object) -> dict[str, str]:
    """Read GetUsers: the level of each user by name, as it stands."""
    found: dict[str, str] = {}
    for item in items(answer, _MAX_USERS):
        name, level = field(item, "Username"), field(item, "UserLevel")
        if isinstance(name, str) and isinstance(level, str):
            found[name] = level
    return found


def scopes(answer: object) -> tuple[str, ...]:
    """Read GetScopes."""
    found = (text(item, "ScopeItem") for item in items(answer, _MAX_SCOPES))
    return tuple(scope for scope in found if scope)


def scope_values(found: Sequence[str], category: str) -> tuple[str, ...]:
    """Return what scopes ``onvif://www.onvif.org/<category>/<value>`` say (ONVIF Core 7.3.2.2)."""
    values = []
    for scope in found:
        parts = urlsplit(scope)
        head, _, rest = parts.path.lstrip("/").partition("/")
        if parts.scheme == "onvif" and head.lower() == category.lower() and rest:
            values.append(printable(unquote(rest), 60))
    return tuple(dict.fromkeys(values))


def profiles(answer: object) -> list[Any]:
    """Read GetProfiles: those that have a token."""
    return [item for item in items(answer, MAX_PROFILES) if text(item, "token")]


def codec(name: str) -> str:
    """Return a codec in our words, as the device has it where we have none."""
    return _CODECS.get(name.upper(), name.lower()[:20])


def gop(encoder: object) -> int:
    """Return an encoder's distance of keyframes in pictures; 0 where it does not say."""
    for name in ("H264", "H265", "MPEG4"):
        if length := number(encoder, name, "GovLength"):
            return int(length)
    return 0
