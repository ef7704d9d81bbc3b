"""Each expectation finds a fault planted for it, at its place, and gives no finding on sound returns."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from itertools import product
from typing import Any

import polars as pl
import pytest

from expectations import judge
from expectations.judge import History, JudgedReturn, judge_returns
from pipelines.declarations.export import list_expected_returns
from pipelines.declarations.registry import Registry, load
from pipelines.findings.finding import Finding
from pipelines.model.long_tables import CASE_EVENT, DECLARED_SUM, OBSERVATION, empty_table
from pipelines.model.periods import Period
from pipelines.reading.standardise.standardise import Reading
from tests.support.fakes.return_rows import (
    RECEIVED,
    find_by_rule,
    find_each_by_rule,
    find_form,
    judge_rules,
    make_observation,
    make_reading,
)


@pytest.fixture(scope="module")
def registry() -> Registry:
    return load()


def make_history(registry: Registry, values: list[float], **over: Any) -> History:
    quarters = [f"{year}-Q{q}" for year in (2023, 2024, 2025) for q in range(1, 5)]
    last = quarters.index("2025-Q1") + 1
    periods = quarters[last - len(values) : last]
    rows = [make_observation(registry, period=p, value=v, **over) for p, v in zip(periods, values, strict=True)]
    return History(pl.DataFrame(rows, schema=OBSERVATION), empty_table(CASE_EVENT), datetime(2025, 7, 1, tzinfo=UTC))


FAULTS: list[tuple[dict[str, Any], str]] = [
    ({"source": None}, "expect.key"),
    ({"sex": "male"}, "expect.code"),
    ({"measure": "convictions"}, "expect.code"),
    ({"value": -1.0}, "value.negative"),
    ({"value": 2.5}, "value.fraction"),
    ({"value": None, "obs_status": "A"}, "expect.status"),
    ({"value": 3.0, "obs_status": "O"}, "expect.status"),
    ({"value": 5000.0}, "plausible.bounds"),
]
"""Changes that make one figure faulty, and the rule that finds each."""
RECORD_FAULTS: list[tuple[dict[str, Any], str]] = [
    ({"event": "sentenced"}, "expect.code"),
    ({"event_date": date(2025, 1, 5)}, "record.period"),
    ({"event_date": date(2025, 8, 5)}, "record.period"),
    ({"event_date": date(2025, 6, 20), "cutoff_date": date(2025, 6, 15)}, "record.cutoff"),
    ({"sentence_type": "fine", "sentence_months": 12.0}, "record.sentence"),
]
"""The same of one record."""
SUMS = [
    (9.0, 9.0, True, None),
    (9.0, 8.0, True, "sum.differs"),
    (9.0, 8.0, False, None),
    (9.0, 10.0, False, "sum.exceeded"),
]
"""A total, the sum of its parts, whether these are all parts, and the rule."""
SEVERITIES = ("error", "warning")


def make_record(registry: Registry, **over: Any) -> dict[str, Any]:
    form = find_form(registry, "register")
    base = {
        "territory": registry.territory_of(form.jurisdiction).code,
        "jurisdiction": form.jurisdiction,
        "source": form.source,
        "freq": "Q",
        "period": "2025-Q2",
        "proceeding": "K-1",
        "person": "P-1",
        "event": "convicted_first",
        "level": "first",
        "event_date": date(2025, 5, 5),
        "cutoff_date": date(2025, 6, 30),
        "offence": "ICCS0204",
        "law_article": "",
        "sex": "M",
        "age": "Y_GE18",
        "sentence_type": "_Z",
        "sentence_months": None,
        "place": "line 7",
        "form": form.series,
        "submission_id": "S1",
        "origin_submission_id": "S1",
    }
    return base | over


def make_sum(total: float, added: float, whole: bool, severity: str) -> dict[str, Any]:
    """Return a sum that a form declares, as standardising returns it."""
    return {
        "place": "Т-03!B5",
        "label": "a label",
        "dim": "sex",
        "total": total,
        "added": added,
        "whole": whole,
        "severity": severity,
        "parts": "M 4 (Т-03!C5)",
    }


def make_record_return(registry: Registry, rows: list[dict[str, Any]]) -> Reading:
    """Return a return of records."""
    events = pl.DataFrame(rows, schema=CASE_EVENT)
    return make_reading(
        registry, [], "register", periods=[Period("2025-Q2")], observations=empty_table(OBSERVATION), events=events
    )


@pytest.fixture(scope="module")
def judged(registry: Registry) -> dict[str, list[Finding]]:
    """Return the findings of each return with a planted fault, by the fault; all of them are judged at once."""
    returns = {str(fault): make_reading(registry, [make_observation(registry, **fault)]) for fault, _ in FAULTS}
    returns |= {
        str(fault): make_record_return(registry, [make_record(registry, **fault)]) for fault, _ in RECORD_FAULTS
    }
    sums = [make_sum(*of[:3], severity) for of, severity in product(SUMS, SEVERITIES)]
    for declared_sum in sums:
        returns[str(declared_sum)] = make_reading(
            registry, [make_observation(registry)], sums=pl.DataFrame([declared_sum], schema=DECLARED_SUM)
        )
    assert len(returns) == len(FAULTS) + len(RECORD_FAULTS) + len(sums)
    return judge_returns(
        [JudgedReturn(name, planted_return, RECEIVED) for name, planted_return in returns.items()], None, registry
    )


def test_sound_return_has_no_finding(registry: Registry) -> None:
    history = make_history(registry, [4.0, 5.0, 3.0, 4.0, 6.0])
    assert find_by_rule(registry, [make_observation(registry)], history=history) == {}


def test_rules_judged_alone_have_the_findings_that_they_have_among_all(registry: Registry) -> None:
    """Check the helper of the tests of single rules: a rule that gives way to another one does so there too."""
    history = make_history(registry, [4.0, 5.0, 3.0, 4.0, 6.0, 5.0])
    returns = {"impossible": 5000.0, "improbable": 21.0}
    items = [
        JudgedReturn(name, make_reading(registry, [make_observation(registry, value=value)]), RECEIVED)
        for name, value in returns.items()
    ]
    among_all = judge_returns(items, history, registry)
    alone = {rule: judge_rules(items, history, registry, {rule}) for rule in ("plausible.bounds", "plausible.jump")}
    for name, findings in among_all.items():
        assert [finding for rule in alone for finding in alone[rule][name]] == findings
    assert [finding.rule for findings in among_all.values() for finding in findings] == list(alone)


@pytest.mark.parametrize("in_order", [False, True])
def test_returns_judged_in_parts_have_the_findings_that_they_have_together(
    registry: Registry, monkeypatch: pytest.MonkeyPatch, in_order: bool
) -> None:
    history = make_history(registry, [4.0, 5.0, 3.0, 4.0, 6.0, 5.0])
    readings = [make_reading(registry, [make_observation(registry, value=value)]) for value in (5000.0, 5.0, 21.0)]
    readings += [make_reading(registry, [make_observation(registry, **fault)]) for fault, _ in FAULTS[:3]]
    readings += [make_record_return(registry, [make_record(registry, **fault)]) for fault, _ in RECORD_FAULTS[:2]]
    items = [JudgedReturn(f"S{number}", reading, RECEIVED) for number, reading in enumerate(readings)]
    together = judge_returns(items, history, registry, in_order=in_order)
    assert sum(map(bool, together.values())) >= 6
    parts: list[int] = []
    tabulate_blocks = judge._tabulate_blocks

    def count_part(part: Sequence[JudgedReturn], of_registry: Registry) -> pl.DataFrame:
        parts.append(len(part))
        return tabulate_blocks(part, of_registry)

    monkeypatch.setattr(judge, "_tabulate_blocks", count_part)
    for most_rows, n_parts in ((1_000, 2), (1, len(items))):
        monkeypatch.setattr(judge, "MOST_ROWS", most_rows)
        parts.clear()
        assert judge_returns(items, history, registry, in_order=in_order) == together
        assert (len(parts), sum(parts)) == (n_parts, len(items))


@pytest.mark.parametrize(("fault", "rule"), FAULTS)
def test_planted_fault_is_found_at_its_cell(judged: dict[str, list[Finding]], fault: dict[str, Any], rule: str) -> None:
    findings = {finding.rule: finding for finding in judged[str(fault)]}
    assert rule in findings
    assert findings[rule].where.sheet == "Т-03" and findings[rule].where.cell == "B5"


def test_repeated_figure_is_found(registry: Registry) -> None:
    assert "expect.unique" in find_by_rule(
        registry, [make_observation(registry), make_observation(registry, place="Т-03!B6")]
    )


@pytest.mark.parametrize(("total", "added", "whole", "rule"), SUMS)
@pytest.mark.parametrize("severity", SEVERITIES)
def test_declared_sum_is_judged_at_its_total(
    judged: dict[str, list[Finding]], total: float, added: float, whole: bool, rule: str | None, severity: str
) -> None:
    findings = judged[str(make_sum(total, added, whole, severity))]
    assert [(f.rule, f.severity, str(f.where)) for f in findings] == ([(rule, severity, "Т-03!B5")] if rule else [])


def test_more_convicted_than_decided_is_found(registry: Registry) -> None:
    rows = [
        make_observation(registry, value=9.0),
        make_observation(registry, measure="adjudicated_first", value=7.0, place="Т-03!B6"),
    ]
    finding = find_by_rule(registry, rows)["plausible.outcome"]
    assert (finding.seen, finding.expected, finding.severity) == ("9", "7", "warning")


def test_units_are_never_compared_with_each_other(registry: Registry) -> None:
    rows = [
        make_observation(registry, value=9.0),
        make_observation(registry, measure="adjudicated_first", value=7.0, count_unit="case"),
    ]
    assert "plausible.outcome" not in find_by_rule(registry, rows)


def test_period_that_has_not_ended_is_refused(registry: Registry) -> None:
    early = find_each_by_rule(
        registry, {period: [make_observation(registry, period=period)] for period in ("2025-Q4", "2026-Q3")}
    )
    for findings in early.values():
        assert findings["coverage.too_early"].severity == "error"
        # `coverage.unexpected` would add nothing: its "nothing to do" contradicts the error.
        assert "coverage.unexpected" not in findings


def test_same_finding_of_many_quarters_is_reported_once(registry: Registry) -> None:
    quarters = ("2024-Q2", "2024-Q3", "2024-Q4", "2025-Q2")
    rows = [make_observation(registry, period=quarter) for quarter in quarters]
    late_return = JudgedReturn("S1", make_reading(registry, rows), datetime(2025, 11, 1, tzinfo=UTC))
    first_quarter = JudgedReturn("S2", make_reading(registry, rows[:1]), datetime(2025, 11, 1, tzinfo=UTC))
    findings = judge_rules([late_return, first_quarter], None, registry, {"coverage.late"})
    (late,) = [f for f in findings["S1"] if f.rule == "coverage.late"]
    assert late.params == {"period": "2024-Q2–2024-Q4, 2025-Q2"}
    due = (d for d in list_expected_returns(registry) if d["period"] in quarters and _is_of(d, rows[0]))
    days = sorted(str(d["deadline"]) for d in due)
    assert late.expected == f"{days[0]}–{days[-1]}" and days[0] != days[-1]
    (alone,) = [f for f in findings["S2"] if f.rule == "coverage.late"]
    assert (alone.params, alone.expected) == ({"period": "2024-Q2"}, days[0])


def _is_of(day: dict[str, Any], expected: dict[str, Any]) -> bool:
    return all(day[name] == expected[name] for name in ("jurisdiction", "instrument", "source"))


def test_late_return_is_reported_as_information(registry: Registry) -> None:
    late_return = JudgedReturn(
        "S1", make_reading(registry, [make_observation(registry)]), datetime(2025, 11, 1, tzinfo=UTC)
    )
    (finding,) = judge_rules([late_return], None, registry, {"coverage.late"})["S1"]
    assert finding.severity == "information"


def test_quarter_reported_again_is_not_late(registry: Registry) -> None:
    before = History(
        pl.DataFrame([make_observation(registry, submission_id="S0")], schema=OBSERVATION),
        empty_table(CASE_EVENT),
        datetime(2025, 8, 1, tzinfo=UTC),
    )
    repeated_return = JudgedReturn(
        "S1", make_reading(registry, [make_observation(registry)]), datetime(2025, 11, 1, tzinfo=UTC)
    )
    assert judge_rules([repeated_return], before, registry, {"coverage.late"})["S1"] == []


def test_jump_is_judged_by_its_probability(registry: Registry) -> None:
    history = make_history(registry, [4.0, 5.0, 3.0, 4.0, 6.0, 5.0])
    values = {str(value): [make_observation(registry, value=value)] for value in (21.0, 28.0, 9.0)}
    findings = find_each_by_rule(registry, values, history=history)
    finding = findings["21.0"]["plausible.jump"]
    assert finding.scope == "history" and 0 < float(str(finding.params["p"])) < 0.001
    assert findings["28.0"]["plausible.jump"].params["p"] == "< 0.0001", "no powers of ten in a sentence"
    assert "plausible.jump" not in findings["9.0"]


def test_exchanged_women_and_men_are_found(registry: Registry) -> None:
    def make_sexes(women: float, men: float, **over: Any) -> list[dict[str, Any]]:
        return [
            make_observation(registry, sex="F", value=women, place="Т-03!D5", **over),
            make_observation(registry, sex="M", value=men, **over),
        ]

    quarters = ["2024-Q1", "2024-Q2", "2024-Q3", "2024-Q4", "2025-Q1"]
    rows = [
        observation
        for i, quarter in enumerate(quarters)
        for observation in make_sexes(3.0 + i % 2, 30.0 + i, period=quarter)
    ]
    history = History(pl.DataFrame(rows, schema=OBSERVATION), empty_table(CASE_EVENT), datetime(2025, 7, 1, tzinfo=UTC))
    finding = find_by_rule(registry, make_sexes(34.0, 4.0), history=history)["plausible.exchanged"]
    assert (str(finding.where), finding.seen, finding.severity) == ("Т-03!D5", "34", "warning")
    # 3 + 4 + 3 + 4 + 3 women of 177 are 9.6 per cent.
    assert {name: finding.params[name] for name in ("n", "periods", "share")} == {"n": 38, "periods": 5, "share": 10}
    assert "plausible.exchanged" not in find_by_rule(registry, make_sexes(4.0, 34.0), history=history)
    assert "plausible.exchanged" not in find_by_rule(registry, make_sexes(34.0, 4.0))


def test_old_file_under_a_new_name_is_found(registry: Registry) -> None:
    offences = ["ICCS0204", "ICCS08051", "ICCS02031"]
    rows = [
        make_observation(registry, offence=o, sex=s, value=3.0 + i)
        for i, o in enumerate(offences)
        for s in ("M", "F", "_T")
    ]
    before = pl.DataFrame([r | {"period": "2025-Q1"} for r in rows], schema=OBSERVATION)
    history = History(before, empty_table(CASE_EVENT), datetime(2025, 7, 1, tzinfo=UTC))
    changed = [rows[0] | {"value": 4.0}, *rows[1:]]
    findings = find_each_by_rule(registry, {"the same": rows, "changed": changed}, history=history)
    assert "plausible.copied" in findings["the same"] and "plausible.copied" not in findings["changed"]


def test_revision_is_reported_with_both_values(registry: Registry) -> None:
    before = pl.DataFrame([make_observation(registry, value=3.0)], schema=OBSERVATION)
    history = History(before, empty_table(CASE_EVENT), datetime(2025, 7, 1, tzinfo=UTC))
    finding = find_by_rule(registry, [make_observation(registry, value=4.0)], history=history)["revision.changed"]
    assert (finding.expected, finding.seen, finding.severity) == ("3", "4", "information")


def test_stock_that_does_not_continue_is_found(registry: Registry) -> None:
    stock = {"measure": "pending_first", "level": "first", "count_unit": "case"}
    history = make_history(registry, [12.0], statistic="end", **stock)
    rows = [make_observation(registry, statistic="start", value=15.0, **stock)]
    finding = find_by_rule(registry, rows, history=history)["plausible.stock"]
    assert (finding.seen, finding.expected) == ("15", "12")


def test_more_indicted_than_ever_investigated_is_found(registry: Registry) -> None:
    stage = {"level": "prosecution"}
    history = make_history(registry, [1.0, 1.0, 1.0, 1.0], measure="investigated", **stage)
    rows = [
        make_observation(registry, measure="investigated", value=1.0, **stage),
        make_observation(registry, measure="indicted", value=9.0, **stage),
    ]
    finding = find_by_rule(registry, rows, history=history)["plausible.lag"]
    assert (finding.seen, finding.expected) == ("9", "5")


def test_falling_year_so_far_is_found(registry: Registry) -> None:
    so_far = {"accumulation": "ytd", "period_start": date(2025, 1, 1)}
    history = make_history(registry, [7.0], **so_far)
    values = {
        name: [make_observation(registry, value=value, **so_far)] for name, value in (("less", 6.0), ("as much", 7.0))
    }
    findings = find_each_by_rule(registry, values, history=history)
    finding = findings["less"]["plausible.year_so_far"]
    assert (finding.seen, finding.expected, finding.severity) == ("6", "7", "warning")
    assert "plausible.year_so_far" not in findings["as much"]


def test_victims_are_counted_as_victims(registry: Registry) -> None:
    returns = {
        "persons": [make_observation(registry, "victims", count_unit="person")],
        "victims": [make_observation(registry, "victims")],
    }
    findings = find_each_by_rule(registry, returns, "victims")
    assert "expect.code" in findings["persons"] and "expect.code" not in findings["victims"]


@pytest.mark.parametrize(("fault", "rule"), RECORD_FAULTS)
def test_planted_fault_in_a_record_is_found_at_its_line(
    judged: dict[str, list[Finding]], fault: dict[str, Any], rule: str
) -> None:
    assert_at_its_line(judged[str(fault)], rule)


def test_judgment_before_its_indictment_is_found(registry: Registry) -> None:
    rows = [
        make_record(registry, event="indicted", level="prosecution", event_date=date(2025, 6, 1), place="line 6"),
        make_record(registry),
    ]
    assert_record_finding(registry, rows, "record.order")


def test_repeated_record_is_found(registry: Registry) -> None:
    assert_record_finding(registry, [make_record(registry), make_record(registry)], "record.unique")


def assert_record_finding(registry: Registry, rows: list[dict[str, Any]], rule: str) -> None:
    record_return = JudgedReturn("S1", make_record_return(registry, rows), RECEIVED)
    assert_at_its_line(judge_rules([record_return], None, registry, {rule})["S1"], rule)


def assert_at_its_line(findings: list[Finding], rule: str) -> None:
    by_rule = {finding.rule: finding for finding in findings}
    assert rule in by_rule
    assert by_rule[rule].where.line == 7


def test_returns_judged_at_once_get_their_own_findings(registry: Registry) -> None:
    received = datetime(2025, 7, 20, tzinfo=UTC)
    sound = make_reading(registry, [make_observation(registry)])
    faulty = make_reading(registry, [make_observation(registry, value=-2.0)])
    judged = judge_returns([JudgedReturn("S1", sound, received), JudgedReturn("S2", faulty, received)], None, registry)
    assert judged["S1"] == []
    assert [f.rule for f in judged["S2"]] == ["value.negative", "plausible.bounds"]


def test_in_order_each_return_is_judged_against_those_before_it(registry: Registry) -> None:
    quarters = ["2024-Q1", "2024-Q2", "2024-Q3", "2024-Q4", "2025-Q1", "2025-Q2"]
    values = [4.0, 5.0, 4.0, 6.0, 5.0, 22.0]
    batch = [
        JudgedReturn(
            f"S{i}",
            make_reading(registry, [make_observation(registry, period=p, value=v)]),
            datetime(2025, 7, 20, tzinfo=UTC),
        )
        for i, (p, v) in enumerate(zip(quarters, values, strict=True))
    ]
    jumps = judge_rules(batch, None, registry, {"plausible.jump"}, in_order=True)
    assert [i for i, findings in jumps.items() if findings] == ["S5"]
    assert judge_rules(batch, None, registry, {"plausible.jump"})["S5"] == []


def test_missing_line_is_reported(registry: Registry) -> None:
    lines = [
        make_observation(registry, law_article="388"),
        make_observation(registry, law_article="389", label="the other"),
    ]
    earlier = [
        make_observation(registry, period=p, law_article=a, label=f"row {a}")
        for p in ("2024-Q4", "2025-Q1")
        for a in ("388", "389")
    ]
    history = History(
        pl.DataFrame(earlier, schema=OBSERVATION), empty_table(CASE_EVENT), datetime(2025, 7, 1, tzinfo=UTC)
    )
    missing = [lines[0], lines[1] | {"value": None, "obs_status": "O"}]
    each = find_each_by_rule(registry, {"both": lines, "one": lines[:1], "missing": missing}, history=history)
    assert "coverage.gone" not in each["both"]
    finding = each["one"]["coverage.gone"]
    assert (finding.severity, finding.scope, finding.seen, finding.params["previous"]) == (
        "warning",
        "history",
        "row 389",
        "2025-Q1",
    )
    assert "coverage.gone" not in each["missing"], "a sign for missing is a line"
    once = [r for r in earlier if (r["period"], r["law_article"]) != ("2024-Q4", "389")]
    seldom = History(pl.DataFrame(once, schema=OBSERVATION), empty_table(CASE_EVENT), datetime(2025, 7, 1, tzinfo=UTC))
    assert "coverage.gone" not in find_by_rule(registry, lines[:1], history=seldom), (
        "a line that was sent only once is not required"
    )


def test_lines_of_the_first_return_are_required_of_a_second_but_not_of_a_patch(registry: Registry) -> None:
    before = [
        make_observation(registry, law_article="388"),
        make_observation(registry, law_article="389", label="row 389"),
    ]
    history = History(
        pl.DataFrame(before, schema=OBSERVATION), empty_table(CASE_EVENT), datetime(2025, 7, 1, tzinfo=UTC)
    )
    unread = Finding("label.undeclared", "error")
    kinds: dict[str, dict[str, Any]] = {
        "full": {},
        "patch": {"kind": "patch"},
        "nil": {"nil": True},
        "with a fault": {"findings": [unread]},
    }
    returns_to_judge = [
        JudgedReturn(name, make_reading(registry, before[:1], **over), RECEIVED) for name, over in kinds.items()
    ]
    findings_by_kind = judge_rules(returns_to_judge, history, registry, {"coverage.gone"})
    missing_lines = {name: [f.seen for f in findings] for name, findings in findings_by_kind.items()}
    assert missing_lines == {
        "full": ["row 389"],
        "patch": [],
        "nil": [],
        "with a fault": [],
    }


def test_fraction_that_is_nearly_a_whole_number_is_shown_with_all_its_digits(registry: Registry) -> None:
    returns = {str(value): [make_observation(registry, value=value)] for value in (5.0000001, 2.5)}
    for value, findings in find_each_by_rule(registry, returns).items():
        assert findings["value.fraction"].seen == value
