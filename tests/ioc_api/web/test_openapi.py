"""The OpenAPI documents of api and gateway, held against the running applications.

Schemathesis makes requests from the documents, right ones and wrong ones, and checks every answer
with all of its checks. An operation that answers what its document does not say fails here: declare
it with ``permission(..., also=(409,))``, see ioc_api/README.md.
"""

from __future__ import annotations

import asyncio
import json
import logging
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import schemathesis
import uvicorn
from fastapi import FastAPI
from schemathesis.config import SchemathesisConfig
from schemathesis.core.failures import Failure
from schemathesis.engine import from_schema
from schemathesis.engine.events import EngineFinished, NonFatalError, ScenarioFinished
from schemathesis.generation import GenerationMode

from camera_registry.adapters.bus_nats import NatsBus
from camera_registry.base.clock import SystemClock
from camera_registry.records import NewCamera
from camera_registry.scope import Scope
from ioc_api.access.rbac import Grant, Role
from ioc_api.live.app import GatewayDeps, create_gateway_app
from ioc_api.live.directory import SpecDirectory
from ioc_api.live.hub import LiveHub
from ioc_api.web.openapi import allowed_methods
from tests.ioc_api.hub import UNIT_A, Hub, hub

_SEED = 20_261_123
_EXAMPLES = 3
_REFUSED = ("303", "401", "403", "404", "405", "409", "412", "422", "429", "503")
_CONFIGURATION: dict[str, Any] = {
    "seed": _SEED,
    "generation": {"max-examples": _EXAMPLES, "database": "none"},
    "phases": {
        # which methods there are not is one code for every address: two tell it
        "coverage": {"unexpected-methods": ["PUT", "TRACE"]},
        "stateful": {"max-steps": 4, "generation": {"max-examples": 5}},
    },
    "checks": {
        # what no schema can know (a unit that does not exist) is a 422 too; where a schema could
        # have said it, ``_undeclared`` below finds it. 303 is the way to and from a provider, 405
        # the one operation that is there to say so, 503 the stopped event stream.
        "positive_data_acceptance": {"expected-statuses": ["2xx", *_REFUSED]},
        "not_a_server_error": {"expected-statuses": ["2xx", "3xx", "4xx", "503"]},
    },
}


@schemathesis.serializer("application/sdp", "video/mp4")
def _as_it_is(_: schemathesis.SerializationContext, value: object) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "surrogatepass")


@asynccontextmanager
async def served(app: FastAPI) -> AsyncIterator[str]:
    """Serve an application on a free port of this machine."""
    server = uvicorn.Server(
        uvicorn.Config(app, host="127.0.0.1", port=0, log_config=None, access_log=False)
    )
    running = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        await running


async def checked(document: dict[str, Any], url: str, token: str) -> tuple[set[str], list[str]]:
    """Run every phase and check; return the operations that were called and what failed."""
    over = threading.Event()
    try:
        return await asyncio.to_thread(_run, document, url, token, over)
    finally:
        over.set()  # a test that is given up must not be waited for by its own thread


def _run(
    document: dict[str, Any], url: str, token: str, over: threading.Event
) -> tuple[set[str], list[str]]:
    configuration = SchemathesisConfig.from_dict(
        {
            **_CONFIGURATION,
            "base-url": url,
            "headers": {"Authorization": f"Bearer {token}"},
        }
    )
    schema = schemathesis.openapi.from_dict(document, config=configuration)
    called: set[str] = set()
    failures: dict[str, str] = {}
    events = from_schema(schema).execute()
    for event in events:
        if over.is_set():
            events.stop()
        if isinstance(event, ScenarioFinished):
            for case_id, checks in event.recorder.checks.items():
                case = event.recorder.cases[case_id].value
                label = f"{case.method} {case.path}"
                called.add(label)
                failures.update(_undeclared(label, event, case_id))
                for check in checks:
                    if check.failure_info is not None:
                        failure = check.failure_info.failure
                        failures.setdefault(*_told(label, check.name, failure, event, case_id))
        elif isinstance(event, NonFatalError):
            failures[f"error {event.label}"] = str(event.info)
        elif isinstance(event, EngineFinished):
            break
    return called, [f"{key}: {words}" for key, words in sorted(failures.items())]


