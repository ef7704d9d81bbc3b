"""Protection of single cooperation figures: what is withheld, what a figure needs, and how rows are selected."""

from __future__ import annotations

import polars as pl
import pytest

from pipelines.publication.cooperation import cells, earlier, protect
from pipelines.publication.disclosure.problem import ProtectError
from tests.oracles import cooperation_attack as attack
from tests.support.fakes import cooperation_world as world


def test_figure_without_partners_needs_ten() -> None:
    """Withhold a figure below ten where nobody knows which part belongs to one partner."""
    exchanged = [
        world.make_row("AA", 2025, "outgoing", "_T", "exchanges_registered", value, channel=channel)
        for channel, value in (("selec", 9), ("interpol", 30), ("europol", 10), ("liaison", 12))
    ]
    chosen = cells.select_cells(pl.DataFrame(exchanged, schema=world.SCHEMA))
    states = dict(protect.protect_cooperation(chosen).cells.select("channel", "conf_status").iter_rows())
    assert (states["selec"], states["interpol"], states["_T"]) == ("A", "F", "F")
    assert sum(state != "F" for state in states.values()) == 2, "the total is published, so one more is withheld"


def _find_least(rows: list[dict[str, object]]) -> dict[tuple[str, str], int]:
    """Return the smallest value that may be published of each figure by legal basis, by territory and basis."""
    chosen = cells.select_cells(pl.DataFrame(rows, schema=world.SCHEMA)).filter(table_id=cells.BASES)
    return {
        (territory, basis): least for territory, basis, least in chosen[["territory", "legal_basis", "least"]].rows()
    }


def test_figure_by_legal_basis_has_five_requests_that_no_partner_can_know() -> None:
    """If a partner has sent all of its requests on one basis, five of others must be left of a published figure."""
    rows = [
        world.make_row(place, 2025, "incoming", partner, cells.REGISTERED, value)
        for place in ("AA", "BB", "CC", "DD")
        for partner, value in (("EE", 9), ("OTHER", 4), ("_T", 13))
    ]
    rows += [
        world.make_row(place, 2025, "incoming", "_T", cells.REGISTERED, value, legal_basis=basis)
        for place in ("AA", "BB", "CC", "DD")
        for basis, value in (("ets30", 12), ("untoc", 1))
    ]
    least = _find_least(rows)
    assert (least["AA", "ets30"], least["AA", "untoc"]) == (9 + 5, 9 + 5)
    # The partner may know its requests to all four.
    assert least["WB", "ets30"] == 4 * 9 + 5
    values = {("EE", "_T"): 1.0, ("_T", "_T"): 5.0}
    small = [row | {"value": values.get((row["partner"], row["legal_basis"]), row["value"])} for row in rows]
    assert _find_least(small)["AA", "ets30"] == 10, "never below ten"
    # A territory knows its own part of the region, and what it sent to the others.
    informed = _find_least([*rows, world.make_row("BB", 2025, "incoming", "AA", cells.REGISTERED, 40)])
    assert (informed["BB", "ets30"], informed["WB", "ets30"]) == (40 + 5, 40 + 12 + 5)
    more = [row | {"value": 15.0} if (row["partner"], row["legal_basis"]) == ("_T", "_T") else row for row in rows]
    assert _find_least(more)["AA", "ets30"] == 9 + 2 + 5, "two requests without a partner may be those of any"
    without = [row for row in rows if (row["territory"], row["partner"]) not in (("AA", "EE"), ("AA", "OTHER"))]
    unknown = _find_least(without)
    assert unknown["AA", "ets30"] > 13 and unknown["WB", "ets30"] > 52, "nothing is shown if partners are not reported"
    assert unknown["BB", "ets30"] == 14


def test_figure_whose_smallest_published_value_has_changed_is_the_same_figure() -> None:
    chosen = cells.select_cells(world.draw_breakdowns(1)).filter(table_id=cells.CHANNELS)
    stored = earlier.record_release(chosen.with_columns(conf_status=pl.lit("F"), least=pl.col("least") + 3))
    combined = earlier.combine_releases(chosen, [stored])
    assert combined.height == chosen.height
    assert combined["was_published"].all() and combined["is_now"].all()


def test_total_is_withheld_if_a_partner_would_subtract_its_own_requests() -> None:
    # One of the two partners knows its own part of their total.
    rows = []
    for partner, value in (("BB", 9), ("OTHER", 3), ("_T", 12)):
        rows.append(world.make_row("AA", 2025, "outgoing", partner, cells.REGISTERED, value))
    frame = cells.select_cells(pl.DataFrame(rows, schema=world.SCHEMA))
    truth = attack.read_items(frame.iter_rows(named=True))
    whole = {item for item in truth if item.partner == "_T"}
    parts = [item for item in truth if item.partner == "OTHER"]
    assert attack.find_narrow(truth, whole, parts) == []
    assert attack.find_narrow(truth, whole, parts, "BB") == parts
    protected = protect.protect_cooperation(frame).cells
    states = dict(protected.select("partner", "conf_status").iter_rows())
    assert states["OTHER"] == "A"
    assert states["_T"] == "D"


def test_both_halves_of_a_pair_are_withheld_if_one_is_small() -> None:
    """Six were sent and four received: who sees the six knows the four nearly."""
    rows = [world.make_row("AA", 2025, "outgoing", "BB", cells.REGISTERED, 6)]
    rows.append(world.make_row("BB", 2025, "incoming", "AA", cells.REGISTERED, 4))
    protected = protect.protect_cooperation(cells.select_cells(pl.DataFrame(rows, schema=world.SCHEMA))).cells
    assert dict(protected.select("territory", "conf_status").iter_rows()) == {"AA": "D", "BB": "A"}


def test_figure_that_is_not_a_whole_number_stops_the_release() -> None:
    rows = [world.make_row("AA", 2025, "outgoing", "BB", cells.REGISTERED, 6.5)]
    with pytest.raises(ProtectError, match="whole number"):
        protect.protect_cooperation(cells.select_cells(pl.DataFrame(rows, schema=world.SCHEMA)))


def test_selection_names_the_table_of_each_figure_and_leaves_out_missing_ones() -> None:
    rows = [
        world.make_row("AA", 2025, "outgoing", "BB", cells.REGISTERED, 6),
        world.make_row("AA", 2025, "outgoing", "CC", cells.REGISTERED, None),
        world.make_row("AA", 2025, "outgoing", "BB", cells.REGISTERED, 2, assistance="evidence"),
        world.make_row("AA", 2025, "outgoing", "_T", cells.REGISTERED, 2, channel="direct"),
        world.make_row("AA", 2025, "outgoing", "_T", cells.REGISTERED, 2, freq="Q", period="2025-Q1"),
        world.make_row("AA", 2025, "_Z", "_T", "jits_set_up", 2),
        world.make_row("AA", 2025, "_Z", "BB", "jits_set_up", 1),
        world.make_row("AA", 2025, "incoming", "_T", "requests_refused", 1, refusal_reason="form"),
        world.make_row("AA", 2025, "incoming", "_T", "requests_executed", 1, days_band="D0T30"),
    ]
    chosen = cells.select_cells(pl.DataFrame(rows, schema=world.SCHEMA))
    assert set(chosen.select("partner", "value", "table_id", "least").rows()) == {
        ("_T", 2.0, cells.CHANNELS, 11),
        ("_T", 2.0, cells.QUARTERS, 5),
        ("_T", 2.0, cells.TEAMS, 10),
        ("BB", 1.0, "", 5),
        ("BB", 2.0, "", 5),
        ("BB", 6.0, cells.PARTNERS, 5),
    }
