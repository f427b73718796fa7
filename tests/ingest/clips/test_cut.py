from __future__ import annotations

import hashlib
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import av
import pytest

from camera_registry.base.clock import us_to_iso
from camera_registry.base.errors import ConflictError, InvalidError, NotFoundError, StorageError
from ingest.bitstream.parameter_sets import START_CODE
from ingest.clips import ClipCancelledError, ClipLimits, Gap, GapReason, Progress, cut
from ingest.packets import Packet
from ingest.ring import GopRing
from tests.ingest import footage
from tests.ingest.clips.reading import boxes, decoded, samples, units
from tests.tools import require

T0 = footage.START_US
SECOND = 1_000_000


def step(packet: Packet, by_us: int) -> Packet:
    return replace(packet, utc_us=packet.utc_us + by_us, dts_us=packet.dts_us + by_us)


def nothing_else(directory: Path, *names: str) -> bool:
    return sorted(path.name for path in directory.iterdir()) == sorted(names)


@pytest.mark.parametrize(
    ("codec", "bframes"), [("h264", 0), ("h264", 2), ("hevc", 0), ("hevc", 2), ("mjpeg", 0)]
)
def test_the_coded_pictures_and_their_times_are_the_cameras_own(
    codec: str, bframes: int, tmp_path: Path
) -> None:
    # Times that fall on no grid, as those of a camera whose clock is followed.
    packets = [
        step(packet, index * 7 % 13)
        for index, packet in enumerate(footage.packets(codec, frames=60, bframes=bframes))
    ]
    wish = packets[0].utc_us, max(packet.utc_us for packet in packets)
    done = cut(packets, *wish, tmp_path / "a.mp4", camera_id="cam-1")
    (clip,) = done.clips
    got = samples(clip.path)
    assert [sample.units for sample in got] == [units(codec, p.data) for p in packets]
    assert [sample.pts_us + clip.start_us for sample in got] == [p.utc_us for p in packets]
    assert [sample.dts_us + clip.start_us for sample in got] == [p.dts_us for p in packets]
    assert [sample.keyframe for sample in got] == [p.keyframe for p in packets]
    assert decoded(clip.path) == sorted(sample.pts_us for sample in got)
    assert done.complete
    assert (clip.start_us, clip.end_us) == wish
    assert 0 < clip.duration_us - (clip.end_us - clip.start_us) <= 2 * footage.FRAME_US
    assert (clip.codec, clip.width, clip.height, clip.packets) == (codec, 320, 180, 60)
    assert (clip.camera_id, clip.remuxed, clip.gaps) == ("cam-1", True, ())


def test_the_index_comes_first_and_the_file_tells_when_it_began(tmp_path: Path) -> None:
    packets = [step(packet, 123_456) for packet in footage.packets(frames=30)]
    (clip,) = cut(packets, T0, T0 + SECOND, tmp_path / "a.mp4", camera_id="cam-1").clips
    names = boxes(clip.path)
    assert names.index("moov") < names.index("mdat")
    with av.open(str(clip.path)) as container:
        assert container.metadata["creation_time"] == us_to_iso(T0)
        assert container.metadata["date"] == us_to_iso(T0 + 123_456)
        assert container.metadata["title"] == "cam-1"
        assert container.duration == clip.duration_us
    body = clip.path.read_bytes()
    assert (clip.size, clip.sha256) == (len(body), hashlib.sha256(body).hexdigest())
    assert clip.path.stat().st_mode & 0o077 == 0
    assert nothing_else(tmp_path, "a.mp4")


def test_the_same_wish_gives_the_same_file(tmp_path: Path) -> None:
    packets = footage.packets(frames=40)
    first = cut(packets, T0, T0 + SECOND, tmp_path / "a.mp4")
    second = cut(packets, T0, T0 + SECOND, tmp_path / "b.mp4")
    assert first.clips[0].sha256 == second.clips[0].sha256


