"""The register's pages in a real browser: zones drawn, versions, groups, many cameras at once."""

from __future__ import annotations

from typing import Any

from playwright.async_api import Page, expect

from tests.system.hub import Hub


def cameras(hub: Hub) -> list[dict[str, Any]]:
    with hub.client() as client:
        return list(client.get("/api/v1/cameras").json()["items"])


def camera(hub: Hub, camera_id: str) -> dict[str, Any]:
    with hub.client() as client:
        return dict(client.get(f"/api/v1/cameras/{camera_id}").json())


async def test_a_privacy_zone_is_drawn_by_mouse_changed_by_key_and_kept(
    page: Page, hub: Hub
) -> None:
    chosen = cameras(hub)[0]["id"]
    await page.goto(f"{hub.url}/#/cameras/{chosen}/privacy")
    await page.get_by_test_id("zone-add").click()
    await page.get_by_test_id("zone-draw").click()
    await expect(page.get_by_test_id("drawing").locator("image")).to_be_attached()
    box = await page.get_by_test_id("drawing").bounding_box()
    assert box is not None
    for x, y in ((0.1, 0.1), (0.4, 0.1), (0.4, 0.4), (0.1, 0.1)):
        await page.mouse.click(box["x"] + x * box["width"], box["y"] + y * box["height"])
    await page.get_by_test_id("handle-0").focus()
    await page.keyboard.press("Insert")
    await expect(page.get_by_test_id("handle-3")).to_be_visible()
    await page.keyboard.press("Shift+ArrowDown")
    await page.keyboard.press("Control+s")
    await expect(page.get_by_test_id("zones-bar")).to_have_attribute("data-dirty", "false")
    zones = camera(hub, chosen)["privacy_zones"]
    assert len(zones) == 1
    assert len(zones[0]["points"]) == 4
    assert abs(zones[0]["points"][0][1] - 0.15) < 0.01
    await page.reload()
    await expect(page.get_by_test_id("privacy-zone")).to_have_count(1)
    await page.get_by_test_id("zone-drop-0").click()
    await page.get_by_test_id("zones-save").click()
    await expect(page.get_by_test_id("zones-bar")).to_have_attribute("data-dirty", "false")
    assert camera(hub, chosen)["privacy_zones"] == []


async def test_a_refusal_stands_at_its_field_and_an_earlier_version_comes_back(
    page: Page, hub: Hub
) -> None:
    before = cameras(hub)[1]
    await page.goto(f"{hub.url}/#/cameras/{before['id']}")
    await page.get_by_test_id("camera-edit").click()
    await page.get_by_test_id("camera-streams").locator("summary").click()
    await page.get_by_test_id("camera-sub-url").fill("http://10.0.0.1/x")
    await page.get_by_test_id("camera-streams").locator("summary").click()
    await page.get_by_test_id("camera-save").click()
    await expect(page.get_by_test_id("camera-sub-url")).to_be_focused()  # unfolded again
    await page.get_by_test_id("camera-sub-url").fill("rtsp://10.0.0.1/x")
    await page.get_by_test_id("camera-save").click()
    await expect(page.get_by_test_id("camera-form")).to_have_count(0)
    assert camera(hub, before["id"])["sub"]["url"] == "rtsp://10.0.0.1/x"

    await page.get_by_test_id("tab-versions").click()
    newest = page.get_by_test_id("version-entry").first
    await expect(newest).to_contain_text("rtsp://10.0.0.1/x")
    await page.get_by_test_id(f"version-show-{before['version']}").click()
    await page.get_by_test_id("version-fill").click()
    await page.get_by_test_id("camera-save").click()
    await expect(page.get_by_test_id("camera-form")).to_have_count(0)
    assert camera(hub, before["id"])["sub"] is None


async def test_a_group_is_made_filled_and_deleted(page: Page, hub: Hub) -> None:
    await page.goto(f"{hub.url}/#/groups")
    await page.get_by_test_id("group-add").click()
    await page.get_by_test_id("group-name").fill("Cổng trường")
    await page.keyboard.press("Enter")
    await expect(page.get_by_test_id("group-title")).to_have_text("Cổng trường")
    await page.get_by_test_id("group-find").fill(cameras(hub)[0]["name"])
    await page.get_by_test_id("group-put").first.click()
    await expect(page.get_by_test_id("member-drop")).to_have_count(1)
    assert len(cameras(hub)[0]["groups"]) == 1
    await page.get_by_test_id("group-remove").click()
    await page.get_by_test_id("group-remove-yes").click()
    await expect(page.get_by_test_id("groups")).not_to_contain_text("Cổng trường")
    assert cameras(hub)[0]["groups"] == []


async def test_chosen_cameras_are_edited_at_once_and_back(page: Page, hub: Hub) -> None:
    await page.goto(f"{hub.url}/#/cameras")
    await page.get_by_test_id("camera-select").first.check()
    await page.get_by_test_id("camera-select").nth(1).check()
    await page.get_by_test_id("select-edit").click()
    await page.get_by_test_id("bulk-value-owner").fill("Công an thành phố")
    await page.get_by_test_id("bulk-add_tags").fill("đợt 1")
    await page.get_by_test_id("bulk-preview").click()
    await expect(page.get_by_test_id("count-good")).to_contain_text("2")
    await expect(page.get_by_test_id("lines")).to_contain_text("Công an thành phố")
    assert all(each["owner"] == "" for each in cameras(hub))
    await page.get_by_test_id("edit-apply").click()
    await expect(page.get_by_test_id("count-applied")).to_contain_text("2")
    owners = [each["owner"] for each in cameras(hub)]
    assert owners.count("Công an thành phố") == 2
    await page.get_by_test_id("edit-undo").click()
    await page.get_by_test_id("edit-undo-yes").click()
    await expect(page.get_by_test_id("count-undone")).to_contain_text("2")
    assert all(each["owner"] == "" and "đợt 1" not in each["tags"] for each in cameras(hub))


async def test_cameras_selected_on_the_map_are_edited(page: Page, hub: Hub) -> None:
    positioned = [each for each in cameras(hub) if each["position"] is not None]
    await page.goto(f"{hub.url}/#/map")
    await page.get_by_test_id("map-select-all").click()
    await expect(page.get_by_test_id("map-selection")).to_contain_text(str(len(positioned)))
    await page.get_by_test_id("map-edit").click()
    await expect(page.get_by_test_id("bulk-who")).to_contain_text(str(len(positioned)))
    await page.get_by_test_id("bulk-add_tags").fill("từ bản đồ")
    await page.get_by_test_id("bulk-preview").click()
    await expect(page.get_by_test_id("count-good")).to_contain_text(str(len(positioned)))
    await expect(page.get_by_test_id("lines")).to_contain_text("từ bản đồ")
