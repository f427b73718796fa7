"""Drift between the API and the front end's types is found."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from wall_ui.node import BuildError
from wall_ui.openapi import OpenApiTypes


class Api:
    """An API whose document the test changes, and a generator that shows what it was given."""

    def __init__(self, target: Path) -> None:
        self.paths = ["/api/v1/cameras"]
        self.types = OpenApiTypes(target, self._generate, lambda: json.dumps(self.paths))

    def _generate(self, source: str, *arguments: str) -> None:
        made = Path(arguments[arguments.index("--output") + 1])
        made.write_text(f"export type Paths = {Path(source).read_text('utf-8')};\n", "utf-8")


def test_types_that_were_written_have_not_drifted(tmp_path: Path) -> None:
    target = tmp_path / "schema.d.ts"
    api = Api(target)
    api.types.write()
    api.types.check()
    assert "/api/v1/cameras" in target.read_text("utf-8")


def test_a_changed_api_is_drift(tmp_path: Path) -> None:
    api = Api(tmp_path / "schema.d.ts")
    api.types.write()
    api.paths.append("/api/v1/events")
    with pytest.raises(BuildError, match="make types"):
        api.types.check()


def test_missing_types_are_drift(tmp_path: Path) -> None:
    with pytest.raises(BuildError, match="make types"):
        Api(tmp_path / "schema.d.ts").types.check()
