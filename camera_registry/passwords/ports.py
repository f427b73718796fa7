"""Where changes of passwords are kept, as the service and the runner see it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from camera_registry.passwords.model import ChangeRow, ChangeState, PasswordChange, RowState
from camera_registry.scope import Scope


class PasswordStore(Protocol):
    """Changes and their rows. A change is seen by whom all of its cameras are seen."""

    async def create(self, change: PasswordChange, rows: Sequence[ChangeRow]) -> None:
        """Store a new change with its rows.

        A camera that another change is not done with becomes a failed row ``busy``.
        """
        ...

    async def get(self, change_id: str, scope: Scope) -> PasswordChange | None:
        """Return a change with its counts, or None."""
        ...

    async def list(self, scope: Scope, before: str | None, limit: int) -> Sequence[PasswordChange]:
        """Return up to ``limit`` changes older than ``before``, the latest first, with counts."""
        ...

    async def rows(
        self, change_id: str, states: Sequence[RowState], after: int, limit: int
    ) -> Sequence[ChangeRow]:
        """Return up to ``limit`` rows behind number ``after``; no states means all."""
        ...

    async def ask_to_stop(self, change_id: str) -> None:
        """Let no further camera of a change be begun."""
        ...

    async def again(self, change_id: str, now_us: int) -> int:
        """Put failed and unsure rows back to work; return how many."""
        ...

    async def delete(self, change_id: str) -> bool:
        """Forget a change that has ended and has no unsure camera; say whether it was so."""
        ...

    async def claim(
        self, holder: str, now_us: int, stale_us: int, change_id: str = ""
    ) -> PasswordChange | None:
        """Take a running change that nobody has worked on since ``stale_us``, or None.

        With ``change_id`` that one only.
        """
        ...

    async def alive(self, change_id: str, holder: str, now_us: int) -> bool | None:
        """Say that it is worked on. Return whether it is to stop; None: another has taken it."""
        ...

    async def due(self, change_id: str, now_us: int, limit: int) -> Sequence[ChangeRow]:
        """Return rows that can be worked on now: sent, unsure and due again, waiting."""
        ...

    async def pending(self, change_id: str) -> int:
        """Count rows that are not at their end, unsure ones with tries left among them."""
        ...

    async def write(self, before: ChangeRow, after: ChangeRow) -> bool:
        """Write a row if it is still in the state of ``before``; say whether it was."""
        ...

    async def drop_waiting(self, change_id: str, now_us: int) -> None:
        """Make waiting rows cancelled ones, but unsure where the device was asked before."""
        ...

    async def finish(self, change_id: str, state: ChangeState, now_us: int) -> None:
        """End a change."""
        ...

    async def sweep(self, until_us: int) -> int:
        """Forget what ended before ``until_us`` and has no unsure camera; return how many."""
        ...
