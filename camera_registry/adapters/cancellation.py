"""A cancellation that comes together with the server's answer is not lost.

``asyncio.wait_for`` of Python 3.11, in which the client waits for every answer, then returns the
answer and says nothing of the cancellation; a loop that is to end would go on for ever.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator


@contextlib.contextmanager
def heeded() -> Iterator[None]:
    """Raise CancelledError at the end of the block if its task was cancelled meanwhile.

    What was answered may then have been done: whoever is cancelled cannot tell either way.
    """
    task = asyncio.current_task()
    before = 0 if task is None else task.cancelling()
    cause: Exception | None = None
    try:
        yield
    except Exception as error:
        if task is None or task.cancelling() <= before:
            raise
        cause = error
    if task is not None and task.cancelling() > before:
        raise asyncio.CancelledError from cause