def test_it_begins_with_the_keyframe_before_and_reads_no_further_than_needed(
    tmp_path: Path,
) -> None:
    packets = footage.packets(frames=100, gop=10)
    read = 0

    def source() -> Iterator[Packet]:
        nonlocal read
        for packet in packets:
            read += 1
            yield packet

    done = cut(source(), packets[25].utc_us, packets[44].utc_us, tmp_path / "a.mp4")
    (clip,) = done.clips
    assert (clip.start_us, clip.end_us) == (packets[20].utc_us, packets[44].utc_us)
    assert read == 46
    assert done.complete


def test_b_frames_leave_no_hole_at_the_end(tmp_path: Path) -> None:
    packets = footage.packets(frames=60, gop=30, bframes=3)
    for index in range(31, 50):
        (clip,) = cut(packets, T0, T0 + index * footage.FRAME_US, tmp_path / f"{index}.mp4").clips
        times = decoded(clip.path)
        assert times == list(range(0, times[-1] + 1, footage.FRAME_US))
        assert T0 + times[-1] == clip.end_us >= T0 + index * footage.FRAME_US


def test_out_of_the_ring(tmp_path: Path) -> None:
    ring = GopRing(2.0, 10**7)
    packets = footage.packets(frames=150, gop=10)
    for packet in packets:
        ring.push(packet)
    held = ring.since(0)
    assert all(a is b for a, b in zip(held, packets[-len(held) :], strict=True))
    done = cut(ring, T0, packets[-1].utc_us, tmp_path / "a.mp4")
    assert done.clips[0].packets == len(held)
    assert done.missing == (Gap(T0, held[0].utc_us, GapReason.NOT_HELD),)
    assert not done.complete


def test_a_reconnection_is_a_gap_and_the_times_stay_true(tmp_path: Path) -> None:
    before = footage.packets(frames=30, gop=10, bframes=2)
    after = footage.packets(frames=30, gop=10, bframes=2, epoch=2, start_us=T0 + 7 * SECOND)
    done = cut(before + after, T0, T0 + 8 * SECOND, tmp_path / "a.mp4")
    (clip,) = done.clips
    last = max(packet.utc_us for packet in before)
    gap = Gap(last, after[0].utc_us, GapReason.RECONNECTED)
    assert clip.gaps == done.gaps == (gap,)
    assert not done.complete
    taken = before + after[: clip.packets - len(before)]
    assert [s.pts_us + clip.start_us for s in samples(clip.path)] == [p.utc_us for p in taken]
    assert decoded(clip.path) == sorted(p.utc_us - T0 for p in taken)


def test_lost_packets_are_a_gap_up_to_the_next_keyframe(tmp_path: Path) -> None:
    packets = footage.packets(frames=40, gop=10)
    done = cut(packets[:14] + packets[16:], T0, packets[-1].utc_us, tmp_path / "a.mp4")
    (clip,) = done.clips
    assert clip.gaps == (Gap(packets[13].utc_us, packets[20].utc_us, GapReason.PACKETS_LOST),)
    assert clip.packets == 34


def test_a_camera_that_pauses_has_a_gap_in_display_order(tmp_path: Path) -> None:
    packets = footage.packets(frames=40, gop=40, bframes=2)
    # The first picture after the pause is shown after the one that comes next.
    at = next(i for i in range(20, 40) if packets[i].utc_us > packets[i + 1].utc_us)
    late = packets[:at] + [step(p, 3 * SECOND) for p in packets[at:]]
    first = min(packet.utc_us for packet in late[at:])
    pause = Gap(max(packet.utc_us for packet in late[:at]), first, GapReason.NO_PICTURES)
    assert cut(late, T0, T0 + 9 * SECOND, tmp_path / "a.mp4").clips[0].gaps == (pause,)


def test_a_slow_camera_does_not_pause(tmp_path: Path) -> None:
    slow = [
        replace(p, utc_us=T0 + 2 * SECOND * p.seq, dts_us=T0 + 2 * SECOND * p.seq)
        for p in footage.packets("mjpeg", frames=20)
    ]
    gaps = cut(slow, T0, T0 + 38 * SECOND, tmp_path / "a.mp4").gaps
    # Of the first step nothing is known yet.
    assert [(gap.start_us, gap.end_us) for gap in gaps] == [(T0, T0 + 2 * SECOND)]


