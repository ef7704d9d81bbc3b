"""An empty workbook, filled in by hand with the figures of an office's own file, is read as that file was.

What the file meant comes from the generator; the workbook is filled in by its words alone (`filling.py`).
"""

from __future__ import annotations

import io
import shutil
import subprocess
from datetime import datetime
from functools import cache
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
from tests.samples import plan
from tests.samples.rows import Event, SampleReturn
from tests.samples.truth import draw_truth
from tests.support.filling import _like, fill_workbook

REGISTRY = load()
WORKBOOKS = [
    form.id
    for form in REGISTRY.forms.values()
    if "xlsx" in form.formats and REGISTRY.territory_of(form.jurisdiction).kind == "national"
]
COLUMNS = (*OBSERVATION_KEY, "value", "obs_status")


@cache
def _made(territory: str) -> tuple[SampleReturn, ...]:
    return tuple(plan.make_returns(draw_truth(), [territory]))


def _content(made: SampleReturn) -> Content:
    return read_content(made.data, Path(made.path).name, encodings=tuple(REGISTRY.forms[made.form].encodings))


def _returns(workbook: str) -> list[SampleReturn]:
    """The made returns of a workbook's first form, by period."""
    form = REGISTRY.forms[workbook]
    first = form.second_of or form.id
    territory = REGISTRY.territory_of(form.jurisdiction).code
    found = [m for m in _made(territory) if m.form == first and m.kind != "nil"]
    return sorted(found, key=lambda m: (m.periods[-1].code, m.received_at))


def _previous(made: SampleReturn | None) -> pl.DataFrame | None:
    if made is None:
        return None
    return standardise_content(_content(made), REGISTRY.forms[made.form], REGISTRY).observations


@cache
def _filled(workbook: str) -> tuple[bytes, SampleReturn, str]:
    """The newest return, as filled into the workbook of its last period, with the return before as what is known."""
    returns = _returns(workbook)
    made = returns[-1]
    before = next((m for m in reversed(returns[:-1]) if m.periods[-1].code < made.periods[-1].code), None)
    period = made.periods[-1].code
    _, empty = templates.write_template(REGISTRY, workbook, period, previous=_previous(before), demonstration=True)
    form = REGISTRY.forms[workbook]
    return fill_workbook(empty, form, _content(made), REGISTRY.forms[made.form], period), made, period


@cache
def _empty(workbook: str) -> Any:
    """The workbook of the newest period with the figures of the return before beside its cells."""
    returns = _returns(workbook)
    period = returns[-1].periods[-1].code
    _, data = templates.write_template(REGISTRY, workbook, period, previous=_previous(returns[-1]), demonstration=True)
    return openpyxl.load_workbook(io.BytesIO(data))


def _read(data: bytes) -> tuple[list[str], Reading]:
    content = read_content(data, "filled.xlsx")
    found = [match.form.id for match in recognise_forms(content, None, REGISTRY)]
    return found, standardise_content(content, REGISTRY.forms[found[0]], REGISTRY)


@pytest.mark.parametrize("workbook", WORKBOOKS)
def test_a_workbook_filled_in_is_read_as_the_file_it_was_copied_from(workbook: str) -> None:
    data, made, period = _filled(workbook)
    found, reading = _read(data)
    assert found[0] == workbook
    _assert_read_as_meant(reading, made, period)
    assert reading.kind == ("patch" if made.kind == "patch" else "full")


def _assert_read_as_meant(reading: Reading, made: SampleReturn, period: str) -> None:
    assert [str(f) for f in reading.findings if f.severity != "information"] == []
    meant = sorted((tuple(r) for r in made.meaning if r.period == period), key=repr)
    seen = sorted(reading.observations.select(COLUMNS).iter_rows(), key=repr)
    assert seen == meant
    events = [tuple(e) for e in made.events if e.period == period]
    assert sorted(reading.events.select(Event._fields).iter_rows(), key=repr) == sorted(events, key=repr)
    assert seen or events, "a proof of nothing"
    assert reading.series == made.series and [p.code for p in reading.periods] == [period]


_OFFICE = shutil.which("soffice")
_FILTERS = {"xlsx": "Calc MS Excel 2007 XML", "ods": "calc8", "xls": "MS Excel 97"}


@pytest.mark.slow
@pytest.mark.skipif(_OFFICE is None, reason="needs LibreOffice Calc, by which the workbooks are saved anew")
@pytest.mark.parametrize("format_", _FILTERS)
def test_a_filled_workbook_saved_anew_by_an_office_program_is_read_the_same(format_: str, tmp_path: Path) -> None:
    """By LibreOffice, whose own format is ODS: what an office sends is what its program made of our workbook."""
    there, out = tmp_path / "filled", tmp_path / "saved"
    there.mkdir()
    for workbook in WORKBOOKS:
        (there / f"{workbook}.xlsx").write_bytes(_filled(workbook)[0])
    command = [str(_OFFICE), "--headless", f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}", "--convert-to"]
    command += [f"{format_}:{_FILTERS[format_]}", "--outdir", str(out), *map(str, sorted(there.iterdir()))]
    subprocess.run(command, check=True, capture_output=True, timeout=300)
    for workbook in WORKBOOKS:
        _, made, period = _filled(workbook)
        content = read_content((out / f"{workbook}.{format_}").read_bytes(), f"{workbook}.{format_}")
        form = recognise_forms(content, None, REGISTRY)[0].form
        assert form.id == workbook or form.id == REGISTRY.forms[workbook].second_of, workbook
        _assert_read_as_meant(standardise_content(content, form, REGISTRY), made, period)


