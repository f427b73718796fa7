"""`camhub tokens`: API tokens for scripts, made on the machine that has the database."""

from __future__ import annotations

from pathlib import Path

import click

from camera_registry.base.clock import SystemClock
from camera_registry.scope import EVERYWHERE, Scope
from ioc_api.access.rbac import Grant, Role
from ioc_api.cli.base import CamhubGroup, run_tool, settings_options
from ioc_api.compose.database import opened_database
from ioc_api.compose.services import make_services
from ioc_api.settings import Settings, load


@click.group(cls=CamhubGroup)
def tokens() -> None:
    """Make API tokens."""


@tokens.command()
@settings_options
@click.option("--name", required=True, help="What the token is for.")
@click.option("--role", required=True, type=click.Choice([role.value for role in Role]))
@click.option("--unit", "units", multiple=True, help="Unit code; repeat. Default: the whole city.")
@click.option("--group", "groups", multiple=True, help="Camera group's id; repeat. Default: all.")
@click.option("--days", type=click.IntRange(1, 3650), help="Days until it expires; default never.")
def create(
    config: Path | None,
    data: Path | None,
    name: str,
    role: str,
    units: tuple[str, ...],
    groups: tuple[str, ...],
    days: int | None,
) -> None:
    """Print a new API token. It is shown once and kept only as a hash.

    \b
    Examples:
        camhub tokens create --name dashboard --role operator
        camhub tokens create --name ward --role engineer --unit 26734 --days 90
        curl -H "Authorization: Bearer $TOKEN" http://127.0.0.1:8080/api/v1/cameras
    """
    given = load(config, data=data)
    scope = Scope.of(units or [EVERYWHERE], groups or None)
    run_tool(_create(given, name, Grant(Role(role), scope), days), given)


async def _create(given: Settings, name: str, grant: Grant, days: int | None) -> None:
    clock = SystemClock()
    expires = clock.utc_us() + days * 86_400_000_000 if days else 0
    async with opened_database(given, migrate=True) as database:
        services = make_services(given, database, clock, None)
        _, secret = await services.tokens.create(name, [grant], Scope.all(), expires_us=expires)
    click.echo(secret)
