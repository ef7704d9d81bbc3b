"""Read UNODC's table of persons by offence (UN-CTS, "Access and functioning of justice") as reference rows.

UN-CTS is the United Nations Survey of Crime Trends and Operations of Criminal Justice Systems. The table counts persons
suspected, prosecuted, brought before a court and convicted, for all crimes and by selected crime, and the personnel of
police, courts and prisons. Only trafficking in persons and smuggling of migrants are kept. Each figure appears twice,
as a count and as a rate per 100,000 population; the rates are left out, because their population is not ours.

The table itself was not available. Its layout was checked on 27 November 2026 against public programs that read the
downloaded workbook (editions of 2024 to 2026): the sheet `data_cts_access_and_functioning`, two lines with the date as
dd/mm/yyyy above the headings, the thirteen columns up to `VALUE` and `Source`, the four indicators, the dimensions
`Total`, `by selected crime` and `by type of criminal acts`, the units `Counts` and `Rate per 100,000 population`,
values that are withheld (`<5`) or have commas between thousands, and the categories `Bribery`, `Drug trafficking` and
`Intentional homicide`.

No program, extract or document was found that quotes the two categories kept here (last search: 28 November 2026), so
that their spelling is known only from other tables of the publisher. `OFFENCES` therefore declares the names that mean
nothing else. A table without any of them is refused with the categories it has (`reference.no_offence`), and a category
that only resembles one is an error (`reference.unknown_word`). Offences of smuggling of migrants are in the table
`Corruption and economic crime` (`Offences`, `by type of offence`), which has no persons and is refused.
"""

from __future__ import annotations

import re
from typing import NamedTuple

import polars as pl

from pipelines.model.content import ReadError, Where
from pipelines.warehouse.reference.model import REFERENCE
from pipelines.warehouse.reference.unodc import (
    AGES,
    SEXES,
    CollectedRows,
    EntryReader,
    Fields,
    ReferenceImport,
    UnodcIndicator,
    UnodcRow,
    as_text,
    describe_entry,
)

NAME = "UNODC UN-CTS"
TITLE = (
    "UNODC, United Nations Survey of Crime Trends and Operations of Criminal Justice Systems (UN-CTS), "
    "access and functioning of justice"
)
INDICATORS: dict[str, UnodcIndicator] = {
    "Persons arrested/cautioned/suspected": UnodcIndicator(
        "person", caveat="Suspected, arrested or cautioned; no stage of ours."
    ),
    "Persons prosecuted": UnodcIndicator(
        "person",
        "indicted",
        "prosecution",
        "near",
        caveat="Persons against whom prosecution began; an indictment is not always meant.",
    ),
    "Persons brought before criminal courts": UnodcIndicator(
        "person", caveat="Persons before a court, whatever the outcome; no stage of ours."
    ),
    "Persons convicted": UnodcIndicator(
        "person",
        "convicted_first",
        "first",
        "near",
        caveat="Found guilty by any court, whether or not the conviction was later upheld. Source not yet verified.",
    ),
}


class Offence(NamedTuple):
    """An offence of ours: its group, its code, and its name in English."""

    group: str
    code: str
    name: str


_TRAFFICKING = Offence("TIP", "ICCS0204", "Trafficking in persons")
_SMUGGLING = Offence("SOM", "ICCS08051", "Smuggling of migrants")
OFFENCES = {
    "trafficking in persons": _TRAFFICKING,
    "trafficking in persons tip": _TRAFFICKING,
    "trafficking in human beings": _TRAFFICKING,
    "human trafficking": _TRAFFICKING,
    "smuggling of migrants": _SMUGGLING,
    "smuggling of migrants som": _SMUGGLING,
    "migrant smuggling": _SMUGGLING,
}
"""By the publisher's category as `_normalise` writes it. Each name means this offence, all of it and nothing else."""
_PERSONS = r"(person|people|human|wom[ae]n|child)"
_SIMILAR = re.compile(rf"traffick.*{_PERSONS}|{_PERSONS}.*traffick|smuggl|migra")
"""Words of a category that may be one of the offences in other words, or a part of one."""
_CODE = re.compile(r"(iccs )?\d+ ")
_BY_CRIME = "by selected crime"
_PERSONNEL = "Criminal Justice Personnel"
_COUNTS = "Counts"
_OFFENCES, _BY_OFFENCE = "Offences", "by type of offence"


