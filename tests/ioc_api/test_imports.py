"""What a process loads: a hub is seven of them, and a library costs each one memory and time."""

from __future__ import annotations

import subprocess
import sys

import pytest

DATABASE = ["sqlalchemy", "alembic", "aiosqlite", "asyncpg"]
PROVIDERS = ["authlib", "joserfc"]
WEB = ["fastapi", "starlette", "uvicorn"]


@pytest.mark.parametrize(
    ("module", "without"),
    [
        ("ioc_api.compose.worker", [*DATABASE, *PROVIDERS, *WEB, "aiortc", "openpyxl"]),
        ("ioc_api.compose.gateway", ["alembic", "openpyxl", "onnxruntime", "cv2"]),
        ("ioc_api.compose.api", ["alembic", "aiortc"]),
        ("ioc_api.cli.cameras", ["alembic", "numpy", "av", *WEB]),
        ("ioc_api.cli.simulate", [*DATABASE, *PROVIDERS, *WEB, "nats"]),
        ("ioc_api.cli.main", ["numpy", "av", *DATABASE, *WEB]),
    ],
)
def test_a_process_loads_what_it_uses(module: str, without: list[str]) -> None:
    code = f"import sys, {module}; print(*(n for n in {without!r} if n in sys.modules))"
    ran = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert ran.stdout.split() == []
