"""`camhub models`: the models of this installation."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

import click
import cv2

from analytics.annotate import annotate
from analytics.catalogue import OFFERS, offer
from analytics.detector import Look
from analytics.events import Detection
from analytics.model_store import BUILT_IN
from analytics.object_detector import ObjectDetector
from analytics.pipeline import Pace, plane_size
from camera_registry.base.errors import InvalidError, StorageError
from ingest.decoder import DecodedFrame
from ingest.media_file import Mp4Writer, frame_rate, read_pictures
from ioc_api import logs
from ioc_api.cli.base import CamhubGroup, settings_options
from ioc_api.compose.detectors import add_model, install_model, make_detector, model_store
from ioc_api.model_download import https_opener
from ioc_api.settings import Settings, load


@click.group(cls=CamhubGroup)
def models() -> None:
    """Install, try and remove detection models.

    CAMHUB_DETECTOR names the one that cameras are analysed with.
    """


def _settings(config: Path | None, data: Path | None) -> Settings:
    given = load(config, data=data)
    logs.configure("warning", "console", "cli")
    return given


@models.command(name="list")
@settings_options
def list_(config: Path | None, data: Path | None) -> None:
    """Print the models that are installed, and those that can be.

    \b
    Example:
        camhub models list
    """
    given = _settings(config, data)
    stored = model_store(given).list()
    rows = [(BUILT_IN, "built in", "Apache-2.0", "what moves; claims no class")]
    for one in stored:
        manifest = one.manifest
        if manifest is None:
            rows.append((one.name, "broken", "-", one.problem))
        else:
            rows.append((one.name, "installed", manifest.licence, manifest.decoder))
    names = {one.name for one in stored}
    rows += [
        (name, "to install", found.manifest.licence, found.about)
        for name, found in OFFERS.items()
        if name not in names
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    for row in rows:
        mark = "*" if row[0] == given.detector else " "
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=False)]
        click.echo(f"{mark} {'  '.join([*cells, row[3]])}")


@models.command()
@settings_options
@click.argument("name")
def install(config: Path | None, data: Path | None, name: str) -> None:
    """Fetch a model of the catalogue, check that it runs here, and pin its sha256.

    Where the catalogue holds no sha256 the first installation is trusted, and said to be.

    \b
    Example:
        camhub models install yolox-nano
    """
    given = _settings(config, data)
    chosen = offer(name)
    click.echo(f"{chosen.url} ({chosen.manifest.licence})", err=True)
    with _progress() as progress:
        detector, trusted = install_model(given, chosen, https_opener(), progress)
    _say_kept(detector)
    if trusted:
        click.echo(
            "trusted on first use: nobody here has checked this file before. Its sha256 is pinned "
            f"from now on: {detector.manifest.sha256}"
        )


@models.command()
@settings_options
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--manifest", "-m", required=True, type=click.Path(path_type=Path), help="Its manifest (JSON)."
)
def add(config: Path | None, data: Path | None, file: Path, manifest: Path) -> None:
    """Take a local ONNX file; the manifest says what it is and pins its sha256.

    \b
    Example:
        camhub models add street.onnx --manifest street.json
    """
    _say_kept(add_model(_settings(config, data), file, manifest))


@models.command()
@settings_options
@click.argument("name")
def remove(config: Path | None, data: Path | None, name: str) -> None:
    """Remove a model. Workers that have it loaded keep it until they restart.

    \b
    Example:
        camhub models remove yolox-nano
    """
    model_store(_settings(config, data)).remove(name)
    click.echo(f"{name} is removed")


@models.command()
@settings_options
@click.argument("name")
@click.option("--media", required=True, type=click.Path(path_type=Path), help="Video or picture.")
@click.option("--out", type=click.Path(path_type=Path), help="Annotated .mp4 or .png to write.")
@click.option("--fps", type=click.FloatRange(0.1, 60), default=5.0, show_default=True)
@click.option("--frames", type=click.IntRange(1, 100_000), default=200, show_default=True)
def test(
    config: Path | None,
    data: Path | None,
    name: str,
    media: Path,
    out: Path | None,
    fps: float,
    frames: int,
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
    given = _settings(config, data)
    detector = make_detector(given, name)
    camera = detector.camera()
    spent: list[float] = []
    labels: Counter[str] = Counter()
    with _output(out, min(fps, frame_rate_of(media))) as draw:
        for picture in _paced(media, fps, frames):
            look = _look(picture)
            started = time.perf_counter()
            found = camera.detect(look)
            spent.append(time.perf_counter() - started)
            labels.update({one.label for one in found})
            draw(picture, found)
    if not spent:
        raise InvalidError(f"{media} holds no picture", hint="give a video or a picture")
    spent.sort()
    click.echo(
        f"{detector.label}: {len(spent)} pictures, {median(spent) * 1000:.1f} ms each in the "
        f"middle, {spent[int(len(spent) * 0.95)] * 1000:.1f} ms at the 95th percentile "
        "(scaling and reading of the outputs included, decoding not)"
    )
    for label, count in labels.most_common():
        click.echo(f"  {label}: in {count} of {len(spent)} pictures")
    if out is not None:
        click.echo(f"written: {out}")


def frame_rate_of(media: Path) -> float:
    """Pictures a second of the file; raises InvalidError as reading it would."""
    next(read_pictures(media), None)
    return frame_rate(media)


def _look(picture: DecodedFrame) -> Look:
    plane = picture.gray(*plane_size(picture.width, picture.height, 320))
    return Look(plane, picture.utc_us, picture.width / picture.height, picture)


def _paced(media: Path, fps: float, frames: int) -> Iterator[DecodedFrame]:
    pace = Pace(fps)
    left = frames
    for picture in read_pictures(media):
        if pace.due(picture.utc_us):
            yield picture
            left -= 1
            if left == 0:
                return


Draw = Callable[[DecodedFrame, list[Detection]], None]


@contextmanager
def _output(out: Path | None, fps: float) -> Iterator[Draw]:
    if out is None:
        yield lambda picture, found: None
    elif out.suffix.lower() == ".mp4":
        with Mp4Writer(out, fps) as writer:
            yield lambda picture, found: writer.write(annotate(picture.bgr(), found))
    else:
        best: list[tuple[int, DecodedFrame, list[Detection]]] = []

        def keep(picture: DecodedFrame, found: list[Detection]) -> None:
            if not best or len(found) > best[0][0]:
                best[:] = [(len(found), picture, found)]

        yield keep
        for _, picture, found in best:
            done, coded = cv2.imencode(".png", annotate(picture.bgr(), found))
            if done:
                _write(out, coded.tobytes())


def _write(out: Path, data: bytes) -> None:
    try:
        out.write_bytes(data)
    except OSError as error:
        raise StorageError(f"{out} cannot be written: {error.strerror}") from error


def _say_kept(detector: ObjectDetector) -> None:
    click.echo(
        f"{detector.manifest.name} is installed: {detector.seconds * 1000:.1f} ms a picture on "
        f"{detector.provider}; use it with CAMHUB_DETECTOR={detector.manifest.name}"
    )


@contextmanager
def _progress() -> Iterator[Callable[[int, int], None]]:
    """A line on stderr that counts up, on a terminal only."""
    shown = sys.stderr.isatty()

    def report(done: int, total: int) -> None:
        if shown:
            of = f" of {total / 2**20:.1f}" if total else ""
            click.echo(f"\r{done / 2**20:.1f}{of} MiB", nl=False, err=True)

    try:
        yield report
    finally:
        if shown:
            click.echo(err=True)
