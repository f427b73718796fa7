"""What a worker is asked for to change a device's password, and what it found: values, no I/O."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

import msgspec

PASSWORD = "password"  # noqa: S105 - the kind of a job
LIMIT_S = 120.0


class Outcome(StrEnum):
    """Which password the device has now."""

    CHANGED = "changed"
    ALREADY = "already"
    KEPT = "kept"
    UNSURE = "unsure"


@dataclass(frozen=True, slots=True)
class PasswordOrder:
    """Set the password of the log-in's own user at an ONVIF device.

    The old log-in comes sealed with the job. ``sealed`` is the new one, sealed for the camera.
    ``again``: it was asked for before, so the device may have the new one already.
    """

    url: str
    camera_id: str
    sealed: bytes = field(repr=False)
    again: bool = False


@dataclass(frozen=True, slots=True)
class PasswordReport:
    """The outcome, and why; never words of the device, which might repeat what it was sent."""

    outcome: Outcome
    code: str = ""
    message: str = ""
    hint: str = ""


encode = msgspec.json.encode
decode_order = msgspec.json.Decoder(PasswordOrder).decode
decode_report = msgspec.json.Decoder(PasswordReport).decode
