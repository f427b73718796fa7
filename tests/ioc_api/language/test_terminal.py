"""The command line tells its errors in the language of the terminal's locale."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from ioc_api.cli.main import main

ENGLISH = (
    "the settings file {} cannot be read: No such file or directory (give another with --config)"
)
VIETNAMESE = (
    "không đọc được tệp thiết lập {}: No such file or directory (hãy chọn tệp khác bằng --config)"
)


@pytest.mark.parametrize(
    ("locale", "words"),
    [
        ({"LANG": "vi_VN.UTF-8"}, VIETNAMESE),
        ({"LANG": "en_GB.UTF-8", "LC_MESSAGES": "vi_VN"}, VIETNAMESE),
        ({"LANG": "en_GB.UTF-8", "LC_MESSAGES": "en_GB", "LC_ALL": "vi"}, VIETNAMESE),
        ({"LANG": "vi_VN.UTF-8", "LC_ALL": "C.UTF-8"}, ENGLISH),
        ({"LANG": "vi_VN.UTF-8", "LC_ALL": ""}, VIETNAMESE),
        ({"LANG": "fr_FR.UTF-8"}, ENGLISH),
        ({"LANG": ""}, ENGLISH),
    ],
)
def test_an_error_follows_the_locale(tmp_path: Path, locale: dict[str, str], words: str) -> None:
    missing = tmp_path / "none.toml"
    clean = {"LANG": None, "LC_ALL": None, "LC_MESSAGES": None}
    run = CliRunner().invoke(
        main, ["config", "show", "--config", str(missing)], env={**clean, **locale}
    )
    assert run.exit_code == 78
    assert run.stderr == f"camhub: {words.format(missing)}\n"
