"""A whole hub for an hour, with sixty cameras that fail at random: does anything grow?

`camhub up` runs with its workers; the cameras come from a simulator in a process of its own, and
each has a fault of a random kind every three minutes or so, drawn from ``--seed``. Every ten
seconds each process of the hub is looked at: memory, threads, file handles. After the warm-up (a
sixth of the time) the trend of each is held against what is tolerated; every camera must be live
again within ``--recover`` seconds after each of its faults, and all of them in the end; no process
may have been started anew. Ends with 1 where one of that is not so.

Example: python -m benchmarks.soak --minutes 5 --cameras 20 --json soak.json
"""

from __future__ import annotations

import argparse
import contextlib
import logging
import sys
import tempfile
import time
from collections import Counter
from dataclasses import asdict
from pathlib import Path

import httpx
import psutil
import structlog

from benchmarks import numbers
from benchmarks.events import wait_until_live
from benchmarks.report import Figure, Result, Run, finish
from benchmarks.soak_plan import PlannedFault, cameras, plan, transport
from benchmarks.soak_watch import QUANTITIES, UNITS, Recovery, Sample, growth, look, tolerated
from ingest.simulator import Ready, SimulatorConfig
from ingest.simulator.process import simulator_process
from ioc_api.cli.simulate import default_cache
from tests.system.hub import Hub

_SAMPLE_S = 10.0
_STATES_S = 2.0
_SAY_S = 60.0
_STEP_S = 0.2
_START_S = 240.0


