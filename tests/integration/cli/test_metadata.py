"""Tests of `rti metadata` in a refreshed home: the quality report has the measured figures."""

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


def test_quality_report_has_the_measured_figures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from lxml import etree

    demonstration = home.initialise_home(tmp_path / "data", "demonstration")
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
    measured_quality.write_tables(measured_quality.quality_folder(demonstration), {"mart_quality": rows})
    monkeypatch.setenv("RTI_HOME", str(demonstration.root))

    def read_report(*arguments: str) -> dict[str, str]:
        output_path = tmp_path / "rs.xml"
        assert main(["metadata", "RS", "--format", "esqrs", "-o", str(output_path), *arguments]) == 0
        attributes = etree.parse(str(output_path)).iter(f"{{{GENERIC}}}ReportedAttribute")
        return {str(e.get("id")): str(e.get("value")) for e in attributes if e.get("value") is not None}

    figures = read_report()
    assert figures == read_report("--instrument", "justice")
    # The quarter ended on 31 March: published after 62 days, final after 81; 3 days late; 6 of 8 cells.
    assert (figures["TIMELAG_FIRST"], figures["TIMELAG_FINAL"]) == ("62", "81")
    assert (figures["PUNCTUALITY_DAYS"], figures["PUNCTUALITY_RATE"], figures["COMPLETENESS_RATE"]) == (
        "3",
        "0",
        "0.75",
    )
    assert (figures["COMPAR_LENGTH"], figures["DATA_REV_AVGSIZE"]) == ("1", "n/a")
    assert main(["metadata", "RS", "--format", "esqrs", "--instrument", "victims"]) == 3


def test_comparable_length_restarts_after_a_break_or_a_gap() -> None:
    periods = ["2025-Q1", "2025-Q2", "2025-Q3", "2025-Q4", "2026-Q1"]
    row = {
        "territory": "RS", "jurisdiction": "RS", "instrument": "justice", "source": "RS_SORS", "freq": "Q",
        "deadline": date(2026, 5, 15), "is_nil": False, "is_due": True, "first_received_at": None,
        "final_on": date(2026, 6, 14), "cells_required": 1, "cells_provided": 1,
    }  # fmt: skip
    rows = pl.DataFrame([row | {"period": p, "is_reported": p != "2025-Q1"} for p in periods])
    rows = rows.with_columns(pl.col("first_received_at").cast(pl.Datetime))

    def compute_lengths(*breaks: quality_table.ComparabilityBreak) -> list[float]:
        arrived = rows.with_columns(
            first_received_at=pl.lit(clock.parse_time("2026-05-01T00:00:00Z").replace(tzinfo=None))
        )
        quality = quality_table.build_quality_table(
            arrived, pl.DataFrame(schema=quality_table.PUBLICATION), breaks, date(2026, 7, 1),
            revisions=pl.DataFrame(schema=ENDS),
        )  # fmt: skip
        justice_rows = quality.filter(
            (pl.col("indicator") == "COMPAR_LENGTH") & (pl.col("instrument") == "justice") & (pl.col("freq") == "Q")
        )
        return justice_rows.sort("period")["value"].to_list()

    assert compute_lengths() == [0, 1, 2, 3, 4]
    assert compute_lengths(quality_table.ComparabilityBreak("RS", date(2025, 10, 1))) == [0, 1, 2, 1, 2]
    assert compute_lengths(quality_table.ComparabilityBreak("BA", date(2025, 10, 1))) == [0, 1, 2, 3, 4]
