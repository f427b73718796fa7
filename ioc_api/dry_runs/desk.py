"""Takes dry runs, does one after another, and keeps the last ones for a while."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any, Protocol

import structlog

from camera_registry.base.clock import Clock
from camera_registry.base.errors import (
    CamhubError,
    ConflictError,
    InvalidError,
    Kind,
    NotFoundError,
    StorageError,
)
from camera_registry.base.ids import new_id
from ingest.clips.wire import ClipPart
from ioc_api.dry_runs.model import Run, RunLimits, RunState

log = structlog.get_logger(__name__)


class Clips(Protocol):
    """Where clips of cameras come from."""

    async def fetch(
        self,
        camera_id: str,
        seconds: float,
        target: Path,
        max_bytes: int,
        progress: Callable[[float], None],
    ) -> ClipPart:
        """Write a clip to ``target``; see ``ioc_api.dry_runs.clips.BusClips``."""
        ...


class Analyse(Protocol):
    """Runs the rules over a run's clip; the composition root knows how."""

    def __call__(self, run: Run, on_message: Callable[[dict[str, Any]], None]) -> Awaitable[None]:
        """Work through the clip. Raises CamhubError."""
        ...


class DryRuns:
    """The dry runs of this api. ``run`` works; the rest may be called while it does."""

    def __init__(
        self,
        directory: Path,
        clips: Clips,
        analyse: Analyse,
        clock: Clock,
        limits: RunLimits | None = None,
    ) -> None:
        self._directory = directory
        self._clips = clips
        self._analyse = analyse
        self._clock = clock
        self.limits = limits or RunLimits()
        self._runs: dict[str, Run] = {}
        self._queue: asyncio.Queue[Run] = asyncio.Queue()
        self._working: tuple[Run, asyncio.Task[None]] | None = None

    def sweep(self) -> None:
        """Remove what an earlier api left behind; to be called before the first run is taken."""
        shutil.rmtree(self._directory, ignore_errors=True)

    async def run(self) -> None:
        """Work until cancelled; then all of it is removed."""
        try:
            while True:
                run = await self._queue.get()
                if run.state is not RunState.QUEUED:
                    continue
                task = asyncio.create_task(self._do(run), name=f"dry-run-{run.id}")
                self._working = run, task
                await asyncio.wait({task})
                self._working = None
        finally:
            if self._working is not None:
                self._working[1].cancel()
                await asyncio.wait({self._working[1]})
            await asyncio.to_thread(shutil.rmtree, self._directory, True)

    def submit(
        self,
        camera_id: str,
        document: bytes,
        detector: str,
        *,
        seconds: float = 0.0,
        again: str = "",
        start_us: int = 0,
    ) -> Run:
        """Take a run of rules that were checked before.

        With ``seconds`` its clip comes from the camera, with ``again`` it is that of an earlier run
        of the same camera, and else it is uploaded. Raises CamhubError (429) where too many wait.
        """
        self._forget_old()
        waiting = sum(not run.idle for run in self._runs.values())
        if waiting >= self.limits.waiting:
            raise CamhubError(
                "other dry runs are waiting already",
                hint="try again when they are done",
                code="dry_runs_busy",
                kind=Kind.TOO_MANY,
            )
        if not 0 <= seconds <= self.limits.clip_s:
            raise InvalidError(
                "seconds: is out of range",
                hint=f"at most {self.limits.clip_s:.0f}",
                code="clip_interval",
            )
        now = self._clock.utc_us()
        run_id = new_id(now)
        run = Run(
            run_id,
            camera_id,
            now,
            self._directory / run_id,
            document,
            detector,
            seconds,
            start_us or now,
        )
        earlier = self.get(camera_id, again) if again else None
        self._make_room(run)
        if earlier is not None:
            self._take_clip(run, earlier)
        self._runs[run.id] = run
        if seconds or earlier is not None:
            self._queue.put_nowait(run)
        else:
            run.state = RunState.UPLOAD
        return run

    async def upload(self, run: Run, body: AsyncIterator[bytes]) -> None:
        """Take the clip of a run that waits for it. Raises ConflictError, InvalidError."""
        if run.state is not RunState.UPLOAD or run.progress:
            raise ConflictError("this dry run waits for no clip", code="no_upload")
        size, run.progress = 0, 0.01
        try:
            with run.clip.open("wb") as file:
                async for piece in body:
                    size += len(piece)
                    if size > self.limits.clip_bytes:
                        raise InvalidError(
                            f"the clip has more than {self.limits.clip_bytes >> 20} MiB",
                            hint="take a shorter one",
                            code="clip_too_large",
                        )
                    await asyncio.to_thread(file.write, piece)
            if size == 0:
                raise InvalidError("the clip is empty", hint="an MP4 file", code="media")
        except BaseException:
            run.progress = 0.0
            run.clip.unlink(missing_ok=True)
            raise
        if not run.state.final:
            run.state, run.progress = RunState.QUEUED, 0.0
            self._queue.put_nowait(run)

    def get(self, camera_id: str, run_id: str) -> Run:
        """Return a run of a camera. Raises NotFoundError."""
        run = self._runs.get(run_id)
        if run is None or run.camera_id != camera_id:
            raise NotFoundError(
                "There is no such dry run", hint="they are kept for half an hour", code="no_dry_run"
            )
        return run

    async def remove(self, run: Run) -> None:
        """Call a run off and forget it, with its clip and its pictures."""
        run.end(RunState.CANCELLED, "cancelled")
        if self._working is not None and self._working[0] is run:
            self._working[1].cancel()
            await asyncio.wait({self._working[1]})
        self._runs.pop(run.id, None)
        await asyncio.to_thread(shutil.rmtree, run.directory, True)

    async def _do(self, run: Run) -> None:
        try:
            if run.ask_s:
                await self._fetch(run)
            run.state, run.progress = RunState.RUNNING, 0.0
            await self._analyse(run, run.hear)
            if run.state is RunState.RUNNING:
                run.end(RunState.FAILED, "dry_run_crashed", "the analysis ended without a result")
        except asyncio.CancelledError:
            run.end(RunState.CANCELLED, "cancelled")
        except CamhubError as error:
            log.info("dry_run_failed", run=run.id, camera=run.camera_id, code=error.code)
            run.end(RunState.FAILED, error.code, error.message, error.hint)
        except OSError as error:
            log.warning("dry_run_failed", run=run.id, reason=error.strerror)
            run.end(RunState.FAILED, "storage", "the clip could not be stored", "see the disk")

    async def _fetch(self, run: Run) -> None:
        run.state = RunState.CLIP

        def progress(share: float) -> None:
            run.progress = share

        clip = await self._clips.fetch(
            run.camera_id, run.ask_s, run.clip, self.limits.clip_bytes, progress
        )
        run.start_us, run.seconds, run.codec = clip.start_us, clip.seconds, clip.codec

    def _make_room(self, run: Run) -> None:
        try:
            run.picture(0).parent.mkdir(parents=True)
        except OSError as error:
            raise StorageError(
                f"a dry run needs room on the disk: {error.strerror}", hint="free some space"
            ) from error

    def _take_clip(self, run: Run, earlier: Run) -> None:
        if not earlier.clip.is_file():
            raise NotFoundError("that dry run has no clip", code="no_clip")
        os.link(earlier.clip, run.clip)
        run.start_us, run.seconds, run.codec = earlier.start_us, earlier.seconds, earlier.codec

    def _forget_old(self) -> None:
        old = self._clock.utc_us() - round(self.limits.keep_s * 1e6)
        idle = [run for run in self._runs.values() if run.idle]
        stale = [run for run in self._runs.values() if run.created_us < old]
        surplus = idle[: max(0, len(self._runs) - self.limits.kept + 1)]
        for run in {run.id: run for run in (*stale, *surplus)}.values():
            if self._working is not None and self._working[0] is run:
                continue
            run.end(RunState.CANCELLED, "cancelled")
            del self._runs[run.id]
            with contextlib.suppress(OSError):
                shutil.rmtree(run.directory)
