"""What can be wrong with a camera on purpose: the kinds, and one fault as data."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from camera_registry.base.errors import InvalidError


class FaultKind(StrEnum):
    """The ways in which a simulated camera misbehaves."""

    REFUSE = "refuse"
    WRONG_PASSWORD = "wrong_password"  # noqa: S105 - the name of a fault
    STALL = "stall"
    DROP = "drop"
    GARBAGE = "garbage"
    NO_PARAMETER_SETS = "no_parameter_sets"
    JUMP_FORWARD = "jump_forward"
    JUMP_BACK = "jump_back"
    UDP_LOSS = "udp_loss"
    FREEZE = "freeze"
    BLACK = "black"
    RESOLUTION_CHANGE = "resolution_change"
    SLOW_START = "slow_start"
    UNKNOWN_CODEC = "unknown_codec"


# What ``amount`` means, with its default and its largest value. A kind that is not here takes none.
_AMOUNTS: dict[FaultKind, tuple[float, float]] = {
    FaultKind.DROP: (2.0, 3600.0),  # seconds of playing after which a new client is closed
    FaultKind.JUMP_FORWARD: (60.0, 40_000.0),  # seconds; a 32-bit clock of 90 kHz wraps at 47 721
    FaultKind.JUMP_BACK: (60.0, 40_000.0),
    FaultKind.UDP_LOSS: (0.1, 1.0),  # fraction of RTP datagrams
    FaultKind.SLOW_START: (5.0, 3600.0),  # seconds before DESCRIBE is answered
}

# Faults that a client sees only by asking again: those who watch are put out, so that they do.
ENDS_SESSIONS = frozenset(
    {FaultKind.REFUSE, FaultKind.WRONG_PASSWORD, FaultKind.DROP, FaultKind.UNKNOWN_CODEC}
)


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault: how long it lasts (seconds; None: until cleared) and how strong it is."""

    kind: FaultKind
    seconds: float | None = None
    amount: float = 0.0

    @classmethod
    def of(cls, kind: str, seconds: object = None, amount: object = None) -> Fault:
        """Build a checked fault. Raises InvalidError that names the first thing wrong."""
        try:
            known = FaultKind(kind)
        except ValueError:
            names = ", ".join(FaultKind)
            raise InvalidError(
                f"no fault is called {kind[:40]!r}", hint=f"one of {names}"
            ) from None
        default, largest = _AMOUNTS.get(known, (0.0, 0.0))
        duration = None if seconds is None else _number("seconds", seconds, 86_400.0)
        strength = default if amount is None else _number("amount", amount, largest)
        return cls(known, duration, strength)

    @classmethod
    def from_json(cls, body: Mapping[str, object]) -> Fault:
        """Read ``{"fault": …, "seconds"?: …, "amount"?: …}``. Raises InvalidError."""
        unknown = set(body) - {"fault", "seconds", "amount"}
        kind = body.get("fault")
        if unknown or not isinstance(kind, str):
            raise InvalidError(
                "a fault is described by fault, seconds and amount",
                hint='for example {"fault": "stall", "seconds": 10}',
            )
        return cls.of(kind, body.get("seconds"), body.get("amount"))

    def to_json(self) -> dict[str, object]:
        """Write what ``from_json`` reads."""
        return {"fault": self.kind.value, "seconds": self.seconds, "amount": self.amount}


def _number(name: str, value: object, largest: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise InvalidError(f"{name} must be a number")
    if not 0 <= value <= largest:
        raise InvalidError(f"{name} must be from 0 to {largest:g}")
    return float(value)
