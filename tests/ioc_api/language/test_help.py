"""The command line explains itself in the language of the terminal's locale."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from ioc_api.cli.main import main
from tests.ioc_api.language.helps import commands, helped

CLEAN = {"LC_ALL": None, "LC_MESSAGES": None}


def help_of(path: str, language: str) -> str:
    ran = CliRunner().invoke(
        main,
        [*path.split()[1:], "--help"],
        prog_name="camhub",
        env={**CLEAN, "LANG": language},
    )
    assert ran.exit_code == 0, ran.output
    return ran.output


def test_the_walk_finds_the_commands() -> None:
    paths = {path for path, _, _ in commands()}
    assert len(paths) > 50
    assert {"camhub", "camhub cameras bulk", "camhub vault rotate"} <= paths
    assert {"A recorded clip.", "For RTSP.", "how many values are under which key"} <= helped()


@pytest.mark.parametrize("path", [path for path, _, _ in commands()])
def test_every_page_of_help_is_vietnamese(path: str) -> None:
    words = " ".join(help_of(path, "vi_VN.UTF-8").split())
    assert words.startswith("Cách dùng: camhub")
    left = {each for each in helped() if len(each.split()) > 2 and each in words}
    assert left == set()
    assert "[default:" not in words


@pytest.mark.parametrize("path", ["camhub", "camhub discover", "camhub vault"])
def test_elsewhere_it_is_english(path: str) -> None:
    page = help_of(path, "en_GB.UTF-8")
    assert page.startswith("Usage: camhub")
    assert "Show this message and exit." in page


def test_command_lines_and_defaults_stay() -> None:
    page = help_of("camhub discover", "vi_VN")
    assert "      camhub discover --network 10.1.2.0/24 --rate 20\n" in page
    assert "[mặc định: 40.0; 1<=x<=200]" in page
    assert "[mặc định: tất cả, trừ khi có nêu dải mạng]" in " ".join(page.split())
    page = help_of("camhub vault", "vi")
    assert "      camhub vault status     bao nhiêu giá trị nằm dưới khóa nào\n" in page
