"""Tests of all static pages of the demonstration release: they exist, parse, lead somewhere, and quote its figures."""

from __future__ import annotations

import json
import multiprocessing
import posixpath
import re
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import pairwise
from math import inf
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import duckdb
import pytest
from lxml import etree, html
from lxml.cssselect import CSSSelector

from dashboards.public.page_parts import read_table
from pipelines.core import i18n
from pipelines.core.home import open_home
from pipelines.dissemination.files import find_file, find_stored_file
from pipelines.front.build import FOLDER, Language, build_front, list_languages
from pipelines.front.glossary import TERMS, Explainer, strip_explanations
from pipelines.front.pages import name_brief_file
from pipelines.front.queries import CRIMES
from pipelines.publication.releases.public_texts import find_internal_words
from pipelines.publication.releases.publish import find_current_release
from pipelines.words.language import read_in
from tests.support.forbidden_phrases import find_forbidden
from tests.support.kept_builds import build_kept, keep_value
from tests.support.marked_translations import MarkedTranslations, replace_catalogues, strip_translations
from tests.support.publisher_hosts import find_addresses, list_hosts, list_strangers
from tests.support.torn_figures import find_torn
from tests.support.whole_figures import allow_breaks

LARGEST_PAGE = 142_000
"""Bytes of a page, and of the style sheet with it."""
MAIN = (
    "index", "territories", "indicators", "victims", "sentences", "quality", "releases", "methodology", "accessibility",
)  # fmt: skip
LONGEST_HEADLINE = 35
"""Words of the longest sentence of a headline."""
NAVIGATION = CSSSelector(".rti-nav a")
PLACEHOLDER = re.compile(r"\{[a-z_]+\}|None(?<!\wNone)\b(?! (?:of|differs))|Undefined(?![:,] )|&lt;(?:span|sup|a) ")
"""Each alternative begins with a letter, which takes a fifth of the time of one that begins with a boundary."""

STRIPPED = re.compile(r"<(script|style|pre|code)\b.*?</\1>", re.DOTALL)
STRAIGHT_MARK = re.compile(r"(?<=>)[^<]*?(?:['\"]|&#3[49];|&quot;)[^<]*")
"""A text with a straight apostrophe or quotation mark, which only code has."""


