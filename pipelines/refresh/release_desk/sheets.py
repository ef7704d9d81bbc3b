"""The sheet that a territory signs: its figures in the draft, what changed since the release before, and caveats.

Everything is read from the draft and from the release before it, so a sheet shows no withheld figure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from pipelines.core import codes
from pipelines.core.home import Home
from pipelines.declarations.registry import Registry
from pipelines.publication.releases.manifest import read_manifest
from pipelines.publication.releases.public_texts import clean_text, name_offices

Row = dict[str, Any]
_NEWEST_YEARS = 2
_FIGURE = ("area", "freq", "period", "offence_group", "measure", "level", "statistic", "count_unit", "victim_status")


@dataclass(frozen=True)
class TerritorySheet:
    """The sheet of one territory.

    `figures` are the totals of the newest quarter and years, the newest first, with `value`, `obs_status`,
    `conf_status` and `before` (the value in the release before); `changes` are rows of the table `change`; `notes` are
    texts; `missing` are the returns that the draft lacks; `withheld` counts its withheld cells.
    """

    territory: str
    release: str
    figures: Sequence[Row]
    changes: Sequence[Row]
    notes: Sequence[str]
    missing: Sequence[Row]
    withheld: int


def make_sheet(home: Home, draft: Path, territory: str, registry: Registry) -> TerritorySheet:
    """Return the sheet of a territory for a draft.

    Notes have no internal words, even if the draft has them. `registry` has the names of offices that they mention.
    """
    cells = _read(draft, "cell").filter(pl.col("territory") == territory)
    changes = _read(draft, "change").filter(pl.col("area").str.starts_with(territory))
    notes = _read(draft, "note").filter((pl.col("territory") == territory) & (pl.col("kind") != "name"))
    coverage = _read(draft, "coverage").filter(
        (pl.col("territory") == territory) & pl.col("is_due") & ~pl.col("is_reported")
    )
    previous = read_manifest(draft).get("previous")
    before = _read(home.releases / previous, "cell") if previous is not None else cells.clear()
    names = name_offices(registry)
    return TerritorySheet(
        territory,
        draft.name,
        _list_figures(cells, before),
        changes.sort("change", "period", descending=[False, True]).to_dicts(),
        list(dict.fromkeys(clean_text(text, names) for text in notes["text"])),
        coverage.select("source", "instrument", "period", "deadline").sort("period", "source").to_dicts(),
        cells.unique("cell_id").filter(pl.col("conf_status") == "C").height,
    )


def _list_figures(cells: pl.DataFrame, before: pl.DataFrame) -> list[Row]:
    totals = cells.filter(
        pl.col("is_total") & (pl.col("area_kind") == "territory") & pl.col("freq").is_in(["Q", "A"])
    ).unique("cell_id", keep="first", maintain_order=True)
    years = totals.filter(pl.col("freq") == "A")["period"].unique().sort()[-_NEWEST_YEARS:]
    quarters = totals.filter(pl.col("freq") == "Q")["period"].unique().sort()[-1:]
    earlier = before.unique("cell_id", keep="first").select("cell_id", before="value")
    order = {
        (name, code): place
        for name in ("offence_group", "count_unit", "measure", "level", "statistic", "victim_status")
        for place, code in enumerate(codes.list_codes(name))
    }
    chosen = totals.filter(pl.col("period").is_in([*years, *quarters])).join(earlier, on="cell_id", how="left")
    rows = chosen.select(*_FIGURE, "value", "obs_status", "conf_status", "before").to_dicts()
    periods = sorted({row["period"] for row in rows}, reverse=True)

    def find_place(row: Row) -> tuple[int, ...]:
        def find_number(*names: str) -> list[int]:
            return [order[name, row[name]] for name in names]

        first, last = ("offence_group", "count_unit"), ("measure", "level", "statistic", "victim_status")
        return *find_number(*first), periods.index(row["period"]), *find_number(*last)

    return sorted(rows, key=find_place)


def _read(folder: Path, table: str) -> pl.DataFrame:
    return pl.read_parquet(folder / "data" / f"{table}.parquet")
