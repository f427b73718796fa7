"""One hub with four demo cameras for the tests that leave it as they found it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.system.hub import Hub


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    """A running hub."""
    made = Hub(tmp_path_factory.mktemp("hub") / "data", demo=4)
    made.start()
    try:
        yield made
    finally:
        if made.process is not None:
            made.stop()