class Documents(dict[str, html.HtmlElement]):
    """Pages as they are read, without the explanations of terms, which show only at the pointer; parsed when asked."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        super().__init__()
        self._texts = texts

    def __missing__(self, name: str) -> html.HtmlElement:
        document = self[name] = html.document_fromstring(strip_explanations(self._texts[name]))
        return document


@dataclass(frozen=True)
class Site:
    """The pages of the current release."""

    release: Path
    folder: Path
    is_whole: bool
    """True if all pages are looked at in all languages (`make test-all`)."""

    @cached_property
    def texts(self) -> dict[str, str]:
        return {
            path.relative_to(self.folder).as_posix(): path.read_text(encoding="utf-8")
            for path in sorted(self.folder.rglob("*.html"))
        }

    @cached_property
    def documents(self) -> Documents:
        return Documents(self.texts)

    @cached_property
    def looked_at(self) -> dict[str, html.HtmlElement]:
        """Pages that tests look at one by one: all, or each in English and in another language, which take turns."""
        others = [tag for tag in list_tags() if tag != "en"]
        files = sorted({name.partition("/")[2] for name in self.texts if name.startswith("en/")})
        sample = {f"{tag}/{file}" for place, file in enumerate(files) for tag in ("en", others[place % len(others)])}
        return {name: self.documents[name] for name in self.texts if self.is_whole or name in sample}


@pytest.fixture(scope="module", params=[False, pytest.param(True, marks=pytest.mark.slow)], ids=["sample", "all"])
def site(built_home: Path, request: pytest.FixtureRequest) -> Site:
    """The pages: each in two languages for most tests of `make test`, in all languages for the slow ones."""
    release = find_current_release(open_home(built_home))
    assert release is not None
    return Site(release, release / FOLDER, bool(request.param))


@pytest.fixture(scope="module")
def built_again(site: Site, request: pytest.FixtureRequest) -> Path:
    """The same pages, built a second time: in English and Macedonian for the sample, else in all languages."""
    chosen = [language for language in list_languages() if site.is_whole or language.code in ("en", "mk")]

    def build_again(root: Path) -> None:
        root.mkdir(parents=True)
        build_front(site.release, root / FOLDER, chosen)

    return build_kept(request, f"second-front-{len(chosen)}", build_again, reads_home=True) / FOLDER


def list_tags() -> list[str]:
    return [i18n.html_lang(code) for code in i18n.language_names()]


def text_of(element: html.HtmlElement) -> str:
    return " ".join(element.text_content().split())


def test_second_build_has_the_same_bytes_and_the_manifest_covers_them(site: Site, built_again: Path) -> None:
    listed = json.loads((site.release / "manifest.json").read_text(encoding="utf-8"))["files"]
    names = {path.relative_to(site.folder).as_posix() for path in site.folder.rglob("*") if path.is_file()}
    assert {f"{FOLDER}/{name}" for name in names} == {name for name in listed if name.startswith(f"{FOLDER}/")}
    again = {path.relative_to(built_again).as_posix() for path in built_again.rglob("*") if path.is_file()}
    tags = {name.partition("/")[0] for name in again if "/" in name}
    assert again == {name for name in names if "/" not in name or name.partition("/")[0] in tags}
    for name in sorted(again):
        assert (built_again / name).read_bytes() == (site.folder / name).read_bytes(), name


def test_every_language_has_the_same_pages(site: Site) -> None:
    by_language = {tag: {Path(name).name for name in site.texts if name.startswith(f"{tag}/")} for tag in list_tags()}
    assert {f"{name}.html" for name in MAIN} <= by_language["en"]
    assert all(files == by_language["en"] for files in by_language.values())
    assert len(list(site.folder.glob("style-*.css"))) == 1


def name_listed(name: str, document: html.HtmlElement) -> str:
    """Return the name of the page that search engines list: of a version for another crime the page itself."""
    addresses = document.xpath("//link[@rel='canonical']/@href")
    return f"{name.partition('/')[0]}/{addresses[0]}" if addresses else name


def test_pages_have_language_title_one_heading_and_no_placeholder(site: Site) -> None:
    titles: dict[str, str] = {}
    for name, document in site.looked_at.items():
        tag = name.partition("/")[0]
        assert document.get("lang") == tag, name
        headings = [text_of(heading) for heading in document.iter("h1")]
        assert len(headings) == 1 and headings[0], name
        title = document.findtext(".//title") or ""
        listed = name_listed(name, document)
        assert title.startswith(headings[0]) and titles.setdefault(f"{tag}/{title}", listed) == listed, name
        assert not PLACEHOLDER.search(site.texts[name]), (name, PLACEHOLDER.search(site.texts[name]))
        assert len(NAVIGATION(document)) <= 9, name
        levels = [int(heading.tag[1]) for heading in document.iter("h1", "h2", "h3", "h4")]
        assert all(after - before <= 1 for before, after in pairwise(levels)), name


def test_pages_and_sources_lead_to_original_publishers_only(site: Site) -> None:
    hosts = list_hosts()
    for name, document in site.looked_at.items():
        assert list_strangers(find_addresses(document), hosts) == [], name
    planted = html.document_fromstring('<p><a href="//copies.example/x">Source</a> https://copies.example/y</p>')
    assert list_strangers(find_addresses(planted), hosts) == ["//copies.example/x", "https://copies.example/y"]
    with duckdb.connect(str(site.release / "release.duckdb"), read_only=True) as connection:
        for table in ("reference_figure", "population"):
            addresses = [url for (url,) in connection.execute(f"select distinct source_url from {table}").fetchall()]
            assert list_strangers(filter(None, addresses), hosts) == [] and any(addresses), table


def test_links_lead_to_pages_of_the_release_or_of_the_application(site: Site) -> None:
    @cache
    def list_ids(name: str) -> list[str]:
        return list(site.documents[name].xpath("//@id[. != '']"))

    files = {path.relative_to(site.folder).as_posix() for path in site.folder.rglob("*") if path.is_file()}
    areas = ["", *re.findall(r"en/territory-([a-z]+)\.html", " ".join(site.texts))]
    briefs = {name_brief_file(area, crime) for area in areas for crime in CRIMES}
    led: set[tuple[str, str]] = set()
    """Addresses that lead to the same place from each page of a language, by the language."""
    for name, document in site.looked_at.items():
        assert len(set(list_ids(name))) == len(list_ids(name)), f"{name}: an id occurs twice"
        folder = name.partition("/")[0]
        for address in {link.get("href") for link in document.iter("a", "link")}:
            if (folder, address) in led:
                continue
            parts = urlsplit(address)
            if parts.scheme == "data" or re.match(
                r"/(?:region|territory|compare|durations|victims|published|quality|about)\?", address
            ):
                continue
            # The calendar and the lists of changes are made on request (`dashboards/public/release_pages.py`).
            dynamic = (
                r"/[A-Za-z-]+/calendar(?:-som)?\.html"
                r"|/releases/[^/]+/(?:changes\.(?:csv|json)|[A-Za-z-]+/changes(?:-som)?\.html)"
            )
            if re.fullmatch(dynamic, parts.path):
                continue
            if match := re.fullmatch(r"/(?:releases/[^/]+/)?([^/]+)/([a-z0-9-]+\.html)", parts.path):
                assert f"{match[1]}/{match[2]}" in site.texts, (name, address)
                continue
            if match := re.fullmatch(r"/releases/[^/]+/data/([^/]+)", parts.path):
                assert find_stored_file(site.release, match[1]) or find_file(site.release, match[1]), (name, address)
                continue
            if parts.path.startswith("meeting"):
                assert parts.path.replace("meeting", "brief").replace(".html", ".pdf") in briefs, (name, address)
                continue
            if parts.path.endswith(".pdf"):
                assert parts.path in briefs, (name, address)
                continue
            if match := re.fullmatch(r"([a-z0-9-]+)\.([a-z0-9-]+)\.(?:csv|xlsx)", parts.path):
                page = f"{folder}/{match[1]}.html"
                assert page == name and f"table-{match[2]}" in list_ids(page), (name, address)
                continue
            # A PNG is drawn from the SVG when it is requested.
            path = re.sub(r"\.png$", ".svg", parts.path)
            target = posixpath.normpath(f"{folder}/{path}") if path else name
            assert target in files, (name, address)
            if parts.fragment:
                assert parts.fragment in list_ids(target), (name, address)
            if path:
                led.add((folder, address))


CRIME_NAMES = {"TIP": "trafficking in persons", "SOM": "smuggling of migrants"}
EXPLORER = {"region", "territory", "compare", "durations", "victims", "published", "quality", "about"}


def find_crime(document: html.HtmlElement) -> str:
    """Return the crime that an English page is about, which its heading names; empty for a page about both."""
    heading = text_of(document.find(".//h1")).lower()
    return "".join(crime for crime, name in CRIME_NAMES.items() if name in heading)


def find_kept_crime(document: html.HtmlElement) -> str:
    """Return the crime that the links of an English page must keep: its own, or that of its version."""
    is_version = bool(document.xpath("//link[@rel='canonical']"))
    return find_crime(document) or ("SOM" if is_version else "TIP")


def find_crime_of_link(address: str, crimes: dict[str, str]) -> str | None:
    """Return the crime that a link of an English page leads to, or None if it leads to no page of a crime.

    `crimes` are those that the links of the pages keep. An address of the explorer without a crime leads to "".
    """
    parts = urlsplit(address)
    if parts.path.strip("/") in EXPLORER:
        return parse_qs(parts.query).get("crime", [""])[0]
    if match := re.fullmatch(r"/.+/(?:calendar|changes)(-som)?\.html", parts.path):
        return "SOM" if match[1] else "TIP"
    if re.fullmatch(r"(?:brief|meeting)[a-z-]*\.(?:pdf|html)", parts.path):
        return "SOM" if re.search(r"-som\.", parts.path) else "TIP"
    file = re.sub(r"\.[a-z0-9-]+\.(?:csv|xlsx)$|\.(?:svg|png)$", ".html", parts.path).rpartition("/")[2]
    return crimes.get(file) or None


def list_links_to_another_crime(document: html.HtmlElement, crimes: dict[str, str]) -> list[str]:
    """Return the addresses by which a reader of a page loses its crime, without those of the choice of crime.

    A page about both crimes has a brief of each at its foot, by name.
    """
    crime = find_kept_crime(document)
    of_both = "" if find_crime(document) else "[not(ancestor::*[@class='front-links'] and contains(@href, '.pdf'))]"
    links = document.xpath(f"//*[local-name()='a'][@href][not(ancestor::nav[@aria-label='Crime'])]{of_both}/@href")
    return [link for link in links if find_crime_of_link(link, crimes) not in (None, crime)]


def test_links_of_each_page_keep_the_crime(site: Site) -> None:
    english = {name.partition("/")[2]: page for name, page in site.looked_at.items() if name.startswith("en/")}
    crimes = {file: find_kept_crime(document) for file, document in english.items()}
    assert {crime for file, crime in crimes.items() if file.endswith("-som.html")} == {"SOM"}
    assert not [file for file, crime in crimes.items() if crime == "SOM" and not file.endswith("-som.html")]
    for file, document in english.items():
        assert list_links_to_another_crime(document, crimes) == [], file
    menu = [link.get("href") for link in english["territory-rs-som.html"].cssselect(".rti-nav a")]
    assert menu[:5] == [f"{name}-som.html" for name in ("index", "territories", "indicators", "victims", "sentences")]
    assert "crime=SOM" in menu[-1]
    planted = html.document_fromstring(
        "<h1>Serbia: smuggling of migrants</h1><nav aria-label='Crime'><a href='index.html'>Trafficking</a></nav>"
        "<a href='index.html'>Home</a><a href='/en/index-som.html'>Home</a><a href='quality.html'>Quality</a>"
        "<a href='/region?lang=en'>Explore</a><a href='/region?crime=SOM'>Explore</a><a href='brief-rs.pdf'>Brief</a>"
    )
    lost = ["index.html", "quality.html", "/region?lang=en", "brief-rs.pdf"]
    assert list_links_to_another_crime(planted, crimes) == lost


def find_link(document: html.HtmlElement, text: str) -> str:
    """Return the address of a link of the menu, of the head or of the foot by its text."""
    links = document.xpath("//*[@class='rti-nav front-menu' or @class='front-links']//a")
    return next(str(link.get("href")) for link in links if text_of(link) == text)


@pytest.mark.parametrize("tag", list_tags())
def test_walk_through_pages_about_both_crimes_ends_where_it_began(site: Site, tag: str) -> None:
    """Follow the links of the built pages: from smuggling to each page about both crimes, then home and to the
    explorer, also by way of another language."""
    home = site.documents[f"{tag}/index-som.html"]
    menu = [str(link.get("href")) for link in NAVIGATION(home)]
    foot = [str(address) for address in home.xpath("//*[@class='front-links']//a/@href") if ".pdf" not in address]
    pages = {f"{tag}/{file}" for file in (*menu[5:8], *foot)}
    for page in sorted(pages):  # and what those lead to
        linked = {posixpath.normpath(f"{tag}/{link}") for link in site.documents[page].xpath("//main//a/@href")}
        pages |= {name for name in linked if name in site.texts and "canonical" in site.texts[name]}
    assert {f"{tag}/{name}-som.html" for name in ("law-articles", "data", "practice-joint-teams")} <= pages
    assert len(pages) > 13
    others = [lang for lang in list_tags() if lang != tag]
    for place, page in enumerate(sorted(pages)):
        tag_after = others[place % len(others)]
        (switched,) = site.documents[page].xpath(f"//*[@id='languages']//a[@hreflang='{tag_after}']/@href")
        for name in (page, posixpath.normpath(f"{tag}/{switched}")):
            document = site.documents[name]
            before, *_, explorer = [str(link.get("href")) for link in NAVIGATION(document)]
            assert before == "index-som.html" and document.find_class("front-site")[0].get("href") == before, name
            query = parse_qs(urlsplit(explorer).query)
            assert query["crime"] == ["SOM"] and i18n.html_lang(query["lang"][0]) == name.partition("/")[0], name


def test_version_for_another_crime_has_the_contents_of_the_page(site: Site) -> None:
    versions = [name for name, text in site.texts.items() if 'rel="canonical"' in text]
    shared = {name_listed(name, site.documents[name]) for name in versions}
    english = {name for name in site.looked_at if name.startswith("en/") and not find_crime(site.documents[name])}
    assert {name for name in shared if name.startswith("en/")} == english - set(versions)
    for name in versions:
        if name not in site.looked_at:
            continue
        listed = name_listed(name, site.documents[name])
        contents, listed_contents = (site.documents[page].xpath(".//main//text()") for page in (name, listed))
        assert contents == listed_contents, name
        assert not site.documents[name].xpath("//link[@rel='alternate']"), name


def test_explorer_opens_with_the_territory_of_the_page(site: Site) -> None:
    n_pages = 0
    for name, document in site.looked_at.items():
        if match := re.fullmatch(r"[^/]+/(?:territory|monitoring)-([a-z]{2})(?:-som)?\.html", name):
            explorer = urlsplit(NAVIGATION(document)[-1].get("href"))
            assert explorer.path == "/territory" and parse_qs(explorer.query)["territory"] == [match[1].upper()], name
            n_pages += 1
    assert n_pages >= 56


def test_foot_of_each_page_links_the_brief_of_its_crime_and_territory(site: Site) -> None:
    for name, document in site.looked_at.items():
        english = site.documents[f"en/{name.partition('/')[2]}"]
        crime, profile = find_crime(english), re.search(r"/(?:territory|monitoring)-([a-z]{2})(?:-som)?\.html", name)
        area = profile[1].upper() if profile else ""
        links = document.xpath("//*[@class='front-links']//a[contains(@href, '.pdf')]/@href")
        assert links == [name_brief_file(area, code) for code in CRIMES if crime in ("", code)], name
        if area and name.startswith("en/"):
            (label,) = document.xpath("//*[@class='front-links']//a[contains(@href, '.pdf')]")
            assert text_of(label).split(", ")[1] in text_of(document.find(".//h1")), "which territory the brief is on"


def test_tables_have_captions_and_scoped_headings_and_pictures_have_words(site: Site) -> None:
    for name, document in site.looked_at.items():
        for table in document.iter("table"):
            assert text_of(table.find("caption")), name
            assert all(heading.get("scope") in ("col", "row") for heading in table.iter("th")), name
            columns = len(table.findall("thead/tr/th"))
            assert all(len(row) == columns for row in table.findall("tbody/tr")), name
            fields = [text_of(field) for field in table.iterfind("tbody/tr/td")]
            assert all(re.search(r"\w", field) for field in fields), f"{name}: a field without a word or a number"
            files = [link.get("href") for link in table.xpath("ancestor::div[@class='front-table'][1]//p/a[@download]")]
            assert [file.rpartition(".")[2] for file in files] == ["csv", "xlsx"], name
        for figure in document.iter("figure"):
            assert figure.xpath(".//*[local-name()='desc']"), name


NUMBER = r"\d+(?:,\d{3})*(?:\.\d+)?"
SPOKEN = re.compile(
    r"(?<!Without a figure)(?<!territories included)(?<!Changes to the law): "
    rf"({NUMBER})%?(?:, 95% confidence interval ({NUMBER}) (?:to ({NUMBER})|or more))?(?=[.;,]? |[.;)]|$)"
)
"""A figure in the description of an English picture, and the ends of its interval."""
PENDING = re.compile(r"; Pending on [^.;]*")
"""Pending cases next to the stages of a profile, which are in the data files and not in a table of the page."""
WITH_BAND = ("picture-trend-", "picture-victims-", "picture-territories-", "picture-ratios-", "picture-clearance-")
"""Pictures that draw intervals of counts, ratios and rates."""


def find_tables(figure: html.HtmlElement) -> list[str]:
    """Return the ids of the tables with the figures of a picture, which it names."""
    return [str(figure.get("aria-details")), *([figure.get("data-more")] if figure.get("data-more") else [])]


def list_figures_without_a_field(document: html.HtmlElement) -> list[str]:
    """Return the figures of an English page's pictures, and intervals that they draw, that their tables do not have."""
    missing = []
    for figure in document.iter("figure"):
        rows = [row for name in find_tables(figure) for row in document.get_element_by_id(name).iterfind(".//tbody/tr")]
        fields = [" ".join(field.xpath(".//text()[not(ancestor::sup)]")) for row in rows for field in row]
        numbers = {number for field in fields for number in re.findall(NUMBER, field)}
        description = PENDING.sub("", " ".join(figure.xpath("string(.//*[local-name()='desc'])").split()))
        for value, low, high in SPOKEN.findall(description):
            needed = [value, low, high] if str(figure.get("id")).startswith(WITH_BAND) else [value]
            missing += [f"{figure.get('id')}: {number}" for number in needed if number and number not in numbers]
    return missing


