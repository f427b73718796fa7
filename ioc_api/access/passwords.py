"""Passwords: what is accepted, and their Argon2id hashes (RFC 9106)."""

from __future__ import annotations

import asyncio

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from camera_registry.base.errors import InvalidError

MIN_LENGTH = 12
MAX_LENGTH = 256
"""Long enough for any passphrase, short enough that hashing it costs nobody anything."""


def check_password(password: str, username: str) -> str:
    """Return the password, or raise InvalidError where it is too weak to be accepted."""
    if not MIN_LENGTH <= len(password) <= MAX_LENGTH:
        raise InvalidError(
            f"password: must have {MIN_LENGTH} to {MAX_LENGTH} characters",
            hint="a sentence of several words is easy to keep in mind",
            code="password_length",
        )
    folded = password.casefold()
    if folded == username.casefold() or len(set(folded)) < 5:
        raise InvalidError(
            "password: must not be the user name nor a few characters repeated",
            hint="use several unrelated words",
            code="password_weak",
        )
    try:
        password.encode()
    except UnicodeEncodeError:
        raise InvalidError("password: is not valid text", code="password_text") from None
    return password


class Passwords:
    """Hashes and verifies off the event loop, few at a time: each takes 64 MiB for a moment.

    The defaults are those of argon2-cffi, the second recommendation of RFC 9106. Tests give cheap
    costs.
    """

    def __init__(self, hasher: PasswordHasher | None = None, at_once: int = 2) -> None:
        self._hasher = hasher or PasswordHasher()
        self._turns = asyncio.Semaphore(at_once)
        self._decoy = ""

    async def hash(self, password: str) -> str:
        """Return the encoded hash of a password."""
        async with self._turns:
            return await asyncio.to_thread(self._hasher.hash, password)

    async def verify(self, encoded: str | None, password: str) -> bool:
        """Say whether the password is the one that was hashed.

        For an unknown user (``encoded`` is None) it takes as long as for a known one, so that
        nobody learns from the time which names exist.
        """
        if encoded is None:
            if not self._decoy:
                self._decoy = await self.hash("nobody has this password")
            await self._check(self._decoy, password)
            return False
        return await self._check(encoded, password)

    def outdated(self, encoded: str) -> bool:
        """Say whether a hash was made with other costs than today's."""
        return self._hasher.check_needs_rehash(encoded)

    async def _check(self, encoded: str, password: str) -> bool:
        def check() -> bool:
            try:
                return self._hasher.verify(encoded, password)
            except (VerificationError, InvalidHashError, UnicodeEncodeError):
                return False

        async with self._turns:
            return await asyncio.to_thread(check)
