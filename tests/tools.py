"""Tools that a test needs from the machine: skip with one visible line, but fail under CI."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
MEDIA = ROOT.parent / "shared" / "media"
SHARED_DATA = ROOT.parent / "shared" / "data"


def _gstreamer() -> bool:
    probe = (
        "import gi; gi.require_version('GstRtspServer', '1.0'); "
        "from gi.repository import GstRtspServer"
    )
    done = subprocess.run(["/usr/bin/python3", "-c", probe], capture_output=True, check=False)
    return done.returncode == 0


def _oidc_provider() -> bool:
    from tests.oidc.provider import installed  # most tests need neither Node.js nor the packages
    from wall_ui.node import BuildError

    try:
        return installed().is_dir()
    except (BuildError, OSError, subprocess.TimeoutExpired):
        return False


_TOOLS: dict[str, tuple[Callable[[], bool], str]] = {
    "chromium": (
        lambda: shutil.which("chromium") is not None,
        "Chromium is missing: apt-get install chromium",
    ),
    "gstreamer": (
        _gstreamer,
        (
            "GStreamer's RTSP server is missing: apt-get install gir1.2-gst-rtsp-server-1.0 "
            "gstreamer1.0-plugins-good gstreamer1.0-plugins-ugly python3-gi"
        ),
    ),
    "oidc-provider": (_oidc_provider, "the test provider's npm packages cannot be installed"),
    "postgresql": (
        lambda: Path("/usr/lib/postgresql/15/bin/initdb").is_file(),
        "PostgreSQL 15 is missing: apt-get install postgresql",
    ),
    "mount": (lambda: os.geteuid() == 0, "mounting a small tmpfs needs root"),
}


def require(tool: str) -> None:
    """Skip the test where ``tool`` is missing; under CI=true fail it."""
    present, line = _TOOLS[tool]
    if present():
        return
    if os.environ.get("CI") == "true":
        pytest.fail(line)
    pytest.skip(line)


def shared_media(name: str) -> Path:
    """Return a real clip from beside the checkout, or skip: it is no part of the project."""
    path = MEDIA / name
    if not path.is_file():
        pytest.skip(f"real clip {name} is not beside this checkout")
    return path
