"""Build the metadata structures of a release, and read its metadata sets.  Only `release.duckdb` is read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from itertools import groupby
from pathlib import Path
from typing import Any

from pipelines.dissemination.dataflows import DATAFLOWS
from pipelines.dissemination.periods import parse_period
from pipelines.dissemination.reference_metadata import (
    AREAS,
    FIRST_PERIOD,
    FOOTNOTE,
    INSTRUMENT,
    LAST_PERIOD,
    METADATAFLOWS,
    WHOLE,
    MetadataSource,
)
from pipelines.dissemination.release import (
    KEPT_RELEASES,
    Written,
    identify_release,
    load_structures,
    open_release,
)
from pipelines.dissemination.structures import (
    FigureCorrection,
    Metadataflow,
    StructureError,
    Structures,
    Text,
    choose_text,
)


@dataclass(frozen=True)
class ReportedValue:
    """The value of an attribute in a metadata set, with what is said about it."""

    id: str
    value: str
    children: tuple[ReportedValue, ...] = ()


@dataclass(frozen=True)
class MetadataSet:
    """Reference metadata about one code, and about the dataflows that have its figures."""

    id: str
    flow: str
    names: Text
    footnotes: Text
    """Footnotes of the areas that the set is about or names."""
    codelist: str
    code: str
    dataflows: tuple[str, ...]
    values: tuple[ReportedValue, ...]


def load_metadata_sets(folder: Path) -> tuple[MetadataSet, ...]:
    """Return all metadata sets of a release, by metadataflow, code and instrument.

    Raises StructureError if a release has an attribute or a code that its structures do not describe.
    """
    return _load_metadata_sets(*identify_release(folder))


@lru_cache(maxsize=KEPT_RELEASES)
def _load_metadata_sets(folder: Path, _written: Written) -> tuple[MetadataSet, ...]:
    structures = load_structures(folder)
    with open_release(folder) as connection:
        tables = {
            name: connection.execute(METADATAFLOWS[name].query).pl().to_dicts() for name in structures.metadataflows
        }
    newer = [_make_note(item) for item in structures.edition.corrections if item.issued_at]
    if newer and "NOTES" in tables:
        tables["NOTES"] = sorted([*tables["NOTES"], *newer], key=lambda row: str(row["subject"]))
    return tuple(
        item
        for name, rows in tables.items()
        for item in build_metadata_sets(structures, METADATAFLOWS[name], name, rows)
    )


def _make_note(notice: FigureCorrection) -> dict[str, str]:
    """Return a notice that is newer than its release as a row of the metadataflow `NOTES`."""
    return {
        "subject": notice.area, "instrument": "", "attribute": "NOTE", "value": notice.text, "note_kind": "correction",
        "level": "", "offence_group": "", "first_period": notice.period, "last_period": notice.period,
    }  # fmt: skip


def build_metadata_sets(
    structures: Structures, source: MetadataSource, name: str, rows: Iterable[Mapping[str, Any]]
) -> Iterator[MetadataSet]:
    """Yield the metadata sets that the rows of a source make; rows of one set follow each other."""
    flow = structures.metadataflows[name]
    for (subject, instrument), group in groupby(rows, lambda row: (str(row["subject"]), str(row["instrument"]))):
        values = [_build_value(source, row) for row in group]
        if source.is_about_returns:
            values.insert(0, ReportedValue(INSTRUMENT, instrument))
        footnotes = _find_footnotes(structures, subject, values)
        if footnotes:
            values.append(ReportedValue(FOOTNOTE, choose_text(footnotes, "en")))
        _check_values(structures, flow, values)
        labels = [flow.names, structures.codelists[flow.codelist].by_id[subject].names]
        is_part = instrument not in ("", WHOLE)
        if is_part:
            labels.append(structures.codelists["CL_INSTRUMENT"].by_id[instrument].names)
        yield MetadataSet(
            "_".join([name, subject, *([instrument.upper()] if is_part else [])]),
            name,
            _join_texts(structures.languages, labels, ": "),
            footnotes,
            flow.codelist,
            subject,
            _list_dataflows(structures, instrument) if source.is_about_returns else (),
            tuple(values),
        )


def _build_value(source: MetadataSource, row: Mapping[str, Any]) -> ReportedValue:
    texts = ((child, _to_text(row[child.lower()])) for child in source.children)
    children = tuple(ReportedValue(child, text) for child, text in texts if text)
    return ReportedValue(str(row["attribute"]), _to_text(row["value"]), children)


def _to_text(value: object) -> str:
    """Return a value of the release as text, empty if it is absent."""
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _check_values(structures: Structures, flow: Metadataflow, values: Iterable[ReportedValue]) -> None:
    """Raise StructureError for an attribute that a flow lacks, and for a code that a code list lacks."""
    attributes = {item.id: item for item in flow.list_attributes()}
    waiting = list(values)
    while waiting:
        item = waiting.pop()
        waiting += item.children
        if item.id not in attributes:
            raise StructureError(f"{flow.id} has no attribute {item.id}")
        codelist = attributes[item.id].codelist
        if codelist is not None and item.value not in structures.codelists[codelist].by_id:
            raise StructureError(f"{flow.id}: {item.id} has a code without a label: {item.value}")


def _list_dataflows(structures: Structures, instrument: str) -> tuple[str, ...]:
    """Return the dataflows with figures from returns of a kind, or from any returns."""
    return tuple(
        name
        for name in structures.dataflows
        if instrument in DATAFLOWS[name].instruments or (instrument == WHOLE and DATAFLOWS[name].instruments)
    )


def _find_footnotes(structures: Structures, subject: str, values: Iterable[ReportedValue]) -> Text:
    """Return the footnotes of the names of areas: of the area that a set is about, and of those in its texts."""
    areas = structures.codelists[AREAS].by_id
    texts = " ".join(text for item in values for text in (item.value, *(child.value for child in item.children)))
    footnotes = [
        footnote
        for area, footnote in structures.edition.footnotes.items()
        if area == subject or choose_text(areas[area].names, "en").rstrip("*") in texts
    ]
    return _join_texts(structures.languages, footnotes, " ") if footnotes else {}


def keep_days(item: MetadataSet, first: date | None, last: date | None) -> MetadataSet | None:
    """Return a set with the values about any day from `first` to `last`; None if it has no such value.

    A value without a first or last period is about all days before or after the other one, or about all days.
    """
    values = tuple(value for value in item.values if _has_day(value, first, last))
    if all(value.id in (INSTRUMENT, FOOTNOTE) for value in values):
        return None
    return replace(item, values=values)


def _has_day(value: ReportedValue, first: date | None, last: date | None) -> bool:
    periods = {
        child.id: parse_period(child.value) for child in value.children if child.id in (FIRST_PERIOD, LAST_PERIOD)
    }
    begins_after = last is not None and FIRST_PERIOD in periods and periods[FIRST_PERIOD].start > last
    ends_before = first is not None and LAST_PERIOD in periods and periods[LAST_PERIOD].end < first
    return not (begins_after or ends_before)


def _join_texts(languages: Iterable[str], texts: Iterable[Text], separator: str) -> Text:
    texts = list(texts)
    return {language: separator.join(choose_text(text, language) for text in texts) for language in languages}
