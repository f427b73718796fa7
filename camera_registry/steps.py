"""Steps of long work that run as tasks of this process and write their progress as they go.

The record of the work lies in the database, so that any replica can tell it and call it off. Should
the process die, the record shows as interrupted; what a step has written is whole.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from enum import Enum

import structlog

from camera_registry.base.errors import CamhubError

log = structlog.get_logger(__name__)

Problem = tuple[str, str, str]
"""Code, words and hint of what ended a step."""


class StoppedError(Exception):
    """Somebody has called the work off."""


class Ending(Enum):
    """How a step ended that did not end well."""

    STOPPED = "stopped"
    REFUSED = "refused"
    BROKEN = "broken"


Finish = Callable[[Ending, Problem], Awaitable[None]]


class StepRunner:
    """Runs steps; whatever ends one, its record says so. ``what`` names the work in the log."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._tasks: set[asyncio.Task[None]] = set()

    def run(self, work_id: str, work: Awaitable[None], finish: Finish) -> None:
        """Begin a step; ``finish`` is told where it does not come to its end."""
        task = asyncio.create_task(self._guarded(work_id, work, finish))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Break off what this process works at, and wait for it."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _guarded(self, work_id: str, work: Awaitable[None], finish: Finish) -> None:
        try:
            await work
        except StoppedError:
            log.info("step_stopped", work=self._what, id=work_id)
            await finish(Ending.STOPPED, ("cancelled", "It was stopped", ""))
        except CamhubError as error:
            log.warning("step_failed", work=self._what, id=work_id, reason=error.message)
            await finish(Ending.REFUSED, (error.code, error.message, error.hint))
        except Exception:
            # a fault of ours: nobody waits for this task, so here is the place to tell it
            log.exception("step_broken", work=self._what, id=work_id)
            await finish(Ending.BROKEN, ("internal", "The hub could not go on", "see its log"))
