"""A process of our own for a stranger's file: an order in, lines of JSON out."""

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

from camera_registry.base.errors import CamhubError, Kind, UnavailableError

log = structlog.get_logger(__name__)

_LONGEST_LINE = 4 * 2**20
_TAIL = 2000


@dataclass(frozen=True, slots=True)
class Child:
    """How it is started (``module``; the composition root knows it), and its name in messages."""

    module: str
    what: str


async def run_child(
    child: Child, order: Mapping[str, Any], on_message: Callable[[dict[str, Any]], None]
) -> dict[str, Any]:
    """Run the child to its end; return its last word (``type`` done), the rest to ``on_message``.

    Nothing secret is in its environment. Raises the CamhubError that it tells, or one that says
    that it ended in the middle. Cancelling kills it.
    """
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("CAMHUB_")
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        child.module,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        limit=_LONGEST_LINE,
        env=environment,
        start_new_session=True,
    )
    if process.stdin is None or process.stdout is None or process.stderr is None:
        raise TypeError("the child was started with pipes")
    words = asyncio.create_task(process.stderr.read())
    last: dict[str, Any] | None = None
    try:
        # stays open: at its end the child knows that we have gone
        process.stdin.write(msgspec.json.encode(order) + b"\n")
        while line := await process.stdout.readline():
            message: dict[str, Any] = msgspec.json.decode(line)
            if message["type"] in {"done", "error"}:
                last = message
            else:
                on_message(message)
    except (ValueError, KeyError, msgspec.DecodeError, ConnectionError):
        last = None
    finally:
        if last is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
        process.stdin.close()
        await process.wait()
        said = (await words).decode(errors="replace")[-_TAIL:]
    if last is None:
        log.warning("child_ended", module=child.module, status=process.returncode, said=said)
        raise UnavailableError(
            f"{child.what} ended in the middle of it",
            hint="the file may be damaged, or need too much memory",
            code="child_ended",
        )
    if last["type"] == "error":
        raise CamhubError(
            last["message"], hint=last["hint"], code=last["code"], kind=Kind[last["kind"]]
        )
    return last
