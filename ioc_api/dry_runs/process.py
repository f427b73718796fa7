"""Runs the analysis of a dry run in a process of its own, and reads what it says.

The clip is a stranger's file: it is decoded where it can do no harm. The process has no secret in
its environment, bounds its own memory, files and processor time, and ends when we let go of it.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
import structlog

from camera_registry.base.errors import CamhubError

log = structlog.get_logger(__name__)

_LONGEST_LINE = 32 * 2**20
_TAIL = 2000


@dataclass(frozen=True, slots=True)
class ChildCommand:
    """How the child is started; the composition root knows its module."""

    module: str


async def run_child(
    command: ChildCommand,
    order: Mapping[str, Any],
    on_message: Callable[[dict[str, Any]], None],
    longest_s: float,
) -> None:
    """Run the child until it ends; each of its lines goes to ``on_message``.

    Raises CamhubError where it fails, takes too long or is killed by its own limits. Cancelling
    kills it.
    """
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("CAMHUB_")
    }
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        command.module,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        limit=_LONGEST_LINE,
        env=environment,
        start_new_session=True,
    )
    if child.stdin is None or child.stdout is None or child.stderr is None:
        raise TypeError("the child was started with pipes")
    words = asyncio.create_task(child.stderr.read())
    try:
        # stays open: at its end the child knows that we have gone
        child.stdin.write(msgspec.json.encode(order) + b"\n")
        async with asyncio.timeout(longest_s):
            while line := await child.stdout.readline():
                on_message(msgspec.json.decode(line))
            status = await child.wait()
    except TimeoutError:
        raise CamhubError(
            f"the dry run took more than {longest_s:.0f} s",
            hint="take a shorter clip",
            code="dry_run_too_long",
        ) from None
    except (ValueError, msgspec.DecodeError, ConnectionError) as error:
        raise CamhubError("the dry run said what cannot be read", code="dry_run_crashed") from error
    finally:
        with contextlib.suppress(ProcessLookupError):
            child.kill()
        child.stdin.close()
        await child.wait()
        said = (await words).decode(errors="replace")[-_TAIL:]
    if status != 0:
        log.warning("dry_run_crashed", status=status, said=said)
        raise CamhubError(
            "the clip could not be worked through: the analysis ended in the middle of it",
            hint="the file may be damaged, or need too much memory",
            code="dry_run_crashed",
        )
