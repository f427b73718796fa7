"""One RTSP connection: reads requests, answers them, and owns at most one session."""

from __future__ import annotations

import asyncio
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass

import structlog

from ingest.simulator import sdp
from ingest.simulator.auth import Authenticator
from ingest.simulator.camera import SimulatedCamera
from ingest.simulator.config import Auth
from ingest.simulator.faults import FaultKind
from ingest.simulator.rtsp_message import Request, RequestReader, RtspError, response
from ingest.simulator.viewer import BUFFER_LIMIT, TcpViewer, UdpViewer, Viewer

log = structlog.get_logger(__name__)

_HANDSHAKE_S = 30.0  # a client that has not started to play must say something this often
_LOAD_S = 20.0
_LINGER_S = 5.0
_METHODS = "OPTIONS, DESCRIBE, SETUP, PLAY, GET_PARAMETER, TEARDOWN"
_URL = re.compile(r"rtsp://[^/?#\s]+/([^/?#\s]+)(/[^/?#\s]*)?/?(?:\?\S*)?", re.IGNORECASE)
_PORTS = re.compile(r"(\d{1,5})(?:-(\d{1,5}))?")


class Refused(Exception):  # noqa: N818 - not an error: the camera plays dead
    """The connection is to be closed without a word."""


@dataclass(slots=True)
class Session:
    """What SETUP made."""

    id: str
    camera: SimulatedCamera
    viewer: Viewer


