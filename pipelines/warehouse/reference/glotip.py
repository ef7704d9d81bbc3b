"""Read UNODC's table on trafficking in persons (GLOTIP) as reference rows, and report its errors as findings.

Seen in the extract of 30/05/2023 (46,556 rows, 1,871 of them about our territories): every value under 5 is the text
`<5`; 35 rows repeat the key of another row, because several sub-forms have one name ("Other forms of exploitation");
five totals are not the sum of male and female; states have their old names and one name is wrongly decoded.
"""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date

import polars as pl

from pipelines.findings.finding import Finding
from pipelines.model.content import ReadError, Where
from pipelines.warehouse.reference import rules as _rules
from pipelines.warehouse.reference.areas import Areas, declared_areas
from pipelines.warehouse.reference.model import REFERENCE
from pipelines.warehouse.reference.table import PublishedTable, open_table

TITLE = "UNODC, data of the Global Report on Trafficking in Persons (GLOTIP)"
URL = "https://dataunodc.un.org/"


@dataclass(frozen=True)
class _Indicator:
    """Our measure that corresponds to an indicator of the publisher; `caveat` describes the difference."""

    count_unit: str
    measure: str | None = None
    level: str | None = None
    mapping: str = "none"
    victim_status: str = "_Z"
    person_type: str = "_T"
    caveat: str | None = None


INDICATORS: dict[str, _Indicator] = {
    "Detected trafficking victims": _Indicator(
        "victim",
        "victims_detected",
        "none",
        "near",
        victim_status="_U",
        person_type="_Z",
        caveat="The publisher does not say whether presumed victims are counted with identified ones.",
    ),
    "Offences of trafficking in persons": _Indicator(
        "offence", caveat="Offences recorded, whoever recorded them; no stage of ours."
    ),
    "Persons brought into formal contact": _Indicator(
        "person", caveat="Suspected, arrested or cautioned; no stage of ours."
    ),
    "Persons prosecuted": _Indicator(
        "person",
        "indicted",
        "prosecution",
        "near",
        caveat="Persons against whom prosecution began; an indictment is not always meant.",
    ),
    "Persons convicted": _Indicator(
        "person",
        "convicted_first",
        "first",
        "near",
        caveat="First instance by the publisher's questionnaire (from memory, unverified).",
    ),
}
_SEX = {"Total": "_T", "Female": "F", "Male": "M", "Other": "_O", "Unknown": "_U"}
_AGE = {"Total": "_T", "0 to 17 years": "Y_LT18", "18 years or over": "Y_GE18", "Unknown": "_U"}
_FORM = {"Sexual exploitation": "sexual", "Forced labour": "labour", "Other forms of exploitation": "other"}
_TOTAL, _BY_FORM = "Total", "by form of exploitation"
_BY_CITIZENSHIP, _BY_REPATRIATION = "by citizenship", "by country of repatriation"
_DIMENSIONS = (_TOTAL, _BY_FORM, _BY_CITIZENSHIP, _BY_REPATRIATION)
_WITHHELD = re.compile(r"<\s*\d+")
_WHOLE = re.compile(r"\d+")


@dataclass(frozen=True)
class GlotipImport:
    """`rows` in the schema REFERENCE; `rows_read` counts all rows read, `rows_elsewhere` those of other places."""

    rows: pl.DataFrame
    findings: list[Finding]
    source: str
    rows_read: int
    rows_elsewhere: int


@dataclass
class _Entry:
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
        return self.territory, self.indicator, self.dimension, self.category, self.sex, self.age, self.year


@dataclass
class _Reading:
    table: PublishedTable
    entries: list[_Entry] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    rows: int = 0
    rows_lost: int = 0
    reported: set[tuple[str, str]] = field(default_factory=set)
    foreign: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    """Number of rows by indicator that the GLOTIP table does not have."""

    def count_foreign(self, fields: dict[str, object]) -> None:
        """Count a row that is not about trafficking: other indicators, or totals of single offences."""
        indicator, category = _text(fields["indicator"]), _text(fields["category"])
        if indicator not in INDICATORS:
            self.foreign[indicator] += 1
        elif _text(fields["dimension"]) == _TOTAL and category not in ("", _TOTAL):
            self.foreign[category] += 1

    def refuse_other_table(self) -> None:
        """Raise ReadError if most rows are foreign: UNODC publishes all its tables with the same columns."""
        if 2 * sum(self.foreign.values()) > self.rows:
            subjects = ", ".join(sorted(self.foreign, key=lambda word: -self.foreign[word])[:3])
            raise ReadError("reference.other_table", Where(sheet=self.table.sheet), seen=subjects[:200])

    def add_finding(self, rule: str, line: int | None = None, at: str = "value", **params: str | int) -> None:
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


