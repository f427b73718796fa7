"""`camhub simulate`: RTSP cameras without cameras, with faults on demand."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import get_args

import click

from camera_registry.base.errors import InvalidError
from ingest.simulator import CameraConfig, Fault, Ready, SimulatorConfig
from ingest.simulator.config import Auth, Rate
from ingest.simulator.demo import demo_cameras
from ingest.simulator.scenes import SCENES
from ingest.simulator.server import run
from ioc_api.compose.common import run_until, stop_requested
from ioc_api.hosting import logs

_NUMBERS = {"width": int, "height": int, "fps": int, "seconds": float, "kbps": int, "seed": int}
_TEXTS = {"source", "rate", "auth", "username", "password"}


@click.command()
@click.option("--demo", type=click.IntRange(0, 512), default=0, help="This many unlike cameras.")
@click.option(
    "--camera",
    "cameras",
    multiple=True,
    metavar="NAME[,KEY=VALUE]…",
    help="A camera: source (scene or MP4), rate, width, height, fps, seconds, kbps, seed, auth, "
    "username, password, own_port. Repeat for more.",
)
@click.option(
    "--fault",
    "faults",
    multiple=True,
    metavar="NAME=KIND[:SECONDS[:AMOUNT]]",
    help="A fault from the start. Repeat for more.",
)
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=click.IntRange(0, 65535), default=8554, show_default=True)
@click.option("--control-port", type=click.IntRange(0, 65535), help="HTTP control of faults.")
@click.option("--cache", type=click.Path(path_type=Path), help="Where encoded scenes are kept.")
@click.option("--processes", type=click.IntRange(1, 64), help="Encoders at once.")
def simulate(
    demo: int,
    cameras: tuple[str, ...],
    faults: tuple[str, ...],
    host: str,
    port: int,
    control_port: int | None,
    cache: Path | None,
    processes: int | None,
) -> None:
    """Play generated street scenes or MP4 files as RTSP cameras.

    Scenes are rendered and encoded once and then kept; beside each lies its ground truth as JSON.

    \b
    Examples:
        camhub simulate --demo 12
        camhub simulate --camera gate,source=pedestrians,rate=cbr,auth=digest,username=u,password=p
        camhub simulate --camera street --fault street=stall:20 --control-port 8555
        curl --json '{"fault":"freeze","seconds":30}' http://127.0.0.1:8555/cameras/street/fault
    """
    initial = dict(_fault(text) for text in faults)
    configs = [_camera(text, initial) for text in cameras]
    configs += [camera.config for camera in demo_cameras(demo)]
    if not configs:
        raise InvalidError("there is nothing to play", hint="give --demo N or --camera NAME")
    unknown = set(initial) - {config.name for config in configs}
    if unknown:
        raise InvalidError(f"--fault names no camera: {', '.join(sorted(unknown))}")
    config = SimulatorConfig(
        cameras=tuple(configs),
        cache_dir=cache or default_cache(),
        host=host,
        port=port,
        control_port=control_port,
        processes=processes or min(4, os.cpu_count() or 1),
    )
    logs.configure(os.environ.get("CAMHUB_LOG_LEVEL", "info"), "json", "simulator")
    asyncio.run(_serve(config))


def default_cache() -> Path:
    """Return where encoded scenes are kept, after the XDG base directory specification."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "camhub" / "scenes"


async def _serve(config: SimulatorConfig) -> None:
    stop = stop_requested()

    def ready(place: Ready) -> None:
        for camera in config.cameras:
            click.echo(place.url(camera.name))
        if place.control_port is not None:
            click.echo(f"control: http://{place.host}:{place.control_port}/cameras")

    def progress(name: str, done: int, total: int) -> None:
        click.echo(f"scene {done}/{total} ready: {name}")

    await run_until(stop, run(config, ready=ready, progress=progress))


def _camera(text: str, faults: dict[str, Fault]) -> CameraConfig:
    name, *pairs = text.split(",")
    values: dict[str, object] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if key == "own_port" and (not equals or value in {"true", "1"}):
            values[key] = True
        elif equals and key in _TEXTS:
            values[key] = value
        elif equals and key in _NUMBERS:
            try:
                values[key] = _NUMBERS[key](value)
            except ValueError:
                raise InvalidError(f"camera {name}: {key} is no number") from None
        else:
            known = ", ".join(sorted({*_TEXTS, *_NUMBERS, "own_port"}))
            raise InvalidError(f"camera {name}: {key!r} is not known", hint=f"one of {known}")
    _one_of(name, values, "rate", get_args(Rate))
    _one_of(name, values, "auth", get_args(Auth))
    source = values.get("source", "traffic")
    if source not in SCENES and not Path(str(source)).is_file():
        raise InvalidError(
            f"camera {name}: {source} is neither a scene nor a file",
            hint=f"scenes: {', '.join(SCENES)}",
        )
    return CameraConfig(name, fault=faults.get(name), **values)  # type: ignore[arg-type] # checked


def _one_of(name: str, values: dict[str, object], key: str, allowed: tuple[str, ...]) -> None:
    if key in values and values[key] not in allowed:
        raise InvalidError(f"camera {name}: {key} is one of {', '.join(allowed)}")


def _fault(text: str) -> tuple[str, Fault]:
    name, equals, rest = text.partition("=")
    kind, _, numbers = rest.partition(":")
    seconds, _, amount = numbers.partition(":")
    if not equals:
        raise InvalidError(f"--fault {text}: write NAME=KIND[:SECONDS[:AMOUNT]]")
    try:
        return name, Fault.of(
            kind, float(seconds) if seconds else None, float(amount) if amount else None
        )
    except ValueError:
        raise InvalidError(f"--fault {text}: seconds and amount are numbers") from None
