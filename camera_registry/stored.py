"""A camera as it is stored."""

from __future__ import annotations

from dataclasses import dataclass

from camera_registry.model import Camera


@dataclass(frozen=True, slots=True)
class StoredCamera:
    """A camera with its sealed credentials and its rule document (each empty: none).

    ``rules_version`` counts the changes of the document.
    """

    camera: Camera
    sealed: bytes = b""
    rules: str = ""
    rules_version: int = 0
