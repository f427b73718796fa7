"""A whole api over a real bus for each test of this room."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from camera_registry.adapters.bus_nats import NatsBus
from tests.ioc_api.hub import Hub, hub


@pytest.fixture
async def api(tmp_path: Path, bus: NatsBus, engine: str) -> AsyncIterator[Hub]:
    """An api whose watches are not started."""
    async with hub(tmp_path, bus) as made:
        yield made