def read_glotip(data: bytes, filename: str | None = None, *, areas: Areas | None = None) -> GlotipImport:
    """Return the reference rows of our territories in a GLOTIP table (.xlsx or CSV), in the order of the file.

    The edition is the date above the table; an extract without a date is named by the start of its SHA-256, so that
    two extracts are not taken for one. `filename` is ignored. Raises ReadError if there is no table,
    or another table of the same publisher.
    """
    known_areas = declared_areas() if areas is None else areas
    table = open_table(data)
    reading = _Reading(table)
    for line, fields in table.rows:
        reading.rows += 1
        reading.count_foreign(fields)
        territory = _area(fields, known_areas)
        if territory is not None:
            _read_row(reading, territory, line, fields)
    reading.refuse_other_table()
    rows_kept = len(reading.entries)
    rows_lost = reading.rows_lost
    if not rows_kept and not rows_lost:
        reading.add_finding("reference.no_rows", rows=reading.rows)
    _number_repeats(reading)
    _compare_totals(reading)
    edition = table.edition or f"undated extract {hashlib.sha256(data).hexdigest()[:8]}"
    source = f"UNODC GLOTIP {edition}"
    rows = pl.DataFrame(list(_rows(reading, source, table.edition, known_areas)), schema=REFERENCE)
    elsewhere = reading.rows - rows_kept - rows_lost
    return GlotipImport(rows, reading.findings, source, reading.rows, elsewhere)


def _text(value: object) -> str:
    return "" if value is None else str(value).strip()


def _area(fields: dict[str, object], known: Areas) -> str | None:
    for column in ("iso3", "area"):
        if (code := known.find_code(_text(fields.get(column)))) is not None:
            return code
    return None


def _read_row(reading: _Reading, territory: str, line: int, fields: dict[str, object]) -> None:
    dimension = _text(fields["dimension"])
    words = {name: _text(fields[name]) for name in ("sex", "age", "category")}
    checks = [("dimension", dimension, dimension in _DIMENSIONS), ("sex", words["sex"], words["sex"] in _SEX)]
    checks.append(("age", words["age"], words["age"] in _AGE))
    if dimension == _BY_FORM:
        checks.append(("category", words["category"], words["category"] in _FORM))
    for column, value_seen, is_known in checks:
        if not is_known:
            reading.rows_lost += 1
            reading.find_once("reference.unknown_word", line, column, value_seen, column=column)
            return
    year = _text(fields["year"]).removesuffix(".0")
    if not re.fullmatch(r"(19|20)\d\d", year):
        reading.rows_lost += 1
        reading.add_finding("reference.bad_year", line, "year", seen=year)
        return
    indicator = _text(fields["indicator"])
    if indicator not in INDICATORS:
        reading.find_once("reference.unknown_indicator", line, "indicator", indicator)
    entry = _Entry(territory, indicator, dimension, words["category"], words["sex"], words["age"], int(year), line)
    value = _text(fields["value"]).removesuffix(".0")
    if _WITHHELD.fullmatch(value):
        entry.obs_status = "Q"
    elif not value:
        entry.obs_status = "O"
    elif _WHOLE.fullmatch(value):
        entry.value = float(value)
    else:
        reading.rows_lost += 1
        reading.add_finding("reference.bad_value", line, "value", seen=value)
        return
    if dimension in (_BY_CITIZENSHIP, _BY_REPATRIATION) and _is_odd_category(entry.category):
        reading.add_finding("reference.odd_category", line, "category", seen=entry.category)
    reading.entries.append(entry)


def _is_odd_category(category: str) -> bool:
    """Return True if a state's name starts with a digit or in lower case, or was decoded wrongly."""
    return bool(category) and (
        category[0].islower() or category[0].isdigit() or _correct_encoding(category) != category
    )


def _correct_encoding(category: str) -> str:
    """Correct UTF-8 that was read as Latin-1, such as `TÃ¼rkiye`; return every other word unchanged."""
    try:
        return category.encode("latin-1").decode("utf-8")
    except (UnicodeEncodeError, UnicodeDecodeError):
        return category


