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
`Intentional homicide`. The spelling of the two categories kept here was only seen in other tables of the publisher; a
table without them is reported (`reference.no_offence`). Offences of smuggling of migrants are in the table `Corruption
and economic crime` (`Offences`, `by type of offence`), which has no persons and is refused.
"""

from __future__ import annotations

from typing import NamedTuple

import polars as pl

from pipelines.model.content import ReadError, Where
from pipelines.warehouse.reference.model import REFERENCE
from pipelines.warehouse.reference.unodc import (
    AGES,
    SEXES,
    CollectedRows,
    Entry,
    EntryReader,
    Indicator,
    ReferenceImport,
    as_text,
    describe_entry,
)

NAME = "UNODC UN-CTS"
TITLE = (
    "UNODC, United Nations Survey of Crime Trends and Operations of Criminal Justice Systems (UN-CTS), "
    "access and functioning of justice"
)
INDICATORS: dict[str, Indicator] = {
    "Persons arrested/cautioned/suspected": Indicator(
        "person", caveat="Suspected, arrested or cautioned; no stage of ours."
    ),
    "Persons prosecuted": Indicator(
        "person",
        "indicted",
        "prosecution",
        "near",
        caveat="Persons against whom prosecution began; an indictment is not always meant.",
    ),
    "Persons brought before criminal courts": Indicator(
        "person", caveat="Persons before a court, whatever the outcome; no stage of ours."
    ),
    "Persons convicted": Indicator(
        "person",
        "convicted_first",
        "first",
        "near",
        caveat="Found guilty by any court, whether or not the conviction was later upheld (from memory, unverified).",
    ),
}


class Offence(NamedTuple):
    """An offence of ours: its group, its code, and its name in English."""

    group: str
    code: str
    name: str


OFFENCES = {
    "trafficking in persons": Offence("TIP", "ICCS0204", "Trafficking in persons"),
    "smuggling of migrants": Offence("SOM", "ICCS08051", "Smuggling of migrants"),
}
"""By the publisher's category in lower case."""
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

    Raises ReadError: reference.column_missing if counts and rates cannot be distinguished.
    """
    table = collected.table
    if "unit" not in table.columns:
        raise ReadError("reference.column_missing", Where(sheet=table.sheet), columns="unit of measurement")
    reader = EntryReader(table, INDICATORS)
    rows_other_offences = rows_rates = 0
    for territory, line, fields in collected.regional_rows:
        is_ours = as_text(fields["dimension"]) == _BY_CRIME and _fold(fields["category"]) in OFFENCES
        if not is_ours or as_text(fields["indicator"]) not in INDICATORS:
            rows_other_offences += 1
        elif as_text(fields["unit"]) != _COUNTS:
            rows_rates += 1
        else:
            reader.read_row(territory, line, fields, [("sex", SEXES), ("age", AGES)])
    if not collected.regional_rows:
        reader.add_finding("reference.no_rows", rows=collected.count)
    elif rows_other_offences == len(collected.regional_rows):
        reader.add_finding("reference.no_offence", rows=rows_other_offences)
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


def _fold(category: object) -> str:
    return " ".join(as_text(category).casefold().split())


def _build_row(entry: Entry, collected: CollectedRows, source: str) -> dict[str, object]:
    offence = OFFENCES[_fold(entry.category)]
    return describe_entry(entry, INDICATORS[entry.indicator], collected.table, source=source, title=TITLE) | {
        "offence_group": offence.group,
        "offence": offence.code,
        "offence_words": offence.name,
        "exploitation": "_Z",
        "citizenship": "_T",
        "breakdown": "",
    }
