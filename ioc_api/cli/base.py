"""What the subcommands share: their settings, and errors in one line with an exit code."""

from __future__ import annotations

import asyncio
import getpass
import inspect
import sys
from collections.abc import Callable, Coroutine
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import click
import uvloop

from camera_registry.base.errors import CamhubError
from camera_registry.model import Actor
from ioc_api.cli.help import SpeakingContext, told
from ioc_api.cli.terminal import spoken
from ioc_api.hosting import logs
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
    uvloop.run(work(given))


def run_tool(work: Coroutine[Any, Any, None], given: Settings) -> None:
    """Run a short command for a person: only warnings are logged."""
    level = given.log_level if given.log_level in {"debug", "error"} else "warning"
    logs.configure(level, "console", "cli")
    asyncio.run(work)


def this_person() -> Actor:
    """Return who changes the registry from this command line."""
    return Actor("", f"{getpass.getuser()} (command line)")


def camera_password(from_stdin: bool) -> str:
    """Ask for a camera's password, or read it as one line of standard input."""
    if from_stdin:
        return sys.stdin.readline().rstrip("\n")
    answer: str = click.prompt(spoken("Password of the camera"), hide_input=True)
    return answer


class CamhubGroup(click.Group):
    """A group whose CamhubErrors become one line on stderr and an exit code of their own."""

    context_class = SpeakingContext
    later: dict[str, str]
    """Name of a subcommand → module that holds a command of that name; imported when it is used."""

    def __init__(self, *arguments: Any, later: dict[str, str] | None = None, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.later = later or {}

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all subcommands."""
        return sorted([*self.commands, *self.later])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a subcommand; most commands need none of the libraries of the others."""
        command: click.Command | None = (
            getattr(import_module(self.later[cmd_name]), cmd_name)
            if cmd_name in self.later
            else super().get_command(ctx, cmd_name)
        )
        if command is not None:
            command.context_class = SpeakingContext
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the subcommands, each with the first paragraph of its help."""
        found = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        rows = [
            (name, told(inspect.cleandoc(command.help or "").partition("\n\n")[0]))
            for name, command in found
            if command is not None and not command.hidden
        ]
        with formatter.section("Commands"):
            formatter.write_dl(rows)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command. An error that nobody foresaw keeps its traceback."""
        try:
            return super().invoke(ctx)
        except CamhubError as error:
            fail(error)


def fail(error: CamhubError) -> NoReturn:
    """Print one line and leave with the error's exit code."""
    hint = f" ({spoken(error.hint)})" if error.hint else ""
    click.echo(f"camhub: {logs.scrub(spoken(error.message) + hint)}", err=True)
    sys.exit(error.kind.exit_code)