class Connection:
    """Serves one client until it goes, is silent for too long, or talks nonsense."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        cameras: Mapping[str, SimulatedCamera],
        session_timeout_s: int,
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._cameras = cameras
        self._timeout_s = session_timeout_s
        self._requests = RequestReader()
        self._authenticator = Authenticator()
        self._session: Session | None = None

    async def serve(self) -> None:
        """Answer requests in order until the connection ends, whatever the client does."""
        try:
            while True:
                # Double the announced time-out, because clients send their sign of life at its end.
                patience = self._timeout_s * 2 if self._session else _HANDSHAKE_S
                data = await asyncio.wait_for(self._reader.read(65_536), patience)
                if not data:
                    return
                for request in self._requests.feed(data):
                    await self._answer(request)
        except RtspError as error:
            self._writer.write(response(error.status, None))
        except (TimeoutError, ConnectionError, Refused):
            return
        finally:
            self._end_session()
            self._writer.close()
            # close() would wait for ever on a client that does not read what is left.
            asyncio.get_running_loop().call_later(_LINGER_S, self._writer.transport.abort)

    async def _answer(self, request: Request) -> None:
        handlers = {
            "OPTIONS": self._options,
            "DESCRIBE": self._describe,
            "SETUP": self._setup,
            "PLAY": self._play,
            "GET_PARAMETER": self._get_parameter,
            "TEARDOWN": self._teardown,
        }
        handler = handlers.get(request.method)
        try:
            if handler is None:
                raise RtspError(405)
            camera = self._camera(request)
            if camera is not None and request.method != "OPTIONS":
                challenge = self._challenge(camera, request)
                if challenge is not None:
                    self._reply(401, request, {"WWW-Authenticate": challenge})
                    return
            await handler(request, camera)
        except RtspError as error:
            if error.status == 400:
                raise
            self._reply(error.status, request, {"Public": _METHODS})

    def _reply(
        self, status: int, request: Request, headers: Mapping[str, str], body: bytes = b""
    ) -> None:
        self._writer.write(response(status, request.cseq, headers, body))
        # Not drained: a slow client's pictures may lie before the answer, and losing some of them
        # is for its viewer to decide. This bound is for one that asks and never reads.
        if self._writer.transport.get_write_buffer_size() > 2 * BUFFER_LIMIT:
            raise Refused

    def _camera(self, request: Request) -> SimulatedCamera | None:
        if request.url == "*":
            return None
        match = _URL.fullmatch(request.url)
        if match is None:
            raise RtspError(400 if not request.url.lower().startswith("rtsp://") else 404)
        camera = self._cameras.get(match[1])
        if camera is None or (match[2] or "/") not in {"/", f"/{sdp.TRACK}"}:
            raise RtspError(404)
        if camera.has(FaultKind.REFUSE):
            raise Refused
        return camera

    def _challenge(self, camera: SimulatedCamera, request: Request) -> str | None:
        config = camera.config
        scheme: Auth = config.auth
        password = config.password
        if camera.has(FaultKind.WRONG_PASSWORD):
            scheme = "digest" if scheme == "none" else scheme
            password = secrets.token_hex(16)  # nobody knows it
        header = request.headers.get("authorization", "")
        if self._authenticator.accepts(
            scheme, config.username, password, request.method, request.url, header
        ):
            return None
        return self._authenticator.challenge(scheme)

    async def _options(self, request: Request, camera: SimulatedCamera | None) -> None:
        self._reply(200, request, {"Public": _METHODS})

    async def _describe(self, request: Request, camera: SimulatedCamera | None) -> None:
        if camera is None:
            raise RtspError(404)
        if camera.fault is not None and camera.has(FaultKind.SLOW_START):
            await asyncio.sleep(camera.fault.amount)
        try:
            await asyncio.wait_for(camera.loaded.wait(), _LOAD_S)
        except TimeoutError:
            raise RtspError(503) from None
        host = str(self._writer.get_extra_info("sockname")[0])
        body = sdp.describe(
            camera.offered, name=camera.config.name, host=host, session=secrets.randbits(31)
        )
        base = request.url.partition("?")[0].rstrip("/") + "/"
        self._reply(200, request, {"Content-Base": base, "Content-Type": "application/sdp"}, body)

    async def _setup(self, request: Request, camera: SimulatedCamera | None) -> None:
        if camera is None or not camera.loaded.is_set():
            raise RtspError(404 if camera is None else 503)
        given = request.headers.get("session", "").partition(";")[0].strip()
        if given and (self._session is None or given != self._session.id):
            raise RtspError(454)
        if self._session is not None:
            raise RtspError(455)
        viewer, transport = self._viewer(request.headers.get("transport", ""))
        self._session = Session(secrets.token_hex(8), camera, viewer)
        self._reply(
            200,
            request,
            {
                "Transport": f"{transport};ssrc={viewer.ssrc:08X};mode=play",
                "Session": f"{self._session.id};timeout={self._timeout_s}",
            },
        )

    def _viewer(self, header: str) -> tuple[Viewer, str]:
        """Take the first transport that is offered and known. Raises RtspError(461)."""
        for offer in header.split(",")[:8]:
            specifier, *rest = [part.strip() for part in offer.split(";")]
            parameters = dict(part.partition("=")[::2] for part in rest)
            if "multicast" in parameters:
                continue
            if specifier.upper() == "RTP/AVP/TCP":
                pair = _pair(parameters.get("interleaved", "0-1"), 255)
                if pair is not None:
                    transport = self._writer.transport
                    channels = f"interleaved={pair[0]}-{pair[1]}"
                    return TcpViewer(transport, pair), f"RTP/AVP/TCP;unicast;{channels}"
            elif specifier.upper() in {"RTP/AVP", "RTP/AVP/UDP"}:
                pair = _pair(parameters.get("client_port", ""), 65_535)
                if pair is not None and pair[0] >= 1024:
                    return self._udp_viewer(pair)
        raise RtspError(461)

    def _udp_viewer(self, ports: tuple[int, int]) -> tuple[Viewer, str]:
        host = str(self._writer.get_extra_info("sockname")[0])
        peer = str(self._writer.get_extra_info("peername")[0])
        try:
            viewer = UdpViewer(host, peer, ports)
        except OSError:
            raise RtspError(503) from None
        ours = viewer.server_ports
        return viewer, (
            f"RTP/AVP;unicast;client_port={ports[0]}-{ports[1]};server_port={ours[0]}-{ours[1]}"
        )

    def _own_session(self, request: Request) -> Session:
        given = request.headers.get("session", "").partition(";")[0].strip()
        if self._session is None or given != self._session.id:
            raise RtspError(454)
        return self._session

    async def _play(self, request: Request, camera: SimulatedCamera | None) -> None:
        session = self._own_session(request)
        # Answered before the first packet: some clients take no media ahead of the answer.
        self._reply(200, request, {"Session": session.id, "Range": "npt=now-"})
        session.camera.join(session.viewer)

    async def _get_parameter(self, request: Request, camera: SimulatedCamera | None) -> None:
        headers = {}
        if "session" in request.headers:
            headers["Session"] = self._own_session(request).id
        self._reply(200, request, headers)

    async def _teardown(self, request: Request, camera: SimulatedCamera | None) -> None:
        session = self._own_session(request)
        self._leave(session)
        self._reply(200, request, {})

    def _leave(self, session: Session) -> None:
        session.camera.leave(session.viewer)
        if isinstance(session.viewer, UdpViewer):
            session.viewer.end()
        self._session = None

    def _end_session(self) -> None:
        if self._session is not None:
            self._leave(self._session)


def _pair(text: str, largest: int) -> tuple[int, int] | None:
    match = _PORTS.fullmatch(text)
    if match is None:
        return None
    first = int(match[1])
    second = int(match[2]) if match[2] else first + 1
    return (first, second) if first != second and max(first, second) <= largest else None