def _undeclared(label: str, event: ScenarioFinished, case_id: str) -> dict[str, str]:
    """Say where a request that is right by the document is refused for its shape."""
    case, response = (
        event.recorder.cases[case_id].value,
        event.recorder.interactions[case_id].response,
    )
    right = case.meta is not None and case.meta.generation.mode is GenerationMode.POSITIVE
    if not right or response is None or response.status_code != 422:
        return {}
    answer = json.loads(response.content)
    # JSON Schema takes 7.0 for an integer, and so does the generator; Python's parser does not
    if answer["code"] != "validation" or "whole number" in answer["detail"]:
        return {}
    sent = case.as_curl_command()[:300]
    return {f"{label} shape": f"the schema allows what is refused: {answer['detail']}\n  {sent}"}


def _told(
    label: str, check: str, failure: Failure, event: ScenarioFinished, case_id: str
) -> tuple[str, str]:
    interaction = event.recorder.interactions[case_id]
    request, response = interaction.request, interaction.response
    status = response.status_code if response else "-"
    sent = f"{request.method} {request.uri} {(request.body or b'')[:300]!r}"
    answered = response.content[:300] if response else b""
    return (
        f"{label} {check}",
        f"{failure.title}: {failure.message}\n  {sent}\n  {status} {answered!r}",
    )


async def administrator(made: Hub) -> str:
    """Return the secret of an administrator's token."""
    _, secret = await made.deps.tokens.create(
        "walk", [Grant(Role.ADMINISTRATOR, Scope.all())], Scope.all()
    )
    return secret


@pytest.fixture
def quiet() -> None:
    """Keep the client library's own log out of the output."""
    logging.getLogger("urllib3").setLevel(logging.ERROR)


@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.usefixtures("quiet")
async def test_the_api_answers_as_its_document_says(
    tmp_path: Path, bus: NatsBus, engine: str
) -> None:
    async with hub(tmp_path, bus) as made:
        await made.deps.push.stop()  # an open stream would never end
        await made.deps.registry.add(NewCamera("Ngã tư", UNIT_A, "rtsp://10.0.0.8/"), Scope.all())
        token = await administrator(made)
        document = made.app.openapi()
        async with served(made.app) as url:
            called, failures = await checked(document, url, token)
        assert failures == [], "\n".join(failures)
        assert called >= operations(document)
        async with made.client(token) as client:
            # otherwise most of the above had been refused for want of a right
            assert (await client.get("/api/v1/cameras")).status_code == 200


@pytest.mark.timeout(600)
@pytest.mark.usefixtures("quiet")
async def test_the_gateway_answers_as_its_document_says(
    tmp_path: Path, bus: NatsBus, engine: str
) -> None:
    clock = SystemClock()
    async with hub(tmp_path, bus) as made, LiveHub(bus, clock, "gw") as live:
        directory = SpecDirectory(bus)
        gateway = create_gateway_app(
            GatewayDeps(live, made.deps.authenticator, directory, made.deps.states, clock)
        )
        token = await administrator(made)
        document = gateway.openapi()
        async with served(gateway) as url:
            called, failures = await checked(document, url, token)
        assert failures == [], "\n".join(failures)
        assert called >= operations(document)


def operations(document: dict[str, Any]) -> set[str]:
    """Return every operation of a document."""
    return {
        f"{method.upper()} {path}"
        for path, item in document["paths"].items()
        for method in item
        if method != "parameters"
    }


async def test_the_documents_are_for_those_who_are_signed_in(api: Hub) -> None:
    async with api.client() as client:
        assert (await client.get("/api/v1/openapi.json")).status_code == 401
    async with api.client(await api.token(Role.OPERATOR)) as client:
        answer = await client.get("/api/v1/openapi.json")
    assert answer.json() == api.app.openapi()
    refused = answer.json()["paths"]["/api/v1/cameras/{camera_id}"]["get"]["responses"]["404"]
    assert list(refused["content"]) == ["application/problem+json"]


async def test_a_refused_method_is_told_which_there_are(api: Hub) -> None:
    assert allowed_methods(api.app, "/api/v1/cameras/7") == ["DELETE", "GET", "PATCH"]
    async with api.client(await api.token(Role.OPERATOR)) as client:
        answer = await client.put("/api/v1/cameras/7")
        assert (answer.status_code, answer.headers["allow"]) == (405, "DELETE, GET, PATCH")
        assert (await client.post("/api/v1/nothing")).status_code == 404


async def test_a_body_of_another_type_is_415(api: Hub) -> None:
    async with api.client(await api.token(Role.ADMINISTRATOR)) as client:
        for kind in ("text/plain", "application/x-www-form-urlencoded"):
            answer = await client.post(
                "/api/v1/cameras", content=b"a=b", headers={"Content-Type": kind}
            )
            assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")
