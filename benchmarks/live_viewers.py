"""What one more viewer costs the gateway: its CPU time per viewer, by WebSocket and by WHEP.

``python -m benchmarks.live_viewers [--seconds 10] [--json FILE]``. Three processes on a nats-server
of their own: this one is the camera's worker (720p25 H.264, GOP 50), one is the gateway and is
measured, one holds the viewers. Each row is the gateway's CPU seconds per second; the cost of one
viewer is the slope between the row without and the row with viewers.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import IO

import httpx
import psutil
from websockets.asyncio.client import connect

from camera_registry.adapters.bus_nats import NatsBus
from camera_registry.base.clock import SystemClock
from camera_registry.base.ids import new_id
from ioc_api.hosting.nats_embedded import prepare
from ioc_api.live.wall_socket import SocketLimits
from ioc_api.live.whep import WhepLimits
from tests.ioc_api.live.gateway import TOKEN, UNIT, running
from tests.ioc_api.live.studio import Studio, clip, register
from tests.ioc_api.live.test_whep import SDP, Receiver

_HEAD = "import asyncio, sys; from benchmarks import live_viewers as bench; "
_SERVE = _HEAD + "asyncio.run(bench._serve(sys.argv[1]))"
_WATCH = _HEAD + "asyncio.run(bench._watch(*sys.argv[1:]))"


async def _serve(url: str) -> None:
    bus = await NatsBus.connect(url, name="gateway")
    limits = SocketLimits(sockets_per_principal=64, tiles=64)
    async with running(bus, limits, WhepLimits(sessions_per_principal=64)) as gateway:
        print(gateway.port, flush=True)
        await asyncio.Event().wait()


async def _watch(kind: str, port: str, camera: str, count: str) -> None:
    start = _watch_ws if kind == "ws" else _watch_whep
    seen: Counter[str] = Counter()
    print("ready", flush=True)
    async with asyncio.TaskGroup() as group:
        for _ in range(int(count)):
            group.create_task(start(port, camera, seen))
        while True:
            await asyncio.sleep(1)
            print(seen["frames"], flush=True)


async def _watch_ws(port: str, camera: str, seen: Counter[str]) -> None:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    address = f"ws://127.0.0.1:{port}/live/ws"
    async with connect(address, additional_headers=headers, max_size=None) as socket:
        tiles = [{"tile": 0, "camera": camera}]
        await socket.send(json.dumps({"type": "watch", "tiles": tiles}))
        async for message in socket:
            seen["frames"] += isinstance(message, bytes)


async def _watch_whep(port: str, camera: str, seen: Counter[str]) -> None:
    receiver = Receiver()
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=30) as http:
        offer = await receiver.offer()
        answer = await http.post(f"/live/whep/{camera}", content=offer, headers=SDP)
    await receiver.accept(answer.text)
    while True:
        await asyncio.sleep(0.5)
        seen["frames"] += len(receiver.frames)
        receiver.frames.clear()


@asynccontextmanager
async def _child(code: str, *arguments: str) -> AsyncIterator[tuple[psutil.Process, list[str]]]:
    process = subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    lines: list[str] = []
    reading = asyncio.create_task(asyncio.to_thread(_collect, process.stdout, lines))
    while not any(line.isalnum() for line in lines):
        await asyncio.sleep(0.05)
    try:
        yield psutil.Process(process.pid), lines
    finally:
        process.kill()
        process.wait()
        await reading
        process.stdout.close()


def _collect(stream: IO[str], lines: list[str]) -> None:
    # one by one, not by a list: the reader looks at what has come while it still comes
    lines.extend(line.strip() for line in stream)


async def _cpu(process: psutil.Process, seconds: float) -> float:
    before = process.cpu_times()
    await asyncio.sleep(seconds)
    after = process.cpu_times()
    return ((after.user + after.system) - (before.user + before.system)) / seconds


async def measure(seconds: float) -> list[dict[str, float | str]]:
    """Run every row and return them; shares are of one core."""
    rows: list[dict[str, float | str]] = []
    with tempfile.TemporaryDirectory() as home:
        nats = prepare(Path(home))
        server = subprocess.Popen(
            nats.command(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            bus = await NatsBus.connect(nats.url, name="studio")
            camera = new_id(SystemClock().utc_us())
            await register(bus, camera, UNIT)
            studio = Studio(bus, camera)
            await studio.start()
            packets = clip(100, gop=50, size=(1280, 720), noise=6, crf=30)
            mbit = sum(len(packet.data) for packet in packets) * 8 / 4 / 1e6
            studio.play(packets)
            async with _child(_SERVE, nats.url) as (gateway, said):
                port = next(line for line in said if line.isdigit())
                for kind, count in (("ws", 1), ("ws", 11), ("whep", 1), ("whep", 4)):
                    async with _child(_WATCH, kind, port, camera, str(count)) as (_, seen):
                        await asyncio.sleep(6)
                        before = int(seen[-1])
                        share = await _cpu(gateway, seconds)
                        fps = (int(seen[-1]) - before) / seconds / count
                    rows.append(
                        {
                            "kind": kind,
                            "viewers": count,
                            "core": share,
                            "fps": fps,
                            "mbit_s": mbit,
                        }
                    )
                    await asyncio.sleep(4)
            await studio.stop()
            await bus.close()
        finally:
            server.terminate()
            server.wait()
    return rows


def main() -> None:
    """Measure, print a table, write JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    rows = asyncio.run(measure(options.seconds))
    print(f"{'kind':6}{'viewers':>8}{'% of a core':>13}{'fps each':>10}")
    for row in rows:
        share = 100 * float(row["core"])
        print(f"{row['kind']:6}{row['viewers']:>8}{share:>13.2f}{float(row['fps']):>10.1f}")
    for kind in ("ws", "whep"):
        few, many = (row for row in rows if row["kind"] == kind)
        more = float(many["viewers"]) - float(few["viewers"])
        each = (float(many["core"]) - float(few["core"])) / more
        print(
            f"one more viewer by {kind}: {100 * each:.2f} % of a core at {few['mbit_s']:.1f} Mbit/s"
        )
    if options.json is not None:
        options.json.write_text(json.dumps(rows, indent=1))


if __name__ == "__main__":
    main()
