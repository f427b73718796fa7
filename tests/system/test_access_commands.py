"""`camhub users` and `camhub tls`: what is done on the machine itself."""

from __future__ import annotations

import os
import sqlite3
import subprocess
from pathlib import Path

import pytest

from tests.system.hub import CAMHUB

pytestmark = pytest.mark.timeout(600)

PASSWORD = "nhieu tu khac nhau 42"


def camhub(data: Path, *arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*CAMHUB, *arguments, "--data", str(data)],
        input=given,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env=dict(os.environ),
    )


@pytest.mark.parametrize("command", [["users", "create"], ["tls", "init"], ["users"], ["tls"]])
def test_each_command_has_help(tmp_path: Path, command: list[str]) -> None:
    done = subprocess.run([*CAMHUB, *command, "--help"], capture_output=True, text=True, check=True)
    assert "Usage:" in done.stdout
    assert len(command) == 1 or "Example" in done.stdout


def test_an_account_from_making_to_mending(tmp_path: Path) -> None:
    data = tmp_path / "data"
    made = camhub(
        data,
        *("users", "create", "chihuy", "--role", "administrator", "--password-stdin"),
        given=f"{PASSWORD}\n",
    )
    assert made.returncode == 0, made.stderr
    again = camhub(
        data,
        *("users", "create", "chihuy", "--role", "operator", "--password-stdin"),
        given=f"{PASSWORD}\n",
    )
    assert again.returncode == 65
    assert "is taken" in again.stderr
    with sqlite3.connect(data / "camhub.db") as database:
        database.execute("update accounts set totp_sealed = x'00'")
    assert "second-step" in camhub(data, "users", "list").stdout
    assert camhub(data, "users", "reset-totp", "chihuy").returncode == 0
    listed = camhub(data, "users", "list").stdout
    assert "chihuy" in listed
    assert "administrator" in listed
    assert "second-step" not in listed
    assert camhub(data, "users", "unlock", "chihuy").returncode == 0
    missing = camhub(data, "users", "unlock", "nobody")
    assert missing.returncode == 66
    with sqlite3.connect(data / "camhub.db") as database:
        whats = [row[0] for row in database.execute("select what from access_log order by seq")]
        everything = "\n".join(database.iterdump())
    assert whats == ["account_created", "totp_removed", "account_unlocked"]
    for printed in (made, again):
        assert PASSWORD not in printed.stdout + printed.stderr
    assert PASSWORD not in everything


def test_https_needs_both_files(tmp_path: Path) -> None:
    done = camhub(tmp_path / "data", "up", "--tls-cert", "missing.crt", "--port", "0")
    assert done.returncode == 78
    lines = [line for line in done.stderr.splitlines() if line.startswith("camhub:")]
    assert len(lines) == 1
    assert "Traceback" not in done.stderr
