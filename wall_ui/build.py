"""``python -m wall_ui.build``: builds the wall, and does nothing where nothing changed.

Two stamps inside ``node_modules`` remember what was installed and what was built, so that a second
start costs a hash over the sources and no Node process at all.
"""

from __future__ import annotations

import argparse
import hashlib
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from wall_ui import assets
from wall_ui.node import BuildError, Node, find_node
from wall_ui.openapi import OpenApiTypes

WEB = Path(__file__).resolve().parent / "web"
_IGNORED = {"node_modules", "test-results"}
_TAIL = 40


class WallBuild:
    """The steps of building and checking, over one ``web`` directory and one output directory."""

    def __init__(self, web: Path = WEB, dist: Path = assets.DIST) -> None:
        self.web = web
        self.dist = dist
        self._modules = web / "node_modules"
        self._installed = self._modules / ".camhub-installed"
        self._built = self._modules / ".camhub-built"
        self._fresh = self._modules / ".camhub-dist"
        self._found: Node | None = None

    def build(self) -> bool:
        """Build the wall where its sources changed; return whether anything was done.

        Raises BuildError with one line where it cannot be built. The old wall is replaced only by
        a complete new one.
        """
        sources = digest(self.web, source_files(self.web))
        if (self.dist / "index.html").is_file() and read_stamp(self._built) == sources:
            return False
        self.install()
        self.tool("vite", "build", "--logLevel", "warn", "--outDir", str(self._fresh))
        if not (self._fresh / "index.html").is_file():
            raise BuildError("vite built no index.html: run 'make clean wall'")
        shutil.rmtree(self.dist, ignore_errors=True)
        self._fresh.rename(self.dist)
        self._built.write_text(sources, "utf-8")
        return True

    def install(self) -> None:
        """Install the packages of package-lock.json where they are not. Raises BuildError."""
        lock = self.web / "package-lock.json"
        if not lock.is_file():
            raise BuildError(f"{lock} is missing: check the file out again")
        wanted = digest(self.web, [self.web / "package.json", lock, self.web / ".npmrc"])
        if read_stamp(self._installed) == wanted:
            return
        command = [*self._node().npm, "ci", "--ignore-scripts", "--prefer-offline"]
        done = self._run([*command, "--no-audit", "--no-fund", "--loglevel", "error"])
        if done.returncode != 0:
            raise BuildError(npm_failure(done.stdout + done.stderr))
        self._installed.write_text(wanted, "utf-8")

    def check(self) -> None:
        """Check types, style, tests, catalogues and drift from the API. Raises BuildError."""
        self.install()
        # The tests hold the two languages against each other; the type check does so as well.
        self.tool("svelte-check", "--fail-on-warnings", "--output", "human")
        self.tool("typescript", "--noEmit", script="tsc")
        self.tool("prettier", "--check", "--log-level", "warn", ".")
        self.tool("vitest", "run", "--reporter", "dot")
        self.types().check()

    def types(self) -> OpenApiTypes:
        """Return the step that makes the API's types."""
        return OpenApiTypes(
            self.web / "src" / "api" / "schema.d.ts",
            lambda *arguments: self.tool("openapi-typescript", *arguments),
        )

    def tool(self, package: str, *arguments: str, script: str | None = None) -> None:
        """Run a package's own program with our Node. Raises BuildError with its last lines."""
        program = self._modules / ".bin" / (script or package)
        if not program.exists():
            raise BuildError(f"{package} is not installed: run 'make clean setup'")
        done = self._run([str(self._node().binary), str(program.resolve()), *arguments])
        if done.returncode != 0:
            lines = (done.stdout + done.stderr).strip().splitlines()[-_TAIL:]
            print("\n".join(lines), file=sys.stderr)  # noqa: T201 - the tool's own words
            raise BuildError(f"{script or package} failed (status {done.returncode}), see above")

    def _run(self, command: list[str]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(  # noqa: S603 - our own tools with our own arguments
            command,
            cwd=self.web,
            env=self._node().environment(),
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )

    def _node(self) -> Node:
        if self._found is None:
            self._found = find_node()
        return self._found


def source_files(web: Path) -> list[Path]:
    """Return every file that the build may depend on, sorted."""
    return sorted(
        path
        for top in web.iterdir()
        if top.name not in _IGNORED
        for path in (top.rglob("*") if top.is_dir() else [top])
        if path.is_file()
    )


def digest(root: Path, files: Iterable[Path]) -> str:
    """Return a SHA-256 over names and contents."""
    total = hashlib.sha256()
    for path in files:
        content = path.read_bytes() if path.is_file() else b""
        total.update(f"{path.relative_to(root).as_posix()}\0{len(content)}\0".encode())
        total.update(content)
    return total.hexdigest()


def read_stamp(path: Path) -> str:
    """Return what a stamp says, or an empty text."""
    return path.read_text("utf-8") if path.is_file() else ""


def npm_failure(output: str) -> str:
    """Make one line of npm's many, with what to do."""
    offline = ("ENOTFOUND", "EAI_AGAIN", "ECONNREFUSED", "ETIMEDOUT", "ENOTCACHED", "ENETUNREACH")
    if any(word in output for word in offline):
        return (
            "npm cannot reach its package registry: connect to the network, or fill npm's cache "
            "beforehand, and run 'make wall' again"
        )
    if "ENOSPC" in output:
        return "npm found the disk full: free some space and run 'make wall' again"
    errors = [line for line in output.splitlines() if line.startswith(("npm error", "npm ERR!"))]
    cause = errors[0].split(" ", 2)[-1] if errors else "no reason given"
    return f"npm ci failed ({cause}): run it in wall_ui/web to see all of its output"


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m wall_ui.build", description=__doc__)
    parser.add_argument("--check", action="store_true", help="check types, style, tests and drift")
    parser.add_argument("--types", action="store_true", help="write the API's types anew")
    chosen = parser.parse_args(arguments)
    wall = WallBuild()
    try:
        if chosen.types:
            wall.install()
            wall.types().write()
            done = "the API's types are written"
        elif chosen.check:
            wall.check()
            done = "the wall is sound"
        else:
            done = "the wall is built" if wall.build() else "the wall is up to date"
    except BuildError as error:
        print(f"wall: {error}", file=sys.stderr)  # noqa: T201 - a command line
        return 1
    print(f"wall: {done}")  # noqa: T201 - a command line
    return 0


if __name__ == "__main__":
    sys.exit(main())
