"""Figures from records against the generator's own events, computed anew with pandas and lifelines.

What is meant comes from the events that the generator wrote into the registers, person by person: its persons have one
matter each, so that no linking of proceedings is needed.  What is found comes from the restricted and the public
indicators of the session's home.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pytest
from lifelines import KaplanMeierFitter

from pipelines.core import codes
from pipelines.warehouse.metrics import metrics
from tests.samples import plan
from tests.samples.truth import draw_truth

FIRST, LAST = pd.Timestamp("2022-10-01"), pd.Timestamp("2026-09-30")
"""What the registers of the demonstration hold; no return is missing."""
TERRITORIES = ("HR", "RS")
STAGES = {
    "first": ("indicted", "adjudicated_first"),
    "appeal": ("appealed", "decided_on_appeal"),
    "proceedings": ("indicted", "adjudicated_final"),
}
PAIRS = [("HR", "first"), ("HR", "appeal"), ("RS", "first"), ("RS", "appeal"), ("RS", "proceedings")]


@cache
def _events(territory: str) -> pd.DataFrame:
    """The newest return of each period, as the generator meant it."""
    newest: dict[Any, Any] = {}
    for made in sorted(plan.make_returns(draw_truth(), [territory]), key=lambda one: one.received_at):
        if made.events:
            newest[made.series, made.periods] = made.events
    group = {code: row["offence_group"] for code, row in codes.read_codelist("offence").items()}
    rows = [
        (group[e.offence], e.person, e.event, pd.Timestamp(e.event_date), e.sentence_type, e.sentence_months)
        for events in newest.values()
        for e in events
    ]
    return pd.DataFrame(rows, columns=["group", "person", "event", "day", "type", "months"])


def _stays(territory: str, stage: str) -> pd.DataFrame:
    """Group, person, start, end (NaT while open): the first stay of each person whose entry is in the records."""
    opens, ends = STAGES[stage]
    events = _events(territory)
    entry = events[events.event == opens].groupby(["group", "person"]).day.min().rename("start").reset_index()
    exits = events[events.event == ends].merge(entry, on=["group", "person"])
    exits = exits[exits.day >= exits.start].groupby(["group", "person"]).day.min().rename("end").reset_index()
    return entry.merge(exits, on=["group", "person"], how="left")


def _mart(home: Path, table: str, side: str = "restricted") -> pl.DataFrame:
    path = home / "restricted" / "warehouse" / "indicators-restricted.duckdb"
    if side == "public":
        path = next((home / "restricted" / "protected").glob("*/indicators.duckdb"))
    with duckdb.connect(str(path), read_only=True) as connection:
        return connection.sql(f"select * from {table}").pl()


@pytest.mark.parametrize(("territory", "stage"), PAIRS)
def test_durations_are_those_of_the_generators_events(built_home: Path, territory: str, stage: str) -> None:
    mart = _mart(built_home, "mart_duration").filter(area=territory, stage=stage, freq="_T")
    meant = _stays(territory, stage)
    assert set(mart["offence_group"]) == set(meant.group)
    compared = 0
    for group, people in meant.groupby("group"):
        days = (people.end.fillna(LAST) - people.start).dt.days
        ended = people.end.notna()
        fitted = KaplanMeierFitter().fit(days, ended)
        found = {row["statistic"]: row for row in mart.filter(offence_group=group).iter_rows(named=True)}
        assert found["median"]["n_band"] == str(len(people))
        assert found["open_share"]["value"] == pytest.approx(100 * (1 - ended.mean()))
        for name, still_open in (("median", 0.5), ("p75", 0.25), ("p90", 0.1)):
            # lifelines compares its rounded product; a hair more lets an exact half be one half.
            wanted = fitted.percentile(still_open + 1e-9)
            assert found[name]["value"] == (None if np.isinf(wanted) else wanted), (territory, stage, group, name)
            compared += not np.isinf(wanted)
        assert found["median"]["seen_from"] == FIRST.date() and found["median"]["seen_until"] == LAST.date()
    assert compared >= 5


@pytest.mark.parametrize("territory", TERRITORIES)
def test_cohorts_are_those_of_the_generators_events(built_home: Path, territory: str) -> None:
    """Indicted in 2023, and convicted by the end of the eighth quarter after the quarter of the indictment."""
    events = _events(territory)
    stays = _stays(territory, "first")
    mart = _mart(built_home, "mart_cohort").filter(
        area=territory, stage="first", freq="A", cohort="2023", quarters=8, statistic="conviction_ratio"
    )
    found = dict(mart.select("offence_group", "value").rows())
    cohort = stays[stays.start.dt.year == 2023]
    assert set(found) == set(cohort.group)
    for group, people in cohort.groupby("group"):
        convicted = 0
        for one in people.itertuples():
            until = (one.start.to_period("Q") + 8).end_time
            mine = events[(events.group == group) & (events.person == one.person) & (events.day <= until)]
            mine = mine[mine.event.isin(["adjudicated_first", "convicted_first", "remitted"])]
            last = mine[mine.day == mine.day.max()].event.tolist() if len(mine) else []
            convicted += "convicted_first" in last
        assert found[group] == pytest.approx(100 * convicted / len(people)), (territory, group)


@pytest.mark.parametrize("territory", TERRITORIES)
def test_sentences_are_those_of_the_generators_events(built_home: Path, territory: str) -> None:
    events = _events(territory)
    sentenced = events[(events.event == "sentenced_first") & (events.day.dt.year == 2025)]
    # One a person: of two in the year the later.
    sentenced = sentenced.sort_values("day").groupby(["group", "person"]).last().reset_index()
    mart = _mart(built_home, "mart_sentence").filter(area=territory, level="first", freq="A", period="2025")
    for group, people in sentenced.groupby("group"):
        found = dict(
            mart.filter(pl.col("statistic") != "share", offence_group=group).select("statistic", "value").rows()
        )
        assert found["custodial_share"] == pytest.approx(100 * (people.type == "prison").mean())
        assert found["suspended_share"] == pytest.approx(100 * (people.type == "prison_suspended").mean())
        months = people[people.type == "prison"].months
        if len(months):
            assert found["median"] == np.quantile(months, 0.5, method="inverted_cdf")
            assert found["p25"] == np.quantile(months, 0.25, method="inverted_cdf")


def test_public_figures_are_the_restricted_ones_rounded(built_home: Path) -> None:
    key = ["area", "source", "offence_group", "stage", "freq", "entered", "statistic"]
    inside, outside = _mart(built_home, "mart_duration"), _mart(built_home, "mart_duration", "public")
    both = outside.filter(pl.col("value").is_not_null()).join(inside, on=key, suffix="_inside")
    step = pl.when(pl.col("unit_measure") == "D").then(5.0).otherwise(2.5)
    assert both.height > 20
    assert both.filter((pl.col("value") - pl.col("value_inside")).abs() > step + 1e-9).is_empty()
    assert not outside.filter(pl.col("n_band").str.contains(r"^\d+$")).height, "no number of persons is public"


def test_no_duration_stands_with_a_disposition_time(built_home: Path) -> None:
    """Two kinds of figures: no metric is both, no model makes both, no row of one is in the mart of the other."""
    kinds = {metric.id: metric.kind for metric in metrics.load()}
    of_kind = {kind: {m.model for m in metrics.load() if m.kind == kind} for kind in ("duration", "disposition")}
    assert of_kind["duration"] == {"mart_duration"} and not of_kind["duration"] & of_kind["disposition"]
    for side in ("restricted", "public"):
        for table, kind in (
            ("mart_duration", "duration"), ("mart_pending", "pending"), ("mart_cohort", "cohort"),
        ):  # fmt: skip
            named = set(_mart(built_home, table, side)["metric"])
            assert named and {kinds[one] for one in named} == {kind}, table
