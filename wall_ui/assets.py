"""Where the built wall lies."""

from __future__ import annotations

from pathlib import Path

DIST = Path(__file__).resolve().parent / "dist"


def directory() -> Path | None:
    """Return the directory with the built wall's ``index.html``, or None where it is not built."""
    return DIST if (DIST / "index.html").is_file() else None
