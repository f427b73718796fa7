"""The pages beside the wall in a real browser: menu by role, camera list, rules drawn, dry runs."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Locator, Page, Route, expect

from ingest.clips import cut
from tests.analytics.clips import clip
from tests.system.conftest import sign_in
from tests.system.hub import Hub
from tests.waiting import eventually

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

PASSWORD = "mat khau rat dai 77"
ZONE = ((0.1, 0.35), (0.9, 0.35), (0.95, 0.95), (0.05, 0.95))


def camera_id(hub: Hub, place: int = 0) -> str:
    with hub.client() as client:
        return str(client.get("/api/v1/cameras").json()["items"][place]["id"])


@pytest.fixture(scope="module", autouse=True)
def live(hub: Hub) -> None:
    """All four cameras are live before the first test."""
    asyncio.run(eventually(lambda: hub.all_live(4), within_s=90, what="four live cameras"))


@pytest.fixture
def rules_page(hub: Hub) -> Iterator[str]:
    """Address of the rules of a camera, which has the default ones again afterwards."""
    chosen = camera_id(hub)
    yield f"{hub.url}/#/cameras/{chosen}/rules"
    path = f"/api/v1/cameras/{chosen}/rules"
    with hub.client() as client:
        version = client.get(path).json()["version"]
        client.put(path, json={"version": version, "document": None}).raise_for_status()


async def menu(page: Page) -> list[str]:
    """Test ids of the menu's entries."""
    links = page.get_by_test_id("menu").locator("a")
    found = [await link.get_attribute("data-testid") for link in await links.all()]
    return [name or "" for name in found]


async def draw(page: Page, points: tuple[tuple[float, float], ...]) -> None:
    """Click points into the drawing and close it at the first."""
    await page.get_by_test_id("draw").click()
    box = await page.get_by_test_id("drawing").bounding_box()
    assert box is not None
    for x, y in (*points, points[0]):
        await page.mouse.click(box["x"] + x * box["width"], box["y"] + y * box["height"])


async def open_rules(page: Page, address: str) -> None:
    await page.goto(address)
    await expect(page.get_by_test_id("rules")).to_be_visible()
    await expect(page.get_by_test_id("drawing").locator("image")).to_be_attached()


async def test_a_zone_drawn_with_the_mouse_is_saved_comes_back_and_speaks(
    page: Page, hub: Hub, rules_page: str
) -> None:
    await open_rules(page, rules_page)
    await page.get_by_test_id("rule-drop-zone-enter").click()
    await page.get_by_test_id("rule-kind").select_option("dwell")
    await page.get_by_test_id("rule-add").click()
    await page.get_by_test_id("rule-id").fill("crossing")
    await page.get_by_test_id("rule-after_s").fill("0,5")
    await draw(page, ZONE)
    await page.get_by_test_id("rules-save").click()
    await expect(page.get_by_test_id("rules-bar")).to_have_attribute("data-dirty", "false")
    await page.reload()
    await expect(page.get_by_test_id("rule")).to_have_count(1)
    await expect(page.get_by_test_id("rule")).to_have_attribute("data-rule", "crossing")
    await expect(page.get_by_test_id("handle-3")).to_be_visible()
    with hub.client() as client:
        document = client.get(f"/api/v1/cameras/{camera_id(hub)}/rules").json()["document"]
    [rule] = document["rules"]
    assert rule["after_s"] == 0.5
    for wanted, got in zip(ZONE, rule["zone"]["points"], strict=True):
        assert got == pytest.approx(wanted, abs=0.01)
    await page.get_by_test_id("tab-overview").click()
    event = page.get_by_test_id("camera-event").first
    await expect(event).to_contain_text(re.compile("Ở lâu trong vùng"), timeout=60_000)


async def test_a_picture_that_is_not_there_yet_is_waited_for_in_words(
    page: Page, rules_page: str
) -> None:
    async def not_yet(route: Route) -> None:
        await route.fulfill(status=503, json={"code": "no_picture", "detail": "no picture yet"})

    await page.route("**/snapshot", not_yet)
    await page.goto(rules_page)
    told = page.get_by_test_id("still-nothing")
    await expect(told).to_have_text("Camera chưa gửi hình; đang tự thử lại…")
    await page.unroute("**/snapshot")
    await expect(page.get_by_test_id("drawing").locator("image")).to_be_attached()
    await expect(told).to_have_count(0)


