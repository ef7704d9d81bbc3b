"""Tests of the headlines: numbers, verdict, and what is said where there is none."""

from __future__ import annotations

import pytest

from pipelines.front import sentences
from pipelines.front.reader import Reader
from tests.support.editions import AREAS, make_area, make_edition, make_ratio, make_total


@pytest.mark.parametrize(
    ("before", "after", "verdict"),
    [
        (40.0, 120.0, "This is a clear rise: 3.00 times as many (95% confidence interval 2.08 to 4.41)."),
        (120.0, 40.0, "This is a clear fall: 0.33 times as many"),
        (100.0, 110.0, "This is not a clear change: 1.10 times as many"),
        (100.0, 100.0, "The figure is the same in both years (95% confidence interval of the ratio: 0.75 to 1.33)."),
        (
            145.0,
            198.0,
            "That is 1.37 times as many (95% confidence interval 1.10 to 1.70). This is not called a clear change, "
            "because it may not hold if one case involves several people.",
        ),
        (12.0, 40.0, "Too few to compare: at least one of the two counts is under 20."),
    ],
)
def test_convictions_of_two_years_have_a_verdict(before: float, after: float, verdict: str) -> None:
    edition = make_edition(total=[make_total("WB", "2024", before), make_total("WB", "2025", after)])
    text = sentences.describe_convictions(Reader(edition, "en"), "TIP", "WB", "2024", "2025")
    few = " (few)" if before < 20 else ""
    assert text.startswith(
        "Western Balkans (all 4 territories): TIP, people convicted at first instance: "
        f"{after:.0f} in 2025, {before:.0f}{few} in 2024. {verdict}"
    )


@pytest.mark.parametrize(
    ("changes", "word", "reason"),
    [
        ({"obs_status": "Q", "conf_status": "C"}, "withheld", "withheld"),
        ({"obs_status": "O", "n_reported": 0}, "not received", "not available"),
    ],
)
def test_missing_figure_is_named_and_gives_no_verdict(changes: dict[str, object], word: str, reason: str) -> None:
    missing = make_total("AA", "2025", None, **changes)
    edition = make_edition(total=[make_total("AA", "2024", 50.0), missing])
    assert sentences.describe_convictions(Reader(edition, "en"), "TIP", "AA", "2024", "2025") == (
        f"Aland: TIP, people convicted at first instance: {word} in 2025, 50 in 2024. "
        f"The change is not shown, because at least one of the two figures is {reason}."
    )


@pytest.mark.parametrize(
    ("reporters", "source"),
    [
        (("AA,BB", "AA,CC"), "Returns of the offices of 3 territories, release 2026-Q3."),
        (("DD", ""), "Returns of the offices of 1 territory, release 2026-Q3."),
        (("", ""), "Returns of the offices, release 2026-Q3."),
    ],
)
def test_source_counts_territories_that_are_in_a_figure(reporters: tuple[str, str], source: str) -> None:
    rows = [make_total("WB", "2024", 9.0, reporters=codes) for codes in reporters]
    assert sentences.describe_source(Reader(make_edition(), "en"), [*rows, None]) == source


def test_source_counts_territories_whose_figures_are_shown_but_are_not_in_a_figure_of_the_region() -> None:
    rows = [
        make_total("WB", "2025", 9.0, reporters="AA,BB"),
        make_total("CC", "2025", 7.0),
        make_total("DD", "2025", None),
        make_total("AA_X", "2025", 7.0, area_kind="jurisdiction"),
    ]
    source = sentences.describe_source(Reader(make_edition(), "en"), rows)
    assert source == "Returns of the offices of 3 territories, release 2026-Q3."


def test_figure_from_three_territories_is_not_one_of_the_region() -> None:
    rows = [make_total("WB", year, 100.0, reporters="AA,BB,CC") for year in ("2024", "2025")]
    text = sentences.describe_convictions(Reader(make_edition(total=rows), "en"), "TIP", "WB", "2024", "2025")
    assert "100" not in text and "The change is not shown" in text


@pytest.mark.parametrize(
    ("value", "state", "figure", "note"),
    [
        (None, "withheld", "withheld", ""),
        (None, "missing", "not applicable", ""),
        (None, "too_few_territories", "no regional figure", "Only 3 of 4 territories can be included;"),
        (84.0, "enough", "84", ""),
    ],
)
def test_only_a_missing_figure_of_the_region_needs_a_reason(
    value: float | None, state: str, figure: str, note: str
) -> None:
    reporters = "AA,BB,CC" if state == "too_few_territories" else "AA,BB,CC,DD"
    status = {"obs_status": "Q", "conf_status": "C"} if state == "withheld" else {}
    row = make_total("WB", "2025", value, reporters=reporters, state=state, low=None, high=None, **status)
    if state == "missing":
        row["obs_status"] = "M"
    region = sentences.describe_region(Reader(make_edition(), "en"), "TIP", "2025", row, "Rate, per cent")
    covered = " (all 4 territories)" if value is not None else ""
    assert region.headline == f"Western Balkans{covered}, 2025: TIP, rate, per cent: {figure}."
    assert region.note.startswith(note) and bool(region.note) == bool(note)


