"""The vault: what it seals opens for the same camera, purpose and key, and for nothing else."""

from __future__ import annotations

import base64
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camera_registry.base.errors import ConfigError, ConflictError
from camera_registry.model import Credentials
from camera_registry.vault import Vault
from camera_registry.vault_keys import KEY_BYTES, KeyFile, parse_key, parse_keys

KEY, OTHER = b"k" * KEY_BYTES, b"o" * KEY_BYTES


@given(st.text(max_size=40), st.text(max_size=20), st.binary(max_size=200))
def test_what_was_sealed_opens(camera: str, purpose: str, plaintext: bytes) -> None:
    vault = Vault(KEY)
    sealed = vault.seal(camera, purpose, plaintext)
    assert vault.open(camera, purpose, sealed) == plaintext
    assert vault.seal(camera, purpose, plaintext) != sealed


@given(st.binary(min_size=1, max_size=60), st.data())
def test_any_changed_bit_is_noticed(plaintext: bytes, data: st.DataObject) -> None:
    vault = Vault(KEY)
    sealed = bytearray(vault.seal("camera", "credentials", plaintext))
    place = data.draw(st.integers(0, len(sealed) * 8 - 1))
    sealed[place // 8] ^= 1 << place % 8
    with pytest.raises(ConfigError):
        vault.open("camera", "credentials", bytes(sealed))


@given(st.binary(max_size=80))
def test_any_bytes_at_all_are_an_error_of_ours(sealed: bytes) -> None:
    with pytest.raises(ConfigError):
        Vault(KEY).open("camera", "credentials", sealed)


@pytest.mark.parametrize(
    ("camera", "purpose"), [("b", "credentials"), ("a", "other"), ("a\0credentials", "")]
)
def test_a_value_moved_elsewhere_does_not_open(camera: str, purpose: str) -> None:
    sealed = Vault(KEY).seal("a", "credentials", b"secret")
    with pytest.raises(ConfigError, match="belongs to another camera"):
        Vault(KEY).open(camera, purpose, sealed)


def test_another_key_is_told_from_a_damaged_value() -> None:
    sealed = Vault(KEY).seal_credentials("a", Credentials("u", "p"))
    with pytest.raises(ConfigError, match=r"another master key \(put back"):
        Vault(OTHER).open_credentials("a", sealed)


def test_an_older_key_still_opens_while_new_values_use_the_new_one() -> None:
    old = Vault(KEY).seal_credentials("a", Credentials("u", "p"))
    rotated = Vault(OTHER, older=[KEY])
    assert rotated.open_credentials("a", old) == Credentials("u", "p")
    new = rotated.seal_credentials("a", Credentials("u", "q"))
    assert Vault(OTHER).open_credentials("a", new).password == "q"


@given(st.text(max_size=50), st.text(max_size=50))
def test_credentials_survive_and_never_show(username: str, password: str) -> None:
    vault = Vault(KEY)
    credentials = Credentials(username, password)
    assert vault.open_credentials("a", vault.seal_credentials("a", credentials)) == credentials
    assert repr(credentials) == f"Credentials(username={username!r})"
    assert KEY.decode() not in repr(vault)


def test_the_key_file_is_made_once_private_and_whole(tmp_path: Path) -> None:
    path = tmp_path / "data" / "vault.key"
    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(lambda _: KeyFile(path).keys()[0], range(16)))
    assert len(keys) == 1
    assert len(keys.pop()) == KEY_BYTES
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [each.name for each in path.parent.iterdir()] == ["vault.key"]


def test_a_key_that_everybody_can_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "vault.key"
    KeyFile(path).keys()
    path.chmod(0o644)
    with pytest.raises(ConfigError, match="chmod 600"):
        KeyFile(path).keys()


@pytest.mark.parametrize(
    "text", ["", "short", "é" * 44, "A" * 43 + "!", base64.b64encode(b"x" * 31).decode()]
)
def test_a_text_that_is_no_key_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_key(text)
    assert not text or text not in str(caught.value)


def test_keys_are_read_from_base64_and_hex() -> None:
    assert parse_key(base64.b64encode(KEY).decode() + "\n") == KEY
    assert parse_key(KEY.hex()) == KEY


def test_several_keys_are_read_the_present_one_first() -> None:
    both = f"{base64.b64encode(KEY).decode()}, {OTHER.hex()}\n"
    assert parse_keys(both) == [KEY, OTHER]


def test_a_running_vault_follows_its_key_file(tmp_path: Path) -> None:
    file = KeyFile(tmp_path / "vault.key")
    file.write([KEY])
    running = Vault.following(KeyFile(file.path))
    before = running.seal("a", "p", b"x")
    file.write([OTHER, KEY])
    # a value of a process that saw the new key first
    assert running.open("a", "p", Vault(OTHER).seal("a", "p", b"y")) == b"y"
    assert running.open("a", "p", before) == b"x"
    assert Vault(OTHER).open("a", "p", running.seal("a", "p", b"z")) == b"z"
    assert stat.S_IMODE(file.path.stat().st_mode) == 0o600


def test_a_key_file_that_breaks_leaves_a_running_vault_its_keys(tmp_path: Path) -> None:
    file = KeyFile(tmp_path / "vault.key")
    running = Vault.following(file)
    sealed = running.seal("a", "p", b"x")
    file.path.write_text("no key")
    assert running.open("a", "p", sealed) == b"x"
    assert running.open("a", "p", running.seal("a", "p", b"y")) == b"y"


def test_two_commands_do_not_change_the_keys_at_once(tmp_path: Path) -> None:
    path = tmp_path / "vault.key"
    with KeyFile(path).alone(), pytest.raises(ConflictError), KeyFile(path).alone():
        pass
    with KeyFile(path).alone():
        pass
