"""Tests of what a page says about the territories that are not in a figure of the region."""

from __future__ import annotations

from datetime import date

import pytest

from pipelines.front.reader import Reader, open_reader
from pipelines.words.language import read_in
from tests.support.editions import MEMBERS, Row, make_edition, make_total

WITHOUT, NOT_COLLECTED, ADULTS = "reported, but without this figure", "not collected", "adults only"


def _make_return(territory: str) -> Row:
    return {
        "territory": territory, "jurisdiction": territory, "instrument": "justice", "freq": "A", "period": "2025",
        "deadline": date(2026, 2, 1), "is_due": True, "is_reported": True, "is_on_time": True,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("own", "has_return", "reason"),
    [
        (make_total("DD", "2025", None, obs_status="L"), True, NOT_COLLECTED),
        (make_total("DD", "2025", None, obs_status="O"), True, WITHOUT),
        (make_total("DD", "2025", 25.0, age="Y_GE18"), True, ADULTS),
        (None, True, NOT_COLLECTED),
        (make_total("DD", "2025", None, obs_status="O"), False, WITHOUT),
        (make_total("DD", "2025", None, obs_status="L"), False, NOT_COLLECTED),
    ],
)
def test_reason_for_an_absence_agrees_with_the_figure_of_the_territory(
    own: Row | None, has_return: bool, reason: str
) -> None:
    """Compare with a territory that counted the stage in another year, with and without a return for this one."""
    region = make_total("WB", "2025", 100.0, reporters="AA,BB,CC")
    totals = [region, make_total("DD", "2024", 12.0), *([own] if own else [])]
    reader = Reader(make_edition(total=totals, coverage=[_make_return("DD")] * has_return), "en")
    assert reader.list_absences(region) == f"Not included: Dland ({reason})."


def test_reason_for_an_absence_from_a_ratio_is_that_of_the_ratio() -> None:
    """Use territories that count convictions at first instance, which are not part of this ratio."""

    def make_ratio(area: str, obs_status: str, reporters: str) -> Row:
        return {
            "metric": "convicted_final_per_indicted", "offence_group": "TIP", "area": area, "period": "2025",
            "area_kind": "region" if area == "WB" else "territory", "version": "same_period", "is_default": True,
            "obs_status": obs_status, "reporters": reporters, "value": None,
        }  # fmt: skip

    region = make_ratio("WB", "A", "") | {"left_out": "AA:withheld,BB:juveniles_differs", "ages": "_T/_T"}
    adults = make_ratio("BB", "D", "BB") | {"ages": "Y_GE18/_T", "value": 75.0}
    ratios = [region, make_ratio("AA", "A", ""), adults, make_ratio("CC", "L", ""), make_ratio("DD", "O", "")]
    totals = [make_total(area, "2025", 25.0) for area in MEMBERS]
    coverage = [_make_return(area) for area in MEMBERS]
    reader = Reader(make_edition(total=totals, stage_ratio=ratios, coverage=coverage), "en")
    reasons = f"Aland (withheld), Bland* ({ADULTS}), Cland ({NOT_COLLECTED}) and Dland ({WITHOUT})"
    assert reader.list_absences(region) == f"Not included: {reasons}."


def test_territories_are_in_the_order_of_their_names_in_the_language_of_the_page() -> None:
    names = {"AA": "Шланд", "AA_X": "А", "BB": "Бланд", "CC": "Аланд", "DD": "Вланд"}
    rows = [{"area": area, "language": "mk", "name": name} for area, name in names.items()]
    edition = make_edition(area_name=rows, total=[make_total("AA", "2025", 12.0)])
    before = edition.find_total("TIP", "convicted_first", "AA", "2025")
    with read_in("mk"):
        reader = open_reader(edition, "mk")
        assert reader.edition.territories == ["CC", "BB", "DD", "AA"]
        assert list(reader.areas) == ["WB", "CC", "BB", "DD", "AA", "AA_X"], "a part stays with its territory"
        assert [code for code, _ in reader.coverage.territories] == ["CC", "BB", "DD", "AA"]
    assert reader.edition.find_total("TIP", "convicted_first", "AA", "2025") is before, "the indexes are shared"
    assert open_reader(edition, "en").edition is edition and edition.territories == list(MEMBERS)


def test_figures_from_records_are_in_the_order_of_names_too() -> None:
    """Cland comes before Bland in the language of the page: so do their durations and sentences."""
    names = {"AA": "Шланд", "BB": "Бланд", "CC": "Аланд", "DD": "Вланд"}
    rows = [{"area": area, "language": "mk", "name": name} for area, name in names.items()]
    about = {"offence_group": "TIP", "statistic": "median", "source": "Register"}
    of_areas = [{**about, "area": area} for area in ("AA", "AA_X", "BB", "CC")]
    edition = make_edition(
        area_name=rows,
        duration=[{**row, "metric": "time"} for row in of_areas],
        sentence=[{**row, "level": "first", "period": "2025"} for row in of_areas],
    )
    with read_in("mk"):
        ordered = open_reader(edition, "mk").edition
    assert list(ordered.find_durations("time", "TIP")) == ["CC", "BB", "AA", "AA_X"]
    assert [area for area, _, _ in ordered.find_sentences("TIP", "first")] == ["CC", "BB", "AA", "AA_X"]
    assert list(edition.find_durations("time", "TIP")) == ["AA", "AA_X", "BB", "CC"], "English is not changed"
