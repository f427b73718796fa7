"""What the subcommands share: their settings, and errors in one line with an exit code."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import click

from camera_registry.base.errors import CamhubError
from ioc_api import logs
from ioc_api.settings import Settings

Command = TypeVar("Command", bound=Callable[..., Any])

_SHARED = (
    click.option(
        "--config",
        type=click.Path(path_type=Path),
        help="TOML file with settings; also CAMHUB_CONFIG.",
    ),
    click.option(
        "--data",
        type=click.Path(path_type=Path),
        help="Directory for everything that is kept; also CAMHUB_DATA.  [default: .var/data]",
    ),
)


def settings_options(command: Command) -> Command:
    """Give a command ``--config`` and ``--data``."""
    for option in reversed(_SHARED):
        command = option(command)
    return command


def run_role(
    role: str, work: Callable[[Settings], Coroutine[Any, Any, None]], given: Settings
) -> None:
    """Run one role to its end, with its logs configured."""
    logs.configure(given.log_level, given.log_format, role)
    asyncio.run(work(given))


def run_tool(work: Coroutine[Any, Any, None], given: Settings) -> None:
    """Run a short command for a person: only warnings are logged."""
    level = given.log_level if given.log_level in {"debug", "error"} else "warning"
    logs.configure(level, "console", "cli")
    asyncio.run(work)


class CamhubGroup(click.Group):
    """A group whose CamhubErrors become one line on stderr and an exit code of their own."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command. An error that nobody foresaw keeps its traceback."""
        try:
            return super().invoke(ctx)
        except CamhubError as error:
            fail(error)


def fail(error: CamhubError) -> NoReturn:
    """Print one line and leave with the error's exit code."""
    click.echo(f"camhub: {logs.scrub(str(error))}", err=True)
    sys.exit(error.kind.exit_code)
