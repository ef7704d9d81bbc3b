"""Tests of the explorer's pictures on the demonstration: takeaways, and agreement with the tables of the page."""

from __future__ import annotations

import math
import re

import pytest

from dashboards.public import queries
from pipelines.core.home import Home
from tests.support.public_pages import UNSCR, ShownPicture, read_html, read_pictures, run_page


def find_picture(pictures: list[ShownPicture], text: str) -> ShownPicture:
    return next(picture for picture in pictures if text in picture.text)


@pytest.mark.parametrize(
    ("page", "address"), [("region", {}), ("territory", {"territory": "RS", "section": "outcomes"})]
)
def test_change_in_convictions_is_a_bridge_with_the_quoted_sentence(
    demonstration: Home, page: str, address: dict[str, str]
) -> None:
    test = run_page(page, **address)
    picture = find_picture(read_pictures(test), "Due to indictments")
    sentence = picture.spoken.partition(" Demonstration data")[0]
    assert re.search(r"convictions at first instance, \d{4} to \d{4}: from \d+ to \d+ \([+−]\d+\)\.", sentence)
    assert sentence in re.sub(r"<[^>]+>", "", read_html(test)), "the takeaway is the sentence of the page"
    before, after = re.findall(r"from (\d+) to (\d+)", sentence)[0]
    assert before in picture.text.split() and after in picture.text.split()


def test_figures_of_others_are_dumbbells_with_the_figures_of_the_table(demonstration: Home) -> None:
    test = run_page("published", view="beside", territory="all", crime="TIP")
    picture = find_picture(read_pictures(test), "This release")
    assert "The largest difference is that of " in picture.spoken and UNSCR in picture.text
    rows = [
        row
        for row in queries.read_rows(queries.current_release(), "references_beside", "invented", "", "", "TIP")
        if row["difference"] is not None and row["count_unit"] == "person"
    ]
    pairs = {(round(row["own_value"]), round(row["value"])) for row in rows}
    drawn = re.findall(r"This release: ([\d,]+), Others: ([\d,]+)", picture.text)
    assert len(drawn) > 5
    assert {(int(first.replace(",", "")), int(second.replace(",", ""))) for first, second in drawn} <= pairs


@pytest.mark.parametrize("language", ["en", "mk", "sq"])
def test_forms_of_exploitation_are_a_shaded_table_of_all_territories(demonstration: Home, language: str) -> None:
    test = run_page("victims", freq="A", period="2025", lang=language)
    path = queries.current_release()
    rows = queries.read_rows(path, "victim_forms", "2025", "TIP", "victim")
    published = [row for row in rows if row["value"] is not None]
    picture = next(picture for picture in read_pictures(test) if "0–9%" in picture.text)
    for row in published:
        assert str(math.floor(row["value"] + 0.5)) in picture.text.split()
    names = [area["name"] for area in queries.area_names(path).values() if area["area_kind"] == "territory"]
    if language == "en":
        assert all(word in picture.text.split() for name in names for word in name.split() if "Kosovo" not in name)
        largest = re.search(r"Largest share of those that can be compared, by territory: (.*?)\. ", picture.spoken)
        assert largest is not None and largest[1].startswith("Albania: Sexual exploitation, 41")
        assert ";" not in largest[1], "no other territory has two forms of at least 20 victims"


@pytest.mark.parametrize(("freq", "period"), [("A", "2025"), ("Q", "2026-Q2"), ("P3", "2023-2025")])
def test_boxes_of_the_region_have_the_intervals_of_the_release(demonstration: Home, freq: str, period: str) -> None:
    """Require it because the static pages have intervals at the same boxes, with their notes; the explorer did not."""
    path = queries.current_release()
    counts = queries.run_statement(
        path,
        "select measure, value, low, high, interval_basis, dispersion from indicator"
        " where metric = 'count' and area = 'WB' and freq = ? and period = ? and offence_group = 'TIP'"
        " and count_unit = 'person' and low is not null"
        " and len(string_split(reporters, ',')) >= 4 and measure in ('investigated', 'indicted', 'convicted_first')"
        " and cell_id in (select cell_id from cell where is_total)",
        [freq, period],
    )
    pictures = read_pictures(run_page("region", freq=freq, period=period, crime="TIP"))
    picture = next(each for each in pictures if each.spoken.startswith("Western Balkans, trafficking in persons"))
    texts = picture.text.replace("\u202f", "").replace(",", "")
    assert len(counts) >= 2
    for row in counts:
        low, high = (f"{math.floor(row[name] + 0.5)}" for name in ("low", "high"))
        assert f"{row['value']:.0f} ({low}–{high})" in texts, row["measure"]
    assert all(row["interval_basis"] == "lower_bound" for row in counts)
    differ = len({row["dispersion"] > 1 for row in counts}) == 2
    note = "the real interval is wider than shown" if differ else "the real margin is wider than shown"
    assert note in " ".join(picture.text.split()), "also in a saved picture"
