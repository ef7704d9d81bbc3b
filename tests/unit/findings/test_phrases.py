"""Phrases inside the parameters of findings: each is used by a reader or rule, and is translated."""

from __future__ import annotations

import io
import re
import zipfile

import pytest

from pipelines.findings import phrases
from pipelines.findings.finding import Finding
from pipelines.findings.rules import from_read_error
from pipelines.model.content import ReadError
from pipelines.office.answers import wording
from pipelines.reading.formats.sniff import sniff_format
from pipelines.translation.extraction import ROOT

SAID = "\n".join(
    path.read_text(encoding="utf-8")
    for folder in ("pipelines/reading", "expectations")
    for path in sorted((ROOT / folder).rglob("*.py"))
).replace('"CSV UTF-8 or " + _XLSX', '"CSV UTF-8 or Excel Workbook (.xlsx)"')


@pytest.mark.parametrize("phrase", sorted(phrases.PHRASES))
def test_phrase_is_used_by_a_reader_or_a_rule(phrase: str) -> None:
    assert f'"{phrase}"' in SAID


@pytest.mark.parametrize("source", [source for _, source in phrases.PATTERNS])
def test_pattern_is_used_by_a_reader_or_a_rule(source: str) -> None:
    pattern = r"\{[^{}]+\}".join(re.escape(part) for part in re.split(r"\{[a-z]+\}", source))
    assert re.search(f'f"{pattern}"', SAID), source


def test_phrase_is_translated() -> None:
    finding = from_read_error(ReadError("read.unsupported", kind="a presentation", instead="Excel Workbook (.xlsx)"))
    assert wording.localize_finding(finding, "hr").message == "Datoteka je prezentacija, a to ovaj sustav ne čita."
    assert (
        wording.localize_finding(finding, "en").message
        == "The file is a presentation, which this system does not read."
    )


def test_pattern_is_translated_with_its_values() -> None:
    finding = Finding("cell.hidden", "error", params={"what": "The sheet Skrivač"})
    assert wording.localize_finding(finding, "sr").message == "Лист Skrivač: скривено, а садржи вредности."
    finding = Finding("record.outside_period", "error", seen="2025-01-02", expected="2026-01-01 to 2026-03-31")
    assert wording.localize_finding(finding, "bs").message.endswith("(od 2026-01-01 do 2026-03-31).")


def test_truncated_file_is_reported_in_the_language() -> None:
    """Replace the English message of the library, "File is not a zip file", which contradicts our sentence."""
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w") as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>" * 100)
    with pytest.raises(ReadError) as raised:
        sniff_format(whole.getvalue()[:-60], "a.xlsx")
    message = wording.localize_finding(from_read_error(raised.value), "hr").message
    assert (
        message
        == "Datoteka izgleda kao uredska datoteka (ZIP), ali je oštećena ili nije stigla cijela (nedostaje joj kraj)."
    )


@pytest.mark.parametrize("expected", ["a number written as 1234", "a number or a sign ('-', '..')", "a number"])
def test_expected_content_of_a_cell_is_translated(expected: str) -> None:
    finding = Finding("cell.not_a_number", "error", seen="sedam", expected=expected)
    message = wording.localize_finding(finding, "hr").message
    assert "number" not in message and "sign" not in message and "broj" in message
