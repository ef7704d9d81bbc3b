"""Tests of each page of the public dashboard, run without a browser on a handmade release."""

from __future__ import annotations

import itertools
import re
import shutil
from html import escape, unescape
from io import BytesIO
from pathlib import Path
from urllib.parse import parse_qsl, quote
from zipfile import ZipFile

import pytest
import streamlit as st
from lxml.html import document_fromstring
from streamlit.testing.v1 import AppTest

from dashboards.public import drawing, exports, queries, tables
from dashboards.public.pages import about, cards
from dashboards.public.pages.territory import returns, trend
from pipelines import words
from pipelines.core import home, i18n
from pipelines.core.i18n import tell
from pipelines.front.glossary import TERMS
from pipelines.web.guards import TOO_LONG
from pipelines.words.sources import split_remark
from tests.support.paths import ROOT
from tests.support.public_pages import (
    PICTURE,
    UNSCR,
    read_html,
    read_paragraphs,
    read_pictures,
    run_page,
    strip_marks,
    strip_spans,
)
from tests.support.releases import release_ratios

ROUTER = str(ROOT / "dashboards" / "public" / "pages" / "navigation.py")
PAGES = ("region", "compare", "territory", "durations", "victims", "published", "quality", "source", "about")


@pytest.fixture(autouse=True)
def _home(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RTI_HOME", str(root))


def read_row(test: AppTest, heading: str) -> list[str]:
    """Return the fields of the first table row under a heading, without marks."""
    matching_rows = read_rows(test, heading)
    assert matching_rows, f"no row {heading!r}"
    return matching_rows[0]


def read_rows(test: AppTest, heading: str) -> list[list[str]]:
    """Return the fields of every table row under a heading, without marks."""
    matching_rows = []
    for html_row in re.findall(r"<tr[^>]*>(.*?)</tr>", read_html(test), re.S):
        plain = strip_marks(html_row)
        fields = [
            re.sub(r"<[^>]+>", "", part).strip() for part in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", plain, re.S)
        ]
        if fields and fields[0] == heading:
            matching_rows.append(fields[1:])
    return matching_rows


@pytest.mark.parametrize("page", PAGES)
def test_every_page_states_that_its_figures_are_invented(page: str) -> None:
    test = run_page(page)
    has_others = page in ("published", "quality", "about")
    assert words.DEMONSTRATION in read_html(test)
    assert ("Figures of other publishers are real unless marked invented." in read_html(test)) is has_others
    assert test.title
    assert "Source: Regional trafficking indicators, release 2026-Q3." in read_html(test)


def test_region_shows_each_kind_of_figure_and_its_coverage() -> None:
    test = run_page("region", freq="Q", period="2026-Q3", crime="TIP", decisions="first")
    assert read_row(test, "Albania")[1] == "withheld"
    assert read_row(test, "Serbia")[0] == "not received"
    assert read_row(test, "Montenegro") == ["0", "0", "0", "0"]
    assert read_row(test, "Croatia") == ["not collected"] * 4
    assert read_row(test, "North Macedonia")[2] == "0"
    assert read_row(test, "Territories included")[0] == "5 of 7"
    text = read_html(test)
    for note in ("Nil return", "Partial:", "Calculated from year-to-date figures.", "Reports once a year"):
        assert note in text
    assert (
        "Not included: Croatia (not due: reports once a year) and "
        "Serbia† (late: due on 31 December 2026, not received)." in text
    )
    assert UNSCR in text and "Kosovo under UNSCR 1244" in text


def test_counting_cards_of_shown_figures_are_below_them() -> None:
    for page, levels in (("region", ("Prosecution", "First instance")), ("victims", ("Outside proceedings",))):
        blocks = [block for block in run_page(page, freq="A", period="2025").expander if block.label == cards.TITLE]
        assert len(blocks) == 1, page
        text = strip_spans(unescape(str(blocks[0].get("html")[0].proto.body)))
        assert all(level in text for level in levels) and "Final" not in text
        assert "Albania" in text and "Kosovo under UNSCR 1244" in text


def test_region_has_a_sentence_to_quote() -> None:
    test = run_page("region", freq="Q", period="2026-Q3")
    sentence = re.search(r"<blockquote[^>]*>(.*?)</blockquote>", read_html(test), re.S)
    assert sentence is not None
    value = read_row(test, "Western Balkans")[0]
    assert f"{value} persons investigated. Figures cover 5 of 7 territories. Not included: Croatia (" in sentence[1]
    assert "missing" not in sentence[1], "nobody who was not due is called missing"
    assert "release 2026-Q3" in sentence[1]


def test_crime_is_a_single_choice() -> None:
    test = run_page("region", freq="Q", period="2026-Q3")
    before = read_row(test, "Bosnia and Herzegovina")
    crime = next(group for group in test.button_group if group.key == "choice.crime")
    crime.set_value("SOM").run()
    assert not test.exception
    assert read_row(test, "Bosnia and Herzegovina") != before
    assert "Smuggling of migrants, 2026 Q3" in read_html(test) and "Trafficking in persons, 2026 Q3" not in read_html(
        test
    )
    assert test.query_params["crime"] == ["SOM"] or test.query_params["crime"] == "SOM"


def test_address_holds_the_whole_selection() -> None:
    test = run_page("region", crime="SOM", decisions="final", freq="A", period="2024", show="rate", stages="all")
    text = read_html(test)
    assert "Smuggling of migrants, 2024, final decisions: rates per 100,000" in text
    assert {"crime", "decisions", "freq", "period", "show", "stages", "release"} <= set(test.query_params)


def test_address_with_unknown_period_shows_a_warning() -> None:
    test = run_page("region", period="2031-Q1", freq="Q")
    (warning,) = test.warning
    assert re.fullmatch(
        r"This link asks for an option this release does not have\. Shown instead: 2026 Q\d\.", warning.value
    )


@pytest.mark.parametrize("page", ["region", "territory"])
def test_long_address_is_not_repeated_on_the_page(page: str) -> None:
    test = run_page(page, area="A" * 60_000)
    assert [error.value for error in test.error] == [TOO_LONG]
    assert len(read_html(test)) < 60_000 and "AAAA" not in read_html(test)


def test_adults_only_count_has_no_rate() -> None:
    test = run_page("region", freq="A", period="2025", show="rate")
    assert read_row(test, "Croatia")[2] == "not applicable"
    assert "Adults only" in read_html(test)
    assert "Rates are for the period shown and are never annualised." in read_html(test)


def test_rate_has_its_range_and_few_cases_are_marked() -> None:
    """Check the first page too: the bare rate of a handful of persons would be quoted from there."""
    test = run_page("region", freq="Q", period="2026-Q2", show="rate")
    path = queries.current_release()
    cells = {
        (read_row["area"], read_row["measure"]): read_row
        for read_row in queries.read_rows(
            path, "stages", "Q", "2026-Q2", "TIP", "person", queries.MAIN_STAGES["first"], ("territory",)
        )
        if read_row["rate"] is not None
    }
    few = {area for area, read_row in cells.items() if read_row["value"] < 20}
    assert few and few < set(cells), "the release has both kinds"
    text = read_html(test)
    fields_as_read = re.sub(r"<[^>]+>", "", text)
    for area, cell in cells.items():
        rate = words.format_rate(cell)
        assert "–" in rate.text and rate.text in fields_as_read, area
    badge, explanation = words.LEGEND["few"]
    fields = re.findall(r'<td class="rti-few"[^>]*>(.*?)</td>', text)
    assert fields and all(
        "too few to compare" in field and f">{badge}<" in field for field in fields if ">0.00 <" not in field
    )
    assert explanation in text
    assert "the real margin is wider than shown" in text, "the release does not have the number of persons per case"


def test_bars_of_few_cases_are_marked() -> None:
    pictures = read_pictures(run_page("region", freq="Q", period="2026-Q2"))
    spoken = " ".join(picture.spoken for picture in pictures)
    assert "too few to compare" in spoken


def test_total_that_does_not_add_up_has_a_note() -> None:
    test = run_page("region", freq="A", period="2025", stages="all")
    assert "Not additive" in read_html(test) and "Persons handed over" in read_html(test)


def test_pooled_years_have_counts_without_rates() -> None:
    test = run_page("region", freq="P3", period="2023-2025", show="rate")
    assert not any(group.key == "choice.show" for group in test.button_group), "the release has no rates of pools"
    assert "Rates are shown for single quarters and years only." in read_html(test)
    assert "Trafficking in persons, 2023–2025" in read_html(test)


def test_stage_counted_only_in_cases_is_not_mixed_in() -> None:
    test = run_page("region", freq="Q", period="2026-Q2", stages="all")
    assert read_row(test, "Serbia")[0] == "not received"
    assert "Reported is known in cases only" in read_html(test)
    cases = run_page("region", freq="Q", period="2026-Q2", stages="all", unit="case")
    assert read_row(cases, "Serbia")[0] == "12 few"


def test_territory_shows_series_breakdowns_card_and_returns() -> None:
    test = run_page("territory", territory="AL", by="sex", year="2025", section="all")
    text = read_html(test)
    assert read_row(test, "2026 Q3")[2] == "withheld"
    counts, shares = read_rows(test, "Female")
    column = counts.index("withheld")
    assert shares[column] == "withheld", "a withheld figure has a withheld share"
    assert "Counting rules: Albania" in text
    assert "Persons whom an authority registered as victims" in text, "metadata of a form"
    assert "SALCORRECTION000" not in text and "carried forward" in text
    received = read_rows(test, "2026-11-02")
    assert [fields[3:] for fields in received] == [
        ["whole return", "2026-11-04", ""],
        ["corrections only", "2026-11-04", "2026-11-02"],
    ]
    assert len(read_pictures(test)) == 6


def test_annual_figure_is_never_shown_as_quarters() -> None:
    test = run_page("territory", territory="HR", over="Q")
    assert any("no quarterly figures" in info.value for info in test.info)
    yearly = run_page("territory", territory="HR", over="A")
    assert read_row(yearly, "2025")[0] not in ("", "not collected")


def test_jurisdictions_are_listed_under_their_territory() -> None:
    test = run_page("territory", territory="BA", section="breakdown")
    assert read_row(test, "Brčko District")[1] == "withheld"
    assert read_row(test, "Republika Srpska")[1] == "10 few"


def test_footnoted_territory_shows_footnote_on_page_and_in_charts() -> None:
    test = run_page("territory", territory="XK")
    assert UNSCR in read_html(test)
    for picture in read_pictures(test):
        assert "Kosovo under UNSCR 1244*" in picture.text and "Security Council" in picture.text


def test_charts_have_a_text_alternative_and_are_marked_as_invented() -> None:
    for test in (run_page("region"), run_page("territory", territory="RS"), run_page("victims")):
        pictures = read_pictures(test)
        assert pictures
        for picture in pictures:
            assert words.DEMONSTRATION in picture.spoken
            assert words.DEMONSTRATION in picture.text


def test_victims_page_shows_figures_with_coverage() -> None:
    test = run_page("victims", freq="A", period="2025", territory="AL", victims_by="exploitation")
    assert read_row(test, "Montenegro")[2] == "withheld"
    assert read_row(test, "Several forms") == ["0"]
    sentence = (
        "Western Balkans (6 of 7 territories: Albania, Bosnia and Herzegovina, Croatia, Kosovo under UNSCR 1244*, "
        "Montenegro and North Macedonia), 2025: trafficking in persons, detected victims: "
    )
    text = read_html(test)
    assert sentence in text and "Not included: Serbia† (reported, but without this figure)." in text


def test_published_page_never_mixes_real_and_invented_figures() -> None:
    comparison_html = read_html(run_page("published", view="beside", territory="all"))
    assert "Invented observatory" in comparison_html
    assert "US Department of State" not in comparison_html and "GRETA" not in comparison_html
    figures_html = read_html(run_page("published", view="figures", territory="all"))
    assert "Invented observatory" not in figures_html and "US Department of State" in figures_html
    assert "Published figures conflict." in figures_html


@pytest.mark.parametrize(("view", "crime"), [("figures", "TIP"), ("figures", "SOM"), ("beside", "TIP")])
def test_figures_of_others_are_in_the_order_of_the_page(view: str, crime: str) -> None:
    test = run_page("published", view=view, territory="all", crime=crime)
    assert "In the order of publishers, territories and years, the newest year first." in read_html(test)
    html = read_html(test)
    path = queries.current_release()
    territories = [row["name"] for row in queries.area_names(path).values() if row["area_kind"] == "territory"]
    publishers = {}
    worlds = ("published", "imported", "invented")
    for row in queries.read_rows(path, "references", "", "", "", "", worlds):
        title = split_remark(row["source_title"])[0]
        publishers |= {title: row["publisher"], f"{row['publisher']}: {title}": row["publisher"]}
    keys = []
    for row in re.findall(r"<tr>(.*?)</tr>", html[html.index("<tbody>") : html.index("</tbody>")], re.DOTALL):
        heading = re.sub(r"<[^>]+>", "", re.findall(r"<th.*?</th>", row, re.DOTALL)[0])
        fields = {name: re.sub(r"<[^>]+>", "", text) for name, text in
                  re.findall(r'data-column="([^"]+)">(.*?)</td>', row, re.DOTALL)}  # fmt: skip
        # A title may follow its publisher, and is followed by its date and the marks of its notes.
        publisher = publishers[max(filter(fields["Source"].startswith, publishers), key=len)]
        place = next(place for place, name in enumerate(territories) if heading.startswith(name))
        keys.append((publisher.casefold(), place, -int(re.findall(r"\d{4}", fields["Period"])[0])))
    assert len(keys) > 5 and keys == sorted(keys)


def test_every_figure_of_the_region_links_to_its_source() -> None:
    test = run_page("region", freq="Q", period="2026-Q3")
    links = re.findall(r'href="source\?cell=([^"]+)"', "\n".join(str(e.proto.body) for e in test.get("html")))
    links = [link for link in links if "area_quarter" in link]
    assert len(links) == 28, "four stages of the region and of the six territories that report by quarter"
    for link in links[:3]:
        assert quote("2026-Q3/area_quarter/area=", safe="") in link


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("2026-Q3/area_quarter/area=MK;period=2026-Q3;measure=investigated;count_unit=person;offence_group=TIP", "25"),
        ("area=AL;period=2026-Q3;measure=indicted;offence_group=TIP", "withheld"),
    ],
)
def test_source_page_shows_figure_and_its_returns(cell: str, expected: str) -> None:
    test = run_page("source", cell=cell)
    text = read_html(test)
    assert expected in text and "Stages of proceedings by quarter" in text
    assert not test.code and "rti explain" not in text, "commands are not for readers of a public page"
    if expected != "withheld":
        assert "Returns behind the figure" in text
        assert ".xlsx" not in text, "file names belong to the office"


