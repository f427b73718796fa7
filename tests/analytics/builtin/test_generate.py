from __future__ import annotations

from pathlib import Path

import onnx

from analytics.builtin import MANIFEST_PATH, MODEL_PATH
from analytics.builtin.generate import build, main


def test_shipped_model_is_what_the_code_says() -> None:
    # compared as a graph: how protobuf lays out the bytes is its own affair
    assert onnx.load(MODEL_PATH) == build()


def test_writing_it_again_gives_the_same_files(tmp_path: Path) -> None:
    main(tmp_path)
    assert (tmp_path / MODEL_PATH.name).read_bytes() == MODEL_PATH.read_bytes()
    assert (tmp_path / MANIFEST_PATH.name).read_bytes() == MANIFEST_PATH.read_bytes()
