"""The command line tells its errors in the language of the terminal's locale."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from ioc_api.cli.main import main

ENGLISH = (
    "the settings file {} cannot be read: No such file or directory (give another with --config)"
)
WEAK = "A factory-default or weak password"
WEAK_VI = "Mật khẩu mặc định của hãng hoặc quá yếu"
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


@pytest.mark.parametrize(
    ("locale", "option", "lines"),
    [
        (
            "C.UTF-8",
            (),
            [
                "row 2, Name: A value is required",
                f"row 2, Password (warning): {WEAK}; change it in the camera",
                "0 good, 1 wrong, 0 with warnings.",
            ],
        ),
        (
            "vi_VN.UTF-8",
            (),
            [
                "dòng 2, Tên camera: Thiếu giá trị bắt buộc",
                f"dòng 2, Mật khẩu (cảnh báo): {WEAK_VI}; hãy đổi trên camera",
                "0 hợp lệ, 1 lỗi, 0 có cảnh báo.",
            ],
        ),
        ("C.UTF-8", ("--language", "vi"), ["dòng 2, Tên camera: Thiếu giá trị bắt buộc"]),
    ],
)
def test_the_rows_of_a_file_follow_the_locale(
    tmp_path: Path, locale: str, option: tuple[str, ...], lines: list[str]
) -> None:
    file = tmp_path / "cameras.csv"
    file.write_text("name,unit,url,username,password\n,26743,rtsp://10.1.1.1/s,admin,12345\n")
    command = ["imports", "run", str(file), *option, "--data", str(tmp_path / "data")]
    run = CliRunner().invoke(main, command, env={"LC_ALL": locale})
    assert run.exit_code == 0, run.output
    for line in lines:
        assert line in run.output.splitlines(), run.output
