"""The machine that a figure was measured on, in one line."""

from __future__ import annotations

import os
import platform
import re
import subprocess
from pathlib import Path

import psutil


def processor_name(cpuinfo: str) -> str:
    """Return the processor's name from the text of /proc/cpuinfo, or ``unknown processor``."""
    found = re.search(r"^model name\s*:\s*(.+)$", cpuinfo, re.MULTILINE)
    return " ".join(found[1].split()) if found else "unknown processor"


def processor_identity(cpuinfo: str) -> str:
    """Return family and model: two machines of one name may be years apart."""
    family = re.search(r"^cpu family\s*:\s*(\d+)$", cpuinfo, re.MULTILINE)
    model = re.search(r"^model\s*:\s*(\d+)$", cpuinfo, re.MULTILINE)
    return f"family {family[1]} model {model[1]}" if family and model else "unknown family"


def describe() -> str:
    """Return processor, cores, memory, kernel and Python, and the load as of now."""
    try:
        cpuinfo = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        cpuinfo = ""
    gib = psutil.virtual_memory().total / 2**30
    return (
        f"{processor_name(cpuinfo)} ({processor_identity(cpuinfo)}), {os.cpu_count()} cores, "
        f"{gib:.0f} GiB, {platform.system()} {platform.release()}, "
        f"Python {platform.python_version()}, load {os.getloadavg()[0]:.2f}"
    )


def version_of(command: list[str]) -> str:
    """Return the first line that a tool says of its version; empty where it cannot be run."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip().splitlines()[0] if done.stdout.strip() else ""
