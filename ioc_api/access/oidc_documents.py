"""What an OpenID provider publishes: its discovery document and its keys, kept for a while.

Everything that comes from the provider is bounded, and nothing of it is followed anywhere but to
https, or to this machine.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx
import structlog
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from camera_registry.base.clock import Clock
from camera_registry.base.errors import UnauthenticatedError, UnavailableError
from ioc_api.access.oidc_model import is_safe_url

log = structlog.get_logger(__name__)

_MAX_BYTES = 2**20
_TIMEOUT_S = 10.0
_KEEP_S = 3600.0
_REFETCH_S = 30.0
"""Keys are asked for anew at most this often for a key id that is not known: that id is input."""


class ProviderDocuments:
    """Fetches from one provider; ``name`` is its id in the settings."""

    def __init__(self, name: str, issuer: str, clock: Clock) -> None:
        self._name = name
        self._issuer = issuer
        self._clock = clock
        self._lock = asyncio.Lock()
        self._about: dict[str, Any] = {}
        self._about_at = 0.0
        self._keys: KeySet | None = None
        self._keys_at = 0.0

    async def discover(self) -> dict[str, Any]:
        """Return the discovery document. Raises UnavailableError."""
        async with self._lock:
            if not self._about or self._clock.monotonic() - self._about_at > _KEEP_S:
                issuer = self._issuer
                url = f"{issuer.rstrip('/')}/.well-known/openid-configuration"
                about = await self.fetch("GET", url)
                if about.get("issuer") != issuer:
                    raise UnavailableError(
                        f"The provider {self._name} calls itself by another issuer",
                        hint="write the issuer in the settings exactly as the provider does",
                    )
                for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
                    _checked_url(str(about.get(name, "")))
                self._about, self._about_at = about, self._clock.monotonic()
            return self._about

    async def key_set(self, *, fresh: bool = False) -> KeySet:
        """Return the provider's keys, asked for anew where ``fresh``. Raises UnavailableError."""
        about = await self.discover()
        async with self._lock:
            age = self._clock.monotonic() - self._keys_at
            if self._keys is None or age > _KEEP_S or (fresh and age > _REFETCH_S):
                document = await self.fetch("GET", about["jwks_uri"])
                try:
                    self._keys = KeySet.import_key_set(document)  # type: ignore[arg-type]
                except (JoseError, ValueError, KeyError, TypeError):
                    raise _unavailable(self._name, "its keys cannot be read") from None
                self._keys_at = self._clock.monotonic()
            return self._keys

    async def fetch(
        self, method: str, url: str, headers: dict[str, str] | None = None, body: str = ""
    ) -> dict[str, Any]:
        """Ask for a JSON object. A refusal (4xx) is the person's, all else the provider's fault."""
        _checked_url(url)
        sent = {"Accept": "application/json", **(headers or {})}
        try:
            async with (
                asyncio.timeout(_TIMEOUT_S),
                httpx.AsyncClient(timeout=_TIMEOUT_S) as client,
                client.stream(method, url, headers=sent, content=body or None) as response,
            ):
                content = bytearray()
                async for chunk in response.aiter_bytes():
                    content += chunk
                    if len(content) > _MAX_BYTES:
                        raise _unavailable(self._name, "its answer is too long")
            found = json.loads(bytes(content))
        except (httpx.HTTPError, TimeoutError, ValueError) as error:
            log.warning("oidc_unreachable", provider=self._name, error=type(error).__name__)
            raise _unavailable(self._name, "it does not answer as it should") from None
        if 400 <= response.status_code < 500 and method == "POST":
            raise refused(f"the provider refuses: {str(found)[:200]}")
        if response.status_code != 200 or not isinstance(found, dict):
            raise _unavailable(self._name, f"it answers {response.status_code}")
        return found


def _checked_url(url: str) -> None:
    if not is_safe_url(url):
        raise UnavailableError(
            "A provider has an address that is not https",
            hint="plain http is for this machine only",
            code="oidc_unavailable",
        )


def refused(why: str) -> UnauthenticatedError:
    """Return what a person is told where the provider or a check refuses; ``why`` is logged."""
    log.warning("oidc_refused", reason=why)
    return UnauthenticatedError("The sign-in at the provider did not work", code="oidc_failed")


def _unavailable(provider: str, why: str) -> UnavailableError:
    return UnavailableError(
        f"The provider {provider} cannot be used: {why}",
        hint="try again later, or sign in with a password",
        code="oidc_unavailable",
    )
