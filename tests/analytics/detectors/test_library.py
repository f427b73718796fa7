"""Who looks with what, and when a model is loaded, changed and forgotten."""

from __future__ import annotations

import asyncio
import gc
import weakref

import msgspec
import numpy as np
import pytest

from analytics.builtin import BUILT_IN
from analytics.detectors.camera_model import CameraModel
from analytics.detectors.detector import Detector, Look, MovingObjectDetector
from analytics.detectors.library import ModelLibrary
from analytics.detectors.object_detector import ObjectDetector
from analytics.model.manifest import Manifest, Model
from camera_registry.base.errors import UnavailableError
from ingest.model_status import ModelStatus
from tests.analytics.graphs import Grey, model_of
from tests.fakes import ManualClock
from tests.waiting import eventually

PLANE = np.zeros((90, 160), np.uint8)
LOOK = Look(PLANE, 1_000_000, 16 / 9, Grey(160, 90))


def made(name: str, word: str = "person", version: str = "1") -> Model:
    rows = np.array([[[16, 16, 48, 48, 0.9, 0]]], np.float32)
    return model_of("nms_rows", {"rows": rows}, name=name, classes=(word, "b"), version=version)


class Site:
    """A library over real models; counts what is opened and may hold back or lose a file."""

    def __init__(self, default: str = BUILT_IN) -> None:
        self.clock = ManualClock()
        self.library = ModelLibrary(self.fetch, self.open, self.clock, default=default)
        self.files: dict[str, bytes] = {}
        self.opened: list[str] = []
        self.away = False
        self.gate = asyncio.Event()
        self.gate.set()

    async def fetch(self, manifest: Manifest) -> bytes:
        await self.gate.wait()
        if self.away:
            raise UnavailableError("no bus", code="bus_unavailable")
        return self.files[manifest.sha256]

    def open(self, model: Model | None) -> Detector:
        self.opened.append(model.manifest.label if model else BUILT_IN)
        return MovingObjectDetector() if model is None else ObjectDetector(model)

    def know(self, model: Model) -> None:
        self.files[model.manifest.sha256] = model.data
        self.library.know(model.manifest.name, model.manifest)


async def ready(camera: CameraModel, label: str) -> None:
    await eventually(lambda: camera.status().model == label and not camera.status().code)


async def test_cameras_of_one_model_share_one_session() -> None:
    site = Site()
    site.know(made("a"))
    first, second = site.library.camera("a"), site.library.camera("a")
    await ready(first, "a@1")
    await ready(second, "a@1")
    assert site.opened == ["a@1"]
    assert first.detector is second.detector
    assert [one.label for one in first.camera().detect(LOOK)] == ["person"]
    assert first.label == "a@1"


async def test_model_is_forgotten_with_its_last_camera_and_loaded_again_for_the_next() -> None:
    site = Site()
    site.know(made("a"))
    first, second = site.library.camera("a"), site.library.camera("a")
    await ready(first, "a@1")
    held = weakref.ref(first.detector)
    first.close()
    await asyncio.sleep(0)
    gc.collect()
    assert held() is not None
    second.close()
    await asyncio.sleep(0)
    first.detector = second.detector = None
    gc.collect()
    assert held() is None
    await ready(site.library.camera("a"), "a@1")
    assert site.opened == ["a@1", "a@1"]


async def test_missing_model_is_said_and_strikes_nobody_else() -> None:
    site = Site()
    other, missing = site.library.camera(""), site.library.camera("none")
    await ready(other, "moving-object@1")
    assert missing.status().code == "model_missing"
    assert "none" in missing.status().reason
    assert missing.camera().detect(LOOK) == []
    assert missing.label == ""
    site.know(made("none"))
    await ready(missing, "none@1")


async def test_camera_changes_its_model_and_looks_with_the_old_one_until_then() -> None:
    site = Site()
    site.know(made("a"))
    site.know(made("b", "dog"))
    camera = site.library.camera("a")
    await ready(camera, "a@1")
    eye = camera.camera()
    site.gate.clear()
    camera.use("b")
    assert [one.label for one in eye.detect(LOOK)] == ["person"]
    assert (camera.status().model, camera.status().code) == ("a@1", "model_loading")
    site.gate.set()
    await ready(camera, "b@1")
    assert camera.label == "a@1"  # nothing has looked since
    assert [one.label for one in eye.detect(LOOK)] == ["dog"]
    assert camera.label == "b@1"