@pytest.mark.parametrize(
    ("cell", "says"),
    [
        ("nonsense", "not the id of a figure"),
        ("area=MK;period=1999-Q1", "has no figure"),
        ("area=MK", "Several figures fit"),
    ],
)
def test_source_page_of_an_unknown_id_shows_a_message(cell: str, says: str) -> None:
    test = run_page("source", cell=cell)
    assert any(says in warning.value for warning in test.warning)


def test_downloads_include_the_files_of_the_release() -> None:
    test = run_page("about")
    text = read_html(test)
    assert UNSCR in text and "Published tables" in text
    labels = [button.proto.label for button in test.get("download_button")]
    assert {"All files (ZIP)", "manifest.json", "README.txt", "cell.csv", "cell.parquet"} <= set(labels)
    assert len(labels) <= 8, "all other files are in the ZIP file"


def test_zip_file_has_every_file_of_the_release() -> None:
    paths = tuple(queries.downloadable_files(queries.current_release()))
    with ZipFile(BytesIO(about.pack_files(paths))) as archive:
        assert len(archive.namelist()) == len(paths)
        for path in paths:
            [name] = [name for name in archive.namelist() if str(path).endswith(f"/{name}")]
            assert archive.read(name) == path.read_bytes()


def count_words(test: AppTest) -> int:
    """Return how many words of a page a reader sees before opening anything, without its foot."""
    folded = {id(element) for block in test.expander for kind in ("html", "markdown") for element in block.get(kind)}
    bodies = [str(element.proto.body) for element in test.get("html") if id(element) not in folded]
    page = document_fromstring(f"<body>{''.join(bodies)}</body>")
    for unseen in page.cssselect("style, .rti-foot, .rti-print, details:not([open]) > :not(summary), .front-about"):
        unseen.drop_tree()
    texts = [part.value for part in test.markdown if id(part) not in folded and not part.value.startswith(PICTURE)]
    return len(" ".join([*page.itertext(), *texts]).split())


