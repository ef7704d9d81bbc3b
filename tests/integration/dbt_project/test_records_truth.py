"""Figures from records against the generator's own events, recomputed with pandas and lifelines.

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
"""Period covered by the registers of the demonstration; no return is missing."""
TERRITORIES = ("HR", "RS")
STAGES = {
    "first": ("indicted", "adjudicated_first"),
    "appeal": ("appealed", "decided_on_appeal"),
    "proceedings": ("indicted", "adjudicated_final"),
}
PAIRS = [("HR", "first"), ("HR", "appeal"), ("RS", "first"), ("RS", "appeal"), ("RS", "proceedings")]


@cache
def _events(territory: str) -> pd.DataFrame:
    """Return the events of the newest return of each period, as generated."""
    newest: dict[Any, Any] = {}
    for generated in plan.make_registers(draw_truth(), territory):
        newest[generated.series, generated.periods] = generated.events
    group = {code: row["offence_group"] for code, row in codes.read_codelist("offence").items()}
    rows = [
        (group[e.offence], e.person, e.event, pd.Timestamp(e.event_date), e.sentence_type, e.sentence_months)
        for events in newest.values()
        for e in events
    ]
    return pd.DataFrame(rows, columns=["group", "person", "event", "day", "type", "months"])


def _stays(territory: str, stage: str) -> pd.DataFrame:
    """Return group, person, start and end (NaT while open) of the first stay of each person with a recorded entry."""
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
def test_durations_equal_those_of_the_generated_events(built_home: Path, territory: str, stage: str) -> None:
    mart = _mart(built_home, "mart_duration").filter(area=territory, stage=stage, freq="_T")
    generated_stays = _stays(territory, stage)
    assert set(mart["offence_group"]) == set(generated_stays.group)
    compared = 0
    for group, people in generated_stays.groupby("group"):
        days = (people.end.fillna(LAST) - people.start).dt.days
        ended = people.end.notna()
        fitted = KaplanMeierFitter().fit(days, ended)
        rows = {row["statistic"]: row for row in mart.filter(offence_group=group).iter_rows(named=True)}
        assert rows["median"]["n_band"] == str(len(people))
        assert rows["open_share"]["value"] == pytest.approx(100 * (1 - ended.mean()))
        for name, still_open in (("median", 0.5), ("p75", 0.25), ("p90", 0.1)):
            # lifelines compares its rounded product; a hair more lets an exact half be one half.
            expected = fitted.percentile(still_open + 1e-9)
            assert rows[name]["value"] == (None if np.isinf(expected) else expected), (territory, stage, group, name)
            compared += not np.isinf(expected)
        assert rows["median"]["seen_from"] == FIRST.date() and rows["median"]["seen_until"] == LAST.date()
    assert compared >= 5


@pytest.mark.parametrize("territory", TERRITORIES)
def test_cohorts_equal_those_of_the_generated_events(built_home: Path, territory: str) -> None:
    """Count persons indicted in 2023 and convicted by the end of the eighth quarter after the indictment."""
    events = _events(territory)
    stays = _stays(territory, "first")
    mart = _mart(built_home, "mart_cohort").filter(
        area=territory, stage="first", freq="A", cohort="2023", quarters=8, statistic="conviction_ratio"
    )
    ratios = dict(mart.select("offence_group", "value").rows())
    cohort = stays[stays.start.dt.year == 2023]
    assert set(ratios) == set(cohort.group)
    for group, people in cohort.groupby("group"):
        convicted = 0
        for person in people.itertuples():
            until = (person.start.to_period("Q") + 8).end_time
            decisions = events[(events.group == group) & (events.person == person.person) & (events.day <= until)]
            decisions = decisions[decisions.event.isin(["adjudicated_first", "convicted_first", "remitted"])]
            last = decisions[decisions.day == decisions.day.max()].event.tolist() if len(decisions) else []
            convicted += "convicted_first" in last
        assert ratios[group] == pytest.approx(100 * convicted / len(people)), (territory, group)


@pytest.mark.parametrize("territory", TERRITORIES)
def test_sentences_equal_those_of_the_generated_events(built_home: Path, territory: str) -> None:
    events = _events(territory)
    sentenced = events[(events.event == "sentenced_first") & (events.day.dt.year == 2025)]
    # One per person: the later of two in the year.
    sentenced = sentenced.sort_values("day").groupby(["group", "person"]).last().reset_index()
    mart = _mart(built_home, "mart_sentence").filter(area=territory, level="first", freq="A", period="2025")
    for group, people in sentenced.groupby("group"):
        figures = dict(
            mart.filter(pl.col("statistic") != "share", offence_group=group).select("statistic", "value").rows()
        )
        assert figures["custodial_share"] == pytest.approx(100 * (people.type == "prison").mean())
        assert figures["suspended_share"] == pytest.approx(100 * (people.type == "prison_suspended").mean())
        months = people[people.type == "prison"].months
        if len(months):
            assert figures["median"] == np.quantile(months, 0.5, method="inverted_cdf")
            assert figures["p25"] == np.quantile(months, 0.25, method="inverted_cdf")


def test_public_figures_are_the_restricted_ones_rounded(built_home: Path) -> None:
    key = ["area", "source", "offence_group", "stage", "freq", "entered", "statistic"]
    inside, outside = _mart(built_home, "mart_duration"), _mart(built_home, "mart_duration", "public")
    compared = outside.filter(pl.col("value").is_not_null()).join(inside, on=key, suffix="_inside")
    step = pl.when(pl.col("unit_measure") == "D").then(5.0).otherwise(2.5)
    assert compared.height > 20
    assert compared.filter((pl.col("value") - pl.col("value_inside")).abs() > step + 1e-9).is_empty()
    assert not outside.filter(pl.col("n_band").str.contains(r"^\d+$")).height, "no number of persons is public"


def test_durations_and_disposition_times_are_separate_marts(built_home: Path) -> None:
    """Separate both kinds of figures: no metric or model has both, and no mart has rows of the other."""
    kinds = {metric.id: metric.kind for metric in metrics.load()}
    of_kind = {kind: {m.model for m in metrics.load() if m.kind == kind} for kind in ("duration", "disposition")}
    assert of_kind["duration"] == {"mart_duration"} and not of_kind["duration"] & of_kind["disposition"]
    for side in ("restricted", "public"):
        for table, kind in (
            ("mart_duration", "duration"), ("mart_pending", "pending"), ("mart_cohort", "cohort"),
        ):  # fmt: skip
            metric_ids = set(_mart(built_home, table, side)["metric"])
            assert metric_ids and {kinds[metric_id] for metric_id in metric_ids} == {kind}, table
