"""A template, filled in with the figures of an office's file, is read like that file.

The expected figures come from the generator of the samples; `filling.py` fills in the template by its words only.
"""

from __future__ import annotations

import io
import pickle
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import openpyxl
import polars as pl
import pytest
from openpyxl.utils import get_column_letter, range_boundaries

from pipelines.core.home import Home
from pipelines.core.text.folding import fold_text
from pipelines.declarations.registry import load
from pipelines.model.content import Content
from pipelines.model.long_tables import OBSERVATION_KEY
from pipelines.office import templates
from pipelines.reading.formats.read import read_content
from pipelines.reading.standardise.recognise import recognise_forms
from pipelines.reading.standardise.standardise import Reading, standardise_content
from pipelines.submissions.checking.check import CheckJob, check_many
from pipelines.submissions.checking.report import Report
from tests.samples import plan
from tests.samples.rows import Event, SampleReturn
from tests.support.filling import _like, fill_workbook
from tests.support.generated_returns import GeneratedReturns
from tests.support.kept_builds import build_kept

REGISTRY = load()
WORKBOOKS = [
    form.id
    for form in REGISTRY.forms.values()
    if "xlsx" in form.formats and REGISTRY.territory_of(form.jurisdiction).kind == "national"
]
COLUMNS = (*OBSERVATION_KEY, "value", "obs_status")


_CONTENTS: dict[str, Content] = {}
_OBSERVATIONS: dict[str, pl.DataFrame] = {}
"""Content and observations of samples by path: a workbook and its second form show the same earlier returns."""


def _read_return(sample: SampleReturn) -> Content:
    if sample.path not in _CONTENTS:
        _CONTENTS[sample.path] = _read_file(sample)
    return _CONTENTS[sample.path]


def _read_file(sample: SampleReturn) -> Content:
    return read_content(sample.data, Path(sample.path).name, encodings=tuple(REGISTRY.forms[sample.form].encodings))


def _list_returns(workbook: str, generated: GeneratedReturns) -> list[SampleReturn]:
    """Return the samples of a workbook's first form, by period."""
    form = REGISTRY.forms[workbook]
    first = form.second_of or form.id
    territory = REGISTRY.territory_of(form.jurisdiction).code
    samples = [m for m in generated.list_returns(territory) if m.form == first and m.kind != "nil"]
    return sorted(samples, key=lambda m: (m.periods[-1].code, m.received_at))


def _read_previous(sample: SampleReturn | None) -> pl.DataFrame | None:
    if sample is None:
        return None
    if sample.path not in _OBSERVATIONS:
        reading = standardise_content(_read_return(sample), REGISTRY.forms[sample.form], REGISTRY)
        _OBSERVATIONS[sample.path] = reading.observations
    return _OBSERVATIONS[sample.path]


def _find_newest(workbook: str, generated: GeneratedReturns) -> tuple[SampleReturn, SampleReturn | None]:
    """Return the newest return, and the newest of an earlier period."""
    *earlier, sample = _list_returns(workbook, generated)
    return sample, next((m for m in reversed(earlier) if m.periods[-1].code < sample.periods[-1].code), None)


def _write_empty(workbook: str, period: str, shown: SampleReturn | None) -> bytes:
    """Write the empty workbook of a period, which shows the figures of a return next to its cells."""
    return templates.write_template(REGISTRY, workbook, period, previous=_read_previous(shown), demonstration=True)[1]


@dataclass(frozen=True)
class Workbooks:
    """The workbook of the newest return of each form, by form.

    `filled` has the figures of that return and shows those of the return before it; `empty` has none and shows those of
    the return before it, or of the newest one if there is none; `blank` has and shows none.
    """

    generated: GeneratedReturns
    blank: Mapping[str, bytes]
    empty: Mapping[str, bytes]
    filled: Mapping[str, bytes]

    def find_return(self, workbook: str) -> tuple[SampleReturn, str]:
        """Return the return that is filled in, and the period of the workbook."""
        sample, _ = _find_newest(workbook, self.generated)
        return sample, sample.periods[-1].code


@pytest.fixture(scope="module")
def workbooks(generated_returns: GeneratedReturns, request: pytest.FixtureRequest) -> Workbooks:
    """Write all workbooks, once for all sessions."""

    def write_workbooks(root: Path) -> None:
        root.mkdir(parents=True)
        blank, empty, filled = {}, {}, {}
        for workbook in WORKBOOKS:
            form, (sample, before) = REGISTRY.forms[workbook], _find_newest(workbook, generated_returns)
            period = sample.periods[-1].code
            written = _write_empty(workbook, period, before)
            content, sample_form = _read_return(sample), REGISTRY.forms[sample.form]
            filled[workbook] = fill_workbook(written, form, content, sample_form, period)
            empty[workbook] = written if before is not None else _write_empty(workbook, period, sample)
            blank[workbook] = templates.write_template(REGISTRY, workbook, period)[1]
        (root / "workbooks").write_bytes(pickle.dumps((blank, empty, filled)))

    folder = build_kept(request, "filled-workbooks", write_workbooks)
    return Workbooks(generated_returns, *pickle.loads((folder / "workbooks").read_bytes()))


