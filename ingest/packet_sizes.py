"""What the sizes of compressed packets tell: of the rate control, and of movement."""

from __future__ import annotations

import math
from bisect import bisect_left, insort
from collections import deque
from dataclasses import dataclass

from ingest.packets import Packet


class RunningPercentile:
    """The percentile of the newest ``window`` values; adding costs one search and one shift."""

    def __init__(self, share: float, window: int) -> None:
        self._share = share
        self._window = window
        self._order: deque[int] = deque()
        self._sorted: list[int] = []

    def __len__(self) -> int:
        return len(self._order)

    def add(self, value: int) -> None:
        """Take a value; beyond the window the oldest is forgotten."""
        self._order.append(value)
        insort(self._sorted, value)
        if len(self._order) > self._window:
            del self._sorted[bisect_left(self._sorted, self._order.popleft())]

    def value(self) -> int:
        """Return the nearest-rank percentile. Raises IndexError while there is no value."""
        return self._sorted[max(0, math.ceil(self._share * len(self._sorted)) - 1)]


@dataclass(frozen=True, slots=True)
class _Gop:
    size: int
    moved: bool


class RateControl:
    """Says whether a camera's rate control lets sizes follow the picture.

    A strict constant bit rate makes every group of pictures the same size (coefficient of variation
    of their bytes at most ``least``), and so does noise that fills the rate. A quiet street does
    that too while nothing happens: what was once seen to vary is therefore only judged anew by a
    whole window in which pixels moved in at least ``moved`` groups. The first groups of a session
    are not counted: the encoder's buffer is still filling.
    """

    def __init__(self, least: float, first: int, window: int, skip: int, moved: int) -> None:
        self._least = least
        self._first = first
        self._skip = skip
        self._moved = moved
        self._gops: deque[_Gop] = deque(maxlen=window)
        self._variable = False

    @property
    def variable(self) -> bool:
        """Whether sizes vary with the picture, as far as was seen."""
        return self._variable

    @property
    def judged(self) -> bool:
        """Whether enough groups were seen for a first judgement."""
        return len(self._gops) >= self._first

    @property
    def variation(self) -> float:
        """Coefficient of variation of the bytes of the groups in the window; 0 without any."""
        if not self._gops:
            return 0.0
        sizes = [gop.size for gop in self._gops]
        mean = sum(sizes) / len(sizes)
        if mean <= 0:
            return 0.0
        return math.sqrt(sum((size - mean) ** 2 for size in sizes) / len(sizes)) / mean

    def add(self, size: int, *, moved: bool) -> None:
        """Take a whole group of pictures: its bytes, and whether pixels moved in it."""
        if self._skip > 0:
            self._skip -= 1
            return
        self._gops.append(_Gop(size, moved))
        if not self.judged:
            return
        if self.variation > self._least:
            self._variable = True
        elif len(self._gops) == self._gops.maxlen and (
            sum(gop.moved for gop in self._gops) >= self._moved
        ):
            self._variable = False


@dataclass(frozen=True, slots=True)
class SizeConfig:
    """What the sizes are judged by.

    ``least_variation``: coefficient of variation of the bytes of groups of pictures that a camera
    must exceed to be gated; strict CBR was measured at up to 0.06. ``first_gops``, ``window_gops``,
    ``skip_gops``, ``moved_gops``: see ``RateControl``. ``baseline_share`` and ``baseline_packets``:
    the running percentile that packets of their kind are held against, in use from
    ``least_packets``; ``smooth``: packets whose mean is compared; ``floor_bytes`` is added to both
    sides, because the few bytes of an empty picture vary by multiples. ``max_gop_s`` and
    ``max_gop_bytes`` bound what a wake has to keep and to decode.
    """

    least_variation: float = 0.06
    first_gops: int = 8
    window_gops: int = 30
    skip_gops: int = 2
    moved_gops: int = 3
    baseline_share: float = 0.2
    baseline_packets: int = 250
    least_packets: int = 50
    smooth: int = 3
    floor_bytes: int = 32
    max_gop_s: float = 10.0
    max_gop_bytes: int = 12 * 1024 * 1024


class SizeHistory:
    """The sizes of one session: its groups of pictures, and each packet against its baseline."""

    def __init__(self, config: SizeConfig, first: Packet) -> None:
        self._config = config
        self._rate = RateControl(
            config.least_variation,
            config.first_gops,
            config.window_gops,
            config.skip_gops,
            config.moved_gops,
        )
        share, packets = config.baseline_share, config.baseline_packets
        self._pictures = RunningPercentile(share, packets)
        self._between = RunningPercentile(share, packets)
        self._recent: deque[float] = deque(maxlen=config.smooth)
        self._started_us = self._shown_us = first.utc_us
        self._size = self._packets = self._lone = 0
        self._was_long = False

    @property
    def baseline_known(self) -> bool:
        """Whether there is something to hold a packet against."""
        return len(self._pictures) >= self._config.least_packets

    @property
    def variation(self) -> float:
        """Coefficient of variation of the bytes of groups of pictures."""
        return self._rate.variation

    def keyframe(self, packet: Packet, *, moved: bool) -> None:
        """Close the group of pictures, in which pixels ``moved`` or not, and begin the next."""
        if self._packets:
            self._lone = self._lone + 1 if self._packets == 1 else 0
            self._was_long = self.too_long(packet)
            self._rate.add(self._size, moved=moved)
        self._started_us = self._shown_us = packet.utc_us
        self._size, self._packets = len(packet.data), 1

    def picture(self, packet: Packet, *, quiet: bool) -> float:
        """Take a packet that is no keyframe; return how many times the baseline the newest few are.

        0 while that is not known. Only a ``quiet`` packet teaches the baseline, once it is known:
        movement must not become the rule.
        """
        self._size += len(packet.data)
        self._packets += 1
        # A picture shown before one that came earlier is a B picture: smaller, a kind of its own.
        early = packet.utc_us < self._shown_us
        self._shown_us = max(self._shown_us, packet.utc_us)
        baseline = self._between if early else self._pictures
        least = self._config.least_packets
        if quiet or len(baseline) < least:
            baseline.add(len(packet.data))
        if len(baseline) < least:
            return 0.0
        floor = self._config.floor_bytes
        self._recent.append((len(packet.data) + floor) / (baseline.value() + floor))
        full = len(self._recent) == self._recent.maxlen
        return sum(self._recent) / len(self._recent) if full else 0.0

    def too_long(self, packet: Packet) -> bool:
        """Whether the group of pictures is more than a wake may have to decode."""
        config = self._config
        lasted_s = (packet.utc_us - self._started_us) / 1e6
        return self._size > config.max_gop_bytes or lasted_s > config.max_gop_s

    def unfit(self) -> str:
        """Return the code of the reason why sizes tell nothing here, or an empty string."""
        if self._lone >= 2:
            return "all_keyframes"
        if self._was_long:
            return "long_gop"
        if self._rate.variable:
            return ""
        return "constant_rate" if self._rate.judged else "learning"
