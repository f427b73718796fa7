"""The database that a test uses: SQLite, or PostgreSQL where one is offered.

With ``CAMHUB_TEST_POSTGRES`` set to the URL of a server (a role that may create databases), the
same tests run on PostgreSQL, each in a database of its own.
"""

from __future__ import annotations

import importlib
import os
import pkgutil
import secrets
from pathlib import Path

import asyncpg

import camera_registry.adapters
import ioc_api.adapters


async def fresh_url(directory: Path) -> str:
    """Return the URL of an empty database for one test."""
    server = os.environ.get("CAMHUB_TEST_POSTGRES", "")
    if not server:
        return f"sqlite:///{directory / 'hub.db'}"
    name = f"camhub_test_{secrets.token_hex(6)}"
    connection = await asyncpg.connect(f"{server}/postgres")
    try:
        await connection.execute(f"create database {name}")
    finally:
        await connection.close()
    return f"{server}/{name}"


def load_tables() -> None:
    """Import every adapter, so that ``metadata`` knows every table."""
    for package in (camera_registry.adapters, ioc_api.adapters):
        for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
            importlib.import_module(module.name)
