"""Run every benchmark one after another, print one table, write one file.

``python -m benchmarks`` is what ``make bench`` calls. Each runs in a process of its own, so that
none measures what another has left behind. One that fails is said, and the others go on.
"""

from __future__ import annotations

import json
import subprocess
import sys

from benchmarks.report import RESULTS, Result, table

NAMES = (
    "simulator",
    "ingest",
    "idle_density",
    "busy_density",
    "limits",
    "curve",
    "latency",
    "tracking",
    "memory",
    "events",
    "probe",
    "browser",
    "registry",
    "pages",
    "imports",
    "edits",
    "quality",
)


def main() -> int:
    """Run them; return 1 if one failed."""
    RESULTS.mkdir(exist_ok=True)
    results: list[Result] = []
    failed: list[str] = []
    for name in NAMES:
        path = RESULTS / f"{name}.json"
        path.unlink(missing_ok=True)
        print(f"{name} …", file=sys.stderr, flush=True)
        command = [sys.executable, "-m", f"benchmarks.{name}", "--json", str(path)]
        done = subprocess.run(command, stdout=subprocess.DEVNULL, check=False)
        if done.returncode or not path.exists():
            failed.append(name)
        else:
            results.append(Result.from_json(json.loads(path.read_text())))
    if results:
        print(table(results))
    body = {"results": [result.to_json() for result in results], "failed": failed}
    (RESULTS / "all.json").write_text(json.dumps(body, indent=1, ensure_ascii=False) + "\n")
    for name in failed:
        print(f"{name} FAILED: see what it said above", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
