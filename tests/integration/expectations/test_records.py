"""Registers: random consistent ones have no findings, and each planted contradiction or loss has its own."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from functools import cache
from random import Random
from typing import Any

import polars as pl
import pytest

from expectations.judge import History, JudgedReturn
from expectations.records import FILE_RULES
from expectations.records import RULES as RECORD_RULES
from pipelines.declarations.form import Form
from pipelines.declarations.registry import Registry, load
from pipelines.findings.finding import Finding
from pipelines.findings.rules import all_rules
from pipelines.model.long_tables import CASE_EVENT, DECLARED_SUM, OBSERVATION, empty_table
from pipelines.model.periods import Period
from pipelines.reading.standardise.standardise import Reading
from tests.support.fakes.return_rows import judge_rules

Rows = list[dict[str, Any]]
QUARTERS = [f"{year}-Q{quarter}" for year in (2023, 2024, 2025) for quarter in (1, 2, 3, 4)]
NOW = "2025-Q4"
ARTICLES = ("A1", "A2")
"""No article of any law, so that only the longest term limits a sentence."""


@cache
def registry_of(kind: str) -> tuple[Registry, Form]:
    """Return a registry and a register in it that reports decisions; the second kind is of an invented territory."""
    registry = load()
    form = next(
        form
        for form in registry.forms.values()
        if form.records is not None
        and any(column.field == "age" for column in form.records.columns.values())
        and form.second_of is None
    )
    if kind == "declared":
        return registry, form
    eighth = form.model_copy(update={"id": "ZZ-REGISTER-1", "series": "ZZ-REGISTER", "jurisdiction": "ZZ"})
    territory = registry.territory_of(form.jurisdiction)
    jurisdictions = tuple(j.model_copy(update={"code": "ZZ"}) for j in territory.jurisdictions)
    made_up = territory.model_copy(
        update={"code": "ZZ", "jurisdictions": jurisdictions, "calendar": (), "longest_sentences": ()}
    )
    return dataclasses.replace(registry, territories={"ZZ": made_up}, forms={eighth.id: eighth}), eighth


def make_case(draw: Random, form: Form, period: str, number: int) -> Rows:
    """Draw the events of one proceeding with one or more persons in a quarter, as a court would report them."""
    span = Period.from_code(period)
    day = span.start + timedelta(days=draw.randint(0, (span.end - span.start).days))
    article = draw.choices(ARTICLES, (70, 30))[0]
    rows: Rows = []
    stage = draw.choice(("indicted", "decided"))
    for person in range(draw.choices((1, 2, 3), (65, 25, 10))[0]):
        base = {
            "territory": form.jurisdiction,
            "jurisdiction": form.jurisdiction,
            "source": form.source,
            "freq": "Q",
            "period": period,
            "proceeding": f"K{period}-{number}",
            "person": f"O{period}-{number}-{person}",
            "level": "first",
            "event_date": day,
            "cutoff_date": span.end,
            "offence": "ICCS0204",
            "law_article": article,
            "sex": draw.choices(("M", "F"), (80, 20))[0],
            "age": draw.choices(("Y18T20", "Y21T24", "Y_GE25"), (15, 20, 65))[0],
            "sentence_type": "_Z",
            "sentence_months": None,
            "form": form.series,
            "submission_id": "",
            "origin_submission_id": "",
        }
        if stage == "indicted":
            rows.append({**base, "event": "indicted", "level": "prosecution"})
            continue
        rows.append({**base, "event": "adjudicated_first"})
        outcome = draw.choices(("convicted_first", "acquitted", "discontinued"), (70, 20, 10))[0]
        sanction: dict[str, Any] = {}
        if outcome == "convicted_first":
            kind = draw.choices(("prison", "prison_suspended", "fine"), (60, 30, 10))[0]
            low, high = {"prison": (12, 60), "prison_suspended": (4, 24), "fine": (0, 0)}[kind]
            sanction = {"sentence_type": kind, "sentence_months": float(draw.randint(low, high)) if high else None}
        rows.append({**base, "event": outcome, **sanction})
        if sanction:
            rows.append({**base, "event": "sentenced_first", **sanction})
    return rows


def make_return(seed: int, form: Form, period: str, cases: int = 60) -> Rows:
    """Draw a quarter of a register, in the order of days."""
    draw = Random(f"{seed} {period}")
    rows = [row for number in range(cases) for row in make_case(draw, form, period, number)]
    rows.sort(key=lambda row: row["event_date"])
    return rows


def tabulate_rows(rows: Rows) -> pl.DataFrame:
    numbered = [{**row, "place": f"line {line}"} for line, row in enumerate(rows, start=4)]
    return pl.DataFrame(numbered, schema=CASE_EVENT)


@cache
def tabulate_past(kind: str) -> pl.DataFrame:
    """Return the records of the eleven quarters before."""
    _, form = registry_of(kind)
    return pl.concat([tabulate_rows(make_return(1, form, period)) for period in QUARTERS[:-1]])


def judge_each(kind: str, returns: Mapping[str, Rows], history: bool = True) -> dict[str, dict[str, list[Finding]]]:
    """Return the findings of returns on their records, by rule, each compared with eleven quarters before.

    They are judged at once, because a validation costs as much for one as for all.
    """
    registry, form = registry_of(kind)
    received = datetime(2026, 2, 1, tzinfo=UTC)
    earlier = History(empty_table(OBSERVATION), tabulate_past(kind), received) if history else None
    judged = judge_rules(
        [JudgedReturn(name, read_rows(form, rows), received) for name, rows in returns.items()],
        earlier,
        registry,
        {rule for rule in all_rules() if rule.startswith("record.")},
    )
    by_return: dict[str, dict[str, list[Finding]]] = {}
    for name, findings in judged.items():
        by_return[name] = {}
        for finding in findings:
            by_return[name].setdefault(finding.rule, []).append(finding)
    return by_return


def read_rows(form: Form, rows: Rows) -> Reading:
    return Reading(
        form=form.id,
        series=form.series,
        kind="full",
        nil=False,
        periods=[Period.from_code(NOW)],
        observations=empty_table(OBSERVATION),
        events=tabulate_rows(rows),
        findings=[],
        bindings=[],
        sums=empty_table(DECLARED_SUM),
    )


def judge_return(kind: str, rows: Rows, history: bool = True) -> dict[str, list[Finding]]:
    return judge_each(kind, {"S1": rows}, history)["S1"]


@cache
def judge_faults(kind: str, history: bool) -> dict[str, dict[str, list[Finding]]]:
    """Return the findings of a return with each planted fault."""
    _, form = registry_of(kind)
    returns = {}
    for number, (fault, _) in enumerate(HISTORY_FAULTS if history else FILE_FAULTS):
        rows = make_return(9, form, NOW)
        fault(rows)
        returns[str(number)] = rows
    return judge_each(kind, returns, history)


KINDS = ("declared", "eighth territory")


@pytest.mark.parametrize("kind", KINDS)
def test_consistent_registers_have_no_finding(kind: str) -> None:
    _, form = registry_of(kind)
    returns = {str(seed): make_return(seed, form, NOW) for seed in range(20)}
    assert {seed: findings for seed, findings in judge_each(kind, returns).items() if findings} == {}


def find_row(rows: Rows, **codes: Any) -> dict[str, Any]:
    return next(row for row in rows if all(row[name] == value for name, value in codes.items()))


def list_rows_of_person(rows: Rows, row: dict[str, Any]) -> Rows:
    return [candidate for candidate in rows if candidate["person"] == row["person"]]


def change_all(rows: Rows, **changes: Any) -> None:
    for row in rows:
        row.update(changes)


def give_second_sex(rows: Rows) -> None:
    row = rows[0]
    rows.insert(1, {**row, "proceeding": "K-other", "sex": {"M": "F", "F": "M"}[row["sex"]]})


def give_second_age(rows: Rows) -> None:
    row = find_row(rows, event="adjudicated_first", age="Y_GE25")
    row["age"] = "Y18T20"


def discontinue_convicted(rows: Rows) -> None:
    row = find_row(rows, event="convicted_first")
    rows.append({**row, "event": "discontinued", "sentence_type": "_Z", "sentence_months": None})


def acquit_later(rows: Rows) -> None:
    row = find_row(rows, event="convicted_first")
    rows.append({**row, "event": "acquitted", "event_date": Period.from_code(NOW).end, "sentence_type": "_Z"})
    rows[-1]["sentence_months"] = None
    rows.append({**rows[-1], "event": "adjudicated_first"})


def decide_twice(rows: Rows) -> None:
    row = find_row(rows, event="indicted")
    rows.append({**row, "event_date": row["event_date"] + timedelta(days=1)})


def drop_event(event: str) -> Callable[[Rows], None]:
    def drop_first(rows: Rows) -> None:
        rows.remove(find_row(rows, event=event))

    return drop_first


def set_months(months: float | None, *events: str) -> Callable[[Rows], None]:
    def change_months(rows: Rows) -> None:
        row = find_row(rows, event="convicted_first", sentence_type="prison")
        for event in list_rows_of_person(rows, row):
            if event["event"] in (events or ("convicted_first", "sentenced_first")):
                event["sentence_months"] = months

    return change_months


def sentence_adult_as_juvenile(rows: Rows) -> None:
    row = find_row(rows, event="convicted_first", age="Y_GE25", sentence_type="prison")
    for event in list_rows_of_person(rows, row):
        if event["sentence_type"] == "prison":
            event.update(sentence_type="juvenile", sentence_months=None)


def lose_end(rows: Rows) -> None:
    del rows[len(rows) // 2 :]


def lose_start(rows: Rows) -> None:
    del rows[: len(rows) // 2]


FILE_FAULTS: list[tuple[Callable[[Rows], None], str]] = [
    (give_second_sex, "record.person"),
    (give_second_age, "record.person"),
    (discontinue_convicted, "record.exclusive"),
    (acquit_later, "record.exclusive"),
    (decide_twice, "record.twice"),
    (drop_event("adjudicated_first"), "record.stage_missing"),
    (drop_event("acquitted"), "record.outcome_missing"),
    (set_months(100.0, "sentenced_first"), "record.sanctions"),
    (set_months(None), "record.length_missing"),
    (set_months(0.0), "record.no_length"),
    (set_months(5.1), "record.part_of_month"),
    (set_months(1020.0), "record.term"),
    (sentence_adult_as_juvenile, "record.sanction_of_age"),
    (lambda rows: change_all(rows, sex="_U"), "record.unknown"),
    (lambda rows: change_all(rows, age="_U"), "record.unknown"),
    (lose_end, "record.gap"),
    (lose_start, "record.gap"),
]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("number", "rule"), [(str(number), rule) for number, (_, rule) in enumerate(FILE_FAULTS)])
def test_fault_of_return_alone_is_one_finding(kind: str, number: str, rule: str) -> None:
    findings = judge_faults(kind, history=False)[number]
    assert len(findings.get(rule, [])) == 1
    assert findings[rule][0].where.line is not None
    assert all_rules()[rule].scope == "file"


def swap_sexes(rows: Rows) -> None:
    for row in rows:
        row["sex"] = {"M": "F", "F": "M"}[row["sex"]]


def lengthen_one(rows: Rows) -> None:
    set_months(170.0)(rows)


def give_lengths_in_years(rows: Rows) -> None:
    for row in rows:
        if row["sentence_months"]:
            row["sentence_months"] = float(max(1, round(row["sentence_months"] / 12)))


def lose_half(rows: Rows) -> None:
    remaining = set(sorted({row["proceeding"] for row in rows})[::2])
    rows[:] = [row for row in rows if row["proceeding"] in remaining]


def lose_indictments(rows: Rows) -> None:
    rows[:] = [row for row in rows if row["event"] != "indicted"]


def copy_quarter(rows: Rows) -> None:
    _, form = registry_of("declared")
    rows[:] = [
        {**row, "jurisdiction": rows[0]["jurisdiction"], "territory": rows[0]["territory"], "form": rows[0]["form"]}
        | {"period": NOW, "event_date": row["event_date"].replace(month=row["event_date"].month + 9, year=2025)}
        for row in make_return(1, form, "2024-Q1")
        if row["event_date"].day <= 30
    ]


def copy_quarter_with_new_persons(rows: Rows) -> None:
    copy_quarter(rows)
    for row in rows:
        row["proceeding"], row["person"] = f"new {row['proceeding']}", f"new {row['person']}"


def earlier_row(rows: Rows, event: str) -> dict[str, Any]:
    """Return an event of the quarter before, on a day of this one."""
    _, form = registry_of("declared")
    row = find_row(make_return(1, form, "2025-Q3"), event=event)
    shared = ("jurisdiction", "territory", "form", "period", "cutoff_date")
    return {**row, **{name: rows[0][name] for name in shared}, "event_date": date(2025, 11, 3)}


def repeat_indictment(rows: Rows) -> None:
    rows.append(earlier_row(rows, "indicted"))


def indict_decided(rows: Rows) -> None:
    rows.append({**earlier_row(rows, "adjudicated_first"), "event": "indicted", "level": "prosecution"})


def change_sex_of_known(rows: Rows) -> None:
    row = earlier_row(rows, "indicted")
    decision = {"event": "adjudicated_first", "level": "first", "sex": {"M": "F", "F": "M"}[row["sex"]]}
    rows += [{**row, **decision}, {**row, **decision, "event": "acquitted"}]


HISTORY_FAULTS: list[tuple[Callable[[Rows], None], str]] = [
    (swap_sexes, "record.share"),
    (lambda rows: change_all(rows, sex="M"), "record.share"),
    (lambda rows: change_all(rows, law_article="A2"), "record.share"),
    (lambda rows: change_all(rows[::4], age="_U"), "record.share"),
    (lengthen_one, "record.unusual_length"),
    (give_lengths_in_years, "record.lengths_shifted"),
    (lose_half, "record.number"),
    (lose_indictments, "record.number"),
    (copy_quarter, "record.copied"),
    (copy_quarter_with_new_persons, "record.copied"),
    (repeat_indictment, "record.reported_before"),
    (indict_decided, "record.ended"),
    (change_sex_of_known, "record.changed_person"),
]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("number", "rule"), [(str(number), rule) for number, (_, rule) in enumerate(HISTORY_FAULTS)])
def test_fault_against_history_is_one_finding(kind: str, number: str, rule: str) -> None:
    assert len(judge_faults(kind, history=True)[number].get(rule, [])) == 1
    assert all_rules()[rule].scope == "history"


def test_remitted_case_may_be_decided_again() -> None:
    _, form = registry_of("declared")
    rows = make_return(9, form, NOW)
    rows.append({**earlier_row(rows, "acquitted"), "event": "remitted", "event_date": date(2025, 10, 2)})
    rows.append({**rows[-1], "event": "adjudicated_first", "event_date": date(2025, 11, 3)})
    rows.append({**rows[-1], "event": "discontinued"})
    assert judge_return("declared", rows) == {}


def test_numbers_of_persons_within_proceedings_are_not_compared() -> None:
    _, form = registry_of("declared")
    rows = make_return(9, form, NOW)
    for row in rows:
        row["person"] = row["person"].rpartition("-")[2]
    assert "record.person" not in judge_return("declared", rows)


def test_many_records_with_one_cause_are_one_finding_with_their_number() -> None:
    _, form = registry_of("declared")
    rows = make_return(9, form, NOW)
    convicted = {row["person"] for row in rows if row["event"] == "convicted_first"}
    rows = [row for row in rows if row["event"] != "adjudicated_first" or row["person"] not in convicted]
    [finding] = judge_return("declared", rows, history=False)["record.stage_missing"]
    assert finding.params["records"] == len(convicted)


def test_rules_of_return_alone_ignore_history() -> None:
    _, form = registry_of("declared")
    rows = make_return(9, form, NOW)
    for fault, _ in FILE_FAULTS[:10]:
        fault(rows)
    file_rules = {rule.report.rule for rule in FILE_RULES}
    alone, compared = (judge_return("declared", rows, history) for history in (False, True))
    assert {rule: alone[rule] for rule in alone if rule in file_rules} == {
        rule: compared[rule] for rule in compared if rule in file_rules
    }
    assert {rule.report.rule for rule in RECORD_RULES} >= file_rules
