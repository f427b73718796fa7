from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ingest.simulator.clip import AccessUnit, Clip
from ingest.simulator.nal import Codec
from ingest.simulator.programme import Programme
from ingest.simulator.rtp import PreparedClip, prepare


def clip(frames: int, gop: int) -> PreparedClip:
    units = tuple(
        AccessUnit((b"\x65x",), index * 3600, index * 3600, key=index % gop == 0)
        for index in range(frames)
    )
    return prepare(Clip(Codec.H264, 64, 64, 25, (), units, frames * 3600))


@given(st.integers(1, 20), st.integers(1, 7), st.integers(0, 10**9))
def test_time_goes_on_over_the_end(frames: int, gop: int, origin: int) -> None:
    programme = Programme(clip(frames, gop), origin)
    for index in range(3 * frames):
        assert programme.pts == programme.due == origin + index * 3600
        programme.advance()


@given(st.integers(1, 20), st.integers(1, 7), st.integers(0, 10**7), st.integers(0, 10**9))
def test_seek_finds_the_next_keyframe(frames: int, gop: int, origin: int, later: int) -> None:
    prepared = clip(frames, gop)
    now = origin + later
    programme = Programme(prepared, origin)
    programme.seek(now)
    assert programme.unit.key
    assert now <= programme.due < now + (min(gop, frames) + 1) * 3600
    # It is on the clip's own clock, as if it had been played from the start.
    assert (programme.due - origin - programme.unit.send_at) % prepared.duration == 0
