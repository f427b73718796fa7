"""Where the log-in of a camera may go: to the host of its stream."""

from __future__ import annotations

from urllib.parse import urlsplit

from camera_registry.model import Camera

_UNREADABLE = "?"
"""Stands for a host that cannot be read out of an address; no host is called so."""


def device_elsewhere(camera: Camera) -> str:
    """Return the host of a camera's ONVIF service if it is another than that of its stream.

    Empty where the service is at the stream's host, or none is known. A log-in is given for the
    host of the stream: another host there takes it away. The address of the service is only one
    more field, which whoever edits the camera can write, and a probe takes over. If the log-in
    followed it, an editor who may not know the password could name a host of their own and have it
    sent there. So nothing that carries a log-in may be sent to a service for which this is not
    empty.

    Hosts are the same only where they are written the same but for capitals: ``cam.city`` and
    ``cam.city.`` can be two machines to a resolver that knows search domains. What cannot be read
    is elsewhere.
    """
    url = camera.details.capabilities.onvif_url
    if not url or at_one_host(url, camera.url):
        return ""
    return _host(url) or _UNREADABLE


def at_one_host(url: str, other: str) -> bool:
    """Say whether two addresses name one host, whatever their ports; False where one names none."""
    host = _host(url)
    return bool(host) and host == _host(other)


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:  # such as a bracket that is not closed
        return ""
