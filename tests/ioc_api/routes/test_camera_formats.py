"""Cameras for other systems, filters, search without marks, and the map."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import httpx
import msgspec
import pytest

from camera_registry import subjects
from camera_registry.adapters.health_sql import SqlHealthStore
from camera_registry.base.clock import SystemClock
from camera_registry.health.model import HealthChange
from camera_registry.model import CameraState, Position, State
from camera_registry.records import NewCamera
from camera_registry.scope import Scope
from ioc_api.access.rbac import Role
from tests.ioc_api.hub import UNIT_A, UNIT_B, Hub
from tests.waiting import eventually

CITY = Scope.all()


async def add(client: httpx.AsyncClient, name: str, **more: Any) -> dict[str, Any]:
    others = len((await client.get("/api/v1/cameras")).json()["items"])
    url = f"rtsp://u:geheim@10.0.0.1/s{others or ''}"  # no two have one address
    body = {"name": name, "unit_code": UNIT_A, "url": url} | more
    answer = await client.post("/api/v1/cameras", json=body)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def found(client: httpx.AsyncClient, **query: Any) -> list[str]:
    answer = await client.get("/api/v1/cameras", params=query)
    assert answer.status_code == 200, answer.text
    return [camera["name"] for camera in answer.json()["items"]]


async def test_words_find_cameras_with_and_without_marks(api: Hub) -> None:
    async with api.client(await api.token(Role.ENGINEER)) as client:
        await add(client, "Ngã tư Thủ Đức", code="TD-01", address="12 Lê Lợi", serial="SN77")
        await add(client, "Cổng chợ", unit_code=UNIT_B)
        for text in (
            "Thu Duc", "THỦ ĐỨC", "duc nga", "td-01", "le loi", "sn77", "Thủ Dầu Một", "12 lợi",
        ):  # fmt: skip
            assert await found(client, q=text) == ["Ngã tư Thủ Đức"], text
        assert await found(client, q="cho cong") == ["Cổng chợ"]
        for text in ("thu duk", "%", "_", "' or 1=1 --"):
            assert await found(client, q=text) == [], text
        for text in ("  ", "\x00"):
            assert len(await found(client, q=text)) == 2


async def test_filters_can_be_joined(api: Hub) -> None:
    async with api.client(await api.token(Role.ENGINEER)) as client:
        group = (await api.deps.groups.create("g", "*", CITY)).id
        here = {"position": {"lon": 106.7, "lat": 10.8}}
        await add(client, "a", **here, **{"class": "gate", "tags": ["x"], "groups": [group]})
        await add(client, "b", unit_code=UNIT_B, enabled=False)
        await add(client, "c", **{"class": "traffic", "position": {"lon": 107.7, "lat": 10.8}})
        for query, names in (
            ({"unit": [UNIT_A, UNIT_B]}, ["a", "b", "c"]),
            ({"unit": UNIT_B}, ["b"]),
            ({"class": ["gate", "traffic"]}, ["a", "c"]),
            ({"class": "gate", "unit": UNIT_B}, []),
            ({"group": group}, ["a"]),
            ({"tag": "x"}, ["a"]),
            ({"enabled": "false"}, ["b"]),
            ({"positioned": "true"}, ["a", "c"]),
            ({"positioned": "false"}, ["b"]),
            ({"bbox": "106,10,107,11"}, ["a"]),
            ({"state": "offline"}, ["a", "c"]),
            ({"state": "live"}, []),
            ({"state": ["live", "offline"], "class": "gate"}, ["a"]),
            ({"state": "offline", "enabled": "false"}, []),
        ):
            assert await found(client, **query) == names, query
        for wrong in ({"bbox": "1,2,3"}, {"bbox": "9,9,1,1"}, {"class": "x"}, {"state": "x"}):
            assert (await client.get("/api/v1/cameras", params=wrong)).status_code == 422


async def test_cameras_are_found_by_what_workers_report(api: Hub) -> None:
    async with api.client(await api.token(Role.ENGINEER)) as client:
        live, _ = await add(client, "live"), await add(client, "dead")
        await api.deps.states.start()
        now = SystemClock().utc_us()
        state = CameraState(live["id"], UNIT_A, State.LIVE, "ok", "", now, now, now, "w", 1)
        bucket = api.deps.states._bus.bucket(subjects.STATES_BUCKET)
        await bucket.put(live["id"], msgspec.msgpack.encode(state))

        async def told() -> bool:
            return await found(client, state="live") == ["live"]

        await eventually(told)
        assert await found(client, state="offline") == ["dead"]
        await api.deps.states.stop()


@pytest.mark.parametrize("by_header", [True, False])
async def test_geojson_and_ngsi_ld_tell_all_and_no_secret(api: Hub, by_header: bool) -> None:
    async with api.client(await api.token(Role.ENGINEER)) as client:
        here = {"position": {"lon": 106.7, "lat": 10.8}, "azimuth_deg": 90, "owner": "UBND"}
        camera = await add(client, "a", **here, capabilities={"ptz": True})
        await add(client, "b")

        async def get(form: str, media: str, path: str = "/api/v1/cameras") -> httpx.Response:
            if by_header:
                answer = await client.get(
                    f"{path}?limit=1", headers={"Accept": f"x/y, {media};q=1"}
                )
            else:
                answer = await client.get(f"{path}?limit=1&format={form}")
            assert answer.headers["content-type"] == media
            assert "geheim" not in answer.text
            return answer

        answer = await get("geojson", "application/geo+json")
        body = answer.json()
        feature = body["features"][0]
        assert (body["type"], feature["type"], feature["id"]) == (
            "FeatureCollection", "Feature", camera["id"],
        )  # fmt: skip
        assert feature["geometry"] == {"type": "Point", "coordinates": [106.7, 10.8]}
        assert feature["properties"]["code"] == camera["code"]
        link = answer.headers["link"]
        following = link[link.index("<") + 1 : link.index(">")]
        rest = (await client.get(following, headers={"Accept": "application/geo+json"})).json()
        assert [each["properties"]["name"] for each in rest["features"]] == ["b"]
        assert rest["features"][0]["geometry"] is None
        entity = (await get("ngsi-ld", "application/ld+json")).json()[0]
        assert entity["id"] == f"urn:ngsi-ld:Camera:{camera['id']}"
        assert entity["type"] == "Camera"
        assert entity["cameraType"] == {"type": "Property", "value": "PTZ"}
        assert entity["streamURL"]["value"] == "rtsp://10.0.0.1/s"
        assert entity["location"]["value"]["coordinates"] == [106.7, 10.8]
        assert any("dataModel.Device" in each for each in entity["@context"])
        path = f"/api/v1/cameras/{camera['id']}"
        assert (await get("geojson", "application/geo+json", path)).json()["id"] == camera["id"]
        assert (await get("ngsi-ld", "application/ld+json", path)).json() == entity


async def test_csv_holds_every_camera_and_no_formula(api: Hub) -> None:
    async with api.client(await api.token(Role.ENGINEER)) as client:
        await add(client, "=cmd|'/c calc'!A1", address="+1", owner="@x", tags=["-1+1"])
        await add(client, "plain", position={"lon": 106.7, "lat": 10.8}, sign_posted=True)
        await add(client, "theirs", unit_code=UNIT_B)
        answer = await client.get("/api/v1/cameras?format=csv&limit=1")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.content.startswith(b"\xef\xbb\xbf")
    assert "geheim" not in answer.text
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert [row["name"] for row in rows] == ["'=cmd|'/c calc'!A1", "plain", "theirs"]
    assert (rows[0]["owner"], rows[0]["tags"]) == ("'@x", "'-1+1")
    assert (rows[1]["lon"], rows[1]["sign_posted"], rows[1]["url"]) == (
        "106.7", "yes", "rtsp://10.0.0.1/s1",
    )  # fmt: skip
    async with api.client(await api.token(Role.OPERATOR, Scope.of([UNIT_B]))) as client:
        text = (await client.get("/api/v1/cameras?format=csv")).content.decode("utf-8-sig")
        assert [row["name"] for row in csv.DictReader(io.StringIO(text))] == ["theirs"]


async def test_an_export_is_imported_again_with_all_that_a_file_can_hold(api: Hub) -> None:
    given = {
        "code": "X-01", "class": "gate", "address": "=12 Lê Lợi", "height_m": 6.5,
        "azimuth_deg": 135.0, "fov_deg": 90.0, "view_m": 25.0, "target_px_m": 125.0,
        "owner": "UBND; +84", "purpose": "an ninh", "make": "Hãng", "model": "M", "firmware": "5.7",
        "serial": "SN-1", "installed_on": "2026-01-02", "checked_on": "2026-03-04",
        "retention_class": "long", "sign_posted": False, "tags": ["chợ", "cổng"], "enabled": False,
        "transport": "udp", "priority": 7, "position": {"lon": 106.66, "lat": 10.98},
        "sub": {"url": "rtsp://10.0.0.1/sub"},
    }  # fmt: skip
    async with api.client(await api.token(Role.ENGINEER)) as client:
        before = await add(client, "Cổng chợ", **given)
        export = (await client.get("/api/v1/cameras?format=csv")).content
        assert (await client.delete(f"/api/v1/cameras/{before['id']}")).status_code == 204
        file = (await client.post("/api/v1/imports?name=again.csv", content=export)).json()
        path = f"/api/v1/imports/{file['id']}"
        for step, body in (("check", {}), ("apply", {"mode": "all_or_nothing"})):
            answer = await client.post(f"{path}/{step}", json=body)
            assert answer.status_code == 202, answer.text

            async def ended() -> bool:
                return (await client.get(path)).json()["state"] not in ("checking", "applying")

            await eventually(ended)
        state = (await client.get(path)).json()
        assert (state["state"], state["applied"]) == ("applied", 1), state
        (again,) = (await client.get("/api/v1/cameras")).json()["items"]
    kept = {**given, "name": "Cổng chợ", "unit_code": UNIT_A, "url": "rtsp://10.0.0.1/s"}
    for field, value in kept.items():
        told = {"url": again["sub"]["url"]} if field == "sub" else again[field]
        assert told == value, field


async def test_the_map_shows_cameras_or_clusters_of_them(
    api: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(12):
        lon = 106.7 + (number % 2) * 0.2 + number * 0.0001
        new = NewCamera(
            f"n{number}", UNIT_A, f"rtsp://10.0.0.1/{number}", _at(lon), enabled=number > 2
        )
        camera = await api.deps.registry.add(new, CITY)
        states = {4: ("live",), 6: ("live", "frozen"), 8: ("frozen", "live")}.get(number, ())
        for at_us, state in enumerate(states, 1):
            change = HealthChange(camera.id, UNIT_A, state, state, "", at_us)
            await SqlHealthStore(api.database).add([change])
    async with api.client(await api.token(Role.OPERATOR)) as client:
        whole = (await client.get("/api/v1/map?bbox=106,10,108,12&zoom=10")).json()
        assert (whole["total"], len(whole["cameras"]), whole["clusters"]) == (12, 12, [])
        assert {each["state"] for each in whole["cameras"]} == {"offline", None}
        half = (await client.get("/api/v1/map?bbox=106.6,10,106.8,12&zoom=10")).json()
        assert half["total"] == 6
        monkeypatch.setattr("camera_registry.map_view.map_view.__defaults__", (5,))
        many = (await client.get("/api/v1/map?bbox=106,10,108,12&zoom=9")).json()
        assert (many["total"], many["cameras"]) == (12, [])
        assert sorted(each["count"] for each in many["clusters"]) == [6, 6]
        assert sum(each["enabled"] for each in many["clusters"]) == 9
        west = min(many["clusters"], key=lambda each: each["lon"])
        assert west["lon"] == pytest.approx(106.7005)
        # of 0 to 10 in steps of two, 0 and 2 are off and 4 and 8 live
        assert west["dead"] == 2
        assert sum(each["dead"] for each in many["clusters"]) == 2 + 5
    async with api.client(await api.token(Role.OPERATOR, Scope.of([UNIT_B]))) as foreign:
        assert (await foreign.get("/api/v1/map")).json()["total"] == 0


async def test_polygons_of_units_are_shown_to_who_is_signed_in(api: Hub, tmp_path: Any) -> None:
    square = [[[106.0, 10.0], [107.0, 10.0], [107.0, 11.0], [106.0, 11.0], [106.0, 10.0]]]
    geometry = {"type": "Polygon", "coordinates": square}
    document = {
        "type": "FeatureCollection",
        "features": [{"type": "Feature", "id": UNIT_A, "properties": {}, "geometry": geometry}],
    }
    file = tmp_path / "units.geojson"
    file.write_text(json.dumps(document))
    assert await api.deps.areas.load_file(file) == 1
    async with api.client(await api.token(Role.OPERATOR, Scope.of([UNIT_B]))) as client:
        answer = await client.get("/api/v1/units/polygons")
        feature = answer.json()["features"][0]
        assert (feature["id"], feature["geometry"]["coordinates"]) == (UNIT_A, [square])
        tag = {"If-None-Match": answer.headers["etag"]}
        assert (await client.get("/api/v1/units/polygons", headers=tag)).status_code == 304
    assert (await api.client().get("/api/v1/units/polygons")).status_code == 401


def _at(lon: float) -> Position:
    return Position(lon, 10.8)