def test_each_picture_names_a_table_that_has_its_figures_and_the_intervals_that_it_draws(site: Site) -> None:
    n_pictures = 0
    for name, document in site.looked_at.items():
        ids = set(document.xpath("//*[@class='front-table']/@id"))
        tables = [find_tables(figure) for figure in document.iter("figure")]
        assert all(tables) and {table for of_figure in tables for table in of_figure} <= ids, name
        if name.startswith("en/"):
            assert list_figures_without_a_field(document) == [], name
            n_pictures += len(document.findall(".//figure"))
    assert n_pictures > 100
    picture = (
        "<figure id='picture-trend-x' aria-details='table-x'><svg><desc>X. 2020: 40, 95% confidence interval 29 to 54. "
        "Highest: 50 (2021).</desc></svg></figure>"
        "<div class='front-table' id='table-x'><table><tbody>{}</tbody></table></div>"
    )
    row = "<tr><th>2020</th><td>40</td><td>50</td></tr>"
    planted = html.document_fromstring(picture.format(row))
    assert list_figures_without_a_field(planted) == ["picture-trend-x: 29", "picture-trend-x: 54"]


def list_ambiguous_captions(documents: dict[str, html.HtmlElement]) -> list[str]:
    """Return the captions and titles of pictures that tables or pictures with different contents have."""
    contents: dict[str, dict[str, str]] = {}
    for name, document in documents.items():
        for table in document.iter("table"):
            contents.setdefault(text_of(table.find("caption")), {}).setdefault(text_of(table), name)
        for picture in document.cssselect("figure svg"):
            title, description = (
                " ".join(picture.xpath(f"./*[local-name() = '{tag}']//text()")) for tag in ("title", "desc")
            )
            contents.setdefault(f"picture: {title}", {}).setdefault(description, name)
    return [f"{caption}: {list(names.values())}" for caption, names in contents.items() if len(names) > 1]


