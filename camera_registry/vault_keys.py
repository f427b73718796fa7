"""Master keys: in a text, in a file that running processes follow, and their change.

A key file holds one key a line in base64. The first seals; the others open what was sealed before.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import fcntl
import hashlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import structlog

from camera_registry.base.errors import CamhubError, ConfigError, ConflictError, StorageError

log = structlog.get_logger(__name__)

KEY_BYTES = 32
ID_BYTES = 4
MAX_KEYS = 16
_MAX_FILE = 8192


def key_id(key: bytes) -> bytes:
    """Return the short id that stands in every value sealed with ``key``."""
    return hashlib.sha256(b"camhub key id" + key).digest()[:ID_BYTES]


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


def parse_keys(text: str) -> list[bytes]:
    """Read keys with commas or white space between, the present one first. Raises ConfigError."""
    keys = [parse_key(part) for part in text.replace(",", " ").split() or [""]]
    if len(keys) > MAX_KEYS:
        raise ConfigError(f"There are more than {MAX_KEYS} master keys", code="vault_key")
    return list(dict.fromkeys(keys))


class KeyFile:
    """The file with the master keys. Whoever holds it open notices when it was replaced."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._seen: tuple[int, ...] = ()

    def keys(self) -> list[bytes]:
        """Read the keys; at the first start make one, with mode 0600.

        The file appears whole or not at all, and when several processes start at once they all
        get the key of the one that came first. Raises ConfigError for a file that everybody can
        read or that holds no key, StorageError where it cannot be written.
        """
        path = self.path
        try:
            if not path.exists():
                _write(path, [os.urandom(KEY_BYTES)], replace=False)
            with path.open("rb") as file:
                status = os.fstat(file.fileno())
                if status.st_mode & 0o007:
                    raise ConfigError(
                        f"The master key {path} can be read by every user of this machine",
                        hint=f"run: chmod 600 {path}",
                        code="vault_key_mode",
                    )
                self._seen = _stamp(status)
                return parse_keys(file.read(_MAX_FILE).decode("ascii", errors="replace"))
        except OSError as error:
            raise StorageError(
                f"The master key {path} cannot be read or written: {error.strerror}",
                hint="check the directory's owner and free space",
            ) from error

    def changed(self) -> list[bytes] | None:
        """Return the keys if the file was replaced since they were read, else None.

        A file that cannot be read now leaves a running process with the keys that it has.
        """
        try:
            if _stamp(self.path.stat()) == self._seen:
                return None
            return self.keys()
        except (OSError, CamhubError) as error:
            log.error("vault_key_unreadable", reason=type(error).__name__)
            return None

    def write(self, keys: Sequence[bytes]) -> None:
        """Replace the file in one step. Raises StorageError."""
        try:
            _write(self.path, keys, replace=True)
        except OSError as error:
            raise StorageError(
                f"The master key {self.path} cannot be written: {error.strerror}",
                hint="check the directory's owner and free space",
            ) from error

    def age_s(self, now_us: int) -> float:
        """Return how long ago the file was written."""
        return now_us / 1e6 - self.path.stat().st_mtime

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """Keep other commands from changing the keys meanwhile; ends with the process, however.

        Raises ConflictError where another one is at it.
        """
        self.path.parent.mkdir(parents=True, exist_ok=True)
        lock = self.path.with_name(f"{self.path.name}.lock")
        handle = os.open(lock, os.O_WRONLY | os.O_CREAT, 0o600)
        try:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise ConflictError(
                    "Another command is changing the master key now", hint="wait until it has ended"
                ) from None
            yield
        finally:
            os.close(handle)


def _stamp(status: os.stat_result) -> tuple[int, ...]:
    return (status.st_ino, status.st_mtime_ns, status.st_size)


def _write(path: Path, keys: Sequence[bytes], *, replace: bool) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}.{os.urandom(4).hex()}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(b"".join(base64.b64encode(key) + b"\n" for key in keys))
            file.flush()
            os.fsync(file.fileno())
        if replace:
            draft.replace(path)
        else:
            # a link fails where another process was first, unlike a rename
            with contextlib.suppress(FileExistsError):
                os.link(draft, path)
        directory = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)
    finally:
        draft.unlink(missing_ok=True)
