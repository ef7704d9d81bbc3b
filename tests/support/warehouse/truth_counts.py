"""The expected content of the count marts, computed from the golden files alone: no reader, no form, no SQL.

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
"""The breakdowns of a count; the status of a victim is not a breakdown but distinguishes tables."""
NEEDED = {
    "sex": {"M", "F"}, "age": {"Y_LT18", "Y_GE18"}, "person_type": {"natural", "legal"},
    "exploitation": {"sexual", "labour", "other"}, "citizenship": {"own", "foreign"},
    "sentence_type": {"prison", "prison_suspended", "fine"}, "sentence_band": {"never"},
}  # fmt: skip
"""Codes that a breakdown needs to be complete."""
SENTENCES = ("sentenced_first", "sentenced_final")
"""Measures broken down by sentence; the convicted of a register have a sentence but are not broken down by it."""
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
def read_codelist(name: str) -> dict[str, dict[str, str]]:
    """Read the rows of a code list by code."""
    with (CODELISTS / f"{name}.csv").open(encoding="utf-8", newline="") as handle:
        return {row["code"]: row for row in csv.DictReader(handle)}


@cache
def read_declaration(territory: str) -> Mapping[str, Any]:
    """Read `territory.yml` unchanged."""
    text = (TERRITORIES / territory / "territory.yml").read_text(encoding="utf-8")
    content: Mapping[str, Any] = YAML(typ="safe", pure=True).load(text)
    return content


def read_golden_rows(path: Path) -> list[dict[str, str]]:
    """Read the rows of one golden file."""
    with path.open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


# ------------------------------------------------------------------------------------------------------- one table


class Part(NamedTuple):
    """One row of a table: its codes in `DETAIL`, its article, value and status."""

    codes: dict[str, str]
    article: str
    value: Value
    status: str


def sum_values(parts: Iterable[tuple[Value, str]]) -> Value:
    """Sum values; None where a part is missing. Values that cannot exist (M) or are in another part (K) add nothing."""
    values = list(parts)
    if any(value is None and status not in ("M", "K") for value, status in values):
        return None
    numbers = [value for value, _ in values if value is not None]
    return sum(numbers) if numbers else None


def table_cells(parts: list[Part]) -> dict[Cell, Value]:
    """Compute all cells of one table (one measure, offence group and status of victims), by their detail."""
    parts = _common_bands(_common_ages(_whole_groups(parts)))
    scope = {
        dim: next(iter(codes))
        for dim in DETAIL
        if dim != "offence" and len(codes := {part.codes[dim] for part in parts}) == 1
    }
    offences = sorted({part.codes["offence"] for part in parts})
    cells: dict[Cell, Value] = {}
    for breakdown in BREAKDOWNS:
        if any(dim in scope for dim in breakdown):
            continue
        for codes in _codes(parts, breakdown):
            coordinates = {**dict.fromkeys(DETAIL, "_T"), **scope, **codes}
            cell_offences = [codes["offence"]] if "offence" in breakdown else offences
            sums = [_of_offence(parts, offence, coordinates) for offence in cell_offences]
            if all(total is _ABSENT for total in sums):
                continue
            value = None if _ABSENT in sums else sum_values((v, "A" if v is not None else "O") for v in sums)
            cells[tuple("_T" if coordinates[dim] == "_Z" else coordinates[dim] for dim in DETAIL)] = value
    return cells


_ABSENT: Any = object()


def _whole_groups(parts: list[Part]) -> list[Part]:
    """Move rows with the code of the offence group to the total, if the table has no articles."""
    if any(part.article not in ALL for part in parts):
        return parts
    parents = {part.codes["offence"] for part in parts if not read_codelist("offence")[part.codes["offence"]]["parent"]}
    return [
        part._replace(codes={**part.codes, "offence": "_T"}) if part.codes["offence"] in parents else part
        for part in parts
    ]


def _codes(parts: list[Part], breakdown: frozenset[str]) -> Iterator[dict[str, str]]:
    dims = sorted(breakdown)
    for codes in sorted({tuple(part.codes[dim] for dim in dims) for part in parts}):
        if not set(codes) & set(ALL) or not dims:
            yield dict(zip(dims, codes, strict=True))


def _of_offence(parts: list[Part], offence: str, coordinates: Mapping[str, str]) -> Any:
    """Sum the articles of one offence; _ABSENT if no row has it."""
    by_article: dict[str, list[Part]] = defaultdict(list)
    for part in parts:
        if part.codes["offence"] == offence:
            by_article[part.article].append(part)
    cells_by_article = [_cell(rows, coordinates) for rows in by_article.values()]
    reported_cells = [pairs for pairs in cells_by_article if pairs is not _ABSENT]
    return sum_values(pair for pairs in reported_cells for pair in pairs) if reported_cells else _ABSENT


def _cell(rows: list[Part], coordinates: Mapping[str, str]) -> Any:
    """Return the rows of one article that make a cell: its own total if there is one, else all its parts."""
    # Start with the codes given: without a total for both sexes there may still be one for the age requested.
    for dim in sorted(set(DETAIL) - {"offence"}, key=lambda dim: (coordinates[dim] in ALL, DETAIL.index(dim))):
        code = coordinates[dim]
        exact = [row for row in rows if row.codes[dim] == code or (code == "_T" and row.codes[dim] in ALL)]
        if not exact and code == "_T" and {row.codes[dim] for row in rows} >= NEEDED.get(dim, {"never"}):
            exact = rows
        rows = exact
    return [(row.value, row.status) for row in rows] if rows else _ABSENT


def _common_ages(parts: list[Part]) -> list[Part]:
    """Combine finer ages to a common group if they fill it and the group itself is not reported; else drop them."""
    ages = read_codelist("age")
    reported = {part.codes["age"] for part in parts}
    becomes: dict[str, str | None] = {}
    for group in ("Y_LT18", "Y_GE18"):
        fine = sorted(
            (float(ages[a]["lower"]), float(ages[a]["upper"] or "999"), a)
            for a in reported
            if ages[a]["parent"] == group
        )
        edges = [float(ages[group]["lower"]), *(upper for _, upper, _ in fine)]
        whole = (
            bool(fine)
            and group not in reported
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
    """Combine reported lengths to a common band if they fill it, else to unknown; drop bands within bands."""
    bands = read_codelist("sentence_band")

    def find_limits(code: str) -> tuple[float, float]:
        return float(bands[code]["lower_months"]), float(bands[code]["upper_months"] or "9999")

    result = [part for part in parts if not bands[part.codes["sentence_band"]]["lower_months"]]
    by_type: dict[str, list[Part]] = defaultdict(list)
    for part in parts:
        if bands[part.codes["sentence_band"]]["lower_months"]:
            by_type[part.codes["sentence_type"]].append(part)
    for rows in by_type.values():
        reported = {row.codes["sentence_band"] for row in rows}
        for code in list(reported):
            wider = [
                w
                for w in reported
                if w != code and find_limits(w)[0] <= find_limits(code)[0] and find_limits(code)[1] <= find_limits(w)[1]
            ]
            if any(bands[w]["common_band"] for w in wider):
                reported.discard(code)
            else:
                reported -= set(wider)
        width = {
            common: sum(find_limits(b)[1] - find_limits(b)[0] for b in reported if bands[b]["common_band"] == common)
            for common in {bands[b]["common_band"] for b in reported if bands[b]["common_band"]}
        }
        for row in rows:
            band = row.codes["sentence_band"]
            if band in reported:
                common = bands[band]["common_band"]
                full = bool(common) and width[common] == find_limits(common)[1] - find_limits(common)[0]
                result.append(row._replace(codes={**row.codes, "sentence_band": common if full else "_U"}))
    return result


# ------------------------------------------------------------------------------------------------------ one office


def nil_returns(arrivals: Path) -> set[tuple[str, str, str]]:
    """Return (jurisdiction, instrument, period) of every nil return."""
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
    """Compute the cells of each office by period, with single quarters for those sent as the year so far.

    A nil return is a zero in every cell that the office fills in other periods of the same frequency.
    """
    rows = list(rows)
    tables: dict[tuple[Key, Cell], list[Part]] = defaultdict(list)
    cumulative: set[tuple[Key, Cell]] = set()
    for row in rows:
        key = Key(row["jurisdiction"], row["source"], row["freq"], row["period"])
        group = read_codelist("offence")[row["offence"]]["offence_group"]
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
    counts = {
        key: _single(key, sent, {head for other_key, head in cumulative if other_key == key}) for key in list(sent)
    }
    for jurisdiction, instrument, period in nil:
        source = next(
            (r["source"] for r in rows if (r["jurisdiction"], r["instrument"]) == (jurisdiction, instrument)), None
        )
        if source is not None:
            key = Key(jurisdiction, source, "Q" if "-Q" in period else "A", period)
            known_cells = {cell for other_key, cells in counts.items() if other_key[:3] == key[:3] for cell in cells}
            counts[key] = dict.fromkeys(known_cells, 0.0)
    return counts


def _single(key: Key, sent: Mapping[Key, dict[Cell, Value]], cumulative: set[Cell]) -> dict[Cell, Value]:
    """Compute a single quarter if it was sent as the year so far; return everything else unchanged."""
    number = int(key.period[-1]) if key.freq == "Q" else 1
    earlier = sent.get(key._replace(period=f"{key.period[:-1]}{number - 1}"), {})
    cells: dict[Cell, Value] = {}
    for cell, value in sent[key].items():
        is_cumulative = cell[:5] in cumulative
        if not is_cumulative or number == 1:
            cells[cell] = value
        elif read_codelist("measure")[cell[0]]["kind"] == "stock":
            if cell[3] != "start":
                cells[cell] = value
        else:
            before = earlier.get(cell)
            cells[cell] = None if value is None or before is None else value - before
    return cells


def register_counts(events: Iterable[Any]) -> dict[Key, dict[Cell, Value]]:
    """Compute the cells of a register: each person counts once in a proceeding, event and offence group.

    `events` have the fields of `tests.samples.rows.Event`, of the newest return of each period only.
    """
    first: dict[tuple[Any, ...], Any] = {}
    for event in sorted(events, key=lambda e: (e.offence, e.event_date, e.law_article)):
        group = read_codelist("offence")[event.offence]["offence_group"]
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
                continue  # lengths in records are meaningful only by kind of sentence: a suspended one is not served
            coordinates = {dim: codes.get(dim, "_T") for dim in breakdown}
            if not set(coordinates.values()) & set(ALL):
                detail = tuple(coordinates.get(dim, "_T") for dim in DETAIL)
                cells[key][event.event, event.level, "person", "count", group, *detail] += 1
    # An event that is not in a register that was sent did not happen.
    known_cells = {cell for period_cells in cells.values() for cell in period_cells}
    return {key: {cell: period_cells.get(cell, 0.0) for cell in known_cells} for key, period_cells in cells.items()}


def _common_age(age: str) -> str:
    row = read_codelist("age")[age]
    return age if row["parent"] in ("", "_T") else row["parent"]


def _common_band(months: float | None) -> str:
    if months is None:
        return "_Z"
    for code, row in read_codelist("sentence_band").items():
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


def build_areas(offices: Mapping[str, Mapping[Key, dict[Cell, Value]]]) -> Areas:
    """Compute the counting figures of all areas; `offices` are the office counts of each territory."""
    result = Areas()
    for territory, counts in offices.items():
        for jurisdiction in [part["code"] for part in read_declaration(territory)["jurisdictions"]]:
            result.jurisdictions[jurisdiction] = _jurisdiction(territory, jurisdiction, counts)
        result.territories[territory] = _pools(_territory(territory, result.jurisdictions))
    for jurisdiction in result.jurisdictions:
        result.jurisdictions[jurisdiction] = _pools(result.jurisdictions[jurisdiction])
    return result


def counting_source(territory: str, jurisdiction: str, measure: str, period: str) -> str | None:
    """Return the office that counts for a measure and period, None if none is declared."""
    last = period if "-Q" in period else f"{period}-Q4"
    for rule in read_declaration(territory)["counts_source"]:
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
            year_cells = sent["A", year]
            for cell in {cell for quarter in quarters for cell in quarter}:
                if year_cells.get(cell) is None and (summed := _of_quarters(cell, quarters)) is not _ABSENT:
                    year_cells[cell] = summed
    return {key: cells for key, cells in sent.items() if cells}


def _of_quarters(cell: Cell, quarters: list[dict[Cell, Value]]) -> Any:
    """Compute a year from its four quarters, or a stock at its start or end; _ABSENT if a quarter lacks the cell."""
    if read_codelist("measure")[cell[0]]["kind"] == "stock":
        return quarters[0 if cell[3] == "start" else 3].get(cell, _ABSENT)
    if any(cell not in quarter for quarter in quarters):
        return _ABSENT
    return sum_values((quarter[cell], "O" if quarter[cell] is None else "A") for quarter in quarters)


def _territory(territory: str, jurisdictions: Mapping[str, Counts]) -> Counts:
    """Take the whole's own figure; if it reports by parts, sum them without transfers counted twice."""
    content = read_declaration(territory)
    whole: Counts = {key: dict(cells) for key, cells in jurisdictions[territory].items()}
    parts = [jurisdiction["code"] for jurisdiction in content["jurisdictions"] if jurisdiction["code"] != territory]
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
                whole.setdefault(key, {})[cell] = sum_values((v, "O" if v is None else "A") for v in values)
    return whole


