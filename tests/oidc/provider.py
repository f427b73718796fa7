"""Installs and runs the npm package oidc-provider: a real provider to test sign-in with."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import httpx

from wall_ui.node import BuildError, find_node

HERE = Path(__file__).resolve().parent
SECRET = "a secret of the test provider"
_FORM = re.compile(r'action="([^"]+)"')


def installed() -> Path:
    """Return a directory with the pinned packages; installs them at the first call on a machine.

    Raises BuildError where Node.js or the packages cannot be had.
    """
    lock = (HERE / "package-lock.json").read_bytes()
    target = Path(tempfile.gettempdir()) / f"camhub-oidc-{hashlib.sha256(lock).hexdigest()[:16]}"
    if not (target / ".complete").is_file():
        node = find_node()
        with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
            fresh = Path(scratch, "oidc")
            fresh.mkdir()
            for name in ("package.json", "package-lock.json", ".npmrc"):
                shutil.copy(HERE / name, fresh / name)
            done = subprocess.run(
                [*node.npm, "ci", "--ignore-scripts", "--prefer-offline", "--loglevel", "error"],
                cwd=fresh,
                env=node.environment(),
                capture_output=True,
                text=True,
                check=False,
                timeout=300,
            )
            if done.returncode != 0:
                raise BuildError(f"npm ci of tests/oidc failed: {done.stderr.strip()[-300:]}")
            (fresh / ".complete").touch()
            if not target.exists():
                fresh.rename(target)
    shutil.copy(HERE / "provider.mjs", target / "provider.mjs")
    return target


class TestProvider:
    """A provider that knows one client, ``camhub``."""

    __test__ = False

    def __init__(self, redirect_uri: str, logout_uri: str) -> None:
        node = find_node()
        self._process = subprocess.Popen(
            [str(node.binary), "provider.mjs", redirect_uri, logout_uri],
            cwd=installed(),
            env={**node.environment(), "NODE_NO_WARNINGS": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.issuer = str(self._line()["issuer"])

    def person(self, sub: str, **claims: object) -> None:
        """Say what the provider knows of a person from now on."""
        self._say({"sub": sub, "claims": claims})

    def change_keys(self) -> None:
        """Sign with new keys from now on."""
        self._say({"newKeys": True})

    def stop(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.wait(10)
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()

    async def walk(self, url: str, sub: str) -> str:
        """Sign a person in as a browser does; return the address that we are sent back to."""
        async with httpx.AsyncClient(follow_redirects=False, timeout=60) as browser:
            for _ in range(12):
                answer = await browser.get(url)
                while answer.is_redirect:
                    url = str(answer.next_request.url) if answer.next_request else ""
                    if not url.startswith(self.issuer):
                        return url
                    answer = await browser.get(url)
                answer.raise_for_status()
                action = _FORM.search(answer.text)
                assert action is not None, answer.text
                prompt = "login" if 'name="login"' in answer.text else "consent"
                fields = {"prompt": prompt, "login": sub, "password": "any"}
                answer = await browser.post(action[1], data=fields)
                assert answer.next_request is not None, answer.text
                url = str(answer.next_request.url)
        raise AssertionError("the provider never sent the browser back")

    def _say(self, words: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(words) + "\n")
        self._process.stdin.flush()
        self._line()

    def _line(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = ""
        while not line.startswith("{"):  # it warns of what a test does on purpose
            line = self._process.stdout.readline()
            assert line, "the provider ended"
        found: dict[str, Any] = json.loads(line)
        return found
