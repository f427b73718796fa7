"""The words of the WebSocket, without a socket."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camera_registry.base.errors import InvalidError
from camera_registry.base.ids import new_id
from camera_registry.model import CameraState, State
from ingest.packets import Packet, StreamInfo
from ioc_api.live import protocol

CAMERA = new_id(1)
_I64 = st.integers(-(2**63), 2**63 - 1)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["type", "tiles", "tile", "camera"]), inner, max_size=4)
    ),
    max_leaves=8,
)


@given(st.booleans(), st.integers(0, 0xFFFF), st.integers(0, 2**63 - 1), _I64, _I64, _I64)
def test_a_frame_is_32_bytes_and_the_cameras_own(
    key: bool, tile: int, seq: int, capture: int, arrival: int, sent: int
) -> None:
    info = StreamInfo("h264", "avc1.42C01F", 1, 1)
    packet = Packet(1, seq, key, capture, 0, arrival, b"payload", info)
    message = protocol.frame(tile, packet, sent)
    assert message[32:] == b"payload"
    assert message[0] == 1
    assert message[1] == int(key)
    assert int.from_bytes(message[2:4], "big") == tile
    assert int.from_bytes(message[4:8], "big") == seq % 2**32
    for start, value in ((8, capture), (16, arrival), (24, sent)):
        assert int.from_bytes(message[start : start + 8], "big", signed=True) == value


def test_a_watch_message_is_read() -> None:
    text = json.dumps({"type": "watch", "tiles": [{"tile": 3, "camera": CAMERA}]})
    assert protocol.read_watch(text, 4) == {3: CAMERA}


@given(_JSON)
def test_any_json_is_read_or_refused_in_words(value: Any) -> None:
    try:
        tiles = protocol.read_watch(json.dumps(value), 4)
    except InvalidError as error:
        assert_told(error)
        return
    assert value["type"] == "watch"
    assert len(tiles) == len(value["tiles"])


def assert_told(error: InvalidError) -> None:
    told = json.loads(protocol.error_message(error))
    assert told["type"] == "error"
    assert told["detail"]


@pytest.mark.parametrize("text", ["\ud800", "[" * 100_000, '{"type":"watch","tiles":' + "[" * 500])
def test_text_that_is_no_json_is_refused(text: str) -> None:
    with pytest.raises(InvalidError):
        protocol.read_watch(text, 4)


@pytest.mark.parametrize("us", [-(2**63), -1, 0, 2**63 - 1])
def test_an_absurd_time_in_a_state_is_no_crash(us: int) -> None:
    state = CameraState(CAMERA, "1", State.LIVE, "ok", "Fine", us, us)
    told = json.loads(protocol.state_message(state))
    assert told["state"] == "live"
    assert told["since"].endswith("Z")
