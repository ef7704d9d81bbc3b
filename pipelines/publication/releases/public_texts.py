"""Take internal words out of the texts of a release.

Declarations keep marks of our own checking, codes of offices and remarks for the people who work on them. Readers get
the same texts without these; a fact that was not checked is shown as "source not yet verified".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial
from typing import Final

import polars as pl

from pipelines.declarations.registry import Registry
from pipelines.warehouse.reference.publishers import translate_source

PROSE: Final[Mapping[str, tuple[str, ...]]] = {
    "note": ("text",),
    "metadata": ("text", "source"),
    "break": ("text", "detail"),
    "counting_card": ("definitions", "sources", "law"),
    "counting_rule": ("stage_definition", "source"),
    "reference_figure": ("caveat",),
    "coherence": ("left_caveat", "right_caveat", "reason_text"),
    "quality": ("reason",),
}
"""Columns with sentences, by table of the release."""
_SOURCES: Final = {"coherence": ("left_source", "right_source")}
"""Columns with titles of sources, which get the titles that `reference_figure` has."""

_REPLACEMENTS: Final = tuple(
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        (r"\bNames? from memory, unverified \[M\]\.?", "Source not yet verified."),
        (r"\(names? from memory, unverified\)", "(source not yet verified)"),
        (r"\(from memory\)", "(source not yet verified)"),
        (r"([.])\s*\[unverified\]", r"\1 Source not yet verified."),
        (r"\[unverified\]", "(source not yet verified)"),
        (r"\s*\[(?:verified|M)\]", ""),
        (r"([.])\s*\[demonstration\]", r"\1 Invented for the demonstration."),
        (r"\b(is|are) unverified\b", r"\1 from a source not yet verified"),
        (r"\((day|several) unverified\)", r"(\1: source not yet verified)"),
        (r"\bunverified\b", "source not yet verified"),
        (r"\bNational publishers reference: ", "Reference publication: "),
        (r" \((?:title page |page |heads? )?read\)", ""),
        (r"; (?:stated|assumed|verified|unverified)\)", ")"),
    )
)
_INTERNAL: Final = re.compile(
    r"\[M\]|from memory|\bunverified\b|\brti [a-z]|`|\btrap\b|reconciliation test|funnel|National publishers reference"
    r"|\b[A-Z]{2}(?:_[A-Z]{2,})+\b|\bS?(?=[0-9a-f]*[0-9])(?=[0-9a-f]*[a-f])[0-9a-f]{12,}\b"
)


def clean_table(name: str, table: pl.LazyFrame, names: Mapping[str, str]) -> pl.LazyFrame:
    """Return a table of a release with public texts; `names` are those of `name_offices`."""
    clean = partial(_clean_texts, names=names)
    texts = [
        pl.col(column).map_batches(clean, return_dtype=pl.String, is_elementwise=True) for column in PROSE.get(name, ())
    ]
    return table.with_columns(*texts, *(translate_source(pl.col(column)) for column in _SOURCES.get(name, ())))


def _clean_texts(texts: pl.Series, names: Mapping[str, str]) -> pl.Series:
    different = texts.drop_nulls().unique()
    cleaned = [clean_text(text, names) for text in different]
    return texts.replace_strict(different, cleaned, default=None, return_dtype=pl.String)


def clean_text(text: str, names: Mapping[str, str]) -> str:
    """Return a text without internal words; `names` are the names of offices and jurisdictions by code."""
    for pattern, replacement in _REPLACEMENTS:
        text = pattern.sub(replacement, text)
    return re.sub(r"\b[A-Z]{2}(?:_[A-Z]{2,})+\b", lambda match: names.get(match[0], match[0]), text).strip()


def name_offices(registry: Registry) -> dict[str, str]:
    """Return the English names of all offices and jurisdictions by code."""
    names: dict[str, str] = {}
    for territory in registry.territories.values():
        parts = [(part.code, part.names) for part in territory.jurisdictions if part.code != territory.code]
        for code, office_names in (*parts, *((office.id, office.names) for office in territory.offices)):
            names[code] = next((name.name for name in office_names if name.language == "en"), office_names[0].name)
    return names


def find_internal_words(text: str) -> list[str]:
    """Return the internal words in a text: marks of checking, commands, codes of offices, hashes."""
    return [match[0] for match in _INTERNAL.finditer(text)]
