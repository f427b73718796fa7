"""The second step of signing in: time-based codes (RFC 6238) and recovery codes.

The secret is sealed by the vault and bound to its account. A time step is spent by the first code
of it that is right, in the database, so that no code works twice on any api.
"""

from __future__ import annotations

import base64
import hmac
import io
import re
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from typing import Protocol

import pyotp
import segno

from camera_registry.base.clock import Clock
from camera_registry.base.errors import ConflictError, InvalidError
from camera_registry.vault import Vault
from ioc_api.access.auth import fingerprint
from ioc_api.access.purposes import TOTP

RECOVERY_CODES = 10
_SECRET_CHARS = 32
_STEP_S = 30
_DRIFT = 1
"""Steps before and after now that are taken, for clocks that are off by up to half a minute."""
_TOTP = re.compile(r"\d{6}")
_RECOVERY = re.compile(r"[a-z2-7]{16}")


class TotpStore(Protocol):
    """Where second steps are kept."""

    async def secrets(self, account_id: str) -> tuple[bytes | None, bytes | None]:
        """Return the sealed secret in use and the sealed one that waits to be confirmed."""
        ...

    async def set_pending(self, account_id: str, sealed: bytes) -> None:
        """Keep a secret that waits to be confirmed."""
        ...

    async def confirm(
        self, account_id: str, pending: bytes, step: int, hashes: Collection[str]
    ) -> bool:
        """Take the pending secret into use with its recovery codes; False where it changed."""
        ...

    async def use_step(self, account_id: str, step: int) -> bool:
        """Spend a time step; False where it or a later one was used before."""
        ...

    async def use_code(self, account_id: str, code_hash: str) -> bool:
        """Spend a recovery code; False where it is none, or was used before."""
        ...

    async def replace_codes(self, account_id: str, hashes: Collection[str]) -> None:
        """Put new recovery codes in the place of the old ones."""
        ...

    async def clear(self, account_id: str) -> None:
        """Take the second step away, with its codes."""
        ...


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What an authenticator app needs, shown this once: the secret, its URI, and that as an SVG."""

    secret: str
    uri: str
    svg: str


@dataclass(frozen=True, slots=True)
class Passed:
    """A second step that was right; ``by_recovery`` where a recovery code was spent for it."""

    by_recovery: bool


class SecondStep:
    """Enrols, checks and takes away second steps."""

    def __init__(
        self, store: TotpStore, vault: Vault, clock: Clock, *, issuer: str = "camhub"
    ) -> None:
        self._store = store
        self._vault = vault
        self._clock = clock
        self._issuer = issuer

    async def begin(self, account_id: str, username: str) -> Enrolment:
        """Make a secret that counts once it is confirmed. Raises ConflictError where one counts."""
        if (await self._store.secrets(account_id))[0] is not None:
            raise ConflictError(
                "A second step is set up already", hint="remove it first", code="totp_there"
            )
        secret = pyotp.random_base32(_SECRET_CHARS)
        await self._store.set_pending(
            account_id, self._vault.seal(account_id, TOTP, secret.encode())
        )
        uri = pyotp.TOTP(secret).provisioning_uri(name=username, issuer_name=self._issuer)
        picture = io.BytesIO()
        segno.make(uri, error="m").save(
            picture, kind="svg", scale=4, border=4, dark="#000", light="#fff", xmldecl=False
        )
        svg = picture.getvalue().decode()
        return Enrolment(secret, uri, svg)

    async def confirm(self, account_id: str, code: str) -> list[str]:
        """Take the secret into use by a code of it; return the recovery codes, shown this once.

        Raises InvalidError for a wrong code, ConflictError where nothing waits to be confirmed.
        """
        _, pending = await self._store.secrets(account_id)
        step = self._step_of(account_id, pending, code) if pending else None
        if pending is None:
            raise ConflictError("Nothing waits to be confirmed", code="totp_not_begun")
        if step is None:
            raise _wrong()
        codes = [_new_code() for _ in range(RECOVERY_CODES)]
        hashes = [_hash(account_id, each) for each in codes]
        if not await self._store.confirm(account_id, pending, step, hashes):
            raise ConflictError("It was begun anew meanwhile", code="totp_not_begun")
        return codes

    async def check(self, account_id: str, code: str) -> Passed | None:
        """Spend a code or a recovery code; None where it is wrong or was used before."""
        sealed, _ = await self._store.secrets(account_id)
        if sealed is None:
            return None
        plain = code.strip().lower().replace("-", "").replace(" ", "")
        if _RECOVERY.fullmatch(plain):
            right = await self._store.use_code(account_id, _hash(account_id, plain))
            return Passed(by_recovery=True) if right else None
        step = self._step_of(account_id, sealed, plain)
        if step is None or not await self._store.use_step(account_id, step):
            return None
        return Passed(by_recovery=False)

    async def renew_codes(self, account_id: str) -> list[str]:
        """Return new recovery codes, shown this once; the old ones are worth nothing any more."""
        codes = [_new_code() for _ in range(RECOVERY_CODES)]
        await self._store.replace_codes(account_id, [_hash(account_id, each) for each in codes])
        return codes

    async def remove(self, account_id: str) -> None:
        """Take the second step away."""
        await self._store.clear(account_id)

    def _step_of(self, account_id: str, sealed: bytes, code: str) -> int | None:
        """Return the time step that a code belongs to, or None."""
        if not _TOTP.fullmatch(code) or not code.isascii():
            return None
        totp = pyotp.TOTP(self._vault.open(account_id, TOTP, sealed).decode())
        now = self._clock.utc_us() // 1_000_000 // _STEP_S
        found = None
        for step in range(now - _DRIFT, now + _DRIFT + 1):
            # every one is compared, so that the time tells nothing
            if hmac.compare_digest(totp.generate_otp(step), code):
                found = step
        return found


def _new_code() -> str:
    """Return 80 random bits as four groups of four letters and digits."""
    text = base64.b32encode(secrets.token_bytes(10)).decode().lower()
    return "-".join(text[at : at + 4] for at in range(0, 16, 4))


def _hash(account_id: str, code: str) -> str:
    return fingerprint(f"{account_id} {code.replace('-', '')}")


def _wrong() -> InvalidError:
    return InvalidError(
        "code: is not right now", hint="check the clock of your device", code="totp_code"
    )
