"""An api by itself beside a bus, without workers: what it takes is its own."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from ioc_api.hosting.nats_embedded import free_port, prepare

_START_LIMIT_S = 120.0
_CAMHUB = [sys.executable, "-m", "ioc_api.cli"]


@dataclass(frozen=True, slots=True)
class LoneApi:
    """A running api, and how to ask it."""

    pid: int
    url: str
    token: str

    def client(self) -> httpx.Client:
        """Return a client with an administrator's token."""
        headers = {"Authorization": f"Bearer {self.token}"}
        return httpx.Client(base_url=self.url, headers=headers, timeout=120)


@contextmanager
def lone_api(data: Path, database: str) -> Iterator[LoneApi]:
    """Run an api on a database for the time of the block. Raises RuntimeError if it ends."""
    data.mkdir(parents=True, exist_ok=True)
    nats, port = prepare(data), free_port()
    environment = {
        **os.environ,
        "CAMHUB_NATS_URL": nats.url,
        "CAMHUB_DATABASE_URL": database,
        "CAMHUB_DATA": str(data),
        "CAMHUB_PORT": str(port),
    }
    with (data / "out.txt").open("wb") as out:
        bus = subprocess.Popen(nats.command(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        api = subprocess.Popen([*_CAMHUB, "api"], stdout=out, stderr=out, env=environment)
    try:
        url = f"http://127.0.0.1:{port}"
        _wait(url, api, data / "out.txt")
        create = ["tokens", "create", "--name", "benchmark", "--role", "administrator"]
        made = subprocess.run(
            [*_CAMHUB, *create], env=environment, stdout=subprocess.PIPE, text=True, check=True
        )
        yield LoneApi(api.pid, url, made.stdout.strip())
    finally:
        for process in (api, bus):
            process.terminate()
            process.wait()


def _wait(url: str, api: subprocess.Popen[bytes], out: Path) -> None:
    end = time.monotonic() + _START_LIMIT_S
    while True:
        if api.poll() is not None or time.monotonic() > end:
            raise RuntimeError(f"the api does not answer: {out.read_text()[-2000:]}")
        try:
            if httpx.get(f"{url}/healthz").is_success:
                return
        except httpx.TransportError:
            time.sleep(0.1)
