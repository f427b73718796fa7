"""What the sizes of the packets of one session tell: of movement, and of the rate control."""

from __future__ import annotations

import math
from bisect import bisect_left, insort
from collections import deque
from dataclasses import dataclass, field

from ingest.gate.rate_control import Gop, RateConfig, RateControl
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
class SizeConfig:
    """What the sizes are judged by.

    ``baseline_share``: the running percentile that packets of their kind are held against, of the
    newest ``baseline_packets`` of a place, in use from ``least_packets`` of all places;
    ``least_in_place``: fewer of a place are held against all; ``smooth``: packets whose mean is
    compared, each at most ``most_times`` the baseline; ``floor_bytes`` is added to both sides,
    because the few bytes of an empty picture vary by multiples. ``max_gop_s`` and ``max_gop_bytes``
    bound what a wake has to keep and to decode. ``alike``: how many times the usual bytes of an
    earlier session may differ from those of this.
    """

    rate: RateConfig = field(default_factory=RateConfig)
    baseline_share: float = 0.2
    baseline_packets: int = 250
    least_packets: int = 50
    place_packets: int = 40
    least_in_place: int = 5
    smooth: int = 8
    most_times: float = 6.0
    floor_bytes: int = 32
    max_gop_s: float = 10.0
    max_gop_bytes: int = 12 * 1024 * 1024
    alike: float = 2.0


class Baseline:
    """The usual bytes of packets of one kind, by their place in the group of pictures.

    The first pictures after a keyframe mend what it left, and encoders let sizes run on a slope
    after that: up to three times the bytes, at the same place of every group. So packets are held
    against those of the same place, the places being powers of two: 1, 2-3, 4-7, 8-15 and so on.
    """

    def __init__(self, config: SizeConfig) -> None:
        self._config = config
        self._all = RunningPercentile(config.baseline_share, config.baseline_packets)
        self._places: dict[int, RunningPercentile] = {}
        self._recent: deque[float] = deque(maxlen=config.smooth)
        self.times = 0.0

    @property
    def known(self) -> bool:
        """Whether there is something to hold a packet against."""
        return len(self._all) >= self._config.least_packets

    def add(self, size: int, place: int) -> None:
        """Take a packet of a scene at rest; ``place`` counts from the keyframe."""
        self._all.add(size)
        config = self._config
        octave = place.bit_length()
        known = self._places.get(octave)
        if known is None:
            known = RunningPercentile(config.baseline_share, config.place_packets)
            self._places[octave] = known
        known.add(size)

    def hold(self, size: int, place: int) -> None:
        """Hold a packet against what is usual: ``times`` is then the mean of the newest few.

        Single large pictures are many in some quiet streams, and are nobody who passes.
        """
        floor = self._config.floor_bytes
        times = (size + floor) / (self._usual(place) + floor)
        self._recent.append(min(times, self._config.most_times))
        if len(self._recent) == self._recent.maxlen:
            self.times = sum(self._recent) / len(self._recent)

    def calm(self) -> None:
        """Let the newest packets count as usual ones: what they told of is over."""
        self._recent.extend([1.0] * (self._recent.maxlen or 0))
        self.times = min(self.times, 1.0)

    def _usual(self, place: int) -> int:
        known = self._places.get(place.bit_length())
        if known is not None and len(known) >= self._config.least_in_place:
            return known.value()
        return self._all.value()

    def overall(self) -> int:
        """Return the usual bytes of all places; 0 while that is not known."""
        return self._all.value() if self.known else 0


class SizeHistory:
    """The sizes of one session: its groups of pictures, and each packet against its baseline.

    ``gop_us``: how long the last whole group lasted.
    """

    def __init__(self, config: SizeConfig, first: Packet) -> None:
        self._config = config
        self.rate = RateControl(config.rate)
        self._pictures = Baseline(config)
        self._between = Baseline(config)
        self._started_us = self._shown_us = first.utc_us
        self._size = self._key = self._packets = self._lone = 0
        self.gop_us = 0
        self._most = 0.0
        self._peak: float | None = None
        self._after_moved = True
        self._peaks: deque[float] = deque(maxlen=max(config.rate.first_gops, 2))
        self._was_long = False

    @property
    def baseline_known(self) -> bool:
        """Whether there is something to hold a packet against."""
        return self._pictures.known

    @property
    def usual_bytes(self) -> int:
        """The usual bytes of a packet between keyframes of the scene at rest, 0 while unknown."""
        return self._pictures.overall()

    @property
    def unrest(self) -> float:
        """How many times the baseline packets of the scene at rest come to; 0 while unknown.

        The second largest of the newest groups: one may hold what pixels did not show.
        """
        if len(self._peaks) < (self._peaks.maxlen or 0):
            return 0.0
        return sorted(self._peaks)[-2]

    def unlike(self, usual_bytes: int) -> bool:
        """Whether the scene at rest takes clearly other sizes than in an earlier session."""
        floor = self._config.floor_bytes
        times = (self.usual_bytes + floor) / (usual_bytes + floor)
        return not 1 / self._config.alike <= times <= self._config.alike

    def keyframe(self, packet: Packet, *, moved: bool) -> None:
        """Close the group of pictures, in which pixels ``moved`` or not, and begin the next."""
        if self._packets:
            self._lone = self._lone + 1 if self._packets == 1 else 0
            self._was_long = self.too_long(packet)
            self.rate.add(Gop(self._size, self._key, self._packets, moved))
            self._note_peak(moved=moved)
        self.gop_us = max(packet.utc_us - self._started_us, 0)
        self._started_us = self._shown_us = packet.utc_us
        self._size = self._key = len(packet.data)
        self._packets, self._most = 1, 0.0

    def _note_peak(self, *, moved: bool) -> None:
        """Keep the peak of a group between two others in which nothing moved either.

        Who enters or leaves shows in the sizes a little before the pixels and a little after.
        """
        if moved:
            self._peak = None
            return
        if self._peak is not None and not self._after_moved:
            self._peaks.append(self._peak)
        self._after_moved = self._peak is None
        self._peak = self._most

    def picture(self, packet: Packet, *, quiet: bool) -> float:
        """Take a packet that is no keyframe; return how many times the baseline the newest few are.

        0 while that is not known. Only a ``quiet`` packet teaches the baseline, once it is known:
        movement must not become the rule.
        """
        size, place = len(packet.data), self._packets
        self._size += size
        self._packets += 1
        # A picture shown before one that came earlier is a B picture: smaller, a kind of its own.
        early = packet.utc_us < self._shown_us
        self._shown_us = max(self._shown_us, packet.utc_us)
        baseline = self._between if early else self._pictures
        if quiet or not baseline.known:
            baseline.add(size, place)
        if not baseline.known:
            return 0.0
        baseline.hold(size, place)
        # where most are B pictures, small whatever moves, the others tell
        times = max(self._pictures.times, self._between.times)
        self._most = max(self._most, times)
        return times

    def calm(self) -> None:
        """Let what the newest packets told of be over: a camera of one picture a second would wake
        of somebody who left seconds ago.
        """
        self._pictures.calm()
        self._between.calm()

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
        if self.rate.variable:
            return ""
        return "constant_rate" if self.rate.judged else "learning"
