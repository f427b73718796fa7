"""Puts the simulator together: cameras, ports, control, and the clips as they become ready."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from pathlib import Path

import structlog

from camera_registry.base.clock import Clock, SystemClock
from camera_registry.base.errors import InvalidError, UnavailableError
from ingest.simulator.camera import SimulatedCamera
from ingest.simulator.clip import Clip, read_clip
from ingest.simulator.config import Ready, SimulatorConfig
from ingest.simulator.connection import Connection
from ingest.simulator.control import Control
from ingest.simulator.library import ClipSpec, build_all
from ingest.simulator.rtp import PreparedClip, prepare
from ingest.simulator.scenes import SCENES

log = structlog.get_logger(__name__)

_READ_LIMIT = 16_384  # bytes that a connection holds before it reads no further

ReadyCallback = Callable[[Ready], None]
Progress = Callable[[str, int, int], None]  # name of the clip, clips ready, clips in all


async def run(
    config: SimulatorConfig,
    *,
    ready: ReadyCallback | None = None,
    progress: Progress | None = None,
    clock: Clock | None = None,
) -> None:
    """Serve until cancelled.

    ``ready`` is called when the ports are open; a camera's DESCRIBE waits until its clip is there.
    ``progress`` is called after each clip. Raises UnavailableError if a port is taken, InvalidError
    for a source that cannot be played, StorageError if the cache cannot be written.
    """
    simulator = Simulator(config, clock or SystemClock())
    try:
        await simulator.open()
        if ready is not None:
            ready(simulator.ready)
        await simulator.serve(progress)
    finally:
        await simulator.close()


def _only_error(group: BaseExceptionGroup[BaseException]) -> BaseException:
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


class Simulator:
    """The running simulator; ``run`` is the way to use it."""

    def __init__(self, config: SimulatorConfig, clock: Clock) -> None:
        self._config = config
        self.cameras = {camera.name: SimulatedCamera(camera, clock) for camera in config.cameras}
        self._servers: dict[str, asyncio.Server] = {}
        self._connections: set[asyncio.Task[None]] = set()
        self.ready = Ready(config.host, 0, None, {})

    async def open(self) -> None:
        """Open all ports. Raises InvalidError, UnavailableError."""
        await asyncio.to_thread(_check_sources, self._config)
        shared = {
            name: camera for name, camera in self.cameras.items() if not camera.config.own_port
        }
        port = await self._listen("", self._config.port, shared)
        own: dict[str, int] = {}
        for name, camera in self.cameras.items():
            if camera.config.own_port:
                own[name] = await self._listen(name, 0, {name: camera})
                camera.on_refuse = partial(self._refuse, name, own[name])
        control_port = None
        if self._config.control_port is not None:
            control_port = await self._listen_control(self._config.control_port)
        self.ready = Ready(self._config.host, port, control_port, own)

    async def _listen(self, name: str, port: int, cameras: Mapping[str, SimulatedCamera]) -> int:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            if task is None or len(self._connections) >= self._config.max_connections:
                writer.transport.abort()
                return
            self._connections.add(task)
            try:
                # The task ends here in any case, and asyncio's streams would log a cancelled one.
                with contextlib.suppress(asyncio.CancelledError):
                    timeout_s = self._config.session_timeout_s
                    await Connection(reader, writer, cameras, timeout_s).serve()
            finally:
                self._connections.discard(task)

        self._servers[name] = await self._start(serve, self._config.host, port)
        return int(self._servers[name].sockets[0].getsockname()[1])

    async def _listen_control(self, port: int) -> int:
        # Loopback whatever the host of the cameras is: it has no password.
        server = await self._start(Control(self.cameras).serve, "127.0.0.1", port)
        self._servers["control/"] = server
        return int(server.sockets[0].getsockname()[1])

    @staticmethod
    async def _start(
        serve: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
        host: str,
        port: int,
    ) -> asyncio.Server:
        try:
            return await asyncio.start_server(serve, host, port, backlog=256, limit=_READ_LIMIT)
        except OSError as error:
            raise UnavailableError(
                f"port {port} on {host} cannot be opened: {error.strerror}",
                hint="choose another port, or 0 for a free one",
            ) from error

    async def _refuse(self, name: str, port: int, refuse: bool) -> None:
        if refuse:
            self._servers.pop(name).close()
        else:
            await self._listen(name, port, {name: self.cameras[name]})

    async def serve(self, progress: Progress | None) -> None:
        """Load all clips and send, until cancelled."""
        try:
            async with asyncio.TaskGroup() as group:
                for camera in self.cameras.values():
                    group.create_task(camera.run())
                await self._load(progress)
                await asyncio.Event().wait()  # also without any camera: until cancelled
        except BaseExceptionGroup as error:
            raise _only_error(error) from None

    async def _load(self, progress: Progress | None) -> None:
        scenes: dict[ClipSpec, list[SimulatedCamera]] = {}
        files: dict[Path, list[SimulatedCamera]] = {}
        for camera in self.cameras.values():
            if camera.config.source in SCENES:
                scenes.setdefault(ClipSpec.of(camera.config), []).append(camera)
            else:
                files.setdefault(Path(camera.config.source), []).append(camera)
        total, count = len(scenes) + len(files), 0
        queue: asyncio.Queue[tuple[Path, list[SimulatedCamera], bool]] = asyncio.Queue()
        for path, cameras in files.items():
            queue.put_nowait((path, cameras, False))

        def built(spec: ClipSpec, path: Path) -> None:
            queue.put_nowait((path, scenes[spec], True))

        building = asyncio.create_task(
            build_all(set(scenes), self._config.cache_dir, self._config.processes, built)
        )
        try:
            while count < total:
                path, cameras, has_truth = await self._next(queue, building)
                clip, prepared = await asyncio.to_thread(_read_and_prepare, path)
                truth = path.with_suffix(".json") if has_truth else None
                for camera in cameras:
                    await camera.load(clip, prepared, path, truth)
                count += 1
                if progress is not None:
                    progress(path.stem, count, total)
            await building
        finally:
            building.cancel()
            await asyncio.gather(building, return_exceptions=True)

    @staticmethod
    async def _next(
        queue: asyncio.Queue[tuple[Path, list[SimulatedCamera], bool]],
        building: asyncio.Task[None],
    ) -> tuple[Path, list[SimulatedCamera], bool]:
        getting = asyncio.create_task(queue.get())
        try:
            await asyncio.wait({getting, building}, return_when=asyncio.FIRST_COMPLETED)
            if not getting.done() and building.done():
                building.result()  # raises what went wrong
            return await getting
        finally:
            getting.cancel()

    async def close(self) -> None:
        """Close ports and connections."""
        for server in self._servers.values():
            server.close()
        for camera in self.cameras.values():
            camera.end_viewers()
        for task in self._connections:
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)


def _check_sources(config: SimulatorConfig) -> None:
    for camera in config.cameras:
        if camera.source not in SCENES and not Path(camera.source).is_file():
            raise InvalidError(
                f"camera {camera.name}: {camera.source} is neither a scene nor a file",
                hint=f"scenes: {', '.join(SCENES)}",
            )


def _read_and_prepare(path: Path) -> tuple[Clip, PreparedClip]:
    clip = read_clip(path)
    return clip, prepare(clip)
