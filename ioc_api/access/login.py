"""Signing in with a name, a password and, where it is set up, a code."""

from __future__ import annotations

import structlog
from prometheus_client import Counter

from camera_registry.base.clock import Clock
from camera_registry.base.errors import InvalidError, UnauthenticatedError
from ioc_api.access.accounts import Account, AccountStore, is_username
from ioc_api.access.brake import Brake, TooManyError, Try
from ioc_api.access.credentials import Client
from ioc_api.access.log import AccessLog, What
from ioc_api.access.passwords import Passwords
from ioc_api.access.second_step import SecondStep

log = structlog.get_logger(__name__)

LOGINS = Counter("camhub_logins", "Tries to sign in, by result.", ["result"])


class Login:
    """Checks names, passwords and codes, at a pace that makes guessing pointless."""

    def __init__(
        self,
        store: AccountStore,
        passwords: Passwords,
        second: SecondStep,
        brake: Brake,
        access_log: AccessLog,
        clock: Clock,
    ) -> None:
        self._store = store
        self._passwords = passwords
        self._second = second
        self._brake = brake
        self._log = access_log
        self._clock = clock

    async def sign_in(
        self, username: str, password: str, client: Client, code: str = ""
    ) -> Account:
        """Return the account of a right name and password, and code where one is set up.

        Raises UnauthenticatedError: the same for an unknown name, a wrong password and a disabled
        account; with the code ``second_step`` where a code is missing, ``second_step_wrong`` where
        it is wrong. Raises TooManyError where it was tried too often.
        """
        name = username.strip().lower()[:64]
        taken = await self._take(name, client)
        known = await self._store.account_named(name if is_username(name) else "")
        stored = await self._store.password_hash(known.id if known else "")
        right = await self._passwords.verify(stored or None, password)
        if known is None or not right or known.disabled_us:
            await self._refused(What.REFUSED, known, client)
            raise UnauthenticatedError(
                "The user name or the password is wrong", hint="check both", code="login"
            )
        if known.totp:
            await self._second_step(known, code, taken, client)
        if self._passwords.outdated(stored):
            await self._store.set_password(known.id, await self._passwords.hash(password))
        await self._brake.right(taken)
        await self.arrived(known, client)
        return known

    async def arrived(self, account: Account, client: Client) -> None:
        """Note that somebody came in, by whatever way."""
        await self._store.signed_in(account.id, self._clock.utc_us())
        await self._log.note(What.SIGNED_IN, (account.id, account.username), client=client)
        LOGINS.labels("ok").inc()

    async def confirm_password(self, account: Account, password: str, client: Client) -> None:
        """Ask for the password once more, as before changing it, at the same pace.

        Raises InvalidError with the code ``password``, TooManyError.
        """
        taken = await self._take(account.username, client)
        stored = await self._store.password_hash(account.id)
        if not await self._passwords.verify(stored or None, password):
            await self._refused(What.REFUSED, account, client)
            raise InvalidError("The password is wrong", code="password")
        await self._brake.right(taken)

    async def confirm_code(self, account: Account, code: str, client: Client) -> None:
        """Ask for a code, as before removing the second step, at the same pace.

        Raises InvalidError with the code ``second_step_wrong``, TooManyError.
        """
        taken = await self._take(account.username, client)
        try:
            await self._second_step(account, code, taken, client)
        except UnauthenticatedError as error:
            # whoever asks is signed in all the same
            raise InvalidError(error.message, hint=error.hint, code=error.code) from None
        await self._brake.right(taken)

    async def _second_step(self, account: Account, code: str, taken: Try, client: Client) -> None:
        if not code:
            await self._brake.undecided(taken)
            raise UnauthenticatedError(
                "A code is needed too",
                hint="give the code of your authenticator app or a recovery code",
                code="second_step",
            )
        passed = await self._second.check(account.id, code)
        if passed is None:
            await self._refused(What.SECOND_STEP_WRONG, account, client)
            raise UnauthenticatedError(
                "The code is wrong or was used before",
                hint="wait for the next one",
                code="second_step_wrong",
            )
        if passed.by_recovery:
            subject = (account.id, account.username)
            await self._log.note(What.RECOVERY_CODE_USED, subject, client=client)

    async def _take(self, name: str, client: Client) -> Try:
        try:
            return await self._brake.take(name, client.address)
        except TooManyError:
            LOGINS.labels("throttled").inc()
            # not into the log in the database: whoever hammers must not make it write
            log.warning("login_throttled", address=client.address)
            raise

    async def _refused(self, what: What, account: Account | None, client: Client) -> None:
        LOGINS.labels("refused").inc()
        log.warning("login_refused", address=client.address)
        # what was typed is noted only where it is a name: it may be a password by mistake
        subject = (account.id, account.username) if account else ("", "")
        await self._log.note(what, subject, client=client)
