from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camera_registry.base.errors import InvalidError
from ingest.simulator.faults import Fault, FaultKind


@pytest.mark.parametrize("kind", FaultKind)
def test_json_goes_round(kind: FaultKind) -> None:
    fault = Fault.of(kind, seconds=3)
    assert Fault.from_json(fault.to_json()) == fault


def test_amount_has_a_default_where_it_means_something() -> None:
    assert Fault.of("jump_forward").amount == 60
    assert Fault.of("udp_loss", amount=0.5).amount == 0.5


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"fault": "unheard-of"},
        {"fault": 7},
        {"fault": "stall", "seconds": -1},
        {"fault": "stall", "seconds": "3"},
        {"fault": "stall", "seconds": True},
        {"fault": "stall", "amount": 1},
        {"fault": "udp_loss", "amount": 1.5},
        {"fault": "udp_loss", "amount": float("nan")},
        {"fault": "stall", "other": 1},
    ],
)
def test_nonsense_is_refused(body: dict[str, object]) -> None:
    with pytest.raises(InvalidError):
        Fault.from_json(body)


@given(st.dictionaries(st.text(max_size=10), st.none() | st.text(max_size=10) | st.floats()))
def test_any_object_is_read_or_refused(body: dict[str, object]) -> None:
    try:
        fault = Fault.from_json(body)
    except InvalidError:
        return
    assert fault.kind in FaultKind
