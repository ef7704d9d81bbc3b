"""Read UNODC's table on trafficking in persons (GLOTIP) as reference rows, and report its errors as findings.

Seen in the extract of 30/05/2023 (46,556 rows, 1,871 of them about our territories): every value under 5 is the text
`<5`; 35 rows repeat the key of another row, because several sub-forms have one name ("Other forms of exploitation");
five totals are not the sum of male and female; states have their old names and one name is wrongly decoded.
"""

from __future__ import annotations

from collections import Counter

import polars as pl

from pipelines.warehouse.reference.areas import Areas
from pipelines.warehouse.reference.model import REFERENCE
from pipelines.warehouse.reference.unodc import (
    AGES,
    SEXES,
    TOTAL,
    CollectedRows,
    EntryReader,
    ReferenceImport,
    UnodcIndicator,
    UnodcRow,
    as_text,
    describe_entry,
)

NAME = "UNODC GLOTIP"
TITLE = "UNODC, data of the Global Report on Trafficking in Persons (GLOTIP)"
INDICATORS: dict[str, UnodcIndicator] = {
    "Detected trafficking victims": UnodcIndicator(
        "victim",
        "victims_detected",
        "none",
        "near",
        victim_status="_U",
        person_type="_Z",
        caveat="The publisher does not say whether presumed victims are counted with identified ones.",
    ),
    "Offences of trafficking in persons": UnodcIndicator(
        "offence", caveat="Offences recorded, whoever recorded them; no stage of ours."
    ),
    "Persons brought into formal contact": UnodcIndicator(
        "person", caveat="Suspected, arrested or cautioned; no stage of ours."
    ),
    "Persons prosecuted": UnodcIndicator(
        "person",
        "indicted",
        "prosecution",
        "near",
        caveat="Persons against whom prosecution began; an indictment is not always meant.",
    ),
    "Persons convicted": UnodcIndicator(
        "person",
        "convicted_first",
        "first",
        "near",
        caveat="First instance by the publisher's questionnaire. Source not yet verified.",
    ),
}
_FORM = {"Sexual exploitation": "sexual", "Forced labour": "labour", "Other forms of exploitation": "other"}
_BY_FORM = "by form of exploitation"
_BY_CITIZENSHIP, _BY_REPATRIATION = "by citizenship", "by country of repatriation"
_NOT_STATED = "not stated"
WORDS = (_BY_FORM, _BY_CITIZENSHIP, _BY_REPATRIATION, *_FORM, "Nationals", _NOT_STATED)
"""Words of breakdowns that are translated; names of states are not."""
_DIMENSIONS = (TOTAL, _BY_FORM, _BY_CITIZENSHIP, _BY_REPATRIATION)


def count_foreign_rows(collected: CollectedRows) -> Counter[str]:
    """Return the number of rows that are not about trafficking, by subject: other indicators, or single offences."""
    foreign: Counter[str] = Counter()
    for (indicator, dimension, category), rows in collected.subjects.items():
        if indicator not in INDICATORS:
            foreign[indicator] += rows
        elif dimension == TOTAL and category not in ("", TOTAL):
            foreign[category] += rows
    return foreign


def build_import(collected: CollectedRows, source: str, areas: Areas) -> ReferenceImport:
    """Return the reference rows of a table that is GLOTIP, in the order of the file."""
    reader = EntryReader(collected.table, INDICATORS)
    for territory, line, fields in collected.regional_rows:
        is_by_form = as_text(fields["dimension"]) == _BY_FORM
        words = [("dimension", _DIMENSIONS), ("sex", SEXES), ("age", AGES), *([("category", _FORM)] * is_by_form)]
        kept_before = len(reader.entries)
        reader.read_row(territory, line, fields, words)
        for entry in reader.entries[kept_before:]:
            if entry.dimension in (_BY_CITIZENSHIP, _BY_REPATRIATION) and _is_odd_category(entry.category):
                reader.add_finding("reference.odd_category", line, "category", seen=entry.category)
    if not collected.regional_rows:
        reader.add_finding("reference.no_rows", rows=collected.count)
    reader.number_repeats()
    reader.compare_totals(TOTAL)
    rows = [_build_row(entry, collected, source, areas) for entry in reader.entries]
    return ReferenceImport(
        pl.DataFrame(rows, schema=REFERENCE),
        reader.findings,
        source,
        rows_read=collected.count,
        rows_elsewhere=collected.count - len(collected.regional_rows),
        rows_lost=reader.rows_lost,
    )


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


def _build_row(entry: UnodcRow, collected: CollectedRows, source: str, areas: Areas) -> dict[str, object]:
    meaning = INDICATORS.get(entry.indicator, UnodcIndicator(""))
    category = areas.display_name(_correct_encoding(entry.category)) or _NOT_STATED
    row = describe_entry(entry, meaning, collected.table, source=source, title=TITLE) | {
        "offence_group": "TIP",
        "offence": "ICCS0204",
        "offence_words": "Trafficking in persons",
        "exploitation": _exploitation(entry, meaning),
        "citizenship": _citizenship(entry, areas),
        "breakdown": "" if entry.dimension == TOTAL else f"{entry.dimension}: {category}",
    }
    if entry.dimension == _BY_REPATRIATION:
        row |= {"measure": None, "level": None, "mapping": "none"}
    return row


def _exploitation(entry: UnodcRow, meaning: UnodcIndicator) -> str:
    if entry.dimension == _BY_FORM:
        return _FORM[entry.category]
    return "_T" if meaning.count_unit == "victim" else "_Z"


def _citizenship(entry: UnodcRow, areas: Areas) -> str | None:
    """Return `own`, `region` for another territory, or null for states without a code of their own here."""
    if entry.dimension != _BY_CITIZENSHIP:
        return "_T"
    if not entry.category:
        return "_U"
    if entry.category == "Nationals":
        return "own"
    code = areas.find_code(entry.category)
    if code is None:
        return None
    return "own" if code == entry.territory else "region"
