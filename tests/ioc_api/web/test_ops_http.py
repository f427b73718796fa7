"""Metrics and health of a worker."""

from __future__ import annotations

import urllib.error
import urllib.request

import pytest

from camera_registry.base.errors import ConfigError
from ioc_api.web.ops_http import OpsServer


def get(port: int, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=60) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def test_it_serves_metrics_and_health_and_nothing_else() -> None:
    good = {"bus": True, "disk": True}
    server = OpsServer("127.0.0.1", 0, lambda: good)
    server.start()
    try:
        assert get(server.port, "/healthz") == (200, "ok\n")
        assert get(server.port, "/readyz") == (200, "bus ok\ndisk ok\n")
        good["bus"] = False
        assert get(server.port, "/readyz") == (503, "bus failed\ndisk ok\n")
        assert "# TYPE" in get(server.port, "/metrics")[1]
        assert get(server.port, "/etc/passwd")[0] == 404
        with pytest.raises(ConfigError, match=f"port {server.port} on 127.0.0.1 cannot be used"):
            OpsServer("127.0.0.1", server.port, lambda: good)
    finally:
        server.stop()
