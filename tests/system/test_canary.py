"""No secret leaves the hub: not in an answer, a log, a message, a file or an export.

Secrets are planted wherever one can be given; then every route of both OpenAPI documents is driven
as every role, and everything that came out is searched. The name of a camera, which may be seen,
is looked for in the same way: where it is not found, the search itself is broken.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import subprocess
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import httpx
import nats
import pyotp
import pytest
from websockets.asyncio.client import connect
from websockets.typing import Origin

from camera_registry.base.ids import new_id
from ioc_api.access.rbac import Role
from tests.onvif.device import USER, Setup, running
from tests.system.canaries import Search, forms
from tests.system.hub import CAMHUB, Hub

UNIT = "26740"
METHODS = ("get", "post", "put", "patch", "delete")
CONTROL = "camera name (control)"
SECRET_FIELDS = {"password", "current", "token", "code", "client_secret"}


@pytest.mark.parametrize("wrap", [quote, lambda text: json.dumps({"a": text})])
def test_the_search_finds_a_secret_in_any_form(wrap: Any) -> None:
    search = Search()
    secret = search.plant("one")
    for place, data in {
        "text": wrap(secret).encode(),
        **{f"base64 {n}": base64.b64encode(b"u" * n + secret.encode()) for n in range(6)},
    }.items():
        search.look(place, data)
    assert len(search.found) == 7
    assert len(set(forms(b"abcdef"))) == 5


class Drive:
    """Calls routes, and searches what they answer."""

    def __init__(self, hub: Hub, search: Search) -> None:
        self.hub = hub
        self.search = search
        self.known: dict[str, str] = {"provider": "city", "number": "0", "version": "1"}
        self.statuses: set[int] = set()
        self.calls = 0

    def client(self, token: str = "") -> httpx.AsyncClient:
        headers = {"Authorization": f"Bearer {token}"} if token else {"Origin": self.hub.url}
        return httpx.AsyncClient(base_url=self.hub.url, headers=headers, timeout=60)

    async def call(
        self, client: httpx.AsyncClient, method: str, path: str, *, told: bool = False, **more: Any
    ) -> httpx.Response:
        """Send a request and search its answer, unless the secret is ``told`` in it, once."""
        answer = await client.request(method, path, **more)
        self.calls += 1
        self.statuses.add(answer.status_code)
        if not told:
            self._look(f"answer of {method} {path}", answer, answer.content)
        return answer

    def _look(self, place: str, answer: httpx.Response, body: bytes) -> None:
        heads = [f"{k}: {v}" for k, v in answer.headers.items() if k.lower() != "set-cookie"]
        self.search.look(place, "\n".join(heads).encode() + b"\n" + body)

    async def walk(self, client: httpx.AsyncClient, document: dict[str, Any], secret: str) -> None:
        """Call every operation of a document, a few at a time."""
        turn = asyncio.Semaphore(6)

        async def one(method: str, path: str, operation: dict[str, Any]) -> None:
            async with turn:
                await self._operation(client, document, method, path, operation, secret)

        await asyncio.gather(
            *(
                one(method, path, item[method])
                for path, item in document["paths"].items()
                for method in METHODS
                if method in item
            )
        )

    async def _operation(
        self,
        client: httpx.AsyncClient,
        document: dict[str, Any],
        method: str,
        path: str,
        operation: dict[str, Any],
        secret: str,
    ) -> None:
        for part in path.split("/"):
            if part.startswith("{"):
                name = part.strip("{}")
                # what a test still needs is not deleted
                value = self.known.get(name, new_id(1)) if method != "delete" else new_id(1)
                path = path.replace(part, value)
        content = operation.get("requestBody", {}).get("content", {})
        more: dict[str, Any] = {}
        if "application/json" in content:
            more["json"] = sample(document, content["application/json"].get("schema", {}), secret)
        elif content:
            more["content"] = b"a file of any kind"
        place = f"answer of {method} {path}"
        async with client.stream(method, path, **more) as answer:
            self.calls += 1
            self.statuses.add(answer.status_code)
            body = b""
            try:
                async with asyncio.timeout(1.0 if path.endswith("/stream") else 30):
                    async for chunk in answer.aiter_bytes():
                        body += chunk
            except TimeoutError:
                assert path.endswith("/stream"), place
            self._look(place, answer, body)


def sample(document: dict[str, Any], schema: dict[str, Any], secret: str, name: str = "") -> Any:
    """Make a value of a schema that holds the secret where one belongs."""
    while "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    for choice in ("anyOf", "oneOf", "allOf"):
        if choice in schema:
            return sample(document, schema[choice][0], secret, name)
    if "const" in schema or "enum" in schema:
        return schema.get("const", schema.get("enum", [None])[0])
    kind = schema.get("type")
    if kind == "object":
        fields = schema.get("properties", {})
        return {key: sample(document, each, secret, key) for key, each in fields.items()}
    if kind == "array":
        return [sample(document, schema.get("items", {}), secret, name)]
    if name in SECRET_FIELDS:
        return secret
    if name == "url":
        return f"rtsp://viewer:{quote(secret, safe='')}@127.0.0.1:9/s"
    if name == "network":
        return "127.0.0.9/32"
    if name in ("unit_code", "units"):
        return UNIT
    return {"integer": 0, "number": 0.0, "boolean": False}.get(str(kind), "x")


@pytest.fixture(scope="module")
def canary(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Hub, Search]]:
    """A hub of this test alone, which says all that it can say, with a provider's secret."""
    search = Search()
    provider = {
        "id": "city",
        "label": "City",
        "issuer": "http://127.0.0.1:9",
        "client_id": "camhub",
        "client_secret": search.plant("OpenID client's secret"),
    }
    environment = {"CAMHUB_LOG_LEVEL": "debug", "CAMHUB_OIDC": json.dumps([provider])}
    made = Hub(
        tmp_path_factory.mktemp("canary") / "data", demo=1, workers=1, environment=environment
    )
    made.start()
    try:
        yield made, search
    finally:
        if made.process is not None:
            made.stop()


