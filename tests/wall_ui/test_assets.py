"""Where the built wall is found."""

from __future__ import annotations

from pathlib import Path

import pytest

from wall_ui import assets


def test_a_directory_without_a_page_is_no_wall(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(assets, "DIST", tmp_path)
    assert assets.directory() is None
    (tmp_path / "index.html").write_text("<!doctype html>", "utf-8")
    assert assets.directory() == tmp_path


def test_a_missing_directory_is_no_wall(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assets, "DIST", tmp_path / "dist")
    assert assets.directory() is None
