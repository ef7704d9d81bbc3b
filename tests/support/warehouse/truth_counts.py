"""What the count marts should hold, worked out from the golden files alone: no reader, no form, no SQL.

A cell is (measure, level, count unit, statistic, offence group) and the code of each detail in `DETAIL`; `_Z` is
written `_T` here, so that a figure given twice, once as a total and once as not applicable, collides.  A value is a
number, or None where the cell is expected and has none.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from ruamel.yaml import YAML

from tests.support.paths import ROOT

TERRITORIES = ROOT / "pipelines" / "territories"
CODELISTS = ROOT / "dbt_project" / "seeds" / "codelists"
DETAIL = (
    "offence", "person_type", "victim_status", "sex", "age", "exploitation", "citizenship", "sentence_type",
    "sentence_band",
)  # fmt: skip
BREAKDOWNS: tuple[frozenset[str], ...] = tuple(
    frozenset(words.split())
    for words in (
        "", "offence", "person_type", "sex", "age", "sex age", "exploitation", "citizenship", "sentence_type",
        "sentence_band", "sentence_type sentence_band",
    )
)  # fmt: skip
"""The ways in which a count is broken down; a victim's status is no breakdown but tells tables apart."""
NEEDED = {
    "sex": {"M", "F"}, "age": {"Y_LT18", "Y_GE18"}, "person_type": {"natural", "legal"},
    "exploitation": {"sexual", "labour", "other"}, "citizenship": {"own", "foreign"},
    "sentence_type": {"prison", "prison_suspended", "fine"}, "sentence_band": {"never"},
}  # fmt: skip
"""Codes without which the parts of a breakdown are no whole."""
SENTENCES = ("sentenced_first", "sentenced_final")
"""What is broken down by sentence; the convicted of a register are told with their sentence, and are not."""
ALL = ("_T", "_Z")
Value = float | None
Cell = tuple[str, ...]


class Key(NamedTuple):
    """One office's figures for one period."""

    jurisdiction: str
    source: str
    freq: str
    period: str


Counts = dict[tuple[str, str], dict[Cell, Value]]
"""(freq, period) -> cells."""


@cache
def codelist(name: str) -> dict[str, dict[str, str]]:
    """A code list's rows by code."""
    with (CODELISTS / f"{name}.csv").open(encoding="utf-8", newline="") as handle:
        return {row["code"]: row for row in csv.DictReader(handle)}


@cache
def declared(territory: str) -> Mapping[str, Any]:
    """`territory.yml`, as it stands."""
    text = (TERRITORIES / territory / "territory.yml").read_text(encoding="utf-8")
    content: Mapping[str, Any] = YAML(typ="safe", pure=True).load(text)
    return content


def golden(path: Path) -> list[dict[str, str]]:
    """The rows of one golden file."""
    with path.open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


# ------------------------------------------------------------------------------------------------------- one table


class Part(NamedTuple):
    """One row of a table: its codes in `DETAIL`, its article, value and status."""

    codes: dict[str, str]
    article: str
    value: Value
    status: str


def add(parts: Iterable[tuple[Value, str]]) -> Value:
    """A sum; None where a part is missing. What cannot exist (M) or stands in another part (K) adds nothing."""
    given = list(parts)
    if any(value is None and status not in ("M", "K") for value, status in given):
        return None
    numbers = [value for value, _ in given if value is not None]
    return sum(numbers) if numbers else None


def table_cells(parts: list[Part]) -> dict[Cell, Value]:
    """All cells of one table (one measure, one offence group, one status of victims), by their detail."""
    parts = _common_bands(_common_ages(_whole_groups(parts)))
    scope = {
        dim: next(iter(codes))
        for dim in DETAIL
        if dim != "offence" and len(codes := {part.codes[dim] for part in parts}) == 1
    }
    offences = sorted({part.codes["offence"] for part in parts})
    out: dict[Cell, Value] = {}
    for breakdown in BREAKDOWNS:
        if any(dim in scope for dim in breakdown):
            continue
        for codes in _codes(parts, breakdown):
            wanted = {**dict.fromkeys(DETAIL, "_T"), **scope, **codes}
            named = [codes["offence"]] if "offence" in breakdown else offences
            found = [_of_offence(parts, offence, wanted) for offence in named]
            if all(one is _ABSENT for one in found):
                continue
            value = None if _ABSENT in found else add((v, "A" if v is not None else "O") for v in found)
            out[tuple("_T" if wanted[dim] == "_Z" else wanted[dim] for dim in DETAIL)] = value
    return out