@pytest.fixture(scope="module")
def reports(workbooks: Workbooks) -> Mapping[str, Report]:
    """Check each filled workbook once, for all tests, in a file whose name does not have the name of its form."""
    jobs = []
    for workbook, data in workbooks.filled.items():
        received = datetime.fromisoformat(workbooks.find_return(workbook)[0].received_at.replace("Z", "+00:00"))
        jobs.append(CheckJob(workbook, data, "filled.xlsx", received=received))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RTI_NOW", plan.CLOCK)
        return check_many(jobs, registry=REGISTRY, history=None, language="en")


@pytest.mark.parametrize("workbook", WORKBOOKS)
def test_filled_workbook_is_read_like_its_source(
    workbooks: Workbooks, reports: Mapping[str, Report], workbook: str
) -> None:
    sample, period = workbooks.find_return(workbook)
    report = reports[workbook]
    assert report.candidates[0] == workbook
    assert report.reading is not None
    _assert_read_as_expected(report.reading, sample, period)
    assert report.reading.kind == ("patch" if sample.kind == "patch" else "full")


def _assert_read_as_expected(reading: Reading, sample: SampleReturn, period: str) -> None:
    assert [str(f) for f in reading.findings if f.severity != "information"] == []
    # A mark next to a label, such as `*`, is of one return; the workbook has the words of the form alone.
    marks = {mark.status for mark in REGISTRY.forms[sample.form].note_marks.values()}
    expected = [(*row[:-1], "A" if row[-1] in marks else row[-1]) for row in sample.meaning if row.period == period]
    observations = [
        (*row[:-1], "A" if row[-1] in marks else row[-1]) for row in reading.observations.select(COLUMNS).iter_rows()
    ]
    assert sorted(observations, key=repr) == sorted(expected, key=repr)
    events = [tuple(e) for e in sample.events if e.period == period]
    assert sorted(reading.events.select(Event._fields).iter_rows(), key=repr) == sorted(events, key=repr)
    assert observations or events, "the test compared nothing"
    assert reading.series == sample.series and [p.code for p in reading.periods] == [period]


_OFFICE = shutil.which("soffice")
_FILTERS = {"xlsx": "Calc MS Excel 2007 XML", "ods": "calc8", "xls": "MS Excel 97"}


@pytest.mark.slow
@pytest.mark.skipif(_OFFICE is None, reason="needs LibreOffice Calc to save the workbooks")
@pytest.mark.parametrize("format_", _FILTERS)
def test_filled_workbook_saved_by_libreoffice_is_read_the_same(
    workbooks: Workbooks, format_: str, tmp_path: Path
) -> None:
    """Save with LibreOffice, because offices send our workbook as their own program saved it."""
    source, target = tmp_path / "filled", tmp_path / "saved"
    source.mkdir()
    for workbook in WORKBOOKS:
        (source / f"{workbook}.xlsx").write_bytes(workbooks.filled[workbook])
    command = [str(_OFFICE), "--headless", f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}", "--convert-to"]
    command += [f"{format_}:{_FILTERS[format_]}", "--outdir", str(target), *map(str, sorted(source.iterdir()))]
    subprocess.run(command, check=True, capture_output=True, timeout=300)
    for workbook in WORKBOOKS:
        sample, period = workbooks.find_return(workbook)
        content = read_content((target / f"{workbook}.{format_}").read_bytes(), f"{workbook}.{format_}")
        form = recognise_forms(content, None, REGISTRY)[0].form
        assert form.id == workbook or form.id == REGISTRY.forms[workbook].second_of, workbook
        _assert_read_as_expected(standardise_content(content, form, REGISTRY), sample, period)


@pytest.mark.sampled()
@pytest.mark.parametrize("workbook", WORKBOOKS)
def test_print_area_has_whole_titles_and_no_previous_figures(workbooks: Workbooks, workbook: str) -> None:
    """Check sheets with tables of different widths too: figures next to the narrow ones must not be printed."""
    form = REGISTRY.forms[workbook]
    titles = [t.title for t in form.tables or () if t.title] + [form.records.title if form.records else None]
    heading_count = 0
    for sheet in openpyxl.load_workbook(io.BytesIO(workbooks.empty[workbook])).worksheets:
        if sheet.title.startswith("RTI") or not sheet.print_area:
            continue
        (area,) = sheet.print_area.multi_ranges if hasattr(sheet.print_area, "multi_ranges") else [sheet.print_area]
        _, _, last_column, _ = range_boundaries(str(area).rpartition("!")[2])
        headings = [c for row in sheet.iter_rows() for c in row if str(c.value or "").startswith("RTI – ")]
        assert all(cell.column > last_column for cell in headings), [
            c.coordinate for c in headings if c.column <= last_column
        ]
        heading_count += len(headings)
        width = sum(sheet.column_dimensions[get_column_letter(c)].width for c in range(1, last_column + 1))
        for row in sheet.iter_rows(max_col=1):
            text = str(row[0].value or "")
            if any(title is not None and _like(title).fullmatch(fold_text(text)) for title in titles):
                # The titles are bold and in 13 points: a letter is a fifth wider than in the font of the column widths.
                assert len(text) * 1.2 <= width, text
    # A list of requests has no prepared lines, and so no column of previous figures.
    assert heading_count or form.shape == "records" or form.instrument == "cooperation"


