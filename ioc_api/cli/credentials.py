"""`camhub credentials`: log-ins that many cameras share; works with and without a running hub."""

from __future__ import annotations

import getpass
from collections.abc import Awaitable, Callable
from pathlib import Path

import click
from msgspec import UNSET

from camera_registry.base.clock import SystemClock
from camera_registry.model import Actor, Credentials
from camera_registry.records import CameraFilter
from camera_registry.scope import EVERYWHERE, Scope
from camera_registry.shared import NewShared, SharedChange, SharedCredential
from ioc_api.cli.base import CamhubGroup, camera_password, run_tool, settings_options
from ioc_api.cli.terminal import tell
from ioc_api.compose.database import opened_database
from ioc_api.compose.services import Services, make_services
from ioc_api.settings import load

_PAGE = 500
_ALL = Scope.all()


@click.group(cls=CamhubGroup)
def credentials() -> None:
    """Log-ins that many cameras share: make, list, change, remove.

    A password is asked for or read from standard input, never taken from the command line.
    CREDENTIAL is a name or an id. A running hub takes up a change within some seconds.
    """


@credentials.command()
@settings_options
@click.option("--name", required=True, help="What people call it; unique in the city.")
@click.option("--username", required=True, help="User name on the cameras.")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@click.option("--unit", default=EVERYWHERE, help="Code of the unit it is for.  [default: all]")
@click.option("--group", default="", help="Id of a camera group: for its cameras only.")
def add(
    config: Path | None,
    data: Path | None,
    name: str,
    username: str,
    password_stdin: bool,
    unit: str,
    group: str,
) -> None:
    """Make a shared log-in and print its id.

    \b
    Examples:
        camhub credentials add --name "Ben Thanh" --unit 26743 --username viewer
        camhub cameras change 0193b2f0-… --credential "Ben Thanh"
    """
    given = Credentials(username, camera_password(password_stdin))

    async def work(services: Services) -> None:
        new = NewShared(name, given, unit, group)
        made = await services.credentials.create(new, _ALL, by=actor())
        click.echo(made.id)
        _warn(made)

    run_services(config, data, work)


@credentials.command(name="list")
@settings_options
def list_(config: Path | None, data: Path | None) -> None:
    """List the shared log-ins: id, unit, user name, number of cameras, name."""

    async def work(services: Services) -> None:
        after: tuple[str, str] | None = None
        while page := await services.credentials.list(_ALL, after, _PAGE):
            for each in page:
                flag = "  weak password" if each.weak else ""
                where = f"{each.unit_code} {each.group_id}".strip()
                click.echo(
                    f"{each.id}  {where}  {each.username}  {each.cameras} cameras  "
                    f"{each.name}{flag}"
                )
            after = (page[-1].name, page[-1].id)

    run_services(config, data, work)


@credentials.command()
@settings_options
@click.argument("credential")
def cameras(config: Path | None, data: Path | None, credential: str) -> None:
    """List the cameras that use a shared log-in: id, unit, code, name."""

    async def work(services: Services) -> None:
        shared = await services.credentials.named(credential, _ALL)
        wanted, after = CameraFilter(credential=shared.id), None
        while page := await services.registry.list(_ALL, wanted, after, _PAGE):
            for each in page:
                click.echo(f"{each.id}  {each.unit_code}  {each.code}  {each.name}")
            after = (page[-1].name, page[-1].id)

    run_services(config, data, work)


@credentials.command()
@settings_options
@click.argument("credential")
@click.option("--name", help="Another name.")
@click.option("--username", help="Another user name; asks for the password too.")
@click.option("--password", "ask", is_flag=True, help="Another password, which is asked for.")
@click.option("--password-stdin", is_flag=True, help="Read it from standard input.")
def change(
    config: Path | None,
    data: Path | None,
    credential: str,
    name: str | None,
    username: str | None,
    ask: bool,
    password_stdin: bool,
) -> None:
    """Change a shared log-in, and with it the log-in of all its cameras.

    This changes what the hub uses, not what the cameras accept.

    \b
    Example:
        camhub credentials change "Ben Thanh" --password
    """
    password = camera_password(password_stdin) if username or ask or password_stdin else None

    async def work(services: Services) -> None:
        before = await services.credentials.named(credential, _ALL)
        wanted = SharedChange(
            UNSET if name is None else name,
            UNSET if password is None else Credentials(username or before.username, password),
            before.version,
        )
        changed = await services.credentials.update(before.id, wanted, _ALL, by=actor())
        tell(f"{changed.name}  version {changed.version}  {changed.cameras} cameras")
        _warn(changed)

    run_services(config, data, work)


@credentials.command()
@settings_options
@click.argument("credential")
def remove(config: Path | None, data: Path | None, credential: str) -> None:
    """Remove a shared log-in that no camera uses."""

    async def work(services: Services) -> None:
        found = await services.credentials.named(credential, _ALL)
        await services.credentials.remove(found.id, _ALL, by=actor())
        tell(f"removed {found.name}")

    run_services(config, data, work)


def run_services(
    config: Path | None, data: Path | None, work: Callable[[Services], Awaitable[None]]
) -> None:
    """Do some work with the services over the database."""
    settings = load(config, data=data)

    async def opened() -> None:
        async with opened_database(settings, migrate=True) as database:
            await work(make_services(settings, database, SystemClock(), None))

    run_tool(opened(), settings)


def actor() -> Actor:
    """Return who uses the command line."""
    return Actor("", f"{getpass.getuser()} (command line)")


def _warn(shared: SharedCredential) -> None:
    if shared.weak:
        tell("The password is a factory default or easy to guess.", err=True)
