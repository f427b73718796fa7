"""Steps of a bulk edit on the command line: waited for, stopped by Ctrl-C, and told."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
from collections.abc import Iterator

import click

from camera_registry.edits.model import Edit, LineState
from camera_registry.edits.service import Edits
from ioc_api.cli.terminal import spoken, tell

_LOOK_S = 0.2
_PAGE = 500
_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_STOPPED = 130
"""Exit code of what was stopped by Ctrl-C, as shells have it."""


@contextlib.contextmanager
def interrupts() -> Iterator[asyncio.Event]:
    """Give an event that the first Ctrl-C sets; a second one breaks off what is being done."""
    loop, asked = asyncio.get_running_loop(), asyncio.Event()

    def release() -> None:
        for number in _SIGNALS:
            loop.remove_signal_handler(number)

    def ask() -> None:
        asked.set()
        release()

    for number in _SIGNALS:
        loop.add_signal_handler(number, ask)
    try:
        yield asked
    finally:
        release()


async def ended(edits: Edits, edit: Edit, word: str, asked: asyncio.Event) -> Edit:
    """Wait for the end of a step, telling how far it is to who watches; ``asked`` stops it."""
    shown = sys.stderr
    told = False
    while True:
        edit = await edits.get(edit.id, None)
        if not edit.state.at_work:
            break
        if shown.isatty():
            click.echo(
                f"\r\033[K{spoken(word)}: {edit.done} / {edit.total or '?'}", nl=False, file=shown
            )
        if asked.is_set():
            if not told:
                tell("Stopping after the batch at work …", err=True)
            told = True
            await edits.cancel(edit)
            await asyncio.sleep(_LOOK_S)
        else:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(asked.wait(), _LOOK_S)
    if shown.isatty():
        click.echo("\r\033[K", nl=False, file=shown)
    return edit


def stopped(edit: Edit, how_far: str) -> Exception:
    """Return what ends the command for an edit that did not come to its end."""
    if edit.code == "cancelled":
        tell(f"Stopped. {how_far}", err=True)
        return click.exceptions.Exit(_STOPPED)
    why = f"{spoken(edit.error)}. {spoken(edit.hint)}".removesuffix(" ")
    return click.ClickException(f"{why}\n{spoken(how_far)}")


def counts(edit: Edit) -> str:
    """Return how many cameras would be changed, are so already, and are refused."""
    good, same, refused = (
        edit.counts.get(each, 0) for each in (LineState.GOOD, LineState.SAME, LineState.REFUSED)
    )
    total = good + same + refused
    return f"{total} cameras: {good} would be changed, {same} are so already, {refused} refused."


async def print_lines(
    edits: Edits,
    edit: Edit,
    state: LineState,
    most: int | None,
    known: frozenset[int] = frozenset(),
) -> frozenset[int]:
    """Print cameras in a state with the reason, up to ``most``; return the numbers of all.

    ``known`` are left out.
    """
    found: list[int] = []
    after = 0
    while page := await edits.lines(edit, [state], after, _PAGE):
        for line in page:
            if line.number in known:
                continue
            found.append(line.number)
            if most is None or len(found) <= most:
                name = f"{line.name}  " if line.name else ""
                click.echo(f"{line.camera_id}  {name}{line.message} ({line.code})")
        after = page[-1].number
    if most is not None and len(found) > most:
        tell(f"… and {len(found) - most} more; --all prints them")
    return known | frozenset(found)
