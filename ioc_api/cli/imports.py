"""`camhub imports`: a file of cameras from the command line, with the dry run first."""

from __future__ import annotations

import asyncio
import getpass
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import click

from camera_registry.adapters.blobs import BlobStore
from camera_registry.base.clock import SystemClock
from camera_registry.imports.columns import BY_FIELD
from camera_registry.imports.csv_table import ENCODINGS
from camera_registry.imports.messages import Level
from camera_registry.imports.model import Import, ImportState, Mode, RowState
from camera_registry.imports.service import Imports
from camera_registry.imports.template import template
from camera_registry.model import Actor
from camera_registry.scope import Scope
from ioc_api.cli.base import CamhubGroup, run_tool, settings_options
from ioc_api.cli.terminal import own_language, spoken, tell
from ioc_api.compose.database import opened_database
from ioc_api.compose.imports import imports_of
from ioc_api.compose.services import make_services
from ioc_api.settings import Settings, load

_CITY = Scope.all()
_PAGE = 500


@click.group(cls=CamhubGroup, name="imports")
def imports() -> None:
    """Register many cameras from a CSV file or a workbook, and take them back."""


@imports.command(name="template")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--language", type=click.Choice(["vi", "en"]), default="vi", show_default=True)
def write_template(file: Path, language: str) -> None:
    """Write an empty FILE.csv or FILE.xlsx with the headings and one example."""
    kind = file.suffix.lstrip(".").lower()
    if kind not in ("csv", "xlsx"):
        raise click.BadParameter("end it with .csv or .xlsx", param_hint="FILE")
    file.write_bytes(template(kind, language))
    tell(f"{file} is written.")


@imports.command()
@settings_options
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--apply", "mode", flag_value=Mode.GOOD_ROWS.value, help="Register the good rows.")
@click.option(
    "--apply-all",
    "mode",
    flag_value=Mode.ALL_OR_NOTHING.value,
    help="Register all rows, or none where one is wrong.",
)
@click.option("--encoding", type=click.Choice(ENCODINGS), help="Instead of finding it out.")
@click.option("--language", type=click.Choice(["vi", "en"]), help="Instead of the terminal's.")
def run(
    config: Path | None,
    data: Path | None,
    file: Path,
    mode: str | None,
    encoding: str | None,
    language: str | None,
) -> None:
    """Check a FILE of cameras; register it only with --apply or --apply-all.

    \b
    Examples:
        camhub imports run cameras.xlsx
        camhub imports run cameras.xlsx --apply
    """
    settings = load(config, data=data)

    async def work(service: Imports) -> None:
        record = await service.upload(file, file.name, _actor(), encoding or "")
        await service.check(record, _CITY, encoding=encoding or "")
        record = await _done(service, record, "checked")
        await _print_rows(service, record, language or own_language())
        good, wrong = (record.counts.get(s, 0) for s in (RowState.GOOD, RowState.WRONG))
        tell(f"{good} good, {wrong} wrong, {record.warned} with warnings.")
        if mode is None or record.state is not ImportState.CHECKED:
            await service.delete(record)
            tell("Nothing was registered.")
            return
        await service.apply(record, Mode(mode), _CITY, _actor())
        record = await _done(service, record, "registered")
        if record.error:
            raise click.ClickException(f"{spoken(record.error)}. {spoken(record.hint)}")
        tell(f"{record.counts.get(RowState.APPLIED, 0)} cameras registered.")
        tell(f"To take them back: camhub imports undo {record.id}")

    _run(settings, work)


@imports.command()
@settings_options
@click.argument("import_id")
def undo(config: Path | None, data: Path | None, import_id: str) -> None:
    """Delete the cameras of an import that nobody has changed since."""
    settings = load(config, data=data)

    async def work(service: Imports) -> None:
        record = await service.get(import_id, None)
        await service.undo(record, _CITY, _actor())
        record = await _done(service, record, "taken back")
        undone, kept = (record.counts.get(s, 0) for s in (RowState.UNDONE, RowState.KEPT))
        tell(f"{undone} cameras taken back, {kept} kept since somebody changed them.")

    _run(settings, work)


async def _done(service: Imports, record: Import, word: str) -> Import:
    """Wait for the end of a step, telling how far it is to who watches."""
    shown = sys.stderr
    while True:
        record = await service.get(record.id, None)
        if not record.state.at_work:
            break
        if shown.isatty():
            click.echo(
                f"\r\033[K{spoken(word)}: {record.done} / {record.total}", nl=False, file=shown
            )
        await asyncio.sleep(0.2)
    if shown.isatty():
        click.echo("\r\033[K", nl=False, file=shown)
    if record.state is ImportState.FAILED:
        raise click.ClickException(f"{spoken(record.error)}. {spoken(record.hint)}")
    return record


async def _print_rows(service: Imports, record: Import, language: str) -> None:
    after = 0
    while True:
        page = await service.rows(record, after=after, limit=_PAGE)
        for row in page:
            for message in row.messages:
                column, words = BY_FIELD[message.field], message.words(language)
                heading = column.en if language == "en" else column.vi
                if message.level is Level.ERROR:
                    tell(f"row {row.number}, {heading}: {words}", language=language)
                else:
                    tell(f"row {row.number}, {heading} (warning): {words}", language=language)
        if len(page) < _PAGE:
            return
        after = page[-1].number


def _run(settings: Settings, work: Callable[[Imports], Awaitable[None]]) -> None:
    async def go() -> None:
        async with opened_database(settings, migrate=True) as database:
            clock = SystemClock()
            services = make_services(settings, database, clock, None)
            files = BlobStore.open(settings.blob_location)
            service = imports_of(settings, services, database, files, clock)
            try:
                await work(service)
            finally:
                await service.close()

    run_tool(go(), settings)


def _actor() -> Actor:
    return Actor("", f"{getpass.getuser()} (command line)")