@pytest.mark.sampled()
@pytest.mark.parametrize("tag", list_tags())
def test_caption_names_all_that_tells_a_table_from_others(site: Site, tag: str) -> None:
    """Check that a table or picture that is copied or saved without its page names its territory, crime and period."""
    of_language = {name: site.documents[name] for name in site.texts if name.startswith(f"{tag}/")}
    assert len(of_language) > 100
    assert not list_ambiguous_captions(of_language)


def test_caption_of_two_crimes_is_ambiguous() -> None:
    table = "<html><body><table><caption>{}</caption><tr><td>{}</td></tr></table></body></html>"
    contents = {"tip": ("Persons by year", 1), "som": ("Persons by year", 2), "same": ("Persons by year", 1)}
    documents = {name: html.document_fromstring(table.format(*content)) for name, content in contents.items()}
    assert list_ambiguous_captions(documents) == ["Persons by year: ['tip', 'som']"]
    assert not list_ambiguous_captions({name: documents[name] for name in ("tip", "same")})


def test_pages_are_small_and_need_no_script(site: Site) -> None:
    """Check sizes, and that the one script, which adds buttons to copy, is a file that is loaded after the page."""
    style = sum(next(site.folder.glob(pattern)).stat().st_size for pattern in ("style-*.css", "script-*.js"))
    for name, text in site.texts.items():
        assert len(text.encode()) + style <= LARGEST_PAGE, name
        assert text.count("<script") == len(re.findall(r'<script src="\.\./script-\w+\.js" defer ', text)) == 1, name
        assert " style=" not in text and "<img" not in text, name
        assert text.count('rel="stylesheet"') == 1, name


@pytest.mark.sampled(turn=7)
def test_no_line_ends_within_a_figure_a_period_or_an_age(site: Site) -> None:
    """Require what is read as one on one line, on all pages in all languages for the slow test."""
    codes = {i18n.html_lang(code): code for code in i18n.language_names()}
    torn = {name: find_torn(site.texts[name], codes[name.partition("/")[0]]) for name in site.looked_at}
    assert {name: texts for name, texts in torn.items() if texts} == {}


@pytest.mark.parametrize("name", ["en/territory-rs.html", "mk/cooperation.html", "sq/quality.html"])
def test_figures_that_can_be_torn_are_found(site: Site, name: str) -> None:
    """Plant pages whose figures are not kept on one line."""
    assert find_torn(allow_breaks(site.texts[name]), name.partition("/")[0])


def test_texts_have_no_straight_apostrophes_and_quotation_marks(site: Site) -> None:
    straight = {
        name: marks
        for name in site.looked_at
        if (marks := STRAIGHT_MARK.findall(STRIPPED.sub("", site.texts[name].partition("</head>")[2])))
    }
    assert straight == {}
    assert STRAIGHT_MARK.findall('<p>the office&#39;s</p><text>the "new" one</text>')


@pytest.mark.parametrize(
    ("page", "table"),
    [
        ("clearance-rate-first", "years"),
        ("adjudicated-first-per-indicted", "years"),
        ("convicted-first", "counts"),
        ("convicted-first", "rates"),
    ],
)
def test_each_table_by_year_has_the_breaks_of_its_rows(site: Site, page: str, table: str) -> None:
    """Croatia counts from another source since 2023 Q1, which only the table of counts said."""
    part = site.documents[f"en/indicator-{page}.html"].get_element_by_id(f"table-{table}")
    notes = {text.partition(" ")[0]: text for text in map(text_of, part.cssselect(".front-notes li"))}
    marks = {}
    for row in part.cssselect("tbody tr"):
        heading = row.cssselect("th")[0]
        numbers = "".join(text_of(mark) for mark in heading.cssselect(".front-mark")).split(",")
        marks[text_of(heading).rstrip("0123456789,*†")] = [notes[number] for number in numbers if number in notes]
    assert any("2023 Q1: Counts come from another kind of return" in text for text in marks["Croatia"]), marks
    assert not any("2023 Q1" in text for text in marks["Montenegro"]), marks
    is_count = page == "convicted-first"
    assert is_count or any("2023 Q1, Croatia: Counts come" in text for text in marks["Western Balkans"]), marks


