"""Polars schemas of the three long tables (observations, case events, findings) and their keys.

Codes are declared in `dbt_project/seeds/codelists/`; `docs/naming.md` explains each column.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import polars as pl

from pipelines.core.codes import COOPERATION_DIMENSIONS

OBSERVATION: dict[str, pl.DataType] = {
    # reporter
    "territory": pl.String(),
    "jurisdiction": pl.String(),
    "instrument": pl.String(),
    "source": pl.String(),  # reporting body (office id); for `reference`: publisher and edition
    # time
    "freq": pl.String(),  # Q or A
    "period": pl.String(),  # 2026-Q3 or 2026
    "period_start": pl.Date(),
    "period_end": pl.Date(),
    "accumulation": pl.String(),
    "date_basis": pl.String(),
    # measure
    "measure": pl.String(),
    "level": pl.String(),
    "count_unit": pl.String(),
    "statistic": pl.String(),
    "unit_measure": pl.String(),
    # breakdowns
    "offence": pl.String(),
    "law_article": pl.String(),  # the office's article, `_Z` if not stated
    "person_type": pl.String(),
    "victim_status": pl.String(),
    "sex": pl.String(),
    "age": pl.String(),
    "age_basis": pl.String(),
    "exploitation": pl.String(),
    "citizenship": pl.String(),
    "sentence_type": pl.String(),
    "sentence_band": pl.String(),
    "partner": pl.String(),  # the other party of international cooperation
    # international cooperation (`codes.COOPERATION_DIMENSIONS`); `_Z` for all other measures
    "direction": pl.String(),
    "assistance": pl.String(),
    "legal_basis": pl.String(),
    "channel": pl.String(),
    "refusal_reason": pl.String(),
    "days_band": pl.String(),
    # value
    "value": pl.Float64(),  # null with obs_status O, L, M or Q
    "obs_status": pl.String(),
    "conf_status": pl.String(),
    "notes": pl.String(),  # note marks and declared notes, joined by "; "
    "place": pl.String(),  # str(Where): sheet and cell, page and box, line
    "label": pl.String(),  # the labels read for it: heading path | row path
    # lineage
    "form": pl.String(),
    "submission_id": pl.String(),
    "origin_submission_id": pl.String(),  # differs where a patch carried the row over from an earlier submission
}

OBSERVATION_KEY: tuple[str, ...] = tuple(OBSERVATION)[: list(OBSERVATION).index("value")]
"""Unique with `form` and `submission_id`."""

CASE_EVENT: dict[str, pl.DataType] = {
    "territory": pl.String(),
    "jurisdiction": pl.String(),
    "source": pl.String(),
    "freq": pl.String(),
    "period": pl.String(),
    "proceeding": pl.String(),  # the office's pseudonym, stable across returns
    "person": pl.String(),  # `_Z` where the record is a request
    "event": pl.String(),  # a code of measure
    "level": pl.String(),
    "event_date": pl.Date(),
    "cutoff_date": pl.Date(),
    "offence": pl.String(),
    "law_article": pl.String(),
    "sex": pl.String(),
    "age": pl.String(),
    "sentence_type": pl.String(),
    "sentence_months": pl.Float64(),
    # formal requests (instrument `requests`); `_Z` for all other records
    "partner": pl.String(),
    "direction": pl.String(),
    "assistance": pl.String(),
    "place": pl.String(),
    "form": pl.String(),
    "submission_id": pl.String(),
    "origin_submission_id": pl.String(),
}

CASE_EVENT_KEY: tuple[str, ...] = (
    "territory",
    "jurisdiction",
    "source",
    "proceeding",
    "person",
    "event",
    "level",
    "event_date",
    "offence",
)

BLOCK_KEY: tuple[str, ...] = ("jurisdiction", "instrument", "form", "freq", "period")
"""Key of a block together with `submission_id`; a newer submission supersedes whole blocks."""

DECLARED_SUM: dict[str, pl.DataType] = {
    "place": pl.String(),  # of the total
    "label": pl.String(),
    "dim": pl.String(),  # the dimension over which the parts are added
    "total": pl.Float64(),
    "added": pl.Float64(),
    "whole": pl.Boolean(),  # every part is present with a value; else the total must be at least the sum of the parts
    "severity": pl.String(),  # as the form declares it
    "parts": pl.String(),  # the first parts with their places, as text; empty if the sum is correct
    # Every part, printed totals that are not kept as observations included.
    "cells": pl.List(pl.Struct({"place": pl.String(), "label": pl.String(), "value": pl.Float64()})),
}

FINDING: dict[str, pl.DataType] = {
    "submission_id": pl.String(),
    "rule": pl.String(),
    "severity": pl.String(),
    "params": pl.String(),  # JSON object
    "where": pl.String(),  # JSON object of Where.as_dict()
    "seen": pl.String(),
    "expected": pl.String(),
    "scope": pl.String(),  # file | history
    "finding_key": pl.String(),  # `Finding.key`: stable over re-checks; justifications refer to it
}


FACT_SCHEMAS: Mapping[str, dict[str, pl.DataType]] = {"observation": OBSERVATION, "case_event": CASE_EVENT}
"""The tables of facts, each with one Parquet file for each submission."""


def complete_rows(frame: pl.DataFrame, schema: Mapping[str, pl.DataType]) -> pl.DataFrame:
    """Return observations or case events with all columns of their schema, in its order.

    Facts that were stored before international cooperation was collected lack its dimensions, or have nulls in them
    after they were read together with newer ones; these become `_Z`.
    """
    return frame.with_columns(
        pl.col(name).fill_null("_Z") if name in frame.columns else pl.lit("_Z", pl.String()).alias(name)
        for name in ("partner", *COOPERATION_DIMENSIONS)
        if name in schema
    ).select(list(schema))


def empty_table(schema: dict[str, pl.DataType]) -> pl.DataFrame:
    """Return an empty table with a schema of this module."""
    return _make_empty_table(tuple(schema.items())).clone()


@cache
def _make_empty_table(columns: tuple[tuple[str, pl.DataType], ...]) -> pl.DataFrame:
    """Make an empty table; it takes 0.3 ms, and checking one return needs dozens."""
    return pl.DataFrame(schema=dict(columns))


OBS_STATUS_OF_SIGN: Mapping[str, tuple[float | None, str, str]] = {
    "zero": (0.0, "A", "F"),
    "not_applicable": (None, "M", "F"),
    "not_available": (None, "O", "F"),
    "not_collected": (None, "L", "F"),
    "confidential": (None, "Q", "C"),
    "below_half_unit": (0.0, "U", "F"),
}
"""Meaning of a declared sign -> (value, obs_status, conf_status). The four reasons for "no number" stay distinct."""
