"""A wheel without the built wall must not exist."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import pytest
from hatchling.builders.wheel import WheelBuilderConfig
from hatchling.metadata.core import ProjectMetadata
from hatchling.plugin.manager import PluginManager

from wall_ui.build_hook import WallBuildHook


def _hook(root: Path) -> WallBuildHook:
    # The hook reads nothing but its root; the rest of hatchling's machinery stays outside.
    config = cast("WheelBuilderConfig", None)
    metadata = cast("ProjectMetadata[PluginManager]", None)
    return WallBuildHook(str(root), {}, config, metadata, str(root), "wheel")


def test_refuses_a_wheel_without_the_wall(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="make wall"):
        _hook(tmp_path).initialize("standard", {})


def test_allows_a_wheel_with_the_wall(tmp_path: Path) -> None:
    dist = tmp_path / "wall_ui" / "dist"
    dist.mkdir(parents=True)
    (dist / "index.html").touch()
    _hook(tmp_path).initialize("standard", {})


def test_allows_an_editable_install_without_the_wall(tmp_path: Path) -> None:
    _hook(tmp_path).initialize("editable", {})
