"""An import as it is known: a file, its rows, and how far it has come."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from camera_registry.imports.messages import Message
from camera_registry.model import Actor

INTERRUPTED_AFTER_US = 60_000_000
"""Work on an import of which nothing was heard for so long has ended with its process."""


class ImportState(StrEnum):
    """State of an import. Those that end in -ing are at work."""

    UPLOADED = "uploaded"
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
        return self in (ImportState.CHECKING, ImportState.APPLYING, ImportState.UNDOING)


class RowState(StrEnum):
    """State of a row. KEPT is a camera that somebody changed since: undoing left it."""

    GOOD = "good"
    WRONG = "wrong"
    APPLIED = "applied"
    UNDONE = "undone"
    KEPT = "kept"


class Mode(StrEnum):
    """What becomes of the good rows of a file that has wrong ones."""

    GOOD_ROWS = "good_rows"
    ALL_OR_NOTHING = "all_or_nothing"


@dataclass(frozen=True, slots=True)
class Import:
    """One import. ``done`` of ``total`` rows is the progress of what is being done now.

    ``counts`` says how many rows are in which state, ``warned`` how many of them have warnings.
    ``code``, ``error`` and ``hint`` say why it failed or stopped. ``cancel`` is set while it is
    asked to stop. Times are UTC microseconds.
    """

    id: str
    owner: Actor
    file_name: str
    bytes: int
    state: ImportState
    headings: Sequence[str]
    mapping: Mapping[int, str]
    created_us: int
    updated_us: int
    mode: str = ""
    total: int = 0
    done: int = 0
    code: str = ""
    error: str = ""
    hint: str = ""
    cancel: bool = False
    warned: int = 0
    counts: Mapping[RowState, int] = field(default_factory=dict)

    def interrupted(self, now_us: int) -> bool:
        """Say whether its work was broken off, so that it may be begun again."""
        return self.state.at_work and now_us - self.updated_us > INTERRUPTED_AFTER_US


@dataclass(frozen=True, slots=True)
class ImportRow:
    """One row. ``cells`` are the file's with all secrets blotted out.

    ``camera`` is the camera as JSON that the row makes, with ``camera_id`` and ``sealed``
    credentials; empty where the row is wrong.
    """

    number: int
    state: RowState
    cells: Sequence[str]
    messages: Sequence[Message] = ()
    camera_id: str = ""
    camera: str = ""
    sealed: bytes = field(default=b"", repr=False)