async def test_points_are_moved_by_key_undone_and_guarded(page: Page, rules_page: str) -> None:
    await open_rules(page, rules_page)
    await page.get_by_test_id("rule-kind").select_option("wrong_way")
    await page.get_by_test_id("rule-add").click()
    point = page.get_by_test_id("handle-0")
    before = await point.get_attribute("cx")
    await point.focus()
    await page.keyboard.press("Shift+ArrowRight")
    await expect(point).not_to_have_attribute("cx", before or "")
    await page.keyboard.press("Insert")
    await expect(page.get_by_test_id("handle-4")).to_be_visible()
    await page.keyboard.press("Control+z")
    await page.keyboard.press("Control+z")
    await expect(point).to_have_attribute("cx", before or "")
    await expect(page.get_by_test_id("handle-4")).to_have_count(0)
    await page.get_by_test_id("figure-allowed").click()
    await expect(page.get_by_test_id("arrow-allowed")).to_be_visible()
    await page.get_by_test_id("rule-tolerance").fill("120")
    await expect(page.get_by_test_id("rules-save")).to_be_disabled()
    await page.get_by_test_id("menu-cameras").click()
    await expect(page.get_by_test_id("unsaved-dialog")).to_be_visible()
    await page.get_by_test_id("unsaved-no").click()
    await expect(page.get_by_test_id("rules")).to_be_visible()
    await page.get_by_test_id("menu-cameras").click()
    await page.get_by_test_id("unsaved-yes").click()
    await expect(page.get_by_test_id("cameras")).to_be_visible()


async def test_rules_that_somebody_else_saved_meanwhile_are_not_overwritten(
    page: Page, hub: Hub, rules_page: str
) -> None:
    await open_rules(page, rules_page)
    await page.get_by_test_id("rule-kind").select_option("tamper")
    await page.get_by_test_id("rule-add").click()
    path = f"/api/v1/cameras/{camera_id(hub)}/rules"
    with hub.client() as client:
        version = client.get(path).json()["version"]
        theirs = {"version": version, "document": {"rules": [{"kind": "crowd", "id": "theirs"}]}}
        client.put(path, json=theirs).raise_for_status()
    await page.get_by_test_id("rules-save").click()
    await expect(page.get_by_test_id("rules-conflict")).to_be_visible()
    await page.get_by_test_id("rules-reload").click()
    await expect(page.get_by_test_id("rule")).to_have_count(1)
    await expect(page.get_by_test_id("rule")).to_have_attribute("data-rule", "theirs")


async def test_a_dry_run_on_the_camera_shows_progress_and_its_events(
    page: Page, rules_page: str
) -> None:
    await open_rules(page, rules_page)
    await page.get_by_test_id("rule-kind").select_option("line_cross")
    await page.get_by_test_id("rule-add").click()  # unsaved, and tried all the same
    await page.get_by_test_id("dry-seconds").select_option("10")
    await page.get_by_test_id("dry-begin").click()
    await expect(page.get_by_test_id("dry-progress")).to_be_visible()
    summary = page.get_by_test_id("dry-summary")
    await expect(summary).to_be_visible(timeout=90_000)
    assert int(await summary.get_attribute("data-events") or "0") > 0
    await expect(page.get_by_test_id("timeline-event").first).to_be_visible()
    await shown(page.get_by_test_id("dry-picture"))
    await expect(page.get_by_test_id("rules-bar")).to_have_attribute("data-dirty", "true")


async def test_a_dry_run_over_a_file_and_one_that_is_called_off(
    page: Page, rules_page: str, tmp_path: Path
) -> None:
    packets = clip(8.0, lambda s: [(round(20 + (s - 3) * 60), 90, 30, 40)] if s > 3 else [])
    file = tmp_path / "clip.mp4"
    cut(packets, packets[0].utc_us, packets[-1].utc_us, file)
    await open_rules(page, rules_page)
    await page.get_by_test_id("dry-source").select_option("upload")
    await page.get_by_test_id("dry-file").set_input_files(file)
    await page.get_by_test_id("dry-begin").click()
    summary = page.get_by_test_id("dry-summary")
    await expect(summary).to_have_attribute("data-events", "1", timeout=90_000)
    await page.get_by_test_id("dry-source").select_option("camera")
    await page.get_by_test_id("dry-seconds").select_option("120")
    await page.get_by_test_id("dry-begin").click()
    await expect(page.get_by_test_id("dry-run")).to_have_attribute("data-state", "clip")
    await page.get_by_test_id("dry-cancel").click()
    await expect(page.get_by_test_id("dry-progress")).to_have_count(0)
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"no video")
    await page.get_by_test_id("dry-source").select_option("upload")
    await page.get_by_test_id("dry-file").set_input_files(broken)
    await page.get_by_test_id("dry-begin").click()
    await expect(page.get_by_test_id("dry-failed")).to_be_visible(timeout=90_000)


