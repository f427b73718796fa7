"""Whether a camera's rate control lets the sizes of its packets follow the picture.

Measured on a lane that somebody passes, 640x360 and 1280x720, libx264, noise of 0 to 5 grey levels.
A rate that is kept, strictly or by a buffer of 0.5 to 2 s, or that noise fills: groups of pictures
vary by at most 0.06 (coefficient of variation of their bytes), and the mean picture of the scene at
rest takes at least 0.045 of its keyframe. Sizes that tell of movement twice over: groups vary by
0.13 to 0.33 once somebody passes, and pictures at rest take at most 0.018 of their keyframe.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

_ODD_GOPS = 2
"""Groups among those of a scene at rest that may be unlike the others."""


@dataclass(frozen=True, slots=True)
class Gop:
    """A whole group of pictures: bytes in all, those of its keyframe, packets; ``moved`` where any
    movement was seen in it.
    """

    size: int
    keyframe: int
    packets: int
    moved: bool

    @property
    def share(self) -> float:
        """Bytes of the mean picture over those of the keyframe."""
        between = max(self.packets - 1, 1)
        return (self.size - self.keyframe) / between / max(self.keyframe, 1)


@dataclass(frozen=True, slots=True)
class RateConfig:
    """What rate control is judged by.

    ``least_variation``: coefficient of variation of the bytes of groups of pictures that a camera
    must exceed; ``first_gops``: the fewest to judge by; ``window_gops``: the most; ``skip_gops``:
    left out at the beginning of a session, and so are further ones, up to ``settle_gops``, while
    each is smaller than ``settled`` times the one before: an encoder's buffer is filling.
    ``still_share``: the most that the mean picture of a scene at rest may take of its keyframe;
    beyond ``lively_share`` in ``lively_gops`` in a row that is taken back. ``untold_most``:
    movements in a row that the sizes may fail to tell; ``told_again``: what it takes after that.
    """

    least_variation: float = 0.06
    first_gops: int = 8
    window_gops: int = 30
    skip_gops: int = 2
    settle_gops: int = 10
    settled: float = 0.97
    still_share: float = 0.02
    lively_share: float = 0.04
    lively_gops: int = 3
    untold_most: int = 3
    told_again: int = 2


class RateControl:
    """Judges one camera by groups of pictures (``add``) and by movements (``told``).

    It is *proved* to be variable when its groups vary and a movement was told by the sizes, and
    stays so however quiet the scene then is, until movements in a row were not told. Until then it
    is variable *on trial*: where it was proved in an earlier session (``remembered``), or while
    pictures of a scene at rest take next to nothing beside their keyframe, which no encoder that
    fills a rate leaves them. A single movement that was not told ends the trial: the camera is
    *doubted* until movements are told again. Groups that vary are not enough by themselves: they do
    so while a buffer fills, and where noise comes and goes.
    """

    def __init__(self, config: RateConfig | None = None) -> None:
        self._config = config or RateConfig()
        self._gops: deque[Gop] = deque(maxlen=self._config.window_gops)
        self._skipped = 0
        self._last = 0
        self._shares: deque[float] = deque(maxlen=self._config.first_gops + _ODD_GOPS)
        self._rests = False
        self._told = self._untold = 0
        self.doubted = False
        self.remembered = False
        self.proved = False

    @property
    def variable(self) -> bool:
        """Whether sizes tell of movement, as far as is known."""
        return not self.doubted and (self.proved or self.remembered or self._rests)

    @property
    def judged(self) -> bool:
        """Whether enough groups were seen for a judgement."""
        return len(self._gops) >= self._config.first_gops

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

    def add(self, gop: Gop) -> None:
        """Take the next group of pictures."""
        if self._filling(gop.size):
            return
        self._gops.append(gop)
        self._perhaps_prove()
        if gop.moved:
            return
        config = self._config
        self._shares.append(gop.share)
        if sum(share <= config.still_share for share in self._shares) >= config.first_gops:
            self._rests = True
        elif all(
            share > config.lively_share for share in list(self._shares)[-config.lively_gops :]
        ):
            self._rests = False

    def told(self, *, by_sizes: bool) -> None:
        """Take a real movement: whether the sizes told it."""
        if by_sizes:
            self._told, self._untold = self._told + 1, 0
            self._perhaps_prove()
            return
        self._told, self._untold = 0, self._untold + 1
        if not self.proved or self._untold >= self._config.untold_most:
            self.doubted, self.remembered, self.proved = True, False, False

    def _perhaps_prove(self) -> None:
        enough = self._config.told_again if self.doubted else 1
        if not self.proved and self._told >= enough and self._varies:
            self.doubted, self.proved = False, True

    @property
    def _varies(self) -> bool:
        return self.judged and self.variation > self._config.least_variation

    def _filling(self, size: int) -> bool:
        """Say whether a group still belongs to the filling of the encoder's buffer."""
        config = self._config
        last, self._last = self._last, size
        if self._gops or self._skipped >= config.settle_gops:
            return False
        if self._skipped >= config.skip_gops and size >= config.settled * last:
            return False
        self._skipped += 1
        return True