_ABSENT: Any = object()


def _whole_groups(parts: list[Part]) -> list[Part]:
    """Where nothing is told by article, a row of the group's own code is the group and no part of it."""
    if any(part.article not in ALL for part in parts):
        return parts
    parents = {part.codes["offence"] for part in parts if not codelist("offence")[part.codes["offence"]]["parent"]}
    return [
        part._replace(codes={**part.codes, "offence": "_T"}) if part.codes["offence"] in parents else part
        for part in parts
    ]


def _codes(parts: list[Part], breakdown: frozenset[str]) -> Iterator[dict[str, str]]:
    dims = sorted(breakdown)
    for codes in sorted({tuple(part.codes[dim] for dim in dims) for part in parts}):
        if not set(codes) & set(ALL) or not dims:
            yield dict(zip(dims, codes, strict=True))


def _of_offence(parts: list[Part], offence: str, wanted: Mapping[str, str]) -> Any:
    """The sum over the articles of one offence, or _ABSENT where no row says it."""
    by_article: dict[str, list[Part]] = defaultdict(list)
    for part in parts:
        if part.codes["offence"] == offence:
            by_article[part.article].append(part)
    found = [_cell(rows, wanted) for rows in by_article.values()]
    said = [one for one in found if one is not _ABSENT]
    return add(pair for one in said for pair in one) if said else _ABSENT


def _cell(rows: list[Part], wanted: Mapping[str, str]) -> Any:
    """The rows of one article that make a cell: its own total where there is one, else all its parts."""
    # Named codes first: what has no total for both sexes may still have one for the age that is asked for.
    for dim in sorted(set(DETAIL) - {"offence"}, key=lambda dim: (wanted[dim] in ALL, DETAIL.index(dim))):
        code = wanted[dim]
        exact = [row for row in rows if row.codes[dim] == code or (code == "_T" and row.codes[dim] in ALL)]
        if not exact and code == "_T" and {row.codes[dim] for row in rows} >= NEEDED.get(dim, {"never"}):
            exact = rows
        rows = exact
    return [(row.value, row.status) for row in rows] if rows else _ABSENT


def _common_ages(parts: list[Part]) -> list[Part]:
    """Finer ages become a common group where they fill it and the group itself is not given; else they go."""
    ages = codelist("age")
    given = {part.codes["age"] for part in parts}
    becomes: dict[str, str | None] = {}
    for group in ("Y_LT18", "Y_GE18"):
        fine = sorted(
            (float(ages[a]["lower"]), float(ages[a]["upper"] or "999"), a) for a in given if ages[a]["parent"] == group
        )
        edges = [float(ages[group]["lower"]), *(upper for _, upper, _ in fine)]
        whole = (
            bool(fine)
            and group not in given
            and all(lower == edge for (lower, _, _), edge in zip(fine, edges, strict=False))
            and edges[-1] == float(ages[group]["upper"] or "999")
        )
        becomes |= {age: group if whole else None for _, _, age in fine}
    return [
        part._replace(codes={**part.codes, "age": age})
        for part in parts
        if (age := becomes.get(part.codes["age"], part.codes["age"])) is not None
    ]


