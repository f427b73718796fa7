"""WHEP with two real stacks: aiortc as the client, and Chromium."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import replace

import av
import httpx
import pytest
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from playwright.async_api import Page, async_playwright

from camera_registry.base.bus import Bus
from camera_registry.base.errors import InvalidError
from camera_registry.base.ids import new_id
from ioc_api.live import metrics
from ioc_api.live.whep_offer import read_offer
from tests.ioc_api.live.gateway import OTHER_UNIT, TOKEN, UNIT, WHEP, Gateway, running
from tests.ioc_api.live.studio import Studio, clip, register
from tests.tools import require
from tests.waiting import eventually

SDP = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/sdp"}


@pytest.fixture
async def http(gateway: Gateway) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=f"http://{gateway.host}", timeout=60) as client:
        yield client


class Receiver:
    """An aiortc peer that decodes what it gets."""

    def __init__(self) -> None:
        self.peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self.frames: list[av.VideoFrame] = []
        self._reading: asyncio.Task[None] | None = None

    async def offer(self) -> str:
        self.peer.addTransceiver("video", direction="recvonly")

        @self.peer.on("track")
        def on_track(track: object) -> None:
            self._reading = asyncio.create_task(self._read(track))

        await self.peer.setLocalDescription(await self.peer.createOffer())
        return str(self.peer.localDescription.sdp)

    async def accept(self, answer: str) -> None:
        await self.peer.setRemoteDescription(RTCSessionDescription(answer, "answer"))

    async def _read(self, track: object) -> None:
        try:
            while True:
                self.frames.append(await track.recv())  # type: ignore[attr-defined]
        except MediaStreamError:
            return

    async def close(self) -> None:
        await self.peer.close()
        if self._reading is not None:
            await self._reading


async def an_offer() -> str:
    """An offer of a client that then goes away."""
    receiver = Receiver()
    text = await receiver.offer()
    await receiver.close()
    return text


async def viewing(http: httpx.AsyncClient, camera: str) -> tuple[Receiver, str]:
    receiver = Receiver()
    answer = await http.post(f"/live/whep/{camera}", content=await receiver.offer(), headers=SDP)
    assert answer.status_code == 201, answer.text
    assert answer.headers["content-type"] == "application/sdp"
    await receiver.accept(answer.text)
    return receiver, answer.headers["location"]


async def test_aiortc_decodes_and_delete_ends_everything(
    gateway: Gateway, studio: Studio, http: httpx.AsyncClient
) -> None:
    studio.play(clip(50))
    await eventually(lambda: len(studio.hold) > 10)
    receiver, location = await viewing(http, studio.camera_id)
    assert location.startswith(f"/live/whep/{studio.camera_id}/")
    await eventually(lambda: len(receiver.frames) > 40)
    assert {(frame.width, frame.height) for frame in receiver.frames} == {(320, 180)}
    assert (await http.delete(location)).status_code == 401
    assert (await http.delete(location, headers=SDP)).status_code == 200
    assert (await http.delete(location, headers=SDP)).status_code == 404
    await eventually(lambda: not gateway.hub.cameras)
    await receiver.close()


async def test_a_viewer_that_leaves_is_cleaned_up(
    gateway: Gateway, studio: Studio, http: httpx.AsyncClient
) -> None:
    studio.play(clip(50))
    await eventually(lambda: len(studio.hold) > 3)
    receiver, _ = await viewing(http, studio.camera_id)
    await eventually(lambda: len(receiver.frames) > 3)
    await receiver.close()
    await eventually(lambda: not gateway.hub.cameras)


async def test_a_picture_loss_moves_the_viewer_to_the_next_keyframe(
    gateway: Gateway, studio: Studio, http: httpx.AsyncClient
) -> None:
    studio.play(clip(50, gop=50))
    await eventually(lambda: len(studio.hold) > 3)
    receiver = Receiver()
    offer = await receiver.offer()
    answer = await http.post(f"/live/whep/{studio.camera_id}", content=offer, headers=SDP)
    await receiver.accept(answer.text)
    ssrc = int(re.findall(r"a=ssrc:(\d+) ", answer.text)[0])
    skipped = metrics.SKIPPED.labels("whep")
    before = skipped._value.get()

    async def lost_and_found() -> bool:
        await receiver.peer.getReceivers()[0]._send_rtcp_pli(ssrc)
        return bool(skipped._value.get() > before)

    await eventually(lost_and_found)
    seen = len(receiver.frames)
    await eventually(lambda: len(receiver.frames) > seen + 5)
    await receiver.close()


async def test_a_lost_right_ends_the_session(
    gateway: Gateway, studio: Studio, http: httpx.AsyncClient
) -> None:
    studio.play(clip(50))
    await eventually(lambda: len(studio.hold) > 3)
    receiver, _ = await viewing(http, studio.camera_id)
    await eventually(lambda: len(receiver.frames) > 3)
    gateway.accounts.units = frozenset({OTHER_UNIT})
    await eventually(lambda: not gateway.hub.cameras)
    gateway.accounts.units = frozenset({UNIT})
    second, _ = await viewing(http, studio.camera_id)
    gateway.accounts.valid = False
    await eventually(lambda: not gateway.hub.cameras)
    await receiver.close()
    await second.close()


async def test_sessions_of_one_principal_are_limited(
    gateway: Gateway, studio: Studio, http: httpx.AsyncClient
) -> None:
    studio.play(clip(50))
    await eventually(lambda: len(studio.hold) > 3)
    receivers = [(await viewing(http, studio.camera_id))[0] for _ in range(3)]
    refused = await http.post(
        f"/live/whep/{studio.camera_id}", content=await an_offer(), headers=SDP
    )
    assert (refused.status_code, refused.json()["code"]) == (429, "too_many_sessions")
    for receiver in receivers:
        await receiver.close()
    await eventually(lambda: not gateway.hub.cameras)


async def test_a_browser_that_never_connects_is_dropped(bus: Bus, studio: Studio) -> None:
    studio.hold = clip(5)
    async with (
        running(bus, whep=replace(WHEP, connect_s=0.5)) as gateway,
        httpx.AsyncClient(base_url=f"http://{gateway.host}") as http,
    ):
        path = f"/live/whep/{studio.camera_id}"
        answer = await http.post(path, content=await an_offer(), headers=SDP)
        assert answer.status_code == 201
        await eventually(lambda: not gateway.hub.cameras)


async def test_who_may_not_look_and_what_cannot_be_shown(
    bus: Bus, gateway: Gateway, studio: Studio, http: httpx.AsyncClient
) -> None:
    offer = await an_offer()
    foreign = new_id(2)
    await register(bus, foreign, OTHER_UNIT)
    await eventually(lambda: gateway.directory.unit_of(foreign) is not None)

    async def post(camera: str, content: str = offer, **headers: str) -> tuple[int, str]:
        answer = await http.post(f"/live/whep/{camera}", content=content, headers=SDP | headers)
        assert answer.headers["content-type"] == "application/problem+json"
        return answer.status_code, answer.json()["code"]

    assert await post(foreign) == (403, "forbidden")
    assert await post(new_id(3)) == (404, "camera_not_found")
    assert await post("*") == (404, "camera_not_found")
    assert await post(studio.camera_id, Authorization="Bearer no") == (401, "unauthenticated")
    assert await post(studio.camera_id, **{"Content-Type": "text/plain"}) == (415, "not_sdp")
    assert await post(studio.camera_id, "hello") == (422, "bad_offer")
    assert await post(studio.camera_id, "x" * 70_000) == (422, "bad_offer")
    assert await post(studio.camera_id) == (503, "no_picture")
    head = clip(1)[0]
    studio.hold = [replace(head, info=replace(head.info, codec="hevc"))]
    assert await post(studio.camera_id) == (409, "codec_not_supported")
    await eventually(lambda: not gateway.hub.cameras)
    studio.hold = clip(20, b_frames=2, profile="Main")
    assert await post(studio.camera_id) == (409, "codec_not_supported")


async def test_b_frames_that_show_up_later_end_the_session(
    gateway: Gateway, studio: Studio, http: httpx.AsyncClient
) -> None:
    packets = clip(20, b_frames=2, profile="Main")
    studio.hold = packets[:1]
    path = f"/live/whep/{studio.camera_id}"
    assert (await http.post(path, content=await an_offer(), headers=SDP)).status_code == 201
    await studio.send(packets[1:])
    await eventually(lambda: not gateway.hub.cameras, within_s=60)


async def test_what_the_draft_asks_of_the_other_methods(
    studio: Studio, http: httpx.AsyncClient
) -> None:
    path = f"/live/whep/{studio.camera_id}"
    options = await http.options(path)
    assert (options.status_code, options.headers["accept-post"]) == (204, "application/sdp")
    assert (await http.patch(f"{path}/any", headers=SDP, content="")).status_code == 405
    assert (await http.get(path, headers=SDP)).status_code == 405


async def test_the_answer_names_the_cameras_profile(
    studio: Studio, http: httpx.AsyncClient
) -> None:
    packets = clip(10, profile="High")
    info = replace(packets[0].info, codec_string="avc1.64001F")
    studio.hold = [replace(packet, info=info) for packet in packets]
    offer = await an_offer()
    answer = await http.post(f"/live/whep/{studio.camera_id}", content=offer, headers=SDP)
    profiles = re.findall(r"profile-level-id=([0-9a-f]{6})", answer.text)
    assert profiles[0] == "64001f"
    assert "VP8" not in answer.text
    assert "a=sendonly" in answer.text


@pytest.fixture(scope="module")
def offer_text() -> str:
    return asyncio.run(an_offer())


def test_a_good_offer_loses_its_candidates_only(offer_text: str) -> None:
    kept = read_offer(offer_text)
    assert "a=candidate" in offer_text
    assert "a=candidate" not in kept
    assert kept.count("m=video") == 1


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("m=video", "m=audio"),
        ("m=video", "m=image"),
        ("a=recvonly", "a=sendonly"),
        ("H264", "H265"),
        ("a=setup:actpass", "a=setup:none"),
        ("a=setup:actpass\r\n", ""),
        ("a=rtcp-mux\r\n", ""),
        ("a=ice-ufrag:", "a=ice-ufrag:\x00"),
        ("a=ice-pwd:", "a=no-pwd:"),
        ("a=mid:0", "a=mid:" + "0" * 17),
        ("a=fingerprint:sha-256 ", "a=fingerprint:sha-256 zz"),
        ("a=extmap:1 ", "a=extmap:999 "),
    ],
)
def test_bad_offers_are_refused_in_words(offer_text: str, old: str, new: str) -> None:
    assert old in offer_text
    with pytest.raises(InvalidError):
        read_offer(offer_text.replace(old, new))


_JUNK = st.text(alphabet="a0Z:=/ -;\x00\té😀", max_size=8)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_no_mutilated_offer_is_a_crash(offer_text: str, data: st.DataObject) -> None:
    lines = offer_text.split("\r\n")
    for _ in range(data.draw(st.integers(1, 4))):
        index = data.draw(st.integers(0, len(lines) - 1))
        kind = data.draw(st.sampled_from(["drop", "double", "cut", "text", "swap"]))
        if kind == "drop":
            lines[index] = ""
        elif kind == "double":
            lines.insert(index, lines[index])
        elif kind == "cut":
            lines[index] = lines[index][: data.draw(st.integers(0, len(lines[index])))]
        elif kind == "swap":
            lines[index], lines[-1] = lines[-1], lines[index]
        else:
            lines[index] += data.draw(_JUNK)
    try:
        kept = read_offer("\r\n".join(lines))
    except InvalidError:
        return
    assert not re.search("^a=candidate", kept, re.MULTILINE)


VIEW = """async ([path, token]) => {
  const peer = new RTCPeerConnection();
  window.peer = peer;
  const video = document.createElement('video');
  video.muted = true;
  document.body.append(video);
  peer.ontrack = (event) => {
    video.srcObject = new MediaStream([event.track]);
    video.play();
  };
  peer.addTransceiver('video', {direction: 'recvonly'});
  await peer.setLocalDescription(await peer.createOffer());
  const answer = await fetch(path, {method: 'POST', body: peer.localDescription.sdp,
    headers: {'Content-Type': 'application/sdp', 'Authorization': 'Bearer ' + token}});
  if (answer.status !== 201) throw new Error(await answer.text());
  await peer.setRemoteDescription({type: 'answer', sdp: await answer.text()});
  return answer.headers.get('Location');
}"""

STATS = """async () => {
  for (const report of (await window.peer.getStats()).values())
    if (report.type === 'inbound-rtp') return {decoded: report.framesDecoded || 0,
      width: report.frameWidth || 0, lost: report.packetsLost || 0, pli: report.pliCount || 0,
      dropped: report.framesDropped || 0,
      delay: (report.jitterBufferDelay || 0) / (report.jitterBufferEmittedCount || 1)};
  return {decoded: 0};
}"""


@pytest.fixture
async def page(gateway: Gateway) -> AsyncIterator[Page]:
    require("chromium")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path="/usr/bin/chromium",
            args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"],
        )
        opened = await browser.new_page()
        await opened.goto(f"http://{gateway.host}/live/whep/none")
        yield opened
        await browser.close()


@pytest.mark.browser
@pytest.mark.parametrize("profile", ["Baseline", "High"])
async def test_chromium_decodes(gateway: Gateway, studio: Studio, page: Page, profile: str) -> None:
    packets = clip(100, gop=50, size=(1280, 720), profile=profile)
    code = "avc1.42C01F" if profile == "Baseline" else "avc1.64001F"
    info = replace(packets[0].info, codec_string=code)
    studio.play([replace(packet, info=info) for packet in packets])
    await eventually(lambda: len(studio.hold) > 30)
    location = await page.evaluate(VIEW, [f"/live/whep/{studio.camera_id}", TOKEN])
    assert studio.camera_id in location
    stats: dict[str, float] = {}

    async def decoded() -> bool:
        stats.update(await page.evaluate(STATS))
        return stats["decoded"] > 75

    await eventually(decoded, within_s=60)
    assert stats["width"] == 1280
    await page.evaluate("window.peer.close()")
    await eventually(lambda: not gateway.hub.cameras)
