"""Tests of the home page: what changed, with the territories that are in the figures."""

from __future__ import annotations

import pytest

from pipelines.front.edition import CONVICTION_RATIO
from pipelines.front.pages.home import compose_home, compose_ratios
from pipelines.front.reader import Reader
from tests.support.editions import AREAS, make_area, make_edition, make_metric, make_ratio, make_total


@pytest.mark.parametrize(
    ("reporters", "covers"),
    [
        (("AA,BB,CC,DD", "AA,BB,CC,DD"), ("(all 4 territories): TIP,", ": 90 in 2025, 90 in 2024.")),
        (("AA,BB,CC", "AA,BB,CC,DD"), (": 90 (all 4 territories) in 2025, no regional figure in 2024.",)),
        (
            ("AA,BB,CC,DD,EE", "AA,BB,CC,DD"),
            (": 90 (4 of 5 territories) in 2025, 90 (all 5 territories) in 2024.", "2025: not included: Eland"),
        ),
    ],
)
def test_change_of_the_region_names_its_coverage(reporters: tuple[str, str], covers: tuple[str, ...]) -> None:
    totals = [
        make_total("WB", year, 90.0, reporters=codes) for year, codes in zip(("2024", "2025"), reporters, strict=True)
    ]
    of_five = {"area": [*AREAS, make_area("EE", "territory", "EE", "Eland")]} if "EE" in reporters[0] else {}
    edition = make_edition(
        **of_five,
        total=totals,
        metric=[make_metric(CONVICTION_RATIO, "Convicted per 100 adjudicated")],
        stage_ratio=[make_ratio("WB", "2025", metric=CONVICTION_RATIO)],
    )
    page = compose_home(Reader(edition, "en"), "TIP")
    changed = dict(page.values["headlines"])["What changed"]
    assert changed.startswith("Western Balkans") and "TIP, people convicted at first instance: 90" in changed
    assert all(cover in changed for cover in covers), changed


def test_table_of_ratios_has_the_territories_in_the_figure_of_the_region() -> None:
    ratios = [make_ratio("WB", "2025", metric=CONVICTION_RATIO, reporters="AA,BB,CC,DD")]
    edition = make_edition(
        area=[*AREAS, make_area("EE", "territory", "EE", "Eland")],
        total=[make_total("WB", "2025", 90.0)],
        metric=[make_metric(CONVICTION_RATIO, "Convicted per 100 adjudicated")],
        stage_ratio=ratios,
    )
    region, covered, *_ = compose_ratios(Reader(edition, "en"), "TIP", CONVICTION_RATIO).table.rows
    assert str(region.heading).startswith("Western Balkans")
    assert str(covered.heading) == "Territories included" and str(covered.fields[0]).startswith("4 of 5")
