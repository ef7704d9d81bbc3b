"""A crossed table of one office: what stands in the cells, and what the cells mean."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from tests.samples.articles import offence
from tests.samples.rows import STOCKS, Office, Period, Row
from tests.samples.truth import Truth
from tests.samples.writers.layout import Cell, Sheet, head
from tests.samples.writers.layout import Row as SheetRow

Said = Mapping[str, str]
PERSONS = ("person_type", "sex", "age", "age_basis", "citizenship")
"""Dimensions that do not apply where cases are counted."""


@dataclass(frozen=True)
class Column:
    """A heading path, from the top, and the coordinates it says; a path shorter than the head is merged downwards."""

    path: tuple[str, ...]
    said: Said


@dataclass(frozen=True)
class Line:
    """A row: its label cells, from the left, and its coordinates (`article` among them, or a dimension of victims)."""

    labels: tuple[str | Cell, ...]
    said: Said


@dataclass
class Made:
    """The sheet's rows and what they mean."""

    rows: list[SheetRow] = field(default_factory=list)
    meaning: list[Row] = field(default_factory=list)


def columns(
    *groups: tuple[tuple[str, ...], Said], by: Sequence[tuple[tuple[str, ...], Said]] = (((), {}),)
) -> list[Column]:
    """Every group crossed with every part of `by`: paths are joined, coordinates laid together."""
    return [Column((*path, *more), {**said, **also}) for path, said in groups for more, also in by]


def heads(corner: Sequence[str], cols: Sequence[Column], height: int) -> list[SheetRow]:
    """The merged head: label headings over the whole height, equal beginnings of paths merged."""
    rows: list[list[Cell]] = [[] for _ in range(height)]
    rows[0] += [head(word, down=height) for word in corner]

    def descend(part: Sequence[Column], depth: int) -> None:
        for prefix, same in groupby(part, key=lambda column: column.path[: depth + 1]):
            group = list(same)
            last = all(len(column.path) == depth + 1 for column in group)
            rows[depth].append(head(prefix[-1], across=len(group), down=height - depth if last else 1))
            if not last:
                descend(group, depth + 1)

    descend(cols, 0)
    return list(rows)


def number(truth: Truth, office: Office, period: Period, said: Said) -> int:
    """The truth's count for coordinates of an observation; raises KeyError for a dimension it cannot count."""
    known: dict[str, Any] = dict(said)
    if office.instrument == "victims":
        known.pop("measure", None)
        known.pop("count_unit", None)
        status = known.pop("victim_status", "_T")
        return truth.victims(office.jurisdiction, period, status, **known)
    measure, unit = known.pop("measure"), known.pop("count_unit", "person")
    if measure in STOCKS:
        return truth.stock(office.jurisdiction, period, measure, known.pop("statistic"), **known)
    if "sentence_band" in known:
        known["band"] = known.pop("sentence_band")
    ytd = office.accumulation == "ytd"
    return truth.count(office.jurisdiction, period, measure, unit=unit, ytd=ytd, **known)


def meant(office: Office, period: Period, said: Said, value: int | None, status: str = "A") -> Row:
    """The observation that a cell means."""
    codes = dict(said)
    if office.instrument == "victims":
        codes.setdefault("victim_status", "_T")
        codes.setdefault("count_unit", "victim")
        codes.setdefault("offence", "ICCS0204")
        measure = codes.pop("measure", "victims_detected")
        return office.row(period, measure, value, status, **codes)
    article = codes.pop("article")
    if codes.get("count_unit") == "case":
        codes = {**dict.fromkeys(PERSONS, "_Z"), **codes}
    measure = codes.pop("measure")
    return office.row(
        period, measure, value, status, offence=offence(office.jurisdiction, article), law_article=article, **codes
    )


def crosstab(
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
    check: Callable[[Said], bool] = lambda said: False,
    missing: Callable[[Said], bool] = lambda said: False,
    missing_sign: str = "",
    shift: Callable[[Said], int] = lambda said: 0,
) -> Made:
    """The table of one period: head, an optional row of totals, and a row a line.

    `check` says which cells are printed again and mean nothing new, `missing` which are not available, `shift` by how
    much a cell is off the truth (a mistake that a later return mends).
    """
    made = Made(heads(corner, cols, height))
    body: list[list[int | None]] = []
    for line in lines:
        values: list[int | None] = []
        for column in cols:
            said = {**line.said, **column.said}
            value = None if missing(said) else number(truth, office, period, said) + shift(said)
            values.append(value)
            if not check(said):
                made.meaning.append(meant(office, period, said, value, "O" if value is None else "A"))
        body.append(values)

    def write(value: int | None) -> str | int:
        return missing_sign if value is None else value or zero

    if total is not None:
        sums = [None if None in values else sum(v or 0 for v in values) for values in zip(*body, strict=True)]
        made.rows.append([total, *([""] * (len(corner) - 1)), *map(write, sums)])
    made.rows += [[*line.labels, *map(write, values)] for line, values in zip(lines, body, strict=True)]
    return made


def page(name: str, above: Sequence[str], made: Made, below: Sequence[str], widths: Sequence[int] = (44, 12)) -> Sheet:
    """A sheet: words above, an empty row, the table, an empty row, words below."""
    rows = [*([text] for text in above), [], *made.rows, [], *([text] for text in below)]
    return Sheet(name, tuple(rows), tuple(widths))