@pytest.mark.parametrize(
    ("kind", "few"),
    [
        ({"metric": "sentenced_first_per_convicted_first", "default_rule": "nested", "version": "same_period"},
         "Fewer than 20 in the part or in the rest: too few to compare."),
        ({"metric": "convicted_first_per_indicted", "default_rule": "no_lag", "version": "same_period"},
         "Fewer than 20 in one of the two counts: too few to compare."),
        ({}, "Fewer than 20: too few to compare."),
    ],
)  # fmt: skip
def test_figure_of_the_region_of_few_has_a_sentence_of_its_own(kind: dict[str, str], few: str) -> None:
    def describe_figure(state: str, reporters: str = "AA,BB,CC,DD") -> str:
        row = make_total("WB", "2025", 98.0, reporters=reporters, state=state, low=95.0, high=99.0, **kind)
        return sentences.describe_region(Reader(make_edition(), "en"), "TIP", "2025", row, "Rate, per cent").headline

    figure = "Western Balkans (all 4 territories), 2025: TIP, rate, per cent: 98 (95% confidence interval 95 to 99)."
    assert describe_figure("too_few") == f"{figure} {few}"
    assert describe_figure("enough") == figure
    if not kind:
        # A count has a value and its state although too few territories are in it to show it.
        assert describe_figure("too_few", "AA,BB,CC").endswith("no regional figure.")


def test_count_from_too_few_territories_says_why_the_region_has_none() -> None:
    row = make_total("WB", "2025", 84.0, reporters="AA,BB,CC")
    region = sentences.describe_region(Reader(make_edition(), "en"), "TIP", "2025", row, "Convicted, persons")
    assert region.headline.endswith(": no regional figure.")
    assert region.note.startswith("Only 3 of 4 territories can be included; a regional figure needs at least 4.")


def describe_one(**changes: object) -> str:
    row = make_total("WB", "2025", 50.0, cell_id="C1", **changes)
    earlier = [{"cell_id": "C1", "value": 48.0, "release": "2026-Q2"}]
    reader = Reader(make_edition(total=[make_total("WB", "2024", 40.0), row], earlier=earlier), "en")
    return sentences.describe_convictions(reader, "TIP", "WB", "2024", "2025").partition(" in 2024.")[0]


def test_figures_of_a_change_have_their_states_and_each_its_coverage_where_they_differ() -> None:
    assert describe_one(flags="provisional") == (
        "Western Balkans (all 4 territories): TIP, people convicted at first instance: "
        "50 (provisional figure, revised, 48 in release 2026-Q2) in 2025, 40"
    )
    others = (
        make_total("WB", "2024", 40.0),
        make_total("WB", "2025", 50.0, reporters="AA,BB,CC,DD", flags=""),
    )
    four_of_five = {"area": [*AREAS, make_area("EE", "territory", "EE", "Eland")]}
    rows = [row | {"reporters": codes} for row, codes in zip(others, ("AA,BB,CC,DD,EE", "AA,BB,CC,DD"), strict=True)]
    text = sentences.describe_convictions(
        Reader(make_edition(**four_of_five, total=rows), "en"), "TIP", "WB", "2024", "2025"
    )
    assert text.startswith(
        "Western Balkans: TIP, people convicted at first instance: "
        "50 (4 of 5 territories) in 2025, 40 (all 5 territories) in 2024."
    )


def test_figure_of_the_region_has_its_version_and_states() -> None:
    reader = Reader(make_edition(), "en")
    row = make_ratio("WB", "2025", version="lagged", flags="provisional")
    assert sentences.describe_region(reader, "TIP", "2025", row, "Convicted per 100").headline == (
        "Western Balkans (all 4 territories), 2025: TIP, convicted per 100, with time lag: "
        "80 (95% confidence interval 60 to 100). Provisional: may be revised."
    )


def test_figure_of_a_territory_names_how_many_of_its_parts_are_in_it() -> None:
    row = make_total("AA", "2025", 50.0, reporters="AA_X", n_expected=2)
    reader = Reader(make_edition(total=[make_total("AA", "2024", 40.0), row]), "en")
    assert sentences.describe_convictions(reader, "TIP", "AA", "2024", "2025").startswith(
        "Aland: TIP, people convicted at first instance: 50 (1 of 2 jurisdictions) in 2025, 40 in 2024."
    )


def test_headline_without_a_regional_figure_names_the_years_of_its_table_that_have_one() -> None:
    few, enough = (make_total("WB", "2025", 90.0, reporters=codes) for codes in ("AA,BB", "AA,BB,CC,DD"))
    by_year = {"2023": enough, "2024": enough, "2025": few}
    text = "The table by year has a regional figure for 2023 and 2024."
    assert sentences.name_regional_years(few, by_year) == text
    assert sentences.name_regional_years(enough, by_year) == "", "the headline has one"
    assert sentences.name_regional_years(None, {"2024": None, "2025": few}) == ""