TERRITORIES = ("AL", "BA", "HR", "ME", "MK", "RS", "XK")
SECTIONS = ("trend", "outcomes", "breakdown", "rules", "data")
LONGEST_SECTIONS = (("RS", "rules"), ("HR", "rules"), ("XK", "outcomes"), ("BA", "breakdown"))
"""Territories and sections with the most words, among all 35 in eight languages."""


@pytest.mark.sampled(turn=5)
@pytest.mark.parametrize("language", i18n.list_languages())
def test_territory_has_few_words_before_anything_is_opened(language: str, demonstration: home.Home) -> None:
    longest = LONGEST_SECTIONS if language != "en" else itertools.product(TERRITORIES, SECTIONS)
    counts = {
        (territory, section): count_words(run_page("territory", territory=territory, section=section, lang=language))
        for territory, section in longest
    }
    assert {place: n for place, n in counts.items() if n > 600} == {}
    assert min(counts.values()) > 20 and max(counts.values()) > 400


def test_address_of_a_choice_opens_its_section() -> None:
    for choice, section in (("left_in", "outcomes"), ("by", "breakdown"), ("jurisdictions", "breakdown")):
        test = run_page("territory", territory="BA", **{choice: "2025" if choice != "by" else "sex"})
        assert test.query_params["section"] in (section, [section])


