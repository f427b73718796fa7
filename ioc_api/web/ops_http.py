"""Metrics and health of a role that serves nothing else (the worker), on a thread of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from camera_registry.base.errors import ConfigError

Readiness = Callable[[], dict[str, bool]]


class OpsServer:
    """``/metrics``, ``/healthz`` and ``/readyz``; GET only, no input is read beyond the path."""

    def __init__(self, host: str, port: int, readiness: Readiness) -> None:
        try:
            self._server = ThreadingHTTPServer((host, port), _handler(readiness))
        except OSError as error:
            raise ConfigError(
                f"port {port} on {host} cannot be used: {error.strerror}",
                hint="choose another with --ops-port",
                code="port_in_use",
            ) from error
        self._server.daemon_threads = True
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.2}, name="ops-http"
        )

    @property
    def port(self) -> int:
        """Port that it listens on."""
        return self._server.server_address[1]

    def start(self) -> None:
        """Serve until :meth:`stop`."""
        self._thread.start()

    def stop(self) -> None:
        """Stop serving and free the port."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def readiness_body(checks: dict[str, bool]) -> tuple[int, bytes]:
    """Status and text of ``/readyz``: one line per check."""
    lines = "".join(f"{name} {'ok' if good else 'failed'}\n" for name, good in checks.items())
    return (200 if all(checks.values()) else 503), lines.encode()


def _handler(readiness: Readiness) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = 10
        server_version = "camhub"
        sys_version = ""

        def do_GET(self) -> None:
            if self.path == "/metrics":
                self._answer(200, CONTENT_TYPE_LATEST, generate_latest())
            elif self.path == "/healthz":
                self._answer(200, "text/plain", b"ok\n")
            elif self.path == "/readyz":
                status, body = readiness_body(readiness())
                self._answer(status, "text/plain", body)
            else:
                self._answer(404, "text/plain", b"not found\n")

        def log_message(self, *args: object) -> None:
            """A scrape is no news."""

        def _answer(self, status: int, kind: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    return Handler
