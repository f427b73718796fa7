"""Which access unit is due when: a clip in an endless loop on a camera's media clock."""

from __future__ import annotations

from ingest.simulator.rtp import PreparedClip, PreparedUnit


class Programme:
    """An endless loop over ``clip`` whose first round began at ``origin`` (1/90000 s, media clock).

    Time stamps go on over the end of the clip: round n is shifted by n times the clip's duration.
    """

    def __init__(self, clip: PreparedClip, origin: int = 0) -> None:
        self.clip = clip
        self._shift = origin
        self._origin = origin
        self._index = 0

    @property
    def unit(self) -> PreparedUnit:
        """The access unit that is next."""
        return self.clip.units[self._index]

    @property
    def due(self) -> int:
        """When the next access unit is to be sent, on the media clock."""
        return self._shift + self.unit.send_at

    @property
    def pts(self) -> int:
        """When the next access unit was captured, on the media clock."""
        return self._shift + self.unit.pts

    def advance(self) -> None:
        """Go on to the following access unit."""
        self._index += 1
        if self._index == len(self.clip.units):
            self._index = 0
            self._shift += self.clip.duration

    def seek(self, now: int) -> None:
        """Go to the first keyframe that is due at ``now`` or later."""
        rounds = max((now - self._origin) // self.clip.duration - 1, 0)
        self._shift = self._origin + rounds * self.clip.duration
        self._index = 0
        while self.due < now or not self.unit.key:
            self.advance()