def test_charts_of_a_territory_share_their_scale_and_periods() -> None:
    test = run_page("territory", territory="AL")
    scales = {picture.ticks for picture in read_pictures(test)}
    assert len(scales) == 1
    assert trend.ONE_SCALE in read_html(test)


CHOICES = {"crime": "SOM", "territory": "RS", "freq": "A", "period": "2024"}


@pytest.mark.sampled()
@pytest.mark.parametrize("page", PAGES)
def test_links_to_territories_carry_the_choices(page: str) -> None:
    html = read_html(run_page(page, **CHOICES))
    for link in re.findall(r'href="(territory[^"]*)"', html):
        query = dict(parse_qsl(link.partition("?")[2]))
        assert query["crime"] == "SOM" and query["territory"], link


def test_page_of_one_crime_says_so_and_keeps_the_chosen_one() -> None:
    test = run_page("victims", crime="SOM")
    assert [info.value for info in test.info] == ["This page has figures of one crime only: trafficking in persons."]
    assert "Victims of trafficking in persons" in read_html(test)
    assert 'href="territory?territory=AL&crime=SOM&release=2026-Q3&lang=en"' in read_html(test)


def test_choice_that_is_made_wins_over_an_address_that_lags_behind() -> None:
    """Send a choice with an old address, as a browser does that has not yet received the address of the last run."""
    test = run_page("region", freq="A", period="2025")
    before = dict(test.query_params)
    next(group for group in test.button_group if group.key == "choice.crime").set_value("SOM").run()
    assert "Smuggling of migrants, 2025" in read_html(test)
    for key, value in before.items():
        test.query_params[key] = value
    next(group for group in test.button_group if group.key == "choice.stages").set_value("all").run()
    assert "Smuggling of migrants, 2025" in read_html(test)
    assert test.query_params["crime"] in ("SOM", ["SOM"]) and test.query_params["stages"] in ("all", ["all"])


def test_changed_address_wins_over_the_controls() -> None:
    test = run_page("region", freq="A", period="2025")
    next(group for group in test.button_group if group.key == "choice.crime").set_value("SOM").run()
    test.query_params["crime"] = "TIP"
    test.run()
    assert "Trafficking in persons, 2025" in read_html(test)
    [crime] = [group for group in test.button_group if group.key.startswith("choice.crime")]
    assert crime.value == "TIP" and list(crime.proto.default) == [0], "the browser shows the default of a new control"


