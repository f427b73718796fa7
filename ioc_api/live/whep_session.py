"""One WHEP viewer: a peer connection that sends a camera's packets, and its end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog
from aiortc import (
    RTCConfiguration,
    RTCIceServer,
    RTCPeerConnection,
    RTCRtpTransceiver,
    RTCSessionDescription,
)
from aiortc.exceptions import InvalidAccessError, InvalidStateError, OperationError

from camera_registry.base.errors import InvalidError
from ioc_api.live.hub import Watch
from ioc_api.live.rights import Rights
from ioc_api.live.whep_track import PacketTrack, preferences

if TYPE_CHECKING:
    from aioice import Candidate

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class IceServer:
    """A STUN or TURN server, by URL (RFC 7064, RFC 7065)."""

    url: str
    username: str = ""
    credential: str = ""


@dataclass(frozen=True, slots=True)
class IceOptions:
    """Where browsers can reach this gateway.

    ``addresses`` are the local addresses that are offered; empty means all of the machine but
    loopback. ``loopback`` offers 127.0.0.1 too, for a browser on this machine without a network.
    UDP ports are the kernel's choice: aiortc has no setting for a range (narrow
    ``net.ipv4.ip_local_port_range`` where a firewall needs one).
    """

    servers: tuple[IceServer, ...] = ()
    addresses: tuple[str, ...] = ()
    loopback: bool = True


class WhepSession:
    """Made with an offer that ``whep_offer`` has checked; :meth:`close` may be called twice."""

    def __init__(
        self,
        session_id: str,
        camera_id: str,
        watch: Watch,
        track: PacketTrack,
        rights: Rights,
        ice: IceOptions,
    ) -> None:
        self.id = session_id
        self.camera_id = camera_id
        self.rights = rights
        self._watch = watch
        self._track = track
        # An empty list, not None: that would mean a public STUN server of aiortc's choice.
        servers = [
            RTCIceServer(each.url, each.username or None, each.credential or None)
            for each in ice.servers
        ]
        self._peer = RTCPeerConnection(RTCConfiguration(iceServers=servers))
        self._ice = ice
        self._closed = False
        self.unusable = False
        """Whether the camera's stream became one that WebRTC cannot carry."""

    @property
    def connected(self) -> bool:
        """Whether ICE and DTLS are through."""
        return str(self._peer.connectionState) == "connected"

    @property
    def over(self) -> bool:
        """Whether the connection failed or the other side ended it."""
        return str(self._peer.connectionState) in ("failed", "closed")

    @property
    def reordered(self) -> bool:
        """Whether the camera's stream turned out to have B-frames."""
        return self._watch.feed.reordered

    async def answer(self, offer: str, on_change: Callable[[], None]) -> str:
        """Take the offer and return the answer with all candidates.

        ``on_change`` is called when the connection changes. Raises InvalidError where the offer
        has nothing in common with us.
        """
        info = self._watch.feed.gop[0].info
        transceiver = self._peer.addTransceiver(self._track, direction="sendonly")
        transceiver.setCodecPreferences(preferences(info))
        self._hook(transceiver)
        self._peer.on("connectionstatechange", on_change)
        try:
            await self._peer.setRemoteDescription(RTCSessionDescription(offer, "offer"))
            await self._peer.setLocalDescription(await self._peer.createAnswer())
        except (ValueError, OperationError, InvalidStateError, InvalidAccessError) as error:
            raise InvalidError(
                "The offer cannot be used: it has no H.264 with packetization-mode 1",
                hint="use a browser that decodes H.264, or the WebSocket",
                code="no_h264",
            ) from error
        return str(self._peer.localDescription.sdp)

    async def close(self) -> None:
        """End the connection and let the camera go."""
        if self._closed:
            return
        self._closed = True
        self._watch.close()
        self._track.stop()
        await self._peer.close()
        log.info("whep_closed", camera=self.camera_id)

    def _hook(self, transceiver: RTCRtpTransceiver) -> None:
        """Two things that aiortc has no public way for: hearing PLI, and choosing addresses."""
        sender = transceiver.sender
        sender._send_keyframe = self._track.picture_lost  # type: ignore[method-assign] # noqa: SLF001
        connection = sender.transport.transport.iceGatherer._connection  # noqa: SLF001
        gather = connection.get_component_candidates

        async def gather_chosen(
            component: int, addresses: list[str], timeout: int = 5
        ) -> list[Candidate]:
            return await gather(component, self._addresses(addresses), timeout)

        connection.get_component_candidates = gather_chosen  # type: ignore[method-assign]

    def _addresses(self, found: list[str]) -> list[str]:
        chosen = list(self._ice.addresses) or list(found)
        if self._ice.loopback and "127.0.0.1" not in chosen:
            chosen.append("127.0.0.1")
        return chosen
