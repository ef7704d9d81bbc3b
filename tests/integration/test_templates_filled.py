"""An empty workbook, filled in by hand with the figures of an office's own file, is read as that file was.

What the file meant comes from the generator; the workbook is filled in by its words alone (`filling.py`).
"""

from __future__ import annotations

import io
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import openpyxl
import polars as pl
import pytest

from pipelines import templates
from pipelines.home import Home
from pipelines.readers.model import Content
from pipelines.readers.read import read
from pipelines.returns.model import OBSERVATION_KEY
from pipelines.returns.recognise import recognise
from pipelines.returns.registry import load
from pipelines.returns.standardise import Reading, standardise
from tests.integration.filling import fill
from tests.samples import plan
from tests.samples.rows import Event, MadeReturn
from tests.samples.truth import draw

REGISTRY = load()
WORKBOOKS = [
    form.id
    for form in REGISTRY.forms.values()
    if "xlsx" in form.formats and REGISTRY.territory_of(form.jurisdiction).kind == "national"
]
COLUMNS = (*OBSERVATION_KEY, "value", "obs_status")


@cache
def _made(territory: str) -> tuple[MadeReturn, ...]:
    return tuple(plan.made(draw(), [territory]))


def _content(made: MadeReturn) -> Content:
    return read(made.data, Path(made.path).name, encodings=tuple(REGISTRY.forms[made.form].encodings))


def _returns(workbook: str) -> list[MadeReturn]:
    """The made returns of a workbook's first form, by period."""
    form = REGISTRY.forms[workbook]
    first = form.second_of or form.id
    territory = REGISTRY.territory_of(form.jurisdiction).code
    found = [m for m in _made(territory) if m.form == first and m.kind != "nil"]
    return sorted(found, key=lambda m: (m.periods[-1].code, m.received_at))


def _previous(made: MadeReturn | None) -> pl.DataFrame | None:
    if made is None:
        return None
    return standardise(_content(made), REGISTRY.forms[made.form], REGISTRY).observations


@cache
def _filled(workbook: str) -> tuple[bytes, MadeReturn, str]:
    """The newest return, as filled into the workbook of its last period, with the return before as what is known."""
    returns = _returns(workbook)
    made = returns[-1]
    before = next((m for m in reversed(returns[:-1]) if m.periods[-1].code < made.periods[-1].code), None)
    period = made.periods[-1].code
    _, empty = templates.write(REGISTRY, workbook, period, previous=_previous(before), demonstration=True)
    form = REGISTRY.forms[workbook]
    return fill(empty, form, _content(made), REGISTRY.forms[made.form], period), made, period


def _read(data: bytes) -> tuple[list[str], Reading]:
    content = read(data, "filled.xlsx")
    found = [match.form.id for match in recognise(content, None, REGISTRY)]
    return found, standardise(content, REGISTRY.forms[found[0]], REGISTRY)


@pytest.mark.parametrize("workbook", WORKBOOKS)
def test_a_workbook_filled_in_is_read_as_the_file_it_was_copied_from(workbook: str) -> None:
    data, made, period = _filled(workbook)
    found, reading = _read(data)
    assert found == [workbook]
    assert [str(f) for f in reading.findings if f.severity != "information"] == []
    meant = sorted((tuple(r) for r in made.meaning if r.period == period), key=repr)
    seen = sorted(reading.observations.select(COLUMNS).iter_rows(), key=repr)
    assert seen == meant
    events = [tuple(e) for e in made.events if e.period == period]
    assert sorted(reading.events.select(Event._fields).iter_rows(), key=repr) == sorted(events, key=repr)
    assert seen or events, "a proof of nothing"
    assert reading.series == made.series and [p.code for p in reading.periods] == [period]
    assert reading.kind == ("patch" if made.kind == "patch" else "full")


@pytest.mark.parametrize("workbook", WORKBOOKS)
def test_an_empty_workbook_says_what_is_missing(workbook: str) -> None:
    period = _returns(workbook)[-1].periods[-1].code
    _, data = templates.write(REGISTRY, workbook, period)
    found, reading = _read(data)
    assert found == [workbook]
    wrong = [f.rule for f in reading.findings if f.severity == "error"]
    assert wrong and set(wrong) <= {"cell.empty", "return.empty"}
    assert reading.observations["value"].drop_nulls().is_empty()


def test_a_workbook_of_the_wrong_quarter_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """The workbook of a quarter that has not ended, filled in; and one whose title was changed to a quarter before."""
    from pipelines.intake.check import CheckJob, check_many

    monkeypatch.setenv("RTI_NOW", plan.CLOCK)
    workbook = "BA_STATE-JUSTICE-1-XLSX"
    made = _returns(workbook)[-1]
    assert made.periods[-1].code == "2026-Q3"
    form = REGISTRY.forms[workbook]
    jobs = []
    for period in ("2027-Q1", "2010-Q1"):
        _, empty = templates.write(REGISTRY, workbook, "2026-Q3")
        data = fill(empty, form, _content(made), REGISTRY.forms[made.form], "2026-Q3")
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
    from pipelines.intake.check import CheckJob, check_many

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
    from pipelines.cli import main

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
