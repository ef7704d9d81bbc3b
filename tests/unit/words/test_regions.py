"""The region in words: one base per sentence, and no figure of the region from a few territories."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.statistics.thresholds import FEWEST_TERRITORIES_IN_REGION
from pipelines.words import changes, regions

CODES = ("AA", "BB", "CC", "DD", "EE", "FF", "GG")
STAGES = ("investigated", "indicted", "convicted_first")


def build_cell(measure: str, value: float | None, reporters: str) -> dict[str, Any]:
    return {
        "area_kind": "region", "measure": measure, "value": value, "count_unit": "person", "reporters": reporters,
        "obs_status": "A" if value is not None else "O", "conf_status": "F", "period": "2021-2025",
    }  # fmt: skip


def describe_cells(cells: list[tuple[str, dict[str, Any] | None]]) -> str:
    return regions.describe_stages(
        "Region",
        "2021-2025",
        "Smuggling of migrants",
        "first",
        cells,
        7,
        lambda row: "Not included: Alfa.",
    )


def test_stages_with_different_reporters_have_their_own_sentences() -> None:
    five, six = "AA,CC,DD,EE,FF", "AA,BB,CC,DD,EE,FF"
    text = describe_cells(
        [
            ("investigated", build_cell("investigated", 2143, five)),
            ("indicted", build_cell("indicted", 2397, six)),
            ("convicted_first", build_cell("convicted_first", 1756, six)),
        ]
    )
    first, second = text.split("Figures cover 5 of 7 territories. ")
    assert "investigated" in first and "indicted" not in first
    assert "indicted" in second and "convicted" in second and "Figures cover 6 of 7 territories." in second


def test_figure_of_three_territories_is_not_one_of_the_region() -> None:
    text = describe_cells([("investigated", build_cell("investigated", 99, "AA,BB,CC"))])
    assert "99" not in text
    assert text.endswith("Investigated: no regional figure, because only 3 of 7 territories are included.")


@given(st.lists(st.tuples(st.integers(20, 999), st.sets(st.sampled_from(CODES))), min_size=3, max_size=3))
def test_sentence_never_mixes_bases_and_shows_each_number_with_its_coverage(
    figures: list[tuple[int, set[str]]],
) -> None:
    cells = [
        (measure, build_cell(measure, float(value) if reporters else None, ",".join(sorted(reporters))))
        for measure, (value, reporters) in zip(STAGES, figures, strict=True)
    ]
    text = describe_cells(list(cells))
    coverage = re.split(r"(Figures cover (?:all 7|\d of 7) territories\.)", text)
    figure_by_stage: dict[str, str] = {}
    for clause, cover in zip(coverage[::2], coverage[1::2], strict=False):
        for number, stage in re.findall(r"(\d+) persons (\w+)", clause):
            figure_by_stage[stage] = f"{number} {cover}"
    for measure, cell in cells:
        n, stage = regions.count_reporters(cell), measure.removesuffix("_first")
        if n < FEWEST_TERRITORIES_IN_REGION:
            assert stage not in figure_by_stage
        else:
            whole = "all 7" if n == 7 else f"{n} of 7"
            assert figure_by_stage[stage] == f"{cell['value']:.0f} Figures cover {whole} territories."


@pytest.mark.parametrize(
    ("reporters", "text"),
    [
        ("", "No territory has reported."),
        ("AL,HR,RS", "Only 3 of 7 territories can be included; a regional figure needs at least 4. Not included: BA."),
        ("AL,HR,RS,ME", "Figures cover 4 of 7 territories. Not included: BA."),
    ],
)
def test_coverage_of_too_few_territories_is_not_that_of_a_figure(reporters: str, text: str) -> None:
    assert regions.describe_cover(build_cell("convicted_first", 12.0, reporters), 7, "Not included: BA.") == text


def build_ratio(state: str, reporters: str, **columns: Any) -> dict[str, Any]:
    return {
        "area_kind": "region", "version": "same_period", "value": 80.0 if state == "enough" else None, "state": state,
        "numerator": None, "reporters": reporters, "low": None,
    } | columns  # fmt: skip


@pytest.mark.parametrize(
    ("row", "is_refused", "has_members"),
    [
        (build_ratio("enough", "AL,BA,HR,ME"), False, True),
        (build_ratio("withheld", "AL,BA,HR,ME"), False, True),
        (build_ratio("too_few_territories", "AL,BA,HR"), True, True),
        (build_ratio("missing", "AL"), False, False),
        (build_cell("indicted", None, "AL,BA,HR"), True, True),
        (build_ratio("withheld", "AL,BA,HR,ME", version="", undefined="withheld"), False, False),
        (build_ratio("missing", "AL", version="", undefined="resolved_missing"), False, False),
        (build_ratio("too_few_territories", "AL", version="", undefined="too_few_territories"), True, True),
    ],
)
def test_ratio_of_the_region_is_refused_and_has_members_as_the_release_states(
    row: dict[str, Any], is_refused: bool, has_members: bool
) -> None:
    """Check ratios, then a count, which has no state, and clearance rates, which list the territories of one term."""
    assert (regions.is_refused(row), regions.has_members(row)) == (is_refused, has_members)


def test_quoted_ratio_without_a_count_is_not_one_of_too_few_territories() -> None:
    missing = build_ratio("missing", "AL", obs_status="O", conf_status="F")
    assert regions.quote_figure(missing) == "not available"
    assert regions.quote_figure(build_ratio("too_few_territories", "AL")) == "no regional figure"


def test_territories_of_a_ratio_that_none_has_are_not_named() -> None:
    territories = [("AL", "Alfa"), ("BA", "Beta")]
    ratio, none = build_ratio("enough", "AL"), build_ratio("missing", "")
    assert regions.name_territories("Region", [("Same year", none)], territories) == ""
    sentence = regions.name_territories("Region", [("Same year", ratio), ("With time lag", none)], territories)
    assert sentence == regions.name_territories("Region", [("Same year", ratio)], territories) != ""
    assert "no territory has reported" in regions.name_territories(
        "Region", [("Indicted", build_cell("indicted", None, ""))], territories
    )


def test_territories_are_counted_once_for_neighbouring_years_with_the_same_number() -> None:
    """Require it because a citation said "all territories" of years in which five of seven were in the figure."""
    reporters = {"2023": "AL,BA,HR,ME,MK", "2022": "AL,BA,HR,ME", "2021": "AL,BA,HR,ME", "2020": "AL,BA"}
    columns = [(year, build_ratio("enough", codes)) for year, codes in reporters.items()]
    columns[-1] = ("2020", build_ratio("too_few_territories", reporters["2020"]))
    text = "no regional figure in 2020, 4 of 7 in 2021–2022 and 5 of 7 in 2023"
    assert regions.count_territories(columns, 7) == text
    assert regions.count_territories([("2024", None)], 7) == "no regional figure in 2024"
    assert regions.count_territories(columns[2:3], 7) == "4 of 7 in 2021"
    ends = [(year, build_ratio("enough", "AL,BA,HR,ME")) for year in ("2023", "2025")]
    assert regions.count_territories(ends, 7) == "4 of 7 in 2023 and 2025", "2024 is not in the table"


def test_territories_of_columns_that_are_not_years_are_counted_once_if_they_are_as_many() -> None:
    columns = [(name, build_cell(name.lower(), 30.0, "AL,BA,HR,ME")) for name in ("Indicted", "Convicted")]
    assert regions.count_territories(columns, 7) == "4 of 7"
    columns.append(("Sentenced", build_cell("sentenced", 30.0, "AL,BA")))
    assert regions.count_territories(columns, 7) == "indicted and convicted: 4 of 7; sentenced: no regional figure"
    assert regions.count_territories([], 7) == ""


def build_window(freq: str, period: str, reaching: int, **values: Any) -> dict[str, Any]:
    return {
        "freq": freq, "period": period, "n_reaching": reaching, "n_territories": 7, "n_reported": 7,
        "is_most": 2 * reaching > 7, "is_default": False,
    } | values  # fmt: skip


def test_region_opens_in_the_newest_period_in_which_most_can_be_compared() -> None:
    periods = {"Q": ["2026-Q3"], "A": ["2025", "2024"], "P3": ["2023-2025"]}
    windows = [
        build_window("Q", "2026-Q3", 1), build_window("A", "2025", 5, is_default=True),
        build_window("P3", "2023-2025", 6),
    ]  # fmt: skip
    assert regions.choose_opening(windows, periods) == ("A", "2025")
    assert regions.choose_opening([], periods) is None


def test_region_opens_in_a_year_if_most_can_never_be_compared() -> None:
    periods = {"Q": ["2026-Q3"], "A": ["2025"], "P5": ["2021-2025"]}
    windows = [
        build_window("Q", "2026-Q3", 0), build_window("A", "2025", 1),
        build_window("P5", "2021-2025", 2, is_default=True),
    ]  # fmt: skip
    assert regions.choose_opening(windows, periods) == ("A", "2025")


@pytest.mark.parametrize(
    ("n_chosen", "n_last", "start", "end"),
    [
        (
            (6, 0), (6, 1), "Most territories have too few cases to compare, even over five years (2021–2025). The "
            "period chosen is 2025: none of", "in 2025.",
        ),
        (
            (6, 3), (6, 3), "Even over five years (2021–2025), no more than half of the territories can be compared. "
            "The period chosen is 2025: 3 of", "in 2025.",
        ),
        ((3, 3), (3, 3), "Even over five years (2021–2025), no", "Only 3 territories have this figure for 2025."),
        ((1, 0), (1, 0), "Even over five years (2021–2025), no", "Only 1 territory has this figure for 2025."),
        ((5, 0), (2, 0), "Even over five years (2021–2025), no", "Only 5 territories have this figure for 2025."),
    ],
)  # fmt: skip
def test_missing_figures_are_not_called_too_few_cases(
    n_chosen: tuple[int, int], n_last: tuple[int, int], start: str, end: str
) -> None:
    """Check the reason with numbers of territories that have a figure and that have enough, of six."""
    windows = [
        build_window(freq, period, enough, n_reported=reported, n_territories=6, is_most=False, is_default=freq == "A")
        for (freq, period), (reported, enough) in zip(
            (("A", "2025"), ("P5", "2021-2025")), (n_chosen, n_last), strict=True
        )
    ]
    sentence = regions.explain_window(windows, is_share=False)
    assert sentence.startswith(start) and sentence.endswith(end)


def test_period_without_enough_territories_is_explained_without_praise() -> None:
    windows = [build_window("A", "2025", 2), build_window("P5", "2021-2025", 3, is_default=True)]
    assert regions.explain_window(windows, is_share=False) == (
        "Most territories have too few cases to compare, even over five years. 3 of the 7 territories that report this "
        "have counts of 20 or more in 2021–2025, against 2 in 2025."
    )


def test_window_of_a_share_counts_the_territories_with_enough_in_the_part_and_in_the_rest() -> None:
    windows = [build_window("A", "2025", 0, is_default=True)]
    sentence = regions.explain_window(windows, is_share=True)
    assert (
        ". None of the 7 territories that report this has 20 or more both in the part and in the rest in 2025."
        in sentence
    )


def test_shortest_window_names_its_territories_and_how_many_have_the_figure() -> None:
    """Check that "most" is of the territories that report, and that those without the figure are counted apart."""
    windows = [
        build_window("A", "2025", 0, n_territories=4, n_reported=4),
        build_window("P5", "2021-2025", 3, n_territories=4, n_reported=3, is_most=True, is_default=True),
    ]
    sentence = regions.explain_window(windows, is_share=False)
    assert sentence.startswith(
        "Most of the territories that report this have enough cases to compare in 2021–2025, but not in a shorter "
        "period. 3 of the 4 territories that report this have counts"
    )
    assert sentence.endswith(" Only 3 territories have this figure for 2021–2025.")
    assert "Only" not in regions.explain_window([windows[0], {**windows[1], "n_reported": 4}], is_share=False)


def test_window_of_an_earlier_release_without_the_number_that_reported_is_not_explained() -> None:
    windows = [build_window("A", "2025", 3, n_reported=None, is_most=True, is_default=True)]
    assert regions.explain_window(windows, is_share=False) == ""


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({"n": 0, "n_enough": 0, "n_withheld": 0}, "No territory has a published figure."),
        (
            {"n": 2, "n_enough": 0, "n_withheld": 3},
            "Two territories have a published figure. A median needs three territories. In all of them, the "
            "counts are too few to compare. Withheld as well: 3.",
        ),
        (
            {"n": 3, "n_enough": 2, "n_withheld": 1, "minimum": 1, "median": 2, "maximum": 4},
            "3 territories have a published figure: median 2, lowest 1, highest 4. In 1 of them, the counts "
            "are too few to compare. Withheld as well: 1.",
        ),
    ],
)
def test_spread_of_the_territories_is_described(row: dict[str, Any], expected: str) -> None:
    assert regions.describe_range(row) == expected


def make_range(n: int) -> dict[str, Any]:
    figures = (
        {"minimum": 1.0, "median": 2.0, "maximum": 6.0} if n >= 3 else dict.fromkeys(("minimum", "median", "maximum"))
    )
    return {"n": n, "n_enough": 0, "n_withheld": 0} | figures


@pytest.mark.parametrize(("n", "count"), [(1, "One territory has"), (2, "Two territories have")])
def test_range_of_fewer_than_three_territories_has_no_limits(n: int, count: str) -> None:
    sentence = regions.describe_range(make_range(n))
    assert sentence.startswith(f"{count} a published figure. A median needs three territories.")
    assert regions.format_range(make_range(n), 0) == f"fewer than three published figures (territories: {n})"


def test_range_of_three_territories_has_median_and_limits() -> None:
    assert regions.describe_range(make_range(3)).startswith(
        "3 territories have a published figure: median 2, lowest 1, highest 6."
    )
    assert regions.format_range(make_range(3), 0) == "2, 1 to 6 (territories: 3)"


def test_window_that_is_not_enough_is_not_called_the_longest() -> None:
    windows = [build_window("A", "2025", 2, is_default=True), build_window("P5", "2021-2025", 1)]
    sentence = regions.explain_window(windows, is_share=False)
    assert "longest" not in sentence and "chosen is 2025: 2 of the 7 territories that report this have" in sentence


def build_change(before: float, after: float, volume: float, **values: Any) -> dict[str, Any]:
    return {
        "previous_period": "2024", "period": "2025", "count_before": before, "count_after": after, "state": "enough",
        "change": after - before, "volume_effect": volume, "ratio_effect": after - before - volume, "left_out": "",
        "obs_status": "A", "conf_status": "F", "reporters": "AA",
    } | values  # fmt: skip


def test_change_is_described_by_what_it_is_made_of() -> None:
    verdict = "This is not a clear change."
    text = changes.describe_split(build_change(145, 198, -28), "Region", "Trafficking in persons", verdict)
    assert text == (
        "Region, trafficking in persons, convictions at first instance, 2024 to 2025: from 145 to 198 (+53). "
        "This is not a clear change. "
        "Due to fewer indictments: \u221228. Due to a higher conviction ratio: +81."
    )


@pytest.mark.parametrize("state", ["enough", "too_few"])
def test_change_across_a_break_is_neither_compared_nor_split(state: str) -> None:
    row = build_change(145, 198, -28, state=state, breaks="law:XX")
    text = changes.describe_split(row, "Region", "Trafficking in persons", "A clear rise.", "Change in the law, 2025.")
    assert text == (
        "Region, trafficking in persons, convictions at first instance, 2024 to 2025: from 145 to 198. The change is "
        "neither compared nor split, because there is a break in the series between the two years. Change in the law, "
        "2025."
    )
    assert [figure.text for figure in changes.format_effects(row)] == ["not split: break"] * 2
    assert (changes.format_before_after(row).text, changes.format_change(row).text) == (
        "from 145 to 198",
        "not compared",
    )
    assert not changes.is_split(row) and changes.is_split(build_change(145, 198, -28, breaks=""))


@given(st.integers(0, 500), st.integers(0, 500), st.floats(-300, 300))
def test_words_of_a_change_agree_with_its_numbers(before: int, after: int, volume: float) -> None:
    text = changes.describe_split(
        build_change(before, after, volume), "Region", "Trafficking in persons", "No verdict."
    )
    number = r"(\u2212?\+?[0-9\u202f,]+)\."
    more = re.search(f"Due to more indictments: {number}", text)
    fewer = re.search(f"Due to fewer indictments: {number}", text)
    assert (more is None or more[1].startswith("+")) and (fewer is None or fewer[1].startswith("\u2212"))
    assert f"from {before} to {after} (" in text
