"""Which alarms maintenance windows silence: quick with thousands of windows, too."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from camera_registry.health.model import Target, Window


class Silence:
    """A set of windows. A window counts from its beginning until just before its end."""

    def __init__(self, windows: Iterable[Window] = ()) -> None:
        self._windows: defaultdict[tuple[Target, str], list[Window]] = defaultdict(list)
        self._grouped: list[Window] = []
        for window in windows:
            self._windows[window.target, window.target_id].append(window)
            if window.target is Target.GROUP:
                self._grouped.append(window)

    def covers(self, camera_id: str, unit_code: str, groups: Iterable[str], at_us: int) -> bool:
        """Say whether an alarm of this camera at this time is silenced."""
        keys = [(Target.CAMERA, camera_id), (Target.UNIT, unit_code)]
        keys += [(Target.GROUP, group) for group in groups]
        return any(_within(window, at_us) for key in keys for window in self._windows.get(key, ()))

    def asks_for_groups(self, at_us: int) -> bool:
        """Say whether it matters at this time which groups a camera is in."""
        return any(_within(window, at_us) for window in self._grouped)


def _within(window: Window, at_us: int) -> bool:
    return window.from_us <= at_us < window.until_us
