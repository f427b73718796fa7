"""Alembic's scripts: the history of the tables."""

from __future__ import annotations

from pathlib import Path

DIRECTORY = Path(__file__).resolve().parent
"""What ``Database`` takes as its ``migrations``."""
