"""`camhub probe`: look at a camera or an ONVIF device from this machine, without a hub."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import click
import msgspec

from camera_registry.base.clock import SystemClock
from camera_registry.base.errors import CamhubError, Kind
from camera_registry.channels import channels_of
from camera_registry.model import Credentials
from camera_registry.probe import OnvifReport, ProbeReport, ProbeRequest, StreamReport
from camera_registry.records import CameraChange
from camera_registry.scope import Scope
from camera_registry.taking_over import facts_of
from camera_registry.urls import UrlPolicy
from ingest.onvif.probe import probe_onvif
from ingest.options import IngestOptions
from ingest.probe.rtsp import probe_rtsp
from ioc_api.cli.base import camera_password, run_tool, settings_options, this_person
from ioc_api.compose.database import opened_database
from ioc_api.compose.services import make_services
from ioc_api.settings import Settings, load


class ProbeFailedError(CamhubError):
    """The camera could not be looked at; what was found has been printed."""

    kind = Kind.UNAVAILABLE


@click.command()
@settings_options
@click.argument("url")
@click.option("--username", help="User name on the camera; the password is asked for.")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@click.option("--transport", type=click.Choice(["tcp", "udp"]), default="tcp", show_default=True)
@click.option(
    "--seconds",
    type=click.FloatRange(1, 30),
    default=8.0,
    show_default=True,
    help="How long a stream is measured.",
)
@click.option("--make", default="", help="Maker of the camera, for the paths proposed after a 404.")
@click.option("--snapshot", type=click.Path(path_type=Path), help="Write the picture here (JPEG).")
@click.option("--save", metavar="CAMERA", help="Write what was found into this camera's record.")
@click.option("--json", "as_json", is_flag=True, help="Print the whole report as JSON.")
def probe(
    config: Path | None,
    data: Path | None,
    url: str,
    username: str | None,
    password_stdin: bool,
    transport: str,
    seconds: float,
    make: str,
    snapshot: Path | None,
    save: str | None,
    as_json: bool,
) -> None:
    """Look at a camera: rtsp://… for a stream, http://… or a host alone for an ONVIF device.

    Only networks of the setting camera_networks are asked. The exit code says whether it worked.

    \b
    Examples:
        camhub probe rtsp://10.1.2.3/stream1 --username viewer --snapshot gate.jpg
        camhub probe 10.1.2.3 --username admin --json
        camhub probe rtsp://10.1.2.3/stream1 --username viewer --save 0193b2f0-…
    """
    given = load(config, data=data)
    policy = UrlPolicy.parse(given.camera_networks, loopback=given.loopback)
    credentials = Credentials(username, camera_password(password_stdin)) if username else None
    if url.partition("://")[0].casefold() in ("rtsp", "rtsps"):
        address = policy.accept(url)
        url, credentials = address.url, credentials or address.credentials
    else:
        url = policy.accept_device(url)
    request = ProbeRequest(url, transport, seconds, make)
    run_tool(_probe_and_save(request, credentials, policy, snapshot, as_json, save, given), given)


async def _probe_and_save(
    request: ProbeRequest,
    credentials: Credentials | None,
    policy: UrlPolicy,
    snapshot: Path | None,
    as_json: bool,
    save: str | None,
    given: Settings,
) -> None:
    report = await _probe(request, credentials, policy, snapshot, as_json)
    if save is None:
        return
    async with opened_database(given, migrate=True) as database:
        registry = make_services(given, database, SystemClock(), None).registry
        camera = await registry.get(save, Scope.all())
        change = CameraChange(details=facts_of(camera, report), version=camera.version)
        kept = await registry.update(save, change, Scope.all(), by=this_person())
    click.echo(f"  saved          {kept.code}  version {kept.version}", err=as_json)


async def _probe(
    request: ProbeRequest,
    credentials: Credentials | None,
    policy: UrlPolicy,
    snapshot: Path | None,
    as_json: bool,
) -> ProbeReport:
    clock = SystemClock()

    def progress(_: float, __: str) -> None:
        """Nobody watches."""

    if request.url.startswith("rtsp"):
        options = replace(IngestOptions(), permits=policy.permits)
        report, picture = await probe_rtsp(
            request, credentials, clock=clock, options=options, progress=progress
        )
    else:
        report, picture = await probe_onvif(
            request, credentials, policy=policy, clock=clock, progress=progress
        )
    if snapshot is not None and picture:
        await asyncio.to_thread(snapshot.write_bytes, picture)
    if as_json:
        text = msgspec.json.format(msgspec.json.encode(report), indent=2).decode()
        click.echo(text)
    else:
        for line in _lines(report):
            click.echo(line)
    if report.failure is not None:
        failure = report.failure
        raise ProbeFailedError(failure.message, hint=failure.hint, code=failure.code)
    return report


def _lines(report: ProbeReport) -> list[str]:
    lines = [report.url]
    if report.stream is not None:
        lines += _stream(report.stream)
    if report.device is not None:
        lines += _device(report.device)
    if report.failure is not None:
        lines += [f"  try {each.make}: {' '.join(each.paths)}" for each in report.failure.paths]
    return lines


def _stream(found: StreamReport) -> list[str]:
    clock = "not told" if found.clock_offset_s is None else f"{found.clock_offset_s:+.2f} s"
    return [
        f"  video          {found.codec} {found.profile}, {found.width}x{found.height}",
        (
            f"  rate           {found.fps:g} pictures/s (declared {found.declared_fps:g}), "
            f"{found.bitrate_kbps:.0f} kbit/s, {found.rate_control}"
        ),
        (
            f"  keyframes      every {found.gop_frames:g} pictures, {found.gop_s:g} s"
            f"{', with B pictures' if found.b_frames else ''}"
        ),
        f"  log-in         {', '.join(found.login) or 'none: anybody can watch'}",
        f"  first picture  after {found.first_picture_s:g} s",
        f"  clock          {clock}",
    ]


def _device(found: OnvifReport) -> list[str]:
    clock = "not told" if found.clock_offset_s is None else f"{found.clock_offset_s:+.1f} s"
    lines = [
        (
            f"  device         {found.make} {found.model}, firmware {found.firmware}, "
            f"serial {found.serial}"
        ),
        (
            f"  ONVIF          profiles {', '.join(found.onvif_profiles) or '-'}, "
            f"{len(found.services)} services"
        ),
        f"  PTZ            {f'yes, {found.presets} presets' if found.ptz else 'no'}",
        f"  clock          {clock}",
    ]
    channels = channels_of(found)
    for channel in channels:
        if len(channels) > 1:
            lines.append(f"  channel {channel.number:<6} source {channel.source}")
        lines += [
            f"  profile        {each.token}: {each.codec} {each.width}x{each.height} "
            f"{each.fps:g}/s  {each.stream_url or each.note}"
            for each in channel.profiles
        ]
    lines += [f"  {each.step}: {each.message}" for each in found.failures]
    return lines