def is_uncts(collected: CollectedRows) -> bool:
    """Return True if most rows are of this table's indicators, and some are of persons by selected crime."""
    is_by_crime = False
    known_rows = 0
    for (indicator, dimension, _), rows in collected.subjects.items():
        is_by_crime |= indicator in INDICATORS and dimension == _BY_CRIME
        known_rows += rows if indicator in INDICATORS or indicator == _PERSONNEL else 0
    return is_by_crime and 2 * known_rows > collected.count


def is_table_of_offences(collected: CollectedRows) -> bool:
    """Return True if most rows are of UN-CTS tables that count recorded offences, and no persons by stage."""
    offences = sum(
        rows
        for (indicator, dimension, _), rows in collected.subjects.items()
        if indicator == _OFFENCES and dimension == _BY_OFFENCE
    )
    return 2 * offences > collected.count


def build_import(collected: CollectedRows, source: str) -> ReferenceImport:
    """Return the reference rows of a table that is UN-CTS, in the order of the file.

    Raises ReadError: reference.column_missing if counts and rates cannot be distinguished, reference.no_offence if no
    category is one of the offences kept here.
    """
    table = collected.table
    if "unit" not in table.columns:
        raise ReadError("reference.column_missing", Where(sheet=table.sheet), columns="unit of measurement")
    reader = EntryReader(table, INDICATORS)
    if not collected.regional_rows:
        reader.add_finding("reference.no_rows", rows=collected.count)
    else:
        _raise_without_offence(collected)
    rows_other_offences = rows_rates = 0
    for territory, line, fields in collected.regional_rows:
        category = as_text(fields["category"])
        if not _is_by_crime(fields):
            rows_other_offences += 1
        elif _normalise(category) not in OFFENCES:
            rows_other_offences += 1
            if _SIMILAR.search(_normalise(category)):
                reader.find_once("reference.unknown_word", line, "category", category, column="category")
        elif as_text(fields["unit"]) != _COUNTS:
            rows_rates += 1
        else:
            reader.read_row(territory, line, fields, [("sex", SEXES), ("age", AGES)])
    reader.number_repeats()
    reader.compare_totals(_BY_CRIME)
    rows = [_build_row(entry, collected, source) for entry in reader.entries]
    return ReferenceImport(
        pl.DataFrame(rows, schema=REFERENCE),
        reader.findings,
        source,
        rows_read=collected.count,
        rows_elsewhere=collected.count - len(collected.regional_rows),
        rows_other_offences=rows_other_offences,
        rows_rates=rows_rates,
        rows_lost=reader.rows_lost,
    )


def _raise_without_offence(collected: CollectedRows) -> None:
    """Raise ReadError with the categories of the table if none is an offence kept here."""
    categories = {as_text(fields["category"]) for _, _, fields in collected.regional_rows if _is_by_crime(fields)}
    if not any(_normalise(category) in OFFENCES for category in categories):
        raise ReadError(
            "reference.no_offence",
            Where(sheet=collected.table.sheet),
            expected=", ".join(dict.fromkeys(offence.name for offence in OFFENCES.values())),
            seen=", ".join(sorted(categories)) or "-",
        )


def _is_by_crime(fields: Fields) -> bool:
    """Return True for a row that counts persons by selected crime at one of the stages known here."""
    return as_text(fields["dimension"]) == _BY_CRIME and as_text(fields["indicator"]) in INDICATORS


def _normalise(category: str) -> str:
    """Return a category in small letters, without punctuation and without a code in front."""
    words = " ".join(re.findall(r"\w+", category.casefold()))
    return _CODE.sub("", words, count=1) if _CODE.match(words) else words


def _build_row(entry: UnodcRow, collected: CollectedRows, source: str) -> dict[str, object]:
    offence = OFFENCES[_normalise(entry.category)]
    return describe_entry(entry, INDICATORS[entry.indicator], collected.table, source=source, title=TITLE) | {
        "offence_group": offence.group,
        "offence": offence.code,
        "offence_words": offence.name,
        "exploitation": "_Z",
        "citizenship": "_T",
        "breakdown": "",
    }
