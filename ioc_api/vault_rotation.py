"""Rotation of the master key while everything runs.

The new key is put in front of the older ones; every process follows the key file and opens what is
sealed under any of them. Then each value is sealed again, a batch at a time, each written only if
nobody changed it meanwhile. It may be stopped anywhere: the next start goes on with what is left.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import structlog

from camera_registry.base.errors import CamhubError, ConfigError, ConflictError, NotFoundError
from camera_registry.imports.files import FILE_PURPOSE, Files, blob_key
from camera_registry.vault import HEAD_BYTES, Vault

log = structlog.get_logger(__name__)

FILES = "files of imports"
_IDS_AT_ONCE = 500
ON_ITS_WAY_S = 900.0
"""Orders on the bus and browsers on their way to a provider carry sealed values for less."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """A sealed value: the key of its row, what it is bound to, and its bytes."""

    row: tuple[Any, ...]
    bound_to: str
    value: bytes


class SealedValues(Protocol):
    """The sealed values of the database, by place: a column that holds some."""

    @property
    def places(self) -> Mapping[str, str]:
        """The name of each place, and what its values are sealed for."""
        ...

    async def counts(self, place: str) -> dict[bytes, int]:
        """Count the values of a place by their first bytes."""
        ...

    async def under_others(
        self, place: str, head: bytes, after: tuple[Any, ...] | None, limit: int
    ) -> Sequence[Sealed]:
        """Return up to ``limit`` values under another key, by the key of the row."""
        ...

    async def replace(self, place: str, values: Sequence[tuple[Sealed, bytes]]) -> int:
        """Write new bytes where the old ones still stand; return for how many."""
        ...

    async def import_ids(self, after: str, limit: int) -> Sequence[str]:
        """Return up to ``limit`` ids of imports behind ``after``, in their order."""
        ...

    async def import_exists(self, import_id: str) -> bool:
        """Say whether an import is still there."""
        ...


class SealedFiles(Files, Protocol):
    """The uploaded files of imports, which wait sealed."""

    async def start(self, key: str, length: int) -> bytes:
        """Return the first bytes. Raises NotFoundError, StorageError."""
        ...


@dataclass(slots=True)
class Outcome:
    """What a rotation did: values sealed again, and those that no key opens."""

    done: int = 0
    unreadable: int = 0


Progress = Callable[[str, int, int], None]
"""Told a place, how many of its values are looked at, and of how many."""


class Rotation:
    """Counts and re-seals all values under ``vault``'s present key.

    Of a file its beginning says the key. A whole one is read only to be sealed again, one at a
    time: the memory that this takes is that of the largest upload.
    """

    def __init__(self, values: SealedValues, files: SealedFiles, vault: Vault) -> None:
        self._values = values
        self._files = files
        self._vault = vault

    async def counts(self) -> dict[str, dict[bytes, int]]:
        """Count the values of each place by the beginning that says their key."""
        found = {place: await self._values.counts(place) for place in self._values.places}
        heads: dict[bytes, int] = {}
        async for _, head in self._file_heads(_IDS_AT_ONCE):
            heads[head] = heads.get(head, 0) + 1
        return {**found, FILES: heads}

    async def left(self) -> int:
        """Count the values under other keys than the present one."""
        present = self._vault.head
        counted = await self.counts()
        return sum(
            number
            for heads in counted.values()
            for head, number in heads.items()
            if head != present
        )

    async def reseal(self, batch: int, progress: Progress) -> Outcome:
        """Seal everything again that is under another key. Raises StorageError."""
        outcome = Outcome()
        for place, purpose in self._values.places.items():
            await self._reseal_place(place, purpose, batch, progress, outcome)
        await self._reseal_files(batch, progress, outcome)
        log.info("vault_resealed", values=outcome.done, unreadable=outcome.unreadable)
        return outcome

    async def _reseal_place(
        self, place: str, purpose: str, batch: int, progress: Progress, outcome: Outcome
    ) -> None:
        head = self._vault.head
        counted = await self._values.counts(place)
        total = sum(number for each, number in counted.items() if each != head)
        seen, after = 0, None
        while rows := await self._values.under_others(place, head, after, batch):
            fresh: list[tuple[Sealed, bytes]] = []
            for row in rows:
                try:
                    new = self._vault.reseal(row.bound_to, purpose, row.value)
                except CamhubError as error:
                    outcome.unreadable += 1
                    log.error("vault_value_unreadable", place=place, code=error.code)
                else:
                    fresh.append((row, new))
            outcome.done += await self._values.replace(place, fresh)
            seen, after = seen + len(rows), rows[-1].row
            progress(place, seen, max(total, seen))

    async def _reseal_files(self, batch: int, progress: Progress, outcome: Outcome) -> None:
        present = self._vault.head
        total, seen = 0, 0
        async for _, head in self._file_heads(batch):
            total += head != present
        async for import_id, head in self._file_heads(batch):
            if head == present:
                continue
            seen += 1
            try:
                done = await self._reseal_file(import_id)
            except ConfigError as error:
                outcome.unreadable += 1
                log.error("vault_value_unreadable", place=FILES, code=error.code)
                continue
            outcome.done += done
            progress(FILES, seen, max(total, seen))

    async def _reseal_file(self, import_id: str) -> bool:
        """Seal a file again; say whether it was still there."""
        key = blob_key(import_id)
        try:
            data = await self._files.get(key)
        except NotFoundError:
            return False
        await self._files.put(key, self._vault.reseal(import_id, FILE_PURPOSE, data))
        if not await self._values.import_exists(import_id):
            await self._files.delete(key)
        return True

    async def _file_heads(self, at_once: int) -> AsyncIterator[tuple[str, bytes]]:
        """Yield the import of each file that is kept, and the beginning that says its key."""
        after = ""
        while ids := await self._values.import_ids(after, at_once):
            for import_id in ids:
                try:
                    head = await self._files.start(blob_key(import_id), HEAD_BYTES)
                except NotFoundError:
                    continue  # applied or given up since: its file went
                yield import_id, head
            after = ids[-1]


def in_use(left: int) -> ConflictError:
    """Say that older keys must stay."""
    return ConflictError(
        f"{left} values are still under an older master key",
        hint="run `camhub vault rotate` first; `camhub vault status` shows where they are",
        code="vault_key_in_use",
    )
