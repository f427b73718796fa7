"""A PostgreSQL server for the run of the tests: in a temporary directory, on loopback only."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

BINARIES = Path("/usr/lib/postgresql/15/bin")
USER = "camhub"
_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "60",
    "shared_buffers": "128MB",
    "timezone": "UTC",
}
_START_S = 60.0


class PostgresServer:
    """One cluster; durable in nothing, so that it is quick."""

    def __init__(self) -> None:
        self._home = Path(tempfile.mkdtemp(prefix="camhub-pg-"))
        self._port = 0
        self._process: subprocess.Popen[bytes] | None = None
        # The server refuses to run as root.
        self._user = "postgres" if os.geteuid() == 0 else None

    @property
    def url(self) -> str:
        """URL of the server without a database."""
        return f"postgresql://{USER}@127.0.0.1:{self._port}"

    def start(self) -> None:
        """Make the cluster and wait until it answers."""
        if self._user is not None:
            entry = pwd.getpwnam(self._user)
            os.chown(self._home, entry.pw_uid, entry.pw_gid)
        data = self._home / "data"
        self._run(
            "initdb", "-D", str(data), "-U", USER, "-A", "trust", "-E", "UTF8",
            "--locale=C.UTF-8", "--no-sync",
        )  # fmt: skip
        for _ in range(3):
            self._port = _free_port()
            if self._serve(data):
                return
        raise RuntimeError((self._home / "log").read_text(errors="replace")[-2000:])

    def restart(self) -> None:
        """Stop the server and start it again on its port: it drops every connection."""
        self._end()
        if not self._serve(self._home / "data"):
            raise RuntimeError((self._home / "log").read_text(errors="replace")[-2000:])

    def stop(self) -> None:
        """Stop the server and remove its directory."""
        self._end()
        shutil.rmtree(self._home, ignore_errors=True)

    def _end(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait()
            self._process = None

    def _serve(self, data: Path) -> bool:
        options = [part for name, value in _SETTINGS.items() for part in ("-c", f"{name}={value}")]
        with (self._home / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [str(BINARIES / "postgres"), "-D", str(data), "-p", str(self._port), *options],
                stdout=log,
                stderr=log,
                cwd=self._home,
                user=self._user,
            )
        end = time.monotonic() + _START_S
        while time.monotonic() < end and self._process.poll() is None:
            probe = [str(BINARIES / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self._port)]
            if subprocess.run(probe, check=False).returncode == 0:
                return True
            time.sleep(0.05)
        self._process.kill()
        self._process.wait()
        self._process = None
        return False

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [str(BINARIES / program), *arguments],
            capture_output=True,
            check=False,
            cwd=self._home,
            user=self._user,
        )
        if done.returncode:
            raise RuntimeError(done.stderr.decode(errors="replace")[-2000:])


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
