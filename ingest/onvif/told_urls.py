"""The addresses that a device tells: what of them is believed."""

from __future__ import annotations

from urllib.parse import urlsplit

from camera_registry.base.errors import CamhubError
from camera_registry.urls import UrlPolicy
from ingest.onvif.xml import printable


def stream_url(told: str, device_url: str, policy: UrlPolicy) -> tuple[str, str]:
    """Return a stream's address without credentials, and the code of what is wrong with it."""
    if not told.strip():
        return "", "fault"
    try:
        url = policy.accept(told.strip()).url
    except CamhubError as error:
        return "", error.code
    here = urlsplit(device_url).hostname
    return url, "" if urlsplit(url).hostname == here else "elsewhere"


def snapshot_url(told: str, device_url: str) -> str:
    """Return a snapshot's address if it is at the very host that was asked."""
    if len(told) > 2048 or told != printable(told, 2048):
        return ""
    try:
        parts = urlsplit(told)
        port = parts.port
    except ValueError:
        return ""
    here = urlsplit(device_url).hostname
    if parts.scheme not in ("http", "https") or parts.hostname != here or port == 0:
        return ""
    if parts.username or parts.password or "pass" in parts.query.lower():
        return ""
    return parts._replace(fragment="").geturl()
