"""`camhub vault`: the master key that camera passwords and other secrets are sealed with."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from pathlib import Path

import click

from camera_registry.adapters.blobs import BlobStore
from camera_registry.base.clock import SystemClock
from camera_registry.base.errors import ConflictError
from camera_registry.vault import Vault
from camera_registry.vault_keys import KEY_BYTES, MAX_KEYS, KeyFile
from ioc_api.adapters.sealed_sql import SqlSealedValues
from ioc_api.cli.base import CamhubGroup, run_tool, settings_options
from ioc_api.cli.terminal import tell
from ioc_api.compose.common import key_file, open_vault
from ioc_api.compose.database import opened_database
from ioc_api.settings import Settings, load
from ioc_api.vault_rotation import ON_ITS_WAY_S, Rotation, in_use


@click.group(cls=CamhubGroup)
def vault() -> None:
    """Look at the master key, and change it while everything runs.

    \b
    Where the key is the file vault.key, all processes follow the file:
        camhub vault rotate     a new key; everything is sealed again; go on after a break
        camhub vault status     how many values are under which key
        camhub vault prune      drop the older keys when nothing uses them

    Where workers run on other machines, copy vault.key there right after the rotation began.

    Where the key is CAMHUB_VAULT_KEY, give "old,new" to every process, starting them in turn, then
    "new,old"; `camhub vault rotate` then seals everything with the first; then give "new" alone.
    """


@vault.command()
@settings_options
def status(config: Path | None, data: Path | None) -> None:
    """Print how many sealed values are under which key; the first one is the present key."""

    async def work(rotation: Rotation, opened: Vault) -> None:
        counted = await rotation.counts()
        known = list(opened.heads)
        unknown = sorted({head for heads in counted.values() for head in heads} - set(known))
        for number, head in enumerate([*known, *unknown]):
            word = "present" if number == 0 else "older" if head in known else "NOT KNOWN HERE"
            total = sum(heads.get(head, 0) for heads in counted.values())
            click.echo(f"key {head[1:].hex()}  {word:<14} {total} values")
            for place, heads in counted.items():
                if head in heads:
                    click.echo(f"    {heads[head]:>8}  {place}")

    _run(config, data, work)


@vault.command()
@settings_options
@click.option(
    "--batch",
    type=click.IntRange(1, 5000),
    default=500,
    show_default=True,
    help="Values that are written at once.",
)
def rotate(config: Path | None, data: Path | None, batch: int) -> None:
    """Make a new master key and seal everything with it; nothing needs a restart.

    A rotation that was stopped half-way is gone on with: no further key is made then. The older
    keys stay until `camhub vault prune`.
    """
    settings = load(config, data=data)
    file = _own_file(settings)

    async def work(rotation: Rotation, opened: Vault) -> None:
        if await rotation.left():
            tell("goes on with the rotation that was not finished")
        elif file is not None:
            keys = file.keys()
            if len(keys) >= MAX_KEYS:
                raise ConflictError(
                    "There are too many older keys", hint="run `camhub vault prune` first"
                )
            file.write([os.urandom(KEY_BYTES), *keys])
        tell(f"key {opened.head[1:].hex()} seals from now on")
        outcome = await rotation.reseal(
            batch, lambda place, done, total: click.echo(f"{place}: {done} of {total}")
        )
        tell(f"{outcome.done} values are sealed again")
        left = await rotation.left()
        if left:
            raise in_use(left)

    if file is None:
        _run_with(settings, work)
    else:
        with file.alone():
            _run_with(settings, work)


@vault.command()
@settings_options
def prune(config: Path | None, data: Path | None) -> None:
    """Drop the older keys from vault.key, if nothing is sealed with them any more.

    Refused for a quarter of an hour after a rotation: orders to workers and people on their way to
    an OpenID provider still carry values that were sealed before.
    """
    settings = load(config, data=data)
    file = _own_file(settings)
    if file is None:
        raise ConflictError(
            "The master keys come from the settings, not from a file",
            hint="leave the older ones out of CAMHUB_VAULT_KEY when `camhub vault status` shows "
            "no value under them",
        )

    async def work(rotation: Rotation, opened: Vault) -> None:
        left = await rotation.left()
        if left:
            raise in_use(left)
        wait_s = ON_ITS_WAY_S - file.age_s(SystemClock().utc_us())
        key, *older = file.keys()
        if older and wait_s > 0:
            raise ConflictError(
                "Values under an older key may still be on their way",
                hint=f"try again in {int(wait_s // 60) + 1} minutes",
            )
        if older:
            file.write([key])
        tell(f"{len(older)} older keys dropped; key {opened.head[1:].hex()} stays")

    with file.alone():
        _run_with(settings, work)


def _own_file(settings: Settings) -> KeyFile | None:
    return None if settings.vault_key.get_secret_value() else key_file(settings)


def _run(
    config: Path | None, data: Path | None, work: Callable[[Rotation, Vault], Awaitable[None]]
) -> None:
    _run_with(load(config, data=data), work)


def _run_with(settings: Settings, work: Callable[[Rotation, Vault], Awaitable[None]]) -> None:
    async def opened() -> None:
        async with opened_database(settings, migrate=False) as database:
            found = open_vault(settings)
            files = BlobStore.open(settings.blob_location)
            await work(Rotation(SqlSealedValues(database), files, found), found)

    run_tool(opened(), settings)
