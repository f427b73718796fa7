from __future__ import annotations

import json
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from analytics.builtin import MANIFEST_PATH, MODEL_PATH
from analytics.manifest import check_tensors, load_model
from camera_registry.base.errors import ConfigError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copy(MANIFEST_PATH, tmp_path / "m.json")
    shutil.copy(MODEL_PATH, tmp_path / MODEL_PATH.name)
    return tmp_path


def edit(folder: Path, **changes: Any) -> Path:
    path = folder / "m.json"
    content = json.loads(path.read_text())
    content.update(changes)
    path.write_text(json.dumps(content))
    return path


def test_builtin_model_loads_and_claims_no_class() -> None:
    model = load_model(MANIFEST_PATH)
    assert model.data == MODEL_PATH.read_bytes()
    assert model.manifest.label == "moving-object@1"
    assert model.manifest.classes == ()
    assert "person-like" in model.manifest.hints


def test_changed_file_is_refused_in_one_line(folder: Path) -> None:
    with (folder / MODEL_PATH.name).open("ab") as file:
        file.write(b"\0")
    with pytest.raises(ConfigError, match="sha256") as caught:
        load_model(folder / "m.json")
    assert "\n" not in str(caught.value)
    assert caught.value.code == "model_sha256"


@pytest.mark.parametrize("name", ["../m.onnx", "/etc/passwd", "", "..", "a/b"])
def test_file_outside_of_the_folder_is_refused(folder: Path, name: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_model(edit(folder, file=name))
    assert caught.value.code == "model_path"


def test_missing_model_and_missing_manifest_are_refused(folder: Path) -> None:
    with pytest.raises(ConfigError, match=r"gone\.onnx: No such file"):
        load_model(edit(folder, file="gone.onnx"))
    with pytest.raises(ConfigError, match="No such file"):
        load_model(folder / "none.json")


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b"\xff\xfe", b'{"name": 3}'])
def test_malformed_manifest_is_refused(folder: Path, text: bytes) -> None:
    (folder / "m.json").write_bytes(text)
    with pytest.raises(ConfigError) as caught:
        load_model(folder / "m.json")
    assert caught.value.code == "model_manifest"
    assert "\n" not in str(caught.value)


def test_unknown_field_is_refused(folder: Path) -> None:
    with pytest.raises(ConfigError, match="licens"):
        load_model(edit(folder, license="MIT"))


def tensor(name: str, kind: str, shape: list[int | str | None]) -> Any:
    return SimpleNamespace(name=name, type=kind, shape=shape)


GOOD_INPUTS = [
    tensor("frame", "tensor(uint8)", ["batch", 1, "height", "width"]),
    tensor("background", "tensor(uint8)", ["batch", 1, None, "width"]),
    tensor("noise", "tensor(float)", ["batch", 1, "rows", "columns"]),
]
GOOD_OUTPUTS = [
    tensor("foreground", "tensor(float)", ["batch", 1, "rows", "columns"]),
    tensor("difference", "tensor(float)", ["batch", 1, "rows", "columns"]),
]


def test_matching_tensors_pass() -> None:
    check_tensors(load_model(MANIFEST_PATH).manifest, GOOD_INPUTS, GOOD_OUTPUTS)


@pytest.mark.parametrize(
    ("position", "wrong", "word"),
    [
        (0, tensor("image", "tensor(uint8)", ["batch", 1, "h", "w"]), "image"),
        (0, tensor("frame", "tensor(float)", ["batch", 1, "h", "w"]), "tensor"),
        (0, tensor("frame", "tensor(uint8)", ["batch", 3, "h", "w"]), "3"),
        (0, tensor("frame", "tensor(uint8)", ["batch", 1, 180, "w"]), "180"),
        (0, tensor("frame", "tensor(uint8)", ["batch", 1, "h"]), "h"),
    ],
)
def test_other_tensors_are_named(position: int, wrong: Any, word: str) -> None:
    inputs = list(GOOD_INPUTS)
    inputs[position] = wrong
    with pytest.raises(ConfigError, match=word) as caught:
        check_tensors(load_model(MANIFEST_PATH).manifest, inputs, GOOD_OUTPUTS)
    assert caught.value.code == "model_tensors"
    with pytest.raises(ConfigError, match="outputs"):
        check_tensors(load_model(MANIFEST_PATH).manifest, GOOD_INPUTS, GOOD_OUTPUTS[:1])