@pytest.mark.sampled()
@pytest.mark.parametrize("workbook", WORKBOOKS)
def test_empty_workbook_is_reported_as_empty(workbooks: Workbooks, workbook: str) -> None:
    content = read_content(workbooks.blank[workbook], "filled.xlsx")
    forms = [match.form for match in recognise_forms(content, None, REGISTRY)]
    assert forms[0].id == workbook
    reading = standardise_content(content, forms[0], REGISTRY)
    wrong = [f.rule for f in reading.findings if f.severity == "error"]
    assert wrong and set(wrong) <= {"cell.empty", "return.empty"}
    assert reading.observations["value"].drop_nulls().is_empty()


def test_filled_workbook_of_wrong_quarter_is_refused(
    generated_returns: GeneratedReturns, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fill in a workbook of a quarter that has not ended, and one whose title was changed to an earlier quarter."""
    monkeypatch.setenv("RTI_NOW", plan.CLOCK)
    workbook = "BA_STATE-JUSTICE-1-XLSX"
    sample = _list_returns(workbook, generated_returns)[-1]
    assert sample.periods[-1].code == "2026-Q3"
    form = REGISTRY.forms[workbook]
    jobs = []
    for period in ("2027-Q1", "2010-Q1"):
        _, empty = templates.write_template(REGISTRY, workbook, "2026-Q3")
        data = fill_workbook(empty, form, _read_return(sample), REGISTRY.forms[sample.form], "2026-Q3")
        year, _, quarter = period.partition("-Q")
        book = openpyxl.load_workbook(io.BytesIO(data))
        for sheet in book.worksheets[:5]:
            sheet["A3"].value = str(sheet["A3"].value).replace("III", "I" * int(quarter)).replace("2026", year)
            assert year in sheet["A3"].value
        buffer = io.BytesIO()
        book.save(buffer)
        jobs.append(CheckJob(period, buffer.getvalue(), f"{period}.xlsx"))
    reports = check_many(jobs, registry=REGISTRY, history=None, language="en")
    rules = {key: {f.rule for f in report.findings if f.severity == "error"} for key, report in reports.items()}
    assert rules == {"2027-Q1": {"coverage.too_early"}, "2010-Q1": {"period.outside_form"}}


def test_check_of_filled_workbooks_finds_no_errors_or_warnings(reports: Mapping[str, Report]) -> None:
    messages: dict[str, Any] = {
        key: [str(f) for f in report.findings if f.severity in ("error", "warning")] for key, report in reports.items()
    }
    problems = {key: listed for key, listed in messages.items() if listed}
    assert problems == {}
    assert {key: report.form for key, report in reports.items()} == {w: w for w in WORKBOOKS}


def test_template_command_shows_last_accepted_figures(
    demonstration: Home, generated_returns: GeneratedReturns, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Write the template of a form that is not a workbook: its second form shows figures sent on the first."""
    from pipelines.cli.main import main

    output_path = tmp_path / "a.xlsx"
    assert main(["template", "RS-JUSTICE-1", "2026-Q4", "-o", str(output_path)]) == 0
    sample = _list_returns("RS-JUSTICE-1-XLSX", generated_returns)[-1]
    assert sample.periods[-1].code == "2026-Q3" and sample.received_at < plan.CLOCK
    indicators = {
        "prijavljena lica": ("reported", "person"),
        "prvostepeno osuđena lica": ("convicted_first", "person"),
    }
    sheet = openpyxl.load_workbook(output_path).worksheets[0]
    rows = [[c.value for c in row] for row in sheet.iter_rows()]
    head = next(r for r in rows if r[0] == "Indikator")
    assert str(head[4]).startswith("RTI – 2026-Q3")
    for words, (measure, unit) in indicators.items():
        displayed = next(r[4] for r in rows if r[:3] == [words, "čl. 388 KZ", "ukupno"])
        (expected,) = [
            row.value
            for row in sample.meaning
            if (row.measure, row.count_unit, row.law_article, row.sex) == (measure, unit, "388", "_T")
        ]
        assert expected is not None and displayed == f"{expected:g}"
    assert "2027-02-14" in capsys.readouterr().out