def _common_bands(parts: list[Part]) -> list[Part]:
    """Lengths as reported become a common band where they fill it, else length unknown. A band within a band goes."""
    bands = codelist("sentence_band")

    def ends(code: str) -> tuple[float, float]:
        return float(bands[code]["lower_months"]), float(bands[code]["upper_months"] or "9999")

    out = [part for part in parts if not bands[part.codes["sentence_band"]]["lower_months"]]
    by_type: dict[str, list[Part]] = defaultdict(list)
    for part in parts:
        if bands[part.codes["sentence_band"]]["lower_months"]:
            by_type[part.codes["sentence_type"]].append(part)
    for rows in by_type.values():
        given = {row.codes["sentence_band"] for row in rows}
        for one in list(given):
            wider = [w for w in given if w != one and ends(w)[0] <= ends(one)[0] and ends(one)[1] <= ends(w)[1]]
            if any(bands[w]["common_band"] for w in wider):
                given.discard(one)
            else:
                given -= set(wider)
        width = {
            common: sum(ends(b)[1] - ends(b)[0] for b in given if bands[b]["common_band"] == common)
            for common in {bands[b]["common_band"] for b in given if bands[b]["common_band"]}
        }
        for row in rows:
            band = row.codes["sentence_band"]
            if band in given:
                common = bands[band]["common_band"]
                full = bool(common) and width[common] == ends(common)[1] - ends(common)[0]
                out.append(row._replace(codes={**row.codes, "sentence_band": common if full else "_U"}))
    return out


# ------------------------------------------------------------------------------------------------------ one office


def nil_returns(arrivals: Path) -> set[tuple[str, str, str]]:
    """(jurisdiction, instrument, period) of every return that said: nothing to count."""
    with arrivals.open(encoding="utf-8", newline="") as handle:
        return {
            (row["jurisdiction"], row["instrument"], period)
            for row in csv.DictReader(handle)
            if row["kind"] == "nil"
            for period in row["periods"].split()
        }


def office_counts(
    rows: Iterable[Mapping[str, str]], nil: Iterable[tuple[str, str, str]] = ()
) -> dict[Key, dict[Cell, Value]]:
    """Each office's cells by period, quarters that were sent as the year so far made single.

    A nil return is a zero in every cell that the office fills in other periods of that frequency.
    """
    rows = list(rows)
    tables: dict[tuple[Key, Cell], list[Part]] = defaultdict(list)
    cumulative: set[tuple[Key, Cell]] = set()
    for row in rows:
        key = Key(row["jurisdiction"], row["source"], row["freq"], row["period"])
        group = codelist("offence")[row["offence"]]["offence_group"]
        head = (row["measure"], row["level"], row["count_unit"], row["statistic"], group)
        part = Part(
            {dim: row[dim] for dim in DETAIL},
            row["law_article"],
            float(row["value"]) if row["value"] else None,
            row["obs_status"],
        )
        tables[key, (*head, row["victim_status"])].append(part)
        if row["accumulation"] == "ytd":
            cumulative.add((key, head))
    sent: dict[Key, dict[Cell, Value]] = defaultdict(dict)
    for (key, head), parts in tables.items():
        sent[key] |= {(*head[:-1], *detail): value for detail, value in table_cells(parts).items()}
    out = {key: _single(key, sent, {head for one, head in cumulative if one == key}) for key in list(sent)}
    for jurisdiction, instrument, period in nil:
        source = next(
            (r["source"] for r in rows if (r["jurisdiction"], r["instrument"]) == (jurisdiction, instrument)), None
        )
        if source is not None:
            key = Key(jurisdiction, source, "Q" if "-Q" in period else "A", period)
            known = {cell for one, cells in out.items() if one[:3] == key[:3] for cell in cells}
            out[key] = dict.fromkeys(known, 0.0)
    return out


def _single(key: Key, sent: Mapping[Key, dict[Cell, Value]], cumulative: set[Cell]) -> dict[Cell, Value]:
    """One quarter, where it was sent as the year so far; everything else as it is."""
    number = int(key.period[-1]) if key.freq == "Q" else 1
    earlier = sent.get(key._replace(period=f"{key.period[:-1]}{number - 1}"), {})
    out: dict[Cell, Value] = {}
    for cell, value in sent[key].items():
        is_cumulative = cell[:5] in cumulative
        if not is_cumulative or number == 1:
            out[cell] = value
        elif codelist("measure")[cell[0]]["kind"] == "stock":
            if cell[3] != "start":
                out[cell] = value
        else:
            before = earlier.get(cell)
            out[cell] = None if value is None or before is None else value - before
    return out


