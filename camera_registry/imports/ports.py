"""Where imports are kept, as the service sees it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Protocol

from camera_registry.imports.duplicates import Known
from camera_registry.imports.model import Import, ImportRow, ImportState, RowState
from camera_registry.model import Actor
from camera_registry.scope import Scope
from camera_registry.shared import SharedCredential


class ImportStore(Protocol):
    """Imports, their rows, and the cameras that they become."""

    async def create(self, record: Import) -> None:
        """Store a new import."""
        ...

    async def get(self, import_id: str, owner_id: str | None) -> Import | None:
        """Return an import of this owner (None: of anybody), or None."""
        ...

    async def list(self, owner_id: str | None, before: str | None, limit: int) -> Sequence[Import]:
        """Return up to ``limit`` imports older than ``before``, the latest first."""
        ...

    async def begin(
        self, record: Import, state: ImportState, now_us: int, *, mode: str = ""
    ) -> bool:
        """Take an import into work if it is still as ``record`` was; say whether it was."""
        ...

    async def remap(self, record: Import, mapping: Mapping[int, str]) -> None:
        """Write which column holds which field, and forget the rows."""
        ...

    async def advance(self, import_id: str, done: int, total: int, now_us: int) -> bool:
        """Write the progress; say whether it is to go on."""
        ...

    async def finish(
        self,
        import_id: str,
        state: ImportState,
        now_us: int,
        problem: tuple[str, str, str] = ("", "", ""),
    ) -> None:
        """End the work: the state it is in now, and code, words and hint of what stopped it."""
        ...

    async def ask_to_stop(self, import_id: str) -> None:
        """Let whoever works on it stop at the next step."""
        ...

    async def delete(self, import_id: str) -> None:
        """Forget an import and its rows; its cameras stay."""
        ...

    async def unfinished(self, until_us: int, limit: int) -> Sequence[Import]:
        """Return imports that made no camera and at which nothing happened since ``until_us``."""
        ...

    async def half_finished(self, until_us: int, limit: int) -> Sequence[Import]:
        """Return imports that made cameras and have not come to their end since ``until_us``."""
        ...

    async def add_rows(self, import_id: str, rows: Sequence[ImportRow]) -> None:
        """Store rows, in the place of those with the same numbers."""
        ...

    async def rows(
        self, import_id: str, states: Sequence[RowState], after: int, limit: int, *, warned: bool
    ) -> Sequence[ImportRow]:
        """Return up to ``limit`` rows behind number ``after``; no states means all.

        With ``warned`` those with warnings only.
        """
        ...

    def known(self, scope: Scope) -> AsyncIterator[Sequence[Known]]:
        """Yield every registered camera as far as duplicates go, a portion at a time.

        A city's cameras in one go would hold the event loop.
        """
        ...

    async def groups(self, scope: Scope) -> Mapping[str, str]:
        """Return the ids of the camera groups that the scope may know, by folded name."""
        ...

    async def shared(self, scope: Scope) -> Mapping[str, SharedCredential]:
        """Return the shared log-ins that lie in the scope as a whole, by folded name."""
        ...

    async def register(self, import_id: str, rows: Sequence[ImportRow], by: Actor) -> None:
        """Make cameras out of rows and mark the rows, all in one transaction.

        Raises ConflictError or InvalidError, and then nothing has been written.
        """
        ...

    async def unregister(
        self, import_id: str, rows: Sequence[ImportRow], scope: Scope, by: Actor, now_us: int
    ) -> int:
        """Delete the cameras of rows in scope that nobody changed since, and mark the rows.

        Rows whose cameras are out of scope stay as they are; returns how many.
        """
        ...
