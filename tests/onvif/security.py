"""WS-UsernameToken (OASIS Username Token Profile 1.1) as a careful device checks it."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from lxml import etree

_WSSE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
_WSU = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"
_DIGEST = (
    "http://docs.oasis-open.org/wss/2004/01/"
    "oasis-200401-wss-username-token-profile-1.0#PasswordDigest"
)
_WINDOW = timedelta(seconds=60)


class TokenChecker:
    """Accepts a digest once, made within a minute of the device's own time."""

    def __init__(self, passwords: dict[str, str], now: Callable[[], datetime]) -> None:
        self.passwords = passwords
        self._now = now
        self._nonces: set[str] = set()
        self.refusals: list[str] = []

    def accepts(self, envelope: etree._Element) -> bool:
        """Say whether the envelope is signed by the user."""
        reason = self._fault_of(envelope)
        if reason:
            self.refusals.append(reason)
        return not reason

    def user_of(self, envelope: etree._Element) -> str:
        """Return the name that an accepted envelope is signed with."""
        token = envelope.find(f".//{{{_WSSE}}}Security/{{{_WSSE}}}UsernameToken")
        return "" if token is None else token.findtext(f"{{{_WSSE}}}Username", "")

    def _fault_of(self, envelope: etree._Element) -> str:
        token = envelope.find(f".//{{{_WSSE}}}Security/{{{_WSSE}}}UsernameToken")
        if token is None:
            return "no token"
        name = token.findtext(f"{{{_WSSE}}}Username", "")
        given = token.find(f"{{{_WSSE}}}Password")
        nonce = token.findtext(f"{{{_WSSE}}}Nonce", "")
        created = token.findtext(f"{{{_WSU}}}Created", "")
        if given is None or given.get("Type") != _DIGEST:
            return "no digest"
        if not created.endswith("Z"):
            return "Created is not in Zulu time"
        made = datetime.fromisoformat(created).astimezone(UTC)
        if abs(made - self._now()) > _WINDOW:
            return "made too long ago, or in the future"
        if nonce in self._nonces:
            return "replayed"
        self._nonces.add(nonce)
        password = self.passwords.get(name)
        if password is None:
            return "no such user"
        material = base64.b64decode(nonce) + created.encode() + password.encode()
        wanted = base64.b64encode(hashlib.sha1(material).digest()).decode()
        if not hmac.compare_digest(wanted, given.text or ""):
            return "wrong digest"
        return ""
