"""Sealing of camera credentials: AES-256-GCM (NIST SP 800-38D) under a key outside the database.

Form of a sealed value: 1 byte version, 4 bytes key id, 12 bytes nonce, ciphertext with its 16-byte
tag. The key id is the start of the key's SHA-256, so that a value sealed under an older key is
still opened while keys are being rotated, and a wrong key is told from a damaged value. The
associated data binds a value to its camera and its purpose: moved to another row it does not open.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Protocol

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from camera_registry.base.errors import ConfigError
from camera_registry.model import Credentials
from camera_registry.vault_keys import ID_BYTES, KEY_BYTES, key_id

_VERSION = 1
_NONCE_BYTES = 12
HEAD_BYTES = 1 + ID_BYTES
"""So many bytes at the start of a sealed value say the key; see :attr:`Vault.head`."""
CREDENTIALS = "credentials"

_decode_pair = msgspec.msgpack.Decoder(tuple[str, str]).decode


class KeySource(Protocol):
    """Where keys come from that may change while the process runs."""

    def keys(self) -> Sequence[bytes]:
        """Return the keys, the one that seals first. Raises ConfigError, StorageError."""
        ...

    def changed(self) -> Sequence[bytes] | None:
        """Return the keys if they are others than those that were read before, else None."""
        ...


class Vault:
    """Seals with ``key``; opens what was sealed with it or with one of the ``older`` keys."""

    def __init__(
        self, key: bytes, older: Sequence[bytes] = (), source: KeySource | None = None
    ) -> None:
        self._source = source
        self._ring = _ring((key, *older))

    @classmethod
    def following(cls, source: KeySource) -> Vault:
        """Use the keys of ``source``, and its new ones as soon as there are any."""
        key, *older = source.keys()
        return cls(key, older, source)

    def __repr__(self) -> str:
        return f"Vault(key_id={self._ring[0][1:].hex()})"

    @property
    def head(self) -> bytes:
        """What a value begins with that is sealed with the present key."""
        self._follow()
        return self._ring[0]

    @property
    def heads(self) -> tuple[bytes, ...]:
        """The beginnings of all values that can be opened, the present key's first."""
        self._follow()
        return tuple(self._ring[1])

    def _follow(self) -> None:
        keys = self._source.changed() if self._source is not None else None
        if keys:
            self._ring = _ring(keys)  # in one step: other threads use it meanwhile

    def reseal(self, bound_to: str, purpose: str, sealed: bytes) -> bytes:
        """Seal a value again with the present key. Raises as :meth:`open` does."""
        return self.seal(bound_to, purpose, self.open(bound_to, purpose, sealed))

    def seal(self, camera_id: str, purpose: str, plaintext: bytes) -> bytes:
        """Encrypt for one camera and one purpose."""
        self._follow()  # or a value under the old key would come after its last search
        head, ciphers = self._ring
        nonce = os.urandom(_NONCE_BYTES)
        data = _bound(head, camera_id, purpose)
        return head + nonce + ciphers[head].encrypt(nonce, plaintext, data)

    def open(self, camera_id: str, purpose: str, sealed: bytes) -> bytes:
        """Decrypt. Raises ConfigError for another key, another camera, or a damaged value."""
        head, rest = sealed[:HEAD_BYTES], sealed[HEAD_BYTES:]
        if len(rest) < _NONCE_BYTES + 16 or head[0] != _VERSION:
            raise ConfigError(
                "A sealed value is damaged, or was made by a newer camhub", code="vault_damaged"
            )
        cipher = self._ring[1].get(head)
        if cipher is None:
            self._follow()
            cipher = self._ring[1].get(head)
        if cipher is None:
            raise ConfigError(
                "Sealed credentials belong to another master key",
                hint="put back the master key that this database was used with",
                code="vault_key",
            )
        try:
            return cipher.decrypt(
                rest[:_NONCE_BYTES], rest[_NONCE_BYTES:], _bound(head, camera_id, purpose)
            )
        except InvalidTag:
            raise ConfigError(
                "A sealed value was changed, or belongs to another camera",
                hint="enter the camera's credentials again",
                code="vault_damaged",
            ) from None

    def seal_credentials(self, camera_id: str, credentials: Credentials) -> bytes:
        """Seal the user name and password of a camera."""
        pair = msgspec.msgpack.encode((credentials.username, credentials.password))
        return self.seal(camera_id, CREDENTIALS, pair)

    def open_credentials(self, camera_id: str, sealed: bytes) -> Credentials:
        """Open what :meth:`seal_credentials` made. Raises ConfigError as :meth:`open` does."""
        plaintext = self.open(camera_id, CREDENTIALS, sealed)
        try:
            username, password = _decode_pair(plaintext)
        except msgspec.DecodeError:
            raise ConfigError("Sealed credentials are damaged", code="vault_damaged") from None
        return Credentials(username, password)


def _ring(keys: Sequence[bytes]) -> tuple[bytes, dict[bytes, AESGCM]]:
    for candidate in keys:
        if len(candidate) != KEY_BYTES:
            raise ConfigError(
                f"The master key must have {KEY_BYTES} bytes, not {len(candidate)}",
                code="vault_key",
            )
    ciphers = {bytes([_VERSION]) + key_id(key): AESGCM(key) for key in keys}
    return next(iter(ciphers)), ciphers


def _bound(head: bytes, camera_id: str, purpose: str) -> bytes:
    return b"\0".join((b"camhub", head, purpose.encode(), camera_id.encode()))
