"""Signing in at OpenID providers: leaving, coming back, and the account that comes of it."""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Sequence

import msgspec
import structlog

from camera_registry.base.clock import Clock
from camera_registry.base.errors import (
    ConfigError,
    ConflictError,
    ForbiddenError,
    NotFoundError,
    UnauthenticatedError,
)
from camera_registry.base.ids import new_id
from camera_registry.units import Units
from camera_registry.vault import Vault
from ioc_api.access.accounts import Account, AccountChange, AccountStore
from ioc_api.access.auth import Authenticator, new_secret
from ioc_api.access.credentials import Client, SessionRow
from ioc_api.access.log import AccessLog, What
from ioc_api.access.oidc_claims import Claims, display_name, grants_of, usernames
from ioc_api.access.oidc_model import Provider
from ioc_api.access.oidc_provider import Flow, OidcClient
from ioc_api.access.purposes import ID_TOKEN

log = structlog.get_logger(__name__)

FLOW_S = 600
"""How long somebody may take at the provider."""
_FLOW = "oidc flow"
_MAX_ID_TOKEN = 8192


class _Leaving(msgspec.Struct, frozen=True, array_like=True):
    provider: str
    state: str
    nonce: str
    verifier: str
    expires_us: int


_decode = msgspec.msgpack.Decoder(_Leaving).decode


class Oidc:
    """Every provider of the settings."""

    def __init__(
        self,
        providers: Sequence[Provider],
        store: AccountStore,
        authenticator: Authenticator,
        vault: Vault,
        units: Units,
        access_log: AccessLog,
        clock: Clock,
    ) -> None:
        self._clients = {each.id: OidcClient(each, clock) for each in providers}
        self._store = store
        self._authenticator = authenticator
        self._vault = vault
        self._units = units
        self._log = access_log
        self._clock = clock

    @property
    def providers(self) -> list[Provider]:
        """The providers in the order of the settings."""
        return [client.provider for client in self._clients.values()]

    async def leave(self, provider_id: str, redirect_uri: str) -> tuple[str, str]:
        """Return where to send the browser, and what it has to bring back as a cookie.

        Raises NotFoundError, UnavailableError.
        """
        client = self._client(provider_id)
        flow = Flow(new_secret(), new_secret(), new_secret())
        url = await client.authorization_url(flow, redirect_uri)
        expires_us = self._clock.utc_us() + FLOW_S * 1_000_000
        leaving = _Leaving(provider_id, flow.state, flow.nonce, flow.verifier, expires_us)
        sealed = self._vault.seal(provider_id, _FLOW, msgspec.msgpack.encode(leaving))
        return url, base64.urlsafe_b64encode(sealed).decode()

    async def come_back(
        self,
        provider_id: str,
        cookie: str,
        state: str,
        code: str,
        redirect_uri: str,
        visitor: Client,
    ) -> tuple[Account, str]:
        """Return the account of who comes back, and the secret of a new session.

        Raises NotFoundError, UnauthenticatedError (codes oidc_expired, oidc_failed), ForbiddenError
        (oidc_no_rights, oidc_disabled), UnavailableError.
        """
        client = self._client(provider_id)
        flow = self._flow(provider_id, cookie, state)
        try:
            claims, id_token = await client.redeem(code, flow, redirect_uri)
            account = await self._account(client.provider, claims)
        except (UnauthenticatedError, ForbiddenError):
            await self._log.note(What.PROVIDER_REFUSED, client=visitor)
            raise
        sealed = None
        if len(id_token) <= _MAX_ID_TOKEN:
            sealed = self._vault.seal(account.id, ID_TOKEN, id_token.encode())
        secret = await self._authenticator.open_session(
            account.id, visitor, provider=provider_id, sealed=sealed
        )
        return account, secret

    async def logout_url(self, session: SessionRow, back_to: str) -> str | None:
        """Return where the session's provider signs the person out, None where there is no such."""
        client = self._clients.get(session.provider)
        if client is None:
            return None
        id_token = ""
        try:
            if session.sealed:
                opened = self._vault.open(session.account_id, ID_TOKEN, session.sealed)
                id_token = opened.decode()
        except ConfigError:
            log.info("oidc_id_token_lost", session=session.id)
        return await client.logout_url(id_token, back_to)

    def _client(self, provider_id: str) -> OidcClient:
        client = self._clients.get(provider_id)
        if client is None:
            raise NotFoundError("There is no such provider")
        return client

    def _flow(self, provider_id: str, cookie: str, state: str) -> Flow:
        try:
            sealed = base64.b64decode(cookie, altchars=b"-_", validate=True)
            leaving = _decode(self._vault.open(provider_id, _FLOW, sealed))
        except (ValueError, binascii.Error, ConfigError, msgspec.MsgspecError):
            raise _expired() from None
        if leaving.expires_us < self._clock.utc_us() or not hmac.compare_digest(
            leaving.state.encode(), state.encode("utf-8", "surrogatepass")
        ):
            raise _expired()
        return Flow(leaving.state, leaving.nonce, leaving.verifier)

    async def _account(self, provider: Provider, claims: Claims) -> Account:
        """Find or make the account, with exactly the rights that the claims are worth now."""
        subject = str(claims["sub"])
        grants = grants_of(claims, provider.mappings, self._units)
        shown = display_name(claims, provider.name_claim)
        account = await self._store.account_of(provider.id, subject)
        if account is not None:
            change = AccountChange(shown or None, grants)
            # what the provider takes away is taken away, be it from the last administrator
            await self._store.change_account(account.id, change, keep_administrator=False)
            if not grants:
                await self._authenticator.end_sessions(account.id)
            if account.disabled_us:
                raise ForbiddenError("This account is disabled", code="oidc_disabled")
        if not grants:
            raise ForbiddenError(
                "Your account at the provider has no rights here",
                hint="ask whoever gives them to you there",
                code="oidc_no_rights",
            )
        if account is None:
            account = await self._create(provider, claims, subject, shown)
            await self._store.change_account(account.id, AccountChange(grants=grants))
            await self._log.note(What.ACCOUNT_CREATED, (account.id, account.username))
        fresh = await self._store.account(account.id)
        if fresh is None:
            raise _expired()
        return fresh

    async def _create(
        self, provider: Provider, claims: Claims, subject: str, shown: str
    ) -> Account:
        """Make an account under a name that is free; it is never joined with one that is there."""
        now = self._clock.utc_us()
        for name in usernames(claims, provider.username_claim, provider.id):
            account = Account(new_id(now), name, shown or name, (), now, provider=provider.id)
            try:
                await self._store.insert_account(account, "", (provider.id, subject))
            except ConflictError:
                known = await self._store.account_of(provider.id, subject)
                if known is not None:
                    return known  # it signed in at two places at the same moment
                continue
            return account
        raise ConflictError("No user name is free for this account", code="username")


def _expired() -> UnauthenticatedError:
    return UnauthenticatedError(
        "This sign-in was not begun here, or took too long",
        hint="begin again",
        code="oidc_expired",
    )
