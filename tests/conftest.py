"""Fixtures that every room shares: a real nats-server and a connected bus."""

from __future__ import annotations

import os
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from camera_registry import subjects
from camera_registry.adapters.bus_nats import NatsBus
from ioc_api.hosting.nats_embedded import EmbeddedNats, prepare
from tests.databases import _databases_of_the_run, engine

__all__ = ["_databases_of_the_run", "engine"]

os.environ["LC_ALL"] = "C.UTF-8"  # what commands say is compared in English, whoever runs the tests


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest, or the whole run waits for it at its end."""
    system = Path(__file__).parent / "system"
    items.sort(
        key=lambda item: (not item.get_closest_marker("long"), system not in item.path.parents)
    )


class NatsServer:
    """A real nats-server that a test may kill and start again on the same port and store."""

    def __init__(self, data: Path) -> None:
        self.embedded: EmbeddedNats = prepare(data)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return self.embedded.url

    def start(self) -> None:
        self._process = subprocess.Popen(
            self.embedded.command(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    def kill(self) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.wait()
        self._process = None

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait()
            self._process = None


@pytest.fixture(scope="session")
def nats_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NatsServer]:
    """One server for the whole run."""
    server = NatsServer(tmp_path_factory.mktemp("nats"))
    server.start()
    yield server
    server.stop()


@pytest.fixture
def own_nats(tmp_path: Path) -> Iterator[NatsServer]:
    """A server for this test alone, which it may kill."""
    server = NatsServer(tmp_path / "nats")
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def nats_url(nats_server: NatsServer) -> str:
    """Address of the shared server."""
    return nats_server.url


@pytest.fixture
async def bus(nats_url: str) -> AsyncIterator[NatsBus]:
    """A bus on the shared server, with empty streams and buckets."""
    connected = await NatsBus.connect(nats_url, name="test")
    await wipe(connected)
    yield connected
    await connected.close()


async def wipe(bus: NatsBus) -> None:
    """Empty every stream and bucket: the next test must not see this one's."""
    for stream in (
        subjects.LEASES_STREAM,
        subjects.EVENTS_STREAM,
        subjects.COUNTS_STREAM,
        subjects.HEALTH_STREAM,
        subjects.JOBS_STREAM,
        subjects.API_JOBS_STREAM,
        f"KV_{subjects.JOBS_BUCKET}",
        f"KV_{subjects.SPECS_BUCKET}",
        f"KV_{subjects.STATES_BUCKET}",
        f"KV_{subjects.MODELS_BUCKET}",
        f"KV_{subjects.GATES_BUCKET}",
    ):
        await bus.purge(stream, ">")
