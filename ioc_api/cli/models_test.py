"""`camhub models test`: how fast a model is here, and what it finds in a file."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from analytics.annotate import annotate
from analytics.events import Detection
from camera_registry.base.errors import InvalidError, StorageError
from ingest.decoder import DecodedFrame
from ingest.media_file import Mp4Writer
from ioc_api.cli.base import settings_options
from ioc_api.cli.terminal import tell
from ioc_api.compose.models import make_detector
from ioc_api.hosting import logs
from ioc_api.models.trial import Draw, Trial, media_rate, run_trial
from ioc_api.settings import load


@click.command()
@settings_options
@click.argument("name")
@click.option("--media", required=True, type=click.Path(path_type=Path), help="Video or picture.")
@click.option("--out", type=click.Path(path_type=Path), help="Annotated .mp4 or .png to write.")
@click.option("--fps", type=click.FloatRange(0.1, 60), default=5.0, show_default=True)
@click.option("--frames", type=click.IntRange(1, 100_000), default=200, show_default=True)
@click.option("--threads", type=click.IntRange(1, 64), help="Threads of the session.")
def test(
    config: Path | None,
    data: Path | None,
    name: str,
    media: Path,
    out: Path | None,
    fps: float,
    frames: int,
    threads: int | None,
) -> None:
    """Run a model over a clip: speed, what it finds, and an annotated MP4 or PNG.

    The PNG is of the picture in which most was found.

    \b
    Examples:
        camhub models test yolox-nano --media street.mp4 --out street-seen.mp4
        camhub models test moving-object --media street.mp4 --fps 10
    """
    if out is not None and out.suffix.lower() not in {".mp4", ".png"}:
        raise InvalidError(f"{out} is neither .mp4 nor .png", hint="name it so")
    given = load(config, data=data)
    logs.configure("warning", "console", "cli")
    if threads is not None:
        given = given.model_copy(update={"detector_threads": threads})
    detector = asyncio.run(make_detector(given, name))
    with _drawing(out, min(fps, media_rate(media))) as draw:
        trial = run_trial(detector, media, fps=fps, frames=frames, draw=draw)
    if out is not None and out.suffix.lower() == ".png":
        _write(out, trial.png())
    _say_trial(trial)
    if out is not None:
        tell(f"written to {out}")


def _say_trial(trial: Trial) -> None:
    tell(
        f"{trial.model}: {len(trial.spent)} pictures, {trial.middle_s * 1000:.1f} ms each in the "
        f"middle, {trial.slow_s * 1000:.1f} ms at the 95th percentile "
        "(scaling and reading of the outputs included, decoding not)"
    )
    for label, count in trial.labels.most_common():
        tell(f"  {label}: in {count} of {len(trial.spent)} pictures")


@contextmanager
def _drawing(out: Path | None, fps: float) -> Iterator[Draw]:
    """What writes each picture into an MP4; nothing where none is wanted."""
    if out is None or out.suffix.lower() != ".mp4":
        yield lambda picture, found: None
        return
    with Mp4Writer(out, fps) as writer:

        def draw(picture: DecodedFrame, found: list[Detection]) -> None:
            writer.write(annotate(picture.bgr(), found))

        yield draw


def _write(out: Path, data: bytes) -> None:
    try:
        out.write_bytes(data)
    except OSError as error:
        raise StorageError(f"{out} cannot be written: {error.strerror}") from error
