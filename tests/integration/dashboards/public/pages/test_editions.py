"""Tests of pages that show the release of their address: each figure is that release's own, on every page."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from functools import cache
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import polars as pl
import pytest
from streamlit.testing.v1 import AppTest

from dashboards.public import drawing, queries
from dashboards.public.menu import PAGES
from dashboards.public.queries.indicators import INDICATOR_KEYS
from pipelines.core.home import Home, open_home
from pipelines.core.i18n import tell
from pipelines.core.result_cache import ResultCache
from pipelines.publication.provenance.figure_ids import figure_id, parse_id
from pipelines.publication.releases import publications, publish
from pipelines.publication.releases.calendar import PlannedRelease, write_calendar
from pipelines.publication.releases.publications import Publication
from tests.support.paths import ROOT
from tests.support.public_pages import read_html, run_page, strip_marks
from tests.support.releases.two_editions import EARLIER, NEWER
from tests.support.whole_figures import allow_breaks

FIGURE = (
    "area_year/area=AL;period=2025;measure=indicted;level=prosecution;count_unit=person;statistic=count;"
    "offence_group=TIP"
)
ADDRESSES: dict[str, dict[str, str]] = {
    "region": {"freq": "A", "period": "2025", "stages": "all"},
    "compare": {"kind": "count", "freq": "A", "period": "2025"},
    "territory": {"territory": "AL", "section": "all", "over": "A"},
    "durations": {"crime": "TIP"},
    "victims": {"freq": "A", "period": "2025"},
    "published": {"view": "beside", "territory": "all"},
    "quality": {},
    "source": {"cell": FIGURE},
    "about": {},
}
WITH_FIGURES = [page for page in PAGES if page not in ("quality", "source", "about")]
_LINK = re.compile(r'<a href="source\?([^"]*)"[^>]*>(.*?)</a>', re.S)
ROUTER = str(ROOT / "dashboards" / "public" / "pages" / "navigation.py")


@pytest.fixture(scope="module")
def template(editions_root: Path) -> Home:
    return open_home(editions_root)


@pytest.fixture
def home(template: Home, monkeypatch: pytest.MonkeyPatch) -> Home:
    """The home with two releases, which a test must not change."""
    monkeypatch.setenv("RTI_HOME", str(template.root))
    return template


def copy_template(template: Home, folder: Path) -> Home:
    """Copy a home into a folder."""
    shutil.copytree(template.root, folder / "home", symlinks=True)
    return open_home(folder / "home")


@pytest.fixture
def with_draft(editions_and_draft_root: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """The home with two releases and a draft of a third, which a test must not change."""
    monkeypatch.setenv("RTI_HOME", str(editions_and_draft_root))
    return open_home(editions_and_draft_root)


@pytest.fixture
def copied(template: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """A copy of the home with two releases, which a test may change."""
    home = copy_template(template, tmp_path)
    monkeypatch.setenv("RTI_HOME", str(home.root))
    return home


@pytest.fixture(params=["composed", "kept"])
def _parts(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Compose parts each time, as in other tests of pages, or keep them for both releases, as the service does."""
    if request.param == "kept":
        cache_of_parts = ResultCache[Any](drawing.MOST_PARTS, drawing.weigh_part, drawing.HEAVIEST)
        monkeypatch.setattr(drawing, "kept_parts", cache_of_parts)


def read_number(html: str) -> float | None:
    """Return the number with which a field begins, without the sign between thousands."""
    text = re.sub(r"<[^>]+>", "", strip_marks(html)).strip().replace(",", "")
    number = re.match(r"\d+(?:\.\d+)?", text)
    return float(number[0]) if number else None


@cache
def read_table(folder: Path, name: str) -> list[dict[str, Any]]:
    return pl.read_parquet(folder / "data" / f"{name}.parquet").to_dicts()


@cache
def index_values(folder: Path, table: str, names: tuple[str, ...]) -> dict[tuple[str, ...], list[float | None]]:
    """Return the values of a table of a release by the texts of some columns."""
    values: dict[tuple[str, ...], list[float | None]] = {}
    for row in read_table(folder, table):
        values.setdefault(tuple(str(row[name]) for name in names), []).append(row["value"])
    return values


@cache
def read_cells(folder: Path) -> dict[str, float | None]:
    """Return the values of a release's own file by the ids of its figures."""
    return {figure_id(folder.name, row): row["value"] for row in read_table(folder, "cell")}


def list_figures(test: AppTest) -> Iterator[tuple[str, dict[str, str], float]]:
    """Yield of each linked number of a page the table it is of, its key, and the number."""
    for address, html in _LINK.findall("\n".join(str(element.proto.body) for element in test.get("html"))):
        query = {name: values[0] for name, values in parse_qs(unescape(address)).items()}
        number = read_number(html)
        if number is None or "made" in query:
            continue
        if "cell" in query:
            yield "cell", {"id": query["cell"], "release": query["release"]}, number
        else:
            table, _, terms = query["indicator"].partition("/")
            key = dict(term.partition("=")[::2] for term in terms.split(";"))
            yield table, {**key, "release": query["release"]}, number


