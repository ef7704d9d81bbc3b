"""Check many returns at once against the figures known before each, and report findings with their cells."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import polars as pl

from expectations import comparisons, engine, register, tables
from expectations.common import CODED, COPIED_FROM, Check
from expectations.rules import RULES, RULES_VERSION
from expectations.suites import SUITES
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

_SMALLEST_SHOWN = 0.0001


@dataclass(frozen=True)
class History:
    """The newest accepted figures before the checked returns, in the schemas OBSERVATION and CASE_EVENT."""

    observations: pl.DataFrame
    events: pl.DataFrame
    as_of: datetime


@dataclass(frozen=True)
class JudgedReturn:
    """A return to check. `received` is the day for its deadline; without it, today is."""

    submission_id: str
    reading: Reading
    received: datetime | None = None


def judge(
    readings: Sequence[JudgedReturn], history: History | None, registry: Registry, *, in_order: bool = False
) -> dict[str, list[Finding]]:
    """Return the findings of each return by submission id, in the order of the suites.

    Each table of all returns is validated once.  With `history` None, no earlier figures are known: rules of scope
    `history` then find nothing, and the caller reports that they were not run.  With `in_order`, the returns are in
    the order of arrival, and each is also compared with the earlier ones of the batch.
    """
    findings: dict[str, list[Finding]] = {item.submission_id: [] for item in readings}
    if not readings:
        return findings
    observations = _stack([_tag_with_return(item.reading.observations, item) for item in readings], OBSERVATION)
    events = _stack([_tag_with_return(item.reading.events, item) for item in readings], CASE_EVENT)
    sums = _stack(
        [_tag_with_return(item.reading.sums, item) for item in readings], {**DECLARED_SUM, "submission_id": pl.String()}
    )
    before = _collect_earlier_figures(readings, history, in_order)
    blocks = _tabulate_blocks(readings, registry)
    for instrument, checks in SUITES.items():
        submission_ids = {
            item.submission_id for item in readings if registry.forms[item.reading.form].instrument == instrument
        }
        if not submission_ids:
            continue
        is_selected = pl.col("submission_id").is_in(list(submission_ids))
        computed = _compute_tables(
            observations.filter(is_selected),
            events.filter(is_selected),
            sums.filter(is_selected),
            before.filter(is_selected),
            blocks.filter(is_selected),
            registry,
        )
        for failure in engine.run_checks(instrument, checks, computed):
            table = computed[failure.check.table]
            rows = [table.row(row, named=True) for row in failure.rows]
            for values in _merge_rows_by_return(failure.check, rows) if failure.check.together else rows:
                findings[values["submission_id"]].append(_build_finding(failure.check, values))
    return findings


def _compute_tables(
    observations: pl.DataFrame,
    events: pl.DataFrame,
    sums: pl.DataFrame,
    before: pl.DataFrame,
    blocks: pl.DataFrame,
    registry: Registry,
) -> dict[str, pl.DataFrame]:
    totals, earlier_totals = tables.tabulate_totals(observations), tables.tabulate_totals(before)
    figure_codes, record_codes = (
        tables.tabulate_codes(observations, CODED),
        tables.tabulate_codes(events, register.CODED),
    )
    return {
        "keys": pl.concat(
            [tables.tabulate_codes(observations, OBSERVATION_KEY), tables.tabulate_codes(events, CASE_EVENT_KEY)]
        ),
        "codings": pl.concat([figure_codes, record_codes]).drop_nulls("code"),
        "figures": tables.tabulate_figures(observations),
        "whole_sums": sums.filter(pl.col("whole")),
        "partial_sums": sums.filter(~pl.col("whole")),
        "records": tables.tabulate_records(events, registry),
        "coverage": tables.tabulate_coverage(blocks, before, registry),
        "bounds": tables.join_bounds(totals, registry),
        "outcomes": tables.pair_outcomes(totals),
        "exchanges": comparisons.compare_sex_shares(
            tables.tabulate_by_sex(observations), tables.tabulate_by_sex(before)
        ),
        "jumps": comparisons.score_series_jumps(totals, earlier_totals),
        "stocks": comparisons.compare_stocks(totals, earlier_totals),
        "lags": comparisons.compare_indictments(totals, earlier_totals),
        "years_so_far": comparisons.compare_years_so_far(observations, before),
        "copies": comparisons.find_copied_periods(observations, before).with_columns(
            ((pl.col("same") == 1) & (pl.col("n") >= COPIED_FROM)).cast(pl.Int8).alias("suspect")
        ),
        "gone": comparisons.find_missing_lines(observations, before, blocks),
        "revisions": comparisons.find_revised_figures(observations, before),
    }


def _tag_with_return(frame: pl.DataFrame, item: JudgedReturn) -> pl.DataFrame:
    return frame.with_columns(pl.lit(item.submission_id).alias("submission_id"))


def _stack(frames: Iterable[pl.DataFrame], schema: dict[str, pl.DataType]) -> pl.DataFrame:
    return pl.concat([empty(schema), *(frame.select(list(schema)) for frame in frames)])


def _collect_earlier_figures(readings: Sequence[JudgedReturn], history: History | None, in_order: bool) -> pl.DataFrame:
    """Return the figures known before each return, under its submission id: the newest of each block of its series."""
    past: dict[tuple[str, str], dict[tuple[str, str], pl.DataFrame]] = {}
    if history is not None:
        for key, block in history.observations.partition_by(
            ["jurisdiction", "form", "freq", "period"], as_dict=True
        ).items():
            jurisdiction, form, freq, period = (str(part) for part in key)
            past.setdefault((jurisdiction, form), {})[freq, period] = block
    frames = [empty(OBSERVATION)]
    for item in readings:
        blocks = {
            tuple(str(part) for part in key): block
            for key, block in item.reading.observations.partition_by(
                ["jurisdiction", "form", "freq", "period"], as_dict=True
            ).items()
        }
        for series in sorted({(key[0], key[1]) for key in blocks}):
            frames += [
                block.with_columns(pl.lit(item.submission_id).alias("submission_id"))
                for block in past.get(series, {}).values()
            ]
        if in_order and not any(finding.severity == "error" for finding in item.reading.findings):
            for (jurisdiction, form, freq, period), block in blocks.items():
                past.setdefault((jurisdiction, form), {})[freq, period] = block
    return pl.concat([frame.select(list(OBSERVATION)) for frame in frames])


def _tabulate_blocks(readings: Sequence[JudgedReturn], registry: Registry) -> pl.DataFrame:
    """Return one row per block: `submission_id, jurisdiction, instrument, source, form, freq, period, received, place`.

    `owes_all` is true if a missing line is an omission, as it is not in a patch or a nil return.
    """
    rows = []
    for item in readings:
        form = registry.forms[item.reading.form]
        received: date = (item.received or clock.now()).date()
        office = (item.submission_id, form.jurisdiction, form.instrument, form.source, form.series)
        # Reading has already reported what it could not read; do not report its figures as missing too.
        is_readable = not any(finding.severity == "error" for finding in item.reading.findings)
        owes_all = item.reading.kind == "full" and not item.reading.nil and is_readable
        rows += [(*office, period.freq, period.code, received, "", owes_all) for period in item.reading.periods]
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


def _merge_rows_by_return(check: Check, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Merge the failing rows of each return into one: period codes as runs, other values as first and last."""
    by_return: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        by_return.setdefault(row["submission_id"], []).append(row)
    columns = {column for column in (*check.params.values(), check.seen, check.expected) if column is not None}
    merged = []
    for group in by_return.values():
        merged_row = dict(group[0])
        for column in columns:
            values = sorted({row[column] for row in group})
            if len(values) > 1 and column == "period":
                merged_row[column] = runs(values)
            elif len(values) > 1:
                merged_row[column] = f"{_format_value(values[0])}\N{EN DASH}{_format_value(values[-1])}"
        merged.append(merged_row)
    return merged


def _build_finding(check: Check, row: Mapping[str, Any]) -> Finding:
    rule = all_rules.rule(check.rule)
    severity: Severity = rule.severity if check.severity is None else row[check.severity]
    params: dict[str, Scalar] = {name: _format_value(row[column]) for name, column in check.params.items()}
    return Finding(
        rule=rule.id,
        severity=severity,
        where=Where.parse(row.get("place") or ""),
        params={**params, **check.constants},
        seen=None if check.seen is None else str(_format_value(row[check.seen])),
        expected=None if check.expected is None else str(_format_value(row[check.expected])),
        scope=rule.scope,
    )


def _format_value(value: Any) -> Scalar:
    """Format a value for a message: whole numbers as int, dates in ISO form, others to two digits or one decimal."""
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, date):
        return value.isoformat()
    number = float(value)
    if number.is_integer():
        return int(number)
    if 0 < number < _SMALLEST_SHOWN:
        return f"< {_SMALLEST_SHOWN}"
    return f"{number:.2g}" if abs(number) < 1 else f"{number:.1f}"
