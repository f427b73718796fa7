"""`camhub cameras bulk`: one change for many cameras; works with and without a running hub."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import click

from camera_registry.base.clock import SystemClock
from camera_registry.base.errors import InvalidError
from camera_registry.base.ids import is_id
from camera_registry.edits.change import BulkChange
from camera_registry.edits.model import EditState, LineState
from camera_registry.edits.service import MAX_CAMERAS, Edits
from camera_registry.records import CameraFilter
from camera_registry.scope import Scope
from ioc_api.cli.base import run_tool, settings_options, this_person
from ioc_api.cli.bulk_options import change_of, change_options
from ioc_api.cli.camera_filters import filter_of, filter_options
from ioc_api.cli.edit_steps import counts, ended, interrupts, print_lines, stopped
from ioc_api.cli.terminal import confirm, tell
from ioc_api.compose.database import opened_database
from ioc_api.compose.edits import edits_of
from ioc_api.compose.services import make_services
from ioc_api.settings import Settings, load

_CITY = Scope.all()
_MAX_BYTES = 32 * 2**20
"""Of a file of ids: enough for all the lines of `cameras list` that one edit may hold."""

Ids = frozenset[str] | None


@click.command()
@settings_options
@filter_options
@click.option("--all-cameras", is_flag=True, help="Every camera of the register.")
@click.option(
    "--ids",
    type=click.Path(path_type=Path, exists=True, dir_okay=False, allow_dash=True),
    help="File with an id at the start of each line; - is standard input.",
)
@change_options
@click.option("--dry-run", is_flag=True, help="Only say what would become of them.")
@click.option("--yes", is_flag=True, help="Do not ask before it begins.")
@click.option("--all", "every_line", is_flag=True, help="Print all refused cameras, not only 20.")
@click.option("--undo", metavar="ID", help="Take a bulk edit back instead.")
def bulk(config: Path | None, data: Path | None, **given: Any) -> None:
    """Change the cameras that are chosen, all in the same way; each is looked at first.

    Prints how many would be changed and which may not be, and asks before it begins. Ctrl-C stops
    after the batch at work. What was changed can be taken back while nobody has changed it since.

    \b
    Examples:
        camhub cameras bulk --unit 26743 --set-owner "Công an phường" --dry-run
        camhub cameras bulk --tag old --remove-tag old --add-tag 2026 --yes
        camhub cameras list --text "cho ben thanh" | camhub cameras bulk --ids - --disable --yes
        camhub cameras bulk --undo 0193b2f0-7c1e-7d3a-9c55-0242ac120002
    """
    change, wanted = change_of(given), filter_of(given)
    chosen = wanted != CameraFilter() or given["ids"] is not None or given["all_cameras"]
    undo: str | None = given["undo"]
    if undo is not None:
        if chosen or not change.empty or given["dry_run"]:
            raise click.UsageError("--undo takes no cameras, no change and no --dry-run")
        edit_id = undo
        _run(load(config, data=data), lambda edits: _take_back(edits, edit_id, given))
        return
    if not chosen:
        raise click.UsageError(
            "choose cameras: --unit, --text, --tag, --group, --class, --state, --ids, --all-cameras"
        )
    if str(given["ids"]) == "-" and not (given["yes"] or given["dry_run"]):
        raise click.UsageError("with --ids - nobody can be asked: give --yes or --dry-run")
    ids = None if given["ids"] is None else read_ids(given["ids"])
    _run(load(config, data=data), lambda edits: _change(edits, change, wanted, ids, given))


def read_ids(path: Path) -> frozenset[str]:
    """Read the first word of each line; empty lines and those that begin with # say nothing.

    Raises InvalidError where one is no id, or the file is too large.
    """
    with click.open_file(str(path), "rb") as file:
        content: bytes = file.read(_MAX_BYTES + 1)
    if len(content) > _MAX_BYTES:
        raise _too_many()
    found: set[str] = set()
    for number, line in enumerate(content.splitlines(), start=1):
        words = line.decode(errors="replace").split(maxsplit=1)
        if not words or words[0].startswith("#"):
            continue
        if not is_id(words[0]):
            raise InvalidError(
                f"--ids, line {number}: it does not begin with the id of a camera",
                hint="give one id in a line, as `camhub cameras list` does",
                code="ids",
            )
        found.add(words[0])
    if len(found) > MAX_CAMERAS:
        raise _too_many()
    return frozenset(found)


def _too_many() -> InvalidError:
    return InvalidError(
        f"--ids: more than {MAX_CAMERAS} cameras or {_MAX_BYTES >> 20} MiB",
        hint="give the file in parts",
        code="ids",
    )


async def _change(
    edits: Edits, change: BulkChange, wanted: CameraFilter, ids: Ids, given: dict[str, Any]
) -> None:
    most = None if given["every_line"] else 20
    with interrupts() as asked:
        edit = await edits.create(change, wanted, ids, (_CITY, _CITY), this_person())
        edit = await ended(edits, edit, "looked at", asked)
    if edit.state is not EditState.CHECKED:
        await edits.delete(edit)
        raise stopped(edit, "Nothing was changed.")
    tell(counts(edit))
    told = await print_lines(edits, edit, LineState.REFUSED, most)
    good = edit.counts.get(LineState.GOOD, 0)
    try:
        if good and not given["dry_run"] and not given["yes"]:
            confirm(f"Change {good} cameras?")
    except click.Abort:
        await edits.delete(edit)
        raise
    if given["dry_run"] or not good:
        await edits.delete(edit)
        tell("Nothing was changed.")
        return
    with interrupts() as asked:
        await edits.apply(edit, _CITY, this_person())
        edit = await ended(edits, edit, "changed", asked)
    await print_lines(edits, edit, LineState.REFUSED, most, told)
    done = edit.counts.get(LineState.APPLIED, 0)
    if done:
        tell(f"{done} cameras changed by the bulk edit {edit.id}")
        tell(f"To take that back: camhub cameras bulk --undo {edit.id}")
    if edit.state is not EditState.APPLIED:
        raise stopped(edit, f"{done} of {good} cameras were changed.")


async def _take_back(edits: Edits, edit_id: str, given: dict[str, Any]) -> None:
    edit = await edits.get(edit_id, None)
    applied = edit.counts.get(LineState.APPLIED, 0)
    if applied and not given["yes"]:
        confirm(f"Take back the change of {applied} cameras?")
    with interrupts() as asked:
        await edits.undo(edit, _CITY, this_person())
        edit = await ended(edits, edit, "taken back", asked)
    undone, kept = (edit.counts.get(each, 0) for each in (LineState.UNDONE, LineState.KEPT))
    tell(f"{undone} cameras taken back, {kept} kept as they are.")
    await print_lines(edits, edit, LineState.KEPT, None if given["every_line"] else 20)
    if edit.state is not EditState.UNDONE:
        left = edit.counts.get(LineState.APPLIED, 0)
        raise stopped(edit, f"{left} are still to be taken back; --undo goes on with them.")


def _run(settings: Settings, work: Callable[[Edits], Awaitable[None]]) -> None:
    async def opened() -> None:
        async with opened_database(settings, migrate=True) as database:
            clock = SystemClock()
            services = make_services(settings, database, clock, None)
            edits = edits_of(settings, services, database, clock)
            try:
                await work(edits)
            finally:
                await edits.close()

    run_tool(opened(), settings)
