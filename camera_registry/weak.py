"""Tells credentials that a stranger tries first: factory defaults, and what is easy to guess."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from importlib import resources
from pathlib import Path

from camera_registry.base.errors import ConfigError
from camera_registry.model import Credentials

_SHORTEST = 8
_MAX_PAIRS = 100_000


class WeakCredentials:
    """Well-known pairs, without regard to capitals in the user name, and a few plain rules."""

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        self._pairs = frozenset((user.casefold(), password) for user, password in pairs)

    @classmethod
    def load(cls, extra: Path | None = None) -> WeakCredentials:
        """Read the list that comes with camhub and, if given, one of the installation's own.

        A list is CSV with the columns ``username`` and ``password``. Raises ConfigError.
        """
        own = resources.files("camera_registry") / "data" / "default_credentials.csv"
        pairs = _read(own.read_text(encoding="utf-8"))
        if extra is not None:
            try:
                pairs += _read(extra.read_text(encoding="utf-8-sig"))
            except (OSError, UnicodeError, KeyError, csv.Error):
                raise ConfigError(
                    f"The list of weak passwords {extra} cannot be read",
                    hint="it is CSV in UTF-8 with the columns username,password",
                    code="weak_credentials",
                ) from None
        return cls(pairs)

    def is_weak(self, credentials: Credentials) -> bool:
        """Say whether a pair is a default, or its password short or made of next to nothing."""
        user, password = credentials.username.casefold(), credentials.password
        if (user, password) in self._pairs or len(password) < _SHORTEST:
            return True
        plain = password.casefold()
        return user in (plain, plain[::-1]) or len(set(plain)) < 4 or plain.isdigit()


def _read(text: str) -> list[tuple[str, str]]:
    rows = csv.DictReader(text.splitlines())
    pairs = [(row["username"], row["password"] or "") for row in rows]
    if len(pairs) > _MAX_PAIRS:
        raise csv.Error
    return pairs
