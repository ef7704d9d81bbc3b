"""`rti metadata` in a home that was refreshed: the quality report is filled with what was measured there."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from pipelines.cli.main import main
from pipelines.core import clock, home
from pipelines.publication import measured_quality
from pipelines.warehouse.metadata.esms import GENERIC
from pipelines.warehouse.quality import quality_table
from pipelines.warehouse.quality.vintages import SERIES

ENDS = {
    **dict.fromkeys((*SERIES, "instrument", "period", "total_of"), pl.String()),
    "earlier": pl.Float64(),
    "later": pl.Float64(),
}


def test_the_quality_report_has_the_measured_figures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from lxml import etree

    made = home.initialise_home(tmp_path / "data", "demonstration")
    row = {
        "territory": "RS", "jurisdiction": "RS", "instrument": "justice", "source": "RS_SORS", "freq": "Q",
        "period": "2026-Q1", "deadline": date(2026, 5, 15), "is_reported": True, "is_nil": False, "is_due": True,
        "first_received_at": clock.parse_time("2026-05-18T09:00:00Z").replace(tzinfo=None),
        "final_on": date(2026, 6, 14),
        "cells_required": 8, "cells_provided": 6,
    }  # fmt: skip
    office = {"jurisdiction": "RS", "instrument": "justice", "source": "RS_SORS", "freq": "Q", "period": "2026-Q1"}
    days = [("2026-Q1", date(2026, 6, 1)), ("2026-Q1.1", date(2026, 6, 20))]
    publications = pl.DataFrame([{"release": name, "published_on": day, **office} for name, day in days])
    rows = quality_table.build_quality_table(
        pl.DataFrame([row]), publications, [], date(2026, 7, 1), revisions=pl.DataFrame(schema=ENDS)
    )
    measured_quality.write_tables(measured_quality.quality_folder(made), {"mart_quality": rows})
    monkeypatch.setenv("RTI_HOME", str(made.root))

    def told(*arguments: str) -> dict[str, str]:
        out = tmp_path / "rs.xml"
        assert main(["metadata", "RS", "--format", "esqrs", "-o", str(out), *arguments]) == 0
        found = etree.parse(str(out)).iter(f"{{{GENERIC}}}ReportedAttribute")
        return {str(e.get("id")): str(e.get("value")) for e in found if e.get("value") is not None}

    figures = told()
    assert figures == told("--instrument", "justice")
    # The quarter ended on 31 March: out after 62 days, as final after 81; 3 days late; 6 of 8 cells.
    assert (figures["TIMELAG_FIRST"], figures["TIMELAG_FINAL"]) == ("62", "81")
    assert (figures["PUNCTUALITY_DAYS"], figures["PUNCTUALITY_RATE"], figures["COMPLETENESS_RATE"]) == (
        "3",
        "0",
        "0.75",
    )
    assert (figures["COMPAR_LENGTH"], figures["DATA_REV_AVGSIZE"]) == ("1", "n/a")
    assert main(["metadata", "RS", "--format", "esqrs", "--instrument", "victims"]) == 3


def test_a_break_ends_the_comparable_series_and_a_gap_does_too() -> None:
    periods = ["2025-Q1", "2025-Q2", "2025-Q3", "2025-Q4", "2026-Q1"]
    row = {
        "territory": "RS", "jurisdiction": "RS", "instrument": "justice", "source": "RS_SORS", "freq": "Q",
        "deadline": date(2026, 5, 15), "is_nil": False, "is_due": True, "first_received_at": None,
        "final_on": date(2026, 6, 14), "cells_required": 1, "cells_provided": 1,
    }  # fmt: skip
    rows = pl.DataFrame([row | {"period": p, "is_reported": p != "2025-Q1"} for p in periods])
    rows = rows.with_columns(pl.col("first_received_at").cast(pl.Datetime))

    def lengths(*breaks: quality_table.Break) -> list[float]:
        arrived = rows.with_columns(
            first_received_at=pl.lit(clock.parse_time("2026-05-01T00:00:00Z").replace(tzinfo=None))
        )
        made = quality_table.build_quality_table(
            arrived, pl.DataFrame(schema=quality_table.PUBLICATION), breaks, date(2026, 7, 1),
            revisions=pl.DataFrame(schema=ENDS),
        )  # fmt: skip
        chosen = made.filter(
            (pl.col("indicator") == "COMPAR_LENGTH") & (pl.col("instrument") == "justice") & (pl.col("freq") == "Q")
        )
        return chosen.sort("period")["value"].to_list()

    assert lengths() == [0, 1, 2, 3, 4]
    assert lengths(quality_table.Break("RS", date(2025, 10, 1))) == [0, 1, 2, 1, 2]
    assert lengths(quality_table.Break("BA", date(2025, 10, 1))) == [0, 1, 2, 3, 4]