def _less_taken_over(part: str, cells: Mapping[Cell, Value], cell: Cell, again: set[tuple[str, str, str]]) -> Value:
    measure = read_codelist("measure")[cell[0]]
    value, level = cells[cell], measure["level_rule"]
    if value is None or measure["is_entry_stage"] != "true" or (part, level, cell[2]) not in again:
        return value
    transfers = ("transferred_in", level, *cell[2:])
    if transfers in cells:
        return None if (number := cells[transfers]) is None else value - number
    most = max(
        (v or 0 for c, v in cells.items() if c[:2] == transfers[:2] and c[2] == cell[2] and c[4] == cell[4]), default=0
    )
    return value if most == 0 else None


def _pools(counts: Counts) -> Counts:
    """Add consecutive three- and five-year pools."""
    pools = {key: dict(cells) for key, cells in counts.items()}
    years = {int(period): cells for (freq, period), cells in counts.items() if freq == "A"}
    for length in (3, 5):
        for last in range(min(years, default=0), max(years, default=-1) + length):
            members = [years.get(last - back, {}) for back in range(length)]
            if last % length or not all(members):
                continue
            cells = {
                cell: sum_values((year_cells[cell], "O" if year_cells[cell] is None else "A") for year_cells in members)
                for cell in set(members[0]).intersection(*members[1:])
                if read_codelist("measure")[cell[0]]["kind"] != "stock"
            }
            pools[f"P{length}", f"{last - length + 1}-{last}"] = cells
    return pools
