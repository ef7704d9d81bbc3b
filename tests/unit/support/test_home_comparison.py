"""The comparison of two homes reports a changed value, a lost column and a lost row."""

from __future__ import annotations

import polars as pl

from tests.support.home_comparison import compare_frames

OLD = pl.DataFrame({"cell_id": [1, 2], "area": ["AL", "MK"], "value": [5.0, None]})


def test_compare_frames_ignores_order_added_columns_and_surrogates() -> None:
    new = OLD.reverse().with_columns(cell_id=pl.Series(["a", "b"]), is_total=True)
    assert list(compare_frames("cell", OLD, new)) == []


def test_compare_frames_reports_changed_value() -> None:
    new = OLD.with_columns(value=pl.Series([5.0, 0.0]))
    first, *rows = compare_frames("cell", OLD, new)
    assert first == "cell: 1 rows only in the old version, 1 only in the new one"
    assert len(rows) == 2


def test_compare_frames_reports_repeated_row() -> None:
    assert list(compare_frames("cell", OLD, pl.concat([OLD, OLD.head(1)])))


def test_compare_frames_reports_lost_column() -> None:
    assert list(compare_frames("cell", OLD, OLD.drop("value"))) == ["cell: columns value are missing"]
