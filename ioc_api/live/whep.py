"""WHEP: sessions are made by POST and ended by DELETE (draft-ietf-wish-whep)."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections import Counter
from dataclasses import dataclass, field

import structlog

from camera_registry.base.clock import Clock
from camera_registry.base.errors import (
    CamhubError,
    ConflictError,
    ForbiddenError,
    Kind,
    NotFoundError,
    UnavailableError,
)
from ingest.packets import Packet
from ioc_api.access.rbac import Principal
from ioc_api.live import metrics
from ioc_api.live.hub import LiveHub, Watch
from ioc_api.live.ports import Authentication, CameraDirectory
from ioc_api.live.queues import QueueLimits
from ioc_api.live.rights import Rights
from ioc_api.live.whep_offer import read_offer
from ioc_api.live.whep_session import IceOptions, WhepSession
from ioc_api.live.whep_track import PacketTrack

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class WhepLimits:
    """Counts, and times in seconds."""

    sessions: int = 64
    sessions_per_principal: int = 8
    picture_s: float = 5.0
    connect_s: float = 20.0
    recheck_s: float = 10.0
    queue: QueueLimits = field(default_factory=QueueLimits)


@dataclass(frozen=True, slots=True)
class Answer:
    """What the answer to a POST is made of."""

    session_id: str
    sdp: str


class WhepService:
    """All WHEP sessions of this gateway. Call :meth:`close` at the end."""

    def __init__(
        self,
        hub: LiveHub,
        auth: Authentication,
        directory: CameraDirectory,
        clock: Clock,
        *,
        ice: IceOptions | None = None,
        limits: WhepLimits | None = None,
    ) -> None:
        self._hub = hub
        self._auth = auth
        self._directory = directory
        self._clock = clock
        self._ice = ice or IceOptions()
        self._limits = limits or WhepLimits()
        self._sessions: dict[str, tuple[str, WhepSession, asyncio.Task[None]]] = {}
        self._open: Counter[str] = Counter()

    async def create(self, principal: Principal, camera_id: str, sdp: str) -> Answer:
        """Begin a session.

        Raises InvalidError (bad offer), NotFoundError, ForbiddenError, ConflictError (a stream that
        WebRTC cannot carry), UnavailableError (no picture now), or TOO_MANY.
        """
        rights = Rights(self._auth, self._directory, self._clock, principal)
        refusal = rights.refusal(camera_id)
        if refusal == "not_found":
            raise NotFoundError("There is no such camera", code="camera_not_found")
        if refusal is not None:
            raise ForbiddenError("You may not see this camera")
        offer = read_offer(sdp)
        self._count(principal)
        try:
            return await self._begin(principal, rights, camera_id, offer)
        except BaseException:
            self._uncount(principal.id)
            raise

    async def delete(self, principal: Principal, camera_id: str, session_id: str) -> None:
        """End a session of the same principal. Raises NotFoundError."""
        owner, session, task = self._sessions.get(session_id, ("", None, None))
        if (
            session is None
            or task is None
            or owner != principal.id
            or session.camera_id != camera_id
        ):
            raise NotFoundError("There is no such session", code="session_not_found")
        task.cancel()
        await asyncio.wait([task])

    async def close(self) -> None:
        """End every session."""
        tasks = [task for _, _, task in self._sessions.values()]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    async def _begin(
        self, principal: Principal, rights: Rights, camera_id: str, offer: str
    ) -> Answer:
        changed = asyncio.Event()
        session: WhepSession | None = None

        def unusable() -> None:
            if session is not None:
                session.unusable = True
                changed.set()

        def gop() -> tuple[Packet, ...]:
            return watch.feed.gop

        track = PacketTrack(gop, self._clock, self._limits.queue, unusable)
        watch = self._hub.watch(camera_id, track, "whep")
        try:
            await self._require_usable(watch)
            session = WhepSession(
                secrets.token_urlsafe(24), camera_id, watch, track, rights, self._ice
            )
            answer = await session.answer(offer, changed.set)
        except BaseException:
            watch.close()
            if session is not None:
                await session.close()
            raise
        metrics.WHEP_SESSIONS.inc()
        task = asyncio.create_task(self._guard(session, changed), name="whep-guard")
        self._sessions[session.id] = (principal.id, session, task)
        log.info("whep_opened", camera=camera_id, principal=principal.id)
        return Answer(session.id, answer)

    async def _require_usable(self, watch: Watch) -> None:
        try:
            gop = await watch.feed.first_gop(self._limits.picture_s)
        except TimeoutError as error:
            raise UnavailableError(
                "The camera gives no picture now",
                hint="see the camera's state; try again in a few seconds",
                code="no_picture",
            ) from error
        codec = gop[0].info.codec
        if codec != "h264" or watch.feed.reordered:
            name = {"hevc": "H.265", "mjpeg": "MJPEG"}.get(codec, "H.264 with B-frames")
            raise ConflictError(
                f"The camera sends {name}, which browsers do not take over WebRTC",
                hint="watch it over the WebSocket, or set the camera to H.264 without B-frames",
                code="codec_not_supported",
            )

    async def _guard(self, session: WhepSession, changed: asyncio.Event) -> None:
        """Live as long as the session, end it when it has to end, and clean up in any case."""
        try:
            await self._until_over(session, changed)
        except CamhubError as error:
            log.info("whep_ended", camera=session.camera_id, reason=error.message)
        finally:
            principal_id, _, _ = self._sessions.pop(session.id)
            self._uncount(principal_id)
            metrics.WHEP_SESSIONS.dec()
            await session.close()

    async def _until_over(self, session: WhepSession, changed: asyncio.Event) -> None:
        begun = checked = self._clock.monotonic()
        while not (session.over or session.unusable or session.reordered):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(min(1.0, self._limits.recheck_s)):
                    await changed.wait()
            changed.clear()
            now = self._clock.monotonic()
            if not session.connected and now - begun > self._limits.connect_s:
                raise UnavailableError("the browser did not connect in time")
            if now - checked >= self._limits.recheck_s:
                checked = now
                await session.rights.refresh()
                if session.rights.refusal(session.camera_id) is not None:
                    raise ForbiddenError("the right to see this camera was lost")

    def _count(self, principal: Principal) -> None:
        if (
            self._open.total() >= self._limits.sessions
            or self._open[principal.id] >= self._limits.sessions_per_principal
        ):
            raise CamhubError(
                "Too many WebRTC views are open",
                hint="close another one first",
                code="too_many_sessions",
                kind=Kind.TOO_MANY,
            )
        self._open[principal.id] += 1

    def _uncount(self, principal_id: str) -> None:
        self._open[principal_id] -= 1
        if not self._open[principal_id]:
            del self._open[principal_id]
