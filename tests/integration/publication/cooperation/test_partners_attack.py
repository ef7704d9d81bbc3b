"""Protection of cooperation figures of an invented world, attacked from outside and by each partner.

The attack is a program of the tests' own (`tests/oracles/cooperation_attack.py`).
"""

from __future__ import annotations

from functools import cache

import polars as pl
import pytest

from pipelines.publication.cooperation import cells, earlier, protect
from pipelines.publication.disclosure import parts
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


@pytest.mark.parametrize("insider", ["", "AA"])
def test_reader_cannot_narrow_a_figure_of_a_history_that_is_searched_in_spans(
    monkeypatch: pytest.MonkeyPatch, insider: str
) -> None:
    """Stocks at the end of a year are those at the start of the next, which may be of another span."""
    monkeypatch.setattr(parts, "_FEWEST_IN_SPANS", 3)
    monkeypatch.setattr(parts, "_SPAN_YEARS", 2)
    history = cells.select_cells(world.draw_figures(2, years=range(2021, 2026)))
    protected = protect.protect_cooperation(history).cells
    assert _attack(protected, insider) == []


def test_cells_are_the_same_if_years_are_read_one_after_another(monkeypatch: pytest.MonkeyPatch) -> None:
    history = world.draw_figures(3, years=range(2021, 2025), group="SOM")
    reported = pl.concat([world.draw_breakdowns(1), history])
    at_once = cells.select_cells(reported)
    monkeypatch.setattr(cells, "_YEARS_AT_ONCE", 1)
    assert cells.select_cells(reported).equals(at_once)
    assert at_once.filter(pl.col("since") < pl.col("year")).height and at_once["year"].n_unique() == 5


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


def test_sums_of_the_region_need_four_territories_and_name_them() -> None:
    regional = _protect_breakdowns().filter(territory="WB")
    assert set(regional["table_id"]) == {cells.TYPES, cells.BASES, cells.CHANNELS, cells.EXCHANGE, cells.TEAMS}
    assert set(regional["reporters"]) == {"AA,BB,CC,DD"}
    without = world.draw_breakdowns(1).filter(pl.col("territory") != "DD")
    assert cells.select_cells(without).filter(territory="WB").is_empty()


def test_attack_finds_figures_if_only_small_counts_are_withheld() -> None:
    only_small = ~pl.col("value").is_between(1, 4)
    assert _attack(_protect_world(1), is_shown=only_small)


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
