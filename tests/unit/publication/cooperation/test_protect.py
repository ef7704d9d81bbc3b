"""Protection of cooperation figures, attacked from outside and by each partner with programs of the tests' own."""

from __future__ import annotations

from functools import cache

import polars as pl
import pytest

from pipelines.publication.cooperation import cells, earlier, protect
from pipelines.publication.disclosure.problem import ProtectError
from tests.oracles import cooperation_attack as attack
from tests.support.fakes import cooperation_world as world

_KEY = list(cells.KEY)
_SHOWN = pl.col("conf_status") == "F"


@cache
def _protect_world(seed: int) -> pl.DataFrame:
    return protect.protect_cooperation(cells.select_cells(world.draw_figures(seed))).cells


@cache
def _protect_breakdowns() -> pl.DataFrame:
    """Return protected requests by type and quarter, informal exchange, and joint teams."""
    return protect.protect_cooperation(cells.select_cells(world.draw_breakdowns(1))).cells


def _list_items(frame: pl.DataFrame) -> list[attack.Item]:
    return [attack.Item(*row) for row in frame.select(attack.Item._fields).iter_rows()]


def _attack(protected: pl.DataFrame, insider: str = "", is_shown: pl.Expr = _SHOWN) -> list[str]:
    """Return the cells that a reader works out or narrows, of those that must be safe from that reader."""
    truth = attack.read_items(protected.iter_rows(named=True))
    in_programme = pl.col("table_id") != ""
    published = set(_list_items(protected.filter(in_programme & is_shown)))
    is_small = pl.col("value").is_between(1, pl.col("least") - 1)
    hidden_cells = protected.filter(is_small if insider else is_small | in_programme)
    open_items = [item for item in _list_items(hidden_cells) if item not in published]
    return [str(item) for item in attack.find_narrow(truth, published, open_items, insider)]


def test_protection_hides_every_small_count_and_keeps_most_of_the_others() -> None:
    protected = _protect_world(1).filter(pl.col("table_id") != "")
    assert protected.filter(pl.col("value").is_between(1, 4), pl.col("conf_status") != "A").is_empty()
    large = protected.filter(pl.col("value") >= 5)
    assert large.filter(pl.col("conf_status") == "F").height >= 0.4 * large.height


@pytest.mark.parametrize("insider", ["", "AA", "OTHER"])
def test_reader_cannot_narrow_a_withheld_figure(insider: str) -> None:
    assert _attack(_protect_world(1), insider) == []


def test_tables_by_type_quarter_channel_and_team_hide_what_is_small_and_show_most_of_the_rest() -> None:
    protected = _protect_breakdowns().filter(pl.col("table_id") != "")
    tables = {name for names, _ in cells.PUBLISHED.values() for name in names}
    assert set(protected["table_id"]) == tables
    small = protected.filter(pl.col("value").is_between(1, pl.col("least") - 1))
    assert set(small["table_id"]) == tables - {cells.TOTALS} and set(small["conf_status"]) == {"A"}
    for (table,), rows in protected.filter(pl.col("value") >= pl.col("least")).group_by("table_id"):
        assert rows.filter(pl.col("conf_status") == "F").height >= 0.3 * rows.height, table


@pytest.mark.parametrize("subject", cells.SUBJECTS)
@pytest.mark.parametrize("insider", ["", "AA", "OTHER"])
def test_reader_cannot_narrow_types_quarters_exchange_and_teams(subject: str, insider: str) -> None:
    assert _attack(_protect_breakdowns().filter(subject=subject), insider) == []


@pytest.mark.parametrize("subject", cells.SUBJECTS)
def test_attack_finds_types_exchange_and_teams_if_only_small_counts_are_withheld(subject: str) -> None:
    is_large = pl.col("value").is_between(1, pl.col("least") - 1).not_()
    assert _attack(_protect_breakdowns().filter(subject=subject), is_shown=is_large)


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


def test_sums_of_the_region_need_four_territories_and_name_them() -> None:
    regional = _protect_breakdowns().filter(territory="WB")
    assert set(regional["table_id"]) == {cells.TYPES, cells.BASES, cells.CHANNELS, cells.EXCHANGE, cells.TEAMS}
    assert set(regional["reporters"]) == {"AA,BB,CC,DD"}
    without = world.draw_breakdowns(1).filter(pl.col("territory") != "DD")
    assert cells.select_cells(without).filter(territory="WB").is_empty()


