"""Put the flags and the status of observations into sentences, the same as on the pages."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, Final

import polars as pl

from pipelines import words
from pipelines.core import codes, i18n
from pipelines.dissemination.structures import OBS_VALUE, Dataflow
from pipelines.words import indicators
from pipelines.words.language import read_in

_ABSENT: Final = ("withheld", "unreceived", "not_collected", "not_applicable", "elsewhere", "unavailable")
_OF_COUNTS: Final = "IS_TOTAL"
"""An attribute that only counts have."""
_COLUMNS: Final = (
    "OBS_STATUS", "CONF_STATUS", "FLAGS", "BASIS", "STATISTIC", "AGE", "PERSON_TYPE", "IS_TOTAL", "IS_ADDITIVE",
    "COMPARABILITY", "INTERVAL_BASIS", "REASONS", "INDICATOR",
)  # fmt: skip
"""Components that a note depends on, besides whether there is a value and any office reported."""


@cache
def find_language(tag: str) -> str:
    """Return the code of a language of the software by its tag: `sr-Cyrl` -> `sr`."""
    return next((code for code in i18n.list_languages() if i18n.html_lang(code) == tag), i18n.SOURCE_LANGUAGE)


def describe_notes(frame: pl.DataFrame, flow: Dataflow, language: str) -> pl.Series:
    """Return the notes of each observation as one text, empty if there are none. `language` is a tag."""
    names = [name for name in _COLUMNS if name in frame.columns]
    keyed = frame.select(
        *(pl.col(name).cast(pl.String) for name in names),
        _value=pl.when(pl.col(OBS_VALUE) == 0).then(0).when(pl.col(OBS_VALUE).is_not_null()).then(1),
        _is_reported=_find_reported(frame),
    )
    key = keyed.columns
    kinds = keyed.unique(maintain_order=True)
    with read_in(find_language(language)):
        texts = [_describe(row, flow, is_count=_OF_COUNTS in frame.columns) for row in kinds.iter_rows(named=True)]
    labelled = kinds.with_columns(_notes=pl.Series(texts, dtype=pl.String))
    joined = keyed.join(labelled, on=key, how="left", nulls_equal=True, maintain_order="left")
    return joined["_notes"].alias("NOTES")


def _find_reported(frame: pl.DataFrame) -> pl.Expr:
    """Return which observations are not awaited: those that an office reported, and those of the region, as on the
    pages (`words.is_awaited`)."""
    if not {"N_REPORTED", "REF_AREA"} <= set(frame.columns):
        return pl.lit(True)
    return (pl.col("N_REPORTED") != 0) | (pl.col("REF_AREA").cast(pl.String) == codes.REGION)


def _describe(row: Mapping[str, Any], flow: Dataflow, *, is_count: bool) -> str:
    """Return the reason for an absent value, then the notes of an observation."""
    notes = words.Notes()
    value = row["_value"]
    cell = {
        "value": value,
        "obs_status": row.get("OBS_STATUS"),
        "conf_status": row.get("CONF_STATUS"),
        "flags": row.get("FLAGS"),
        "basis": row.get("BASIS"),
        "statistic": row.get("STATISTIC"),
        "age": row.get("AGE"),
        "person_type": row.get("PERSON_TYPE"),
        "is_total": row.get("IS_TOTAL") == "true",
        "is_additive": row.get("IS_ADDITIVE") != "false",
        "state": row.get("COMPARABILITY"),
        "interval_basis": row.get("INTERVAL_BASIS"),
        "reasons": row.get("REASONS"),
        "n_reported": None if row["_is_reported"] else 0,
    }
    texts = []
    if value is None:
        kind = words.format_count(cell).kind
        if kind in _ABSENT:
            word, explanation = words.LEGEND[kind]
            texts.append(f"{word}: {explanation}")
    if is_count:
        words.mark_notes(cell, notes)
    else:
        indicators.mark_notes(cell, notes, of=flow.bases.get(str(row.get("INDICATOR")), "count"))
    return " ".join(dict.fromkeys([*texts, *notes.texts]))
