"""What an activity gate goes by."""

from __future__ import annotations

from dataclasses import dataclass, field

from ingest.gate.heartbeat import HeartbeatConfig
from ingest.gate.movement import MovementConfig
from ingest.gate.packet_sizes import SizeConfig


@dataclass(frozen=True, slots=True)
class GateConfig:
    """Times in seconds.

    ``threshold``: how many times the baseline packets must be to wake, at the first sleep at least
    ``over_unrest`` times what they come to at rest. A false wake raises it ``threshold_up`` times
    up to ``threshold_max``, a movement that was not told lowers it as much, a true wake
    ``threshold_down`` times. A wake that pixels have not confirmed ``confirm_s`` later, in at least
    ``confirm_looks`` looks, is false; after a true one the camera sleeps when nothing has moved for
    ``hold_s``. ``fresh_s``: how far the looking may be behind, beyond the last keyframe, for
    "nothing moved" to be known. ``audit_every_s``: mean time between audits; on trial
    ``trial_audit_s`` between the first two, then twice as long each time. An audit that saw no more
    than a flicker is repeated after ``again_s``. A miss costs the gate for ``demoted_s``, twice as
    long with each further one, up to ``demoted_max_s``.
    """

    sizes: SizeConfig = field(default_factory=SizeConfig)
    movement: MovementConfig = field(default_factory=MovementConfig)
    heartbeat: HeartbeatConfig = field(default_factory=HeartbeatConfig)
    threshold: float = 1.8
    threshold_max: float = 5.0
    threshold_up: float = 1.2
    threshold_down: float = 0.95
    over_unrest: float = 1.1
    confirm_s: float = 1.5
    confirm_looks: int = 4
    hold_s: float = 4.0
    fresh_s: float = 1.0
    audit_every_s: float = 120.0
    trial_audit_s: float = 15.0
    again_s: float = 10.0
    demoted_s: float = 3600.0
    demoted_max_s: float = 86_400.0
