"""`camhub users`: what an administrator does on the machine that has the database.

It is the way back in where nobody can sign in any more: who may read the database and the vault's
key may do all of this anyway.
"""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import click

from camera_registry.base.clock import SystemClock
from camera_registry.base.errors import NotFoundError
from camera_registry.scope import EVERYWHERE, Scope
from ioc_api.access.accounts import Account
from ioc_api.access.log import What
from ioc_api.access.rbac import Grant, Role
from ioc_api.cli.base import CamhubGroup, run_tool, settings_options
from ioc_api.cli.terminal import spoken, tell
from ioc_api.compose.database import opened_database
from ioc_api.compose.services import Services, make_services
from ioc_api.settings import Settings, load

_NAME = click.argument("username")


@click.group(cls=CamhubGroup)
def users() -> None:
    """Make and mend accounts on this machine."""


@users.command(name="list")
@settings_options
def list_users(config: Path | None, data: Path | None) -> None:
    """Print every account with its roles."""

    async def work(services: Services) -> None:
        for each in await services.accounts.list(Scope.all()):
            roles = ",".join(sorted({grant.role.value for grant in each.grants})) or "-"
            marks = [
                word
                for word, holds in (("disabled", each.disabled_us), ("second-step", each.totp))
                if holds
            ]
            click.echo(f"{each.username:<24} {roles:<32} {' '.join(marks)}".rstrip())

    _run(config, data, work)


@users.command()
@settings_options
@_NAME
@click.option("--role", required=True, type=click.Choice([role.value for role in Role]))
@click.option("--unit", "units", multiple=True, help="Unit code; repeat. Default: the whole city.")
@click.option("--group", "groups", multiple=True, help="Camera group's id; repeat. Default: all.")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
def create(
    config: Path | None,
    data: Path | None,
    username: str,
    role: str,
    units: tuple[str, ...],
    groups: tuple[str, ...],
    password_stdin: bool,
) -> None:
    """Make an account; the password is asked for.

    \b
    Example:
        camhub users create chihuy --role administrator
    """
    grant = Grant(Role(role), Scope.of(units or [EVERYWHERE], groups or None))
    password = _password(password_stdin)

    async def work(services: Services) -> None:
        account = await services.accounts.create(username, password, "", [grant], Scope.all())
        await _note(services, What.ACCOUNT_CREATED, account)
        tell(f"{account.username} can sign in")

    _run(config, data, work)


@users.command(name="set-password")
@settings_options
@_NAME
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
def set_password(
    config: Path | None, data: Path | None, username: str, password_stdin: bool
) -> None:
    """Give an account a new password, and end its sessions."""
    password = _password(password_stdin)

    async def work(services: Services) -> None:
        account = await _named(services, username)
        await services.accounts.set_password(account, password)
        await services.authenticator.end_sessions(account.id)
        await _note(services, What.PASSWORD_CHANGED, account)
        tell(f"{account.username} has a new password")

    _run(config, data, work)


@users.command(name="reset-totp")
@settings_options
@_NAME
def reset_totp(config: Path | None, data: Path | None, username: str) -> None:
    """Take an account's second step away, for somebody who lost the device; ends its sessions."""

    async def work(services: Services) -> None:
        account = await _named(services, username)
        await services.access.second.remove(account.id)
        await services.authenticator.end_sessions(account.id)
        await _note(services, What.TOTP_REMOVED, account)
        tell(f"{account.username} signs in without a second step")

    _run(config, data, work)


@users.command()
@settings_options
@_NAME
def unlock(config: Path | None, data: Path | None, username: str) -> None:
    """Lift the lock that too many wrong passwords put on an account."""

    async def work(services: Services) -> None:
        account = await _named(services, username)
        await services.access.brake.unlock(account.username)
        await _note(services, What.ACCOUNT_UNLOCKED, account)
        tell(f"{account.username} is not locked")

    _run(config, data, work)


def _password(from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\n")
    answer: str = click.prompt(spoken("New password"), hide_input=True, confirmation_prompt=True)
    return answer


async def _named(services: Services, username: str) -> Account:
    name = username.strip().lower()
    for each in await services.accounts.list(Scope.all()):
        if each.username == name:
            return each
    raise NotFoundError(f"There is no account {name!r}", hint="see `camhub users list`")


async def _note(services: Services, what: What, account: Account) -> None:
    await services.access.log.note(what, (account.id, account.username))


def _run(
    config: Path | None, data: Path | None, work: Callable[[Services], Awaitable[None]]
) -> None:
    given = load(config, data=data)
    run_tool(_with_services(given, work), given)


async def _with_services(given: Settings, work: Callable[[Services], Awaitable[None]]) -> None:
    async with opened_database(given, migrate=True) as database:
        await work(make_services(given, database, SystemClock(), None))