@pytest.mark.sampled()
@pytest.mark.parametrize("page", PAGES)
def test_every_page_without_a_release_says_so_and_only_the_log_names_the_command(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    home.initialise_home(tmp_path / "empty", "demonstration")
    monkeypatch.setenv("RTI_HOME", str(tmp_path / "empty"))
    test = run_page(page)
    assert test.title[0].value == "Nothing has been published yet"
    texts = [text.value for text in test.markdown]
    assert "The figures appear here with the first release. Please come back later." in texts
    assert "rti refresh --publish" in caplog.text and "rti refresh" not in str(texts)


def test_router_opens_the_region() -> None:
    test = AppTest.from_file(ROUTER, default_timeout=60).run()
    assert not test.exception
    assert test.title[0].value == "From investigation to sentence"


@pytest.mark.parametrize("is_section", [False, True])
def test_unforeseen_error_is_explained_in_the_language_of_the_reader_without_its_text(is_section: bool) -> None:
    script = (
        "from dashboards.public.problems import explain_problems\n"
        "from dashboards.public.selection import open_language\n"
        f"open_language()\nwith explain_problems(is_section={is_section}):\n    raise ValueError('of the machine')\n"
    )
    test = AppTest.from_string(script)
    test.query_params["lang"] = "sq"
    test.run()
    assert not test.exception
    text = " ".join(element.value for element in (*test.title, *test.markdown))
    heading = tell("These figures cannot be shown at the moment", "sq")
    assert heading in text and heading != "These figures cannot be shown at the moment"
    assert "of the machine" not in text


@pytest.mark.parametrize("page", ["region", "territory", "durations", "victims", "published", "quality"])
def test_caption_leaves_the_notice_of_invented_figures_to_the_page_and_files_keep_it(
    page: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    offered: list[tables.Table] = []
    monkeypatch.setattr(drawing, "offer_table", lambda frame, title, table, key: offered.append(table))
    captions = re.findall(r'<div class="rti-caption"[^>]*>(.*?)</div>', read_html(run_page(page)))
    assert captions and not any("invented" in caption for caption in captions)
    assert captions == [table.caption.removesuffix(words.DEMONSTRATION).strip() for table in offered]
    with_notice = [table for table in offered if table.caption.endswith(words.DEMONSTRATION)]
    # Figures of other publishers are not invented.
    assert bool(with_notice) is (page != "published")
    assert all(words.DEMONSTRATION in exports.write_csv(table, "A citation").decode() for table in with_notice)


@pytest.fixture
def public_part(built_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A home that has the public files of the demonstration and no folder `restricted/`."""
    (tmp_path / "home.json").write_bytes((built_home / "home.json").read_bytes())
    (tmp_path / "public").symlink_to(built_home / "public")
    monkeypatch.setenv("RTI_HOME", str(tmp_path))


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.usefixtures("public_part")
def test_every_page_runs_on_the_public_files_of_the_demonstration_alone(page: str) -> None:
    test = run_page(page)
    assert test.title[0].value != "Nothing has been published yet"
    assert words.DEMONSTRATION in read_html(test)


@pytest.mark.sampled()
@pytest.mark.parametrize("page", PAGES)
@pytest.mark.usefixtures("public_part")
def test_terms_are_explained_where_a_page_has_them_first(page: str) -> None:
    """Check captions, headings and notes as well as sentences, and that each explanation has an id of its own."""
    texts = [str(element.proto.body) for element in run_page(page).get("html")]
    document = document_fromstring("\n".join(f"<div>{text}</div>" for text in texts))
    links = document.cssselect(".front-term > a")
    about = [str(link.get("aria-describedby")) for link in links]
    assert len(set(about)) == len(about) and all(document.get_element_by_id(name) is not None for name in about)
    assert not document.xpath("//a//a | //*[@role='img']//a | //*[@aria-hidden='true']//a")
    for explanation in document.find_class("front-about"):
        explanation.drop_tree()
    read = [*document.cssselect(".rti-caption, blockquote"), document.find("div/p")]  # and the first sentence of a page
    captions = " ".join(element.text_content() for element in read if element is not None).lower()
    used = {
        code
        for code, (_, _, forms) in TERMS.items()
        if any(re.search(rf"\b{form}\b", captions) for form in forms.lower().split("|"))
    }
    explained = {name.removeprefix("about-").removeprefix("folded-") for name in about}
    assert used <= explained and (used or page == "source")


@pytest.mark.sampled(turn=5)
def test_each_territory_and_period_of_the_demonstration_can_be_opened(demonstration: home.Home) -> None:
    path = queries.current_release()
    for code, read_row in queries.area_names(path).items():
        if read_row["area_kind"] == "territory":
            run_page("territory", territory=code, over="A", section="all")
    for crime in ("TIP", "SOM"):
        for freq, periods in queries.list_periods(path, crime).items():
            run_page("region", crime=crime, freq=freq, period=periods[-1], show="rate", stages="all", decisions="final")


@pytest.mark.sampled(turn=4)
def test_region_shows_the_values_of_mart_pipeline(demonstration: home.Home) -> None:
    """Compare the page with `mart_pipeline`: the page reads `cell`, and both choose by the same rule."""
    import duckdb

    path = queries.current_release()
    stages = ("reported", "investigated", "indicted", "adjudicated", "convicted", "sentenced")
    with duckdb.connect(path, read_only=True) as connection:
        pipeline_rows = connection.execute(
            f"select area, freq, period, offence_group, track, {', '.join(stages)} from pipeline "
            "where area_kind in ('region', 'territory')"
        ).fetchall()
    assert pipeline_rows
    by_selection: dict[tuple[str, ...], list[tuple[str, list[float | None]]]] = {}
    for area, freq, period, group, track, *values in pipeline_rows:
        by_selection.setdefault((freq, period, group, track), []).append((area, values))
    for (freq, period, group, track), expected in by_selection.items():
        measures = queries.STAGES[track]
        cells = queries.read_rows(path, "stages", freq, period, group, "person", measures, ("region", "territory"))
        values_by_cell = {(cell["area"], cell["measure"]): cell["value"] for cell in cells}
        for area, values in expected:
            assert [values_by_cell.get((area, measure)) for measure in measures] == values


RATIO = {
    "crime": "TIP", "kind": "ratio", "indicator": release_ratios.METRIC, "freq": "A", "period": release_ratios.PERIOD,
}  # fmt: skip


def test_ratio_has_its_range_and_version() -> None:
    test = run_page("compare", **RATIO)
    assert read_rows(test, "Albania")[:2] == [["80 (62–103)"], ["80 (62–103)", "no records"]]
    lagged = "65 (50–84), over 1 year before"
    assert read_rows(test, "Serbia")[:2] == [[lagged], ["80 (62–103)", lagged]], "the recommended version, then both"
    assert "Recommended: with time lag" in read_html(test)
    few = "Only 3 of 7 territories can be included; a regional figure needs at least 4. Not included: "
    assert f": no regional figure. {few}" in read_html(test)
    assert read_row(test, "Western Balkans")[0] == "no regional figure", "three of seven territories are not the region"
    assert "Territories with large enough numbers to be compared: 4 of 7" in read_html(test)


def test_ratio_of_few_cases_is_marked_and_withheld_ratio_stays_withheld() -> None:
    test = run_page("compare", **RATIO)
    assert read_row(test, "Montenegro")[0] == "80 (62–103) few"
    assert "Fewer than 20 in one of the two counts" in read_html(test)
    assert read_row(test, "Kosovo under UNSCR 1244")[0] == words.WITHHELD
    assert read_row(test, "North Macedonia")[0].startswith("127") and "Over 100: the two counts" in read_html(test)


def test_ratio_of_two_units_is_not_applicable_with_a_reason() -> None:
    test = run_page("compare", **RATIO)
    assert read_row(test, "Bosnia and Herzegovina")[0] == "not applicable"
    assert "The two counts behind this figure differ: the count unit." in read_html(test)


def test_share_has_its_range_and_few_cases_are_marked() -> None:
    test = run_page("territory", territory="AL", by="sex", year="2025")
    shares = [read_row for heading in ("Female", "Male") for read_row in read_rows(test, heading)[1:]]
    shown_shares = [field for read_row in shares for field in read_row if field not in ("withheld", "")]
    assert shown_shares and all(re.fullmatch(r"\d+ \(\d+–\d+\)( few)?", field) for field in shown_shares), shown_shares
    text = read_html(test)
    assert 'class="rti-few"' in text
    assert re.search(r"share: too few to compare, \d+, 95% confidence interval \d+ to \d+", text)
    assert "Fewer than 20 in the part or in the rest: chance alone can change this a lot." in text


def test_significant_differences_of_shares_are_described_by_odds() -> None:
    text = read_html(run_page("territory", territory="AL", by="sex", year="2025"))
    assert "Female: 3 of 21 pairs of territories could be compared. Clear differences: 2." in text
    # 30 of 60 and 20 of 80 are 50 and 25 per cent; the odds are 30:30 and 20:60, a ratio of three.
    odds = "the odds 3.00 times as high (95% confidence interval 1.32 to 6.94)."
    assert f"The figure for Albania is higher than that for Croatia: 50 against 25 per cent; {odds}" in text
    endless = (
        "The figure for Bosnia and Herzegovina is higher than that for Croatia: 100 against 25 per cent; the odds "
        "infinitely many times"
    )
    assert f"{endless} (95% confidence interval 1.75 or more)." in text, "the other side is empty"
    assert "None" not in text and "nan" not in text


def test_older_returns_are_below_the_newest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(returns, "_NEWEST", 1)
    test = run_page("territory", territory="AL", section="data")
    [older] = [block for block in test.expander if "older return" in block.label]
    number = int(older.label.split()[0])
    assert (
        len(re.findall(r"<tr", read_html(test).split("Older returns accepted", 1)[1].split("</table>", 1)[0]))
        == number + 1
    )


def test_pairs_are_described_in_words_and_never_ranked() -> None:
    test = run_page("compare", **RATIO)
    text = read_html(test)
    assert any(
        "pairs are compared at once, each pair is tested more strictly and its interval is wider, " in paragraph.value
        for paragraph in test.markdown
    ), "the page warns about multiple comparisons"
    assert (
        "The figure for Albania is lower than that for North Macedonia: 0.63 times as high (95% confidence interval "
        "0.45 to 0.88)."
    ) in text
    assert "No statistically clear difference between " in text
    assert ". Compare with care: Not known for at least one of the two figures: the inclusion of attempts." in text
    assert " are not compared. Differences between the two figures: the version of the ratio." in text
    assert "Same year: 4 territories have a published figure: median" in read_paragraphs(test)
    assert "United Nations Security Council resolution 1244" in text


def test_about_explains_each_word_for_a_missing_figure_once() -> None:
    """Require the legend alone: "expected and is missing" said of "not available" what "not received" means."""
    legend, reading = tables.render_legend(), about.READING[0]
    assert all(escape(text) in legend for _, text in words.LEGEND.values())
    kinds = ("withheld", "unreceived", "unavailable", "not_collected", "not_applicable")
    assert all(words.LEGEND[kind][0] in reading for kind in kinds), "not received is one of them"
    assert "means" not in reading and "expected" not in read_html(run_page("about")).partition("Downloads")[0]


def test_quality_of_each_territory_is_shown_without_invented_values() -> None:
    test = run_page("quality")
    albania = ["98.4%", "75.0%", "6.5 early", "92.0", "11 quarters, 2 years", "10.7%"]
    assert albania in read_rows(test, "Albania")
    assert any("4 years" in row for row in read_rows(test, "Montenegro")), "not a number between those of quarters"
    assert ["not available"] * 6 in read_rows(test, "Serbia")
    text = read_html(test)
    assert "No return was received." in text, "the reason for the missing figures"
    assert "Albania: of 25 totals published in two releases or more, 4 changed." in text
    assert "Croatia: no total has been published in two releases yet." in text and "BA_FED" not in text
    assert "3 pairs of figures: 1 agrees, 1 differs for a declared reason and 1 differs with no reason given." in text
    assert read_row(test, "Albania") and "71: cases under investigation (One)" in text and ">+25<" in text
    assert "Investigations carried over are counted with the new ones." in text


@pytest.mark.parametrize(
    ("area", "expected_texts"),
    [
        ("AL", ["2014", "71", "46", "+25", "two figures of this source differ for a declared reason"]),
        ("BA", ["306", "The two agree"]),
        ("HR", ["2015", "2016", "2017", "2018", "38", "30", "29", "76", "The two agree"]),
        ("ME", ["2025", "50", "43", "+7", "two figures of this source differ. No reason was given"]),
        ("RS", ["296", "191", "+105", "No reason was given"]),
    ],
)
def test_published_figures_are_compared(demonstration: home.Home, area: str, expected_texts: list[str]) -> None:
    """Check the five real cases, each as it was published, without invented figures."""
    table = "two figures of one source" if "this source" in expected_texts[-1] else "figures of two sources"
    sections = read_html(run_page("published", of=area)).split(f"{table} on the same subject")
    assert len(sections) > 1, area
    text = sections[-1]
    assert all(part in text for part in expected_texts), [part for part in expected_texts if part not in text]
    assert "nvented" not in text.split("</table>")[0]


def test_sources_that_are_compared_with_themselves_are_not_counted_as_agreeing(demonstration: home.Home) -> None:
    """Count no agreement of two sources for Albania: each of its pairs is of one report."""
    page = run_page("published", of="AL")
    text = read_paragraphs(page) + read_html(page)
    assert "2 pairs of figures, each of one source: 1 is consistent and 1 differs for a declared reason." in text
    assert "1 agrees" not in text and "Do two sources agree?" not in text and "The two agree." not in text
    assert "6 pairs of figures: 5 agree and 1 differs with no reason given." in read_html(run_page("quality"))


def test_ratio_opens_in_its_window_with_the_reason() -> None:
    test = run_page("compare", crime="TIP", kind="ratio", indicator=release_ratios.METRIC)
    text = read_html(test)
    most = "Most of the territories that report this have enough cases to compare"
    assert f"{most} in 2023–2025, but not in a shorter period." in text
    assert (
        "7 of the 7 territories that report this have counts of 20 or more in 2023–2025, against 3 in 2025 and 0 in "
        "2026 Q3."
    ) in text


def test_shorter_window_is_labelled_as_shorter() -> None:
    assert "You have chosen a shorter period" in read_html(run_page("compare", **RATIO))


def test_region_rate_has_coverage_median_range_and_count() -> None:
    test = run_page("region", freq="A", period="2025")
    convicted = next(fields for fields in (read_row(test, "Convicted"),) if len(fields) == 4)
    assert convicted == ["1.25", "5 of 7", "1.60, 0.44 to 1.81 (territories: 5)", "4 of 5"]
    assert read_row(test, "Sentenced") == [
        "no regional figure", "2 of 7", "fewer than three published figures (territories: 2)", "0 of 2",
    ]  # fmt: skip
    text = read_html(test)
    assert "inhabitants: 1.25. Figures cover 5 of 7 territories." in text
    assert "5 territories have a published figure: median 1.60, lowest 0.44, highest 1.81. " in text
    assert "Withheld as well: 2." in text
    assert (
        "To compare territories, use 2025 for convicted; 2023–2025 for sentenced, although most territories have too "
        "few cases." in text
    )


def test_change_of_the_region_is_that_of_its_own_total_with_its_coverage() -> None:
    test = run_page("region", freq="A", period="2025")
    text = read_html(test)
    assert (
        "from 50 to 60 (+10). This is not a clear change: 1.20 times as many (95% confidence interval 0.81 to 1.78). "
        "Due to more indictments: +23. Due to a lower conviction ratio: \u221213."
    ) in text
    assert "Figures cover 6 of 7 territories. Not included: Serbia† (reported, but without this figure)." in text
    assert read_row(test, "2024 to 2025") == ["from 50 to 60", "+10", "+23", "\u221213", "6 of 7"]


def test_change_of_few_territories_is_not_a_change_of_the_region() -> None:
    test = run_page("region", freq="A", period="2025")
    assert read_row(test, "2023 to 2024") == [*["not applicable"] * 4, "3 of 7"]
    assert read_row(test, "2022 to 2023")[:4] == ["not applicable"] * 4
    text = read_html(test)
    assert "Too few territories are included for a regional figure." in text
    assert "The counts of the two years do not have the same reporters." in text


def test_change_of_few_or_withheld_cases_has_no_number() -> None:
    test = run_page("territory", territory="AL", section="outcomes")
    assert read_row(test, "2022 to 2023") == ["from 50 to 60", "+10", "+23", "\u221213"]
    assert read_row(test, "2023 to 2024") == ["from 19 to 25", "+6", "too few to split", "too few to split"]
    assert read_row(test, "2024 to 2025") == ["withheld"] * 4
    assert "from 19 to 25 (+6). Too few to split: at least one of the four counts is under 20." in read_html(test)


def test_ways_out_are_grouped_by_level_with_reclassification_apart() -> None:
    test = run_page("territory", territory="AL", section="outcomes")
    assert read_row(test, "Rejected (prosecution)") == ["30 (15–45)", "60% (30–90)"]
    assert read_row(test, "Discontinued (prosecution)")[1] == "30% (15–45) few"
    assert read_row(test, "Acquitted (first instance)") == ["withheld"] * 2
    text = read_html(test).replace("\u00a0", " ")
    assert [header.value for header in test.header if "without a conviction" in header.value] == [
        "How proceedings ended without a conviction"
    ]
    assert "Persons (95% confidence interval)" in text
    assert "persons whose case ended without a conviction. At the prosecutor: 30 rejected, 15 discontinued, " in text
    assert "Cases reclassified as another offence are shown separately" in text


def test_annual_series_has_one_point_per_year() -> None:
    test = run_page("territory", territory="HR", over="Q")
    assert any("A year is never divided into quarters" in info.value for info in test.info)
    assert read_row(test, "2025") and '<th scope="row">2026 Q' not in read_html(test)


def test_break_in_the_series_is_explained_in_the_notes(demonstration: home.Home) -> None:
    text = read_html(run_page("territory", territory="HR", over="Q"))
    assert (
        "Break in the series. Change of source, 2023 Q1: First-instance figures come from the register of courts."
        in text
    )
    assert "aggregates >" not in text


@pytest.mark.parametrize("fault", ["cut", "deleted"])
def test_damaged_release_is_reported_until_it_is_restored(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, fault: str
) -> None:
    copied_home = tmp_path / "home"
    shutil.copytree(root, copied_home, symlinks=True)
    monkeypatch.setenv("RTI_HOME", str(copied_home))
    path = (copied_home / "public" / "current").resolve() / "release.duckdb"
    release_bytes = path.read_bytes()
    path.unlink()
    if fault == "cut":
        path.write_bytes(release_bytes[:300_000])
    test = AppTest.from_file(ROUTER, default_timeout=60).run()
    assert not test.exception
    assert [title.value for title in test.title] == ["These figures cannot be shown at the moment"]
    text = " ".join(title.value for title in test.markdown)
    assert "release 2026-Q3 is damaged" in text
    assert "not lost" in text and "rti audit" not in text and "rti audit verify" in caplog.text
    assert str(copied_home) not in text
    path.write_bytes(release_bytes)
    restored_page = AppTest.from_file(ROUTER, default_timeout=60).run()
    assert not restored_page.exception
    assert "These figures cannot be shown" not in str([title.value for title in restored_page.title])


def _change_release(root: Path, copied_home: Path, *statements: str) -> None:
    """Copy a home and change the tables of its release."""
    import duckdb

    shutil.copytree(root, copied_home, symlinks=True)
    path = (copied_home / "public" / "current").resolve() / "release.duckdb"
    path.chmod(0o644)
    with duckdb.connect(str(path)) as connection:
        for statement in statements:
            connection.execute(statement)


def test_page_names_release_of_older_software(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _change_release(root, tmp_path / "home", "alter table cell drop column is_total")
    monkeypatch.setenv("RTI_HOME", str(tmp_path / "home"))
    test = AppTest.from_file(ROUTER, default_timeout=60).run()
    assert not test.exception
    assert "These figures cannot be shown at the moment" in test.markdown[0].value
    assert "Release 2026-Q3 was made by an older version" in " ".join(title.value for title in test.markdown)


def test_release_without_figures_shows_what_is_known(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    emptied = ("cell", "indicator", "pair", "stage_ratio", "window")
    _change_release(root, tmp_path / "home", *(f'delete from "{table}"' for table in emptied))
    monkeypatch.setenv("RTI_HOME", str(tmp_path / "home"))
    none = "The release has no figures of trafficking in persons to compare."
    assert none in [paragraph.value for paragraph in run_page("region").markdown]
    assert any(info.value == "This release has no figures of victims." for info in run_page("victims").info)
    assert "Albania has no quarterly figures" in run_page("territory", territory="AL").info[0].value
    assert read_html(run_page("territory", territory="AL", section="rules"))


def test_section_without_its_table_says_so_and_the_page_goes_on(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _change_release(root, tmp_path / "home", "alter table exit drop column reporters")
    monkeypatch.setenv("RTI_HOME", str(tmp_path / "home"))
    test = AppTest.from_file(ROUTER, default_timeout=60)
    test.query_params["freq"] = "A"
    test.run()
    assert not test.exception
    assert [title.value for title in test.title] == ["From investigation to sentence"]
    text = " ".join(paragraph.value for paragraph in test.markdown)
    assert "**These figures cannot be shown at the moment**" in text and "made by an older version" in text
    assert any(header.value == "Is the change real?" for header in test.header)


def test_release_without_areas_is_reported_as_damaged(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _change_release(root, tmp_path / "home", "delete from area")
    monkeypatch.setenv("RTI_HOME", str(tmp_path / "home"))
    test = AppTest.from_file(ROUTER, default_timeout=60).run()
    assert not test.exception
    assert test.title[-1].value == "These figures cannot be shown at the moment"


@pytest.mark.usefixtures("handmade")
def test_links_at_the_foot_are_whole_addresses_that_can_be_cited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(st.context), "url", property(lambda _: "https://data.example.org/region?lang=en"))
    foot = read_html(run_page("region", lang="en")).partition('<p class="rti-foot rti-links">')[2]
    links = re.findall(r'<a class="rti-(frozen|newest)" href="([^"]*)">(.*?)</a>', foot)
    assert [(kind, address == text) for kind, address, text in links] == [("frozen", True), ("newest", True)]
    frozen, newest = (address for _, address, _ in links)
    assert frozen.startswith("https://data.example.org/region?") and "release=2026-Q3" in frozen
    assert newest.startswith("https://data.example.org/region?") and "release=" not in newest
