"""The page that compares territories: what can be chosen, words at the row, tests of pairs, and former addresses."""

from __future__ import annotations

import re
from html import unescape
from typing import Any
from urllib.parse import parse_qsl

import pytest
from streamlit.testing.v1 import AppTest

from dashboards.public import comparison, queries
from tests.support.public_pages import read_html, read_paragraphs, read_pictures, run_page, strip_marks
from tests.support.releases import release_ratios

pytestmark = pytest.mark.usefixtures("handmade")
RATIO = {"kind": "ratio", "indicator": release_ratios.METRIC, "freq": "A", "period": release_ratios.PERIOD}


def read_first_table(test: AppTest) -> dict[str, str]:
    """Return the figures of the table of one period by the names of their rows."""
    rows = re.findall(r"<tr[^>]*>(.*?)</tr>", strip_marks(read_html(test).partition("</table>")[0]), re.S)
    fields = [[re.sub(r"<[^>]+>", "", part) for part in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row)] for row in rows]
    return {row[0]: row[1] for row in fields[1:]}


def find_territories(test: AppTest) -> Any:
    """Return the control of the territories."""
    return next(group for group in test.button_group if group.label == "Territories")


def test_chosen_territories_are_in_table_pictures_pairs_and_address() -> None:
    test = run_page("compare", **RATIO, areas="AL,MK,ME")
    table = read_first_table(test)
    assert list(table) == ["Western Balkans", "Territories included", "Albania", "Montenegro", "North Macedonia"]
    assert table["Western Balkans"] == "no regional figure", "three of seven territories are not the region"
    assert table["Montenegro"] == "80 (62–103) few"
    dots = read_pictures(test)[0]
    assert "Fewer than 20: too few to compare" in dots.text and "Serbia" not in dots.text
    text = read_html(test)
    assert (
        "The figure for Albania is lower than that for North Macedonia: 0.63 times as high (95% confidence interval "
        "0.45 to 0.88)."
    ) in text
    assert "Albania and Montenegro: too few to compare." in text
    assert (
        "1 of 3 pairs of territories could be compared. Clear differences: 1. Pairs are not compared if a count is "
        "too small, a figure is missing or withheld, or the counting rules differ too much. The tests and their "
        "intervals allow for all"
    ) in read_paragraphs(test)
    assert test.query_params["areas"] == "AL,ME,MK"


def test_missing_figures_are_words_at_their_row_in_table_and_picture() -> None:
    test = run_page("compare", **RATIO, areas="BA,XK")
    table = read_first_table(test)
    assert table["Kosovo under UNSCR 1244"] == "withheld" and table["Bosnia and Herzegovina"] == "not applicable"
    dots = read_pictures(test)[0]
    assert "withheld" in dots.text and "not applicable" in dots.text
    assert "United Nations Security Council resolution 1244" in dots.text
    test = run_page("compare", kind="count", indicator="investigated", freq="Q", period="2026-Q3")
    counts = read_first_table(test)
    assert "Western Balkans" in counts and "Western Balkans" not in read_pictures(test)[0].text
    assert counts["Serbia"] == "not received" and counts["Croatia"] == "not collected"


def test_line_of_the_region_has_the_territories_in_its_figure() -> None:
    test = run_page("compare", kind="rate", indicator="convicted_first", freq="A", period="2025")
    table = read_first_table(test)
    figure, covered = table["Western Balkans"], table["Territories included"]
    assert f"Western Balkans ({covered} territories): {figure}" in read_pictures(test)[0].text, (figure, covered)
    assert covered == "6 of 7"


def test_unknown_territories_of_an_address_are_left_out_with_a_warning() -> None:
    test = run_page("compare", **RATIO, areas="AL,ZZ,RS")
    assert find_territories(test).value == ["AL", "RS"]
    assert "Shown instead: Albania and Serbia" in test.warning[0].value and test.query_params["areas"] == "AL,RS"