class Soak:
    """A soak under way: sets faults, looks at processes and states. Times are since its start."""

    def __init__(self, hub: Hub, ready: Ready, faults: list[PlannedFault], limit_s: float) -> None:
        self._hub = hub
        self._faults = faults[::-1]
        self._control = f"http://{ready.host}:{ready.control_port}"
        self._began = time.monotonic()
        self._pids = self._now_running()
        self.recovery = Recovery(limit_s)
        self.samples: dict[str, list[Sample]] = {role: [] for role in self._pids}
        self.kinds: Counter[str] = Counter()
        self.restarts: list[str] = []
        self.unanswered = 0

    @property
    def elapsed_s(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self._began

    def run(self, seconds: float) -> None:
        """Set faults for so long, then wait until all cameras are live or their time is over."""
        due = {self._sample: 0.0, self._see: 0.0, self._say: _SAY_S}
        every = {self._sample: _SAMPLE_S, self._see: _STATES_S, self._say: _SAY_S}
        while self.elapsed_s < seconds:
            self._break_cameras()
            for work, at_s in due.items():
                if self.elapsed_s >= at_s:
                    work()
                    due[work] = max(at_s + every[work], self.elapsed_s)
            time.sleep(_STEP_S)
        while self.recovery.away and self.elapsed_s < seconds + self.recovery.limit_s:
            time.sleep(_STATES_S)
            self._see()
        self.recovery.end(self.elapsed_s)

    def _now_running(self) -> dict[str, int]:
        assert self._hub.process is not None
        roles = {role: int(pid) for role, pid in self._hub.ready["roles"].items()}
        return {"up": self._hub.process.pid, **roles}

    def _break_cameras(self) -> None:
        while self._faults and self._faults[-1].at_s <= self.elapsed_s:
            planned = self._faults.pop()
            url = f"{self._control}/cameras/{planned.camera}/fault"
            self.recovery.begins(planned, self.elapsed_s)
            httpx.post(url, json=planned.fault.to_json(), timeout=60).raise_for_status()
            self.kinds[planned.fault.kind.value] += 1

    def _sample(self) -> None:
        running = self._now_running()
        for role, pid in running.items():
            if pid != self._pids[role]:
                self.restarts.append(f"{role} at {self.elapsed_s:.0f} s")
                self._pids[role] = pid
            # one that has just ended is told by its successor's number
            with contextlib.suppress(psutil.NoSuchProcess):
                self.samples[role].append(look(pid, self.elapsed_s))

    def _see(self) -> None:
        states = self._hub.states()
        self.unanswered += not states
        self.recovery.see(states, self.elapsed_s)

    def _say(self) -> None:
        shown = ", ".join(
            f"{role} {found[-1].uss:.0f} MiB {found[-1].threads:.0f} thr {found[-1].handles:.0f} fd"
            for role, found in self.samples.items()
            if found
        )
        print(
            f"{self.elapsed_s / 60:4.0f} min, {self.recovery.away} cameras away: {shown}",
            file=sys.stderr,
            flush=True,
        )


def register(hub: Hub, urls: list[str]) -> None:
    """Register the cameras through the API under the names that the simulator has."""
    with hub.client() as client:
        unit = client.get("/api/v1/units").raise_for_status().json()["items"][0]["code"]
        for number, url in enumerate(urls):
            body = {
                "name": url.rpartition("/")[2],
                "unit_code": unit,
                "url": url,
                "transport": transport(number),
            }
            client.post("/api/v1/cameras", json=body).raise_for_status()


def measure(run: Run, given: argparse.Namespace) -> Result:
    """Run it all and judge."""
    made = cameras(given.cameras, given.width, given.height, given.fps)
    seconds = 60.0 * given.minutes
    faults = plan([camera.name for camera in made], seconds, given.seed)
    config = SimulatorConfig(
        made, default_cache(), control_port=0, session_timeout_s=60, max_connections=4096
    )
    with (
        tempfile.TemporaryDirectory() as folder,
        simulator_process(config, start_timeout_s=600) as simulator,
    ):
        hub = Hub(Path(folder) / "data", demo=0, workers=given.workers)
        try:
            hub.start()
            register(hub, [simulator.ready.url(camera.name) for camera in made])
            wait_until_live(hub, given.cameras, _START_S)
            soak = Soak(hub, simulator.ready, faults, given.recover)
            soak.run(seconds)
        finally:
            if hub.process is not None and hub.process.poll() is None:
                hub.stop()
    return judged(run, soak, given.cameras, seconds / 6)


def judged(run: Run, soak: Soak, count: int, warm_up_s: float) -> Result:
    """Hold what was found against what is tolerated."""
    figures: list[Figure] = []
    notes = [
        f"{count} cameras, {sum(soak.kinds.values())} faults: "
        + ", ".join(f"{kind} {times}" for kind, times in sorted(soak.kinds.items())),
        f"trend: Theil-Sen over the minutes' medians, warm-up {warm_up_s / 60:.1f} min left out",
        "RSS is shown and not judged: it counts what processes share",
    ]
    for role, samples in soak.samples.items():
        for quantity in QUANTITIES:
            found = growth(samples, quantity, warm_up_s)
            target = None if quantity == "rss" else tolerated(quantity, found.level)
            name = f"{role}: rise of {quantity} over {found.over_s / 60:.0f} min"
            figures.append(Figure(name, found.rise, UNITS[quantity], target=target))
            if quantity == "uss":
                notes.append(f"{role}: USS {found.level:.0f} MiB in the middle")
    recovery = soak.recovery
    figures += [
        Figure("cameras not live in the end", len(recovery.lost), "cameras", target=0),
        Figure(f"live later than {recovery.limit_s:.0f} s", len(recovery.late), "times", target=0),
        Figure("processes started anew", len(soak.restarts), "times", target=0),
    ]
    if recovery.took_s:
        for share in (0.5, 0.99):
            value = numbers.percentile(recovery.took_s, share)
            figures.append(Figure(f"fault's end to live, p{100 * share:.0f}", value, "s"))
    notes += [*recovery.lost, *recovery.late, *soak.restarts]
    if soak.unanswered:
        notes.append(f"the api did not answer {soak.unanswered} questions for the states")
    details = {
        "samples": {
            role: [list(asdict(sample).values()) for sample in samples]
            for role, samples in soak.samples.items()
        },
        "columns": ["at_s", *QUANTITIES],
        "faults": dict(soak.kinds),
    }
    return run.result(figures, notes, details)


def main() -> int:
    """Measure, print, write; 1 where something grew or did not come back."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--json", type=Path, help="write the result here")
    options.add_argument("--minutes", type=float, default=60.0)
    options.add_argument("--cameras", type=int, default=60)
    options.add_argument("--workers", type=int, default=2)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--recover", type=float, default=90.0, help="seconds to be live again")
    options.add_argument("--width", type=int, default=320)
    options.add_argument("--height", type=int, default=180)
    options.add_argument("--fps", type=int, default=10)
    given = options.parse_args()
    if given.minutes < 3:
        options.error("--minutes: a trend needs three")
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    result = measure(Run("soak"), given)
    finish(result, given.json)
    return 1 if any(figure.missed for figure in result.figures) else 0


if __name__ == "__main__":
    sys.exit(main())