def _number_repeats(reading: _Reading) -> None:
    first: dict[tuple[object, ...], _Entry] = {}
    count: dict[tuple[object, ...], int] = defaultdict(int)
    for entry in reading.entries:
        count[entry.key] += 1
        entry.occurrence = count[entry.key]
        earlier = first.setdefault(entry.key, entry)
        if earlier is not entry:
            reading.add_finding(
                "reference.repeated_key",
                entry.line,
                first=str(reading.table.locate_field(earlier.line, "value")),
                occurrence=entry.occurrence,
            )


def _compare_totals(reading: _Reading) -> None:
    """Compare each total with male and female, all else equal. Sets with repeated rows or other sexes are skipped."""
    sets: dict[tuple[object, ...], dict[str, list[_Entry]]] = defaultdict(lambda: defaultdict(list))
    for entry in reading.entries:
        key = (entry.territory, entry.indicator, entry.dimension, entry.category, entry.age, entry.year)
        sets[key][entry.sex].append(entry)
    triples = recoverable = 0
    for by_sex in sets.values():
        if set(by_sex) != {"Total", "Male", "Female"} or any(len(entries) > 1 for entries in by_sex.values()):
            continue
        total, male, female = (by_sex[sex][0] for sex in ("Total", "Male", "Female"))
        whole = total.dimension == _TOTAL and total.age == "Total"
        withheld = [entry.obs_status for entry in (total, male, female)].count("Q")
        if whole:
            triples += 1
            recoverable += withheld == 1
        if total.value is None or male.value is None or female.value is None:
            continue
        if male.value + female.value != total.value:
            reading.add_finding(
                "reference.total_differs" if whole else "reference.subtotal_differs",
                total.line,
                territory=total.territory,
                year=total.year,
                indicator=total.indicator,
                group=", ".join(word for word in (total.category, total.age) if word != "Total"),
                male=int(male.value),
                female=int(female.value),
                total=int(total.value),
            )
    if recoverable:
        reading.add_finding("reference.recoverable", count=recoverable, triples=triples)


def _rows(reading: _Reading, source: str, edition: str | None, known: Areas) -> Iterator[dict[str, object]]:
    for entry in reading.entries:
        meaning = INDICATORS.get(entry.indicator, _Indicator(""))
        repatriated = entry.dimension == _BY_REPATRIATION
        measure = None if repatriated else meaning.measure
        category = known.display_name(_correct_encoding(entry.category)) or "not stated"
        yield {
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
            "offence_group": "TIP",
            "offence": "ICCS0204",
            "offence_words": "Trafficking in persons",
            "measure": measure,
            "level": meaning.level if measure else None,
            "mapping": meaning.mapping if measure else "none",
            "measure_words": entry.indicator,
            "count_unit": meaning.count_unit or None,
            "unit_words": "Counts",
            "statistic": "count",
            "unit_measure": "NR",
            "person_type": meaning.person_type,
            "victim_status": meaning.victim_status,
            "sex": _SEX[entry.sex],
            "age": _AGE[entry.age],
            "exploitation": _exploitation(entry, meaning),
            "citizenship": _citizenship(entry, known),
            "breakdown": "" if entry.dimension == _TOTAL else f"{entry.dimension}: {category}",
            "occurrence": entry.occurrence,
            "value": entry.value,
            "obs_status": entry.obs_status,
            "conf_status": "C" if entry.obs_status == "Q" else "F",
            "status": "published",
            "source_title": TITLE,
            "source_date": edition or "undated",
            "source_url": URL,
            "caveat": meaning.caveat,
            "place": str(reading.table.locate_field(entry.line, "value")),
        }


def _exploitation(entry: _Entry, meaning: _Indicator) -> str:
    if entry.dimension == _BY_FORM:
        return _FORM[entry.category]
    return "_T" if meaning.count_unit == "victim" else "_Z"


def _citizenship(entry: _Entry, known: Areas) -> str | None:
    """Return `own`, `region` for another territory, or null for states without a code of their own here."""
    if entry.dimension != _BY_CITIZENSHIP:
        return "_T"
    if not entry.category:
        return "_U"
    if entry.category == "Nationals":
        return "own"
    code = known.find_code(entry.category)
    if code is None:
        return None
    return "own" if code == entry.territory else "region"
