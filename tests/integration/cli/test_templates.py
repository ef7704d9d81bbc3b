"""Tests of `rti template`: one workbook, all workbooks of a period, and the errors of wrong arguments."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from pipelines.cli.main import main
from pipelines.declarations import registry
from tests.support.paths import EIGHTH

TERRITORIES = EIGHTH / "territories"


@pytest.fixture(autouse=True)
def _setting(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(registry, "TERRITORIES", TERRITORIES)
    monkeypatch.setenv("RTI_HOME", str(tmp_path / "no-home"))
    monkeypatch.delenv("RTI_CONTACT", raising=False)
    monkeypatch.chdir(tmp_path)


def _run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main(["template", *arguments])
    output, error_output = capsys.readouterr()
    return code, output, error_output


def _texts(path: str) -> list[str]:
    book = openpyxl.load_workbook(path)
    return [str(c.value) for sheet in book for row in sheet.iter_rows() for c in row if c.value is not None]


def test_template_of_a_form_without_workbook_uses_its_second_form(capsys: pytest.CaptureFixture[str]) -> None:
    code, output, _ = _run(capsys, "ZZ-JUSTICE-1", "2025-Q2")
    assert (code, output) == (
        0, "ZZ-JUSTICE-1-XLSX_2025-Q2.xlsx: ZZ-JUSTICE-1-XLSX for 2025-Q2, to be sent by 2025-08-14\n"
    )  # fmt: skip
    assert "ZZ-JUSTICE-1-XLSX / 2025-Q2" in _texts("ZZ-JUSTICE-1-XLSX_2025-Q2.xlsx")


def test_template_translates_instructions_and_keeps_the_offices_words(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ("ZZ-JUSTICE-1", "2025-Q2", "-o", "a.xlsx", "--language", "en", "--contact", "desk@office.example")
    code, output, _ = _run(capsys, *arguments, "--json")
    result: dict[str, Any] = json.loads(output)
    assert code == 0
    assert result == {"form": "ZZ-JUSTICE-1-XLSX", "period": "2025-Q2", "file": "a.xlsx", "deadline": "2025-08-14"}
    texts = _texts("a.xlsx")
    assert {"desk@office.example", "How to fill this in", "Muškarci", "Osuđenici"} <= set(texts)
    assert not any("Demonstration" in text for text in texts), "without a home there is no demonstration"


def test_all_templates_of_a_period_are_written_to_a_folder(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, output, _ = _run(capsys, "--all", "books", "--period", "2025-Q2", "--json")
    assert code == 0 and [entry["form"] for entry in json.loads(output)] == ["ZZ-JUSTICE-1-XLSX"]
    assert [p.name for p in (tmp_path / "books").iterdir()] == ["ZZ-JUSTICE-1-XLSX_2025-Q2.xlsx"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "name a form and a period"),
        (("ZZ-JUSTICE-1",), "name a form and a period"),
        (("ZZ-JUSTICE-9", "2025-Q2"), "no form is named ZZ-JUSTICE-9; there are ZZ-COOPERATION-1"),
        (("ZZ-JUSTICE-1", "2025"), "serves the quarters 2025-Q1.."),
        (("ZZ-JUSTICE-1", "Q2"), "is not a period"),
        (("ZZ-JUSTICE-1", "2025-Q2", "-o", "no/folder/a.xlsx"), "cannot be written"),
        (("--all", "books"), "--all takes a folder and --period"),
        (("ZZ-JUSTICE-1", "--all", "books", "--period", "2025-Q2"), "--all takes a folder and --period"),
        (("--all", "books", "--period", "2019"), "no form is valid in 2019"),
        (("--all", "books", "--period", "spring"), "is not a period"),
    ],
)
def test_template_with_wrong_arguments_prints_one_sentence(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], words: str
) -> None:
    code, output, error_output = _run(capsys, *arguments)
    assert (
        code == 3
        and output == ""
        and words in error_output
        and error_output.startswith("rti: ")
        and error_output.count("\n") == 1
    )
