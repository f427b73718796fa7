"""`camhub clip`: pull a camera for some seconds and keep what it sends."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from pathlib import Path

import click

from camera_registry.base.clock import SystemClock, us_to_iso
from camera_registry.base.errors import ConflictError, InvalidError, StorageError
from camera_registry.model import Credentials
from camera_registry.urls import UrlPolicy, check_credentials
from ingest.clips import ClipRecorder, Progress, report
from ingest.options import IngestOptions
from ingest.session import Source
from ioc_api.cli.base import camera_password
from ioc_api.cli.terminal import tell
from ioc_api.hosting import logs

_EVERYWHERE = ("0.0.0.0/0", "::/0")  # who runs this may connect to what this machine can reach
_RETRY_CAP_S = 2.0


@click.command()
@click.option("--url", required=True, help="rtsp://host[:port]/path of the camera.")
@click.option("--username", help="User name on the camera; the password is asked for.")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@click.option("--transport", type=click.Choice(["tcp", "udp"]), default="tcp", show_default=True)
@click.option(
    "--seconds",
    type=click.FloatRange(0, 4 * 3600, min_open=True),
    default=10.0,
    show_default=True,
    help="How long, from the camera's first keyframe on.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    help="The MP4 file; the times go beside it as .json.",
)
@click.option("--camera", "camera_id", default="", help="Name or id to note in the clip.")
@click.option("--overwrite", is_flag=True, help="Replace files that exist.")
def clip(
    url: str,
    username: str | None,
    password_stdin: bool,
    transport: str,
    seconds: float,
    out: Path,
    camera_id: str,
    overwrite: bool,
) -> None:
    """Record a clip from a camera: its own coded pictures as MP4, with exact times and gaps.

    Nothing is encoded again. A camera that changes its picture size or comes back with another
    format begins another file (name-2.mp4). Ctrl-C ends the recording and keeps what there is.

    \b
    Examples:
        camhub clip --url rtsp://10.1.2.3/live --seconds 30 --out gate.mp4
        camhub clip --url rtsp://10.1.2.3/live --username viewer --out gate.mp4
    """
    logs.configure(os.environ.get("CAMHUB_LOG_LEVEL", "warning"), "console", "cli")
    address = UrlPolicy.parse(_EVERYWHERE, loopback=True).accept(url)
    beside = out.with_suffix(".json")
    if out.suffix.lower() != ".mp4":
        raise InvalidError("--out: the file is an MP4", hint="let its name end in .mp4")
    for path in (out, beside):
        if path.exists() and not overwrite:
            raise ConflictError(
                f"{path.name} exists already", hint="choose another name, or give --overwrite"
            )
    credentials = address.credentials
    if username:
        credentials = check_credentials(Credentials(username, camera_password(password_stdin)))
    recorder = ClipRecorder(
        Source(address.url, transport, credentials),
        clock=SystemClock(),
        options=IngestOptions(retry_cap_s=_RETRY_CAP_S),
        stop=_stop_on_signal(),
    )
    done = recorder.record(seconds, out, camera_id=camera_id, progress=_show, overwrite=overwrite)
    text = json.dumps(report(done), indent=2, ensure_ascii=False)
    _write(beside, text + "\n")
    click.echo(text)
    if not done.complete:
        tell("camhub: the clip has gaps, or is shorter than wanted; see above", err=True)


def _stop_on_signal() -> threading.Event:
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    return stop


def _show(now: Progress) -> None:
    if sys.stderr.isatty():
        line = f"\r{us_to_iso(now.at_us)}  {now.packets} pictures  {now.bytes / 1e6:.1f} MB "
        click.echo(line, err=True, nl=False)


def _write(path: Path, text: str) -> None:
    """Write what only the owner may read, whole or not at all."""
    part = path.with_name(f".{path.name}.part")
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise StorageError(f"{path.name} could not be written: {error.strerror}") from None
