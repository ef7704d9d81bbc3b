"""Figures of cooperation in the demonstration release: those of the marts, and what readers can work out from them."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import polars as pl
import pytest
import yaml

from pipelines.core.home import open_home
from pipelines.ledger import queries, supersession
from pipelines.ledger.opening import open_ledger
from pipelines.publication.cooperation import cells, figures, protect
from pipelines.publication.releases.publish import find_current_release
from pipelines.warehouse import count_builds
from tests.oracles import cooperation_attack as attack
from tests.support.paths import ROOT

_BOOK = ["territory", "offence_group", "year", "direction"]
_PAIR = ["sent_by", "received_by", "year", "offence_group"]


@pytest.fixture(scope="module")
def marts(built_home: Path) -> dict[str, pl.DataFrame]:
    import duckdb

    counts = count_builds.latest_counts(open_home(built_home))
    assert counts is not None
    names = ("mart_cooperation", "mart_cooperation_return", "mart_cooperation_share", "mart_mirror")
    with duckdb.connect(str(counts), read_only=True) as connection:
        return {name: connection.sql(f"select * from {name}").pl() for name in names}


@pytest.fixture(scope="module")
def tables(built_home: Path) -> dict[str, pl.DataFrame]:
    release = find_current_release(open_home(built_home))
    assert release is not None
    return {name: pl.read_parquet(release / "data" / f"{name}.parquet") for name in figures.COOPERATION_TABLES}


@pytest.fixture(scope="module")
def unprotected(marts: dict[str, pl.DataFrame]) -> pl.DataFrame:
    chosen = cells.select_cells(marts["mart_cooperation"])
    return protect.read_public(chosen.with_columns(conf_status=pl.lit("F")))


def test_mirror_pairs_of_all_figures_are_those_of_the_mart(
    marts: dict[str, pl.DataFrame], unprotected: pl.DataFrame
) -> None:
    mart = marts["mart_mirror"].filter(assistance="_T").rename({"sender": "sent_by", "receiver": "received_by"})
    territories = mart["sent_by"].unique().sort().to_list()
    mirror = figures.build_mirror(unprotected, marts["mart_cooperation"], marts["mart_cooperation_return"], territories)
    compared = [*_PAIR, "sent", "received", "difference", "state", "reasons"]
    assert mirror.height == 42 * 2 * 2
    assert mirror.select(compared).sort(_PAIR).rows() == mart.select(compared).sort(_PAIR).rows()
    joined = mirror.join(mart, on=_PAIR, suffix="_mart")
    for name in ("ratio", "low", "high"):
        assert joined.filter(pl.col(name).is_null() != pl.col(f"{name}_mart").is_null()).is_empty()
        assert joined.select((pl.col(name) - pl.col(f"{name}_mart")).abs().max()).item() < 1e-9


def test_shares_executed_of_all_figures_are_those_of_the_mart(
    marts: dict[str, pl.DataFrame], unprotected: pl.DataFrame
) -> None:
    outcomes = figures.build_outcomes(unprotected, marts["mart_cooperation"])
    mart = marts["mart_cooperation_share"].filter(freq="A", partner="_T", assistance="_T")
    for direction in ("incoming", "outgoing"):
        joined = outcomes.filter(direction=direction).join(mart, on=_BOOK[:-1], suffix="_mart")
        assert joined.height == 26
        for name in ("share", "low", "high"):
            assert joined.select((pl.col(name) - pl.col(f"{direction}_{name}")).abs().max()).item() < 1e-9


_PROJECT = yaml.safe_load((ROOT / "dbt_project" / "dbt_project.yml").read_text(encoding="utf-8"))
_UNPUBLISHED = set(_PROJECT["vars"]["unreleased_instruments"])


def test_publication_marks_the_current_returns_of_each_instrument_with_figures(built_home: Path) -> None:
    engine = open_ledger(open_home(built_home))
    current = sorted(set(supersession.accepted_blocks(engine).values()))
    states: dict[str | None, set[str]] = defaultdict(set)
    for row in queries.list_submissions(engine, ids=current):
        states[row.instrument].add(row.state)
    assert states == {
        instrument: {"approved" if instrument in _UNPUBLISHED else "published"}
        for instrument in ("justice", "victims", "register", "cooperation", "requests")
    }


def test_figures_on_cooperation_lead_to_the_returns_that_count(
    built_home: Path, tables: dict[str, pl.DataFrame]
) -> None:
    release = find_current_release(open_home(built_home))
    assert release is not None
    links = pl.read_parquet(release / "data" / "cooperation_submission.parquet")
    linked = set(links.select("territory", "year", "quarter").iter_rows())
    for table in cells.PUBLISHED:
        for row in tables[table].iter_rows(named=True):
            years = range(row.get("since", row["year"]), row["year"] + 1)
            for reporter in (row.get("reporters") or row["territory"]).split(","):
                # A sum over several years may contain only some years of a territory.
                assert any((reporter, year, row.get("quarter", 0)) in linked for year in years), row
    reported = pl.read_parquet(release / "data" / "cooperation_return.parquet").select("territory", "year")
    assert set(reported.iter_rows()) == set(links.filter(quarter=0).select("territory", "year").iter_rows())
    returns = pl.read_parquet(release / "data" / "submission.parquet")
    listed = returns.filter(instrument="cooperation")
    assert set(links["submission_id"]) == set(listed["submission_id"])
    assert listed["is_nil"].null_count() == listed["kind"].null_count() == listed.height > 0
    assert not set(returns["instrument"]) & _UNPUBLISHED


@pytest.mark.parametrize("name", cells.PUBLISHED)
def test_release_withholds_small_requests_and_shows_figures_of_the_mart(
    name: str, tables: dict[str, pl.DataFrame], unprotected: pl.DataFrame
) -> None:
    of_table = unprotected.filter(pl.col("table_id").is_in(cells.PUBLISHED[name][0]))
    joined = tables[name].join(of_table, on="cooperation_id", suffix="_true", validate="1:1")
    assert joined.height == tables[name].height == of_table.height > 0
    has_partners = name in ("cooperation", "cooperation_type", "cooperation_quarter")
    least = 5 if has_partners else 10
    assert joined.filter(pl.col("value_true").is_between(1, least - 1), pl.col("value").is_not_null()).is_empty()
    assert joined.filter(pl.col("value").is_not_null(), pl.col("value") != pl.col("value_true")).is_empty()
    assert joined.filter(pl.col("value").is_null() != (pl.col("conf_status") == "C")).is_empty()
    share_shown = joined.filter(pl.col("value_true") >= pl.col("least"))["conf_status"].eq("F").mean()
    assert isinstance(share_shown, float) and share_shown > 0.8


@pytest.mark.parametrize("name", ["cooperation_basis", "cooperation_channel"])
def test_figure_by_basis_or_channel_is_five_above_the_requests_of_any_partner(
    name: str, tables: dict[str, pl.DataFrame], marts: dict[str, pl.DataFrame]
) -> None:
    registered = marts["mart_cooperation"].filter(
        pl.col("partner") != "_T", freq="A", measure="requests_registered", assistance="_T"
    )
    by_partner = registered.group_by([*_BOOK, "partner"]).agg(pl.col("value").sum())
    of_region = (
        by_partner.group_by([*_BOOK[1:], "partner"]).agg(pl.col("value").sum()).with_columns(territory=pl.lit("WB"))
    )
    partners = pl.concat([by_partner, of_region.select(by_partner.columns)])
    largest = partners.group_by(_BOOK).agg(pl.col("value").max().alias("largest"))
    figures_shown = tables[name].filter(pl.col("value") > 0)
    assert figures_shown.height > 40
    joined = figures_shown.join(largest, on=_BOOK, how="left", validate="m:1")
    assert joined.filter((pl.col("value") >= pl.col("largest") + 5).fill_null(False).not_()).is_empty()


def test_release_shows_both_figures_of_a_pair_or_neither(tables: dict[str, pl.DataFrame]) -> None:
    pairs = tables["mirror"].filter(pl.col("state") != "missing")
    assert pairs.filter(pl.col("sent").is_null() != pl.col("received").is_null()).is_empty()
    withheld = pairs.filter(state="withheld")
    assert withheld.height > 0 and withheld["difference"].null_count() == withheld.height


@pytest.mark.parametrize("reader", ["", "AL"])
def test_reader_cannot_narrow_small_requests_of_the_release(
    reader: str, tables: dict[str, pl.DataFrame], marts: dict[str, pl.DataFrame]
) -> None:
    """Attack the trafficking figures of 2025; the other year has equations of its own."""
    chosen = cells.select_cells(marts["mart_cooperation"]).filter(
        pl.col("assistance") == "_T", pl.col("quarter") == 0, pl.col("territory") != "WB",
        offence_group="TIP", year=2025, subject="request",
    )  # fmt: skip
    truth = attack.read_items(chosen.iter_rows(named=True))
    items = list(truth)
    public = {
        id_
        for name in ("cooperation", "cooperation_basis", "cooperation_channel")
        for id_ in tables[name].filter(conf_status="F")["cooperation_id"]
    }
    rows = list(zip(items, chosen["cooperation_id"], chosen["least"], strict=True))
    published = {item for item, id_, _ in rows if id_ in public}
    small = [item for item, _, least in rows if 1 <= truth[item] < least and item not in published]
    assert len(small) > 100
    assert attack.find_narrow(truth, published, small[::3], reader) == []


@pytest.mark.parametrize("subject", ["exchange", "team"])
@pytest.mark.parametrize("reader", ["", "HR"])
def test_reader_cannot_narrow_exchange_and_teams_of_the_release(
    reader: str, subject: str, tables: dict[str, pl.DataFrame], marts: dict[str, pl.DataFrame]
) -> None:
    chosen = cells.select_cells(marts["mart_cooperation"]).filter(offence_group="SOM", subject=subject)
    table = tables["informal_exchange" if subject == "exchange" else "joint_team"]
    public = set(table.filter(conf_status="F")["cooperation_id"])
    truth = attack.read_items(chosen.iter_rows(named=True))
    rows = list(zip(truth, chosen["cooperation_id"], chosen["least"], strict=True))
    published = {item for item, id_, _ in rows if id_ in public}
    small = [item for item, _, least in rows if 1 <= truth[item] < least and item not in published]
    assert len(small) > 40
    assert attack.find_narrow(truth, published, small[::4], reader) == []


@pytest.mark.slow
@pytest.mark.parametrize("reader", ["", "AL", "EU_OTHER"])
def test_reader_cannot_narrow_types_and_quarters_of_the_release(
    reader: str, tables: dict[str, pl.DataFrame], marts: dict[str, pl.DataFrame]
) -> None:
    """Attack all trafficking figures of requests together, with types and quarters and both years."""
    chosen = cells.select_cells(marts["mart_cooperation"]).filter(offence_group="TIP", subject="request")
    public = {
        id_
        for name in (
            "cooperation",
            "cooperation_type",
            "cooperation_basis",
            "cooperation_channel",
            "cooperation_quarter",
        )
        for id_ in tables[name].filter(conf_status="F")["cooperation_id"]
    }
    truth = attack.read_items(chosen.iter_rows(named=True))
    published = {item for item, id_ in zip(truth, chosen["cooperation_id"], strict=True) if id_ in public}
    small = [item for item, value in truth.items() if 1 <= value <= 4 and item not in published]
    assert attack.find_narrow(truth, published, small[::17], reader) == []
