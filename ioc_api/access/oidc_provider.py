"""One OpenID provider: how it is used, and what it says of a person.

OpenID Connect Core 1.0, authorization code flow, with PKCE (RFC 7636).
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from authlib.oauth2.rfc6749.parameters import prepare_grant_uri, prepare_token_request
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError

from camera_registry.base.clock import Clock
from ioc_api.access.oidc_claims import Claims, texts
from ioc_api.access.oidc_documents import ProviderDocuments, refused
from ioc_api.access.oidc_model import Provider

_ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA")


@dataclass(frozen=True, slots=True)
class Flow:
    """What has to come back unchanged between leaving for the provider and coming from it."""

    state: str
    nonce: str
    verifier: str


class OidcClient:
    """Talks to one provider."""

    def __init__(self, provider: Provider, clock: Clock) -> None:
        self.provider = provider
        self._clock = clock
        self._documents = ProviderDocuments(provider.id, provider.issuer, clock)

    async def authorization_url(self, flow: Flow, redirect_uri: str) -> str:
        """Return where to send the browser. Raises UnavailableError."""
        about = await self._documents.discover()
        url: str = prepare_grant_uri(
            about["authorization_endpoint"],
            client_id=self.provider.client_id,
            response_type="code",
            redirect_uri=redirect_uri,
            scope=self.provider.scope,
            state=flow.state,
            nonce=flow.nonce,
            code_challenge=create_s256_code_challenge(flow.verifier),
            code_challenge_method="S256",
        )
        return url

    async def redeem(self, code: str, flow: Flow, redirect_uri: str) -> tuple[Claims, str]:
        """Exchange a code for a person's claims and the ID token they came in.

        Raises UnauthenticatedError where the provider or a check refuses, UnavailableError where
        the provider does not answer.
        """
        about = await self._documents.discover()
        answer = await self._exchange(about, code, flow, redirect_uri)
        token = answer.get("id_token")
        if not isinstance(token, str):
            raise refused("the provider sent no ID token")
        claims = await self._validated(token, flow, str(answer.get("access_token", "")))
        if self.provider.require_amr and not {*self.provider.require_amr} & {
            *texts(claims.get("amr"))
        }:
            raise refused("the provider did not ask for a second step")
        return await self._with_userinfo(about, claims, answer), token

    async def logout_url(self, id_token: str, back_to: str) -> str | None:
        """Return where signing out at the provider is, None where it has no such place."""
        endpoint = (await self._documents.discover()).get("end_session_endpoint")
        if not isinstance(endpoint, str):
            return None
        query = {"client_id": self.provider.client_id, "post_logout_redirect_uri": back_to}
        if id_token:
            query["id_token_hint"] = id_token
        return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(query)}"

    async def _exchange(
        self, about: dict[str, Any], code: str, flow: Flow, redirect_uri: str
    ) -> dict[str, Any]:
        provider = self.provider
        fields = {"code": code, "code_verifier": flow.verifier}
        headers = {}
        methods = about.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        if not provider.client_secret:
            fields["client_id"] = provider.client_id
        elif "client_secret_basic" in methods:
            # RFC 6749, 2.3.1: both are form-encoded before they are joined
            pair = f"{quote(provider.client_id, '')}:{quote(provider.client_secret, '')}"
            headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        else:
            fields |= {"client_id": provider.client_id, "client_secret": provider.client_secret}
        body = prepare_token_request("authorization_code", redirect_uri=redirect_uri, **fields)
        headers["Content-Type"] = "application/x-www-form-urlencoded"
        return await self._documents.fetch("POST", about["token_endpoint"], headers, body)

    async def _validated(self, token: str, flow: Flow, access_token: str) -> dict[str, Any]:
        """Check signature, issuer, audience, times, nonce and at_hash of an ID token."""
        try:
            decoded = await self._decoded(token)
            claims = CodeIDToken(
                decoded.claims,
                decoded.header,
                options={
                    "iss": {"essential": True, "value": self.provider.issuer},
                    "aud": {"essential": True, "value": self.provider.client_id},
                    "nonce": {"essential": True, "value": flow.nonce},
                },
                params={
                    "nonce": flow.nonce,
                    "client_id": self.provider.client_id,
                    "access_token": access_token,
                },
            )
            claims.validate(now=self._clock.utc_us() // 1_000_000, leeway=self.provider.leeway_s)
        except (JoseError, ValueError, TypeError) as error:
            raise refused(f"the ID token is not valid: {error}") from None
        if not isinstance(claims.get("sub"), str) or not 0 < len(claims["sub"]) <= 255:
            raise refused("the ID token names nobody")
        return dict(claims)

    async def _decoded(self, token: str) -> jwt.Token:
        try:
            return jwt.decode(token, await self._documents.key_set(), algorithms=_ALGORITHMS)
        except (InvalidKeyIdError, ValueError):
            # a key that we have not seen: the provider may have changed its keys
            return jwt.decode(
                token, await self._documents.key_set(fresh=True), algorithms=_ALGORITHMS
            )

    async def _with_userinfo(
        self, about: dict[str, Any], claims: dict[str, Any], answer: dict[str, Any]
    ) -> dict[str, Any]:
        """Add what the provider tells only at its userinfo endpoint; the ID token goes first."""
        endpoint, token = about.get("userinfo_endpoint"), answer.get("access_token")
        if not isinstance(endpoint, str) or not isinstance(token, str):
            return claims
        more = await self._documents.fetch("GET", endpoint, {"Authorization": f"Bearer {token}"})
        if more.get("sub") != claims["sub"]:
            raise refused("userinfo is about somebody else")
        return {**more, **claims}
