"""A cross-tabulation of one office: the contents of its cells, and their meaning."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from tests.samples.articles import find_offence
from tests.samples.rows import STOCKS, Office, Period, Row
from tests.samples.truth import Truth
from tests.samples.writers.layout import Cell, Sheet, head_cell
from tests.samples.writers.layout import Row as SheetRow

Codes = Mapping[str, str]
PERSONS = ("person_type", "sex", "age", "age_basis", "citizenship")
"""Dimensions that do not apply where cases are counted."""


@dataclass(frozen=True)
class Column:
    """A heading path, from the top, and the codes it gives; a path shorter than the head is merged downwards."""

    path: tuple[str, ...]
    codes: Codes


@dataclass(frozen=True)
class Line:
    """A row: its label cells, from the left, and its codes (`article` among them, or a dimension of victims)."""

    labels: tuple[str | Cell, ...]
    codes: Codes


@dataclass
class MadeTable:
    """The sheet's rows and their meaning."""

    rows: list[SheetRow] = field(default_factory=list)
    meaning: list[Row] = field(default_factory=list)


def cross_columns(
    *groups: tuple[tuple[str, ...], Codes], by: Sequence[tuple[tuple[str, ...], Codes]] = (((), {}),)
) -> list[Column]:
    """Cross every group with every part of `by`: paths are joined, codes merged."""
    return [Column((*path, *more), {**codes, **also}) for path, codes in groups for more, also in by]


def lay_out_head(corner: Sequence[str], cols: Sequence[Column], height: int) -> list[SheetRow]:
    """Return the merged head: label headings over the whole height, equal beginnings of paths merged."""
    rows: list[list[Cell]] = [[] for _ in range(height)]
    rows[0] += [head_cell(word, down=height) for word in corner]

    def add_level(part: Sequence[Column], depth: int) -> None:
        for prefix, same in groupby(part, key=lambda column: column.path[: depth + 1]):
            group = list(same)
            last = all(len(column.path) == depth + 1 for column in group)
            rows[depth].append(head_cell(prefix[-1], across=len(group), down=height - depth if last else 1))
            if not last:
                add_level(group, depth + 1)

    add_level(cols, 0)
    return list(rows)


def count_cell(truth: Truth, office: Office, period: Period, codes: Codes) -> int:
    """Return the truth's count for the codes of a cell; raise KeyError for a dimension it cannot count."""
    remaining: dict[str, Any] = dict(codes)
    if office.instrument == "victims":
        remaining.pop("measure", None)
        remaining.pop("count_unit", None)
        status = remaining.pop("victim_status", "_T")
        return truth.count_victims(office.jurisdiction, period, status, **remaining)
    measure, unit = remaining.pop("measure"), remaining.pop("count_unit", "person")
    if measure in STOCKS:
        return truth.count_pending(office.jurisdiction, period, measure, remaining.pop("statistic"), **remaining)
    if "sentence_band" in remaining:
        remaining["band"] = remaining.pop("sentence_band")
    ytd = office.accumulation == "ytd"
    return truth.count_events(office.jurisdiction, period, measure, unit=unit, ytd=ytd, **remaining)


def make_meaning(office: Office, period: Period, codes: Codes, value: int | None, status: str = "A") -> Row:
    """Return the observation that a cell means."""
    row_codes = dict(codes)
    if office.instrument == "victims":
        row_codes.setdefault("victim_status", "_T")
        row_codes.setdefault("count_unit", "victim")
        row_codes.setdefault("offence", "ICCS0204")
        measure = row_codes.pop("measure", "victims_detected")
        return office.make_row(period, measure, value, status, **row_codes)
    article = row_codes.pop("article")
    if row_codes.get("count_unit") == "case":
        row_codes = {**dict.fromkeys(PERSONS, "_Z"), **row_codes}
    measure = row_codes.pop("measure")
    return office.make_row(
        period,
        measure,
        value,
        status,
        offence=find_offence(office.jurisdiction, article),
        law_article=article,
        **row_codes,
    )


def build_crosstab(
    truth: Truth,
    office: Office,
    period: Period,
    cols: Sequence[Column],
    lines: Sequence[Line],
    *,
    corner: Sequence[str],
    height: int,
    zero: str | int = 0,
    total: str | None = None,
    check: Callable[[Codes], bool] = lambda codes: False,
    missing: Callable[[Codes], bool] = lambda codes: False,
    missing_sign: str = "",
    shift: Callable[[Codes], int] = lambda codes: 0,
) -> MadeTable:
    """Return the table of one period: head, an optional row of totals, and a row for each line.

    `check` selects cells that only repeat another one, `missing` those not available, `shift` by how
    much a cell differs from the truth (a mistake that a later return corrects).
    """
    table = MadeTable(lay_out_head(corner, cols, height))
    body: list[list[int | None]] = []
    for line in lines:
        values: list[int | None] = []
        for column in cols:
            codes = {**line.codes, **column.codes}
            value = None if missing(codes) else count_cell(truth, office, period, codes) + shift(codes)
            values.append(value)
            if not check(codes):
                table.meaning.append(make_meaning(office, period, codes, value, "O" if value is None else "A"))
        body.append(values)

    def format_cell(value: int | None) -> str | int:
        return missing_sign if value is None else value or zero

    if total is not None:
        sums = [None if None in values else sum(v or 0 for v in values) for values in zip(*body, strict=True)]
        table.rows.append([total, *([""] * (len(corner) - 1)), *map(format_cell, sums)])
    table.rows += [[*line.labels, *map(format_cell, values)] for line, values in zip(lines, body, strict=True)]
    return table


def lay_out_page(
    name: str, above: Sequence[str], table: MadeTable, below: Sequence[str], widths: Sequence[int] = (44, 12)
) -> Sheet:
    """Return a sheet: words above, an empty row, the table, an empty row, words below."""
    rows = [*([text] for text in above), [], *table.rows, [], *([text] for text in below)]
    return Sheet(name, tuple(rows), tuple(widths))
