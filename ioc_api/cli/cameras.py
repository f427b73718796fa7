"""`camhub cameras`: the registry from the command line; works with and without a running hub."""

from __future__ import annotations

from pathlib import Path

import click

from camera_registry.base.clock import SystemClock
from camera_registry.base.errors import InvalidError
from camera_registry.model import Credentials, Position
from camera_registry.records import NewCamera
from camera_registry.registry import CameraRegistry
from camera_registry.scope import Scope
from ioc_api.cli.base import CamhubGroup, camera_password, run_tool, settings_options
from ioc_api.compose.common import opened_database
from ioc_api.compose.services import make_services
from ioc_api.settings import Settings, load

_PAGE = 500


@click.group(cls=CamhubGroup)
def cameras() -> None:
    """Register, list and remove cameras.

    A running hub takes up a change within some seconds.
    """


@cameras.command()
@settings_options
@click.option("--name", required=True, help="Name as people know the place.")
@click.option("--unit", required=True, help="Five-digit code of the ward, commune or special zone.")
@click.option("--url", required=True, help="rtsp://host[:port]/path; credentials are sealed.")
@click.option("--username", help="User name on the camera; the password is asked for.")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@click.option("--lon", type=float, help="Longitude, WGS 84.")
@click.option("--lat", type=float, help="Latitude, WGS 84.")
@click.option("--transport", type=click.Choice(["tcp", "udp"]), default="tcp", show_default=True)
@click.option("--tag", "tags", multiple=True, help="Tag; repeat for more.")
@click.option("--disabled", is_flag=True, help="Register it without running it.")
def add(
    config: Path | None,
    data: Path | None,
    name: str,
    unit: str,
    url: str,
    username: str | None,
    password_stdin: bool,
    lon: float | None,
    lat: float | None,
    transport: str,
    tags: tuple[str, ...],
    disabled: bool,
) -> None:
    """Register a camera and print its id.

    \b
    Examples:
        camhub cameras add --name "Cổng chợ Bến Thành" --unit 26743 --url rtsp://10.1.2.3/live
        camhub cameras add --name Gate --unit 26743 --url rtsp://10.1.2.4/s1 --username viewer
    """
    given = load(config, data=data)
    if (lon is None) != (lat is None):
        raise InvalidError("position: give both --lon and --lat, or neither")
    credentials = None
    if username:
        credentials = Credentials(username, camera_password(password_stdin))
    new = NewCamera(
        name=name,
        unit_code=unit,
        url=url,
        position=Position(lon, lat) if lon is not None and lat is not None else None,
        credentials=credentials,
        enabled=not disabled,
        transport=transport,
        tags=tags,
    )
    run_tool(_add(given, new), given)


@cameras.command(name="list")
@settings_options
def list_(config: Path | None, data: Path | None) -> None:
    """List the cameras: id, unit, on or off, name, address.

    \b
    Example:
        camhub cameras list --data /srv/camhub
    """
    given = load(config, data=data)
    run_tool(_list(given), given)


@cameras.command()
@settings_options
@click.argument("camera_id")
def remove(config: Path | None, data: Path | None, camera_id: str) -> None:
    """Remove a camera by its id. Its recorded events stay.

    \b
    Example:
        camhub cameras remove 0193b2f0-7c1e-7d3a-9c55-0242ac120002
    """
    given = load(config, data=data)
    run_tool(_remove(given, camera_id), given)


async def _add(given: Settings, new: NewCamera) -> None:
    async with opened_database(given, migrate=True) as database:
        registry = make_services(given, database, SystemClock(), None).registry
        camera = await registry.add(new, Scope.all())
    click.echo(camera.id)


async def _list(given: Settings) -> None:
    async with opened_database(given, migrate=True) as database:
        registry = make_services(given, database, SystemClock(), None).registry
        await _print_all(registry)


async def _print_all(registry: CameraRegistry) -> None:
    after: tuple[str, str] | None = None
    while page := await registry.list(Scope.all(), None, after, _PAGE):
        for camera in page:
            switched = "on " if camera.enabled else "off"
            click.echo(f"{camera.id}  {camera.unit_code}  {switched}  {camera.name}  {camera.url}")
        after = (page[-1].name, page[-1].id)


async def _remove(given: Settings, camera_id: str) -> None:
    async with opened_database(given, migrate=True) as database:
        registry = make_services(given, database, SystemClock(), None).registry
        await registry.remove(camera_id, Scope.all())
    click.echo(f"removed {camera_id}")
