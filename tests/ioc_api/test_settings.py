"""Settings: the order of their sources, and one clear line for what is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from camera_registry.base.errors import ConfigError
from ioc_api.settings import load


def test_flags_go_before_variables_before_the_file_before_defaults(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "camhub.toml"
    file.write_text('port = 1111\nanalysis_fps = 2.5\nworkers = 3\nallowed_origins = ["https://a"]')
    monkeypatch.setenv("CAMHUB_PORT", "2222")
    monkeypatch.setenv("CAMHUB_WORKERS", "4")
    given = load(file, workers=5)
    assert (given.port, given.analysis_fps, given.workers) == (2222, 2.5, 5)
    assert given.allowed_origins == ("https://a",)
    assert given.host == "127.0.0.1"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("port = ", "no valid TOML"),
        ("prot = 1", "setting 'prot'"),
        ("port = 70000", "setting 'port'"),
        ('time_zone = "Mars/Olympus"', "Mars/Olympus"),
        ('camera_networks = ["10.0.0.0/33"]', "setting 'camera_networks"),
        ('vault_key = 5\nnats_url = "nats://s3cret@x"\nport = -1', "setting"),
    ],
)
def test_a_broken_file_is_said_in_one_line_without_values_of_secrets(
    tmp_path: Path, text: str, words: str
) -> None:
    file = tmp_path / "camhub.toml"
    file.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load(file)
    line = str(caught.value)
    assert words in line
    assert "\n" not in line
    assert "s3cret" not in line


def test_a_variable_that_is_no_json_is_said_in_one_line_without_its_value(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CAMHUB_OIDC", '[{"id": "city", "client_secret": "geheim"')
    with pytest.raises(ConfigError) as caught:
        load()
    assert str(caught.value).startswith("setting 'oidc' (CAMHUB_OIDC) is no valid JSON")
    assert "geheim" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read: No such file"):
        load(tmp_path / "none.toml")


def test_secrets_are_hidden_and_a_child_gets_exactly_the_same_settings(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given = load(
        None,
        nats_url="nats://s3cret@127.0.0.1:1",
        database_url="postgresql://u:s3cret@h/d",
        camera_networks=("10.0.0.0/8", "192.168.0.0/16"),
        port=0,
    )
    assert "s3cret" not in repr(given) + str(given.shown())
    for name, value in given.for_child().items():
        monkeypatch.setenv(name, value)
    assert load(None) == given


def test_loopback_cameras_are_allowed_only_while_the_hub_itself_is_on_loopback() -> None:
    assert load(None, host="127.0.0.1").loopback
    assert not load(None, host="0.0.0.0").loopback
    assert not load(None, host="127.0.0.1", camera_loopback=False).loopback
    assert load(None, host="0.0.0.0", camera_loopback=True).loopback
