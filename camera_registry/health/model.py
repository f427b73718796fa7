"""What is kept of a camera's states over time."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import msgspec

from camera_registry.model import Actor, CameraState, State


@dataclass(frozen=True, slots=True)
class HealthChange:
    """A camera's state became another one, or the same for another reason. Times are UTC µs.

    Also the message of the stream ``HEALTH``. ``until_us`` is when the next one began, None while
    it lasts; who sends it does not know and leaves it out.
    """

    camera_id: str
    unit_code: str
    state: str
    reason_code: str
    reason: str
    at_us: int
    worker: str = ""
    until_us: int | None = None

    @property
    def alive(self) -> bool:
        """Whether fresh pictures come that show something."""
        return self.state == State.LIVE


UNWATCHED = "unwatched"
"""State of a camera that no worker reports on."""
DISABLED = "disabled"
"""State of a camera that is switched off in the register; its time counts for nothing."""


def change_of(state: CameraState, at_us: int) -> HealthChange:
    """Return the change that a report tells."""
    return HealthChange(
        state.camera_id,
        state.unit_code,
        state.state.value,
        state.reason_code,
        state.reason,
        at_us,
        state.worker,
    )


@dataclass(frozen=True, slots=True)
class Uptime:
    """How a camera, or many, have been over a period, in seconds summed over the cameras.

    ``known_s`` is the time of which anything is known and in which the camera was to run;
    ``live_s`` the part of it with fresh pictures. ``falls`` counts how often live ended.
    """

    live_s: float = 0.0
    known_s: float = 0.0
    falls: int = 0
    cameras: int = 1

    @property
    def share(self) -> float | None:
        """Share of the known time with fresh pictures, 0..1; None where nothing is known."""
        return self.live_s / self.known_s if self.known_s > 0 else None

    def __add__(self, other: Uptime) -> Uptime:
        return Uptime(
            self.live_s + other.live_s,
            self.known_s + other.known_s,
            self.falls + other.falls,
            self.cameras + other.cameras,
        )


@dataclass(frozen=True, slots=True)
class Outage:
    """A camera that gives no fresh pictures now, and since when; ``change`` is its present state.

    ``since_us`` is when live ended, or when the camera was first heard of.
    """

    change: HealthChange
    since_us: int
    camera_name: str = ""


class Target(StrEnum):
    """What a maintenance window is for."""

    CAMERA = "camera"
    GROUP = "group"
    UNIT = "unit"


@dataclass(frozen=True, slots=True)
class Window:
    """A maintenance window: no alarm of these cameras from ``from_us`` until ``until_us``."""

    id: str
    target: Target
    target_id: str
    from_us: int
    until_us: int
    reason: str
    by: Actor
    created_us: int


@dataclass(frozen=True, slots=True)
class SeenWindow:
    """A window, and the name of the camera or unit that it is for; a group's is empty."""

    window: Window
    name: str


encode_change = msgspec.msgpack.Encoder().encode
decode_change = msgspec.msgpack.Decoder(HealthChange).decode
