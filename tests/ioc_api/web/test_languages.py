"""In which language an answer speaks."""

from __future__ import annotations

import asyncio
from datetime import date, datetime, time
from enum import Enum
from typing import Annotated, Any, Literal

import httpx
import pytest
from fastapi import FastAPI, Query
from hypothesis import given
from hypothesis import strategies as st
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from pydantic_core._pydantic_core import list_all_errors

from camera_registry.base.errors import CamhubError, Kind
from camera_registry.language import LANGUAGES
from ioc_api.web import problems
from ioc_api.web.languages import Languages, Words, best_of
from ioc_api.web.middleware import BodyLimit, ProtectiveHeaders
from ioc_api.web.validation import WORDS, words_of


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "en"),
        ("vi", "vi"),
        ("vi-VN,vi;q=0.9,en;q=0.8", "vi"),
        ("en-GB,en;q=0.9,vi;q=0.8", "en"),
        ("en;q=0.3, VI ; Q=0.4", "vi"),
        ("fr, vi;q=0.1", "vi"),
        ("vi;q=0", "en"),
        ("vi;q=0.0,*", "en"),
        ("*", "en"),
        ("fr", "en"),
        ("vi,en", "vi"),
        ("en,vi", "en"),
        ("vi;q=2,en;q=0.1", "en"),
        ("vi;q=nan", "en"),
        ("vi;q=", "en"),
        ("vi;q=1.000;x=y", "vi"),
        ("vietnamese", "en"),
    ],
)
def test_the_language_that_is_wanted_most_counts(header: str, language: str) -> None:
    assert best_of(header) == language


@given(st.text(max_size=300) | st.text("vien,;q=0.1*- ", max_size=300))
def test_any_header_is_read(header: str) -> None:
    assert best_of(header) in LANGUAGES


class Shape(BaseModel):
    """An answer with a sentence of ours and one of somebody else."""

    message: Words
    name: str


def application() -> FastAPI:
    app = FastAPI()
    problems.install(app)

    @app.get("/refused")
    async def refused(name: str = "cổng") -> None:
        raise CamhubError(
            f"name: there is a camera group {name!r} already",
            hint="choose another",
            kind=Kind.CONFLICT,
        )

    @app.get("/odd")
    async def odd() -> None:
        raise CamhubError("Nobody has translated this", hint="try again")

    @app.get("/crash")
    async def crash() -> None:
        raise RuntimeError("geheim")

    @app.get("/number")
    async def number(n: Annotated[int, Query(ge=3)]) -> int:
        return n

    @app.get("/shape")
    async def shape(wait: float = 0.0) -> Shape:
        await asyncio.sleep(wait)
        return Shape(message="There is no such camera", name="try again")

    app.add_middleware(BodyLimit, limit=10)
    app.add_middleware(ProtectiveHeaders)
    app.add_middleware(Languages)
    return app


def client(language: str | None) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(application(), raise_app_exceptions=False)
    made = httpx.AsyncClient(transport=transport, base_url="http://hub")
    made.headers.pop("accept-language", None)
    if language is not None:
        made.headers["Accept-Language"] = language
    return made


async def asked(path: str, language: str | None, **sent: Any) -> httpx.Response:
    async with client(language) as asking:
        return await asking.request("POST" if sent else "GET", path, **sent)


async def test_a_refusal_speaks_the_language_that_was_asked_for() -> None:
    answer = await asked("/refused", "vi-VN,vi;q=0.9,en;q=0.5")
    assert answer.headers["content-language"] == "vi"
    assert answer.headers["vary"] == "Accept-Language"
    assert answer.headers["content-type"] == "application/problem+json"
    told = answer.json()
    assert told["detail"] == "name: đã có nhóm camera 'cổng'"
    assert told["hint"] == "hãy chọn tên khác"
    assert (told["code"], told["title"]) == ("conflict", "Conflict")


@pytest.mark.parametrize("language", [None, "en", "fr"])
async def test_it_is_english_for_all_others(language: str | None) -> None:
    answer = await asked("/refused", language)
    assert answer.headers["content-language"] == "en"
    assert answer.headers["vary"] == "Accept-Language"
    assert answer.json()["detail"] == "name: there is a camera group 'cổng' already"


async def test_what_a_person_has_named_is_never_translated() -> None:
    answer = await asked("/refused?name=try%20again", "vi")
    assert answer.json()["detail"] == "name: đã có nhóm camera 'try again'"


async def test_what_has_no_translation_stays_english() -> None:
    told = (await asked("/odd", "vi")).json()
    assert (told["detail"], told["hint"]) == ("Nobody has translated this", "hãy thử lại")


@pytest.mark.parametrize(
    ("path", "sent", "status", "detail"),
    [
        ("/nothing", {}, 404, "Không có gì ở địa chỉ này"),
        ("/crash", {}, 500, "Có lỗi bên trong camhub"),
        ("/refused", {"content": b"x" * 11}, 413, "Phần thân có hơn 10 byte"),
        ("/number?n=1", {}, 422, "n: phải từ 3 trở lên"),
    ],
)
async def test_every_way_to_be_refused_speaks_it(
    path: str, sent: dict[str, Any], status: int, detail: str
) -> None:
    answer = await asked(path, "vi", **sent)
    assert answer.status_code == status
    assert answer.headers["content-language"] == "vi"
    assert answer.json()["detail"] == detail