@pytest.mark.timeout(600)
async def test_no_secret_leaves_the_hub(canary: tuple[Hub, Search]) -> None:
    hub, search = canary
    drive = Drive(hub, search)
    search.watch("administrator's token", hub.token)
    messages: list[bytes] = []

    async def heard(message: Any) -> None:
        messages.append(message.subject.encode() + b"\n" + message.data)

    listener = await nats.connect(hub.nats_url())
    await listener.subscribe(">", cb=heard)
    try:
        async with drive.client(hub.token) as admin:
            await plant_cameras(drive, admin)
            await plant_shared(drive, admin)
            await plant_import(drive, admin)
            await plant_people(drive, admin)
            await commands(hub, search, drive.known["camera_id"])
            await drive_all(drive, admin)
            for form in ("csv", "geojson", "ngsi-ld"):
                await drive.call(admin, "GET", f"/api/v1/cameras?format={form}")
            await drive.call(admin, "GET", "/api/v1/cameras", headers={"Accept": "text/csv"})
    finally:
        await listener.drain()

    for message in messages:
        search.look("message", message)
    search.look("output", hub.output().encode())
    search.look_into(hub.data)
    hub.stop()
    search.look_into(hub.data)

    control = {place for name, place in search.found if name == CONTROL}
    for sort in ("answer of GET /api/v1/cameras", "message", "file camhub.db", "file nats"):
        assert any(place.startswith(sort) for place in control), (sort, control)
    logged = {place for name, place in search.found if name == "camera's id (control)"}
    assert any(place.endswith(".log") for place in logged), logged
    assert drive.calls > 300
    assert {200, 201, 202, 401, 403, 404, 422} <= drive.statuses
    assert sorted(hit for hit in search.found if "control" not in hit[0]) == []


async def plant_cameras(drive: Drive, admin: httpx.AsyncClient) -> None:
    search = drive.search
    demo = (await drive.call(admin, "GET", "/api/v1/cameras")).json()["items"][0]
    in_url = quote(search.plant("password in a camera's URL"), safe="")
    host = demo["url"].removeprefix("rtsp://").replace("127.0.0.1", "localhost")  # another address
    camera = {
        "name": search.plant(CONTROL),
        "unit_code": UNIT,
        "url": f"rtsp://viewer:{in_url}@{host}",
        "sub": {"url": f"rtsp://viewer:{quote(search.plant('sub stream'), safe='')}@{host}"},
    }
    made = await drive.call(admin, "POST", "/api/v1/cameras", json=camera)
    assert made.status_code == 201, made.text
    drive.known["camera_id"] = made.json()["id"]
    search.secrets["camera's id (control)"] = drive.known["camera_id"].encode()
    path = f"/api/v1/cameras/{drive.known['camera_id']}"
    for name in ("password of a camera", "password that replaces another"):
        change = {"username": "viewer", "password": search.plant(name)}
        assert (await drive.call(admin, "PATCH", path, json=change)).status_code == 200
    for name, url in (("probe", demo["url"]), ("probe that fails", "rtsp://127.0.0.1:9/s")):
        wanted = {"url": url, "username": "viewer", "password": search.plant(name)}
        task = await drive.call(admin, "POST", "/api/v1/probe", json=wanted)
        assert task.status_code == 202, task.text
        drive.known["task_id"] = task.json()["id"]
    wrong = {**camera, "url": f"rtsp://viewer:{quote(search.plant('refused URL'))}@["}
    assert (await drive.call(admin, "POST", "/api/v1/cameras", json=wrong)).status_code == 422


