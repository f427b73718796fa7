from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.simulator.clip import AccessUnit, Clip
from ingest.simulator.nal import Codec, split_annex_b
from ingest.simulator.rtp import (
    MAX_PAYLOAD,
    h264_payloads,
    h264_stap_a,
    h265_payloads,
    interleaved,
    mp4v_payloads,
    prepare,
    sender_report,
    unit_payloads,
)
from tests.ingest.simulator.client import RtpPacket, depacketise

SPS, PPS = b"\x67\x64\x00\x1f", b"\x68\xee"


def nal264(size: int, kind: int = 5) -> bytes:
    return bytes([0x60 | kind]) + bytes(1 + i % 250 for i in range(size))


@given(st.integers(0, 5000), st.integers(1, 23), st.integers(100, MAX_PAYLOAD))
def test_h264_comes_together_again(size: int, kind: int, limit: int) -> None:
    nal = nal264(size, kind)
    payloads = list(h264_payloads(nal, limit))
    assert all(len(payload) <= limit for payload in payloads)
    assert depacketise(Codec.H264, payloads) == [nal]


@given(st.integers(0, 5000), st.integers(0, 40), st.integers(100, MAX_PAYLOAD))
def test_h265_comes_together_again(size: int, kind: int, limit: int) -> None:
    nal = bytes([kind << 1, 1]) + bytes(1 + i % 250 for i in range(size))
    payloads = list(h265_payloads(nal, limit))
    assert all(len(payload) <= limit for payload in payloads)
    assert depacketise(Codec.H265, payloads) == [nal]


def test_fragments_have_one_start_and_one_end() -> None:
    payloads = list(h264_payloads(nal264(4000)))
    assert [payload[1] >> 6 for payload in payloads] == [0b10, 0b00, 0b01]
    assert {payload[0] & 0x1F for payload in payloads} == {28}


def test_stap_a_carries_the_parameter_sets() -> None:
    assert depacketise(Codec.H264, [h264_stap_a((SPS, PPS))]) == [SPS, PPS]


def test_mp4v_is_cut_in_consecutive_pieces() -> None:
    data = bytes(range(256)) * 20
    assert b"".join(mp4v_payloads(data)) == data


@given(st.lists(st.binary(min_size=1, max_size=50).filter(lambda b: b[-1:] != b"\0")))
def test_annex_b_is_cut_at_start_codes(nals: list[bytes]) -> None:
    nals = [nal.replace(b"\0", b"\1") for nal in nals]
    stream = b"".join(b"\0\0\0\1" + nal for nal in nals)
    assert split_annex_b(stream) == nals
    assert split_annex_b(b"".join(b"\0\0\1" + nal for nal in nals)) == nals


def test_only_keyframes_carry_parameter_sets() -> None:
    key = AccessUnit((nal264(10),), 0, 0, key=True)
    other = AccessUnit((nal264(10, 1),), 0, 0, key=False)
    sent = depacketise(Codec.H264, unit_payloads(Codec.H264, (SPS, PPS), key))
    assert sent == [SPS, PPS, *key.nals]
    assert depacketise(Codec.H264, unit_payloads(Codec.H264, (SPS, PPS), other)) == [*other.nals]


@given(
    st.integers(0, 255),
    st.integers(0, 0xFFFF),
    st.integers(0, 2**32 - 1),
    st.integers(0, 2**32 - 1),
)
def test_patching_changes_only_the_header(
    channel: int, sequence: int, timestamp: int, ssrc: int
) -> None:
    unit = AccessUnit((nal264(5000),), 0, 0, key=True)
    clip = Clip(Codec.H264, 64, 64, 25, (SPS, PPS), (unit,), 3600)
    prepared = prepare(clip).units[0]
    sent = bytes(prepared.patched(channel, sequence, timestamp, ssrc))
    packets: list[RtpPacket] = []
    while sent:
        assert sent[0] == 0x24
        assert sent[1] == channel
        length = struct.unpack_from(">H", sent, 2)[0]
        packets.append(RtpPacket.parse(sent[4 : 4 + length]))
        sent = sent[4 + length :]
    count = len(packets)
    assert [packet.sequence for packet in packets] == [
        (sequence + i) & 0xFFFF for i in range(count)
    ]
    assert {(packet.timestamp, packet.ssrc) for packet in packets} == {(timestamp, ssrc)}
    assert [packet.marker for packet in packets] == [False] * (count - 1) + [True]
    nals = depacketise(Codec.H264, [packet.payload for packet in packets])
    assert nals == [SPS, PPS, *unit.nals]
    assert prepared.octets == sum(len(packet.payload) for packet in packets)


def test_without_parameter_sets_there_are_none() -> None:
    unit = AccessUnit((nal264(20),), 0, 0, key=True)
    clip = Clip(Codec.H264, 64, 64, 25, (SPS, PPS), (unit,), 3600)
    bare = prepare(clip, with_parameter_sets=False)
    assert bare.parameter_sets == ()
    assert SPS not in bare.units[0].framed


@given(st.integers(0, 2**31 * 1_000_000))
def test_sender_report_tells_ntp_time(utc_us: int) -> None:
    packet = sender_report(7, utc_us, 99, 5, 600, "camera")
    flags, kind, words, ssrc, seconds, fraction, stamp, packets, octets = struct.unpack_from(
        ">BBHIIIIII", packet
    )
    assert (flags, kind, words, ssrc, stamp, packets, octets) == (0x80, 200, 6, 7, 99, 5, 600)
    told = (seconds - 2_208_988_800) % 2**32 * 1_000_000 + fraction * 1_000_000 / 2**32
    assert told == pytest.approx(utc_us, abs=1)
    # The second packet is SDES, and the lengths add up to the whole (RFC 3550, A.2).
    rest = packet[28:]
    assert rest[1] == 202
    assert (int.from_bytes(rest[2:4], "big") + 1) * 4 == len(rest)


def test_interleaved_framing() -> None:
    assert interleaved(3, b"ab") == b"$\x03\x00\x02ab"
