"""Read all crossed tables of a file, and compare them: what is missing, and which are for another period."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from pipelines.reading.standardise.collecting import Collector
from pipelines.reading.standardise.crossed_table import TableReading
from pipelines.reading.standardise.finding_tables import find_tables, report_unread_tables
from pipelines.reading.standardise.plan import Plan
from pipelines.reading.standardise.sheets import Sheet


def read_tables(plan: Plan, sheets: Sequence[Sheet], collector: Collector) -> dict[int, tuple[str | None, str]]:
    """Find and read every declared table into the collector, then report declared headings and labels that are missing.

    Returns, by the index of their sheet, the tables that were not read: the title found, and the one expected.
    """
    tables = find_tables(plan, sheets, collector)
    readings = [TableReading(plan, collector, table, tables) for table in tables]
    codes: dict[int, set[tuple[str, str]]] = {}
    for reading in readings:
        reading.read_table()
        codes.setdefault(reading.table.number, set()).update(reading.codes)
    codes_elsewhere = {
        number: set[tuple[str, str]]().union(
            *(of_table for number_of_table, of_table in codes.items() if number_of_table != number)
        )
        for number in codes
    }
    for reading in readings:
        reading.report_missing(codes_elsewhere[reading.table.number], _list_open_rows(readings, reading.period))
    _report_odd_periods(readings, collector)
    return report_unread_tables(plan, sheets, collector)


def _list_open_rows(readings: Sequence[TableReading], period: str | None) -> dict[tuple[str, str], str]:
    """Return the codes of open tables named by rows of any table of a period, each with the words of that row."""
    return {code: words for r in readings if r.period == period for code, words in r.open_rows.items()}


def _report_odd_periods(readings: Sequence[TableReading], collector: Collector) -> None:
    """Report tables for other periods than most of the file: one of them is left over from an older file.

    A return replaces each of its periods completely: a table alone in its period would empty all others there.
    """
    by_table: dict[int, dict[str, TableReading]] = {}
    for reading in readings:
        if reading.period is not None and reading.declared.occurs != "optional":
            by_table.setdefault(reading.table.number, {}).setdefault(reading.period, reading)
    usual = Counter(frozenset(periods) for periods in by_table.values()).most_common(1)
    for periods in by_table.values():
        for code in sorted(periods.keys() - usual[0][0]):
            odd_table = periods[code].found
            where = odd_table.title.where if odd_table.title is not None else odd_table.corner.where
            usual_periods = ", ".join(sorted(usual[0][0]))
            collector.add_finding("period.contradiction", where, seen=code, expected=usual_periods)
        if missing := sorted(usual[0][0] - periods.keys()) if periods.keys() <= usual[0][0] else []:
            first = next(iter(periods.values())).found
            collector.add_finding(
                "table.period_missing",
                first.corner.where,
                corner=first.plan.declared.corner,
                seen=", ".join(sorted(periods)),
                expected=", ".join(missing),
            )
