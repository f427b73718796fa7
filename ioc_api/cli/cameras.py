"""`camhub cameras`: the registry from the command line; works with and without a running hub."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
import msgspec

from camera_registry.base.clock import SystemClock, us_to_iso
from camera_registry.base.errors import InvalidError
from camera_registry.details import Details
from camera_registry.model import Camera, Credentials, Position
from camera_registry.records import CameraChange, NewCamera
from camera_registry.registry import CameraRegistry
from camera_registry.scope import Scope
from ioc_api.cli.base import (
    CamhubGroup,
    camera_password,
    run_tool,
    settings_options,
    this_person,
)
from ioc_api.cli.camera_filters import filter_of, filter_options
from ioc_api.cli.camera_options import detail_fields, detail_options, run_fields, run_options
from ioc_api.cli.terminal import tell
from ioc_api.compose.database import opened_database
from ioc_api.compose.services import Services, make_services
from ioc_api.settings import Settings, load

_PAGE = 500
_ALL = Scope.all()


@click.group(cls=CamhubGroup, later={"bulk": "ioc_api.cli.bulk"})
def cameras() -> None:
    """Register, list, show, change and remove cameras, one or many.

    A running hub takes up a change within some seconds.
    """


@cameras.command()
@settings_options
@click.option("--name", required=True, help="Name as people know the place.")
@click.option("--unit", required=True, help="Five-digit code of the ward, commune or special zone.")
@click.option("--url", required=True, help="rtsp://host[:port]/path; credentials are sealed.")
@click.option("--username", help="User name on the camera; the password is asked for.")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@click.option("--credential", help="Name or id of a shared log-in that it uses.")
@click.option("--lon", type=float, help="Longitude, WGS 84.")
@click.option("--lat", type=float, help="Latitude, WGS 84.")
@click.option("--disabled", is_flag=True, help="Register it without running it.")
@run_options
@detail_options
def add(config: Path | None, data: Path | None, **given: Any) -> None:
    """Register a camera and print its id.

    \b
    Examples:
        camhub cameras add --name "Cổng chợ Bến Thành" --unit 26743 --url rtsp://10.1.2.3/live
        camhub cameras add --name Gate --unit 26743 --url rtsp://10.1.2.4/s1 --username viewer
    """
    settings = load(config, data=data)
    new = NewCamera(
        name=given["name"],
        unit_code=given["unit"],
        url=given["url"],
        position=_position(given),
        credentials=_credentials(given),
        enabled=not given["disabled"],
        details=Details(**detail_fields(given, Details())),
        **run_fields(given),
    )

    async def work(services: Services) -> None:
        shared = await _shared(services, given["credential"])
        wanted = replace(new, credential_id=shared or "")
        camera = await services.registry.add(wanted, _ALL, by=this_person())
        click.echo(camera.id)

    _run_services(settings, work)


@cameras.command()
@settings_options
@click.argument("camera_id")
@click.option("--name", help="Name as people know the place.")
@click.option("--unit", help="Five-digit code of the ward, commune or special zone.")
@click.option("--url", help="rtsp://host[:port]/path; another host loses the credentials.")
@click.option("--username", help="User name on the camera; the password is asked for.")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@click.option("--credential", help="Name or id of a shared log-in; empty: none any more.")
@click.option("--lon", type=float, help="Longitude, WGS 84.")
@click.option("--lat", type=float, help="Latitude, WGS 84.")
@click.option("--enable/--disable", "enabled", default=None, help="Run it or not.")
@run_options
@detail_options
def change(config: Path | None, data: Path | None, camera_id: str, **given: Any) -> None:
    """Change fields of a camera; those that are not named stay.

    \b
    Examples:
        camhub cameras change 0193b2f0-… --class gate --address "12 Lê Lợi" --azimuth 90
        camhub cameras change 0193b2f0-… --code "" --disable
    """
    settings = load(config, data=data)
    same = {
        "name": given["name"],
        "unit_code": given["unit"],
        "url": given["url"],
        "position": _position(given),
        "credentials": _credentials(given),
        "enabled": given["enabled"],
    }
    named = {name: value for name, value in same.items() if value is not None}

    async def work(services: Services) -> None:
        registry = services.registry
        before = await registry.get(camera_id, _ALL)
        shared = await _shared(services, given["credential"])
        if shared is not None:
            named["credential_id"] = shared
        details = detail_fields(given, before.details)
        wanted = CameraChange(**named, **run_fields(given), details=details)
        changed = await registry.update(camera_id, wanted, _ALL, by=this_person())
        tell(f"{changed.code}  version {changed.version}")

    _run_services(settings, work)


@cameras.command()
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

    _run(load(config, data=data), work)


@cameras.command()
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

    _run(load(config, data=data), work)


@cameras.command(name="list")
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

    _run(load(config, data=data), work)


@cameras.command()
@settings_options
@click.argument("camera_id")
def remove(config: Path | None, data: Path | None, camera_id: str) -> None:
    """Remove a camera by its id. Its recorded events and its history stay.

    \b
    Example:
        camhub cameras remove 0193b2f0-7c1e-7d3a-9c55-0242ac120002
    """

    async def work(registry: CameraRegistry) -> None:
        await registry.remove(camera_id, _ALL, by=this_person())
        tell(f"removed {camera_id}")

    _run(load(config, data=data), work)


def _run(settings: Settings, work: Callable[[CameraRegistry], Awaitable[None]]) -> None:
    _run_services(settings, lambda services: work(services.registry))


def _run_services(settings: Settings, work: Callable[[Services], Awaitable[None]]) -> None:
    async def opened() -> None:
        async with opened_database(settings, migrate=True) as database:
            await work(make_services(settings, database, SystemClock(), None))

    run_tool(opened(), settings)


async def _shared(services: Services, name: str | None) -> str | None:
    """Return the id of a shared log-in by its name or id; what is empty stays so."""
    return (await services.credentials.named(name, _ALL)).id if name else name


def _position(given: dict[str, Any]) -> Position | None:
    lon, lat = given["lon"], given["lat"]
    if (lon is None) != (lat is None):
        raise InvalidError("position: give both --lon and --lat, or neither")
    return None if lon is None else Position(lon, lat)


def _credentials(given: dict[str, Any]) -> Credentials | None:
    if not given["username"]:
        return None
    return Credentials(given["username"], camera_password(given["password_stdin"]))


def _line(camera: Camera) -> str:
    switched = "on " if camera.enabled else "off"
    start = f"{camera.id}  {camera.unit_code}  {switched}  {camera.code}"
    return f"{start}  {camera.name}  {camera.url}"


def _shown(value: Any) -> str:
    return "–" if value is None else msgspec.json.encode(value).decode()
