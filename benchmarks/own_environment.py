"""A benchmark's own Python environment, for peers that the project itself must not depend on."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
_UV = ROOT / ".tools" / "bin" / "uv"


def environment(name: str) -> Path:
    """Return the Python of ``.var/<name>``, installed from ``requirements/<name>.txt`` by hash.

    Made anew when the requirements have changed; needs the package index then. Raises RuntimeError
    with what the installer said.
    """
    requirements = ROOT / "requirements" / f"{name}.txt"
    folder = ROOT / ".var" / name
    python, mark = folder / "bin" / "python", folder / "requirements.sha256"
    wanted = hashlib.sha256(requirements.read_bytes() + sys.version.encode()).hexdigest()
    if python.exists() and mark.is_file() and mark.read_text() == wanted:
        return python
    shutil.rmtree(folder, ignore_errors=True)
    folder.parent.mkdir(exist_ok=True)
    print(f"installing {requirements.name} in {folder} …", file=sys.stderr, flush=True)
    if _UV.exists():
        _run([str(_UV), "venv", "--python", sys.executable, str(folder)])
        pip = [str(_UV), "pip", "install", "--python", str(python)]
    else:
        _run([sys.executable, "-m", "venv", str(folder)])
        pip = [str(python), "-m", "pip", "install"]
    _run([*pip, "--require-hashes", "-r", str(requirements)])
    mark.write_text(wanted)
    return python


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed: {done.stderr.strip()[-2000:]}")
