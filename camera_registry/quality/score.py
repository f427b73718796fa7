"""One score out of six, and one of many cameras."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from camera_registry.naming import CodeScheme
from camera_registry.quality import principles
from camera_registry.quality.model import Facts, Principle, Quality
from camera_registry.quality.standard import Standard


class Judge:
    """Judges cameras by one standard. ``units`` says whether a code is that of a unit."""

    def __init__(
        self, standard: Standard, scheme: CodeScheme, units: Callable[[str], bool]
    ) -> None:
        self.standard = standard
        self._scheme = scheme
        self._units = units

    def judge(self, facts: Facts, now_us: int) -> Quality:
        """Return the scores of a camera, with what was found, the costliest first."""
        facts = self._fresh(facts, now_us)
        judged = {
            Principle.CORRECT: principles.correct(facts, self.standard),
            Principle.COMPLETE: principles.complete(facts, self.standard),
            Principle.CLEAN: principles.clean(facts, self._scheme),
            Principle.LIVE: principles.live(facts),
            Principle.UNIFIED: principles.unified(facts, self.standard, self._units),
            Principle.SHARED: principles.shared(facts.uses, young=facts.young),
        }
        scores = {each: score for each, (score, _) in judged.items()}
        findings = [finding for _, found in judged.values() for finding in found]
        findings.sort(key=lambda each: -each.lost * self.standard.weights[each.principle])
        return Quality(weighted(scores, self.standard.weights), scores, tuple(findings))

    def _fresh(self, facts: Facts, now_us: int) -> Facts:
        """Drop a measurement that is too old to say anything."""
        oldest = now_us - self.standard.measure_days * 86_400_000_000
        if facts.measure is not None and facts.measure.at_us < oldest:
            return replace(facts, measure=None)
        return facts


def weighted(
    scores: Mapping[Principle, float | None], weights: Mapping[Principle, float]
) -> float | None:
    """Return the weighted mean of what is known; None where nothing of weight is."""
    known = [(score, weights[each]) for each, score in scores.items() if score is not None]
    total = sum(weight for _, weight in known)
    return sum(score * weight for score, weight in known) / total if total > 0 else None


def mean(scores: Iterable[tuple[float | None, int]]) -> float | None:
    """Return the mean of scores by numbers of cameras, without those that are not known."""
    known = [(score, cameras) for score, cameras in scores if score is not None and cameras > 0]
    cameras = sum(count for _, count in known)
    return sum(score * count for score, count in known) / cameras if cameras else None