def test_profiles_are_short_before_anything_is_opened(site: Site) -> None:
    # All of them: the longest are in Albanian, on the territory whose name has eight words.
    for name in site.texts:
        if "/territory-" in name:
            main = html.fromstring(html.tostring(site.documents[name].find(".//main")))
            # Folded parts, explanations that show with the focus, and texts for screen readers.
            for closed in main.cssselect("details, .front-about, svg title, svg desc, .rti-chart-narrow, .rti-hidden"):
                closed.drop_tree()
            assert len(text_of(main).split()) <= 600, name


def numbers_in(text: str) -> list[str]:
    """Return the numbers of a text, without the level of its intervals: 95%, or in one word with a hyphen."""
    joined = re.sub(r"(?<=\d)[,\u202f](?=\d{3}\b)", "", text)
    return re.findall(r"\d+(?:[.,]\d+)?", re.sub(r"95(?: ?%|-\w+)", "", joined))


@pytest.fixture(scope="module")
def convictions(site: Site) -> dict[tuple[str, str], dict[str, tuple[float, float, float]]]:
    """Convictions at first instance of each area and crime by year, with their limits, read from the release."""
    statement = """
        select distinct cell.area, cell.offence_group, cell.period, cell.value, number.low, number.high
        from cell left join indicator as number on number.metric = 'count' and number.cell_id = cell.cell_id
        where cell.is_total and cell.freq = 'A' and cell.measure = 'convicted_first' and cell.count_unit = 'person'
            and cell.table_id = 'area_year' and cell.value is not null
    """
    with duckdb.connect(str(site.release / "release.duckdb"), read_only=True) as connection:
        rows = connection.execute(statement).fetchall()
    figures: dict[tuple[str, str], dict[str, tuple[float, float, float]]] = {}
    for area, crime, period, value, low, high in rows:
        figures.setdefault((area, crime), {})[period] = (value, low, high)
    return figures


@pytest.mark.parametrize(("crime", "file"), [("TIP", "index.html"), ("SOM", "index-som.html")])
def test_headlines_have_the_numbers_of_the_release_in_every_language(
    site: Site, convictions: dict[tuple[str, str], dict[str, tuple[float, float, float]]], crime: str, file: str
) -> None:
    for tag in list_tags():
        changed, _, sure = (
            # The name of the region has the number of territories behind it.
            re.sub(r"\([^()]*\)", "", text_of(item), count=1)
            for item in site.documents[f"{tag}/{file}"].cssselect(".front-headlines li p")
        )
        after, last, before, first = numbers_in(changed)[:4]
        figures = convictions["WB", crime]
        assert int(last) - int(first) == 1
        assert (float(after), float(before)) == (figures[last][0], figures[first][0]), tag
        ratio = figures[last][0] / figures[first][0]
        assert f"{ratio:.2f}" in [number.replace(",", ".") for number in numbers_in(changed)], tag
        year, count, low, high = numbers_in(sure)[:4]
        assert (year, float(count)) == (last, figures[last][0]), tag
        assert (int(low), int(high)) == (round(figures[last][1]), round(figures[last][2])), tag


def test_profiles_have_the_numbers_of_the_release(
    site: Site, convictions: dict[tuple[str, str], dict[str, tuple[float, float, float]]]
) -> None:
    for (area, crime), figures in convictions.items():
        file = f"en/territory-{area.lower()}{'-som' if crime == 'SOM' else ''}.html"
        if file not in site.texts or crime not in ("TIP", "SOM"):
            continue
        rows = {
            text_of(row[0])[:4]: row for row in site.documents[file].cssselect("main section table")[0].find("tbody")
        }
        convicted = 1 + [
            text_of(h) for h in site.documents[file].cssselect("main section table")[0].findall("thead/tr/th")
        ][1:].index("Convicted")
        for year, (value, _, _) in figures.items():
            if year in rows:
                field = rows[year][convicted]
                number, *limits = numbers_in(text_of(field))
                assert number == f"{value:.0f}", (file, year)
                ends = figures[year][1:]
                if ends[0] is not None:
                    assert limits[:2] == [f"{end:.0f}" for end in ends], (file, year)


def test_share_and_its_complement_are_few_together_in_every_profile(site: Site) -> None:
    n_compared = 0
    with_shares = [name for name, text in site.texts.items() if re.search(r'id="table-(?:by-sex|victims-sex)"', text)]
    for name in with_shares:
        for part in site.documents[name].xpath("//*[@id='table-by-sex' or @id='table-victims-sex']"):
            shares = [row[2] for row in part.iterfind(".//tbody/tr") if numbers_in(text_of(row[2]))]
            # Zero is never marked.
            if all(numbers_in(text_of(share))[0] != "0" for share in shares):
                assert len({bool(share.find_class("front-badge")) for share in shares}) <= 1, name
                n_compared += len(shares) == 2
    assert n_compared > 8


def test_no_figure_of_the_region_is_from_fewer_than_four_territories(site: Site) -> None:
    for name, document in site.looked_at.items():
        if not name.startswith("en/indicator-"):
            continue
        for table in document.iter("table"):
            rows = {text_of(row[0]): row for row in table.find("tbody")}
            if "Territories included" in rows and "Western Balkans" in rows:
                for total, cover in zip(rows["Western Balkans"][1:], rows["Territories included"][1:], strict=True):
                    if int((numbers_in(text_of(cover)) or ["7"])[0]) < 4:
                        assert not numbers_in(total.text or ""), name


def sentences_of(text: str) -> Iterator[str]:
    yield from (part for part in re.split(r"(?<=[.?!])\s+", text) if len(part.split()) > 2)


ENGLISH = re.compile(
    r"\b(?:the|of|and|is|are|was|not|no|with|by|from|to|for|these|this|each|all|only|has|have)\b", re.IGNORECASE
)
"""Frequent English words, which no Macedonian text has."""


def test_fault_in_another_process_is_raised_and_no_process_stays(site: Site, tmp_path: Path) -> None:
    before = multiprocessing.active_children()
    without_folder = Language("mk", "missing/mk", "Македонски")
    with pytest.raises(FileNotFoundError, match="missing/mk"):
        build_front(site.release, tmp_path / FOLDER, [list_languages()[0], without_folder], processes=2)
    assert multiprocessing.active_children() == before