async def test_a_sentence_in_a_shape_is_translated_and_a_name_is_not() -> None:
    answer = await asked("/shape", "vi")
    assert answer.json() == {"message": "Không có camera này", "name": "try again"}
    assert answer.headers["vary"] == "Accept-Language"
    assert (await asked("/shape", None)).json()["message"] == "There is no such camera"


async def test_two_requests_at_once_do_not_take_each_others_language() -> None:
    both = await asyncio.gather(asked("/shape?wait=0.05", "vi"), asked("/shape", "en"))
    told = [answer.json()["message"] for answer in both]
    assert told == ["Không có camera này", "There is no such camera"]


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


class Everything(BaseModel):
    """A field for each kind of fault that a client can make."""

    model_config = ConfigDict(extra="forbid")
    whole: int = 0
    number: float = 0.0
    finite: Annotated[float, Field(allow_inf_nan=False)] = 0.0
    flag: bool = False
    short: Annotated[str, Field(min_length=2, max_length=3)] = "ab"
    form: Annotated[str, Field(pattern="^a+$")] = "a"
    few: Annotated[list[int], Field(min_length=1, max_length=2)] = [0]
    colour: Colour = Colour.RED
    word: Literal["tcp", "udp"] = "tcp"
    above: Annotated[int, Field(gt=1, lt=5)] = 3
    within: Annotated[int, Field(ge=1, le=5)] = 3
    day: date = date(2026, 1, 1)
    hour: time = time(8)
    at: datetime | None = None
    zoned: AwareDatetime | None = None
    inner: Shape | None = None
    table: dict[str, int] = {}


@pytest.mark.parametrize(
    ("sent", "english", "vietnamese"),
    [
        ({"whole": "x"}, "must be a whole number", "phải là số nguyên"),
        ({"whole": 1.5}, "must be a whole number", "phải là số nguyên"),
        ({"number": "x"}, "must be a number", "phải là một số"),
        ({"finite": "inf"}, "must be a finite number", "phải là số hữu hạn"),
        ({"flag": "perhaps"}, "must be true or false", "phải là true hoặc false"),
        ({"short": 1}, "must be text", "phải là văn bản"),
        ({"short": "a"}, "must have at least 2 characters", "cần ít nhất 2 ký tự"),
        ({"short": "abcd"}, "may have at most 3 characters", "nhiều nhất 3 ký tự"),
        (
            {"form": "b"},
            "does not have the form that is asked for: ^a+$",
            "không đúng dạng yêu cầu: ^a+$",
        ),
        (
            {"few": []},
            "must have at least 1 entries, not 0",
            "cần ít nhất 1 mục, đang có 0",
        ),
        ({"few": [1, 2, 3]}, "may have at most 2 entries, not 3", "nhiều nhất 2 mục, đang có 3"),
        ({"few": 1}, "must be a list", "phải là một danh sách"),
        ({"colour": "grey"}, "must be one of red, blue", "phải là một trong: red, blue"),
        ({"word": "x"}, "must be one of tcp, udp", "phải là một trong: tcp, udp"),
        ({"above": 1}, "must be greater than 1", "phải lớn hơn 1"),
        ({"above": 5}, "must be less than 5", "phải nhỏ hơn 5"),
        ({"within": 0}, "must be at least 1", "phải từ 1 trở lên"),
        ({"within": 6}, "may be at most 5", "nhiều nhất là 5"),
        ({"day": "x"}, "must be a date like 2026-01-31", "phải là ngày, như 2026-01-31"),
        ({"hour": "x"}, "must be a time of day like 08:00", "phải là giờ trong ngày, như 08:00"),
        (
            {"at": "x"},
            "must be a time like 2026-01-31T08:00:00+07:00",
            "phải là thời điểm, như 2026-01-31T08:00:00+07:00",
        ),
        (
            {"zoned": "2026-01-01T00:00:00"},
            "needs a time zone, as in 2026-01-31T08:00:00+07:00",
            "cần có múi giờ, như 2026-01-31T08:00:00+07:00",
        ),
        ({"inner": {}}, "is missing", "còn thiếu"),
        ({"table": 1}, "must be an object", "phải là một đối tượng"),
        ({"other": 1}, "is not known here", "không dùng ở đây"),
        (
            b'{"a"',
            "is no valid JSON at character 4: Expecting ':' delimiter",
            "không phải JSON hợp lệ ở ký tự 4: Expecting ':' delimiter",
        ),
    ],
)
async def test_a_wrong_field_is_told_in_one_clear_line(
    sent: dict[str, Any] | bytes, english: str, vietnamese: str
) -> None:
    app = FastAPI()
    problems.install(app)

    @app.post("/")
    async def take(body: Everything) -> None:
        """Take anything that fits."""

    content = {"content": sent} if isinstance(sent, bytes) else {"json": sent}
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://hub") as asking:
        for language, words in (("en", english), ("vi", vietnamese)):
            asking.headers["Accept-Language"] = language
            asking.headers["Content-Type"] = "application/json"
            answer = await asking.post("/", **content)
            assert answer.status_code == 422
            told = answer.json()
            assert told["errors"][0]["message"] == words
            assert told["detail"] == f"{told['errors'][0]['field']}: {words}"


def test_every_line_can_be_filled_from_what_pydantic_tells() -> None:
    """The kinds exist, and their examples have what the lines name."""
    examples = {str(each["type"]): each for each in list_all_errors()}
    for kind in WORDS:
        example = examples[kind]
        ctx = example.get("example_context") or {}
        told = words_of({"type": kind, "msg": "not ours", "ctx": ctx, "loc": ("body", "x")})
        assert told != "not ours", kind
        assert "{" not in told
