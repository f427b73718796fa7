"""A camera as it is stored."""

from __future__ import annotations

from dataclasses import dataclass

from camera_registry.model import Camera


@dataclass(frozen=True, slots=True)
class StoredCamera:
    """A camera with its own sealed credentials and its rule document (each empty: none).

    ``rules_version`` counts the changes of the document. ``shared_sealed`` is read, not written:
    the sealed value of the shared log-in that the camera names.
    """

    camera: Camera
    sealed: bytes = b""
    rules: str = ""
    rules_version: int = 0
    shared_sealed: bytes = b""

    @property
    def login(self) -> tuple[bytes, str]:
        """The sealed credentials in use, and the id that they are bound to; both empty: none."""
        if self.camera.credential_id:
            return self.shared_sealed, self.camera.credential_id
        return self.sealed, self.camera.id if self.sealed else ""
