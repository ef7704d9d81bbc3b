"""Export the declarations to dbt as Parquet sources, with the calendar of expected returns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from pipelines.core import clock
from pipelines.declarations.law import LAW_COLUMNS
from pipelines.declarations.territory import CalendarEntry, Name, Territory
from pipelines.model.periods import Period, last_ended, periods_between

if TYPE_CHECKING:
    from pipelines.declarations.registry import Registry

_TEXT = pl.String()
_FLAG = pl.Boolean()
SCHEMAS: dict[str, dict[str, pl.DataType]] = {
    "territory": {"code": _TEXT, "kind": _TEXT, "sort": pl.Int32(), "note": _TEXT},
    "territory_name": {
        "territory": _TEXT, "jurisdiction": _TEXT, "language": _TEXT, "name": _TEXT, "footnote": _TEXT,
        "official": _FLAG, "accepted_only": _FLAG, "valid_from": _TEXT, "valid_to": _TEXT,
    },
    # `is_whole`: the territory itself, either its only jurisdiction or one in addition to its parts.
    "jurisdiction": {"code": _TEXT, "territory": _TEXT, "name": _TEXT, "is_whole": _FLAG, "part_of_total": _FLAG},
    "office": {"id": _TEXT, "territory": _TEXT, "jurisdiction": _TEXT, "language": _TEXT, "name": _TEXT, "note": _TEXT},
    "counting_rule": {
        "territory": _TEXT, "jurisdiction": _TEXT, "level": _TEXT, "count_unit": _TEXT, "input_or_output": _TEXT,
        "counted_at": _TEXT, "several_offences": _TEXT, "attempts": _TEXT, "juveniles": _TEXT, "legal_persons": _TEXT,
        "unknown_perpetrators": _TEXT, "transferred_counted_again": _FLAG, "stage_definition": _TEXT,
        "valid_from": _TEXT, "valid_to": _TEXT, "status": _TEXT, "read_keys": _TEXT, "source": _TEXT,
    },
    "counts_source": {
        "territory": _TEXT, "jurisdiction": _TEXT, "measure": _TEXT, "source": _TEXT, "shape": _TEXT,
        "instrument": _TEXT, "valid_from": _TEXT, "valid_to": _TEXT,
    },
    "form": {
        "form": _TEXT, "series": _TEXT, "title": _TEXT, "territory": _TEXT, "jurisdiction": _TEXT,
        "instrument": _TEXT, "source": _TEXT, "freq": _TEXT, "kind": _TEXT, "absent_cell": _TEXT,
        "accumulation": _TEXT, "date_basis": _TEXT, "scope_age": _TEXT, "scope_person_type": _TEXT,
        "attempts": _TEXT, "unknown_perpetrators": _TEXT, "valid_from": _TEXT, "valid_to": _TEXT,
    },
    "calendar": {
        "jurisdiction": _TEXT, "territory": _TEXT, "instrument": _TEXT, "source": _TEXT, "freq": _TEXT,
        "period": _TEXT, "deadline": pl.Date(), "final_on": pl.Date(),
    },
    "law_article": {"territory": _TEXT, "law_article": _TEXT, **dict.fromkeys(LAW_COLUMNS, _TEXT)},
    "population": {
        "territory": _TEXT, "jurisdiction": _TEXT, "year": pl.Int32(), "population": pl.Int64(), "series": _TEXT,
        "vintage": _TEXT, "status": _TEXT, "reference_date": _TEXT, "source_url": _TEXT, "caveat": _TEXT,
    },
}  # fmt: skip
"""Columns of each Parquet file, `<name>.parquet`. `valid_to` is null for entries that are still valid."""

Rows = Iterator[Sequence[Any]]


def _ends(valid: str | None) -> tuple[str | None, str | None]:
    start, _, end = (valid or "").partition("..")
    return start or None, end or None


def iterate_expected(
    registry: Registry, today: date, *, ahead: int = 0
) -> Iterator[tuple[Territory, CalendarEntry, Period]]:
    """Yield each expected return in the order of declaration.

    From the first period of a calendar entry to its last, or to `ahead` periods after the newest one that ended before
    `today`.
    """
    for territory in registry.territories.values():
        for entry in territory.calendar:
            start, end = _ends(entry.periods)
            assert start is not None  # a range begins with a period
            newest = last_ended(today, entry.freq)
            for _ in range(ahead):
                newest = newest.next_period()
            last = min(Period.from_code(end), newest) if end else newest
            yield from ((territory, entry, period) for period in periods_between(Period.from_code(start), last))


def list_expected_returns(registry: Registry, today: date | None = None) -> list[dict[str, Any]]:
    """Return one row per expected return of a period that ended before `today` (default: the day of the clock).

    Returns are expected from the first period of a calendar entry to its last, or to the newest period that ended.
    Training territories are included; readers exclude them by `kind`.
    """
    rows = []
    for territory, entry, period in iterate_expected(registry, today or clock.now().date()):
        values = (
            entry.jurisdiction, territory.code, entry.instrument, entry.source, entry.freq, period.code,
            period.end + timedelta(days=entry.deadline_days), period.end + timedelta(days=entry.days[2]),
        )  # fmt: skip
        rows.append(dict(zip(SCHEMAS["calendar"], values, strict=True)))
    return rows


def _territories(registry: Registry) -> Rows:
    for t in registry.territories.values():
        yield t.code, t.kind, t.sort, t.note


def _names(registry: Registry) -> Rows:
    # A jurisdiction that is the whole territory has the names of the territory.
    for t in registry.territories.values():
        parts = [(j.code, j.names) for j in t.jurisdictions if j.code != t.code]
        for jurisdiction, names in [(None, t.names), *parts]:
            for n in names:
                values = (t.code, jurisdiction, n.language, n.name, n.footnote, n.official, n.accepted_only)
                yield *values, *_ends(n.valid)


def _english(names: Sequence[Name]) -> str:
    return next((n.name for n in names if n.language == "en"), names[0].name)


def _jurisdictions(registry: Registry) -> Rows:
    for t in registry.territories.values():
        for j in t.jurisdictions:
            yield j.code, t.code, _english(j.names), j.code == t.code, j.part_of_total


def _offices(registry: Registry) -> Rows:
    for t in registry.territories.values():
        for o in t.offices:
            yield from ((o.id, t.code, o.jurisdiction, n.language, n.name, o.note) for n in o.names)


def _counting_rules(registry: Registry) -> Rows:
    for t in registry.territories.values():
        for r in t.counting_rules:
            yield (
                t.code, r.jurisdiction, r.level, r.count_unit, r.input_or_output, r.counted_at, r.several_offences,
                r.attempts, r.juveniles, r.legal_persons, r.unknown_perpetrators, r.transferred_counted_again,
                r.stage_definition, *_ends(r.valid), r.status, ",".join(r.read), r.source,
            )  # fmt: skip


def _counts_sources(registry: Registry) -> Rows:
    for t in registry.territories.values():
        for c in t.counts_source:
            for measure in c.measures:
                yield t.code, c.jurisdiction, measure, c.source, c.shape, c.instrument, *_ends(c.periods)


def _forms(registry: Registry) -> Rows:
    for f in registry.forms.values():
        yield (
            f.id, f.series, f.title, registry.territory_of(f.jurisdiction).code, f.jurisdiction, f.instrument, f.source,
            f.freq, f.kind, f.absent_cell, f.accumulation, f.date_basis, f.scope.age, f.scope.person_type,
            f.scope.attempts, f.scope.unknown_perpetrators, *_ends(f.valid),
        )  # fmt: skip


def _law(registry: Registry) -> Rows:
    for a in registry.law:
        territory = registry.territory_of(a.jurisdiction).code
        yield territory, a.key, *(a.row[c] or None for c in LAW_COLUMNS)


def _population(registry: Registry) -> Rows:
    for row in registry.population:
        yield [int(row[c]) if c in ("year", "population") else row[c] or None for c in SCHEMAS["population"]]


def build_tables(registry: Registry) -> dict[str, pl.DataFrame]:
    """Build all tables by name, with rows in the order of declaration."""
    rows: dict[str, Rows] = {
        "territory": _territories(registry),
        "territory_name": _names(registry),
        "jurisdiction": _jurisdictions(registry),
        "office": _offices(registry),
        "counting_rule": _counting_rules(registry),
        "counts_source": _counts_sources(registry),
        "form": _forms(registry),
        "calendar": (list(r.values()) for r in list_expected_returns(registry)),
        "law_article": _law(registry),
        "population": _population(registry),
    }
    return {n: pl.DataFrame(list(r), schema=SCHEMAS[n], orient="row") for n, r in rows.items()}


def write_declarations(registry: Registry, folder: Path) -> None:
    """Write `<name>.parquet` for each of `SCHEMAS` to an existing folder; equal declarations give equal bytes."""
    for name, frame in build_tables(registry).items():
        frame.write_parquet(folder / f"{name}.parquet", compression="zstd", statistics=False)