def test_taking_out_the_last_territory_restores_all() -> None:
    test = run_page("compare", **RATIO, areas="AL")
    assert any("Choose at least two territories." in paragraph.value for paragraph in test.markdown)
    find_territories(test).set_value([]).run()
    assert not test.exception
    assert len(find_territories(test).value) == 7 and test.query_params["areas"] == "AL,BA,HR,XK,ME,MK,RS"


def test_map_links_put_a_territory_in_or_take_it_out_and_keep_all_other_choices() -> None:
    test = run_page("compare", **RATIO, areas="AL,RS")
    (html,) = [element.value for element in test.markdown if element.value.startswith('<div class="rti-map">')]
    links = dict(re.findall(r'<a href="([^"]+)" aria-label="([A-Z]{2}) ', unescape(html)))
    queries = {code: dict(parse_qsl(link.partition("?")[2])) for link, code in links.items()}
    assert queries["AL"]["areas"] == "RS" and queries["MK"]["areas"] == "AL,MK,RS"
    assert all(query.items() >= RATIO.items() for query in queries.values())
    assert "Albania: chosen" in html and "North Macedonia: not chosen" in html
    assert "imply no opinion on status or borders" in html and "UNSCR 1244*" in html


def test_every_kind_of_indicator_opens_with_a_table_and_a_picture() -> None:
    for kind in comparison.KINDS:
        test = run_page("compare", kind=kind)
        assert test.query_params["kind"] == kind
        assert read_first_table(test) and read_pictures(test), kind
        is_tested = any(header.value == "Is the difference real?" for header in test.header)
        assert is_tested is (kind != "sentence"), f"{kind}: two laws allow different sentences"
        quote = re.search(r"<blockquote[^>]*>(.*?)<cite>", read_html(test), re.S)
        figure = read_first_table(test).get("Western Balkans", "").partition(" (")[0]
        assert quote is not None and figure in quote[1], (kind, "the sentence has the figure of the table")


@pytest.mark.parametrize(
    ("choices", "is_of_stages"),
    [({"kind": "count"}, True), ({"kind": "rate"}, True), (RATIO, True), ({"kind": "share"}, False)],
)
def test_figures_of_stages_are_not_followed_people(choices: dict[str, str], is_of_stages: bool) -> None:
    test = run_page("compare", **choices)
    assert ("The stages of one period count different people" in read_html(test)) is is_of_stages
    assert "The order of territories is not a ranking." in read_html(test)


def read_lengths(test: AppTest) -> dict[str, list[str]]:
    """Return the fields of the table of sentences by the heading of their line."""
    [part] = [
        part
        for part in read_html(test).split('<div class="rti-caption"')[1:]
        if ">Imprisonment to be served, in months" in part[:300]
    ]
    lines = re.findall(r"<tr[^>]*>(.*?)</tr>", part.split("<tbody>")[1].split("</tbody>")[0], re.S)
    fields = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", strip_marks(line), re.S) for line in lines]
    return {heading: cells for heading, *cells in ([re.sub(r"<[^>]+>", "", text) for text in line] for line in fields)}


def test_sentences_are_those_of_the_page_of_durations_with_law_and_few() -> None:
    lengths = read_lengths(run_page("durations", decisions="first"))
    # The release has no final ones, so that they are not offered.
    test = run_page("compare", kind="sentence", decisions="final")
    assert any("Shown instead:" in warning.value for warning in test.warning)
    assert read_lengths(test) == lengths and lengths
    assert read_pictures(test)
    law = [fields[-2] for fields in lengths.values()]
    assert any(re.fullmatch(r"\d+–\d+", text) for text in law), law
    assert any(" few" in field for fields in lengths.values() for field in fields)
    some = next(iter(lengths))
    code = next(code for code, row in queries.area_names(queries.current_release()).items() if row["name"] == some)
    others = "AL,ME" if code not in ("AL", "ME") else "RS,MK"
    chosen = run_page("compare", kind="sentence", areas=f"{others},{code}")
    assert read_lengths(chosen) == {some: lengths[some]}
    quote = re.search(r"<blockquote[^>]*>(.*?)<cite>", read_html(chosen), re.S)
    assert quote is not None and some in quote[1] and "No case records" in quote[1]


