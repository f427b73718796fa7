"""A process of our own for a stranger's file: an order in, lines of JSON out."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
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


class Running:
    """A child that was given its order. ``said``: the end of what it wrote on stderr, once over."""

    def __init__(self, process: Process) -> None:
        if process.stdin is None or process.stdout is None or process.stderr is None:
            raise TypeError("the child was started with pipes")
        self._process = process
        self._stdin, self._stdout = process.stdin, process.stdout
        self._words = asyncio.create_task(process.stderr.read())
        self.said = ""

    def give(self, order: Mapping[str, Any]) -> None:
        """Write its order. Its standard input stays open: at its end the child would end, too."""
        self._stdin.write(msgspec.json.encode(order) + b"\n")

    async def messages(self) -> AsyncIterator[dict[str, Any]]:
        """Yield its lines. Raises ValueError or msgspec.DecodeError for one that is none."""
        while line := await self._stdout.readline():
            yield msgspec.json.decode(line)

    async def end(self) -> int:
        """Let it end by itself; return its exit status."""
        self._stdin.close()
        return await self._process.wait()

    async def kill(self) -> None:
        """End it where it has not ended, and read its last words."""
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        await self.end()
        self.said = (await self._words).decode(errors="replace")[-_TAIL:]


@asynccontextmanager
async def running(
    module: str, order: Mapping[str, Any], *, longest_line: int = _LONGEST_LINE
) -> AsyncIterator[Running]:
    """Start a child and give it its order; whatever happens, it is gone at the end.

    Nothing secret is in its environment.
    """
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("CAMHUB_")
    }
    child = Running(
        await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", module),
            stdin=PIPE,
            stdout=PIPE,
            stderr=PIPE,
            limit=longest_line,
            env=environment,
            start_new_session=True,
        )
    )
    try:
        child.give(order)
        yield child
    finally:
        await child.kill()


async def run_child(
    child: Child, order: Mapping[str, Any], on_message: Callable[[dict[str, Any]], None]
) -> dict[str, Any]:
    """Run the child to its end; return its last word (``type`` done), the rest to ``on_message``.

    Raises the CamhubError that it tells, or one that says that it ended in the middle. Cancelling
    kills it.
    """
    last: dict[str, Any] | None = None
    status = None
    async with running(child.module, order) as process:
        try:
            async for message in process.messages():
                if message["type"] in {"done", "error"}:
                    last = message
                else:
                    on_message(message)
            status = await process.end()
        except (ValueError, KeyError, msgspec.DecodeError, ConnectionError):
            last = None
    if last is None:
        log.warning("child_ended", module=child.module, status=status, said=process.said)
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
