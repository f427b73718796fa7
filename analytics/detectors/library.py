"""The models that a process has loaded: one session each, for whichever cameras want it now.

A model is loaded when the first camera wants it and forgotten when the last one has left. A camera
that changes its model, or whose model gets a new version, goes on with the old one until the new
one has been opened and tried out, and for good where the new one is refused.

All of it belongs to the event loop but ``CameraModel.close`` and what the analysis calls.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import structlog
from prometheus_client import Counter, Gauge

from analytics.builtin import BUILT_IN
from analytics.detectors.camera_model import CameraModel, Shelf
from analytics.detectors.detector import Detector
from analytics.model.manifest import Manifest, Model, verify
from camera_registry.base.clock import Clock
from camera_registry.base.errors import CamhubError, UnavailableError
from camera_registry.base.tasks import Backoff

log = structlog.get_logger(__name__)

LOADED = Gauge("camhub_models_loaded", "Models that this process has loaded")
SWITCHES = Counter("camhub_model_switches_total", "Models that took another's place at a camera")
REFUSALS = Counter("camhub_model_refusals_total", "Models that could not be loaded", ["reason"])

Fetch = Callable[[Manifest], Awaitable[bytes]]
Open = Callable[[Model | None], Detector]


class ModelLibrary:
    """Gives cameras their models. ``fetch`` brings a file, ``open_model`` makes a detector of it
    (of the built-in model where there is none) in a thread; what they raise becomes the reason.
    """

    def __init__(
        self, fetch: Fetch, open_model: Open, clock: Clock, *, default: str = BUILT_IN
    ) -> None:
        self._fetch = fetch
        self._open = open_model
        self._clock = clock
        self._preset = self._default = default
        self._known: dict[str, Manifest] = {}
        self._shelves: dict[str, Shelf] = {}
        self._cameras: set[CameraModel] = set()
        self._loading = asyncio.Semaphore(1)  # one at a time: each is timed while it is tried out

    def camera(self, name: str) -> CameraModel:
        """Return the model of one camera; '' is the default. Close it when the camera ends."""
        model = CameraModel(self, asyncio.get_running_loop())
        self._cameras.add(model)
        self.assign(model, name)
        return model

    def know(self, name: str, manifest: Manifest | None) -> None:
        """Learn of a new or changed model, or (None) that there is none of this name any more."""
        if manifest == self._known.get(name):
            return
        if manifest is None:
            del self._known[name]
        else:
            self._known[name] = manifest
        shelf = self._shelves.get(name)
        if shelf is not None:
            self._load(shelf)

    def choose_default(self, name: str) -> None:
        """Learn of another default; '' goes back to the one of the settings."""
        chosen = name or self._preset
        if chosen == self._default:
            return
        self._default = chosen
        for camera in self._cameras:
            if not camera.wanted:
                self.assign(camera, "")

    def assign(self, camera: CameraModel, name: str) -> None:
        """Let a camera want this model from now on."""
        camera.wanted = name
        shelf = self._shelf(name or self._default)
        before = camera.shelf
        if shelf is before:
            return
        camera.shelf = shelf
        shelf.members.add(camera)
        if before is not None:
            before.members.discard(camera)
            if camera.held is None and before.detector is not None:
                camera.held = before
                before.keepers.add(camera)
            self._put_away(before)
        if shelf.detector is not None:
            self._hand(shelf, camera)

    def forget(self, camera: CameraModel) -> None:
        """Take a camera out."""
        self._cameras.discard(camera)
        for shelf in (camera.shelf, camera.held):
            if shelf is not None:
                shelf.members.discard(camera)
                shelf.keepers.discard(camera)
                self._put_away(shelf)
        camera.shelf = camera.held = None

    async def stop(self) -> None:
        """End what is being loaded."""
        tasks = [shelf.task for shelf in self._shelves.values() if shelf.task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _shelf(self, name: str) -> Shelf:
        shelf = self._shelves.get(name)
        if shelf is None:
            shelf = self._shelves[name] = Shelf(name)
            self._load(shelf)
        return shelf

    def _load(self, shelf: Shelf) -> None:
        """Begin to load what is known under a name now."""
        if shelf.task is not None:
            shelf.task.cancel()
            shelf.task = None
        manifest = self._known.get(shelf.name)
        if manifest is None and shelf.name != BUILT_IN:
            shelf.problem = ("model_missing", f"there is no model {shelf.name}")
            log.warning("model_missing", model=shelf.name)
            return
        if shelf.detector is not None and shelf.manifest == manifest:
            shelf.problem = ("", "")
            return
        shelf.problem = ("model_loading", f"the model {shelf.name} is being loaded")
        shelf.task = asyncio.create_task(
            self._keep_loading(shelf, manifest), name=f"model-{shelf.name}"
        )

    async def _keep_loading(self, shelf: Shelf, manifest: Manifest | None) -> None:
        backoff = Backoff(1.0, 30.0)
        while True:
            try:
                detector = await self._opened(manifest)
            except CamhubError as error:
                shelf.problem = (error.code, error.message)
                REFUSALS.labels(error.code).inc()
                log.warning("model_refused", model=shelf.name, reason=error.message)
                if not isinstance(error, UnavailableError):
                    return
                await self._clock.sleep(backoff.next_delay())
                continue
            except Exception:
                # a model may be made so that it trips us up: its cameras say so, and nobody waits
                shelf.problem = ("model_failed", f"camhub failed on the model {shelf.name}")
                REFUSALS.labels("unforeseen").inc()
                log.exception("model_refused", model=shelf.name)
                return
            break
        if shelf.detector is None:
            LOADED.inc()
        shelf.detector, shelf.manifest, shelf.problem = detector, manifest, ("", "")
        log.info("model_loaded", model=detector.label, cameras=len(shelf.members))
        for camera in (*shelf.members, *shelf.keepers):
            self._hand(shelf, camera)

    async def _opened(self, manifest: Manifest | None) -> Detector:
        model = None
        if manifest is not None:
            data = await self._fetch(manifest)
            model = await asyncio.to_thread(verify, manifest, data)
        async with self._loading:
            return await asyncio.to_thread(self._open, model)

    def _hand(self, shelf: Shelf, camera: CameraModel) -> None:
        """Give a camera the detector of a shelf; one that it kept until now goes."""
        if camera.detector is not None and camera.detector is not shelf.detector:
            SWITCHES.inc()
        camera.detector = shelf.detector
        if camera.shelf is shelf and camera.held is not None:
            held, camera.held = camera.held, None
            held.keepers.discard(camera)
            self._put_away(held)

    def _put_away(self, shelf: Shelf) -> None:
        if shelf.members or shelf.keepers or self._shelves.get(shelf.name) is not shelf:
            return
        del self._shelves[shelf.name]
        if shelf.task is not None:
            shelf.task.cancel()
        if shelf.detector is not None:
            LOADED.dec()
            log.info("model_unloaded", model=shelf.detector.label)
