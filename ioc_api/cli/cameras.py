"""`camhub cameras`: the registry from the command line; works with and without a running hub."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from camera_registry.base.errors import InvalidError
from camera_registry.details import Details
from camera_registry.model import Credentials, Position
from camera_registry.records import CameraChange, NewCamera
from camera_registry.registry import CameraRegistry
from camera_registry.scope import Scope
from ioc_api.cli.base import (
    CamhubGroup,
    camera_password,
    settings_options,
    this_person,
)
from ioc_api.cli.camera_options import detail_fields, detail_options, run_fields, run_options
from ioc_api.cli.camera_reads import history, list_, show
from ioc_api.cli.registry_tool import run_registry, run_services
from ioc_api.cli.terminal import tell
from ioc_api.compose.services import Services
from ioc_api.settings import load

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

    run_services(settings, work)


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

    run_services(settings, work)


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

    run_registry(load(config, data=data), work)


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


for _command in (show, history, list_):
    cameras.add_command(_command)
