"""Read the rows about our territories in a table of UNODC: values, repeated keys, and totals by sex."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Container, Iterable
from dataclasses import dataclass, field
from datetime import date

import polars as pl

from pipelines.findings.finding import Finding
from pipelines.model.content import Where
from pipelines.warehouse.reference import rules as _rules
from pipelines.warehouse.reference.areas import Areas
from pipelines.warehouse.reference.table import PublishedTable

URL = "https://dataunodc.un.org/"
TOTAL = "Total"
SEXES = {"Total": "_T", "Female": "F", "Male": "M", "Other": "_O", "Unknown": "_U"}
AGES = {"Total": "_T", "0 to 17 years": "Y_LT18", "18 years or over": "Y_GE18", "Unknown": "_U"}
_WITHHELD = re.compile(r"<\s*\d+")
_WHOLE = re.compile(r"\d+|\d{1,3}(?:,\d{3})+")
"""A number of persons; some editions have commas between thousands."""

Fields = dict[str, object]


@dataclass(frozen=True)
class UnodcIndicator:
    """Our measure that corresponds to an indicator of the publisher; `caveat` describes the difference."""

    count_unit: str
    measure: str | None = None
    level: str | None = None
    mapping: str = "none"
    victim_status: str = "_Z"
    person_type: str = "_T"
    caveat: str | None = None


@dataclass(frozen=True)
class ReferenceImport:
    """`rows` in the schema REFERENCE, and how many of the rows read were not kept, by the reason.

    `rows_elsewhere` are about other places, `rows_other_offences` about other subjects, `rows_rates` are rates of
    counts that the table has too, and `rows_lost` have a finding.
    """

    rows: pl.DataFrame
    findings: list[Finding]
    source: str
    rows_read: int
    rows_elsewhere: int
    rows_other_offences: int = 0
    rows_rates: int = 0
    rows_lost: int = 0


@dataclass(frozen=True)
class CollectedRows:
    """The rows of a table that are about our territories, and the subjects of all its rows."""

    table: PublishedTable
    regional_rows: list[tuple[str, int, Fields]]
    """Territory, line and fields of each."""
    subjects: Counter[tuple[str, str, str]]
    """Number of rows by indicator, dimension, and category of a total."""

    @property
    def count(self) -> int:
        """The number of rows of the table."""
        return self.subjects.total()


def collect_rows(table: PublishedTable, areas: Areas) -> CollectedRows:
    """Read a table to its end. Raises ReadError."""
    regional_rows: list[tuple[str, int, Fields]] = []
    subjects: Counter[tuple[str, str, str]] = Counter()
    for line, fields in table.rows:
        dimension = as_text(fields["dimension"])
        category = as_text(fields["category"]) if dimension == TOTAL else ""
        subjects[as_text(fields["indicator"]), dimension, category] += 1
        territory = _find_territory(fields, areas)
        if territory is not None:
            regional_rows.append((territory, line, fields))
    return CollectedRows(table, regional_rows, subjects)


def _find_territory(fields: Fields, areas: Areas) -> str | None:
    for column in ("iso3", "area"):
        if (code := areas.find_code(as_text(fields.get(column)))) is not None:
            return code
    return None


def as_text(value: object) -> str:
    """Return a field as text without spaces at its ends; an empty text for an empty field."""
    return "" if value is None else str(value).strip()


@dataclass
class UnodcRow:
    """One row about our territories: the publisher's words, its line, and its value as read."""

    territory: str
    indicator: str
    dimension: str
    category: str
    sex: str
    age: str
    year: int
    line: int
    value: float | None = None
    obs_status: str = "A"
    occurrence: int = 1

    @property
    def key(self) -> tuple[str, str, str, str, str, str, int]:
        """The key of the figure in the words of the publisher."""
        return self.territory, self.indicator, self.dimension, self.category, self.sex, self.age, self.year


