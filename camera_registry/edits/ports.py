"""Where bulk edits are kept, as the service sees it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Protocol

from camera_registry.edits.model import Edit, EditLine, EditState, LineState
from camera_registry.model import Actor
from camera_registry.shared import Logins
from camera_registry.stored import StoredCamera

Decide = Callable[[EditLine, StoredCamera | None, Logins], tuple[EditLine, StoredCamera | None]]
"""Takes a line, its camera as it is stored and the shared log-ins of its batch; returns the line,
and the camera as it is to be if it changes."""


class EditStore(Protocol):
    """Edits, their lines, and the cameras that they change."""

    async def create(self, edit: Edit) -> None:
        """Store a new edit."""
        ...

    async def get(self, edit_id: str, owner_id: str | None) -> Edit | None:
        """Return an edit of this owner (None: of anybody), or None."""
        ...

    async def list(self, owner_id: str | None, before: str | None, limit: int) -> Sequence[Edit]:
        """Return up to ``limit`` edits older than ``before``, the latest first."""
        ...

    async def begin(self, edit: Edit, state: EditState, now_us: int) -> bool:
        """Take an edit into work if it is still as ``edit`` was; say whether it was."""
        ...

    async def advance(self, edit_id: str, done: int, total: int, now_us: int) -> bool:
        """Write the progress; say whether it is to go on."""
        ...

    async def finish(
        self,
        edit_id: str,
        state: EditState,
        now_us: int,
        problem: tuple[str, str, str] = ("", "", ""),
    ) -> None:
        """End the work: the state it is in now, and code, words and hint of what stopped it."""
        ...

    async def ask_to_stop(self, edit_id: str) -> None:
        """Let whoever works on it stop at the next step."""
        ...

    async def delete(self, edit_id: str) -> None:
        """Forget an edit and its lines; what it changed stays."""
        ...

    async def forget(self, unused_us: int, any_us: int, limit: int) -> int:
        """Delete edits that changed nothing until ``unused_us``, and all until ``any_us``."""
        ...

    async def add_lines(self, edit_id: str, lines: Sequence[EditLine]) -> None:
        """Store new lines."""
        ...

    async def lines(
        self, edit_id: str, states: Sequence[LineState], after: int, limit: int
    ) -> Sequence[EditLine]:
        """Return up to ``limit`` lines behind number ``after``; no states means all."""
        ...

    async def logins(self, ids: Collection[str]) -> Logins:
        """Return the shared log-ins of these ids; empty ids mean none."""
        ...

    async def change(
        self, edit_id: str, lines: Sequence[EditLine], decide: Decide, by: Actor
    ) -> None:
        """Change the cameras of lines as ``decide`` says, and keep the lines, in one transaction.

        Raises InvalidError, and then nothing has been written.
        """
        ...
