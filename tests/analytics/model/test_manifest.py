from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import onnx
import pytest

from analytics.builtin import MANIFEST_PATH, MODEL_PATH
from analytics.model.manifest import check_tensors, load_model
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


@pytest.mark.parametrize("field", ["classes", "keep", "groups"])
def test_more_words_than_anybody_has_are_refused(folder: Path, field: str) -> None:
    word: object = ["a"] if field == "groups" else "a"
    with pytest.raises(ConfigError, match="malformed"):
        load_model(edit(folder, **{field: [word] * 5000}))


def test_unknown_field_is_refused(folder: Path) -> None:
    with pytest.raises(ConfigError, match="licens"):
        load_model(edit(folder, license="MIT"))


def test_file_beyond_the_limit_is_refused_without_reading_on(folder: Path) -> None:
    size = (folder / MODEL_PATH.name).stat().st_size
    assert load_model(folder / "m.json", max_bytes=size).data == MODEL_PATH.read_bytes()
    with pytest.raises(ConfigError, match="larger than") as caught:
        load_model(folder / "m.json", max_bytes=size - 1)
    assert caught.value.code == "model_size"


def test_weights_in_another_file_are_refused_though_the_sha256_is_right(folder: Path) -> None:
    model = onnx.load_model_from_string(MODEL_PATH.read_bytes())
    tensor = model.graph.initializer.add()
    tensor.name, tensor.data_type = "w", onnx.TensorProto.FLOAT
    tensor.data_location = onnx.TensorProto.EXTERNAL
    data = model.SerializeToString()
    (folder / MODEL_PATH.name).write_bytes(data)
    with pytest.raises(ConfigError) as caught:
        load_model(edit(folder, sha256=hashlib.sha256(data).hexdigest()))
    assert caught.value.code == "model_external_data"


@pytest.mark.parametrize(
    "image",
    [
        {"size": [64]},
        {"size": [0, 64]},
        {"size": [64, 100_000]},
        {"size": [64, 64], "layout": "CHWN"},
        {"size": [64, 64], "std": [1, 0, 1]},
        {"size": [64, 64], "scale": 0},
        {"size": [64, 64], "pad": 256},
        {"size": [64, 64], "colors": "rgb"},
    ],
)
def test_image_that_nobody_can_make_is_refused(folder: Path, image: dict[str, Any]) -> None:
    with pytest.raises(ConfigError) as caught:
        load_model(edit(folder, image=image))
    assert caught.value.code == "model_manifest"


@pytest.mark.parametrize(
    "reading",
    [
        {"score": 2},
        {"iou": -1},
        {"most": 0},
        {"activation": "relu"},
        {"columns": ["x0", "nose"]},
        {"strides": [0]},
        {"first_class": 7},
    ],
)
def test_reading_that_makes_no_sense_is_refused(folder: Path, reading: dict[str, Any]) -> None:
    with pytest.raises(ConfigError) as caught:
        load_model(edit(folder, reading=reading))
    assert caught.value.code == "model_manifest"


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
