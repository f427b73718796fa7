"""A bulk edit as it is known: a change, its cameras line by line, and how far it has come."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from camera_registry.edits.change import BulkChange
from camera_registry.model import Actor

INTERRUPTED_AFTER_US = 60_000_000
"""Work on an edit of which nothing was heard for so long has ended with its process."""


class EditState(StrEnum):
    """State of a bulk edit. Those that end in -ing are at work."""

    CHECKING = "checking"
    CHECKED = "checked"
    APPLYING = "applying"
    APPLIED = "applied"
    UNDOING = "undoing"
    UNDONE = "undone"
    FAILED = "failed"

    @property
    def at_work(self) -> bool:
        """Whether something is being done."""
        return self in (EditState.CHECKING, EditState.APPLYING, EditState.UNDOING)


class LineState(StrEnum):
    """State of a camera in an edit.

    GOOD would be changed, SAME is so already, REFUSED may not be. KEPT was not taken back, since
    somebody has changed it after the edit.
    """

    GOOD = "good"
    SAME = "same"
    REFUSED = "refused"
    APPLIED = "applied"
    UNDONE = "undone"
    KEPT = "kept"


@dataclass(frozen=True, slots=True)
class Edit:
    """One bulk edit. ``done`` of ``total`` cameras is the progress of what is being done now.

    ``total`` is 0 while nobody knows it. ``counts`` says how many cameras are in which state.
    ``code``, ``error`` and ``hint`` say why it failed or stopped. Times are UTC microseconds.
    """

    id: str
    owner: Actor
    state: EditState
    change: BulkChange
    created_us: int
    updated_us: int
    total: int = 0
    done: int = 0
    code: str = ""
    error: str = ""
    hint: str = ""
    cancel: bool = False
    counts: Mapping[LineState, int] = field(default_factory=dict)

    def interrupted(self, now_us: int) -> bool:
        """Say whether its work was broken off, so that it may be begun again."""
        return self.state.at_work and now_us - self.updated_us > INTERRUPTED_AFTER_US


@dataclass(frozen=True, slots=True)
class EditLine:
    """One camera of an edit. ``version`` is the one that was looked at.

    ``changes`` maps each field to its old and its new value; ``code`` and ``message`` say why a
    camera is refused or kept. ``before`` is the camera as JSON before it was changed.
    """

    number: int
    camera_id: str
    name: str
    state: LineState
    version: int = 0
    code: str = ""
    message: str = ""
    changes: Mapping[str, tuple[Any, Any]] = field(default_factory=dict)
    before: str = ""
