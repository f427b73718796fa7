"""Secrets never reach a log."""

from __future__ import annotations

import json
import logging

import pytest
import structlog

from ioc_api.hosting import logs


@pytest.fixture(autouse=True)
def restored() -> object:
    """Give the test process its logging back."""
    root = logging.getLogger()
    before = (root.handlers[:], root.level)
    yield None
    root.handlers[:], root.level = before
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


def test_urls_tokens_and_named_secrets_are_blanked(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("info", "json", "test")
    log = structlog.get_logger("x")
    log.info("opened", url="rtsp://admin:s3cret@10.0.0.1/live", password="s3cret", csrf="s3cret")
    logging.getLogger("library").warning("cannot open rtsp://u:s3cret@host/ with chb_s3cret-1")
    try:
        raise ValueError("nats://s3cret@127.0.0.1 refused")
    except ValueError:
        log.exception("failed")
    logging.getLogger("library").warning("rtsp://u:a@s3cret@h/ rtsp://u:1/s3cret@h/, <http://h/@>")
    logging.getLogger("library").warning("< cookie: a=b; camhub_session=s3cret; c=d")
    written = capsys.readouterr().err
    assert "s3cret" not in written
    lines = [json.loads(line) for line in written.splitlines()]
    assert lines[0]["url"] == "rtsp://***@10.0.0.1/live"
    assert lines[0]["role"] == "test"
    assert lines[1]["event"] == "cannot open rtsp://***@host/ with chb_***"
    assert "nats://***@127.0.0.1 refused" in lines[2]["exception"]


def test_nothing_that_writes_cookies_or_values_does_so_at_debug() -> None:
    logs.configure("debug", "json", "test")
    for name in ("uvicorn.error", "aiosqlite", "httpcore.http11", "zeep.transports"):
        assert not logging.getLogger(name).isEnabledFor(logging.DEBUG), name
    assert logging.getLogger("ioc_api").isEnabledFor(logging.DEBUG)
