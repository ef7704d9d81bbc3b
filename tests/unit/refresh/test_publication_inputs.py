"""Which returns a release marks as published: also those behind its figures from records."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from pipelines.refresh.publication_inputs import find_returns_behind_records

TABLES = ("duration", "pending", "cohort", "sentence")


def _release(folder: Path, values: dict[str, float | None]) -> Path:
    """Write the data of a release: a duration of each office (with or without a value), and five returns."""
    who = {"territory": [name.partition("_")[0] for name in values], "source": list(values)}
    for table in TABLES:
        rows = pl.DataFrame({**who, "value": pl.Series(values.values(), dtype=pl.Float64)})
        (rows if table == "duration" else rows.clear()).write_parquet(folder / f"{table}.parquet")
    returns = [
        ("S1", "AA", "AA_COURTS", "register"),
        ("S2", "AA", "AA_COURTS", "register"),
        ("S3", "AA", "AA_OFFICE", "justice"),
        ("S4", "BB", "BB_COURTS", "register"),
        ("S5", "AA", "AA_COURTS", "justice"),
    ]
    columns = ["submission_id", "territory", "source", "instrument"]
    pl.DataFrame(returns, schema=columns, orient="row").write_parquet(folder / "submission.parquet")
    return folder


def test_returns_behind_a_figure_from_records_are_those_of_its_register(tmp_path: Path) -> None:
    data = _release(tmp_path, {"AA_COURTS": 210.0, "BB_COURTS": None})
    everything = ["S1", "S2", "S3", "S4", "S5", "S6 came after the draft"]
    assert find_returns_behind_records(data, everything) == {"S1", "S2"}


def test_replaced_returns_and_offices_without_published_figures_are_not_marked(tmp_path: Path) -> None:
    data = _release(tmp_path, {"AA_COURTS": 210.0, "BB_COURTS": None})
    assert find_returns_behind_records(data, ["S2", "S4"]) == {"S2"}
    assert (
        find_returns_behind_records(_release(tmp_path, {"AA_COURTS": None, "BB_COURTS": None}), ["S1", "S4"]) == set()
    )