def register_counts(events: Iterable[Any]) -> dict[Key, dict[Cell, Value]]:
    """A register's cells: each person counts once in a proceeding, event and offence group.

    `events` have the fields of `tests.samples.rows.Event`, of the newest return of each period only.
    """
    first: dict[tuple[Any, ...], Any] = {}
    for event in sorted(events, key=lambda e: (e.offence, e.event_date, e.law_article)):
        group = codelist("offence")[event.offence]["offence_group"]
        first.setdefault((event.period, event.event, event.level, event.proceeding, event.person, group), event)
    cells: dict[Key, dict[Cell, float]] = defaultdict(lambda: defaultdict(float))
    for (_, _, _, _, _, group), event in first.items():
        codes = {
            "offence": event.offence, "sex": event.sex, "age": _common_age(event.age),
        }  # fmt: skip
        if event.event in SENTENCES:
            codes |= {"sentence_type": event.sentence_type, "sentence_band": _common_band(event.sentence_months)}
        key = Key(event.jurisdiction, event.source, event.freq, event.period)
        for breakdown in BREAKDOWNS:
            if breakdown == {"sentence_band"}:
                continue  # records tell lengths by kind of sentence alone: a suspended one is not served
            wanted = {dim: codes.get(dim, "_T") for dim in breakdown}
            if not set(wanted.values()) & set(ALL):
                detail = tuple(wanted.get(dim, "_T") for dim in DETAIL)
                cells[key][event.event, event.level, "person", "count", group, *detail] += 1
    # What a register that was sent does not hold did not happen.
    known = {cell for one in cells.values() for cell in one}
    return {key: {cell: one.get(cell, 0.0) for cell in known} for key, one in cells.items()}


def _common_age(age: str) -> str:
    row = codelist("age")[age]
    return age if row["parent"] in ("", "_T") else row["parent"]


def _common_band(months: float | None) -> str:
    if months is None:
        return "_Z"
    for code, row in codelist("sentence_band").items():
        is_common = bool(row["lower_months"]) and code == row["common_band"]
        if is_common and float(row["lower_months"]) <= months < float(row["upper_months"] or "inf"):
            return code
    return "_U"


# -------------------------------------------------------------------------------------------- areas, years and pools


@dataclass(frozen=True)
class Areas:
    """Cells by (freq, period) of each jurisdiction and of each territory."""

    jurisdictions: dict[str, Counts] = field(default_factory=dict)
    territories: dict[str, Counts] = field(default_factory=dict)


def areas(offices: Mapping[str, Mapping[Key, dict[Cell, Value]]]) -> Areas:
    """The counting figures of all areas; `offices` are each territory's office counts."""
    out = Areas()
    for territory, counts in offices.items():
        for jurisdiction in [one["code"] for one in declared(territory)["jurisdictions"]]:
            out.jurisdictions[jurisdiction] = _jurisdiction(territory, jurisdiction, counts)
        out.territories[territory] = _pools(_territory(territory, out.jurisdictions))
    for jurisdiction in out.jurisdictions:
        out.jurisdictions[jurisdiction] = _pools(out.jurisdictions[jurisdiction])
    return out


def counting_source(territory: str, jurisdiction: str, measure: str, period: str) -> str | None:
    """The office that counts for a measure and period, None where none is named."""
    last = period if "-Q" in period else f"{period}-Q4"
    for rule in declared(territory)["counts_source"]:
        start, _, end = str(rule["periods"]).partition("..")
        start = start if "-Q" in start else f"{start}-Q1"
        end = "9999-Q4" if not end else end if "-Q" in end else f"{end}-Q4"
        if rule["jurisdiction"] == jurisdiction and measure in rule["measures"] and start <= last <= end:
            return str(rule["source"])
    return None


