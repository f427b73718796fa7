"""How an OpenID provider is used, as the settings have it; no library that speaks to one."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from urllib.parse import urlsplit

from ioc_api.access.oidc_claims import GrantMapping


@dataclass(frozen=True, slots=True)
class Provider:
    """How a provider is used. ``client_secret`` is empty for a public client.

    ``require_amr``: a person is let in only where the provider says that one of these methods was
    used (RFC 8176, such as ``mfa`` or ``otp``); empty asks for none.
    """

    id: str
    label: str
    issuer: str
    client_id: str
    client_secret: str
    mappings: tuple[GrantMapping, ...]
    scope: str = "openid profile email"
    username_claim: str = "preferred_username"
    name_claim: str = "name"
    require_amr: tuple[str, ...] = ()
    leeway_s: int = 60


def is_safe_url(url: str) -> bool:
    """Say whether a provider may have this address: https, or http on this machine."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return False
    return bool(host) and (parts.scheme == "https" or (parts.scheme == "http" and _local(host)))


def _local(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
