"""The eleven tasks of readers: at most three clicks from the home page to an answer that agrees with the release.

A reader follows links of pages as they are sent; the answer is read from the page and compared with statements of the
test's own on the database of the release.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urljoin, urlsplit

import duckdb
import httpx
import openpyxl
import pikepdf
import pytest
from lxml import html
from scipy import stats
from starlette.responses import PlainTextResponse

from dashboards.public.static_pages import StaticPages
from pipelines.core.home import Home, open_home
from pipelines.publication.releases.publish import find_current_release
from tests.support.coroutines import run_async
from tests.support.public_pages import read_html, run_page

SITE = "https://figures.example"
MOST_CLICKS = 3
RATIO = "convicted_first_per_indicted"


class Visit:
    """A reader who starts at the home page and follows links; `clicks` counts them."""

    def __init__(self, app: StaticPages) -> None:
        self.app, self.clicks, self.path = app, 0, ""
        self.response = self.open_path("/en/")

    def open_path(self, path: str) -> httpx.Response:
        """Request an address of the site, and stay on it."""

        async def send_request() -> httpx.Response:
            async with httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url=SITE) as client:
                return await client.get(path, follow_redirects=True)

        self.path, self.response = path, run_async(send_request())
        assert self.response.status_code == 200, path
        return self.response

    @property
    def page(self) -> html.HtmlElement:
        return html.document_fromstring(self.response.text)

    def find_address(self, text: str, within: str = "//body") -> str:
        """Return the address of the first link whose text begins with `text`, or with a code of two letters and it."""
        links = self.page.xpath(f"{within}//a")
        names = [(link, link.get("aria-label") or read_text(link)) for link in links]
        addresses = [link.get("href") for link, name in names if re.match(rf"(?:[A-Z]{{2}} )?{re.escape(text)}", name)]
        assert addresses, (self.path, text, [read_text(link) for link in links])
        return urljoin(self.path, addresses[0])

    def follow_link(self, text: str, within: str = "//body") -> httpx.Response:
        """Follow a link."""
        self.clicks += 1
        assert self.clicks <= MOST_CLICKS
        return self.open_path(self.find_address(text, within))

    def read_rows(self, table: str) -> dict[str, dict[str, str]]:
        """Return the rows of a table by their headings: the text of each column, without marks of notes."""
        element = self.page.get_element_by_id(f"table-{table}").find(".//table")
        for mark in element.xpath(".//sup | .//*[contains(@class, 'front-badge')] | .//*[@class='rti-hidden']"):
            if mark.tag != "caption":
                mark.drop_tree()
        columns = [read_text(cell) for cell in element.iterfind("thead/tr/th")]
        rows = [[read_text(cell) for cell in row] for row in element.iterfind("tbody/tr")]
        return {row[0]: dict(zip(columns, row, strict=True)) for row in rows}


def read_text(element: html.HtmlElement) -> str:
    return " ".join(element.text_content().split())


def read_numbers(text: str) -> list[float]:
    return [float(number) for number in re.findall(r"\d+(?:\.\d+)?", text)]


@pytest.fixture(scope="module")
def home(built_home: Path) -> Home:
    return open_home(built_home)


@pytest.fixture(scope="module")
def release(home: Home) -> Path:
    folder = find_current_release(home)
    assert folder is not None
    return folder


@pytest.fixture
def visit(home: Home) -> Visit:
    return Visit(StaticPages(PlainTextResponse("the application"), lambda: home, SITE))


@pytest.fixture(scope="module")
def database(release: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(str(release / "release.duckdb"), read_only=True) as connection:
        yield connection


def select_rows(database: duckdb.DuckDBPyConnection, statement: str, *values: Any) -> list[tuple[Any, ...]]:
    return database.execute(statement, list(values)).fetchall()


def select_ratio(database: duckdb.DuckDBPyConnection, metric: str, area: str, period: str) -> list[float]:
    """Return the recommended version of a ratio with its limits, as displayed."""
    row = select_rows(
        database,
        "select value, low, high from stage_ratio where metric = ? and area = ? and period = ?"
        " and offence_group = 'TIP' and count_unit = 'person'"
        " order by is_default desc, version = 'same_period' desc limit 1",
        metric, area, period,
    )[0]  # fmt: skip
    return [round(number) for number in row]


def test_1_ratio_of_a_territory_and_the_region_in_a_year(visit: Visit, database: duckdb.DuckDBPyConnection) -> None:
    visit.follow_link("Indicators")
    visit.follow_link("Convicted at first instance per 100 indicted")
    rows = visit.read_rows("years")
    for heading, area in (("Serbia", "RS"), ("Western Balkans", "WB")):
        assert read_numbers(rows[heading]["2025"]) == select_ratio(database, RATIO, area, "2025")


def test_2_change_of_smuggling_convictions_is_not_called_real(
    visit: Visit, database: duckdb.DuckDBPyConnection
) -> None:
    visit.follow_link("Territories")
    visit.follow_link("Smuggling of migrants")
    row = visit.read_rows("changes")["North Macedonia"]
    counts = select_rows(
        database,
        "select distinct period, value from cell where area = 'MK' and measure = 'convicted_first' and is_total and"
        " offence_group = 'SOM' and count_unit = 'person' and period in ('2023', '2025') order by period",
    )
    assert [row[period] for period, _ in counts] == [f"{value:.0f}" for _, value in counts]
    before, after = (int(value) for _, value in counts)
    assert read_numbers(next(text for name, text in row.items() if "÷" in name))[0] == pytest.approx(
        after / before, abs=0.005
    )
    assert stats.binomtest(after, after + before, 0.5).pvalue > 0.05 and row["Is it real?"] == "no clear change"


def test_3_who_has_not_reported_the_newest_quarter(visit: Visit, database: duckdb.DuckDBPyConnection) -> None:
    outstanding = {
        name
        for (name,) in select_rows(
            database,
            "select distinct area.name_en from coverage inner join area on coverage.territory = area.area"
            " where freq = 'Q' and period = '2026-Q3' and is_due and not is_reported",
        )
    }
    states = {name: row["2026 Q3"] for name, row in visit.read_rows("board-q").items()}
    assert {
        name for name, state in states.items() if state.startswith("in part") or state == "not received"
    } == outstanding
    assert outstanding and visit.clicks == 0
    parts = select_rows(
        database,
        "select distinct area.name_en from coverage inner join area on coverage.jurisdiction = area.area"
        " where freq = 'Q' and period = '2026-Q3' and is_due and not is_reported",
    )
    notes = read_text(visit.page.get_element_by_id("table-board-q"))
    assert all(name in notes for (name,) in parts)


def test_4_how_long_cases_take_in_two_territories(visit: Visit, database: duckdb.DuckDBPyConnection) -> None:
    visit.follow_link("Indicators")
    visit.follow_link("", "//h2[.='How long cases take']/following-sibling::ul[1]")
    metric = re.sub(r"-", "_", re.search(r"indicator-(.*)\.html", visit.path)[1])  # type: ignore[index]
    rows = visit.read_rows("durations")
    for heading, area in (("Croatia", "HR"), ("Serbia†", "RS")):
        figures = select_rows(
            database,
            "select value, low, high from duration where metric = ? and area = ? and statistic = 'median' and"
            " offence_group = 'TIP' and freq = '_T' and entered = '_T'",
            metric, area,
        )[0]  # fmt: skip
        assert read_numbers(rows[heading]["Median"]) == list(figures)


def test_5_share_of_children_among_victims(visit: Visit, database: duckdb.DuckDBPyConnection) -> None:
    visit.follow_link("Victims")
    row = visit.read_rows("age")["Albania"]
    children, everyone = (
        value
        for (value,) in select_rows(
            database,
            "select value from cell where table_id = 'victims_year_age' and area = 'AL' and period = '2025' and"
            " victim_status = '_T' and age in ('Y_LT18', '_T') order by age = '_T'",
        )
    )
    assert (row["Under 18"], row["All ages"]) == (f"{children:.0f}", f"{everyone:.0f}")
    interval = stats.binomtest(int(children), int(everyone)).proportion_ci(method="exact")
    expected = [round(100 * number) for number in (children / everyone, interval.low, interval.high)]
    assert read_numbers(row["Under 18: share, % (95% confidence interval)"].partition(" ")[0]) == expected[:1]
    assert read_numbers(row["Under 18: share, % (95% confidence interval)"]) == expected


def test_6_figure_of_another_publisher(
    visit: Visit, database: duckdb.DuckDBPyConnection, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    visit.follow_link("Bosnia and Herzegovina", "//main")
    address = visit.find_address("Figures of other publishers")
    assert visit.clicks + 1 <= MOST_CLICKS
    monkeypatch.setenv("RTI_HOME", str(home.root))
    choices = {key: values[0] for key, values in parse_qs(urlsplit(address).query).items()}
    content = html.fromstring(f"<div>{read_html(run_page(urlsplit(address).path.strip('/'), **choices))}</div>")
    ((value,),) = select_rows(
        database,
        "select value from reference_figure where publisher = 'UNODC' and territory = 'BA' and period = '2019' and"
        " measure = 'victims_detected' and sex = '_T' and age = '_T' and exploitation in ('_T', '_Z') limit 1",
    )
    rows = [[read_text(cell) for cell in row] for row in content.iter("tr")]
    assert any("UNODC" in row and row[:2] == ["2019", f"{value:.0f}"] for row in rows), rows[:5]


def test_7_table_as_a_file(visit: Visit, database: duckdb.DuckDBPyConnection) -> None:
    ratio = "convicted_first_per_adjudicated_first"
    names = dict(select_rows(database, "select name_en, area from area where area_kind in ('region', 'territory')"))
    ((period,),) = select_rows(
        database,
        "select period from \"window\" where metric = ? and offence_group = 'TIP' and count_unit = 'person'"
        " and is_default",
        ratio,
    )
    for ending in ("CSV", "XLSX"):
        content = visit.follow_link(ending, "//*[@id='table-ratios']").content
        if ending == "CSV":
            rows: list[list[Any]] = list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))
        else:
            sheet = openpyxl.load_workbook(io.BytesIO(content)).active
            rows = [list(row) for row in sheet.iter_rows(min_row=3, values_only=True)]
        places = [place for place, name in enumerate(rows[0]) if str(name).startswith("Per 100")][:3]
        figures_by_area = {
            names[str(row[0])]: [float(row[place]) for place in places] for row in rows[1:] if row[0] in names
        }
        assert figures_by_area == {area: select_ratio(database, ratio, area, period) for area in names.values()}
        assert any(SITE in str(field) for field in rows[-1]), "its citation"
        visit.open_path("/en/")


def test_8_and_9_citation_and_the_same_view_for_ever(visit: Visit, release: Path) -> None:
    before = read_text(visit.page.find(".//main"))
    citation = read_text(visit.page.find_class("front-citation")[0])
    title = read_text(visit.page.find(".//h1"))
    address = f"{SITE}/releases/{release.name}/en/index.html"
    assert citation.startswith(f"{title}. ") and citation.endswith(address)
    assert f"release {release.name}" in citation and "Regional trafficking indicators" in citation
    visit.follow_link(f"{SITE}/releases/")
    assert urljoin(SITE, visit.path) == address and read_text(visit.page.find(".//main")) == before
    visit.follow_link(f"{SITE}/en/index.html")
    assert visit.path == "/en/index.html"


def test_10_brief_of_two_pages(visit: Visit) -> None:
    visit.follow_link("Bosnia and Herzegovina", "//main")
    content = visit.follow_link("Brief to print").content
    with pikepdf.open(io.BytesIO(content)) as document:
        assert len(document.pages) == 2 and str(document.Root.Lang) == "en"


@pytest.mark.parametrize(("name", "lang"), [("Македонски", "mk"), ("Shqip", "sq"), ("Српски", "sr-Cyrl")])
def test_11_same_page_in_another_language(visit: Visit, name: str, lang: str) -> None:
    english = [read_numbers(row["Persons"]) for row in visit.read_rows("trend").values()]
    visit.follow_link(name)
    assert visit.page.get("lang") == lang
    translated = list(visit.read_rows("trend").values())
    assert "Persons" not in translated[0] and [read_numbers(list(row.values())[1]) for row in translated] == english
