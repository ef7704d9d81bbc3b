"""Judge many returns at once beside what was known before each, and say what is wrong in which cell."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import polars as pl

from expectations import comparisons, engine, justice, register, tables, victims
from expectations.common import CODED, COPIED_FROM, Check
from expectations.rules import RULES, RULES_VERSION
from pipelines.core import clock
from pipelines.declarations.registry import Registry
from pipelines.findings import rules as all_rules
from pipelines.findings.finding import Finding, Severity
from pipelines.model.content import Scalar, Where
from pipelines.model.long_tables import CASE_EVENT, CASE_EVENT_KEY, DECLARED_SUM, OBSERVATION, OBSERVATION_KEY, empty
from pipelines.model.periods import runs
from pipelines.reading.standardise.standardise import Reading

__all__ = ["RULES_VERSION", "History", "JudgedReturn", "judge"]

all_rules.register(RULES)

_NEXT_TO_NOTHING = 0.0001
SUITES: dict[str, list[Check]] = {module.INSTRUMENT: module.suite() for module in (justice, victims, register)}
"""Instrument -> its checks."""


@dataclass(frozen=True)
class History:
    """The newest accepted figures before the judged returns. `observations` in OBSERVATION, `events` in CASE_EVENT."""

    observations: pl.DataFrame
    events: pl.DataFrame
    as_of: datetime


@dataclass(frozen=True)
class JudgedReturn:
    """One return to be judged. `received` decides whether it came in time; without it the clock's day does."""

    submission_id: str
    reading: Reading
    received: datetime | None = None


def judge(
    readings: Sequence[JudgedReturn], history: History | None, registry: Registry, *, in_order: bool = False
) -> dict[str, list[Finding]]:
    """Findings by submission id, in the order of the suites; an empty list where there are none.

    One validation a table serves all returns.  `history` None means that nothing is known before: rules of scope
    `history` then find nothing, and the caller says that they were not run.  With `in_order` the returns stand in the
    order of their arrival, and each is judged beside those that came before it in the batch, newest figures first.
    """
    found: dict[str, list[Finding]] = {one.submission_id: [] for one in readings}
    if not readings:
        return found
    observations = _stack([_tagged(one.reading.observations, one) for one in readings], OBSERVATION)
    events = _stack([_tagged(one.reading.events, one) for one in readings], CASE_EVENT)
    sums = _stack([_tagged(one.reading.sums, one) for one in readings], {**DECLARED_SUM, "submission_id": pl.String()})
    before = _known_before(readings, history, in_order)
    blocks = _blocks(readings, registry)
    for instrument, checks in SUITES.items():
        of_instrument = {
            one.submission_id for one in readings if registry.forms[one.reading.form].instrument == instrument
        }
        if not of_instrument:
            continue
        mine = pl.col("submission_id").is_in(list(of_instrument))
        computed = _tables(
            observations.filter(mine),
            events.filter(mine),
            sums.filter(mine),
            before.filter(mine),
            blocks.filter(mine),
            registry,
        )
        for failure in engine.validate(instrument, checks, computed):
            table = computed[failure.check.table]
            rows = [table.row(row, named=True) for row in failure.rows]
            for values in _together(failure.check, rows) if failure.check.together else rows:
                found[values["submission_id"]].append(_finding(failure.check, values))
    return found


def _tables(
    observations: pl.DataFrame,
    events: pl.DataFrame,
    sums: pl.DataFrame,
    before: pl.DataFrame,
    blocks: pl.DataFrame,
    registry: Registry,
) -> dict[str, pl.DataFrame]:
    totals, known = tables.totals(observations), tables.totals(before)
    of_figures, of_records = tables.codings(observations, CODED), tables.codings(events, register.CODED)
    return {
        "keys": pl.concat([tables.codings(observations, OBSERVATION_KEY), tables.codings(events, CASE_EVENT_KEY)]),
        "codings": pl.concat([of_figures, of_records]).drop_nulls("code"),
        "figures": tables.figures(observations),
        "whole_sums": sums.filter(pl.col("whole")),
        "partial_sums": sums.filter(~pl.col("whole")),
        "records": tables.records(events, registry),
        "coverage": tables.coverage(blocks, before, registry),
        "bounds": tables.bounds(totals, registry),
        "outcomes": tables.outcomes(totals),
        "exchanges": comparisons.exchanges(tables.by_sex(observations), tables.by_sex(before)),
        "jumps": comparisons.series_jumps(totals, known),
        "stocks": comparisons.stocks(totals, known),
        "lags": comparisons.lags(totals, known),
        "years_so_far": comparisons.years_so_far(observations, before),
        "copies": comparisons.copies(observations, before).with_columns(
            ((pl.col("same") == 1) & (pl.col("n") >= COPIED_FROM)).cast(pl.Int8).alias("suspect")
        ),
        "gone": comparisons.gone(observations, before, blocks),
        "revisions": comparisons.revisions(observations, before),
    }


