"""What the map is drawn over: the setting, ranges of the archive, and one origin in the policy."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import httpx
import pytest

from camera_registry.adapters.bus_nats import NatsBus
from camera_registry.base.errors import ConfigError
from ioc_api.access.rbac import Role
from ioc_api.basemap import ARCHIVE_PATH, MAX_RANGE, Basemap, BasemapKind
from ioc_api.settings import load
from tests.ioc_api.hub import hub
from tests.pmtiles import PNG, write_pmtiles


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    made = tmp_path / "city.pmtiles"
    write_pmtiles(made, {(0, 0, 0): b"a picture, or so"}, kind=PNG)
    return made


@pytest.fixture
async def signed_in(
    tmp_path: Path, archive: Path, bus: NatsBus, engine: str
) -> AsyncIterator[httpx.AsyncClient]:
    async with (
        hub(tmp_path / "hub", bus, map_tiles=str(archive)) as made,
        made.client(await made.token(Role.OPERATOR)) as client,
    ):
        yield client


@pytest.mark.parametrize(
    ("text", "kind", "origin"),
    [
        ("", BasemapKind.NONE, ""),
        ("/srv/map.pmtiles", BasemapKind.ARCHIVE, ""),
        ("https://maps.city.vn/hcm.pmtiles?v=2", BasemapKind.ARCHIVE, "https://maps.city.vn"),
        (
            "https://maps.city.vn:8443/{z}/{x}/{y}.png",
            BasemapKind.RASTER,
            "https://maps.city.vn:8443",
        ),
        (
            "https://Maps.city.vn/t/{z}/{x}/{y}.mvt?key=k",
            BasemapKind.VECTOR,
            "https://maps.city.vn",
        ),
        ("http://127.0.0.1:81/{z}/{x}/{y}", BasemapKind.RASTER, "http://127.0.0.1:81"),
        ("https://[2001:db8::1]/{z}/{x}/{y}", BasemapKind.RASTER, "https://[2001:db8::1]"),
    ],
)
def test_the_setting_names_a_file_an_archive_or_tiles(
    text: str, kind: BasemapKind, origin: str
) -> None:
    given = Basemap.parse(text)
    assert (given.kind, given.origin) == (kind, origin)


@pytest.mark.parametrize(
    "text",
    [
        "/etc/passwd",
        "file:///srv/map.pmtiles",
        "http://maps.city.vn/map.pmtiles",
        "https://maps.city.vn/{z}/{x}.png",
        "https://user:secret@maps.city.vn/map.pmtiles",
        "https://maps.city.vn; script-src */{z}/{x}/{y}",
        "https://*/{z}/{x}/{y}",
        "https:///{z}/{x}/{y}",
        "https://maps.city.vn:99999/{z}/{x}/{y}",
        "https://maps.city.vn#/{z}/{x}/{y}",
        "javascript://x/{z}/{x}/{y}",
    ],
)
def test_what_it_cannot_be_is_refused_at_the_start(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CAMHUB_MAP_TILES", text)
    with pytest.raises(ConfigError) as caught:
        load(None)
    assert "map_tiles" in str(caught.value)
    assert "secret" not in str(caught.value)


async def test_the_archive_is_read_by_ranges_and_never_whole(
    signed_in: httpx.AsyncClient, archive: Path
) -> None:
    told = (await signed_in.get("/api/v1/map/basemap")).json()
    assert told == {"kind": "archive", "url": ARCHIVE_PATH, "attribution": ""}
    whole = archive.read_bytes()
    answer = await signed_in.get(ARCHIVE_PATH, headers={"Range": "bytes=0-6"})
    assert (answer.status_code, answer.content) == (206, b"PMTiles")
    assert answer.headers["content-range"] == f"bytes 0-6/{len(whole)}"
    tail = await signed_in.get(ARCHIVE_PATH, headers={"Range": f"bytes=100-{len(whole) + 5}"})
    assert (tail.status_code, tail.content) == (206, whole[100:])
    assert tail.headers["etag"] == answer.headers["etag"]
    # a browser would go on with ranges of a file that was mended or replaced meanwhile
    assert answer.headers["cache-control"] == "no-store"
    assert (await signed_in.head(ARCHIVE_PATH)).status_code == 405


@pytest.mark.parametrize(
    "wanted",
    [
        "",
        "bytes=",
        "bytes=5-2",
        "bytes=-5",
        "bytes=0-1,3-4",
        "bytes=9999999-",
        "items=0-1",
        "bytes=٠-٩",
    ],
)
async def test_another_range_is_refused_with_the_size(
    signed_in: httpx.AsyncClient, archive: Path, wanted: str
) -> None:
    headers = [(b"range", wanted.encode())] if wanted else []
    answer = await signed_in.get(ARCHIVE_PATH, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (416, "range_not_satisfiable")
    assert answer.headers["content-range"] == f"bytes */{archive.stat().st_size}"


async def test_a_range_is_bounded(signed_in: httpx.AsyncClient, archive: Path) -> None:
    with archive.open("ab") as file:
        file.truncate(3 * MAX_RANGE)
    most = await signed_in.get(ARCHIVE_PATH, headers={"Range": f"bytes=1-{MAX_RANGE}"})
    assert len(most.content) == MAX_RANGE
    for wanted in (f"bytes=0-{MAX_RANGE}", "bytes=0-"):
        answer = await signed_in.get(ARCHIVE_PATH, headers={"Range": wanted})
        assert answer.status_code == 416


def _another(path: Path) -> None:
    path.write_text("root:x:0:0:root:/root:/bin/bash\n")


def _pipe(path: Path) -> None:
    os.mkfifo(path)


def _directory(path: Path) -> None:
    path.mkdir()


@pytest.mark.parametrize("put", [_another, _pipe, _directory, lambda path: None])
async def test_what_is_no_archive_is_not_served(
    signed_in: httpx.AsyncClient, archive: Path, put: Callable[[Path], None]
) -> None:
    archive.unlink()
    put(archive)
    answer = await signed_in.get(ARCHIVE_PATH, headers={"Range": "bytes=0-100"})
    assert (answer.status_code, answer.json()["code"]) == (404, "map_tiles_unavailable")
    assert str(archive) not in answer.text


async def test_nobody_reads_it_without_signing_in(
    tmp_path: Path, archive: Path, bus: NatsBus, engine: str
) -> None:
    async with (
        hub(tmp_path / "hub", bus, map_tiles=str(archive)) as made,
        made.client() as stranger,
    ):
        for path in (ARCHIVE_PATH, "/api/v1/map/basemap"):
            answer = await stranger.get(path, headers={"Range": "bytes=0-6"})
            assert answer.status_code == 401


async def test_the_policy_allows_just_the_host_of_the_tiles(
    tmp_path: Path, bus: NatsBus, engine: str
) -> None:
    address = "https://maps.city.vn/{z}/{x}/{y}.png?key=abc"
    for place, (given, allowed) in enumerate(
        (("", "connect-src 'self';"), (address, "connect-src 'self' https://maps.city.vn;"))
    ):
        async with (
            hub(tmp_path / str(place), bus, map_tiles=given) as made,
            made.client(await made.token(Role.OPERATOR)) as client,
        ):
            policy = (await client.get("/healthz")).headers["content-security-policy"]
            assert allowed in policy
            assert policy.count("maps.city.vn") == (1 if given else 0)
            none = await client.get(ARCHIVE_PATH, headers={"Range": "bytes=0-1"})
            assert (none.status_code, none.json()["code"]) == (404, "map_tiles_none")