def find_value(folder: Path, table: str, key: dict[str, str]) -> float | None:
    """Return the value of a figure in a release's own files."""
    if table == "cell":
        return read_cells(folder)[key["id"]]
    names = tuple(name for name in INDICATOR_KEYS[table] if name in key)
    [value] = index_values(folder, table, names)[tuple(key[name] for name in names)]
    return None if value is None else float(value)


@pytest.mark.usefixtures("_parts")
@pytest.mark.parametrize("page", WITH_FIGURES)
def test_each_linked_figure_is_that_of_the_release_of_the_address(home: Home, page: str) -> None:
    numbers: dict[str, list[float]] = {}
    # The newer one twice: what was kept of one release must not be shown for the other.
    for release in (NEWER, EARLIER, NEWER):
        figures = list(list_figures(run_page(page, **ADDRESSES[page], release=release)))
        assert len(figures) >= 5, "the page has figures"
        for table, key, number in figures:
            assert key["release"] == release, key
            value = find_value(home.releases / release, table, key)
            assert value is not None and number == pytest.approx(value, abs=0.51), (table, key)
        numbers[release] = [number for _, _, number in figures]
    assert not {*numbers[NEWER]} & {*numbers[EARLIER]}, "no figure is the same in both"


def test_quality_page_has_the_measures_of_the_release(home: Home) -> None:
    fields = {}
    for release in (NEWER, EARLIER):
        values = {row["value"] for row in read_table(home.releases / release, "quality") if row["value"] is not None}
        text = read_html(run_page("quality", release=release))
        numbers = {float(number) for number in re.findall(r">(\d+(?:\.\d+)?)%?<", text.replace(",", ""))}
        fields[release] = {value for value in values if round(value) in {round(number) for number in numbers}}
    assert fields[EARLIER] and not fields[EARLIER] & fields[NEWER]


