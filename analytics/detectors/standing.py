"""Who stands still is kept: a memory of the ground under what has come to rest in a background.

A background model sees what differs from it and learns what stays; who waits for minutes would
become part of the room. Here a blob that has come to rest is put into the background at once, so
that whoever passes in front of it is a blob of their own, while the ground *below* it is
remembered. From then on it is told in every look, as long as its place does not look like that
ground again. When something moves in its place the ground is put back, and what moves is seen whole
against it: nobody leaves a ghost behind. People who come to rest side by side and are one blob are
kept one by one (``resting_place``), so that each ends by their own place's picture.

Two layers of background are an old idea (Kim et al., "Real-time foreground-background segmentation
using codebook model", 2005, section 5); the tests by block are those of the built-in model.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from analytics.builtin.moving_object import BLOCK
from analytics.detectors.motion import BackgroundModel, Grid, Plane
from analytics.detectors.outline import rim_ratio
from analytics.detectors.resting_place import Hold, Mask, Pixels, Place, joined, parted, unlikeness
from analytics.events import Box, Detection
from analytics.geometry import corners, iou_matrix


@dataclass(frozen=True, slots=True)
class StandingConfig:
    """Times in seconds, shares of the blocks of a place.

    ``rest_s``: a blob that stays where it is and does not move for so long has come to rest;
    ``linger_s``: one that stays but moves (who shifts from foot to foot) has its ground remembered
    after that. ``same``: IoU of a blob in place with itself. ``still_share``: with fewer blocks
    active nothing moves; ``wake_share``: with more, what rests moves. ``there_share``: with fewer
    blocks unlike the ground, it is gone. ``outline``: a place whose rim has edges weaker than this
    times those of the ground below is where something was taken away, and is nobody. ``longest_s``:
    after that it belongs to the room.
    """

    rest_s: float = 2.0
    linger_s: float = 4.0
    same: float = 0.5
    still_share: float = 0.1
    wake_share: float = 0.25
    there_share: float = 0.3
    outline: float = 0.7
    longest_s: float = 3600.0
    floor: float = 6.0
    noise_gain: float = 3.0
    max_holds: int = 32


@dataclass(slots=True)
class _Candidate:
    """A blob that stays where it is: since when, since when nothing moves in it, and the ground
    below its place as it was in the beginning, before the background took from the blob.
    """

    box: Box
    since_us: int
    still_us: int
    moved: bool
    place: Place
    below: Pixels


class Standing:
    """What rests in the picture of one camera. Not thread-safe.

    Memory is bounded by ``max_holds`` planes.
    """

    def __init__(self, config: StandingConfig | None = None) -> None:
        self._config = config or StandingConfig()
        self._candidates: list[_Candidate] = []
        self._holds: list[Hold] = []

    @property
    def resting(self) -> int:
        """How many rest now."""
        return sum(hold.resting for hold in self._holds)

    def reset(self) -> None:
        """Forget everything: the background is learned anew."""
        self._candidates, self._holds = [], []

    def observe(
        self,
        plane: Plane,
        at_us: int,
        grids: tuple[Grid, Mask],
        found: Sequence[Detection],
        background: BackgroundModel,
    ) -> list[Detection]:
        """Take a look after the background has learned from it; return what is there.

        ``grids`` are the foreground and the active blocks of this look, ``found`` the blobs that
        were read from them.
        """
        told, blobs = self._follow_holds(plane, at_us, grids[1], list(found), background)
        self._follow_blobs(plane, at_us, grids, blobs, background)
        return blobs + told

    def _follow_holds(
        self,
        plane: Plane,
        at_us: int,
        active: Mask,
        blobs: list[Detection],
        background: BackgroundModel,
    ) -> tuple[list[Detection], list[Detection]]:
        """Return those who rest, and the blobs that are not pieces of them."""
        kept: list[Hold] = []
        told: list[Detection] = []
        for hold in self._holds:
            place, ground = hold.place, hold.ground(background)
            unlike = self._unlike(place, place.seen_in(plane), ground, background)
            if float((unlike >= 1.0)[place.mask].mean()) < self._config.there_share:
                background.put(place.window, place.mask, ground)
                blobs = [blob for blob in blobs if hold.cover(blob) < 0.5]
                continue
            if at_us - hold.since_us > self._config.longest_s * 1e6:
                continue
            kept.append(hold)
            if not hold.resting:
                background.put(place.window, place.mask, ground)  # it never becomes the person
                continue
            told.append(Detection(hold.box, hold.score, hold.label))
            pieces = [blob for blob in blobs if hold.cover(blob) >= 0.5]
            moves = place.share(active) >= self._config.wake_share
            if moves and (pieces or not blobs):
                hold.resting = False
                background.put(place.window, place.mask, ground)
            blobs = [blob for blob in blobs if blob not in pieces]
        self._holds = kept
        return told, blobs

    def _unlike(
        self, place: Place, seen: Pixels, ground: Pixels, background: BackgroundModel
    ) -> Grid:
        config = self._config
        limit = config.floor + config.noise_gain * background.noise_of(place.window)
        return unlikeness(place.window, seen, ground, limit)

    def _follow_blobs(
        self,
        plane: Plane,
        at_us: int,
        grids: tuple[Grid, Mask],
        blobs: Sequence[Detection],
        background: BackgroundModel,
    ) -> None:
        """Follow the blobs that stay where they are, and hold those that have done so for long."""
        config, before, self._candidates = self._config, self._candidates, []
        same = iou_matrix(corners([b.box for b in blobs]), corners([c.box for c in before]))
        for index, blob in enumerate(blobs):
            place = Place.of(blob.box, grids[0])
            moves = place.share(grids[1]) >= config.still_share
            row = same[index]
            if len(before) and float(row.max()) >= config.same:
                one = before[int(row.argmax())]
                one.moved |= moves
            else:
                below = background.pixels_of(place.window)
                one = _Candidate(blob.box, at_us, at_us, moves, place, below)
            if moves:
                one.still_us = at_us
            rests = at_us - one.still_us >= config.rest_s * 1e6
            if rests or at_us - one.since_us >= config.linger_s * 1e6:
                self._hold(plane, blob, place, one, background, resting=rests)
            if not rests:
                self._candidates.append(one)

    def _hold(
        self,
        plane: Plane,
        blob: Detection,
        place: Place,
        candidate: _Candidate,
        background: BackgroundModel,
        *,
        resting: bool,
    ) -> None:
        """Remember the ground below a blob; where it rests, make it part of the background."""
        inside = [hold for hold in self._holds if not hold.resting and hold.lies_in(blob.box)]
        if not resting and inside:
            return  # its ground is known already
        known = candidate.below, candidate.place.window
        below = joined(background.pixels_of(place.window), place.window, *known)
        seen = place.seen_in(plane)
        if rim_ratio(place.mask, seen, below, BLOCK) < self._config.outline:
            return
        unlike = self._unlike(place, seen, below, background)
        score = max([blob.score, *(hold.score for hold in inside)])
        if candidate.moved:
            score = max(score, min(1.0, float(unlike[place.mask].mean()) / 2))
        since = min([hold.since_us for hold in inside], default=candidate.since_us)
        around = background.samples()
        whole = Hold(blob.box, blob.label, score, place, below, around, since, resting)
        parts = parted(whole, unlike >= 1.0) if resting else [whole]
        others = [hold for hold in self._holds if hold not in inside]
        if len(others) + len(parts) > self._config.max_holds:
            return
        self._holds = others + parts
        if resting:
            background.put(place.window, place.mask, seen)
