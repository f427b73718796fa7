"""`camhub models`: the models of this installation."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from analytics.builtin import BUILT_IN
from analytics.model.catalogue import OFFERS, offer
from ioc_api.cli.base import CamhubGroup, settings_options
from ioc_api.cli.models_test import test
from ioc_api.cli.terminal import tell
from ioc_api.compose.models import (
    add_model,
    install_model,
    opened_models,
)
from ioc_api.hosting import logs
from ioc_api.models.download import https_opener
from ioc_api.models.records import StoredModel
from ioc_api.settings import Settings, load


@click.group(cls=CamhubGroup)
def models() -> None:
    """Install, try, choose and remove detection models.

    A running hub takes up a change within some seconds, without losing a picture.
    """


models.add_command(test)


def _settings(config: Path | None, data: Path | None) -> Settings:
    given = load(config, data=data)
    logs.configure("warning", "console", "cli")
    return given


@models.command(name="list")
@settings_options
def list_(config: Path | None, data: Path | None) -> None:
    """Print the models that are installed, and those that can be; '*' marks the default.

    The last column of an installed model says how many cameras name it, of one to install whether
    its file is known (sha256) or will be pinned when it is first installed.

    \b
    Example:
        camhub models list
    """
    asyncio.run(_list(_settings(config, data)))


async def _list(given: Settings) -> None:
    async with opened_models(given) as keeper:
        stored = await keeper.store.list()
        used = await keeper.store.used_by()
        default = await keeper.default()
        pins = {name: await keeper.store.pinned(name) for name in OFFERS}
    rows = [(BUILT_IN, "built in", "Apache-2.0", "-", "what moves; claims no class", "")]
    rows += [
        (
            one.name,
            "installed",
            one.manifest.licence,
            f"{one.seconds * 1000:.1f} ms",
            f"{one.manifest.decoder} {one.manifest.version}",
            f"cameras: {used.get(one.name, 0)}",
        )
        for one in stored
    ]
    names = {one.name for one in stored}
    rows += [
        (
            name,
            "to install",
            found.manifest.licence,
            "-",
            found.about,
            "sha256 known" if found.manifest.sha256 or pins[name] else "sha256 pinned on install",
        )
        for name, found in OFFERS.items()
        if name not in names
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(5)]
    for row in rows:
        mark = "*" if row[0] == default else " "
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=False)]
        click.echo(f"{mark} {'  '.join([*cells, row[5]])}".rstrip())


@models.command()
@settings_options
@click.argument("name")
def install(config: Path | None, data: Path | None, name: str) -> None:
    """Fetch a model of the catalogue, check that it runs here, and pin its sha256.

    Where the catalogue holds no sha256 the first installation is trusted, and said to be.

    \b
    Example:
        camhub models install yolox-nano
    """
    given = _settings(config, data)
    chosen = offer(name)
    click.echo(f"{chosen.url} ({chosen.manifest.licence})", err=True)
    with _progress() as progress:
        kept, trusted = asyncio.run(install_model(given, chosen, https_opener(), progress))
    _say_kept(kept)
    if trusted:
        tell(
            "trusted on first use: nobody here has checked this file before. Its sha256 is pinned "
            f"from now on: {kept.manifest.sha256}"
        )


@models.command()
@settings_options
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--manifest", "-m", required=True, type=click.Path(path_type=Path), help="Its manifest (JSON)."
)
@click.option("--replace", is_flag=True, help="Let it take the place of an installed version.")
def add(config: Path | None, data: Path | None, file: Path, manifest: Path, replace: bool) -> None:
    """Take a local ONNX file; the manifest says what it is and pins its sha256.

    \b
    Examples:
        camhub models add street.onnx --manifest street.json
        camhub models add street-2.onnx --manifest street-2.json --replace
    """
    given = _settings(config, data)
    _say_kept(asyncio.run(add_model(given, file, manifest, replace=replace)))


@models.command()
@settings_options
@click.argument("name")
def remove(config: Path | None, data: Path | None, name: str) -> None:
    """Remove a model that no camera names and that is not the default.

    \b
    Example:
        camhub models remove yolox-nano
    """

    async def work() -> None:
        async with opened_models(given) as keeper:
            await keeper.remove(name)

    given = _settings(config, data)
    asyncio.run(work())
    tell(f"{name} is removed")


@models.command()
@settings_options
@click.argument("name", required=False)
@click.option("--reset", is_flag=True, help="Go back to CAMHUB_DETECTOR.")
def default(config: Path | None, data: Path | None, name: str | None, reset: bool) -> None:
    """Choose the model of all cameras that name none; without a name, print it.

    \b
    Examples:
        camhub models default yolox-nano
        camhub models default --reset
    """

    async def work() -> str:
        async with opened_models(given) as keeper:
            if name or reset:
                await keeper.choose_default("" if reset else name or "")
            return await keeper.default()

    given = _settings(config, data)
    click.echo(asyncio.run(work()))


def _say_kept(kept: StoredModel) -> None:
    tell(
        f"{kept.name} is installed: {kept.seconds * 1000:.1f} ms a picture on {kept.provider}; use "
        f"it for all cameras with 'camhub models default {kept.name}', or for one of them"
    )


@contextmanager
def _progress() -> Iterator[Callable[[str, int, int], None]]:
    """A line on stderr that counts up, on a terminal only."""
    shown = sys.stderr.isatty()

    def report(phase: str, done: int, total: int) -> None:
        if shown and phase == "download":
            of = f" of {total / 2**20:.1f}" if total else ""
            click.echo(f"\r{done / 2**20:.1f}{of} MiB", nl=False, err=True)

    try:
        yield report
    finally:
        if shown:
            click.echo(err=True)
