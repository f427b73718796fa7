"""What a camera is to every room above: frozen values, no I/O."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from camera_registry.details import Details


@dataclass(frozen=True, slots=True)
class AdminUnit:
    """One of the 168 wards, communes and the special zone. ``code`` is the only key."""

    code: str
    name_vi: str
    name_en: str
    kind: str
    lon: float
    lat: float


@dataclass(frozen=True, slots=True)
class Position:
    """WGS 84, decimal degrees."""

    lon: float
    lat: float


class CameraClass(StrEnum):
    """What a camera watches; decides its code, and which fields it must have."""

    TRAFFIC = "traffic"
    PUBLIC_PLACE = "public_place"
    COUNTER = "counter"
    GATE = "gate"
    BUILDING = "building"
    PARK = "park"
    WATERWAY = "waterway"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Camera:
    """A registered camera. ``url`` never holds credentials; those are sealed elsewhere.

    Times are UTC microseconds. ``version`` rises by one with each change. ``gate``, ``priority``
    and ``detector``: see ``CameraSpec``. ``code`` is what people call it by, unique in the city;
    ``groups`` holds the ids of its groups. ``weak_credentials``: whether its password is
    well known or easily guessed; None without one, and where it was set before this was judged.
    ``credential_id`` names the shared log-in that it uses; empty: its own, or none.
    """

    id: str
    name: str
    unit_code: str
    url: str
    position: Position | None = None
    enabled: bool = True
    transport: str = "tcp"
    tags: tuple[str, ...] = ()
    has_credentials: bool = False
    version: int = 1
    created_us: int = 0
    updated_us: int = 0
    gate: str = "auto"
    priority: int = 0
    detector: str = ""
    code: str = ""
    camera_class: CameraClass = CameraClass.OTHER
    groups: tuple[str, ...] = ()
    details: Details = field(default_factory=Details)
    weak_credentials: bool | None = None
    credential_id: str = ""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who makes a change: the id and the name of an account or token, or a tool of this machine."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Credentials:
    """A user name and password in the clear. Lives in memory only, and never shows itself."""

    username: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class CameraSpec:
    """What a worker needs to run one camera: the value of the bucket ``camera_specs``.

    ``sealed`` is the vault's ciphertext of the credentials, or empty. It is bound to
    ``sealed_for``, the id of a shared log-in, or where that is empty to the camera's id, so that it
    opens for no other. ``rules`` is the camera's rule document (JSON), empty where
    nobody has written one. ``gate`` is ``auto`` or ``off``: whether a quiet camera may be decoded
    at its keyframes only. Where a node is overloaded, the lowest ``priority`` gives way first.
    ``detector`` names the model for this camera, empty for the node's own. ``groups`` are for the
    gateway, which decides with them who may look.
    """

    id: str
    name: str
    unit_code: str
    url: str
    version: int
    transport: str = "tcp"
    sealed: bytes = b""
    rules: bytes = b""
    gate: str = "auto"
    priority: int = 0
    detector: str = ""
    groups: tuple[str, ...] = ()
    sealed_for: str = ""


class State(StrEnum):
    """State of a camera."""

    CONNECTING = "connecting"
    LIVE = "live"
    STALLED = "stalled"
    FROZEN = "frozen"
    OFFLINE = "offline"
    AUTH_FAILED = "auth_failed"
    UNSUPPORTED = "unsupported"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class CameraState:
    """State of one camera: the value of the bucket ``camera_states``.

    ``reason`` is words in English for logs and the API; the wall translates ``reason_code``.
    ``since_us`` is when the state began, ``frame_us`` the UTC of the last video packet (0: none
    yet), ``updated_us`` when this report was made: a report older than 10 s means that nobody
    watches the camera now. ``generation`` orders the holders of a lease (higher is newer). ``gate``
    is the phase of its activity gate and ``gate_reason`` why, empty where nothing analyses it;
    ``duty`` the share of the time that it is decoded in full, ``analysis_fps`` the pictures a
    second that are looked at while it is, after the node's budget. ``gate_threshold``: how many
    times the usual packets must be to wake it; the other ``gate_`` fields count what its gate did
    since the camera came to its worker, ``gate_wakes`` with the late ones. ``model`` is the name
    and version of what it is looked at with, ``model_code`` and ``model_reason`` what stands
    against the model that is wanted, empty where nothing does.
    """

    camera_id: str
    unit_code: str
    state: State
    reason_code: str
    reason: str
    since_us: int
    updated_us: int
    frame_us: int = 0
    worker: str = ""
    generation: int = 0
    codec: str = ""
    width: int = 0
    height: int = 0
    fps: float = 0.0
    gate: str = ""
    gate_reason: str = ""
    duty: float = 0.0
    analysis_fps: float = 0.0
    gate_threshold: float = 0.0
    gate_wakes: int = 0
    gate_late_wakes: int = 0
    gate_false_wakes: int = 0
    gate_audits: int = 0
    gate_misses: int = 0
    model: str = ""
    model_code: str = ""
    model_reason: str = ""
