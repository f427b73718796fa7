"""Where uploaded files wait, sealed, until their import is applied."""

from __future__ import annotations

from typing import Protocol

FILE_PURPOSE = "import"


class Files(Protocol):
    """Where uploaded files are kept, sealed, until their import ends."""

    async def put(self, key: str, data: bytes) -> None:
        """Store the whole of ``data`` or nothing. Raises StorageError."""
        ...

    async def get(self, key: str) -> bytes:
        """Return the bytes. Raises NotFoundError, StorageError."""
        ...

    async def delete(self, key: str) -> None:
        """Remove a file; a missing one is no error."""
        ...


def blob_key(import_id: str) -> str:
    """Return the key of an uploaded file."""
    return f"imports/{import_id}"