def _jurisdiction(territory: str, jurisdiction: str, counts: Mapping[Key, dict[Cell, Value]]) -> Counts:
    sent: Counts = defaultdict(dict)
    for key, cells in counts.items():
        if key.jurisdiction == jurisdiction:
            for cell, value in cells.items():
                if counting_source(territory, jurisdiction, cell[0], key.period) == key.source:
                    sent[key.freq, key.period][cell] = value
    years = sorted({period[:4] for _, period in sent})
    for year in years:
        quarters = [sent.get(("Q", f"{year}-Q{number}"), {}) for number in (1, 2, 3, 4)]
        if all(quarters):
            own = sent["A", year]
            for cell in {cell for quarter in quarters for cell in quarter}:
                if own.get(cell) is None and (summed := _of_quarters(cell, quarters)) is not _ABSENT:
                    own[cell] = summed
    return {key: cells for key, cells in sent.items() if cells}


def _of_quarters(cell: Cell, quarters: list[dict[Cell, Value]]) -> Any:
    """A year out of its four quarters; a stock at its start or end. _ABSENT where a quarter does not know the cell."""
    if codelist("measure")[cell[0]]["kind"] == "stock":
        return quarters[0 if cell[3] == "start" else 3].get(cell, _ABSENT)
    if any(cell not in quarter for quarter in quarters):
        return _ABSENT
    return add((quarter[cell], "O" if quarter[cell] is None else "A") for quarter in quarters)


def _territory(territory: str, jurisdictions: Mapping[str, Counts]) -> Counts:
    """The whole's own figure; where it reports by parts, the sum of them all less what was taken over twice."""
    content = declared(territory)
    whole: Counts = {key: dict(cells) for key, cells in jurisdictions[territory].items()}
    parts = [one["code"] for one in content["jurisdictions"] if one["code"] != territory]
    if not parts:
        return whole
    again = {
        (rule["jurisdiction"], rule["level"], rule["count_unit"])
        for rule in content["counting_rules"]
        if rule["transferred_counted_again"]
    }
    for key in {key for part in parts for key in jurisdictions[part]}:
        of_parts = [jurisdictions[part].get(key, {}) for part in parts]
        for cell in set(of_parts[0]).intersection(*of_parts[1:]):
            values = [_less_taken_over(part, cells, cell, again) for part, cells in zip(parts, of_parts, strict=True)]
            if whole.get(key, {}).get(cell) is None:
                whole.setdefault(key, {})[cell] = add((v, "O" if v is None else "A") for v in values)
    return whole


def _less_taken_over(part: str, cells: Mapping[Cell, Value], cell: Cell, again: set[tuple[str, str, str]]) -> Value:
    measure = codelist("measure")[cell[0]]
    value, level = cells[cell], measure["level_rule"]
    if value is None or measure["is_entry_stage"] != "true" or (part, level, cell[2]) not in again:
        return value
    taken = ("transferred_in", level, *cell[2:])
    if taken in cells:
        return None if (number := cells[taken]) is None else value - number
    most = max(
        (v or 0 for c, v in cells.items() if c[:2] == taken[:2] and c[2] == cell[2] and c[4] == cell[4]), default=0
    )
    return value if most == 0 else None


def _pools(counts: Counts) -> Counts:
    """With three- and five-year pools that stand side by side."""
    out = {key: dict(cells) for key, cells in counts.items()}
    years = {int(period): cells for (freq, period), cells in counts.items() if freq == "A"}
    for length in (3, 5):
        for last in range(min(years, default=0), max(years, default=-1) + length):
            members = [years.get(last - back, {}) for back in range(length)]
            if last % length or not all(members):
                continue
            cells = {
                cell: add((one[cell], "O" if one[cell] is None else "A") for one in members)
                for cell in set(members[0]).intersection(*members[1:])
                if codelist("measure")[cell[0]]["kind"] != "stock"
            }
            out[f"P{length}", f"{last - length + 1}-{last}"] = cells
    return out