async def plant_shared(drive: Drive, admin: httpx.AsyncClient) -> None:
    """A log-in that cameras share, and changes of passwords in the vault and on a device."""
    search = drive.search
    body = {"name": "s", "username": "viewer", "password": search.plant("shared log-in")}
    made = await drive.call(admin, "POST", "/api/v1/credentials", json=body)
    assert made.status_code == 201, made.text
    drive.known["credential_id"] = made.json()["id"]
    path = f"/api/v1/credentials/{made.json()['id']}"
    taken = {**body, "password": search.plant("shared log-in that is refused")}
    assert (await drive.call(admin, "POST", "/api/v1/credentials", json=taken)).status_code == 409
    async with running() as device:
        old = search.plant("password that a device has")
        device.tokens.passwords[USER] = old
        cameras = [
            await plant_camera(drive, admin, "shares", credential_id=made.json()["id"]),
            await plant_camera(drive, admin, "on the device", device, username=USER, password=old),
        ]
        change = {"password": search.plant("shared log-in after a change")}
        assert (await drive.call(admin, "PATCH", path, json=change)).status_code == 200
        given = {"cameras": cameras[1:], "mode": "devices"}
        given["password"] = search.plant("password given to a device")
        await changed(drive, admin, given, "done")
        assert device.tokens.passwords[USER] == given["password"]
        random = {"cameras": cameras[1:], "mode": "devices"}
        await changed(drive, admin, random, "done")
        search.secrets["random password of a device"] = device.tokens.passwords[USER].encode()
        device.setup = Setup(set_user=lambda *_: "PasswordTooWeak")
        repeated = {**random, "password": search.plant("password that a device repeats")}
        await changed(drive, admin, repeated, "failed")
    vault = {"cameras": cameras, "mode": "vault", "password": search.plant("one for the vault")}
    await changed(drive, admin, vault, "done")


async def plant_camera(
    drive: Drive, admin: httpx.AsyncClient, name: str, device: Any = None, **more: Any
) -> str:
    camera = {"name": name, "unit_code": UNIT, "url": f"rtsp://127.0.0.1:9/{name[:2]}", **more}
    if device is not None:
        camera["capabilities"] = {"onvif_url": device.url}
    made = await drive.call(admin, "POST", "/api/v1/cameras", json=camera)
    assert made.status_code == 201, made.text
    return str(made.json()["id"])


async def changed(drive: Drive, admin: httpx.AsyncClient, body: dict[str, Any], state: str) -> None:
    """Change passwords, wait for the end, and look at what became of each camera."""
    begun = await drive.call(admin, "POST", "/api/v1/password-changes", json=body)
    assert begun.status_code == 202, begun.text
    path = f"/api/v1/password-changes/{begun.json()['id']}"
    drive.known["change_id"] = begun.json()["id"]
    while (await drive.call(admin, "GET", path)).json()["state"] == "running":
        await asyncio.sleep(0.1)
    rows = (await drive.call(admin, "GET", f"{path}/cameras")).json()["items"]
    assert {row["state"] for row in rows} == {state}, rows


async def plant_import(drive: Drive, admin: httpx.AsyncClient) -> None:
    search = drive.search
    in_url = quote(search.plant("URL in a file"), safe="")
    table = (
        "name,unit,url,username,password\n"
        f"A,{UNIT},rtsp://viewer:{in_url}@10.0.0.1/s,,\n"
        f"B,{UNIT},rtsp://10.0.0.2/s,viewer,{search.plant('password in a file')}\n"
        f",x,rtsp://viewer:{in_url}@[,viewer,{search.plant('password in a wrong row')}\n"
    )
    made = await drive.call(admin, "POST", "/api/v1/imports?name=c.csv", content=table.encode())
    assert made.status_code == 201, made.text
    path = f"/api/v1/imports/{made.json()['id']}"
    drive.known["import_id"] = made.json()["id"]
    for step, body in (("check", {}), ("apply", {"mode": "good_rows"})):
        answer = await drive.call(admin, "POST", f"{path}/{step}", json=body)
        assert answer.status_code == 202, answer.text
        while (await drive.call(admin, "GET", path)).json()["state"].endswith("ing"):
            await asyncio.sleep(0.1)
    for page in ("rows", "errors", "errors?format=xlsx"):
        assert (await drive.call(admin, "GET", f"{path}/{page}")).status_code == 200