@pytest.mark.parametrize("codec", ["h264", "hevc", "mjpeg"])
def test_another_size_begins_another_part(codec: str, tmp_path: Path) -> None:
    small = footage.packets(codec, 160, 96, frames=20, gop=10)
    later = T0 + 20 * footage.FRAME_US
    large = footage.packets(codec, 320, 180, frames=20, gop=10, first_seq=20, start_us=later)
    done = cut(small + large, T0, large[-1].utc_us, tmp_path / "a.mp4")
    first, second = done.clips
    assert (first.width, first.height, second.width, second.height) == (160, 96, 320, 180)
    assert (first.packets, second.packets) == (20, 20)
    assert second.start_us - first.start_us == first.duration_us
    assert done.complete
    assert nothing_else(tmp_path, "a.mp4", "a-2.mp4")
    assert len(decoded(first.path)) == len(decoded(second.path)) == 20


def test_a_clock_that_is_set_back_begins_another_part(tmp_path: Path) -> None:
    packets = footage.packets(frames=40, gop=10)
    back = packets[:15] + [step(packet, -SECOND) for packet in packets[15:]]
    done = cut(back, T0, T0 + SECOND, tmp_path / "a.mp4")
    first, second = done.clips
    assert (first.packets, second.start_us) == (15, back[20].utc_us)
    assert done.gaps == (Gap(back[14].utc_us, back[20].utc_us, GapReason.CLOCK_SET_BACK),)
    assert first.gaps == second.gaps == ()
    assert not done.complete


def test_a_gap_longer_than_a_sample_can_be_begins_another_part(tmp_path: Path) -> None:
    packets = footage.packets(frames=20, gop=10)
    hour = 3600 * SECOND
    done = cut(
        packets[:5] + [step(packet, hour) for packet in packets[5:]],
        T0,
        T0 + hour + SECOND,
        tmp_path / "a.mp4",
    )
    assert [clip.packets for clip in done.clips] == [5, 10]
    missing = Gap(packets[4].utc_us, packets[10].utc_us + hour, GapReason.NO_PICTURES)
    assert done.gaps == (missing,)


def test_pictures_that_need_what_was_cut_away_are_left_out(tmp_path: Path) -> None:
    packets = [
        replace(p, dts_us=p.dts_us - 200_000) for p in footage.packets("hevc", frames=40, gop=10)
    ]
    # As in an open group: two pictures after a keyframe are shown before it, and are RASL_N (8).
    rasl = [
        replace(p, data=START_CODE + b"\x10\x01" + b"\x80" * 40, utc_us=packets[9].utc_us + p.seq)
        for p in packets[11:13]
    ]
    stream = [*packets[:11], *rasl, *packets[13:]]
    (clip,) = cut(stream, packets[10].utc_us, packets[-1].utc_us, tmp_path / "a.mp4").clips
    got = samples(clip.path)
    assert clip.start_us == packets[10].utc_us
    assert [s.units for s in got[:2]] == [units("hevc", packets[i].data) for i in (10, 13)]
    (whole,) = cut(stream, T0, packets[-1].utc_us, tmp_path / "b.mp4").clips
    assert whole.packets == 40


def test_the_burst_at_the_beginning_of_a_session_is_told(tmp_path: Path) -> None:
    packets = footage.packets(frames=60, gop=10, bframes=2)
    burst = [
        replace(p, dts_us=T0 + p.seq, utc_us=T0 + p.seq + (p.utc_us - p.dts_us))
        for p in packets[:25]
    ]
    (clip,) = cut(burst + packets[25:], T0, T0 + 2 * SECOND, tmp_path / "a.mp4").clips
    assert clip.packets >= 50
    assert clip.exact_from_us == max(p.utc_us for p in burst)
    assert len(samples(clip.path)) == clip.packets
    (later,) = cut(packets, T0, T0 + SECOND, tmp_path / "b.mp4").clips
    assert later.exact_from_us == later.start_us


@pytest.mark.parametrize("wish", [(-5 * SECOND, -SECOND), (60 * SECOND, 70 * SECOND)])
def test_a_time_without_a_picture(wish: tuple[int, int], tmp_path: Path) -> None:
    with pytest.raises(NotFoundError) as raised:
        cut(footage.packets(frames=20), T0 + wish[0], T0 + wish[1], tmp_path / "a.mp4")
    assert raised.value.code == "no_pictures"
    assert nothing_else(tmp_path)


