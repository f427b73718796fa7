"""Every sentence in the help of the command line, from the commands themselves."""

from __future__ import annotations

import inspect
from collections.abc import Iterator

import click

from ioc_api.cli.help import sentences
from ioc_api.cli.main import main

AROUND = {
    "Usage:",
    "Options",
    "Commands",
    "default:",
    "required",
    "all",
    "all, unless a network is given",
    "host name and pid",
    "now",
    "one per core",
}
"""What click and our options write around the sentences: headings, and notes in brackets."""


def commands() -> Iterator[tuple[str, click.Command, click.Context]]:
    """Return every command with its path and a context for its help."""
    yield from _below("camhub", main, None)


def _below(
    path: str, command: click.Command, parent: click.Context | None
) -> Iterator[tuple[str, click.Command, click.Context]]:
    context = command.make_context(path.rsplit(maxsplit=1)[-1], [], parent, resilient_parsing=True)
    yield path, command, context
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            within = command.get_command(context, name)
            assert within is not None
            yield from _below(f"{path} {name}", within, context)


def helped() -> set[str]:
    """Return every sentence that has to have an entry."""
    found = set(AROUND)
    for _, command, context in commands():
        found |= set(sentences(inspect.cleandoc(command.help or "")))
        for parameter in command.get_params(context):
            record = parameter.get_help_record(context)
            words = "" if record is None else record[1].partition("  [")[0]
            if words and not words.startswith("["):
                found.add(words)
    return found
