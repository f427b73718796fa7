"""What is accepted in the details of a camera."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from camera_registry.base.errors import InvalidError
from camera_registry.details import Capabilities, Details, PrivacyZone, StreamProfile, codec_name
from camera_registry.geo.polygons import is_simple

ONVIF_PROFILES = ("A", "C", "D", "G", "M", "Q", "S", "T")
MAX_ZONES = 20
MAX_CORNERS = 32

_TEXTS = {
    "address": 200,
    "owner": 120,
    "purpose": 200,
    "make": 60,
    "model": 60,
    "firmware": 60,
    "serial": 60,
}
_NUMBERS = {
    "height_m": (-50.0, 1000.0),
    "azimuth_deg": (0.0, 360.0),
    "fov_deg": (0.1, 360.0),
    "view_m": (0.1, 20_000.0),
    "target_px_m": (1.0, 10_000.0),
}
_CODEC = re.compile(r"[a-z0-9._-]{0,20}")
_WORD = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}")
_FIRST_DAY = date(1980, 1, 1)


def checked_details(given: Details) -> Details:
    """Return the details in their one form. Raises InvalidError that names the field.

    The URLs are not looked at here: who stores them asks the URL policy.
    """
    plain: dict[str, Any] = {
        **{name: _text(name, getattr(given, name), most) for name, most in _TEXTS.items()},
        **{name: _number(name, getattr(given, name), *most) for name, most in _NUMBERS.items()},
        **{name: _day(name, getattr(given, name)) for name in ("installed_on", "checked_on")},
    }
    if plain["azimuth_deg"] == 360:
        plain["azimuth_deg"] = 0.0
    if _WORD.fullmatch(given.retention_class) is None:
        raise _wrong("retention_class", "use 1 to 32 of a-z, digits, dashes and underscores")
    if given.main.url:
        raise _wrong("main", "the address of the main stream is the camera's url")
    return replace(
        given,
        **plain,
        main=_stream("main", given.main),
        sub=None if given.sub is None else _stream("sub", given.sub),
        capabilities=_capabilities(given.capabilities),
        privacy_zones=_zones(given.privacy_zones),
    )


def _text(field: str, value: str, most: int) -> str:
    text = value.strip()
    if len(text) > most or not text.isprintable():
        raise _wrong(field, f"give at most {most} printable characters")
    return text


def _number(field: str, value: float | None, least: float, most: float) -> float | None:
    if value is None or (math.isfinite(value) and least <= value <= most):
        return value
    raise _wrong(field, f"must be within {least:g} and {most:g}")


def _day(field: str, value: date | None) -> date | None:
    latest = datetime.now(UTC).date() + timedelta(days=1)  # a zone east of UTC is a day ahead
    if value is None or _FIRST_DAY <= value <= latest:
        return value
    raise _wrong(field, f"must be within {_FIRST_DAY} and today")


def _stream(field: str, value: StreamProfile) -> StreamProfile:
    codec = codec_name(value.codec)
    if _CODEC.fullmatch(codec) is None:
        raise _wrong(f"{field}.codec", "write for example h264, h265 or mjpeg")
    for name, most in (("width", 16384), ("height", 16384), ("bitrate_kbps", 1_000_000)):
        if not 0 <= getattr(value, name) <= most:
            raise _wrong(f"{field}.{name}", f"must be within 0 and {most}")
    if not (math.isfinite(value.fps) and 0 <= value.fps <= 240):
        raise _wrong(f"{field}.fps", "must be within 0 and 240")
    return replace(value, codec=codec)


def _capabilities(value: Capabilities) -> Capabilities:
    profiles = tuple(sorted({profile.strip().upper() for profile in value.onvif_profiles}))
    if not set(profiles) <= set(ONVIF_PROFILES):
        raise _wrong("capabilities.onvif_profiles", f"know {', '.join(ONVIF_PROFILES)} only")
    endpoint, source = value.endpoint_id.strip(), value.source_token.strip()
    for field, name in (("endpoint_id", endpoint), ("source_token", source)):
        if len(name) > 120 or not name.isprintable():
            raise _wrong(f"capabilities.{field}", "must be at most 120 printable characters")
    return replace(value, onvif_profiles=profiles, endpoint_id=endpoint, source_token=source)


def _zones(values: Sequence[PrivacyZone]) -> tuple[PrivacyZone, ...]:
    if len(values) > MAX_ZONES:
        raise _wrong("privacy_zones", f"at most {MAX_ZONES}")
    return tuple(_zone(zone) for zone in values)


def _zone(zone: PrivacyZone) -> PrivacyZone:
    if not 3 <= len(zone.points) <= MAX_CORNERS:
        raise _wrong("privacy_zones", f"a zone has 3 to {MAX_CORNERS} corners")
    if not all(0 <= x <= 1 and 0 <= y <= 1 for x, y in zone.points):
        raise _wrong("privacy_zones", "x and y are shares of the picture, 0 to 1")
    if not is_simple(zone.points):
        raise _wrong("privacy_zones", "a zone's border must not cross or touch itself")
    return replace(zone, name=_text("privacy_zones.name", zone.name, 60))


def _wrong(field: str, words: str) -> InvalidError:
    return InvalidError(f"{field}: {words}", code=field.partition(".")[0])
