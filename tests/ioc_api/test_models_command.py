"""`camhub models` in this process: what it says, and what it refuses with which exit code."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np
import pytest
from click.testing import CliRunner, Result

from analytics.model.manifest import Manifest, Model
from ioc_api.cli.models import models
from tests.analytics.graphs import model_of
from tests.ioc_api.model_mirror_server import NANO, Mirror, model_mirror, nano


def made(version: str = "1", score: float = 0.9) -> Model:
    rows = np.array([[[16, 16, 48, 48, score, 0]]], np.float32)
    return model_of("nms_rows", {"rows": rows}, name="street", version=version)


class Shell:
    """Types commands over one data directory."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.environment: dict[str, str] = {"CAMHUB_DETECTOR_LIMIT_MS": "60000"}

    def __call__(self, *arguments: str) -> Result:
        command = [*arguments, "--data", str(self.directory / "data")]
        return CliRunner().invoke(models, command, env=self.environment)

    def add(self, data: bytes, manifest: Manifest, *more: str) -> Result:
        file, described = self.directory / "m.onnx", self.directory / "m.json"
        file.write_bytes(data)
        described.write_bytes(msgspec.json.encode(manifest))
        return self("add", str(file), "--manifest", str(described), *more)


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


@pytest.fixture
def mirror(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Mirror]:
    with model_mirror(tmp_path) as made:
        for name, value in made.environment.items():
            monkeypatch.setenv(name, value)
        yield made


def test_model_is_added_chosen_replaced_and_removed(shell: Shell) -> None:
    assert shell("default").output == "moving-object\n"
    assert shell.add(made().data, made().manifest).exit_code == 0
    again = shell.add(made("2", 0.8).data, made("2", 0.8).manifest)
    assert again.exit_code == 65
    assert "already" in again.output
    assert shell.add(made("2", 0.8).data, made("2", 0.8).manifest, "--replace").exit_code == 0
    assert shell("default", "street").output == "street\n"
    listed = shell("list").output
    assert any(line.startswith("* street") and " 2 " in line for line in listed.splitlines())
    assert "sha256 pinned on install" in listed
    refused = shell("remove", "street")
    assert (refused.exit_code, "it is the default" in refused.output) == (65, True)
    assert shell("default", "--reset").output == "moving-object\n"
    assert shell("remove", "street").exit_code == 0
    assert shell("default", "street").exit_code == 66


@pytest.mark.parametrize(
    ("how", "word"),
    [
        ("corrupt", "it is no ONNX file"),
        ("shape", "the manifest says"),
        ("sha256", "the sha256 that its manifest pins"),
        ("slow", "the limit is"),
    ],
)
def test_bad_model_is_refused_in_one_line(shell: Shell, how: str, word: str) -> None:
    data, manifest = made().data, made().manifest
    if how == "corrupt":
        data = data[: len(data) // 2]
        manifest = msgspec.structs.replace(manifest, sha256=hashlib.sha256(data).hexdigest())
    if how == "shape":
        other = msgspec.structs.replace(manifest.outputs[0], shape=(1, 1, 9))
        manifest = msgspec.structs.replace(manifest, outputs=(other,))
    if how == "sha256":
        manifest = msgspec.structs.replace(manifest, sha256="0" * 64)
    if how == "slow":
        shell.environment["CAMHUB_DETECTOR_LIMIT_MS"] = "0.000001"
    refused = shell.add(data, manifest)
    assert refused.exit_code == 78
    assert word in refused.output
    assert len(refused.output.strip().splitlines()) == 1
    assert "street" not in shell("list").output


def test_model_of_the_catalogue_is_installed_from_a_mirror_and_pinned(
    shell: Shell, mirror: Mirror
) -> None:
    shell.environment["CAMHUB_MODEL_MIRROR"] = mirror.url
    installed = shell("install", NANO)
    assert installed.exit_code == 0, installed.output
    assert "trusted on first use" in installed.output
    assert hashlib.sha256(nano()).hexdigest() in installed.output
    assert shell("remove", NANO).exit_code == 0
    assert "sha256 known" in shell("list").output
    mirror.files[NANO] = nano(0.7)
    refused = shell("install", NANO)
    assert (refused.exit_code, "pinned is" in refused.output) == (78, True)
    mirror.how = "truncated"
    assert shell("install", NANO).exit_code == 69
