"""The part of the settings that names OpenID providers, and what their claims are worth here."""

from __future__ import annotations

import json
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from ioc_api.access.oidc_claims import GrantMapping
from ioc_api.access.oidc_model import Provider, is_safe_url
from ioc_api.access.rbac import Role

Texts = Annotated[tuple[str, ...], Field(min_length=1, max_length=200)]


class OidcGrant(BaseModel):
    """Who has ``value`` in ``claim`` holds ``role`` in ``units`` and ``groups``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    claim: Annotated[str, Field(min_length=1)]
    value: Annotated[str, Field(min_length=1)]
    role: Role
    units: Texts = ("*",)
    groups: Texts = ("*",)
    units_claim: str = ""
    groups_claim: str = ""

    def mapping(self) -> GrantMapping:
        """Return the value behind it."""
        return GrantMapping(
            self.claim,
            self.value,
            self.role,
            self.units,
            self.groups,
            self.units_claim,
            self.groups_claim,
        )


class OidcProvider(BaseModel):
    """An OpenID provider that people may sign in at. Without ``grants`` nobody gets in."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,32}$")]
    label: Annotated[str, Field(min_length=1, max_length=60)]
    issuer: str
    client_id: Annotated[str, Field(min_length=1)]
    client_secret: SecretStr = SecretStr("")
    scope: str = "openid profile email"
    username_claim: str = "preferred_username"
    name_claim: str = "name"
    require_amr: tuple[str, ...] = ()
    leeway_s: Annotated[int, Field(ge=0, le=600)] = 60
    grants: tuple[OidcGrant, ...] = ()

    @field_validator("issuer")
    @classmethod
    def _issuer(cls, value: str) -> str:
        if not is_safe_url(value):
            raise ValueError("must be an https address (http on this machine only)")
        return value

    @field_validator("scope")
    @classmethod
    def _openid(cls, value: str) -> str:
        if "openid" not in value.split():
            raise ValueError("must contain openid")
        return value

    def provider(self) -> Provider:
        """Return the value behind it."""
        return Provider(
            id=self.id,
            label=self.label,
            issuer=self.issuer,
            client_id=self.client_id,
            client_secret=self.client_secret.get_secret_value(),
            mappings=tuple(each.mapping() for each in self.grants),
            scope=self.scope,
            username_claim=self.username_claim,
            name_claim=self.name_claim,
            require_amr=self.require_amr,
            leeway_s=self.leeway_s,
        )


def for_environment(providers: tuple[OidcProvider, ...]) -> str:
    """Write providers for a child's environment, with their secrets, as the settings read them."""
    return json.dumps(
        [
            {
                **each.model_dump(mode="json"),
                "client_secret": each.client_secret.get_secret_value(),
            }
            for each in providers
        ]
    )
