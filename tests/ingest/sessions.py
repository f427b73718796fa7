"""Runs a session or a runner against a server, and keeps what it gives."""

from __future__ import annotations

import contextlib
import json
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

from camera_registry.base.clock import SystemClock
from camera_registry.model import CameraSpec, CameraState, Credentials
from ingest.camera_runner import CameraRunner, PacketSink
from ingest.open_errors import OpenError
from ingest.options import IngestOptions
from ingest.packets import Packet
from ingest.session import CameraSession, Source

SHORT = IngestOptions(
    open_timeout_s=5.0,
    stalled_after_s=2.0,
    keyframe_within_s=2.0,
    frozen_after_s=1.0,
    black_after_s=0.6,
    retry_base_s=0.1,
    retry_cap_s=0.4,
    refused_base_s=0.2,
    refused_cap_s=0.4,
    healthy_s=1.0,
)


class RunningSession:
    """A session in a thread of its own."""

    def __init__(self, source: Source, options: IngestOptions = SHORT) -> None:
        self.packets: list[Packet] = []
        self.error: OpenError | None = None
        self.stop = threading.Event()
        self.session = CameraSession(
            source, self._take, clock=SystemClock(), options=options, stop=self.stop
        )
        self._condition = threading.Condition()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> RunningSession:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop.set()
        self._thread.join(30)
        assert not self._thread.is_alive()

    def _take(self, packet: Packet) -> None:
        with self._condition:
            self.packets.append(packet)
            self._condition.notify_all()

    def _run(self) -> None:
        try:
            self.session.run_once()
        except OpenError as error:
            self.error = error
        with self._condition:
            self._condition.notify_all()

    def wait_for_packets(self, count: int, within_s: float = 20.0) -> list[Packet]:
        """Return the packets once there are ``count``; fails with the session's own error."""
        with self._condition:
            self._condition.wait_for(
                lambda: len(self.packets) >= count or self.error is not None, within_s
            )
        assert len(self.packets) >= count, self.error or f"only {len(self.packets)} packets"
        return list(self.packets)

    def wait_for_error(self, within_s: float = 20.0) -> OpenError:
        """Return the error that ended the session."""
        with self._condition:
            self._condition.wait_for(lambda: self.error is not None, within_s)
        assert self.error is not None, f"no error, {len(self.packets)} packets"
        return self.error


class Log:
    """A sink that remembers, and a list of states."""

    def __init__(self) -> None:
        self.packets: list[Packet] = []
        self.states: list[CameraState] = []

    def push(self, packet: Packet) -> None:
        self.packets.append(packet)

    def on_state(self, state: CameraState) -> None:
        self.states.append(state)

    @property
    def now(self) -> CameraState:
        return self.states[-1]

    def path(self) -> list[str]:
        """The reason codes in their order, without repeats."""
        codes = [state.reason_code for state in self.states]
        return [code for index, code in enumerate(codes) if index == 0 or codes[index - 1] != code]


def runner(
    url: str,
    log: Log,
    *,
    credentials: Credentials | None = None,
    transport: str = "tcp",
    options: IngestOptions = SHORT,
    sinks: tuple[PacketSink, ...] = (),
) -> CameraRunner:
    """Make a runner that reports into ``log``."""
    spec = CameraSpec("0190a000-0000-7000-8000-000000000001", "A", "26734", url, 1, transport)
    return CameraRunner(
        spec,
        credentials,
        options=options,
        clock=SystemClock(),
        on_state=log.on_state,
        sinks=(log, *sinks),
        worker="w1",
        generation=3,
        report_every_s=0.2,
    )


@contextlib.contextmanager
def gst_server(launch: str, *, auth: str = "", user: str = "", password: str = "") -> Iterator[str]:
    """Run GStreamer's RTSP server; gives the address of its stream."""
    config = {"launch": launch, "auth": auth, "user": user, "password": password}
    script = Path(__file__).with_name("gst_server.py")
    with subprocess.Popen(
        ["/usr/bin/python3", str(script), json.dumps(config)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout is not None
        port = int(process.stdout.readline())
        try:
            yield f"rtsp://127.0.0.1:{port}/stream"
        finally:
            process.kill()
