"""What a tracker is tuned by, and the two presets: for boxes of objects and for blobs that move.

Both were tuned on scenes of seeds that ``benchmarks.tracking`` never scores.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Round:
    """A round of matching. ``reach``: by how many standard deviations of a track's place its box,
    and the detection's, are widened before IoU, at most by ``widest`` of their sides and at least
    by ``floor`` of the picture; ``least``: affinity below which nothing is joined.
    """

    reach: float
    least: float
    widest: float = 1.0
    floor: float = 0.0


@dataclass(frozen=True, slots=True)
class TrackerConfig:
    """Times in seconds, lengths in sides of the object's own box, so that a preset holds for near
    and far, and for every picture.

    ``high_score``: from here on a detection may begin a track; weaker ones only carry one on.
    ``clutter_gain``: by how much that rises for each track a frame that began and came to nothing,
    at most to ``clutter_score``; so rain, leaves and noise raise the bar for themselves.
    ``clutter_s``: time constant of that count.

    ``confirm_hits``: frames with the object before the track counts; ``steady``: how well its boxes
    must by then lie where they were predicted (running mean of IoU), which specks of rain or noise
    that happen to follow one another do not. ``lost_s``: how long a confirmed track is predicted on
    without being seen; one that was never confirmed ends after ``tentative_lost_s``. Either may be
    missed in one frame, however long ago the last one was up to ``gap_s``: a camera at rest is
    looked at once per keyframe, of which the gate takes one in ten seconds to be enough.
    ``max_tracks`` bounds the cost of a frame full of noise.

    ``strong``, ``weak``, ``rest``: the rounds of matching, for strong detections, for weak ones and
    for the strong that are left. ``tentative``: weight of a track that is not confirmed yet;
    ``gate``: how much a distance counts that the motion does not explain.

    ``place_noise``, ``size_noise``: standard deviation of a detection's middle and size.
    ``first_speed``: of a new object, a second. ``agility``: variance by which the speed changes in
    a second; ``growth``: the same of the logarithm of the size.

    ``shared_s``: how long tracks may hide in one blob, which is one that covers them and is
    ``merge_growth`` times as large as its owner; 0 where a detector tells objects apart.
    """

    high_score: float = 0.35
    clutter_gain: float = 0.3
    clutter_score: float = 0.7
    clutter_s: float = 5.0
    confirm_hits: int = 2
    steady: float = 0.0
    lost_s: float = 2.0
    tentative_lost_s: float = 0.3
    gap_s: float = 12.0
    max_tracks: int = 100
    strong: Round = Round(1.0, 0.2)
    weak: Round = Round(1.0, 0.2)
    rest: Round = Round(3.0, 0.1)
    tentative: float = 0.9
    gate: float = 0.05
    place_noise: float = 0.075
    size_noise: float = 0.1
    first_speed: float = 1.2
    agility: float = 0.5
    growth: float = 0.03
    shared_s: float = 0.0
    merge_growth: float = 1.6


CLASSES = TrackerConfig(clutter_gain=0.0)
"""For a detector that tells one box for each object."""

BLOBS = TrackerConfig(
    confirm_hits=4,
    steady=0.25,
    tentative_lost_s=0.5,
    rest=Round(5.0, 0.05, floor=0.01),
    gate=0.06,
    place_noise=0.15,
    size_noise=0.06,
    first_speed=2.5,
    agility=1.5,
    growth=0.04,
    shared_s=3.0,
)
"""For what moves together as one blob: it merges, splits and changes its shape."""
