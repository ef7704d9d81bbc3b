"""Build tables of observations for people, with labels, notes and source in one language."""

from __future__ import annotations

from typing import Final

import polars as pl

from pipelines.dissemination import periods
from pipelines.dissemination.correction_notices import AREAS, describe_corrections
from pipelines.dissemination.notes import describe_notes, find_language
from pipelines.dissemination.structures import TIME_PERIOD, choose_text
from pipelines.dissemination.writers.extract import Extract

LABELLED_ATTRIBUTES: Final = ("UNIT_MEASURE", "OBS_STATUS", "CONF_STATUS")
LABEL: Final = "_LABEL"
"""Ending of the columns of labels."""
NOTES: Final = "NOTES"
SOURCE: Final = "SOURCE"


def lay_out(extract: Extract, language: str, *, with_source: bool = True) -> pl.DataFrame:
    """Return the observations with a column of labels after each coded column, and their notes and source at the end.

    Columns have the ids of their components, those of labels end in `_LABEL`, so that a program reads every language in
    the same way. Numbers are numbers.
    """
    flow, rows = extract.dataflow, extract.observations
    columns: list[pl.Series] = []
    for name in rows.columns:
        values = rows[name]
        columns.append(values.cast(pl.String) if values.dtype == pl.Enum else values)
        if name in flow.structure.dimension_ids or name in LABELLED_ATTRIBUTES or name == TIME_PERIOD:
            columns.append(label_values(extract, name, language).alias(f"{name}{LABEL}"))
    notes = describe_notes(rows, flow, language)
    if extract.structures.edition.corrections:
        corrections = describe_corrections(extract.structures, flow, rows, language)
        notes = (notes + " " + corrections).str.strip_chars()
    columns.append(_add_footnotes(extract, notes, language))
    if with_source:
        source = choose_text(extract.structures.edition.citations, language)
        columns.append(pl.Series(SOURCE, [source]).new_from_index(0, rows.height))
    return pl.DataFrame(columns)


def _add_footnotes(extract: Extract, notes: pl.Series, language: str) -> pl.Series:
    """Return the notes with the footnotes of the names of the areas of each observation."""
    footnotes = {area: choose_text(text, language) for area, text in extract.structures.edition.footnotes.items()}
    for name in AREAS:
        if name in extract.observations.columns and footnotes:
            areas = extract.observations[name].cast(pl.String)
            area_footnotes = areas.replace_strict(footnotes, default="", return_dtype=pl.String)
            notes = (notes + " " + area_footnotes).str.strip_chars()
    return notes.alias(NOTES)


def label_values(extract: Extract, name: str, language: str) -> pl.Series:
    """Return the labels of a coded column or of the period."""
    values = extract.observations[name].cast(pl.String)
    present = values.drop_nulls().unique().to_list()
    if name == TIME_PERIOD:
        labels = [periods.label_period(text, find_language(language)) for text in present]
    else:
        codelist = extract.dataflow.structure.codelists[name]
        labels = [extract.structures.find_label(codelist, code, language) for code in present]
    return values.replace_strict(present, labels, default=None, return_dtype=pl.String)


def name_column(extract: Extract, name: str, language: str) -> str:
    """Return the title of a column of `lay_out` in a language."""
    concepts = extract.structures.concepts
    if name in concepts:
        return choose_text(concepts[name].names, language)
    return choose_text(concepts[name.removesuffix(LABEL)].names, language) if name.endswith(LABEL) else name
