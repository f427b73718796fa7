"""Back-off, and the one retry loop of the house."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog

from camera_registry.base.clock import Clock
from camera_registry.base.errors import CamhubError

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Backoff:
    """Exponential back-off with full jitter in its upper half.

    Delay n is drawn evenly from [d/2, d] with d = min(cap, base * 2**n), in seconds: never zero, so
    that a failing camera is not hammered, and never in step with its neighbours ("equal jitter" of
    Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015).
    """

    base_s: float = 0.5
    cap_s: float = 30.0
    attempt: int = 0

    def next_delay(self) -> float:
        """Return the next delay in seconds and count the attempt."""
        ceiling = min(self.cap_s, self.base_s * 2 ** min(self.attempt, 30))
        self.attempt += 1
        return random.uniform(ceiling / 2, ceiling)  # noqa: S311 - jitter, not a secret

    def reset(self) -> None:
        """Start again from the shortest delay."""
        self.attempt = 0


async def retrying(
    run_once: Callable[[], Awaitable[None]],
    *,
    clock: Clock,
    backoff: Backoff,
    on_error: Callable[[CamhubError, float], Awaitable[None]],
    healthy_s: float = 10.0,
) -> None:
    """Run ``run_once`` for ever; after a CamhubError wait and run it again.

    A run that lasted ``healthy_s`` or longer resets the back-off. ``on_error`` gets the error and
    the delay in seconds before the next try. Any other exception, and cancellation, end the loop:
    what we did not foresee must not be swallowed.
    """
    while True:
        started = clock.monotonic()
        try:
            await run_once()
        except CamhubError as error:
            if clock.monotonic() - started >= healthy_s:
                backoff.reset()
            delay = backoff.next_delay()
            await on_error(error, delay)
            await clock.sleep(delay)
        else:
            backoff.reset()


async def keeping(run_once: Callable[[], Awaitable[None]], clock: Clock, name: str) -> None:
    """Run the rounds of a keeper for ever: one that fails is logged under its name.

    The next is tried a second later, then ever later up to a minute. Ends as ``retrying`` does.
    """

    async def say(error: CamhubError, delay_s: float) -> None:
        log.warning("keeper_waits", keeper=name, reason=error.message, delay_s=round(delay_s, 2))

    backoff = Backoff(base_s=1.0, cap_s=60.0)
    await retrying(run_once, clock=clock, backoff=backoff, on_error=say)