def _tagged(frame: pl.DataFrame, one: JudgedReturn) -> pl.DataFrame:
    return frame.with_columns(pl.lit(one.submission_id).alias("submission_id"))


def _stack(frames: Iterable[pl.DataFrame], schema: dict[str, pl.DataType]) -> pl.DataFrame:
    return pl.concat([empty(schema), *(frame.select(list(schema)) for frame in frames)])


def _known_before(readings: Sequence[JudgedReturn], history: History | None, in_order: bool) -> pl.DataFrame:
    """What was known before each return, under its submission id: the newest figure of each block of its series."""
    past: dict[tuple[str, str], dict[tuple[str, str], pl.DataFrame]] = {}
    if history is not None:
        for key, block in history.observations.partition_by(
            ["jurisdiction", "form", "freq", "period"], as_dict=True
        ).items():
            jurisdiction, form, freq, period = (str(part) for part in key)
            past.setdefault((jurisdiction, form), {})[freq, period] = block
    out = [empty(OBSERVATION)]
    for one in readings:
        blocks = {
            tuple(str(part) for part in key): block
            for key, block in one.reading.observations.partition_by(
                ["jurisdiction", "form", "freq", "period"], as_dict=True
            ).items()
        }
        for series in sorted({(key[0], key[1]) for key in blocks}):
            out += [
                block.with_columns(pl.lit(one.submission_id).alias("submission_id"))
                for block in past.get(series, {}).values()
            ]
        if in_order and not any(finding.severity == "error" for finding in one.reading.findings):
            for (jurisdiction, form, freq, period), block in blocks.items():
                past.setdefault((jurisdiction, form), {})[freq, period] = block
    return pl.concat([frame.select(list(OBSERVATION)) for frame in out])


def _blocks(readings: Sequence[JudgedReturn], registry: Registry) -> pl.DataFrame:
    """One row a block: `submission_id, jurisdiction, instrument, source, form, freq, period, received, place`.

    `owes_all` says that an absent line is a line less, as it is neither in a patch nor in a nil return.
    """
    rows = []
    for one in readings:
        form = registry.forms[one.reading.form]
        received: date = (one.received or clock.now()).date()
        office = (one.submission_id, form.jurisdiction, form.instrument, form.source, form.series)
        # What could not be read is told by reading itself; that its figures are gone would be told twice.
        whole = not any(finding.severity == "error" for finding in one.reading.findings)
        owes_all = one.reading.kind == "full" and not one.reading.nil and whole
        rows += [(*office, period.freq, period.code, received, "", owes_all) for period in one.reading.periods]
    schema = {
        "submission_id": pl.String,
        "jurisdiction": pl.String,
        "instrument": pl.String,
        "source": pl.String,
        "form": pl.String,
        "freq": pl.String,
        "period": pl.String,
        "received": pl.Date,
        "place": pl.String,
        "owes_all": pl.Boolean,
    }
    return pl.DataFrame(rows, schema=schema, orient="row")


def _together(check: Check, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """One row a return out of its failing rows: their periods in runs, of other values the first and the last."""
    by_return: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        by_return.setdefault(row["submission_id"], []).append(row)
    told = {column for column in (*check.params.values(), check.seen, check.expected) if column is not None}
    merged = []
    for group in by_return.values():
        one = dict(group[0])
        for column in told:
            values = sorted({row[column] for row in group})
            if len(values) > 1 and column == "period":
                one[column] = runs(values)
            elif len(values) > 1:
                one[column] = f"{_said(values[0])}\N{EN DASH}{_said(values[-1])}"
        merged.append(one)
    return merged


def _finding(check: Check, row: Mapping[str, Any]) -> Finding:
    rule = all_rules.rule(check.rule)
    severity: Severity = rule.severity if check.severity is None else row[check.severity]
    params: dict[str, Scalar] = {name: _said(row[column]) for name, column in check.params.items()}
    return Finding(
        rule=rule.id,
        severity=severity,
        where=Where.parse(row.get("place") or ""),
        params={**params, **check.constants},
        seen=None if check.seen is None else str(_said(row[check.seen])),
        expected=None if check.expected is None else str(_said(row[check.expected])),
        scope=rule.scope,
    )


def _said(value: Any) -> Scalar:
    """A value as a person would write it: no trailing zero, a date in ISO form, small probabilities shortened, and what
    is next to nothing without powers of ten."""
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, date):
        return value.isoformat()
    number = float(value)
    if number.is_integer():
        return int(number)
    if 0 < number < _NEXT_TO_NOTHING:
        return f"< {_NEXT_TO_NOTHING}"
    return f"{number:.2g}" if abs(number) < 1 else f"{number:.1f}"
