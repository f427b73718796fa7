"""The simulator in a process of its own, as benchmarks and end-to-end tests want it."""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection as Pipe

from camera_registry.base.errors import CamhubError, UnavailableError
from ingest.simulator.config import Ready, SimulatorConfig
from ingest.simulator.server import run


@dataclass(frozen=True, slots=True)
class SimulatorProcess:
    """A simulator that is up, with every clip loaded."""

    pid: int
    ready: Ready


def _main(config: SimulatorConfig, pipe: Pipe) -> None:
    async def serve() -> None:
        places: list[Ready] = []

        def progress(_: str, count: int, total: int) -> None:
            if count == total:
                pipe.send(places[0])

        task = asyncio.ensure_future(run(config, ready=places.append, progress=progress))
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
        with contextlib.suppress(asyncio.CancelledError):
            await task

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's business
    try:
        asyncio.run(serve())
    except CamhubError as error:
        pipe.send(str(error))


@contextlib.contextmanager
def simulator_process(
    config: SimulatorConfig, *, start_timeout_s: float = 180.0
) -> Iterator[SimulatorProcess]:
    """Run the simulator in a child process while the ``with`` block lasts.

    Yields when every clip is loaded, so that what is measured holds no rendering. Raises
    UnavailableError if it does not come up.
    """
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_main, args=(config, there), name="camhub-simulator")
    process.start()
    there.close()
    try:
        answer = here.recv() if here.poll(start_timeout_s) else "it took too long"
        if not isinstance(answer, Ready) or process.pid is None:
            raise UnavailableError(f"the simulator did not start: {answer}")
        yield SimulatorProcess(process.pid, answer)
    except EOFError:
        raise UnavailableError("the simulator ended while starting") from None
    finally:
        process.terminate()
        process.join(10)
        if process.is_alive():
            process.kill()
            process.join()
        here.close()
