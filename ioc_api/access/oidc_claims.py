"""From the claims of an OpenID provider to an account's name and rights. Pure."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from camera_registry.scope import EVERYWHERE, Scope
from camera_registry.units import Units
from ioc_api.access.rbac import Grant, Role

Claims = Mapping[str, Any]

_UNFIT = re.compile(r"[^a-z0-9._-]+")
_MAX_NAME = 48


@dataclass(frozen=True, slots=True)
class GrantMapping:
    """Who has ``value`` in ``claim`` holds ``role`` in ``units`` and ``groups``.

    ``claim`` is a name, or names with dots between for objects within objects. ``units_claim`` and
    ``groups_claim`` name claims that hold the codes or ids in their place; what they name and we do
    not know is left out.
    """

    claim: str
    value: str
    role: Role
    units: tuple[str, ...] = (EVERYWHERE,)
    groups: tuple[str, ...] = (EVERYWHERE,)
    units_claim: str = ""
    groups_claim: str = ""


def claim(claims: Claims, path: str) -> Any:
    """Return a claim by its name or by names with dots between, or None."""
    if path in claims:
        return claims[path]
    found: Any = claims
    for name in path.split("."):
        found = found.get(name) if isinstance(found, Mapping) else None
    return found


def texts(value: Any) -> list[str]:
    """Return a claim's value as texts: of one text, of a list, or none."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, list):
        return [each for each in value if isinstance(each, str)]
    return []


def grants_of(claims: Claims, mappings: Sequence[GrantMapping], units: Units) -> tuple[Grant, ...]:
    """Return the grants that a person's claims are worth: one per role, scopes joined."""
    scopes: dict[Role, Scope] = {}
    for mapping in mappings:
        if mapping.value not in texts(claim(claims, mapping.claim)):
            continue
        codes: Sequence[str] = mapping.units
        if mapping.units_claim:
            codes = [code for code in texts(claim(claims, mapping.units_claim)) if code in units]
        groups: Sequence[str] = mapping.groups
        if mapping.groups_claim:
            groups = [
                each for each in texts(claim(claims, mapping.groups_claim)) if " " not in each
            ]
            # "*" from a provider would be more than any list of groups
            groups = [each for each in groups if each != EVERYWHERE]
        scope = Scope.of(codes, groups)
        if not scope.empty:
            scopes[mapping.role] = scopes.get(mapping.role, Scope()) | scope
    return tuple(Grant(role, scope) for role, scope in scopes.items())


def usernames(claims: Claims, username_claim: str, provider: str) -> list[str]:
    """Return user names for a new account, the nicest first; the last one is as good as unique."""
    mark = hashlib.sha256(f"{provider} {claims.get('sub')}".encode()).hexdigest()[:8]
    given = claim(claims, username_claim)
    name = _UNFIT.sub("-", str(given).lower()) if isinstance(given, str) else ""
    name = name[:_MAX_NAME].strip("._-")
    if not name:
        return [f"{provider}-{mark}"]
    return [name, f"{name}.{provider}"[:64].strip("._-"), f"{name}.{mark}"]


def display_name(claims: Claims, name_claim: str) -> str:
    """Return the name to show, in printable characters, empty where there is none."""
    given = claim(claims, name_claim)
    if not isinstance(given, str):
        return ""
    return "".join(each for each in given if each.isprintable())[:120].strip()
