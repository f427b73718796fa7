"""Models from the database over a real bus into a worker's library."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from analytics.builtin import BUILT_IN
from analytics.detectors.detector import Detector, MovingObjectDetector
from analytics.detectors.library import ModelLibrary
from analytics.detectors.object_detector import ObjectDetector
from analytics.model.manifest import Model
from camera_registry import subjects
from camera_registry.adapters.bus_nats import NatsBus
from camera_registry.adapters.objects_nats import NatsObjects
from camera_registry.base.clock import SystemClock
from camera_registry.base.errors import ConflictError, NotFoundError
from ioc_api.compose.models import opened_models
from ioc_api.models.bus import MAX_FILES_BYTES, ModelFeed, ModelMirror
from ioc_api.models.records import blob_key
from ioc_api.settings import Settings
from tests.analytics.graphs import model_of
from tests.waiting import eventually


def made(version: str = "1", score: float = 0.9) -> Model:
    rows = np.array([[[16, 16, 48, 48, score, 0]]], np.float32)
    return model_of("nms_rows", {"rows": rows}, name="street", version=version)


def open_model(model: Model | None) -> Detector:
    return MovingObjectDetector() if model is None else ObjectDetector(model)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data=tmp_path)  # type: ignore[call-arg]


@pytest.fixture
def files(bus: NatsBus) -> NatsObjects:
    return bus.objects(subjects.MODEL_FILES, MAX_FILES_BYTES)


async def test_files_come_back_as_they_were_put(files: NatsObjects) -> None:
    whole = np.random.default_rng(1).bytes(3 * 2**20 + 17)
    await files.put("a", whole)
    await files.put("b", b"")
    assert await files.get("a") == whole
    assert await files.get("b") == b""
    assert {"a", "b"} <= await files.names()
    await files.put("a", b"other")
    assert await files.get("a") == b"other"
    for name in ("a", "b", "a"):
        await files.delete(name)
    assert await files.names() & {"a", "b"} == set()
    with pytest.raises(NotFoundError):
        await files.get("a")


async def test_workers_follow_what_is_installed_replaced_chosen_and_removed(
    settings: Settings, bus: NatsBus, files: NatsObjects, tmp_path: Path
) -> None:
    clock = SystemClock()
    feed = ModelFeed(bus, files, tmp_path / "cache")
    library = ModelLibrary(feed.fetch, open_model, clock)
    await feed.start(library)
    own, follows = library.camera("street"), library.camera("")
    assert own.status().code == "model_missing"
    async with opened_models(settings) as keeper:
        mirror = ModelMirror(keeper, bus, files, clock)
        await keeper.keep(made(), 0.001, "cpu", "added", replace=False)
        assert await mirror.mend() == 2
        await eventually(lambda: own.status().model == "street@1")
        await keeper.choose_default("street")
        assert await mirror.mend() == 1
        await eventually(lambda: follows.status().model == "street@1")

        await keeper.keep(made("2", 0.8), 0.001, "cpu", "added", replace=True)
        await mirror.mend()
        await eventually(lambda: own.status().model == "street@2")
        assert await files.names() == {made("2", 0.8).manifest.sha256}
        assert not Path(settings.blob_location, blob_key(made().manifest.sha256)).exists()

        with pytest.raises(ConflictError, match="in use"):
            await keeper.remove("street")
        await keeper.choose_default("")
        await keeper.remove("street")
        await mirror.mend()
        await eventually(lambda: own.status().code == "model_missing")
        assert own.status().model == "street@2"  # looks on until it is given another
        await eventually(lambda: follows.status().model == "moving-object@1")
        assert await files.names() == set()
        assert await mirror.mend() == 0
    await feed.stop()
    await library.stop()


async def test_file_in_the_cache_is_not_fetched_and_a_damaged_one_is(
    bus: NatsBus, files: NatsObjects, tmp_path: Path
) -> None:
    feed = ModelFeed(bus, files, tmp_path)
    model = made()
    await files.put(model.manifest.sha256, model.data)
    assert await feed.fetch(model.manifest) == model.data
    await files.delete(model.manifest.sha256)
    assert await feed.fetch(model.manifest) == model.data
    (tmp_path / f"{model.manifest.sha256}.onnx").write_bytes(b"damaged")
    with pytest.raises(NotFoundError):
        await feed.fetch(model.manifest)


async def test_model_whose_file_is_gone_is_left_out_and_the_others_are_brought(
    settings: Settings, bus: NatsBus, files: NatsObjects
) -> None:
    async with opened_models(settings) as keeper:
        await keeper.keep(made(), 0.001, "cpu", "added", replace=False)
        Path(settings.blob_location, blob_key(made().manifest.sha256)).unlink()
        other = model_of("nms_rows", {"rows": np.zeros((1, 1, 6), np.float32)}, name="other")
        await keeper.keep(other, 0.001, "cpu", "added", replace=False)
        await ModelMirror(keeper, bus, files, SystemClock()).mend()
    assert await files.names() == {other.manifest.sha256}
    entry = await bus.bucket(subjects.MODELS_BUCKET).get("street")
    assert entry is None or entry.value is None
    assert BUILT_IN not in await files.names()
    await files.delete(other.manifest.sha256)
