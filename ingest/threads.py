"""Blocking work in a thread of its own, awaited and stopped from asyncio."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable


async def run_stoppable(
    work: Callable[[], None], stop: threading.Event, *, name: str, grace_s: float
) -> None:
    """Run ``work`` in a daemon thread and wait for it; what it raises is raised here.

    Cancellation sets ``stop`` and waits at most ``grace_s`` for the thread: one that sits in a call
    which cannot be interrupted is left behind and ends by itself, its outcome unheard. A thread per
    call, because a pool would make cameras wait for each other.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[BaseException | None] = loop.create_future()

    def body() -> None:
        outcome: BaseException | None = None
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - raised again in the task that waits
            outcome = error
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody is left to tell
            loop.call_soon_threadsafe(finish, outcome)

    def finish(outcome: BaseException | None) -> None:
        if not done.done():
            done.set_result(outcome)

    threading.Thread(target=body, name=name, daemon=True).start()
    try:
        outcome = await asyncio.shield(done)
    except asyncio.CancelledError:
        stop.set()
        await asyncio.wait({done}, timeout=grace_s)
        raise
    if outcome is not None:
        raise outcome
