"""A whole hub for system tests: `camhub up` as its user starts it, driven from outside."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
import psutil
from prometheus_client.parser import text_string_to_metric_families

START_LIMIT_S = 240
CAMHUB = [sys.executable, "-m", "ioc_api.cli"]


class Hub:
    """`camhub up` on free ports in a directory of its own."""

    def __init__(
        self,
        data: Path,
        *,
        demo: int,
        workers: int = 2,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.data = data
        self._environment = {**os.environ, **(environment or {})}
        self.ready_file = data.with_suffix(".ready.json")
        self._command = [
            *CAMHUB,
            "up",
            "--demo",
            str(demo),
            "--workers",
            str(workers),
            "--data",
            str(data),
            "--port",
            "0",
            "--ready-file",
            str(self.ready_file),
        ]
        self.process: subprocess.Popen[bytes] | None = None
        self.token = ""

    def start(self) -> None:
        """Start it and wait for the ready file."""
        self.ready_file.unlink(missing_ok=True)
        quick = {"CAMHUB_FROZEN_AFTER_S": "4", "CAMHUB_STALLED_AFTER_S": "3"}
        environment = {**self._environment, **quick}
        with (self.data.parent / f"{self.data.name}.out").open("wb") as out:
            self.process = subprocess.Popen(
                self._command, stdout=out, stderr=subprocess.STDOUT, env=environment
            )
        deadline = time.monotonic() + START_LIMIT_S
        while not self.ready_file.exists():
            assert self.process.poll() is None, self.output()
            assert time.monotonic() < deadline, self.output()
            time.sleep(0.1)
        if not self.token:
            done = self.run("tokens", "create", "--name", "test", "--role", "administrator")
            self.token = done.stdout.strip()

    def run(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a `camhub` command on this hub's data."""
        return subprocess.run(
            [*CAMHUB, *arguments, "--data", str(self.data)],
            capture_output=True,
            text=True,
            check=check,
            timeout=60,
            env=self._environment,
        )

    def stop(self) -> float:
        """Press Ctrl-C and return the seconds until everything had ended."""
        assert self.process is not None
        started = time.monotonic()
        family = psutil.Process(self.process.pid).children(recursive=True)
        self.process.send_signal(signal.SIGINT)
        self.process.wait(30)
        _, alive = psutil.wait_procs(family, timeout=20)
        assert not alive, [process.cmdline() for process in alive]
        self.process = None
        return time.monotonic() - started

    def output(self) -> str:
        """Return what it printed."""
        return (self.data.parent / f"{self.data.name}.out").read_text(errors="replace")

    @property
    def ready(self) -> dict[str, Any]:
        """The ready file as it is now."""
        content: dict[str, Any] = json.loads(self.ready_file.read_text())
        return content

    @property
    def url(self) -> str:
        """Address of the wall."""
        return str(self.ready["url"])

    def pid(self, role: str) -> int:
        """Process id of a role as of now."""
        return int(self.ready["roles"][role])

    def client(self) -> httpx.Client:
        """An HTTP client with an administrator's token."""
        return httpx.Client(
            base_url=self.url, headers={"Authorization": f"Bearer {self.token}"}, timeout=30
        )

    def states(self) -> dict[str, str]:
        """State of every camera by its name; empty while the api cannot answer."""
        try:
            with self.client() as client:
                answer = client.get("/api/v1/cameras?limit=200")
                answer.raise_for_status()
        except httpx.HTTPError:
            return {}
        return {item["name"]: item["status"]["state"] for item in answer.json()["items"]}

    def all_live(self, count: int) -> bool:
        """Whether every one of ``count`` cameras is live."""
        states = self.states()
        return len(states) == count and set(states.values()) == {"live"}

    def event_ids(self) -> list[str]:
        """The id of every recorded event, as the API lists them page by page."""
        found: list[str] = []
        cursor: str | None = None
        with self.client() as client:
            while True:
                parameters = {"limit": "200", **({"cursor": cursor} if cursor else {})}
                answer = client.get("/api/v1/events", params=parameters)
                answer.raise_for_status()
                page = answer.json()
                found += [item["id"] for item in page["items"]]
                cursor = page["next_cursor"]
                if cursor is None:
                    return found

    def metric(self, role: str, name: str) -> float:
        """Sum of a metric of a role over its labels."""
        with urllib.request.urlopen(self.ready["metrics"][role], timeout=60) as answer:
            text = answer.read().decode()
        return sum(
            sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
            if sample.name == name
        )

    def nats_url(self) -> str:
        """Address of the embedded server, from its configuration."""
        text = (self.data / "nats" / "nats.conf").read_text()
        token = text.split('token: "')[1].split('"')[0]
        port = text.split("port: ")[1].split("\n")[0]
        return f"nats://{token}@127.0.0.1:{port}"
