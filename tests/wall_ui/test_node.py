"""Which Node.js builds the wall."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from wall_ui import node
from wall_ui.node import BuildError, find_node, new_enough, read_version


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("v20.20.2\n", (20, 20, 2)),
        ("v24.0.0-nightly20260101", (24, 0, 0)),
        ("", None),
        ("node: not found", None),
    ],
)
def test_reads_what_node_says_of_itself(text: str, version: tuple[int, ...] | None) -> None:
    assert read_version(text) == version


@pytest.mark.parametrize(
    ("version", "enough"),
    [
        ((18, 20, 8), False),
        ((20, 18, 3), False),
        ((20, 19, 0), True),
        ((21, 7, 3), False),
        ((22, 11, 0), False),
        ((22, 12, 0), True),
        ((24, 19, 0), True),
    ],
)
def test_takes_the_versions_that_vite_runs_on(version: tuple[int, ...], enough: bool) -> None:
    assert new_enough(version) is enough


def _install(directory: Path, says: str) -> None:
    for name in ("node", "npm"):
        program = directory / name
        program.write_text(f"#!/bin/sh\necho {says}\n", "utf-8")
        program.chmod(program.stat().st_mode | stat.S_IXUSR)


def test_takes_node_from_the_path(tmp_path: Path) -> None:
    _install(tmp_path, "v22.14.0")
    found = find_node(str(tmp_path))
    assert (found.binary, found.npm) == (tmp_path / "node", (str(tmp_path / "npm"),))
    assert found.environment()["PATH"].startswith(f"{tmp_path}:")


@pytest.mark.parametrize("says", ["v18.20.0", "nonsense", "v20.19.0; exit 3"])
def test_leaves_an_unfit_node_for_the_one_of_the_wheel(tmp_path: Path, says: str) -> None:
    _install(tmp_path, says)
    found = find_node(str(tmp_path))
    assert tmp_path not in found.binary.parents
    assert found.version >= (22, 12)
    assert all(Path(part).is_file() for part in found.npm)


def test_says_what_to_do_where_there_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(node, "_from_wheel", lambda: None)
    with pytest.raises(BuildError, match="make setup") as caught:
        find_node(str(tmp_path))
    assert "\n" not in str(caught.value)
