"""The rules of one camera at work: schedules, cool-downs and counts in one call for each frame."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from analytics.rulebook.book import (
    CrowdRule,
    DwellRule,
    LeftObjectRule,
    LineCrossRule,
    QueueRule,
    Rule,
    Rulebook,
    StoppedRule,
    TamperRule,
    WrongWayRule,
    ZoneEnterRule,
    ZoneLeaveRule,
)
from analytics.rulebook.schedule import time_zone
from analytics.rules.base import Machine, Outcome, Sight
from analytics.rules.crowd import Crowd
from analytics.rules.direction import WrongWay
from analytics.rules.dwell import Dwell
from analytics.rules.left_object import LeftObject
from analytics.rules.lines import LineCross
from analytics.rules.queue import Queue
from analytics.rules.stopped import Stopped
from analytics.rules.tamper import Tamper
from analytics.rules.zones import ZoneEnter, ZoneLeave
from analytics.series import CountRecord

_MACHINES: dict[type[Rule], Callable[[Any], Machine]] = {
    ZoneEnterRule: ZoneEnter,
    ZoneLeaveRule: ZoneLeave,
    LineCrossRule: LineCross,
    DwellRule: Dwell,
    QueueRule: Queue,
    CrowdRule: Crowd,
    StoppedRule: Stopped,
    WrongWayRule: WrongWay,
    LeftObjectRule: LeftObject,
    TamperRule: Tamper,
}

_BY_PICTURE = (LeftObjectRule, TamperRule)


def machine_of(rule: Rule) -> Machine:
    """Return a rule at work, with nothing seen yet."""
    return _MACHINES[type(rule)](rule)


class _Slot:
    """A rule with its machine; the machine is made anew when its schedule begins again."""

    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        self.machine = machine_of(rule)
        self.fresh = True

    def clear(self) -> list[CountRecord]:
        """Forget everything; return the counts that were still open."""
        if self.fresh:
            return []
        records = self.machine.counts(None)
        self.machine, self.fresh = machine_of(self.rule), True
        return records


class RuleEngine:
    """Applies a rulebook. Not thread-safe: one camera is processed by one thread at a time.

    What the rules say depends on nothing but the frames given, in their order. A time that runs
    back makes them begin anew: the camera's clock was set.
    """

    def __init__(self, rulebook: Rulebook) -> None:
        self._slots: list[_Slot] = []
        self._at_us: int | None = None
        self.use(rulebook)

    def use(self, rulebook: Rulebook) -> list[CountRecord]:
        """Go on with other rules; return the counts that were still open of those that are no more.

        A rule that is as it was keeps all that it has seen: who waits there goes on waiting.
        """
        known = {slot.rule.id: slot for slot in self._slots}
        self._zone = time_zone(rulebook.time_zone)
        self._slots = []
        for rule in rulebook.rules:
            slot = known.get(rule.id)
            if slot is not None and slot.rule == rule:
                del known[rule.id]
            else:
                slot = _Slot(rule)
            self._slots.append(slot)
        self._needs_pictures = any(isinstance(rule, _BY_PICTURE) for rule in rulebook.rules)
        return [record for slot in known.values() for record in slot.clear()]

    @property
    def needs_pictures(self) -> bool:
        """Whether a rule goes by the pictures themselves, also where nobody is in them."""
        return self._needs_pictures

    def update(self, sight: Sight) -> Outcome:
        """Take one frame; return what came true in it, and the counts of minutes that closed."""
        outcome = Outcome()
        if self._at_us is not None and sight.at_us < self._at_us:
            outcome.counts += self.flush()
        self._at_us = sight.at_us
        for slot in self._slots:
            schedule = slot.rule.schedule
            if schedule is not None and not schedule.holds(sight.at_us, self._zone):
                outcome.counts += slot.clear()
                continue
            slot.fresh = False
            before = slot.machine.held_back
            outcome.hits += slot.machine.see(sight)
            outcome.counts += slot.machine.counts(sight.at_us)
            held_back = slot.machine.held_back - before
            if held_back:
                kind = slot.rule.kind
                outcome.held_back[kind] = outcome.held_back.get(kind, 0) + held_back
        return outcome

    def open_counts(self) -> list[CountRecord]:
        """Return the counts of minutes that are still open, as they are now."""
        return [record for slot in self._slots for record in slot.machine.open_counts()]

    def flush(self) -> list[CountRecord]:
        """Forget what was seen; return the counts of the minutes that were still open."""
        return [record for slot in self._slots for record in slot.clear()]
