"""Sealing of camera credentials: AES-256-GCM (NIST SP 800-38D) under a key outside the database.

Form of a sealed value: 1 byte version, 4 bytes key id, 12 bytes nonce, ciphertext with its 16-byte
tag. The key id is the start of the key's SHA-256, so that a value sealed under an older key is
still opened while keys are being rotated, and a wrong key is told from a damaged value. The
associated data binds a value to its camera and its purpose: moved to another row it does not open.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from camera_registry.base.errors import ConfigError, StorageError
from camera_registry.model import Credentials

KEY_BYTES = 32
_VERSION = 1
_ID_BYTES = 4
_NONCE_BYTES = 12
_HEAD_BYTES = 1 + _ID_BYTES
CREDENTIALS = "credentials"

_decode_pair = msgspec.msgpack.Decoder(tuple[str, str]).decode


class Vault:
    """Seals with ``key``; opens what was sealed with it or with one of the ``older`` keys."""

    def __init__(self, key: bytes, older: Sequence[bytes] = ()) -> None:
        for candidate in (key, *older):
            if len(candidate) != KEY_BYTES:
                raise ConfigError(
                    f"The master key must have {KEY_BYTES} bytes, not {len(candidate)}",
                    code="vault_key",
                )
        self._id = _key_id(key)
        self._ciphers = {_key_id(candidate): AESGCM(candidate) for candidate in (*older, key)}

    def __repr__(self) -> str:
        return f"Vault(key_id={self._id.hex()})"

    def seal(self, camera_id: str, purpose: str, plaintext: bytes) -> bytes:
        """Encrypt for one camera and one purpose."""
        head = bytes([_VERSION]) + self._id
        nonce = os.urandom(_NONCE_BYTES)
        data = _bound(head, camera_id, purpose)
        return head + nonce + self._ciphers[self._id].encrypt(nonce, plaintext, data)

    def open(self, camera_id: str, purpose: str, sealed: bytes) -> bytes:
        """Decrypt. Raises ConfigError for another key, another camera, or a damaged value."""
        head, rest = sealed[:_HEAD_BYTES], sealed[_HEAD_BYTES:]
        if len(rest) < _NONCE_BYTES + 16 or head[0] != _VERSION:
            raise ConfigError(
                "A sealed value is damaged, or was made by a newer camhub", code="vault_damaged"
            )
        cipher = self._ciphers.get(head[1:])
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


def parse_key(text: str) -> bytes:
    """Read a master key from base64 or hex. Raises ConfigError where it is neither."""
    stripped = text.strip()
    try:
        if len(stripped) == KEY_BYTES * 2:
            return bytes.fromhex(stripped)
        key = base64.b64decode(stripped, validate=True)
    except (ValueError, binascii.Error):
        key = b""
    if len(key) != KEY_BYTES:
        raise ConfigError(
            "The master key cannot be read",
            hint="give 32 bytes as base64; `openssl rand -base64 32` makes one",
            code="vault_key",
        )
    return key


def load_or_create_key(path: Path) -> bytes:
    """Read the master key; at the first start make it, with mode 0600.

    The file appears whole or not at all, and when several processes start at once they all get the
    key of the one that came first. Raises ConfigError for a file that everybody can read or that is
    no key, StorageError where it cannot be written.
    """
    try:
        if not path.exists():
            _create_key(path)
        if path.stat().st_mode & 0o007:
            raise ConfigError(
                f"The master key {path} can be read by every user of this machine",
                hint=f"run: chmod 600 {path}",
                code="vault_key_mode",
            )
        return parse_key(path.read_text("ascii", errors="replace"))
    except OSError as error:
        raise StorageError(
            f"The master key {path} cannot be read or written: {error.strerror}",
            hint="check the directory's owner and free space",
        ) from error


def _create_key(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}.{os.urandom(4).hex()}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(base64.b64encode(os.urandom(KEY_BYTES)) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)  # fails where another process was first, unlike a rename
        except FileExistsError:
            return
        directory = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)
    finally:
        draft.unlink()


def _key_id(key: bytes) -> bytes:
    return hashlib.sha256(b"camhub key id" + key).digest()[:_ID_BYTES]


def _bound(head: bytes, camera_id: str, purpose: str) -> bytes:
    return b"\0".join((b"camhub", head, purpose.encode(), camera_id.encode()))
