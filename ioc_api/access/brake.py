"""A brake on guessing that every api process shares: after some failures, each try has to wait.

A try is counted before the password is looked at, in one transaction, so that a hundred tries at
the same moment are a hundred tries. A right one is given back.
"""

from __future__ import annotations

import hashlib
import ipaddress
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

from camera_registry.base.clock import Clock
from camera_registry.base.errors import CamhubError, Kind

_HALF = 32
"""Of a key of 64 characters: an account, then an address, each by 128 bits of its hash."""


class TooManyError(CamhubError):
    """Too many tries; ``retry_after_s`` says when the next one makes sense."""

    kind = Kind.TOO_MANY

    def __init__(self, retry_after_s: int) -> None:
        super().__init__(
            "Too many failed tries", hint=f"wait {retry_after_s} s and try again", code="too_many"
        )
        self.retry_after_s = retry_after_s


@dataclass(frozen=True, slots=True)
class BrakePolicy:
    """How many failures cost nothing: of one account from one address, of one address over all
    accounts, and of one account from all addresses. Then the pause doubles, from ``base_s`` to
    ``cap_s`` seconds. What is older than ``memory_s`` is forgotten.
    """

    pair: int = 5
    address: int = 20
    account: int = 50
    base_s: float = 5.0
    cap_s: float = 900.0
    memory_s: float = 3600.0


@dataclass(frozen=True, slots=True)
class Attempts:
    """A key under which tries are counted, with the policy for it."""

    key: str
    free: int
    policy: BrakePolicy

    @property
    def memory_us(self) -> int:
        """Microseconds after which tries are forgotten."""
        return int(self.policy.memory_s * 1e6)

    def pause_us(self, count: int) -> int:
        """Return the pause after ``count`` failures, in microseconds."""
        over = count - self.free
        if over < 0:
            return 0
        seconds = min(self.policy.cap_s, self.policy.base_s * 2.0 ** min(over, 20))
        return int(seconds * 1e6)


class AttemptStore(Protocol):
    """Where tries are counted."""

    async def take(self, wanted: Sequence[Attempts], now_us: int) -> int:
        """Count a try for each key, all or none; return until when to wait where one has to."""
        ...

    async def give_back(self, keys: Collection[str]) -> None:
        """Uncount one try of each key, and let it try again at once."""
        ...

    async def forget(self, keys: Collection[str], begins: str = "") -> None:
        """Forget every try of each key, and of all that begin so where that is given."""
        ...

    async def waiting(self, key: str, begins: str) -> int:
        """Return until when a key, or any that begins so, has to wait (UTC µs); 0 for none."""
        ...


@dataclass(frozen=True, slots=True)
class Try:
    """A try that was counted: its keys."""

    pair: str
    address: str
    account: str


class Brake:
    """Counts the tries to sign in, and says when somebody has to wait."""

    def __init__(
        self, store: AttemptStore, clock: Clock, policy: BrakePolicy | None = None
    ) -> None:
        self._store = store
        self._clock = clock
        self._policy = policy or BrakePolicy()

    async def take(self, name: str, address: str) -> Try:
        """Count a try. Raises TooManyError where it comes too soon; then it does not count.

        ``name`` is what was typed, whether or not there is such an account.
        """
        policy, near = self._policy, network(address)
        pair = _pairs_of(name) + _key("at", near)[:_HALF]
        taken = Try(pair, _key("address", near), _key("account", name))
        wanted = [
            Attempts(taken.pair, policy.pair, policy),
            Attempts(taken.address, policy.address, policy),
            Attempts(taken.account, policy.account, policy),
        ]
        now = self._clock.utc_us()
        until = await self._store.take(wanted, now)
        if until:
            raise TooManyError(max(1, -(-(until - now) // 1_000_000)))
        return taken

    async def right(self, taken: Try) -> None:
        """A try was right: forget the failures of this account at this address."""
        await self._store.forget([taken.pair])
        await self._store.give_back([taken.address, taken.account])

    async def undecided(self, taken: Try) -> None:
        """A try was neither right nor wrong: it does not count, and clears nothing either."""
        await self._store.give_back([taken.pair, taken.address, taken.account])

    async def locked_until(self, name: str) -> int:
        """Return until when an account is locked, here or there or from everywhere (UTC µs).

        0 where it is not.
        """
        until = await self._store.waiting(_key("account", name), _pairs_of(name))
        return until if until > self._clock.utc_us() else 0

    async def unlock(self, name: str) -> None:
        """Lift the lock of an account, wherever its failures came from."""
        await self._store.forget([_key("account", name)], _pairs_of(name))


def network(address: str) -> str:
    """Return what counts as one address: an IPv4 address, or a /64 of IPv6, of which one has many.

    What is no address is returned as it is.
    """
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)


def _pairs_of(name: str) -> str:
    """Return what the keys of an account begin with, one for each address."""
    return _key("pair", name)[:_HALF]


def _key(kind: str, *parts: str) -> str:
    """Hash, because people type passwords into the field for the name."""
    text = "\0".join((kind, *parts))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