async def test_the_camera_page_is_live_tells_of_gate_and_stream_and_counts(
    page: Page, hub: Hub
) -> None:
    await page.goto(f"{hub.url}/#/cameras/{camera_id(hub)}")
    await expect(page.get_by_test_id("camera-live")).to_have_attribute(
        "data-live", "true", timeout=60_000
    )
    await expect(page.get_by_test_id("gate-phase")).to_be_visible()
    await expect(page.get_by_test_id("camera-facts")).to_contain_text("1280 × 720")
    await page.get_by_test_id("tab-counts").click()
    for step in ("minute", "hour", "day"):
        await page.get_by_test_id(f"counts-{step}").click()
        await expect(page.get_by_test_id(f"counts-{step}")).to_have_attribute(
            "aria-pressed", "true"
        )
    await expect(page.get_by_test_id("counts")).to_be_visible()


async def test_the_list_finds_edits_and_tells_of_a_conflict(page: Page, hub: Hub) -> None:
    chosen = camera_id(hub, 1)
    path = f"/api/v1/cameras/{chosen}"
    with hub.client() as client:
        before: dict[str, Any] = client.get(path).json()
    await page.goto(f"{hub.url}/#/cameras/{chosen}")
    await page.get_by_test_id("camera-edit").click()
    await page.get_by_test_id("camera-priority").select_option("7")
    with hub.client() as client:
        client.patch(path, json={"tags": [*before["tags"], "moi"]}).raise_for_status()
    await page.get_by_test_id("camera-save").click()
    await expect(page.get_by_test_id("camera-conflict")).to_be_visible()
    await expect(page.get_by_test_id("camera-conflict")).to_contain_text("moi")
    await expect(page.get_by_test_id("camera-priority")).to_have_value("7")  # nothing is lost
    await page.get_by_test_id("camera-save").click()
    await expect(page.get_by_test_id("camera-form")).to_have_count(0)
    with hub.client() as client:
        after = client.get(path).json()
        client.patch(path, json={"priority": 0, "tags": before["tags"]}).raise_for_status()
    assert (after["priority"], "moi" in after["tags"]) == (7, True)


async def test_the_menu_is_that_of_the_role_and_an_address_is_never_blank(
    browser: Browser, page: Page, hub: Hub
) -> None:
    await page.get_by_test_id("menu-button").click()
    await page.keyboard.press("ArrowDown")
    await expect(page.get_by_test_id("menu-cameras")).to_be_focused()
    all_pages = await menu(page)
    await page.keyboard.press("Enter")
    await expect(page.get_by_test_id("cameras")).to_be_visible()
    await page.goto(f"{hub.url}/#/nothing/here")
    await expect(page.get_by_test_id("page-unknown")).to_be_visible()
    await page.get_by_test_id("language-en").click()
    await expect(page.get_by_test_id("page-unknown")).to_contain_text("There is no such page")
    await page.get_by_test_id("language-vi").click()
    grants = [{"role": "operator", "units": ["*"]}]
    with hub.client() as client:
        body = {"username": "trucban", "password": PASSWORD, "grants": grants}
        assert client.post("/api/v1/users", json=body).status_code in (201, 409)
    other = await browser.new_page()
    await other.goto(hub.url)
    await sign_in(other, "trucban", PASSWORD)
    await other.get_by_test_id("menu-button").click()
    few = await menu(other)
    assert "menu-cameras" in few
    assert set(few) < set(all_pages)
    hidden = next(name for name in all_pages if name not in few).removeprefix("menu-")
    await other.goto(f"{hub.url}/#/{hidden}")
    await expect(other.get_by_test_id("page-forbidden")).to_be_visible()
    await other.goto(f"{hub.url}/#/cameras/{camera_id(hub)}/rules")
    await expect(other.get_by_test_id("drawing")).to_be_visible()
    await expect(other.get_by_test_id("rules-save")).to_have_count(0)
    await expect(other.get_by_test_id("rule-id")).to_be_disabled()
    await other.close()


async def focused_in(page: Page, test_id: str) -> bool:
    """Whether the focus is inside an element."""
    inside = "name => document.activeElement.closest(`[data-testid='${name}']`) !== null"
    return bool(await page.evaluate(inside, test_id))


async def shown(picture: Locator) -> None:
    """Wait until an image has really been decoded."""
    await eventually(
        lambda: picture.evaluate("image => image.complete && image.naturalWidth > 100"),
        what="the picture is shown",
    )


