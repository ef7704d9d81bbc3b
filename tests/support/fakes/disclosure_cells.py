"""Cells of the programme, for tests of the disclosure control."""

from __future__ import annotations

import polars as pl

from pipelines.publication.disclosure import structure


def build_cell(
    area: str, value: float | None, *, kind: str = "territory", period: str = "2024", **over: object
) -> dict[str, object]:
    """Return a total of convictions in trafficking cases of one area; a period with `-Q` is a quarter."""
    row: dict[str, object] = dict.fromkeys(structure.DETAIL, "_T")
    row |= {
        "area_kind": kind,
        "area": area,
        "territory": area,
        "freq": "Q" if "-Q" in period else "A",
        "period": period,
        "measure": "convicted_first",
        "level": "first",
        "count_unit": "person",
        "statistic": "count",
        "offence_group": "TIP",
        "value": value,
        "obs_status": "A",
        "flags": None,
        "reporters": area,
        "is_additive": True,
        "table_id": "t",
    }
    return row | over


def build_frame(*rows: dict[str, object]) -> pl.DataFrame:
    """Return cells as the table that the disclosure control takes."""
    return pl.DataFrame(list(rows), infer_schema_length=None).with_columns(pl.col("value").cast(pl.Float64))


def build_region(value: float, reporters: str, **over: object) -> dict[str, object]:
    """Return the same total for the region, with the territories that are in it."""
    return build_cell("WB", value, kind="region", reporters=reporters, **over)


def hidden_of(protected: pl.DataFrame) -> list[bool]:
    """Return for each row of protected cells whether its value is hidden."""
    return (protected["conf_status"] != "F").to_list()


def build_release(counts: dict[str, float], period: str = "2024") -> pl.DataFrame:
    """Return the totals of some areas and of the region they make up."""
    cells = [build_cell(area, value, period=period) for area, value in counts.items()]
    return build_frame(*cells, build_region(sum(counts.values()), ",".join(counts), period=period))