@dataclass
class EntryReader:
    """Reader of the rows of one table; rows that cannot be read become findings."""

    table: PublishedTable
    indicators: Container[str]
    entries: list[UnodcRow] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    rows_lost: int = 0
    reported: set[tuple[str, str]] = field(default_factory=set)

    def read_row(self, territory: str, line: int, fields: Fields, words: Iterable[tuple[str, Container[str]]]) -> None:
        """Read one row. `words` are columns in the order to check, each with the words known there."""
        for column, known_words in words:
            word = as_text(fields[column])
            if word not in known_words:
                self.rows_lost += 1
                self.find_once("reference.unknown_word", line, column, word, column=column)
                return
        year = as_text(fields["year"]).removesuffix(".0")
        if not re.fullmatch(r"(19|20)\d\d", year):
            self.rows_lost += 1
            self.add_finding("reference.bad_year", line, "year", seen=year)
            return
        indicator = as_text(fields["indicator"])
        if indicator not in self.indicators:
            self.find_once("reference.unknown_indicator", line, "indicator", indicator)
        dimension, category, sex, age = (as_text(fields[name]) for name in ("dimension", "category", "sex", "age"))
        entry = UnodcRow(territory, indicator, dimension, category, sex, age, int(year), line)
        value = as_text(fields["value"]).removesuffix(".0")
        if _WITHHELD.fullmatch(value):
            entry.obs_status = "Q"
        elif not value:
            entry.obs_status = "O"
        elif _WHOLE.fullmatch(value):
            entry.value = float(value.replace(",", ""))
        else:
            self.rows_lost += 1
            self.add_finding("reference.bad_value", line, "value", seen=value)
            return
        self.entries.append(entry)

    def add_finding(self, rule: str, line: int | None = None, at: str = "value", **params: str | int) -> None:
        """Add a finding at a field of a line, or at the table."""
        where = Where(sheet=self.table.sheet) if line is None else self.table.locate_field(line, at)
        value_seen = params.pop("seen", None)
        self.findings.append(
            Finding(
                rule, _rules.SEVERITIES[rule], where, dict(params), seen=None if value_seen is None else str(value_seen)
            )
        )

    def find_once(self, rule: str, line: int, at: str, seen: str, **params: str | int) -> None:
        """Report a word that occurs in thousands of rows only once, at its first occurrence."""
        if (rule, f"{at}: {seen}") not in self.reported:
            self.reported.add((rule, f"{at}: {seen}"))
            self.add_finding(rule, line, at, seen=seen, **params)

    def number_repeats(self) -> None:
        """Number the entries of each key and report every repetition."""
        first: dict[tuple[object, ...], UnodcRow] = {}
        count: dict[tuple[object, ...], int] = defaultdict(int)
        for entry in self.entries:
            count[entry.key] += 1
            entry.occurrence = count[entry.key]
            earlier = first.setdefault(entry.key, entry)
            if earlier is not entry:
                self.add_finding(
                    "reference.repeated_key",
                    entry.line,
                    first=str(self.table.locate_field(earlier.line, "value")),
                    occurrence=entry.occurrence,
                )

    def compare_totals(self, whole_dimension: str) -> None:
        """Compare each total with male and female, all else equal. Sets with repeated rows or other sexes are skipped.

        A set of `whole_dimension` and of all ages is the one that is quoted.
        """
        sets: dict[tuple[object, ...], dict[str, list[UnodcRow]]] = defaultdict(lambda: defaultdict(list))
        for entry in self.entries:
            key = (entry.territory, entry.indicator, entry.dimension, entry.category, entry.age, entry.year)
            sets[key][entry.sex].append(entry)
        triples = recoverable = 0
        for by_sex in sets.values():
            if set(by_sex) != {"Total", "Male", "Female"} or any(len(entries) > 1 for entries in by_sex.values()):
                continue
            total, male, female = (by_sex[sex][0] for sex in ("Total", "Male", "Female"))
            whole = total.dimension == whole_dimension and total.age == TOTAL
            withheld = [entry.obs_status for entry in (total, male, female)].count("Q")
            if whole:
                triples += 1
                recoverable += withheld == 1
            if total.value is None or male.value is None or female.value is None:
                continue
            if male.value + female.value != total.value:
                subject = (total.indicator, total.category) if whole else (total.indicator,)
                self.add_finding(
                    "reference.total_differs" if whole else "reference.subtotal_differs",
                    total.line,
                    territory=total.territory,
                    year=total.year,
                    indicator=", ".join(word for word in subject if word not in ("", TOTAL)),
                    group=", ".join(word for word in (total.category, total.age) if word != TOTAL),
                    male=int(male.value),
                    female=int(female.value),
                    total=int(total.value),
                )
        if recoverable:
            self.add_finding("reference.recoverable", count=recoverable, triples=triples)


def describe_entry(
    entry: UnodcRow, meaning: UnodcIndicator, table: PublishedTable, *, source: str, title: str
) -> dict[str, object]:
    """Return the columns of REFERENCE that every table of the publisher fills in the same way."""
    return {
        "kind": "imported",
        "territory": entry.territory,
        "jurisdiction": entry.territory,
        "instrument": "reference",
        "source": source,
        "freq": "A",
        "period": str(entry.year),
        "period_start": date(entry.year, 1, 1),
        "period_end": date(entry.year, 12, 31),
        "accumulation": "discrete",
        "measure": meaning.measure,
        "level": meaning.level if meaning.measure else None,
        "mapping": meaning.mapping if meaning.measure else "none",
        "measure_words": entry.indicator,
        "count_unit": meaning.count_unit or None,
        "unit_words": "Counts",
        "statistic": "count",
        "unit_measure": "NR",
        "person_type": meaning.person_type,
        "victim_status": meaning.victim_status,
        "sex": SEXES[entry.sex],
        "age": AGES[entry.age],
        "occurrence": entry.occurrence,
        "value": entry.value,
        "obs_status": entry.obs_status,
        "conf_status": "C" if entry.obs_status == "Q" else "F",
        "status": "published",
        "source_title": title,
        "source_date": table.edition or "undated",
        "source_url": URL,
        "caveat": meaning.caveat,
        "place": str(table.locate_field(entry.line, "value")),
    }