async def test_a_file_of_cameras_is_checked_registered_and_taken_back(
    page: Page, hub: Hub, tmp_path: Path
) -> None:
    path = tmp_path / "Danh sách.csv"
    path.write_text(
        "Tên camera,Phường,Link\n"
        "Cầu Bông,26956,rtsp://viewer:mot-mat-khau-kho@10.9.9.1/s\n"
        "Chợ,không có,rtsp://10.9.9.2/s\n",
        encoding="utf-8",
    )
    await page.goto(f"{hub.url}/#/import")
    await page.get_by_test_id("import-file").set_input_files(path)
    await page.get_by_test_id("import-check").click()
    await expect(page.get_by_test_id("count-good")).to_contain_text("1")
    await expect(page.get_by_test_id("count-wrong")).to_contain_text("1")
    await expect(page.get_by_test_id("import-rows")).to_contain_text("Không có đơn vị này")
    await page.get_by_test_id("import-apply").click()
    await expect(page.get_by_test_id("count-applied")).to_contain_text("1")
    await page.get_by_test_id("rows-all").click()
    await expect(page.get_by_test_id("import-rows").get_by_role("link")).to_have_text("Cầu Bông")
    assert "mot-mat-khau-kho" not in await page.content()
    await page.get_by_test_id("import-undo").click()
    await page.get_by_test_id("import-undo-yes").click()
    await expect(page.get_by_test_id("count-undone")).to_contain_text("1")
    with hub.client() as client:
        found = client.get("/api/v1/cameras", params={"q": "cau bong"}).json()["items"]
    assert found == []


async def test_a_dialog_takes_the_focus_keeps_it_and_gives_it_back(page: Page, hub: Hub) -> None:
    await page.goto(f"{hub.url}/#/cameras/{camera_id(hub)}")
    opener = page.get_by_test_id("camera-remove")
    dialog = page.get_by_test_id("camera-remove-dialog")
    await opener.focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_test_id("camera-remove-no")).to_be_focused()
    for _ in range(6):
        await page.keyboard.press("Tab")
        # at the ends the focus passes through the browser's own bar, which is the body
        behind = "() => document.activeElement.closest('main, header, nav') !== null"
        assert not await page.evaluate(behind) or await focused_in(page, "camera-remove-dialog")
    await page.keyboard.press("Escape")
    await expect(dialog).to_have_count(0)
    await expect(opener).to_be_focused()
    await page.goto(f"{hub.url}/#/cameras")
    await page.get_by_test_id("camera-add").press("Enter")
    await expect(page.get_by_test_id("camera-form").locator("input, select").first).to_be_focused()
    # a browser shuts a dialog at the second Escape without asking; it must open again then
    await page.keyboard.press("Escape")
    await expect(page.get_by_test_id("camera-form")).to_have_count(0)
    await page.get_by_test_id("camera-add").press("Enter")
    await expect(page.get_by_test_id("camera-form")).to_be_visible()


async def test_the_way_back_to_the_list_keeps_its_filters_and_its_page(
    page: Page, hub: Hub
) -> None:
    with hub.client() as client:
        made = []
        for number in range(60):
            camera = {
                "name": f"Trả về {number:03}",
                "unit_code": "26740",
                "url": f"rtsp://127.0.0.1:9/back-{number}",
                "enabled": False,
                "tags": ["back"],
            }
            made.append(client.post("/api/v1/cameras", json=camera).raise_for_status().json())
    try:
        await page.goto(f"{hub.url}/#/cameras")
        await page.get_by_test_id("cameras-tag").fill("back")
        await expect(page).to_have_url(re.compile("tag=back"))
        rows = page.get_by_test_id("cameras").locator("[data-row]")
        await expect(rows.first).to_have_attribute("data-row", made[0]["id"])
        await page.get_by_test_id("table-next").click()
        last = page.locator(f'[data-row="{made[-1]["id"]}"]')
        await last.get_by_role("link").first.click()
        await expect(page.get_by_test_id("camera-title")).to_have_text("Trả về 059")
        await page.get_by_text("← Danh sách").click()
        await expect(last).to_be_visible()
        await expect(page.get_by_test_id("cameras-tag")).to_have_value("back")
        await page.get_by_test_id("table-prev").click()
        await expect(page.locator(f'[data-row="{made[0]["id"]}"]')).to_be_visible()
    finally:
        with hub.client() as client:
            for each in made:
                client.delete(f"/api/v1/cameras/{each['id']}").raise_for_status()
