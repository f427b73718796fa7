"""RTSP authentication: Basic and Digest with MD5 (RFC 2326, D.1.2; RFC 2617)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets

from ingest.simulator.config import Auth

REALM = "camhub simulator"
_PAIR = re.compile(r'([A-Za-z]{1,16})\s{0,4}=\s{0,4}(?:"([^"]*)"|([^",\s]+))')


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def digest_response(username: str, password: str, method: str, parameters: dict[str, str]) -> str:
    """Compute ``response`` of RFC 2617, 3.2.2, for the realm, nonce, uri, qop in ``parameters``."""
    ha1 = _md5(f"{username}:{parameters.get('realm', '')}:{password}")
    ha2 = _md5(f"{method}:{parameters.get('uri', '')}")
    nonce = parameters.get("nonce", "")
    if parameters.get("qop") == "auth":
        count, client = parameters.get("nc", ""), parameters.get("cnonce", "")
        return _md5(f"{ha1}:{nonce}:{count}:{client}:auth:{ha2}")
    return _md5(f"{ha1}:{nonce}:{ha2}")


def parse_parameters(text: str) -> dict[str, str]:
    """Read ``name="value"`` pairs of a challenge or of an Authorization header."""
    return {name.lower(): quoted or plain for name, quoted, plain in _PAIR.findall(text)}


class Authenticator:
    """The challenge of one connection. Its nonce lives as long as the connection."""

    def __init__(self) -> None:
        self._nonce = secrets.token_hex(16)

    def challenge(self, scheme: Auth) -> str:
        """Return the value of WWW-Authenticate."""
        if scheme == "basic":
            return f'Basic realm="{REALM}"'
        return f'Digest realm="{REALM}", nonce="{self._nonce}", algorithm=MD5'

    def accepts(
        self, scheme: Auth, username: str, password: str, method: str, url: str, header: str
    ) -> bool:
        """Tell whether ``header`` (Authorization) proves the password for this request."""
        if scheme == "none":
            return True
        offered, _, rest = header.partition(" ")
        if offered.lower() != scheme:
            return False
        if scheme == "basic":
            try:
                plain = base64.b64decode(rest.strip(), validate=True)
            except ValueError:  # no base64, or no ASCII
                return False
            return hmac.compare_digest(plain, f"{username}:{password}".encode())
        given = parse_parameters(rest)
        # The uri may be the request's URL, or its path alone as some clients send it.
        if given.get("nonce") != self._nonce or given.get("realm") != REALM:
            return False
        if given.get("username") != username or not url.endswith(given.get("uri", "\0")):
            return False
        wanted = digest_response(username, password, method, given)
        return hmac.compare_digest(wanted.encode(), given.get("response", "").encode())
