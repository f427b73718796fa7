"""The cache of rendered clips: made once, in other processes, and put in place atomically."""

from __future__ import annotations

import asyncio
import hashlib
import json
import multiprocessing
import os
import shutil
import signal
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from multiprocessing.connection import wait
from pathlib import Path

from camera_registry.base.errors import StorageError
from ingest.simulator.config import CameraConfig, Rate
from ingest.simulator.encoder import default_kbps, encode_mp4
from ingest.simulator.scenes import SCENES, SceneSpec, render

# Counts up with every change of pictures or encoding, so that an old cache is not taken for a new.
_VERSION = 3
_MAKING = ".making-"


@dataclass(frozen=True, slots=True)
class ClipSpec:
    """Everything that decides the bytes of a generated clip."""

    scene: SceneSpec
    rate: Rate
    kbps: int

    @classmethod
    def of(cls, camera: CameraConfig) -> ClipSpec:
        """Return the specification of a camera whose source is a scene."""
        seconds = camera.seconds or SCENES[camera.source].seconds
        scene = SceneSpec(
            camera.source, camera.width, camera.height, camera.fps, seconds, camera.seed
        )
        return cls(
            scene, camera.rate, camera.kbps or default_kbps(camera.width, camera.height, camera.fps)
        )

    @property
    def key(self) -> str:
        """Return the name of the clip in the cache: its scene and a hash of all parameters."""
        text = json.dumps([_VERSION, asdict(self)], sort_keys=True)
        return f"{self.scene.scene}-{hashlib.sha256(text.encode()).hexdigest()[:16]}"


def build(spec: ClipSpec, folder: Path) -> Path:
    """Return the clip of ``spec`` in ``folder``, rendering it first if it is not there.

    The ground truth lies beside it with the suffix ``.json``. Both are written under another name
    and renamed, the clip last, so that a clip that is there is whole and has its truth. Raises
    StorageError if the folder cannot be written.
    """
    target = folder / f"{spec.key}.mp4"
    if target.is_file():
        return target
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=_MAKING, dir=folder) as making:
            clip, truth = Path(making) / "clip.mp4", Path(making) / "truth.json"
            rendering = render(spec.scene)
            encode_mp4(
                clip,
                rendering.pictures(),
                fps=spec.scene.fps,
                size=(spec.scene.width, spec.scene.height),
                rate=spec.rate,
                kbps=spec.kbps,
            )
            truth.write_text(json.dumps(rendering.truth(), separators=(",", ":")))
            truth.replace(target.with_suffix(".json"))
            clip.replace(target)
    except OSError as error:
        raise StorageError(
            f"the clip {target.name} cannot be written: {error.strerror}",
            hint=f"free some space or choose another folder than {folder}",
        ) from error
    return target


async def build_all(
    specs: set[ClipSpec],
    folder: Path,
    processes: int,
    done: Callable[[ClipSpec, Path], None],
) -> None:
    """Build every clip, several at a time in processes of their own; ``done`` is told of each.

    Clips that are in the cache come first and start no process.
    """
    missing: list[ClipSpec] = []
    # The short ones first, so that some cameras are there soon.
    for spec in sorted(specs, key=lambda spec: (spec.scene.frames, spec.key)):
        path = folder / f"{spec.key}.mp4"
        if path.is_file():
            done(spec, path)
        else:
            missing.append(spec)
    if not missing:
        return
    await asyncio.to_thread(_sweep, folder)
    loop = asyncio.get_running_loop()
    # "spawn": a forked child of a process with threads and an event loop may hang.
    pool = ProcessPoolExecutor(
        min(processes, len(missing)),
        mp_context=multiprocessing.get_context("spawn"),
        initializer=_prepare_process,
    )
    try:

        async def one(spec: ClipSpec) -> None:
            done(spec, await loop.run_in_executor(pool, build, spec, folder))

        async with asyncio.TaskGroup() as group:
            for spec in missing:
                group.create_task(one(spec))
    except BaseException:
        # A rendering may take a minute; whoever stops the simulator is not to wait for it.
        for process in list((pool._processes or {}).values()):  # noqa: SLF001
            process.terminate()
        raise
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _prepare_process() -> None:
    """Leave Ctrl-C to the parent, end when it has ended, however it did, and be nice: cameras that
    play already, and who looks at them, go before a rendering.
    """
    os.nice(10)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()

    def watch() -> None:
        if parent is not None:
            wait([parent.sentinel])
            os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _sweep(folder: Path) -> None:
    """Remove what a killed rendering left behind; one that is at work is younger than an hour."""
    for left in folder.glob(f"{_MAKING}*"):
        if time.time() - left.stat().st_mtime > 3600:
            shutil.rmtree(left, ignore_errors=True)
