"""Builds happen when they have to, and fail in one line."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from wall_ui import build
from wall_ui.build import WEB, WallBuild, npm_failure, source_files
from wall_ui.node import BuildError, Node

_NPM = """#!/bin/sh
echo npm "$@" >> "{log}"
[ -e "{fail}" ] && {{ cat "{fail}"; exit 1; }}
mkdir -p node_modules/.bin
cp "{vite}" node_modules/.bin/vite
"""
_VITE = """
echo vite "$@" >> "{log}"
[ -e "{broken}" ] && {{ echo "src/main.ts: syntax error"; exit 1; }}
while [ "$1" != --outDir ]; do shift; done
mkdir -p "$2" && cp src/main.ts "$2/index.html"
"""


class Workshop:
    """A small front end, and programs in place of node and npm that write down their calls."""

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.web, self.dist = root / "web", root / "dist"
        self.log, self.fail, self.broken = root / "log", root / "npm-fails", root / "vite-fails"
        (self.web / "src").mkdir(parents=True)
        for name in ("package.json", "package-lock.json", ".npmrc"):
            (self.web / name).write_text("{}", "utf-8")
        (self.web / "src" / "main.ts").write_text("first", "utf-8")
        vite, npm = root / "vite", root / "npm"
        vite.write_text(_VITE.format(log=self.log, broken=self.broken), "utf-8")
        npm.write_text(_NPM.format(log=self.log, fail=self.fail, vite=vite), "utf-8")
        npm.chmod(npm.stat().st_mode | stat.S_IXUSR)
        node = Node(Path("/bin/sh"), (str(npm),), (22, 12, 0))
        monkeypatch.setattr(build, "find_node", lambda: node)

    def run(self) -> bool:
        return WallBuild(self.web, self.dist).build()

    def calls(self) -> list[str]:
        lines = self.log.read_text("utf-8").splitlines() if self.log.exists() else []
        self.log.unlink(missing_ok=True)
        return [line.split()[0] for line in lines]

    def page(self) -> str:
        return (self.dist / "index.html").read_text("utf-8")


@pytest.fixture
def workshop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workshop:
    return Workshop(tmp_path, monkeypatch)


def test_the_second_build_starts_no_program(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert workshop.run() is True
    assert workshop.calls() == ["npm", "vite"]

    def find_node() -> Node:
        raise AssertionError("nothing changed, so node is not even looked for")

    monkeypatch.setattr(build, "find_node", find_node)
    assert workshop.run() is False
    assert workshop.calls() == []


def test_a_changed_source_is_built_without_a_new_install(workshop: Workshop) -> None:
    workshop.run()
    workshop.calls()
    (workshop.web / "src" / "main.ts").write_text("second", "utf-8")
    assert workshop.run() is True
    assert workshop.calls() == ["vite"]
    assert workshop.page() == "second"


def test_a_renamed_source_is_a_change(workshop: Workshop) -> None:
    extra = workshop.web / "src" / "a.ts"
    extra.write_text("", "utf-8")
    workshop.run()
    extra.rename(extra.with_name("b.ts"))
    assert workshop.run() is True


def test_a_changed_lock_is_installed(workshop: Workshop) -> None:
    workshop.run()
    workshop.calls()
    (workshop.web / "package-lock.json").write_text('{"x": 1}', "utf-8")
    workshop.run()
    assert workshop.calls() == ["npm", "vite"]


def test_a_lost_output_is_built_again(workshop: Workshop) -> None:
    workshop.run()
    (workshop.dist / "index.html").unlink()
    assert workshop.run() is True
    assert workshop.page() == "first"


def test_a_failed_build_keeps_the_old_wall_and_is_tried_again(
    workshop: Workshop, capsys: pytest.CaptureFixture[str]
) -> None:
    workshop.run()
    (workshop.web / "src" / "main.ts").write_text("second", "utf-8")
    workshop.broken.touch()
    with pytest.raises(BuildError, match="vite failed"):
        workshop.run()
    assert "syntax error" in capsys.readouterr().err
    assert workshop.page() == "first"
    workshop.broken.unlink()
    assert workshop.run() is True
    assert workshop.page() == "second"


def test_a_failed_install_is_tried_again(workshop: Workshop) -> None:
    workshop.fail.write_text("npm error code ENOTFOUND", "utf-8")
    with pytest.raises(BuildError, match="cannot reach"):
        workshop.run()
    assert not workshop.dist.exists()
    workshop.fail.unlink()
    assert workshop.run() is True


def test_a_missing_lock_is_told(workshop: Workshop) -> None:
    (workshop.web / "package-lock.json").unlink()
    with pytest.raises(BuildError, match=r"package-lock\.json is missing"):
        workshop.run()


@pytest.mark.parametrize(
    ("output", "says"),
    [
        ("npm error code EAI_AGAIN\nnpm error request failed", "cannot reach"),
        ("npm error code ENOTCACHED", "cannot reach"),
        ("npm error code ENOSPC", "disk full"),
        ("npm error code EUSAGE\nnpm error more", "npm ci failed (code EUSAGE)"),
        ("", "no reason given"),
    ],
)
def test_npm_s_many_lines_become_one(output: str, says: str) -> None:
    line = npm_failure(output)
    assert says in line
    assert "\n" not in line


def test_the_command_says_one_line_and_fails(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(_self: WallBuild) -> bool:
        raise BuildError("no Node.js found")

    monkeypatch.setattr(WallBuild, "build", fail)
    assert build.main([]) == 1
    assert capsys.readouterr().err == "wall: no Node.js found\n"


def test_packages_are_no_sources(tmp_path: Path) -> None:
    (tmp_path / "node_modules" / "x").mkdir(parents=True)
    (tmp_path / "node_modules" / "x" / "index.js").touch()
    (tmp_path / "src" / "deep").mkdir(parents=True)
    (tmp_path / "src" / "deep" / "a.ts").touch()
    (tmp_path / "index.html").touch()
    names = [path.relative_to(tmp_path).as_posix() for path in source_files(tmp_path)]
    assert names == ["index.html", "src/deep/a.ts"]


def test_the_lock_names_no_registry_and_pins_every_package() -> None:
    lock = json.loads((WEB / "package-lock.json").read_text("utf-8"))
    packages = {name: entry for name, entry in lock["packages"].items() if name}
    assert len(packages) > 50
    assert [name for name, entry in packages.items() if "resolved" in entry] == []
    assert [name for name, entry in packages.items() if "integrity" not in entry] == []
    wanted = json.loads((WEB / "package.json").read_text("utf-8"))["devDependencies"]
    assert [v for v in wanted.values() if not v.replace(".", "").isdigit()] == []
