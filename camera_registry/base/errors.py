"""The one exception tree. The kind decides the HTTP status and the exit code, in one place each."""

from __future__ import annotations

from enum import Enum


class Kind(Enum):
    """What sort of failure it is: (HTTP status, process exit code)."""

    INVALID = (422, 2)
    UNAUTHENTICATED = (401, 77)
    FORBIDDEN = (403, 77)
    NOT_FOUND = (404, 66)
    CONFLICT = (409, 65)
    STALE = (412, 65)
    TOO_MANY = (429, 75)
    UNAVAILABLE = (503, 69)
    STORAGE = (507, 74)
    CONFIG = (500, 78)

    @property
    def http_status(self) -> int:
        """HTTP status of the RFC 9457 problem."""
        return self.value[0]

    @property
    def exit_code(self) -> int:
        """Exit code of the command line, after sysexits.h where it has one."""
        return self.value[1]


class CamhubError(Exception):
    """A failure that a person can act on.

    ``message`` is one line that says what happened; ``hint`` says what to do; ``code`` is a stable
    word for programs and for translation. Neither ever holds a secret.
    """

    kind: Kind = Kind.INVALID

    def __init__(
        self, message: str, *, hint: str = "", code: str = "", kind: Kind | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        if kind is not None:
            self.kind = kind
        self.code = code or self.kind.name.lower()

    def __str__(self) -> str:
        return f"{self.message} ({self.hint})" if self.hint else self.message


class InvalidError(CamhubError):
    """What was given cannot be accepted."""

    kind = Kind.INVALID


class UnauthenticatedError(CamhubError):
    """Nobody is signed in, or the token is not valid."""

    kind = Kind.UNAUTHENTICATED


class ForbiddenError(CamhubError):
    """The caller is known, and has no right to this."""

    kind = Kind.FORBIDDEN


class NotFoundError(CamhubError):
    """There is no such thing, or the caller must not learn that there is."""

    kind = Kind.NOT_FOUND


class ConflictError(CamhubError):
    """It exists already, or another change came first."""

    kind = Kind.CONFLICT


class UnavailableError(CamhubError):
    """Something that is needed does not answer now; trying again later may work."""

    kind = Kind.UNAVAILABLE


class StorageError(CamhubError):
    """A disk is full or cannot be written."""

    kind = Kind.STORAGE


class ConfigError(CamhubError):
    """The configuration or the installation is wrong; a person has to mend it."""

    kind = Kind.CONFIG