def test_attack_finds_figures_if_only_small_counts_are_withheld() -> None:
    only_small = ~pl.col("value").is_between(1, 4)
    assert _attack(_protect_world(1), is_shown=only_small)


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


def test_balance_withholds_a_second_term() -> None:
    """Opening + registered - closed = closing: a single withheld term follows from the others."""
    values = {("pending_requests", "start"): 10, (cells.REGISTERED, "count"): 20, ("pending_requests", "end"): 3}
    values |= dict(zip(((name, "count") for name in world.ENDS), (21, 0, 6, 0), strict=True))
    rows = [
        world.make_row("AA", 2025, "incoming", "_T", measure, value, statistic=statistic)
        for (measure, statistic), value in values.items()
    ]
    protected = protect.protect_cooperation(cells.select_cells(pl.DataFrame(rows, schema=world.SCHEMA))).cells
    assert protected.filter(pl.col("conf_status") != "F").height >= 2
    assert _attack(protected) == []


def _with_correction(frame: pl.DataFrame, by: int) -> pl.DataFrame:
    """Return the figures after one territory found further requests to one partner, all of them open."""
    is_book = (
        (pl.col("territory") == "AA") & (pl.col("direction") == "outgoing") & pl.col("partner").is_in(["BB", "_T"])
    )
    is_changed = (pl.col("measure") == cells.REGISTERED) | (pl.col("statistic") == "end")
    return frame.with_columns(value=pl.when(is_book & is_changed).then(pl.col("value") + by).otherwise(pl.col("value")))


@pytest.mark.parametrize("by", [1, 7])
def test_two_releases_together_reveal_no_more_than_each(by: int) -> None:
    figures = world.draw_figures(2)
    first = protect.protect_cooperation(cells.select_cells(figures)).cells
    stored = earlier.record_release(first)
    corrected = cells.select_cells(_with_correction(figures, by))
    second = protect.protect_cooperation(corrected, [stored]).cells
    # Unknowns of then and now: one where the value is the same, two where it has changed.
    then, now = (attack.read_items(frame.iter_rows(named=True)) for frame in (first, second))
    renamed = {
        item: item if now[item] == value else item._replace(measure=item.measure + "@1") for item, value in then.items()
    }
    truth = now | {renamed[item]: value for item, value in then.items()}
    lines = [*attack.list_lines(now)]
    for coefficients, low, high in attack.list_lines(then):
        lines.append(({renamed[item]: weight for item, weight in coefficients.items()}, low, high))
    of_programme = _SHOWN, pl.col("table_id") != ""
    published_then = {renamed[item] for item in _list_items(first.filter(*of_programme))}
    published = set(_list_items(second.filter(*of_programme))) | published_then
    hidden_cells = [item for item in _list_items(second.filter(pl.col("table_id") != "")) if item not in published]
    narrow = attack.find_narrow(truth, published, hidden_cells, lines=lines)
    # Some follow from the first release alone: what the receiver counts is public and unchanged.
    assert attack.find_narrow(truth, published_then, narrow, lines=lines) == narrow
    changed = second.join(first.filter(*of_programme), on=_KEY, suffix="_then").filter(
        pl.col("value") != pl.col("value_then")
    )
    assert changed.filter((pl.col("value") - pl.col("value_then")).abs() < 5, pl.col("conf_status") == "F").is_empty()


def test_release_with_nothing_new_has_the_same_pattern() -> None:
    stored = earlier.record_release(_protect_world(1))
    again = protect.protect_cooperation(cells.select_cells(world.draw_figures(1)), [stored]).cells
    assert (again["conf_status"] == "F").to_list() == (_protect_world(1)["conf_status"] == "F").to_list()


def test_published_cells_have_no_value_where_they_are_withheld() -> None:
    public = protect.read_public(_protect_world(1))
    withheld = public.filter(pl.col("conf_status") == "C")
    assert withheld.height > 0
    assert withheld["value"].null_count() == withheld.height
    assert set(withheld["obs_status"]) == {"Q"}
    assert set(public["table_id"]) == {cells.TOTALS, cells.PARTNERS}


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
