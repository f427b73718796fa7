from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from analytics.manifest import Model
from analytics.model_store import ModelStore
from camera_registry.base.errors import (
    CamhubError,
    ConfigError,
    ConflictError,
    InvalidError,
    NotFoundError,
    StorageError,
)
from tests.analytics.graphs import model_of


def made(name: str = "street") -> Model:
    return model_of("nms_rows", {"rows": np.zeros((1, 1, 6), np.float32)}, name=name)


@pytest.fixture
def store(tmp_path: Path) -> ModelStore:
    return ModelStore(tmp_path / "models")


def test_what_was_added_is_listed_loaded_and_removed(store: ModelStore) -> None:
    assert store.list() == []
    for name in ("zebra", "street"):
        store.add(made(name).manifest, made(name).data)
    assert [one.name for one in store.list()] == ["street", "zebra"]
    assert store.load("street") == made("street")
    store.remove("street")
    assert [one.name for one in store.list()] == ["zebra"]
    with pytest.raises(NotFoundError, match="street"):
        store.load("street")
    with pytest.raises(NotFoundError):
        store.remove("street")


def test_a_name_is_taken_once(store: ModelStore) -> None:
    store.add(made().manifest, made().data)
    with pytest.raises(ConflictError, match="street"):
        store.add(made().manifest, made().data)


@pytest.mark.parametrize("name", ["", "..", "../x", "A", "a/b", ".part-x", "moving-object", "x\n"])
def test_impossible_names_are_refused(store: ModelStore, name: str) -> None:
    for action in (store.load, store.remove):
        with pytest.raises(InvalidError):
            action(name)
    with pytest.raises(InvalidError):
        store.add(made(name).manifest, b"")


@pytest.mark.parametrize("file", ["../m.onnx", "/etc/x", "", "manifest.json"])
def test_file_of_a_manifest_is_a_plain_name(store: ModelStore, tmp_path: Path, file: str) -> None:
    model = made()
    with pytest.raises(ConfigError):
        store.add(msgspec.structs.replace(model.manifest, file=file), model.data)
    assert list(tmp_path.rglob("*.onnx")) == []


def test_wrong_bytes_leave_nothing(store: ModelStore, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="sha256"):
        store.add(made().manifest, made().data + b"\0")
    assert list(tmp_path.rglob("*")) == []


def test_changed_file_is_refused_when_it_is_loaded(store: ModelStore, tmp_path: Path) -> None:
    store.add(made().manifest, made().data)
    with (tmp_path / "models" / "street" / "model.onnx").open("ab") as file:
        file.write(b"\0")
    with pytest.raises(ConfigError, match="sha256"):
        store.load("street")


def test_broken_manifest_is_listed_with_what_is_wrong(store: ModelStore, tmp_path: Path) -> None:
    store.add(made().manifest, made().data)
    (tmp_path / "models" / "street" / "manifest.json").write_text("{")
    (one,) = store.list()
    assert one.manifest is None
    assert "malformed" in one.problem


def test_crash_before_the_rename_leaves_no_model_and_the_next_attempt_cleans_up(
    store: ModelStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class PowerCutError(BaseException):
        pass

    def cut(*_: Any, **__: Any) -> None:
        raise PowerCutError

    with monkeypatch.context() as broken:
        broken.setattr(Path, "rename", cut)
        broken.setattr("shutil.rmtree", lambda *_, **__: None)  # nobody cleans up after a power cut
        with pytest.raises(PowerCutError):
            store.add(made().manifest, made().data)
    assert store.list() == []
    assert [path.name[:6] for path in (tmp_path / "models").iterdir()] == [".part-"]
    store.add(made().manifest, made().data)
    assert [path.name for path in (tmp_path / "models").iterdir()] == ["street"]
    assert store.load("street") == made()


def test_full_disk_is_one_line_and_leaves_nothing(
    store: ModelStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(os, "fsync", full)
        with pytest.raises(StorageError, match="No space left"):
            store.add(made().manifest, made().data)
    assert list((tmp_path / "models").iterdir()) == []


def test_pins_outlive_the_model(store: ModelStore, tmp_path: Path) -> None:
    assert store.pinned("street") == ""
    store.pin("street", "ab" * 32)
    store.pin("other", "cd" * 32)
    store.add(made().manifest, made().data)
    store.remove("street")
    assert ModelStore(tmp_path / "models").pinned("street") == "ab" * 32
    (tmp_path / "models" / "pins.json").write_text("[]")
    with pytest.raises(CamhubError, match="pins"):
        store.pinned("street")
