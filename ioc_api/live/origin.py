"""Which web pages may open a live connection with the browser's cookie."""

from __future__ import annotations

from collections.abc import Collection
from urllib.parse import urlsplit


def origin_allowed(origin: str, host: str, allowed: Collection[str]) -> bool:
    """Say whether a page of ``origin`` may connect to us under the name ``host``.

    ``origin`` and ``host`` are the headers of that name; ``allowed`` holds further origins such as
    ``https://wall.example``. The scheme is not compared with ours: TLS often ends before us.
    """
    if origin in allowed:
        return True
    try:
        parts = urlsplit(origin)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(host) and parts.netloc.lower() == host.lower()
