"""`camhub rules`: rule documents from the command line."""

from __future__ import annotations

import asyncio
import sys
from datetime import datetime
from pathlib import Path

import click
import msgspec

from analytics.dry_run import DryRun, DryRunProgress, dry_run, plain
from analytics.pipeline import PipelineConfig
from analytics.rulebook.book import Rulebook, default_rulebook
from analytics.rulebook.document import decode_rules, encode_rules, json_schema
from analytics.rulebook.schedule import time_zone
from camera_registry.base.clock import SystemClock
from camera_registry.base.errors import InvalidError
from ingest.recording import read_packets
from ioc_api.cli.base import CamhubGroup, settings_options
from ioc_api.cli.terminal import tell
from ioc_api.compose.models import make_detector
from ioc_api.hosting import logs
from ioc_api.settings import load

_CUT = {
    "seconds": "the recording is longer than a dry run may be",
    "hits": "there are more events than a dry run keeps",
    "counts": "there are more counts than a dry run keeps",
    "cancelled": "it was cancelled",
}


@click.group(cls=CamhubGroup)
def rules() -> None:
    """Write and try rules: what a camera is watched for."""


@rules.command(name="test")
@settings_options
@click.option(
    "--rules", "document", type=click.Path(path_type=Path), help="JSON; default: the default rules."
)
@click.option("--media", required=True, type=click.Path(path_type=Path), help="A recorded clip.")
@click.option("--start", help="Local time at which the clip begins, for schedules.  [default: now]")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def try_out(
    config: Path | None,
    data: Path | None,
    document: Path | None,
    media: Path,
    start: str | None,
    as_json: bool,
) -> None:
    """Run rules over a recorded clip and print the events and counts they would give.

    Nothing is stored or sent. The model is the default one, and as many pictures a second are
    looked at as of a camera; the built-in model needs the first two seconds of a clip to learn its
    background.

    \b
    Examples:
        camhub rules test --media clip.mp4
        camhub rules test --rules gate.json --media clip.mp4 --start 2026-03-02T22:15
    """
    rulebook = decode_rules(_read(document)) if document else default_rulebook()
    if not media.is_file():
        raise InvalidError(f"there is no file {media.name}", code="media")
    start_us = _start(start, rulebook)
    given = load(config, data=data)
    logs.configure("warning", "console", "cli")
    detector = asyncio.run(make_detector(given))
    told = None if as_json or not sys.stderr.isatty() else _tell
    result = dry_run(
        read_packets(media, start_us),
        rulebook,
        detector,
        PipelineConfig(analysis_fps=given.analysis_fps),
        progress=told,
    )
    if as_json:
        click.echo(msgspec.json.encode(plain(result, rulebook)).decode())
    else:
        _print(result, rulebook, start_us)


@rules.command()
def schema() -> None:
    """Print the JSON Schema of the rule document.

    \b
    Example:
        camhub rules schema > rules.schema.json
    """
    click.echo(json_schema().decode(), nl=False)


@rules.command()
def default() -> None:
    """Print the rules of a camera that nobody has written any for: a start for one's own.

    \b
    Example:
        camhub rules default > gate.json
    """
    click.echo(msgspec.json.format(encode_rules(default_rulebook()), indent=2))


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InvalidError(f"{path.name} cannot be read: {error.strerror}", code="rules") from None


def _start(text: str | None, rulebook: Rulebook) -> int:
    if text is None:
        return SystemClock().utc_us()
    try:
        given = datetime.fromisoformat(text)
    except ValueError:
        raise InvalidError(
            f"--start: {text[:40]!r} is no time", hint="for example 2026-03-02T22:15"
        ) from None
    if given.tzinfo is None:
        given = given.replace(tzinfo=time_zone(rulebook.time_zone))
    return round(given.timestamp() * 1_000_000)


def _tell(progress: DryRunProgress) -> None:
    click.echo(f"\r{progress.seconds:.0f} s, {progress.hits} events ", nl=False, err=True)


def _print(result: DryRun, rulebook: Rulebook, start_us: int) -> None:
    tell(
        f"{result.frames} frames over {result.seconds:.1f} s looked at; events: {len(result.hits)}"
    )
    if result.cut:
        tell(f"cut short: {_CUT[result.cut]}")
    for at_us, hit in result.hits:
        who = "" if hit.track is None else f"  {hit.track.label} #{hit.track.id}"
        place = f"{hit.rule} v{hit.rule_version}  {hit.zone or '-'}"
        values = "".join(f"  {name}={value:g}" for name, value in hit.measured.items())
        click.echo(f"{(at_us - start_us) / 1e6:8.2f} s  {hit.kind:<18} {place}{who}{values}")
    for kind, number in sorted(result.held_back.items()):
        tell(f"{number} more of {kind} fell into a cool-down")
    zone = time_zone(rulebook.time_zone)
    for record in result.counts:
        local = datetime.fromtimestamp(record.start_us // 1_000_000, zone)
        what = " ".join(
            part for part in (record.measure, record.how, record.direction, record.label) if part
        )
        click.echo(f"{local:%H:%M}  {record.rule}  {what} = {record.value:g}")
