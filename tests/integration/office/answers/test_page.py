"""The report as a page and as CSV: complete, escaped, and without formulas; and the preview of the figures read."""

from __future__ import annotations

import csv
import io
import re
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from pipelines.cli.main import app
from pipelines.model.content import Where
from pipelines.office import answers
from pipelines.office.answers.lines import COLUMNS, escape_formula
from pipelines.submissions.checking.report import Report
from tests.support.fakes.answers_fakes import (
    BOOK,
    OTHERS,
    edit_workbook,
    make_finding,
    report_of,
    with_cell,
    with_findings,
)
from tests.support.paths import SAMPLES

EVIL = "<script>alert(1)</script>&\"'"


class Page(HTMLParser):
    """Parser that collects the ids, links, tags and text of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        self.tags.append((tag, attributes))
        if attributes.get("id"):
            self.ids.append(str(attributes["id"]))
        if tag == "a":
            self.links.append(str(attributes["href"]))

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    def find_tags(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


@pytest.fixture(scope="module")
def faulty() -> Report:
    def add_faults(book: Any) -> None:
        book["Т-02"]["F6"] = "Ослободни лица"
        book["Т-03"]["B9"] = 250

    return report_of(edit_workbook(add_faults))


def test_page_links_to_each_finding(faulty: Report) -> None:
    page = Page(answers.render_html(faulty, "en", demonstration=True))
    assert len(page.ids) == len(set(page.ids))
    assert {link[1:] for link in page.links} <= set(page.ids)
    assert {link for link in page.links if link.startswith("#f")} == {
        f"#f{n}" for n in range(1, len(faulty.findings) + 1)
    }
    assert page.find_tags("html") == [{"lang": "en"}]
    assert len(page.find_tags("caption")) == len(page.find_tags("table"))
    assert all(attributes.get("scope") in ("col", "row") for attributes in page.find_tags("th"))
    assert not page.find_tags("script")
    assert not page.find_tags("link")
    assert "Demonstration data" in page.words
    assert faulty.sha256 in page.words


def test_headings_never_skip_a_level(faulty: Report) -> None:
    levels = [
        int(tag[1])
        for tag, _ in Page(answers.render_html(faulty, "en", demonstration=False)).tags
        if re.match(r"h\d", tag)
    ]
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_page_escapes_text_of_the_file(faulty: Report) -> None:
    findings = [make_finding("cell.not_a_number", where=Where(sheet=EVIL, cell="A1"), seen=EVIL, expected=EVIL)]
    text = answers.render_html(with_findings(faulty, findings), "en", demonstration=False)
    page = Page(text)
    assert not page.find_tags("script")
    assert EVIL in page.words


def test_page_of_clean_return_says_no_findings(faulty: Report) -> None:
    text = answers.render_html(with_findings(faulty, []), "en", demonstration=False)
    assert "No findings." in text
    assert "Demonstration data" not in text


def test_page_has_footnote_for_kosovo() -> None:
    path = SAMPLES / OTHERS["pdf"]
    text = answers.render_html(report_of(path.read_bytes(), path.name), "en", demonstration=True)
    assert "Kosovo under UNSCR 1244" in text
    assert "resolution 1244 (1999)" in text


def read_csv_lines(report: Report) -> list[dict[str, str]]:
    text = answers.render_csv(report, "en")
    assert text.startswith("\ufeff")
    return list(csv.DictReader(io.StringIO(text[1:], newline="")))


def test_csv_has_every_finding(faulty: Report) -> None:
    rows = read_csv_lines(faulty)
    assert tuple(rows[0]) == COLUMNS
    assert sorted((r["rule"], r["key"]) for r in rows) == sorted((f.rule, f.key) for f in faulty.findings)
    heading = next(r for r in rows if r["rule"] == "heading.undeclared")
    assert (heading["sheet"], heading["cell"], heading["seen"]) == ("Т-02", "F6", "Ослободни лица")
    assert heading["suggestion"] == "Suggested: 'Ослободени лица'"


@given(st.text(max_size=20))
def test_escape_formula_returns_no_formula(text: str) -> None:
    written = str(escape_formula(text))
    assert not written.lstrip(" ").startswith(("=", "+", "-", "@", "\t", "\r", "\n"))
    assert written.removeprefix("'") == text.removeprefix("'")


def test_csv_escapes_formulas(faulty: Report) -> None:
    findings = [make_finding("value.negative", where=Where(sheet="=A", cell="B1"), seen="-1")]
    (row,) = read_csv_lines(with_findings(faulty, findings))
    assert (row["sheet"], row["seen"]) == ("'=A", "'-1")


# -------------------------------------------------------------------------------------------------- both sides, command


@pytest.mark.sampled(turn=7)
def test_preview_of_workbook_shows_file_and_rows() -> None:
    data = with_cell("Т-02", "B10", None)
    report = report_of(data)
    preview = answers.preview_side_by_side(data, BOOK.name, report.form, "en", demonstration=True)
    assert "Demonstration data" in preview.html
    without_page = answers.preview_side_by_side(data, BOOK.name, report.form, "en", draws_page=False)
    assert (without_page.html, without_page.tables, without_page.rows) == ("", preview.tables, preview.rows)
    assert [t.name for t in preview.tables][:2] == ["Т-01", "Т-02"]
    heading = next(c for c in preview.tables[1].cells if c.place == "sheet Т-02, cell F6")
    assert (heading.text, heading.role) == ("Ослободени лица", "heading")
    assert "Acquitted" in heading.said
    assert report.reading is not None
    assert len(preview.rows) == report.reading.observations.height
    first = preview.rows[0]
    assert (first.place, first.shown.words) == ("sheet Т-01, cell B10", "0")
    assert first.label.startswith("Лица пријавени")
    assert first.read_as.startswith("Reported") and first.read_as.endswith("2026 Q3")


def test_rows_read_have_findings_of_judgement() -> None:
    report = report_of(with_cell("Т-03", "B9", 250))
    rows = {row.place: row for row in answers.rows_read(report, "en")}
    row = rows["sheet Т-03, cell B9"]
    assert row.severity == "error"
    assert row.finding_keys == tuple(f.key for f in report.findings if str(f.where) == "Т-03!B9")


@pytest.mark.sampled()
@pytest.mark.parametrize("format_", sorted(OTHERS))
def test_preview_of_each_format_shows_file_and_rows(format_: str) -> None:
    path = SAMPLES / OTHERS[format_]
    form = report_of(path.read_bytes(), path.name).form
    preview = answers.preview_side_by_side(path.read_bytes(), path.name, form, "en", limit=50)
    assert preview.tables
    assert sum(len(t.cells) for t in preview.tables) <= 50 or format_ in ("px", "jsonstat", "sdmx")
    assert len(preview.rows) == 50
    assert preview.cut > 0
    assert answers.render_preview(path.read_bytes(), path.name, form, "en").startswith("<!doctype html>")


def test_preview_without_form_shows_file_only(tmp_path: Path) -> None:
    preview = answers.preview_side_by_side(b"a;b\n1;2\n", "x.csv", None, "en")
    assert (preview.html, preview.rows) == ("", ())
    assert [c.text for c in preview.tables[0].cells] == ["a", "b", "1", "2"]


def test_check_command_writes_annotated_workbook_page_and_csv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RTI_HOME", str(tmp_path / "none"))
    source = tmp_path / BOOK.name
    source.write_bytes(with_cell("Т-03", "B9", 250))
    paths = {name: tmp_path / f"out.{name}" for name in ("xlsx", "html", "csv")}
    options = ["--annotated", str(paths["xlsx"]), "--html", str(paths["html"]), "--csv", str(paths["csv"])]
    result = CliRunner().invoke(app, ["check", "--offline", str(source), *options])
    assert result.exit_code == 1, result.output
    assert paths["xlsx"].read_bytes().startswith(b"PK")
    assert "sum.differs" in paths["csv"].read_text(encoding="utf-8-sig")
    assert paths["html"].read_text(encoding="utf-8").startswith("<!doctype html>")


def test_check_command_writes_csv_for_one_file_only(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["check", "--offline", str(BOOK), str(BOOK), "--csv", str(tmp_path / "o.csv")])
    assert result.exit_code != 0
    assert not (tmp_path / "o.csv").exists()
