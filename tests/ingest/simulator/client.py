"""A small RTSP client for the tests, which sees every byte, and a reader of RTP payloads."""

from __future__ import annotations

import asyncio
import struct
from dataclasses import dataclass
from types import TracebackType

from ingest.simulator.nal import Codec


@dataclass(frozen=True, slots=True)
class Answer:
    """One response."""

    status: int
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class RtpPacket:
    """The fields of one RTP packet that the tests look at."""

    marker: bool
    sequence: int
    timestamp: int
    ssrc: int
    payload: bytes

    @classmethod
    def parse(cls, data: bytes) -> RtpPacket:
        first, second, sequence, timestamp, ssrc = struct.unpack_from(">BBHII", data)
        assert first == 0x80
        assert second & 0x7F == 96
        return cls(bool(second & 0x80), sequence, timestamp, ssrc, data[12:])


class RtspClient:
    """Talks RTSP over one connection."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.host, _, port = url.removeprefix("rtsp://").partition("/")[0].partition(":")
        self.port = int(port)
        self.session = ""
        self._cseq = 0

    async def __aenter__(self) -> RtspClient:
        self.reader, self.writer = await asyncio.open_connection(self.host, self.port)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.writer.transport.abort()

    async def ask(self, method: str, url: str | None = None, **headers: str) -> Answer:
        self._cseq += 1
        lines = [f"{method} {url or self.url} RTSP/1.0", f"CSeq: {self._cseq}"]
        if self.session:
            lines.append(f"Session: {self.session}")
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        self.writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
        answer = await self.answer()
        assert answer.headers["cseq"] == str(self._cseq)
        return answer

    async def answer(self) -> Answer:
        async with asyncio.timeout(60):
            while True:
                first = await self.reader.readexactly(1)
                if first != b"$":
                    break
                await self._frame_body()
            head = first + await self.reader.readuntil(b"\r\n\r\n")
            lines = head.decode().strip().split("\r\n")
            headers = {
                name.lower(): value.strip()
                for name, _, value in (line.partition(":") for line in lines[1:])
            }
            body = await self.reader.readexactly(int(headers.get("content-length", "0")))
        return Answer(int(lines[0].split(" ")[1]), headers, body)

    async def play_tcp(self, channels: str = "0-1") -> Answer:
        transport = f"RTP/AVP/TCP;unicast;interleaved={channels}"
        answer = await self.ask("SETUP", f"{self.url}/trackID=0", Transport=transport)
        assert answer.status == 200, answer
        self.session = answer.headers["session"].partition(";")[0]
        played = await self.ask("PLAY")
        assert played.status == 200
        return answer

    async def _frame_body(self) -> tuple[int, bytes]:
        channel, length = struct.unpack(">BH", await self.reader.readexactly(3))
        return channel, await self.reader.readexactly(length)

    async def frame(self) -> tuple[int, bytes]:
        """Return the next interleaved frame: channel and packet."""
        async with asyncio.timeout(60):
            assert await self.reader.readexactly(1) == b"$"
            return await self._frame_body()

    async def rtp(self, channel: int = 0) -> RtpPacket:
        while True:
            got, data = await self.frame()
            if got == channel:
                return RtpPacket.parse(data)

    async def pictures(self, count: int) -> list[list[RtpPacket]]:
        """Return the packets of the next ``count`` access units."""
        result: list[list[RtpPacket]] = [[]]
        while len(result) <= count:
            packet = await self.rtp()
            result[-1].append(packet)
            if packet.marker:
                result.append([])
        return result[:count]


def depacketise(codec: Codec, payloads: list[bytes]) -> list[bytes]:
    """Put NAL units together again from the payloads of one access unit."""
    nals: list[bytes] = []
    for payload in payloads:
        kind = payload[0] & 0x1F if codec is Codec.H264 else (payload[0] >> 1) & 0x3F
        if codec is Codec.H264 and kind == 24:
            at = 1
            while at < len(payload):
                size = int.from_bytes(payload[at : at + 2], "big")
                nals.append(payload[at + 2 : at + 2 + size])
                at += 2 + size
        elif codec is Codec.H264 and kind == 28:
            if payload[1] & 0x80:
                nals.append(bytes([(payload[0] & 0xE0) | (payload[1] & 0x1F)]))
            nals[-1] += payload[2:]
        elif codec is Codec.H265 and kind == 49:
            if payload[2] & 0x80:
                first = (payload[0] & 0x81) | ((payload[2] & 0x3F) << 1)
                nals.append(bytes([first, payload[1]]))
            nals[-1] += payload[3:]
        else:
            nals.append(payload)
    return nals
