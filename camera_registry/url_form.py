"""One way to write the address of a stream, so that two of them can be held against each other."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

_ENCODED = re.compile(r"%[0-9A-Fa-f]{2}")
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")


def stream_variants(url: str) -> tuple[str, ...]:
    """Return how else an accepted URL may be written: the root of a host with and without /."""
    parts = urlsplit(url)
    if parts.path not in ("", "/") or parts.query:
        return (url,)
    bare = parts._replace(path="").geturl()
    return bare, f"{bare}/"


def stream_key(url: str) -> str:
    """Return what is the same for all URLs of one stream."""
    return stream_variants(url)[0]


def plain(text: str) -> str:
    """Write each percent-encoding in one way (RFC 3986 6.2.2): not at all where none is needed."""

    def one(found: re.Match[str]) -> str:
        sign = chr(int(found[0][1:], 16))
        return sign if sign in _UNRESERVED else found[0].upper()

    return _ENCODED.sub(one, text)