async def plant_people(drive: Drive, admin: httpx.AsyncClient) -> None:
    search = drive.search
    password = search.plant("password of a user")
    user = {
        "username": "canary",
        "password": password,
        "grants": [{"role": "administrator", "units": ["*"]}],
    }
    made = await drive.call(admin, "POST", "/api/v1/users", json=user)
    assert made.status_code == 201, made.text
    drive.known["user_id"] = made.json()["id"]
    async with drive.client() as person:
        wrong = {"username": "canary", "password": search.plant("wrong password of a user")}
        assert (await drive.call(person, "POST", "/api/v1/session", json=wrong)).status_code == 401
        right = {"username": "canary", "password": password}
        signed = await drive.call(person, "POST", "/api/v1/session", json=right)
        assert signed.status_code < 300, signed.text
        for name, value in person.cookies.items():
            search.watch(f"cookie {name}", value)
        await look_at_the_wall(drive, person.cookies["camhub_session"])
        mine = await drive.call(person, "GET", "/api/v1/session")
        person.headers["X-CSRF-Token"] = mine.json()["csrf_token"]
        begun = await drive.call(person, "POST", "/api/v1/account/totp", told=True)
        assert begun.status_code == 201, begun.text
        secret = str(begun.json()["secret"])
        search.watch("secret of a second step", secret)
        code = {"code": pyotp.TOTP(secret).now()}
        done = await drive.call(
            person, "POST", "/api/v1/account/totp/confirm", told=True, json=code
        )
        assert done.status_code == 200, done.text
        await drive.call(person, "GET", "/api/v1/account")


async def look_at_the_wall(drive: Drive, session: str) -> None:
    """Open what live pictures come by, as a browser does: with the cookie."""
    address = drive.hub.url.replace("http://", "ws://", 1)
    headers = {"Cookie": f"camhub_session={session}"}
    origin = Origin(drive.hub.url)
    async with connect(f"{address}/live/ws", origin=origin, additional_headers=headers):
        pass


async def drive_all(drive: Drive, admin: httpx.AsyncClient) -> None:
    documents = [
        (await drive.call(admin, "GET", path)).json()
        for path in ("/api/v1/openapi.json", "/live/openapi.json")
    ]
    for role in (None, *Role):
        token = ""
        if role is not None:
            grant = {"role": role.value, "units": ["*"]}
            wanted = {"name": role.value, "grants": [grant]}
            made = await drive.call(admin, "POST", "/api/v1/tokens", told=True, json=wanted)
            assert made.status_code == 201, made.text
            token = str(made.json()["token"])
            drive.search.watch(f"token of {role.value}", token)
        async with drive.client(token) as client:
            for document in documents:
                secret = drive.search.plant(f"body of {role.value if role else 'nobody'}")
                await drive.walk(client, document, secret)


async def commands(hub: Hub, search: Search, camera_id: str) -> None:
    """Run commands side by side; a password comes by standard input."""

    def run(*words: str, stdin: str = "") -> None:
        done = subprocess.run(
            [*CAMHUB, *words, "--data", str(hub.data)],
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
            env={**os.environ, **hub._environment},
        )
        search.look(f"command {' '.join(words[:2])}", (done.stdout + done.stderr).encode())

    given = search.plant("password given to a command") + "\n"
    probed = search.plant("password given to a probe") + "\n"
    nobody = "rtsp://127.0.0.1:9/s"
    shared = search.plant("shared log-in given to a command") + "\n"
    many = search.plant("password for many given to a command") + "\n"
    weak = ("passwords", "change", "--weak", "--yes", "--password-stdin")
    await asyncio.gather(
        asyncio.to_thread(
            run, "cameras", "change", camera_id, "--username", "v", "--password-stdin", stdin=given
        ),
        asyncio.to_thread(
            run, "probe", nobody, "--username", "v", "--password-stdin", "--json", stdin=probed
        ),
        asyncio.to_thread(run, "config", "show"),
        asyncio.to_thread(run, "credentials", "change", "s", "--password-stdin", stdin=shared),
        asyncio.to_thread(run, *weak, "--camera", camera_id, stdin=many),
        asyncio.to_thread(run, "passwords", "list"),
    )