def list_english(document: html.HtmlElement) -> list[str]:
    """Return the English words of a page outside the brackets of translated texts, code and parts marked as English."""
    for element in document.xpath("//script | //style | //code | //pre | //body//*[@lang='en']"):
        element.drop_tree()
    texts = [document.text_content(), *document.xpath("//@aria-label | //@title | //@data-column | //meta/@content")]
    outside = [strip_translations(" ".join(str(text).split())) for text in texts]
    return [text[max(0, match.start() - 60) : match.end() + 40] for text in outside for match in ENGLISH.finditer(text)]


def test_no_text_of_a_static_page_is_outside_the_catalogues(
    site: Site, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """Check every page in Macedonian, in which each translation is replaced by its source in brackets."""

    def find_english() -> tuple[int, dict[str, tuple[bool, list[str]]]]:
        chosen = [language for language in list_languages() if language.code == "mk"]
        with replace_catalogues(lambda _: MarkedTranslations()):
            n_pages = build_front(site.release, tmp_path / "pages", chosen)
        english = {}
        for path in sorted((tmp_path / "pages").rglob("*.html")):
            document = html.document_fromstring(path.read_text(encoding="utf-8"))
            english[path.name] = "⟦" in document.text_content(), list_english(document)
        return n_pages, english

    n_pages, english = keep_value(request, "english-of-marked-pages", find_english, reads_home=True)
    assert [name for name, (is_marked, _) in english.items() if not is_marked] == []
    assert {name: texts for name, (_, texts) in english.items() if texts} == {}
    assert len(english) == n_pages > 100
    planted = html.document_fromstring("<p>⟦Victims of the crime⟧ with no <b lang='en'>note of the office</b></p>")
    assert len(list_english(planted)) == 2


def test_profiles_in_other_languages_have_no_english_notes_or_counting_rules(site: Site) -> None:
    english, n_profiles = {}, 0
    for name, document in site.looked_at.items():
        if not name.startswith("en/") and "/territory-" in name:
            n_profiles += 1
            quoted = document.xpath("//main//*[@lang='en']")
            english[name] = [text_of(element) for element in quoted]
    assert n_profiles >= 14 and {name: texts for name, texts in english.items() if texts} == {}


def list_sentences(document: html.HtmlElement, where: str = "") -> list[str]:
    """Return the sentences of the main part of a page, or of the elements that meet `where`. Leave links out."""
    path = f"//main//*[self::p or self::li[not(.//p)] or self::dd][not(.//a)]{where}"
    return [sentence for element in document.xpath(path) for sentence in sentences_of(text_of(element))]


def test_sentences_have_at_most_twenty_words_on_average(site: Site) -> None:
    for name, document in site.looked_at.items():
        lengths = [len(sentence.split()) for sentence in list_sentences(document)]
        assert not lengths or sum(lengths) / len(lengths) <= 20, name
    explained = Explainer("m.html").explain_page("<main><p>Four people were convicted.</p></main>")
    assert list_sentences(html.document_fromstring(strip_explanations(explained))) == ["Four people were convicted."]


HEADLINES = "[ancestor::*[@class='front-headlines'] or @class='front-key' or @class='rti-lead']"


def test_no_sentence_of_a_headline_is_long(site: Site) -> None:
    for name, document in site.looked_at.items():
        long = [text for text in list_sentences(document, HEADLINES) if len(text.split()) > LONGEST_HEADLINE]
        assert long == [], name


def find_first_uses(main: html.HtmlElement, find: Callable[[str], list[str]]) -> dict[str, bool]:
    """Return the terms that a function finds in the main part of a page, with True if the first use is explained.

    The first use is the first one that can have an explanation and is not folded, or else the first in a folded part.
    What comes earlier in a link, a picture or the title of the page does not count.
    """
    uses: list[tuple[bool, int, str, bool]] = []
    for place, text in enumerate(main.xpath(".//text()")):
        codes = find(str(text).replace("\u00a0", " "))
        if not codes:
            continue
        holders = [text.getparent(), *text.getparent().iterancestors()][1 if text.is_tail else 0 :]
        link = next((holder for holder in holders if holder.tag == "a"), None)
        is_term = link is not None and link.getparent().get("class") == "front-term"
        if any(is_without_terms(holder) for holder in holders if holder is not link) or (
            link is not None and not is_term
        ):
            continue
        is_folded = any(holder.tag == "details" for holder in holders)
        about = link.get("aria-describedby") if link is not None else ""
        uses += [(is_folded, place, code, about == f"about-{code}") for code in codes]
    explained: dict[str, bool] = {}
    for _, _, code, is_explained in sorted(uses, key=lambda use: use[:2]):
        explained.setdefault(code, is_explained)
    return explained


def is_without_terms(element: html.HtmlElement) -> bool:
    """Return True for an element in which no term is explained."""
    tag = str(element.tag).rpartition("}")[2]
    without = {"rti-hidden", "front-about", "front-badge", "front-word", "front-glossary"}
    classes = set((element.get("class") or "").split())
    return tag in ("svg", "h1", "summary", "pre", "caption", "sup", "nav", "button") or bool(classes & without)


def make_finder() -> Callable[[str], list[str]]:
    """Return a function that returns the terms of a text in the reader's language, in the order of their uses.

    A term within a longer one, as "return" in "nil return", is left out.
    """
    patterns = {
        code: re.compile(rf"(?<![\w-])(?:{'|'.join(map(re.escape, forms.split('|')))})(?![\w-])", re.IGNORECASE)
        for code, (_, _, forms) in TERMS.items()
    }

    # The same texts are on many pages.
    @cache
    def find_terms(text: str) -> list[str]:
        uses = {match.span(): code for code, pattern in patterns.items() for match in pattern.finditer(text)}
        return [
            code
            for span, code in sorted(uses.items())
            if not any(first <= span[0] and span[1] <= last and (first, last) != span for first, last in uses)
        ]

    return find_terms


@pytest.mark.sampled()
@pytest.mark.parametrize("code", ["en", "sr"])
def test_first_use_of_each_term_is_explained_wherever_it_is(site: Site, code: str) -> None:
    with read_in(code):
        find = make_finder()
    used: set[str] = set()
    elements: set[str] = set()
    tag = i18n.html_lang(code)
    anchors = {element.get("id") for element in site.documents[f"{tag}/methodology.html"].iter() if element.get("id")}
    for name, text in site.texts.items():
        if not name.startswith(f"{tag}/"):
            continue
        main = html.document_fromstring(text).find(".//main")
        first_uses = find_first_uses(main, find)
        assert all(first_uses.values()), (name, first_uses)
        terms = main.find_class("front-term")
        codes = [term[0].get("aria-describedby").removeprefix("about-") for term in terms]
        assert len(codes) == len(set(codes)) and set(codes) == set(first_uses), name
        links = [term[0].get("href") for term in terms]
        ending = "-som" if name.endswith("-som.html") else ""
        assert links == [f"methodology{ending}.html#term-{term}" for term in codes], name
        assert {f"term-{term}" for term in codes} <= anchors, name
        assert all(term[1].get("id") == f"about-{term_code}" for term, term_code in zip(terms, codes, strict=True)), (
            name
        )
        assert not main.xpath(".//caption//a"), name
        assert not main.xpath(".//*[@aria-hidden='true']//a"), f"{name}: a link that screen readers do not have"
        assert not main.xpath(".//a//a | .//*[local-name()='svg']//*[@class='front-term']"), name
        used.update(codes)
        elements.update(str(term.getparent().tag) for term in terms)
    assert len(used) > len(TERMS) - 4, "some terms are only in the glossary, or in the pages of other releases"
    assert {"p", "li", "dd", "th", "td", "div", "figcaption", "h2"} <= elements
    planted = html.fromstring("<main><details><p>Territory</p></details><p>A territory</p></main>")
    with read_in("en"):
        assert find_first_uses(planted, make_finder()) == {"territory": False}


def test_screen_readers_have_explanations_with_their_links_only(site: Site) -> None:
    """Check in all languages that the heading of a column is not read with an explanation at each cell."""
    n_explanations = 0
    for name, text in site.texts.items():
        explanations = re.findall(r'<[^>]*"front-about"[^>]*>', text)
        n_explanations += len(explanations)
        assert all('aria-hidden="true"' in explanation for explanation in explanations), name
    assert n_explanations > 5_000


def test_no_english_page_has_a_phrase_that_readers_did_not_understand(site: Site) -> None:
    english = {name: text_of(page.find(".//body")) for name, page in site.looked_at.items() if name.startswith("en/")}
    assert {name: phrases for name, text in english.items() if (phrases := find_forbidden(text))} == {}
    assert find_forbidden("<p>Convicted, persons: Counted\n in cases</p>") == ["Counted in"]


def test_every_indicator_page_says_what_its_figures_are_not(site: Site) -> None:
    funnels = []
    for name, document in site.looked_at.items():
        if not name.startswith("en/indicator-"):
            continue
        text = read_without_code(document.find(".//main"))
        is_of_one_territory = len(document.findall(".//main//tbody/tr")) == 1
        assert text.count("The order of territories is not a ranking.") == (not is_of_one_territory), name
        is_of_one_group = re.search(r"duration|clearance|Everyone in the first is also in the second", name + text)
        assert ("The stages of one period count different people" in text) is not bool(is_of_one_group), name
        funnels.append(not document.find_class("front-picture"))
    assert any(funnels), "some indicator has no picture"


def read_without_code(element: html.HtmlElement) -> str:
    """Return the text of a part of a page without code to copy. Documents of the site have no explanations of terms."""
    copy = deepcopy(element)
    etree.strip_elements(copy, "pre", "code", "script", "style", with_tail=False)
    # Spaces between elements: labels of a picture would run together.
    return re.sub(r"\s+([,.:;)])", r"\1", " ".join(" ".join(copy.itertext()).split()))


UNEXPLAINED = re.compile(r"Kaplan.M|Каплан.М|(?:qu|kv|ku)antil|квантил|censor|censur|cenzur|цензур|PEM(?<!\wPEM)\b")
"""Words of statisticians that no page may have without an explanation, in all languages."""
NAMES_IN_CODE = re.compile(r"\b[A-Z]{2,}(?:_[A-Z]{2,})+\b|\b[a-z]{2,}(?:_[a-z]+)+\b")
"""Names of the software, which no page may have either. Texts without the sign that joins their words are not searched,
because each of their words would be tried."""


def find_unexplained_words(document: html.HtmlElement, file: str) -> list[str]:
    """Return the internal words that a reader sees on a page; code to copy is not searched."""
    text = read_without_code(document.find(".//body"))
    # The page on files explains what the column is.
    allowed = {"CELL_ID"} if file in ("data.html", "data-som.html") else set()
    names = NAMES_IN_CODE.findall(text) if "_" in text else []
    return [word for word in (*find_internal_words(text), *UNEXPLAINED.findall(text), *names) if word not in allowed]


def test_no_static_page_has_internal_words_in_any_language(site: Site) -> None:
    words_by_page = {
        name: words
        for name, document in site.looked_at.items()
        if (words := find_unexplained_words(document, name.partition("/")[2]))
    }
    assert words_by_page == {}
    planted = html.document_fromstring("<p>Kaplan-Meier quantiles of <code>a_b</code> in REF_AREA, unverified</p>")
    assert find_unexplained_words(planted, "data.html") == ["unverified", "Kaplan-M", "quantil", "REF_AREA"]


@pytest.mark.parametrize(
    "file", ["victims", "sentences", "territories", "quality", "territory-ba", "law", "monitoring-al"]
)
def test_every_table_can_be_read_back_with_its_numbers_and_notes(site: Site, file: str) -> None:
    document = site.documents[f"sq/{file}.html"]
    with read_in("sq"):
        for part in document.find_class("front-table"):
            result = read_table(site.texts[f"sq/{file}.html"], part.get("id").removeprefix("table-"))
            assert result is not None
            table, citation = result
            rows = part.findall(".//tbody/tr")
            assert len(table.lines) == len(rows) and citation.endswith(f"/sq/{file}.html")
            for line, row in zip(table.lines, rows, strict=True):
                for cell, element in zip(line.cells, row.findall("td"), strict=True):
                    digits = re.sub(r"\D", "", cell.text)
                    assert digits == "" or digits in re.sub(r"\D", "", text_of(element))
                    if cell.low is not None and cell.value is not None:
                        assert len(re.findall(r"\d[\d,]*", cell.text)) >= 2, "the interval is in the text as well"


@pytest.mark.parametrize("file", ["territories", "victims"])
def test_page_whose_tables_cover_different_territories_claims_no_coverage(site: Site, file: str) -> None:
    document = site.documents[f"en/{file}.html"]
    covers = {
        cover[0]
        for row in document.iterfind(".//tbody/tr")
        for cell in row
        if (cover := re.match(r"\d of 7", text_of(cell))) is not None
    }
    assert len(covers) > 1, "some figures cover fewer territories"
    citation = text_of(document.find_class("front-citation")[0])
    assert "Each table gives the coverage of its regional figures." in citation and "igures cover" not in citation


def find_orphans(part: html.HtmlElement) -> set[str]:
    """Return the marks of a table without a note, and those of its notes that are nowhere in it."""
    texts = [str(mark.text) for mark in part.find(".//table").iter("sup")]
    marks = {mark for text in texts for mark in text.split(",")}
    # Footnotes of names are marked in the text of a name: "Kosovo*".
    table_text = text_of(part.find(".//table"))
    noted = [text_of(mark) for item in part.xpath(".//ul[contains(@class, 'front-notes')]/li")
             for mark in item.find_class("front-note-mark")]  # fmt: skip
    numbered = {mark for mark in noted if mark.isdecimal()}
    unused = {mark for mark in noted if not mark.isdecimal() and mark not in table_text}
    missing = {mark for mark in marks if not mark.isdecimal() and mark not in noted}
    doubled = {mark for mark in noted if noted.count(mark) > 1}
    return ({mark for mark in marks if mark.isdecimal()} ^ numbered) | unused | missing | doubled


def test_every_mark_of_a_table_has_its_note_and_every_note_its_mark(site: Site) -> None:
    n_notes = 0
    for name, document in site.looked_at.items():
        for part in document.find_class("front-table"):
            assert find_orphans(part) == set(), (name, part.get("id"))
            n_notes += len(part.find_class("front-note-mark"))
    assert n_notes > (8_000 if site.is_whole else 2_000)


MOST_NOTES = 6
"""Notes that a table shows before anything is opened."""


def count_visible_notes(part: html.HtmlElement) -> int:
    """Return how many notes of a table are not folded below it. The table itself may be in a folded section."""
    folded = "ancestor::details[ancestor::*[@class='front-table']]"
    return len(part.xpath(f".//ul[contains(@class, 'front-notes')][not({folded})]/li"))


def test_no_table_shows_more_than_six_notes_and_the_rest_is_folded(site: Site) -> None:
    n_visible, n_folded = 0, 0
    for name, document in site.looked_at.items():
        for part in document.find_class("front-table"):
            n_notes = count_visible_notes(part)
            n_all = len(part.xpath(".//ul[contains(@class, 'front-notes')]/li"))
            assert n_notes <= MOST_NOTES and (n_notes == MOST_NOTES or n_all == n_notes), (name, part.get("id"))
            if name.startswith("en/"):
                folds = part.xpath(
                    ".//details[.//ul[contains(@class, 'front-notes')]][ancestor::*[@class='front-table']]/summary"
                )
                labels = [" ".join(label.text_content().split()) for label in folds]
                assert labels == [f"{n_all - n_notes} more note{'s' * (n_all - n_notes > 1)}"] * (n_all > n_notes), name
            n_visible, n_folded = n_visible + n_notes, n_folded + n_all - n_notes
        outside = document.xpath("//ul[contains(@class, 'front-notes')][not(ancestor::*[@class='front-table'])]")
        assert outside == [], f"{name}: notes outside a table"
    assert n_visible > 2_000 and n_folded > 100, "some table has more notes than it shows"
    notes = "".join("<li>Note</li>" for _ in range(MOST_NOTES + 1))
    planted = html.fragment_fromstring(f"<div class='front-table'><ul class='front-notes'>{notes}</ul></div>")
    assert count_visible_notes(planted) == MOST_NOTES + 1


@pytest.mark.parametrize(
    ("before", "after", "orphan"),
    [
        ('<ul class="front-notes">', '<ul class="front-notes"><li><span class="front-note-mark">9</span></li>', "9"),
        ('<li><span class="front-note-mark">2</span>', "<li>", "2"),
        ('<span class="front-note-mark">1</span>', '<span class="front-note-mark">9</span>', "9"),
        ("*,1</sup>", "1</sup>", "*"),
    ],
)
def test_planted_orphan_is_found(site: Site, before: str, after: str, orphan: str) -> None:
    text = site.texts["mk/indicator-convicted-first-per-indicted.html"]
    part = html.document_fromstring(text).get_element_by_id("table-years")
    content = html.tostring(part, encoding="unicode", with_tail=False)
    assert before in content
    assert orphan in find_orphans(html.fragment_fromstring(content.replace(before, after)))


@pytest.mark.parametrize(("file", "table"), [("victims", "years"), ("sentences", "lengths-first-years")])
def test_captions_of_tables_by_year_name_the_first_and_the_last_year(site: Site, file: str, table: str) -> None:
    for tag in list_tags():
        result = read_table(site.texts[f"{tag}/{file}.html"], table)
        assert result is not None
        headings = " ".join([*result[0].columns, *(line.heading.text for line in result[0].lines)])
        years = sorted(set(re.findall(r"\b20\d\d\b", headings)))
        assert f"{years[0]}–{years[-1]}" in result[0].caption, (tag, result[0].caption)


@pytest.mark.parametrize(
    ("file", "table", "statement"),
    [
        (
            "victims", "years",
            "select value from cell where table_id = 'victims_year' and freq = 'A' and victim_status = '_T' and"
            " offence_group = 'TIP' and area_kind = 'territory' and value is not null",
        ),
        (
            "victims", "exploitation",
            "select value from cell where table_id = 'victims_year_form' and victim_status = '_T' and period = '2025'"
            " and offence_group = 'TIP' and value is not null",
        ),
        (
            "sentences", "lengths-first",
            "select unnest([value, low, high]) from sentence where offence_group = 'TIP' and level = 'first' and"
            " freq = 'A' and period = '2025' and sentence_band = '_T' and sentence_type = 'prison' and"
            " value is not null",
        ),
        (
            "sentences-som", "lengths-final-years",
            "select unnest([value, low, high]) from sentence where offence_group = 'SOM' and level = 'final' and"
            " freq = 'A' and sentence_band = '_T' and sentence_type = 'prison' and value is not null",
        ),
        (
            "quality", "completeness-rate",
            "select round(100 * value, 1) from quality where instrument = '_T' and indicator = 'COMPLETENESS_RATE' and"
            " period between '2024-Q4' and '2026-Q3' and freq = 'Q'",
        ),
        (
            "quality", "punctuality-rate",
            "select round(100 * value, 1) from quality where instrument = '_T' and indicator = 'PUNCTUALITY_RATE' and"
            " period between '2024-Q4' and '2026-Q3' and freq = 'Q'",
        ),
    ],
)  # fmt: skip
def test_tables_have_exactly_the_figures_of_the_release(site: Site, file: str, table: str, statement: str) -> None:
    """Compare the numbers of a table with those that a statement of the test's own selects, in every language."""
    with duckdb.connect(str(site.release / "release.duckdb"), read_only=True) as connection:
        expected = sorted(float(value) for (value,) in connection.execute(statement).fetchall() if value is not None)
    for code, tag in zip(i18n.language_names(), list_tags(), strict=True):
        with read_in(code):
            result = read_table(site.texts[f"{tag}/{file}.html"], table)
        assert result is not None
        cells = [cell for line in result[0].lines for cell in line.cells]
        if table == "years":
            cells = [cell for line in result[0].lines[2:] for cell in line.cells]
        numbers = [number for cell in cells for number in (cell.value, cell.low, cell.high) if number is not None]
        assert sorted(number for number in numbers if number != inf) == expected, tag