def test_a_wish_that_makes_no_sense(tmp_path: Path) -> None:
    with pytest.raises(InvalidError):
        cut([], T0, T0 - 1, tmp_path / "a.mp4")
    with pytest.raises(InvalidError):
        cut([], T0, T0 + 10 * SECOND, tmp_path / "a.mp4", limits=ClipLimits(max_s=9))


def test_what_exists_is_not_overwritten_unless_asked(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    path.write_text("evidence")
    packets = footage.packets(frames=20)
    with pytest.raises(ConflictError):
        cut(packets, T0, T0 + SECOND // 2, path)
    assert path.read_text() == "evidence"
    assert nothing_else(tmp_path, "a.mp4")
    cut(packets, T0, T0 + SECOND // 2, path, overwrite=True)
    assert boxes(path)[0] == "ftyp"


def test_cancelled_in_the_middle_nothing_is_left(tmp_path: Path) -> None:
    cancel = threading.Event()
    seen: list[Progress] = []

    def progress(now: Progress) -> None:
        seen.append(now)
        if now.packets >= 100:
            cancel.set()

    packets = footage.packets(width=64, height=64, frames=300)
    with pytest.raises(ClipCancelledError):
        cut(
            packets,
            T0,
            T0 + 12 * SECOND,
            tmp_path / "a.mp4",
            cancel=cancel,
            progress=progress,
        )
    assert [now.packets for now in seen] == [50, 100]
    assert seen[1].at_us == packets[99].utc_us
    assert seen[1].bytes == sum(len(p.data) for p in packets[:100])
    assert nothing_else(tmp_path)


def test_a_bound_on_bytes_and_parts(tmp_path: Path) -> None:
    packets = footage.packets(frames=50, gop=10)
    limits = ClipLimits(max_bytes=sum(len(p.data) for p in packets[:30]))
    done = cut(packets, T0, T0 + 2 * SECOND, tmp_path / "a.mp4", limits=limits)
    assert done.clips[0].packets == 30
    assert done.missing == (Gap(packets[29].utc_us, T0 + 2 * SECOND, GapReason.TOO_LARGE),)
    changing = [replace(p, info=replace(p.info, width=100 + p.seq))
                for p in footage.packets("mjpeg", frames=20)]  # fmt: skip
    done = cut(changing, T0, T0 + SECOND, tmp_path / "b.mp4", limits=ClipLimits(max_parts=3))
    assert len(done.clips) == 3


def test_the_packets_held_before_the_start_are_bounded(tmp_path: Path) -> None:
    packets = footage.packets(frames=60, gop=30)
    limits = ClipLimits(max_lead_bytes=sum(len(p.data) for p in packets[:20]))
    done = cut(packets, packets[25].utc_us, packets[50].utc_us, tmp_path / "a.mp4", limits=limits)
    assert done.clips[0].start_us == packets[30].utc_us
    assert done.missing[0].reason is GapReason.NOT_HELD


def test_what_is_no_video_is_refused_in_one_line(tmp_path: Path) -> None:
    packets = [replace(p, data=b"\x00" * 50) for p in footage.packets(frames=20)]
    with pytest.raises(InvalidError) as raised:
        cut(packets, T0, T0 + SECOND, tmp_path / "a.mp4")
    assert raised.value.code == "clip_bad_data"
    assert nothing_else(tmp_path)


def test_a_directory_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="No such file or directory"):
        cut(footage.packets(frames=20), T0, T0 + SECOND, tmp_path / "none" / "a.mp4")


def test_a_full_disk_leaves_nothing_behind(tmp_path: Path) -> None:
    require("mount")
    mount = tmp_path / "tiny"
    mount.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(mount)], check=True)
    try:
        with pytest.raises(StorageError, match="No space left on device"):
            cut(footage.packets(frames=50), T0, T0 + 2 * SECOND, mount / "a.mp4")
        assert nothing_else(mount)
    finally:
        subprocess.run(["umount", str(mount)], check=True)
