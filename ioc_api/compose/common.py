"""What roles and commands share: the vault, the end by signal."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

from camera_registry.vault import Vault
from camera_registry.vault_keys import KeyFile, parse_keys
from camera_registry.weak import WeakCredentials
from ioc_api.settings import Settings


def key_file(settings: Settings) -> KeyFile:
    """Return the file that holds the master keys where the settings hold none."""
    return KeyFile(settings.data / "vault.key")


def open_vault(settings: Settings) -> Vault:
    """Open the vault with the keys from the settings, else with those of ``vault.key``.

    The file is followed: a key that is rotated serves without a restart.
    """
    text = settings.vault_key.get_secret_value()
    if not text:
        return Vault.following(key_file(settings))
    key, *older = parse_keys(text)
    return Vault(key, older)


def open_weak(settings: Settings) -> WeakCredentials:
    """Read the lists of weak passwords. Raises ConfigError."""
    return WeakCredentials.load(
        Path(settings.weak_credentials) if settings.weak_credentials else None
    )


def stop_requested() -> asyncio.Event:
    """Return an event that SIGTERM and SIGINT set."""
    event = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, event.set)
    return event


async def run_until(stop: asyncio.Event, *services: Coroutine[Any, Any, None]) -> None:
    """Run services side by side until ``stop`` is set or one of them ends; raise what it raised.

    A service that ends by itself when it is asked to is given an event that nobody sets.
    """
    tasks = [asyncio.ensure_future(service) for service in services]
    waiter = asyncio.ensure_future(stop.wait())
    try:
        done, _ = await asyncio.wait({waiter, *tasks}, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in (waiter, *tasks):
            task.cancel()
        await asyncio.gather(waiter, *tasks, return_exceptions=True)
