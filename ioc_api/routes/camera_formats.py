"""Cameras for other systems: GeoJSON (RFC 7946), NGSI-LD, CSV. Never a secret in any of them."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from enum import StrEnum
from typing import Any

import msgspec

from camera_registry.base.clock import us_to_iso
from camera_registry.imports.guard import guarded
from camera_registry.model import AdminUnit, Camera, CameraClass, CameraState
from ioc_api.routes.camera_shapes import camera_shape

CONTEXT = (
    "https://raw.githubusercontent.com/smart-data-models/dataModel.Device/master/context.jsonld",
    "https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-v1.6.jsonld",
)
"""Of the Smart Data Models' Camera (dataModel.Device), and of NGSI-LD itself."""

Known = tuple[Camera, AdminUnit, CameraState | None]


class Format(StrEnum):
    """How cameras are written."""

    JSON = "json"
    GEOJSON = "geojson"
    NGSI_LD = "ngsi-ld"
    CSV = "csv"

    @property
    def media_type(self) -> str:
        """The media type of an answer."""
        return _MEDIA_TYPES[self]


_MEDIA_TYPES = {
    Format.JSON: "application/json",
    Format.GEOJSON: "application/geo+json",
    Format.NGSI_LD: "application/ld+json",
    Format.CSV: "text/csv",
}

COLUMNS = (
    "id",
    "code",
    "name",
    "unit_code",
    "unit_name_vi",
    "class",
    "address",
    "lon",
    "lat",
    "height_m",
    "azimuth_deg",
    "fov_deg",
    "view_m",
    "target_px_m",
    "owner",
    "purpose",
    "make",
    "model",
    "firmware",
    "serial",
    "installed_on",
    "checked_on",
    "url",
    "sub_url",
    "codec",
    "width",
    "height",
    "fps",
    "bitrate_kbps",
    "ptz",
    "audio",
    "onvif_profiles",
    "retention_class",
    "sign_posted",
    "tags",
    "enabled",
    "transport",
    "priority",
    "state",
    "version",
    "updated_at",
)


def chosen(wanted: Format | None, accept: str) -> Format:
    """Return the format that a request asks for, by its parameter or else by its Accept header."""
    if wanted is not None:
        return wanted
    for part in accept.split(",")[:20]:
        kind = part.partition(";")[0].strip().lower()
        for each in Format:
            if each.media_type == kind:
                return each
    return Format.JSON


def feature_collection(cameras: Iterable[Known], following: str | None) -> bytes:
    """Write cameras as a FeatureCollection; ``following`` is the cursor of the next page."""
    body = {
        "type": "FeatureCollection",
        "features": [feature(*each) for each in cameras],
        "next_cursor": following,
    }
    return msgspec.json.encode(body)


def feature(camera: Camera, unit: AdminUnit, state: CameraState | None) -> dict[str, Any]:
    """Return a camera as a Feature; without a position its geometry is null (3.2)."""
    shown = camera_shape(camera, unit, state).model_dump(mode="json", by_alias=True)
    position = shown.pop("position")
    geometry = None
    if position is not None:
        geometry = {"type": "Point", "coordinates": [position["lon"], position["lat"]]}
    return {"type": "Feature", "id": camera.id, "geometry": geometry, "properties": shown}


def entity(camera: Camera, unit: AdminUnit, _: CameraState | None) -> dict[str, Any]:
    """Return a camera as an NGSI-LD entity of the Smart Data Models' type Camera, normalised."""
    details = camera.details
    values: dict[str, Any] = {
        "name": camera.name,
        "cameraName": camera.code,
        "cameraUsage": "TRAFFIC" if camera.camera_class is CameraClass.TRAFFIC else "SURVEILLANCE",
        "cameraType": "PTZ" if details.capabilities.ptz else "FIXED",
        "streamName": "main",
        "streamURL": camera.url,
        "on": camera.enabled,
        "description": details.purpose,
        "owner": [details.owner] if details.owner else [],
        "address": {
            "addressCountry": "VN",
            "addressRegion": "Thành phố Hồ Chí Minh",
            "addressLocality": unit.name_vi,
            **({"streetAddress": details.address} if details.address else {}),
        },
        "areaServed": unit.code,
        "dataProvider": "camhub",
        "dateCreated": _instant(camera.created_us),
        "dateModified": _instant(camera.updated_us),
    }
    if details.azimuth_deg is not None:
        words = f"azimuth {details.azimuth_deg:g}°"
        values["cameraOrientation"] = {"comments": words}
    found: dict[str, Any] = {
        "@context": list(CONTEXT),
        "id": f"urn:ngsi-ld:Camera:{camera.id}",
        "type": "Camera",
    }
    for name, value in values.items():
        if value not in ("", []):
            found[name] = {"type": "Property", "value": value}
    if camera.position is not None:
        point = {"type": "Point", "coordinates": [camera.position.lon, camera.position.lat]}
        found["location"] = {"type": "GeoProperty", "value": point}
    return found


def entities(cameras: Iterable[Known]) -> bytes:
    """Write cameras as an array of entities."""
    return msgspec.json.encode([entity(*each) for each in cameras])


def csv_head() -> bytes:
    """Return the first line, after a mark by which spreadsheet programs know UTF-8."""
    return b"\xef\xbb\xbf" + _line(COLUMNS)


def csv_lines(cameras: Iterable[Known]) -> bytes:
    """Write cameras as lines of CSV (RFC 4180); no text is taken for a formula."""
    return b"".join(_line(_cells(*each)) for each in cameras)


def _cells(camera: Camera, unit: AdminUnit, state: CameraState | None) -> list[str]:
    details = camera.details
    values: dict[str, Any] = msgspec.to_builtins(details)
    values |= values.pop("main") | values.pop("capabilities")
    values |= {name: getattr(camera, name) for name in ("id", "code", "name", "unit_code", "url")}
    values |= {
        "unit_name_vi": unit.name_vi,
        "class": camera.camera_class.value,
        "lon": camera.position.lon if camera.position else None,
        "lat": camera.position.lat if camera.position else None,
        "sub_url": details.sub.url if details.sub else "",
        "onvif_profiles": " ".join(details.capabilities.onvif_profiles),
        "tags": ", ".join(camera.tags),
        "enabled": camera.enabled,
        "transport": camera.transport,
        "priority": camera.priority,
        "state": state.state.value if state else "",
        "version": camera.version,
        "updated_at": us_to_iso(camera.updated_us),
    }
    values["url"] = camera.url
    return [_cell(values[name]) for name in COLUMNS]


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.10g}"
    return guarded(str(value))


def _line(cells: Iterable[str]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerow(cells)
    return text.getvalue().encode()


def _instant(time_us: int) -> dict[str, str]:
    return {"@type": "DateTime", "@value": us_to_iso(time_us)}