def test_source_page_opens_the_release_of_the_address_or_of_the_figure(home: Home) -> None:
    for address, release in (
        ({"cell": FIGURE}, NEWER),
        ({"cell": f"current/{FIGURE}"}, NEWER),
        ({"cell": FIGURE, "release": EARLIER}, EARLIER),
        ({"cell": f"{EARLIER}/{FIGURE}"}, EARLIER),
        ({"cell": f"{EARLIER}/{FIGURE}", "release": EARLIER}, EARLIER),
    ):
        test = run_page("source", **address)
        value = read_cells(home.releases / release)[f"{release}/{FIGURE}"]
        assert value is not None
        fields = dict(re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", read_html(test)))
        assert (fields["Release"], fields["Value"].replace(",", "")) == (release, f"{value:.0f}")
        assert test.query_params["release"] in (release, [release])
    test = run_page("source", cell=f"{EARLIER}/{FIGURE}", release=NEWER)
    older = unquote(read_html(run_page("source", cell=f"{EARLIER}/{FIGURE}")))
    assert f"cell=current/{FIGURE}" in older, "the link to the newest release names the figure in it"
    assert [info.value for info in test.info] == [f"The id is of release {EARLIER}; this page shows release {NEWER}."]
    assert run_page("source", cell=f"2031-Q1/{FIGURE}").query_params["release"] in (NEWER, [NEWER])


def test_downloads_are_those_of_the_release(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    for release in (NEWER, EARLIER):
        text = read_html(test := run_page("about", release=release))
        assert f"/releases/{release}/en/data.html" in " ".join(paragraph.value for paragraph in test.markdown)
        assert any(f"files of release {release}:" in allow_breaks(paragraph.value) for paragraph in test.markdown)
        assert all(release in button.value for button in test.code)
        assert f"release {release}" in text
        paths = queries.downloadable_files(queries.open_release(release).path)
        assert {path.relative_to(home.releases).parts[0] for path in paths} == {release}


@pytest.mark.parametrize("page", PAGES)
def test_every_page_says_its_release_and_links_the_newest(home: Home, page: str) -> None:
    test = run_page(page, **ADDRESSES[page], release=EARLIER, lang="en")
    text = read_html(test)
    newer = rf"(?i)release {re.escape(NEWER)}(?!\d)"
    assert not re.search(newer, text) and not any(NEWER in str(block.value) for block in test.code)
    notice = re.search(r'<div class="rti-edition" role="note">(.*?)</div>', text, re.S)
    assert notice is not None
    assert f"This is release {EARLIER}, which is not the newest one." in notice[1]
    [address] = re.findall(r'<a class="rti-newest" href="([^"]+)">Open this page in the newest release</a>', notice[1])
    query = parse_qs(urlsplit(address).query)
    assert "release" not in query
    for name, value in ADDRESSES[page].items():
        assert query[name] == [value]
    foot = text.partition('<p class="rti-foot rti-links">')[2]
    assert f"release={EARLIER}" in foot and foot.count("</a>") == 2
    assert f"release={EARLIER}" in text.partition('<p class="rti-print"')[2]
    links = {*re.findall(r'href="/?((?:source|territory|compare)\?[^"]*)"', text)} - {address}
    assert all(parse_qs(urlsplit(link).query).get("release") == [EARLIER] for link in links)
    newest = read_html(run_page(page, **ADDRESSES[page], lang="en"))
    assert '<div class="rti-edition"' not in newest and f"release {NEWER}" in newest.replace("Release", "release")


@pytest.mark.sampled(of="release")
@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("release", ["2026-Q4", "2031-Q1", "<b>x</b>"])
@pytest.mark.usefixtures("with_draft")
def test_release_that_was_not_published_is_explained_with_a_way_on(page: str, release: str) -> None:
    test = run_page(page, **ADDRESSES[page], release=release)
    assert [title.value for title in test.title] == ["There is no such release"]
    text = read_html(test)
    assert release not in text and "<table" not in text
    [address] = re.findall(r'<a class="rti-newest" href="([^"]+)">Open this page in the newest release</a>', text)
    assert "release" not in parse_qs(urlsplit(address).query)


@pytest.mark.usefixtures("with_draft")
def test_draft_is_answered_like_a_release_that_does_not_exist() -> None:
    answers = []
    for release in ("2026-Q4", "2031-Q1"):
        test = run_page("region", release=release)
        answers.append((read_html(test), [element.value for element in (*test.title, *test.markdown)]))
    assert answers[0] == answers[1]


def test_withdrawn_release_says_so_with_day_and_reason(copied: Home) -> None:
    publish.switch_current(copied, EARLIER)
    line = Publication(EARLIER, "2026-11-25T10:00:00Z", "rollback", NEWER, "the-steward", "Two files were <mixed> up.")
    publications.append_journal(copied, publications.Intent(line, 3))
    body = "\n".join(str(element.proto.body) for element in run_page("region", release=NEWER).get("html"))
    sentence = f"Release {NEWER} was withdrawn on 25 November 2026. Reason: Two files were &lt;mixed&gt; up."
    assert sentence in allow_breaks(body)
    assert "Open this page in the current release" in body
    assert "not the newest" not in body and "in the newest release</a>" not in body
    assert "withdrawn on" not in read_html(run_page("region"))


def test_newer_release_is_announced_on_the_frozen_page_as_soon_as_it_is_current(copied: Home) -> None:
    publish.switch_current(copied, EARLIER)
    address = {**ADDRESSES["region"], "lang": "en"}
    test = run_page("region", **address)
    assert test.query_params["release"] in (EARLIER, [EARLIER])
    before = read_html(test)
    publish.switch_current(copied, NEWER)
    test.run()
    assert not test.exception
    after = read_html(test)
    assert "which is not the newest one" in after and "which is not the newest one" not in before
    figures = [number for _, _, number in list_figures(test)]
    assert figures and max(figures) < 7000, "an open page keeps its release"


def test_release_survives_each_choice_and_each_link(home: Home) -> None:
    test = run_page("region", freq="Q", period="2026-Q2", release=EARLIER)
    for value in ("SOM", "TIP"):
        next(group for group in test.button_group if group.key == "choice.crime").set_value(value).run()
        assert not test.exception
        assert test.query_params["release"] in (EARLIER, [EARLIER])
        assert f"This is release {EARLIER}" in read_html(test)


def test_choice_made_before_the_browser_has_the_address_keeps_the_release(home: Home) -> None:
    test = run_page("region", freq="Q", period="2026-Q2", release=EARLIER)
    del test.query_params["release"]
    next(group for group in test.button_group if group.key == "choice.crime").set_value("SOM").run()
    assert f"This is release {EARLIER}" in read_html(test)


def test_link_to_the_newest_release_leaves_the_frozen_one(home: Home) -> None:
    test = run_page("region", freq="Q", period="2026-Q2", release=EARLIER)
    del test.query_params["release"]
    test.run()
    assert "which is not the newest one" not in read_html(test)
    assert test.query_params["release"] in (NEWER, [NEWER])


def make_older(home: Home, *statements: str) -> None:
    """Take tables or columns out of the earlier release, as if older software had made it."""
    import duckdb

    path = home.releases / EARLIER / "release.duckdb"
    path.chmod(0o644)
    with duckdb.connect(str(path)) as connection:
        for statement in statements:
            connection.execute(statement)


@pytest.fixture(
    scope="module",
    params=["alter table exit drop column reporters", "alter table indicator drop column interval_basis"],
)
def older(template: Home, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Home:
    """A home whose earlier release lacks a column."""
    home = copy_template(template, tmp_path_factory.mktemp("older"))
    make_older(home, request.param)
    return home


@pytest.mark.sampled(turn=7)
@pytest.mark.parametrize("page", PAGES)
def test_page_of_an_older_release_says_what_it_lacks(older: Home, page: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RTI_HOME", str(older.root))
    test = AppTest.from_string(
        "from dashboards.public.problems import explain_problems\n"
        f"from dashboards.public.pages import {page}\n"
        f"with explain_problems():\n    {page}.render_page()\n",
        default_timeout=60,
    )
    for name, value in {**ADDRESSES[page], "release": EARLIER}.items():
        test.query_params[name] = value
    test.run()
    assert not test.exception
    text = read_html(test)
    assert "This release was made by an older version of this software." in text
    assert "Open this page in the newest release" in text
    assert f"release={EARLIER}" in text or any("cannot be shown" in title.value for title in test.title)
    assert "older version of this software" not in read_html(run_page(page, **ADDRESSES[page]))


def test_part_that_an_older_release_lacks_says_so_and_the_page_goes_on(copied: Home) -> None:
    make_older(copied, "alter table indicator drop column interval_basis")
    test = run_older("region")
    texts = [paragraph.value for paragraph in test.markdown]
    [problem] = {text for text in texts if "These figures cannot be shown" in text}
    assert f"Release {EARLIER} was made by an older version" in problem and "try again later" not in problem
    assert test.header and 'class="rti-foot"' in read_html(test)


def run_older(page: str) -> AppTest:
    test = AppTest.from_string(
        f"from dashboards.public.pages import {page}\n{page}.render_page()\n", default_timeout=60
    )
    for name, value in {**ADDRESSES[page], "release": EARLIER}.items():
        test.query_params[name] = value
    test.run()
    assert not test.exception
    return test


@pytest.mark.parametrize("damage", [Path.unlink, lambda path: path.write_bytes(path.read_bytes()[:300_000])])
def test_damaged_release_has_a_way_on_to_the_newest(copied: Home, damage: Callable[[Path], object]) -> None:
    path = copied.releases / EARLIER / "release.duckdb"
    path.chmod(0o644)
    damage(path)
    test = AppTest.from_file(ROUTER, default_timeout=60)
    test.query_params["release"] = EARLIER
    test.run()
    assert not test.exception
    assert test.title[0].value == "These figures cannot be shown at the moment"
    assert f"release {EARLIER} is damaged" in " ".join(paragraph.value for paragraph in test.markdown)
    assert "Open this page in the newest release" in read_html(test)
    assert "cannot be shown" not in run_page("region").title[0].value


@pytest.mark.sampled(turn=0)
def test_foot_has_the_next_release_and_the_contact(copied: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    invitation = "Please tell the regional secretariat."
    text = read_html(run_page("quality"))
    assert "Next release" not in text and f"{invitation}</p>" in text
    monkeypatch.setenv("RTI_NOW", "2027-01-01T00:00:00Z")
    monkeypatch.setenv("RTI_CONTACT", "figures@secretariat.example")
    planned = PlannedRelease("2026-Q4", "2027-02-01T09:30:00Z", "2026-11-01T00:00:00Z")
    write_calendar(copied, [planned])
    for page in PAGES:
        text = read_html(run_page(page, release=EARLIER))
        assert "Next release: 2026-Q4, 1 February 2027, 09:30 UTC." in text, page
        assert f'{invitation} <a href="mailto:figures@secretariat.example">' in text, page


@pytest.mark.sampled(turn=6)
@pytest.mark.parametrize("language", ["sq", "mk", "sr", "sr-Latn", "hr", "bs", "cnr"])
def test_notice_is_in_the_language_of_the_reader(home: Home, language: str) -> None:
    text = read_html(run_page("region", lang=language, release=EARLIER))
    for message in ("This is release {release}, which is not the newest one.", "Open this page in the newest release"):
        translated = tell(message, language, release=EARLIER) if "{" in message else tell(message, language)
        assert translated in text and translated != message.format(release=EARLIER)


def test_ids_of_links_can_be_parsed(home: Home) -> None:
    """Guard the helper of this module: a link that it cannot read would be left out without a word."""
    test = run_page("region", **ADDRESSES["region"])
    body = "\n".join(str(element.proto.body) for element in test.get("html"))
    assert len(_LINK.findall(body)) > 20
    assert {parse_id(key["id"])[0] for table, key, _ in list_figures(test) if table == "cell"} == {NEWER}
