"""`camhub cameras show|history|list`: what is registered, and how it came to be."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import msgspec

from camera_registry.base.clock import us_to_iso
from camera_registry.model import Camera
from camera_registry.registry import CameraRegistry
from camera_registry.scope import Scope
from ioc_api.cli.base import settings_options
from ioc_api.cli.camera_filters import filter_of, filter_options
from ioc_api.cli.registry_tool import run_registry
from ioc_api.settings import load

_PAGE = 500
_ALL = Scope.all()


@click.command()
@settings_options
@click.argument("camera_id")
@click.option("--version", type=int, help="As it was at this version.")
def show(config: Path | None, data: Path | None, camera_id: str, version: int | None) -> None:
    """Print a camera as JSON, without its password.

    \b
    Example:
        camhub cameras show 0193b2f0-7c1e-7d3a-9c55-0242ac120002 --version 3
    """

    async def work(registry: CameraRegistry) -> None:
        if version is None:
            camera = await registry.get(camera_id, _ALL)
        else:
            camera = (await registry.version(camera_id, version, _ALL)).camera
        click.echo(msgspec.json.format(msgspec.json.encode(camera), indent=2).decode())

    run_registry(load(config, data=data), work)


@click.command()
@settings_options
@click.argument("camera_id")
def history(config: Path | None, data: Path | None, camera_id: str) -> None:
    """List the changes of a camera, the latest first: when, who, and from what to what.

    \b
    Example:
        camhub cameras history 0193b2f0-7c1e-7d3a-9c55-0242ac120002
    """

    async def work(registry: CameraRegistry) -> None:
        before: int | None = None
        while page := await registry.versions(camera_id, _ALL, before, _PAGE):
            for entry in page:
                who = entry.actor.name or entry.actor.id
                click.echo(f"{entry.version}  {us_to_iso(entry.at_us)}  {entry.action}  {who}")
                for field, (old, new) in entry.changes.items():
                    click.echo(f"    {field}: {_shown(old)} → {_shown(new)}")
            before = page[-1].version

    run_registry(load(config, data=data), work)


@click.command(name="list")
@settings_options
@filter_options
def list_(config: Path | None, data: Path | None, **given: Any) -> None:
    """List the cameras: id, unit, on or off, code, name, address.

    \b
    Examples:
        camhub cameras list --data /srv/camhub
        camhub cameras list --text "cho ben thanh" --class gate
    """
    wanted = filter_of(given)

    async def work(registry: CameraRegistry) -> None:
        after: tuple[str, str] | None = None
        while page := await registry.list(_ALL, wanted, after, _PAGE):
            for camera in page:
                click.echo(_line(camera))
            after = (page[-1].name, page[-1].id)

    run_registry(load(config, data=data), work)


def _line(camera: Camera) -> str:
    switched = "on " if camera.enabled else "off"
    start = f"{camera.id}  {camera.unit_code}  {switched}  {camera.code}"
    return f"{start}  {camera.name}  {camera.url}"


def _shown(value: Any) -> str:
    return "–" if value is None else msgspec.json.encode(value).decode()
