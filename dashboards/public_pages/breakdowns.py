"""Tables of breakdowns that several pages show.

Belongs here: rows of the programme as categories by columns.  Nothing is added up: a margin is shown where the release
has it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from dashboards import charts, layout, queries, tables, words

Row = Mapping[str, Any]


def breakdown_table(
    here: layout.Frame,
    found: Sequence[Row],
    dimension: str,
    codes: Sequence[str],
    columns: Sequence[tuple[str, str]],
    caption: str,
    *,
    across: str = "measure",
    names: Sequence[tuple[str, str]] = (),
) -> None:
    """Categories down, measures (or the codes of `across`) across: count, and the share where the release has one."""
    notes = words.Notes()
    labels = queries.labels(here.path, dimension)
    at = {(row[across], row[dimension]): row for row in found}
    has_share = any(row["share_obs_status"] is not None for row in found)
    headings = [text for _, name in columns for text in ((name, "Share") if has_share else (name,))]
    lines = []
    for code in codes:
        fields: list[tables.Cell] = []
        for measure, name in columns:
            cell = at.get((measure, code))
            what = f"{labels.get(code, code)}, {name}"
            fields.append(tables.figure(here.id, cell, notes, what=what))
            if has_share:
                fields.append(tables.share(here.id, cell, what=what))
        lines.append(tables.Line(tables.Cell(labels.get(code, code)), tuple(fields)))
    layout.put(tables.table(caption, headings, lines, corner=dimension.replace("_", " ").capitalize()))
    layout.put(tables.notes_list(notes, names))


def cross_table(
    here: layout.Frame, table_id: str, crime: str, unit: str, year: str, columns: Sequence[tuple[str, str]], title: str,
    *, across: str = "measure",
) -> None:  # fmt: skip
    """Sex and age together, down; measures (or the codes of `across`) across. For the region alone."""
    found = queries.read(here.path, "crossed", table_id, here.region, year, crime, unit)
    wanted = {code for code, _ in columns}
    found = tuple(row for row in found if row[across] in wanted)
    if not found:
        st.markdown("The release has no figures by sex and age of this kind.")
        return
    notes = words.Notes()
    sexes, ages = queries.labels(here.path, "sex"), queries.labels(here.path, "age")
    at = {(row["sex"], row["age"], row[across]): row for row in found}
    lines = []
    for sex in sexes:
        for age in ages:
            if any((sex, age, code) in at for code in wanted):
                name = f"{sexes[sex]}, {ages[age].lower()}"
                fields = tuple(
                    tables.figure(here.id, at.get((sex, age, code)), notes, what=f"{name}, {label}")
                    for code, label in columns
                )
                lines.append(tables.Line(tables.Cell(name), fields, is_total=(sex, age) == ("_T", "_T")))
    demonstration = f" {charts.DEMONSTRATION}." if here.is_demonstration else ""
    caption = f"{title}, {year}: {words.unit(unit)} by sex and age. Release {here.id}.{demonstration}"
    layout.put(
        tables.table(caption, [label for _, label in columns], lines, corner="Sex and age"),
        tables.notes_list(notes, here.name_notes([code for code, _ in here.territories])),
    )


def movements_table(here: layout.Frame, area: str, crime: str, unit: str, title: str) -> None:
    """Entries, exits, appeals and stocks down, years across. Stocks are of one day and are never summed."""
    found = queries.read(here.path, "movements", area, crime, unit)
    if not found:
        st.markdown("The release has no such figures.")
        return
    notes = words.Notes()
    measures, levels = queries.labels(here.path, "measure"), queries.labels(here.path, "level")
    years = sorted({row["period"] for row in found}, reverse=True)
    at = {(row["measure"], row["level"], row["statistic"], row["period"]): row for row in found}
    lines = []
    for measure, level, statistic in dict.fromkeys((row["measure"], row["level"], row["statistic"]) for row in found):
        when = {"start": ", at the start", "end": ", at the end"}.get(statistic, "")
        label, of_level = str(measures.get(measure, measure)), levels.get(str(level), "").lower()
        # The level is said where the measure's own name does not say it.
        name = f"{label}{when}" if of_level in label.lower() else f"{label}{when} ({of_level})"
        fields = tuple(
            tables.figure(here.id, at.get((measure, level, statistic, year)), notes, what=f"{name}, {year}")
            for year in years
        )
        lines.append(tables.Line(tables.Cell(name), fields))
    demonstration = f" {charts.DEMONSTRATION}." if here.is_demonstration else ""
    caption = f"{title}: {words.unit(unit)} by year. Release {here.id}.{demonstration}"
    layout.put(
        tables.table(caption, years, lines, corner="Entry, exit or stock"),
        tables.notes_list(notes, here.name_notes([area])),
    )