async def test_change_back_before_the_new_model_is_loaded_leaves_nothing_behind() -> None:
    site = Site()
    site.know(made("a"))
    site.know(made("b"))
    camera = site.library.camera("a")
    await ready(camera, "a@1")
    site.gate.clear()
    camera.use("b")
    camera.use("a")
    await ready(camera, "a@1")
    assert set(site.library._shelves) == {"a"}
    assert site.opened == ["a@1"]


async def test_default_changes_for_those_that_name_none() -> None:
    site = Site("a")
    site.know(made("a"))
    site.know(made("b"))
    follows, own = site.library.camera(""), site.library.camera("a")
    await ready(follows, "a@1")
    site.library.choose_default("b")
    await ready(follows, "b@1")
    assert own.status().model == "a@1"
    site.library.choose_default("")
    await ready(follows, "a@1")


async def test_new_version_takes_the_place_of_the_old_one() -> None:
    site = Site()
    site.know(made("a"))
    camera = site.library.camera("a")
    await ready(camera, "a@1")
    site.know(made("a", "cat", "2"))
    await ready(camera, "a@2")
    assert [one.label for one in camera.camera().detect(LOOK)] == ["cat"]


@pytest.mark.parametrize("how", ["sha256", "shape", "broken"])
async def test_bad_new_version_is_refused_and_the_old_one_goes_on(how: str) -> None:
    site = Site()
    site.know(made("a"))
    camera = site.library.camera("a")
    await ready(camera, "a@1")
    new = made("a", "cat", "2")
    manifest = new.manifest
    if how == "shape":
        manifest = msgspec.structs.replace(
            manifest,
            outputs=(msgspec.structs.replace(manifest.outputs[0], shape=(1, 1, 9)),),
        )
    site.files[manifest.sha256] = b"broken" if how == "sha256" else new.data
    if how == "broken":
        manifest = msgspec.structs.replace(manifest, decoder="none")
    site.library.know("a", manifest)
    code = {"sha256": "model_sha256", "shape": "model_tensors", "broken": "model_decoder"}[how]
    await eventually(lambda: camera.status().code == code)
    assert camera.status().model == "a@1"
    assert [one.label for one in camera.camera().detect(LOOK)] == ["person"]
    site.know(made("a", "cat", "3"))
    await ready(camera, "a@3")


async def test_file_that_cannot_be_fetched_now_is_fetched_later() -> None:
    site = Site()
    site.away = True
    site.know(made("a"))
    camera = site.library.camera("a")
    await eventually(lambda: camera.status().code == "bus_unavailable")
    site.away = False
    await eventually(lambda: bool(site.clock._waiting))
    site.clock.move(2)
    await ready(camera, "a@1")


async def test_camera_that_leaves_while_its_model_loads_ends_the_loading() -> None:
    site = Site()
    site.gate.clear()
    site.know(made("a"))
    camera = site.library.camera("a")
    task = site.library._shelves["a"].task
    assert task is not None
    camera.close()
    await eventually(task.cancelled)
    assert site.library._shelves == {}
    await site.library.stop()


async def test_model_that_trips_us_up_is_said_and_strikes_nobody_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    site = Site()
    site.know(made("a"))
    site.know(made("b"))
    inner = site.open

    def trip(model: Model | None) -> Detector:
        if model is not None and model.manifest.name == "a":
            raise ZeroDivisionError("what nobody foresaw")
        return inner(model)

    monkeypatch.setattr(site.library, "_open", trip)
    odd, other = site.library.camera("a"), site.library.camera("b")
    await ready(other, "b@1")
    assert odd.status().code == "model_failed"
    assert odd.camera().detect(LOOK) == []


async def test_model_that_fails_in_its_looks_is_said_until_it_does_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    site = Site()
    site.know(made("a"))
    camera, other = site.library.camera("a"), site.library.camera("a")
    await ready(camera, "a@1")

    def fail(*_: object) -> None:
        raise UnavailableError("model a@1 failed: no reason given", code="model_failed")

    eye = camera.camera()
    with monkeypatch.context() as broken:
        broken.setattr(ObjectDetector, "look", fail)
        with pytest.raises(UnavailableError):
            eye.detect(LOOK)
    assert camera.status() == ModelStatus(
        "a@1", "model_failed", "model a@1 failed: no reason given"
    )
    assert other.status() == ModelStatus("a@1", "", "")
    eye.detect(LOOK)
    assert camera.status().code == ""
