"""How models get into the store and from there into the worker, on models that the test makes."""

from __future__ import annotations

import io
from email.message import Message
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from structlog.testing import capture_logs

from analytics.detectors.detector import MovingObjectDetector
from analytics.detectors.object_detector import ObjectDetector
from analytics.model.catalogue import Offer
from analytics.model.manifest import Manifest, Model
from camera_registry.base.errors import (
    CamhubError,
    ConfigError,
    ConflictError,
    NotFoundError,
)
from ioc_api.compose.detectors import open_detector
from ioc_api.compose.models import (
    add_model,
    install_model,
    make_detector,
    opened_models,
)
from ioc_api.settings import Settings
from tests.analytics.graphs import Grey, model_of

ROWS = np.array([[[16, 16, 48, 48, 0.9, 0]]], np.float32)


def made(value: float = 0.9) -> Model:
    rows = ROWS.copy()
    rows[0, 0, 4] = value
    return model_of("nms_rows", {"rows": rows}, name="street", roles={"rows": ""})


class Shop:
    """An opener that sells one file."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.asked: list[str] = []

    def open(self, fullurl: str, data: None = None, timeout: float = 0) -> Any:
        self.asked.append(fullurl)
        answer = io.BytesIO(self.content)
        answer.headers = Message()  # type: ignore[attr-defined]
        return answer


def offered(sha256: str = "") -> Offer:
    manifest = msgspec.structs.replace(made().manifest, sha256=sha256, inputs=(), outputs=())
    return Offer(manifest, "https://models.test/street.onnx", "made", 1 << 20)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data=tmp_path, detector_limit_ms=60_000)  # type: ignore[call-arg]


def quiet(phase: str, done: int, total: int) -> None:
    pass


async def stored(settings: Settings) -> list[str]:
    async with opened_models(settings) as keeper:
        return [one.name for one in await keeper.store.list()]


async def remove(settings: Settings, name: str) -> None:
    async with opened_models(settings) as keeper:
        await keeper.remove(name)


async def test_installed_model_is_what_the_worker_loads(settings: Settings) -> None:
    kept, trusted = await install_model(settings, offered(), Shop(made().data), quiet)
    assert trusted
    assert kept.manifest.sha256 == made().manifest.sha256
    assert kept.manifest.inputs[0].shape == (1, 3, 64, 64)
    loaded = await make_detector(settings, "street")
    assert isinstance(loaded, ObjectDetector)
    assert loaded.label == "street@1"
    assert [one.label for one in loaded.look(Grey(64, 64))] == ["person"]


async def test_first_installation_pins_the_file_for_all_later_ones(settings: Settings) -> None:
    await install_model(settings, offered(), Shop(made().data), quiet)
    with pytest.raises(ConflictError):
        await install_model(settings, offered(), Shop(made().data), quiet)
    await remove(settings, "street")
    with pytest.raises(ConfigError, match="pinned") as caught:
        await install_model(settings, offered(), Shop(made(0.8).data), quiet)
    assert caught.value.code == "model_sha256"
    assert await stored(settings) == []
    _, trusted = await install_model(settings, offered(), Shop(made().data), quiet)
    assert not trusted


async def test_sha256_of_the_catalogue_binds_at_once(settings: Settings) -> None:
    with pytest.raises(ConfigError, match="pinned"):
        await install_model(settings, offered("0" * 64), Shop(made().data), quiet)
    _, trusted = await install_model(
        settings, offered(made().manifest.sha256), Shop(made().data), quiet
    )
    assert not trusted


@pytest.mark.parametrize("content", [b"", b"<html>not found</html>", made().data[:100]])
async def test_file_that_is_no_model_leaves_nothing_and_pins_nothing(
    settings: Settings, content: bytes
) -> None:
    with pytest.raises(ConfigError) as caught:
        await install_model(settings, offered(), Shop(content), quiet)
    assert caught.value.code == "model_refused"
    assert await stored(settings) == []
    async with opened_models(settings) as keeper:
        assert await keeper.store.pinned("street") == ""


async def test_cancelled_installation_leaves_nothing(settings: Settings, tmp_path: Path) -> None:
    def cancel(phase: str, done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await install_model(settings, offered(), Shop(made().data), cancel)
    assert list((tmp_path / "blobs").rglob("*.onnx")) == []
    assert await stored(settings) == []


async def test_slow_model_is_refused_before_it_is_kept(settings: Settings) -> None:
    strict = settings.model_copy(update={"detector_limit_ms": 1e-6})
    with pytest.raises(ConfigError, match="the limit is"):
        await install_model(strict, offered(), Shop(made().data), quiet)
    assert await stored(settings) == []


def write(path: Path, manifest: Manifest) -> Path:
    path.write_bytes(msgspec.json.encode(manifest))
    return path


async def test_local_model_is_added_or_refused_with_the_reason(
    settings: Settings, tmp_path: Path
) -> None:
    file, manifest = tmp_path / "a.onnx", tmp_path / "a.json"
    file.write_bytes(made().data)
    wrong = msgspec.structs.replace(made().manifest, sha256="0" * 64)
    with pytest.raises(ConfigError, match="sha256"):
        await add_model(settings, file, write(manifest, wrong))
    shape = msgspec.structs.replace(made().manifest.outputs[0], shape=(1, 1, 7))
    other = msgspec.structs.replace(made().manifest, outputs=(shape,))
    with pytest.raises(ConfigError, match="the manifest says"):
        await add_model(settings, file, write(manifest, other))
    with pytest.raises(ConfigError, match="No such file"):
        await add_model(settings, tmp_path / "none.onnx", write(manifest, made().manifest))
    assert await stored(settings) == []
    await add_model(settings, file, write(manifest, made().manifest))
    assert await stored(settings) == ["street"]


async def test_default_is_the_built_in_model(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path)  # type: ignore[call-arg]
    assert isinstance(await make_detector(settings), MovingObjectDetector)


async def test_model_that_is_not_installed_is_named(settings: Settings) -> None:
    with pytest.raises(NotFoundError, match="no model street") as caught:
        await make_detector(settings, "street")
    assert "camhub models list" in caught.value.hint


async def test_provider_that_is_missing_falls_back_and_says_so(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path, detector_providers="migraphx,cpu")  # type: ignore[call-arg,arg-type]
    with capture_logs() as logs:
        assert isinstance(await make_detector(settings), MovingObjectDetector)
    assert [line["event"] for line in logs] == ["model_provider_missing"]
    with pytest.raises(CamhubError, match="'quantum'"):
        open_detector(settings.model_copy(update={"detector_providers": ("quantum",)}))