def test_version_of_a_ratio_is_one_choice_and_only_the_recommended_is_tested() -> None:
    test = run_page("compare", **RATIO, version="lagged")
    table = read_first_table(test)
    assert table["Serbia"] == "65 (50–84), over 1 year before" and table["Albania"] == "no records"
    assert any("Only the recommended versions are tested" in paragraph.value for paragraph in test.markdown)


def test_counts_are_tested_by_population_and_clearance_rates_by_their_own_pairs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Show the pairs of ratios as those of other indicators, since the release of the tests has no others."""
    read_rows, requested = queries.read_rows, []

    def read_other_pairs(path: str, name: str, *parameters: Any, **named: Any) -> Any:
        if name != "pairs":
            return read_rows(path, name, *parameters, **named)
        requested.append(parameters[0])
        rows = read_rows(path, name, release_ratios.METRIC, *parameters[1:])
        return tuple({**row, "measure": "convicted_first"} for row in rows)

    year = {"freq": "A", "period": release_ratios.PERIOD}
    test = run_page("compare", kind="count", indicator="convicted_first", **year)
    assert "Counts are not tested against each other" in read_paragraphs(test)
    monkeypatch.setattr(queries, "read_rows", read_other_pairs)
    test = run_page("compare", kind="count", indicator="convicted_first", **year)
    assert "compare each count with the population of its territory" in read_paragraphs(test)
    assert "The figure for Albania is lower than that for North Macedonia: 0.63 times as high" in read_html(test)
    test = run_page("compare", kind="clearance", indicator="clearance_rate_first", **year)
    assert "The figure for Albania is lower than that for North Macedonia: 0.63 times as high" in read_html(test)
    assert requested == ["rate", "clearance_rate_first"]


def test_medians_are_tested_by_their_published_intervals() -> None:
    test = run_page("compare", kind="duration")
    assert "The pair does not differ clearly." in read_paragraphs(test)
    assert "No statistically clear difference between Croatia and Serbia" in read_html(test)
    assert "The tests use the published medians" in read_html(test)
    alone = run_page("compare", kind="duration", areas="HR,AL")
    assert "No two territories have figures of this kind." in read_paragraphs(alone)


def test_trend_shows_the_chosen_territories_and_highlights_one() -> None:
    test = run_page("compare", kind="count", indicator="convicted_first", freq="A", period="2025", areas="AL,HR,MK")
    trend = read_pictures(test)[1]
    assert all(f"{name}: " in trend.spoken for name in ("Albania", "Croatia", "North Macedonia"))
    assert "Western Balkans" not in trend.spoken, "the sum of territories is no level to compare them with"
    assert test.query_params["trend"] == "AL"
    region = run_page("compare", kind="rate", indicator="convicted_first", areas="AL,HR", trend="WB")
    assert "Territories included, of 7" in read_pictures(region)[1].text
    assert "Albania: " in read_pictures(region)[1].spoken


def test_stages_have_pending_cases_and_other_outcomes_at_their_side() -> None:
    test = run_page("region", freq="A", period="2025", flow="AL")
    flow = next(picture for picture in read_pictures(test) if "Pending" in picture.spoken)
    assert "Rejected: 30" in flow.spoken and "Acquitted: withheld" in flow.spoken
    assert "Pending: not collected" in flow.spoken, "the release of the tests has no stocks"
    quarter = read_html(run_page("region", freq="Q", period="2026-Q2", flow="AL"))
    assert "Other outcomes are published by year only." in quarter


@pytest.mark.parametrize(("freq", "name"), [("A", "Same year"), ("Q", "Same period"), ("P3", "Same period")])
def test_version_of_a_ratio_has_the_name_of_the_table_below(freq: str, name: str) -> None:
    test = run_page("compare", kind="ratio", indicator="convicted_first_per_indicted", freq=freq)
    (control,) = (group for group in test.button_group if group.key.endswith("version"))
    assert [option.content for option in control.proto.options][1:2] == [name]
