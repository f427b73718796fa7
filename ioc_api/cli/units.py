"""`camhub units`: the administrative units, and their polygons."""

from __future__ import annotations

from pathlib import Path

import click

from camera_registry.base.clock import SystemClock
from camera_registry.units import Units
from ioc_api.cli.base import CamhubGroup, run_tool, settings_options
from ioc_api.cli.terminal import tell
from ioc_api.compose.database import opened_database
from ioc_api.compose.services import make_services
from ioc_api.settings import Settings, load


@click.group(cls=CamhubGroup)
def units() -> None:
    """List the administrative units and load their polygons."""


@units.command(name="list")
def list_() -> None:
    """List the units: code, name, kind.

    \b
    Example:
        camhub units list
    """
    for unit in Units.load():
        click.echo(f"{unit.code}  {unit.name_vi}  ({unit.name_en}, {unit.kind})")


@units.command(name="import")
@settings_options
@click.argument("file", type=click.Path(path_type=Path))
def import_(config: Path | None, data: Path | None, file: Path) -> None:
    """Load polygons of units from a GeoJSON file: all of it, or nothing.

    Each feature is a Polygon or MultiPolygon (WGS 84) with the unit's five-digit code as its id or
    in the property "code". Units that the file has not keep the polygons they had.

    \b
    Example:
        camhub units import wards.geojson
    """
    settings = load(config, data=data)
    run_tool(_import(settings, file), settings)


async def _import(settings: Settings, file: Path) -> None:
    async with opened_database(settings, migrate=True) as database:
        services = make_services(settings, database, SystemClock(), None)
        count = await services.areas.load_file(file)
    tell(f"polygons of {count} of {len(services.units)} units loaded")
