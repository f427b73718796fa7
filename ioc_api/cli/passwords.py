"""`camhub passwords`: another password for many cameras, in the vault or on the devices as well."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import click

from camera_registry.base.clock import SystemClock, us_to_iso
from camera_registry.passwords.model import ChangeState, Mode, PasswordChange, RowState
from camera_registry.passwords.runner import PasswordRunner
from camera_registry.passwords.service import PasswordChanges
from camera_registry.records import CameraFilter
from camera_registry.scope import Scope
from ioc_api.cli.base import CamhubGroup, camera_password, run_tool, settings_options
from ioc_api.cli.credentials import actor
from ioc_api.cli.terminal import confirm, tell
from ioc_api.compose.database import opened_database
from ioc_api.compose.passwords import make_password_runner
from ioc_api.compose.services import make_services
from ioc_api.settings import load

_PAGE = 500
_ALL = Scope.all()
_LOOK_S = 0.5
_PATIENCE_S = 20.0

Work = Callable[[PasswordChanges, PasswordRunner], Awaitable[None]]


@click.group(cls=CamhubGroup)
def passwords() -> None:
    """Change the password of many cameras, and see what became of each.

    A password is asked for or read from standard input, never taken from the command line, and
    never shown again.
    """


@passwords.command()
@settings_options
@click.option("--unit", "units", multiple=True, help="Cameras of this unit; repeat for more.")
@click.option("--group", default="", help="Cameras of the group with this id.")
@click.option("--text", default="", help="Cameras with these words, with or without marks.")
@click.option("--tag", default="", help="Cameras with this tag.")
@click.option("--weak", is_flag=True, help="Cameras whose password is a default or easy to guess.")
@click.option("--camera", "ids", multiple=True, help="Id of a camera; repeat for more.")
@click.option(
    "--on-devices",
    is_flag=True,
    help="Have the workers of the running hub change the devices, too (ONVIF).",
)
@click.option("--random", is_flag=True, help="A strong random one for each; with --on-devices.")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@click.option("--yes", is_flag=True, help="Do not ask before it begins.")
def change(
    config: Path | None,
    data: Path | None,
    units: tuple[str, ...],
    group: str,
    text: str,
    tag: str,
    weak: bool,
    ids: tuple[str, ...],
    on_devices: bool,
    random: bool,
    password_stdin: bool,
    yes: bool,
) -> None:
    """Change the password of the cameras that are chosen.

    Without --on-devices the devices must have it already: the hub's vault alone is changed. With
    it, each device is asked with the old one, given the new one, and asked with the new one before
    that counts. Over http the device gets the new password readable on the network.

    \b
    Examples:
        camhub passwords change --unit 26743
        camhub passwords change --weak --on-devices --random
    """
    wanted = CameraFilter(
        units=units,
        text=text,
        tag=tag,
        group=group,
        weak=True if weak else None,
        only=frozenset(ids) if ids else None,
    )
    if wanted == CameraFilter():
        raise click.UsageError("choose cameras: --unit, --group, --text, --tag, --weak, --camera")
    mode = Mode.DEVICES if on_devices else Mode.VAULT

    async def work(changes: PasswordChanges, runner: PasswordRunner) -> None:
        cameras = await changes.chosen(wanted, _ALL)
        if not yes:
            where = "on the devices and in the vault" if on_devices else "in the vault"
            confirm(f"Change the password of {len(cameras)} cameras {where}?")
        begun = await changes.begin(wanted, mode, password, _ALL, by=actor())
        click.echo(begun.id)
        await _follow(changes, runner, begun)

    password = None if random else camera_password(password_stdin)
    _run(config, data, work)


@passwords.command(name="list")
@settings_options
def list_(config: Path | None, data: Path | None) -> None:
    """List the changes, the latest first."""

    async def work(changes: PasswordChanges, _: PasswordRunner) -> None:
        before: str | None = None
        while page := await changes.list(_ALL, before, _PAGE):
            for each in page:
                click.echo(
                    f"{each.id}  {us_to_iso(each.created_us)}  {each.mode.value}  "
                    f"{each.state.value}  {_counts(each)}  {each.owner.name}"
                )
            before = page[-1].id

    _run(config, data, work)


@passwords.command()
@settings_options
@click.argument("change_id")
def show(config: Path | None, data: Path | None, change_id: str) -> None:
    """Show what became of each camera of a change, and why."""

    async def work(changes: PasswordChanges, _: PasswordRunner) -> None:
        found = await changes.get(change_id, _ALL)
        click.echo(f"{found.state.value}  {_counts(found)}")
        await _print_rows(changes, found, ())

    _run(config, data, work)


@passwords.command()
@settings_options
@click.argument("change_id")
def cancel(config: Path | None, data: Path | None, change_id: str) -> None:
    """Begin no further camera of a change; those being changed are brought to their end."""

    async def work(changes: PasswordChanges, runner: PasswordRunner) -> None:
        found = await changes.get(change_id, _ALL)
        await changes.cancel(found)
        await _follow(changes, runner, found)

    _run(config, data, work)


@passwords.command()
@settings_options
@click.argument("change_id")
def retry(config: Path | None, data: Path | None, change_id: str) -> None:
    """Try the failed and the unsure cameras of a change again, with the same new passwords."""

    async def work(changes: PasswordChanges, runner: PasswordRunner) -> None:
        found = await changes.get(change_id, _ALL)
        if await changes.retry(found):
            await _follow(changes, runner, found)
        else:
            tell("There is nothing to try again.")

    _run(config, data, work)


async def _follow(changes: PasswordChanges, runner: PasswordRunner, change: PasswordChange) -> None:
    """Wait for the end of a change; do it here where no hub's workers are needed for it."""
    if change.mode is Mode.VAULT:
        await runner.work_once(change.id)
    shown, waited, before = sys.stderr, 0.0, -1
    while True:
        change = await changes.get(change.id, _ALL)
        if change.state is not ChangeState.RUNNING:
            break
        ended = change.total - change.counts.get(RowState.WAITING, 0)
        waited = 0.0 if ended != before else waited + _LOOK_S
        before = ended
        if waited == _PATIENCE_S and not ended:
            tell("No running hub has begun it yet; it begins when one runs.", err=True)
        if shown.isatty():
            click.echo(f"\r\033[K{_counts(change)}", nl=False, file=shown)
        await asyncio.sleep(_LOOK_S)
    if shown.isatty():
        click.echo("\r\033[K", nl=False, file=shown)
    click.echo(f"{change.state.value}  {_counts(change)}")
    await _print_rows(changes, change, (RowState.FAILED, RowState.UNSURE))
    if change.counts.get(RowState.UNSURE, 0):
        tell(f"Both passwords are kept. Later: camhub passwords retry {change.id}")


async def _print_rows(
    changes: PasswordChanges, change: PasswordChange, states: tuple[RowState, ...]
) -> None:
    after = 0
    while page := await changes.rows(change, states, after, _PAGE):
        for row in page:
            why = f"  {row.message}" if row.message else ""
            hint = f" ({row.hint})" if row.hint else ""
            click.echo(f"{row.camera_id}  {row.state.value}  {row.name}{why}{hint}")
        after = page[-1].number


def _counts(change: PasswordChange) -> str:
    words = [
        f"{change.counts[state]} {state.value}" for state in RowState if state in change.counts
    ]
    return f"{change.total} cameras: {', '.join(words)}"


def _run(config: Path | None, data: Path | None, work: Work) -> None:
    settings = load(config, data=data)

    async def opened() -> None:
        async with opened_database(settings, migrate=True) as database:
            clock = SystemClock()
            services = make_services(settings, database, clock, None)
            runner = make_password_runner(settings, database, services, None, clock)
            await work(services.passwords, runner)

    run_tool(opened(), settings)