@pytest.mark.parametrize("workbook", WORKBOOKS)
def test_on_paper_stand_whole_titles_and_no_earlier_figure(workbook: str) -> None:
    """A sheet may hold several tables of different widths: what stands beside the narrow ones is not printed either."""
    form = REGISTRY.forms[workbook]
    titles = [t.title for t in form.tables or () if t.title] + [form.records.title if form.records else None]
    beside = 0
    for sheet in _empty(workbook).worksheets:
        if sheet.title.startswith("RTI") or not sheet.print_area:
            continue
        (area,) = sheet.print_area.multi_ranges if hasattr(sheet.print_area, "multi_ranges") else [sheet.print_area]
        _, _, right, _ = range_boundaries(str(area).rpartition("!")[2])
        headings = [c for row in sheet.iter_rows() for c in row if str(c.value or "").startswith("RTI – ")]
        assert all(cell.column > right for cell in headings), [c.coordinate for c in headings if c.column <= right]
        beside += len(headings)
        width = sum(sheet.column_dimensions[get_column_letter(c)].width for c in range(1, right + 1))
        for row in sheet.iter_rows(max_col=1):
            text = str(row[0].value or "")
            if any(title is not None and _like(title).fullmatch(fold_text(text)) for title in titles):
                # Thirteen points and bold: a letter takes a fifth more than those by which columns are measured.
                assert len(text) * 1.2 <= width, text
    assert beside or form.shape == "records"


@pytest.mark.parametrize("workbook", WORKBOOKS)
def test_an_empty_workbook_says_what_is_missing(workbook: str) -> None:
    period = _returns(workbook)[-1].periods[-1].code
    _, data = templates.write_template(REGISTRY, workbook, period)
    found, reading = _read(data)
    assert found[0] == workbook
    wrong = [f.rule for f in reading.findings if f.severity == "error"]
    assert wrong and set(wrong) <= {"cell.empty", "return.empty"}
    assert reading.observations["value"].drop_nulls().is_empty()


def test_a_workbook_of_the_wrong_quarter_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """The workbook of a quarter that has not ended, filled in; and one whose title was changed to a quarter before."""
    from pipelines.submissions.checking.check import CheckJob, check_many

    monkeypatch.setenv("RTI_NOW", plan.CLOCK)
    workbook = "BA_STATE-JUSTICE-1-XLSX"
    made = _returns(workbook)[-1]
    assert made.periods[-1].code == "2026-Q3"
    form = REGISTRY.forms[workbook]
    jobs = []
    for period in ("2027-Q1", "2010-Q1"):
        _, empty = templates.write_template(REGISTRY, workbook, "2026-Q3")
        data = fill_workbook(empty, form, _content(made), REGISTRY.forms[made.form], "2026-Q3")
        year, _, quarter = period.partition("-Q")
        book = openpyxl.load_workbook(io.BytesIO(data))
        for sheet in book.worksheets[:5]:
            sheet["A3"].value = str(sheet["A3"].value).replace("III", "I" * int(quarter)).replace("2026", year)
            assert year in sheet["A3"].value
        out = io.BytesIO()
        book.save(out)
        jobs.append(CheckJob(period, out.getvalue(), f"{period}.xlsx"))
    reports = check_many(jobs, registry=REGISTRY, history=None, language="en")
    rules = {key: {f.rule for f in report.findings if f.severity == "error"} for key, report in reports.items()}
    assert rules == {"2027-Q1": {"coverage.too_early"}, "2010-Q1": {"period.outside_form"}}


def test_the_whole_check_takes_them_without_a_word(monkeypatch: pytest.MonkeyPatch) -> None:
    from pipelines.submissions.checking.check import CheckJob, check_many

    monkeypatch.setenv("RTI_NOW", plan.CLOCK)
    jobs = []
    for workbook in WORKBOOKS:
        data, made, _ = _filled(workbook)
        received = datetime.fromisoformat(made.received_at.replace("Z", "+00:00"))
        jobs.append(CheckJob(workbook, data, f"{workbook}.xlsx", received=received))
    reports = check_many(jobs, registry=REGISTRY, history=None, language="en")
    told: dict[str, Any] = {
        key: [str(f) for f in report.findings if f.severity in ("error", "warning")] for key, report in reports.items()
    }
    own = {key: found for key, found in told.items() if found}
    assert own == {}
    assert {key: report.form for key, report in reports.items()} == {w: w for w in WORKBOOKS}


def test_the_command_puts_the_figures_accepted_last_beside_the_cells(
    demonstration: Home, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of a form that is no workbook: its second form shows what came in by the first."""
    from pipelines.cli.main import main

    out = tmp_path / "a.xlsx"
    assert main(["template", "RS-JUSTICE-1", "2026-Q4", "-o", str(out)]) == 0
    made = _returns("RS-JUSTICE-1-XLSX")[-1]
    assert made.periods[-1].code == "2026-Q3" and made.received_at < plan.CLOCK
    wanted = {
        "prijavljena lica": ("reported", "person"),
        "prvostepeno osuđena lica": ("convicted_first", "person"),
    }
    sheet = openpyxl.load_workbook(out).worksheets[0]
    rows = [[c.value for c in row] for row in sheet.iter_rows()]
    head = next(r for r in rows if r[0] == "Indikator")
    assert str(head[4]).startswith("RTI – 2026-Q3")
    for words, (measure, unit) in wanted.items():
        shown = next(r[4] for r in rows if r[:3] == [words, "čl. 388 KZ", "ukupno"])
        (meant,) = [
            row.value
            for row in made.meaning
            if (row.measure, row.count_unit, row.law_article, row.sex) == (measure, unit, "388", "_T")
        ]
        assert meant is not None and shown == f"{meant:g}"
    assert "2027-02-14" in capsys.readouterr().out
