"""The model that comes with the house: ``moving-object``, generated, without anybody's weights."""

from pathlib import Path

MODEL_PATH = Path(__file__).parent / "moving-object.onnx"
MANIFEST_PATH = MODEL_PATH.with_suffix(".json")

BUILT_IN = "moving-object"
"""Its name; no other model may have it."""
