from __future__ import annotations

import pytest
from structlog.testing import capture_logs

from analytics.model.providers import CPU, FALLBACKS, choose_providers
from camera_registry.base.errors import ConfigError

CUDA = "CUDAExecutionProvider"


def test_what_is_here_is_taken_in_order_and_the_cpu_is_the_last_resort() -> None:
    assert choose_providers(["cpu"]) == (CPU,)
    assert choose_providers(["cuda"], [CUDA, CPU]) == (CUDA, CPU)
    assert choose_providers([CUDA, "cuda", "CPU"], [CUDA, CPU]) == (CUDA, CPU)


def test_fall_back_is_said_and_counted() -> None:
    before = FALLBACKS.labels(CUDA)._value.get()
    with capture_logs() as logs:
        assert choose_providers(["cuda", "cpu"], [CPU]) == (CPU,)
    assert FALLBACKS.labels(CUDA)._value.get() == before + 1
    (line,) = logs
    assert line["event"] == "model_provider_missing"
    assert line["log_level"] == "warning"
    assert (line["wanted"], line["used"]) == (CUDA, CPU)


@pytest.mark.parametrize("wanted", [["gpu"], [""], []])
def test_word_that_is_no_provider_is_an_error_that_names_those_there_are(wanted: list[str]) -> None:
    with pytest.raises(ConfigError) as caught:
        choose_providers(wanted)
    assert caught.value.code == "model_provider"
    assert "openvino" in caught.value.hint
