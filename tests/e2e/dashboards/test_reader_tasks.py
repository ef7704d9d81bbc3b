"""The eleven tasks of readers in a browser: at most three clicks from the home page to an answer of the release.

Each task starts at the home page without a cookie. A click is on something that can be seen, a fold too; the answer is
read from what is shown, or from the file, and compared with statements of the test's own on the release.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import openpyxl
import pikepdf
import pytest
from lxml import html
from scipy import stats

from pipelines.core.home import open_home
from pipelines.publication.releases.publish import find_current_release
from tests.support.service.public_app import wait_until_settled

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

pytestmark = pytest.mark.browser
MOST_CLICKS = 3
RATIO = "convicted_first_per_indicted"


class Visit:
    """A reader who starts at the home page and clicks on links; `clicks` counts them."""

    def __init__(self, page: Page, site: str) -> None:
        self.tab, self.site, self.clicks = page, site, 0
        self.start_again()

    def start_again(self) -> None:
        """Open the home page, with no click so far."""
        self.clicks = 0
        self.tab.goto(f"{self.site}/en/")

    @property
    def path(self) -> str:
        return self.tab.url.removeprefix(self.site)

    @property
    def page(self) -> html.HtmlElement:
        return html.document_fromstring(self.tab.content())

    def find_link(self, text: str, within: str = "//body") -> Locator:
        """Return the first link whose text begins with `text`, or with a code of two letters and it.

        Figures within a text have no-break spaces, which a reader does not see.
        """
        links = self.tab.locator(f"xpath={within}//*[local-name()='a']")
        names = links.evaluate_all(
            "all => all.map(e => (e.getAttribute('aria-label') || e.textContent).trim().replaceAll('\\u00a0', ' '))"
        )
        places = [n for n, name in enumerate(names) if re.match(rf"(?:[A-Z]{{2}} )?{re.escape(text)}", name)]
        visible = [place for place in places if links.nth(place).is_visible()]
        assert visible, (self.path, text, names)
        return links.nth(visible[0])

    def _count_click(self) -> None:
        self.clicks += 1
        assert self.clicks <= MOST_CLICKS

    def follow_link(self, text: str, within: str = "//body") -> None:
        """Click on a link, and wait for the page that it leads to."""
        self._count_click()
        link = self.find_link(text, within)
        address = link.get_attribute("href") or ""
        # A link may hold an outline and a name: its middle is on neither.
        name = link.locator("text")
        (name.first if name.count() else link).click()
        self.tab.wait_for_url(lambda url: address.removeprefix("../").partition("?")[0] in url)
        self.tab.wait_for_load_state()

    def save_file(self, text: str, within: str = "//body") -> bytes:
        """Click on a link to a file; return the file."""
        self._count_click()
        with self.tab.expect_download() as download:
            self.find_link(text, within).click()
        return Path(download.value.path()).read_bytes()

    def show_table(self, table: str) -> None:
        """Open what a table is folded in, unless it is shown; each fold is a click."""
        for fold in self.tab.locator(f"xpath=//details[not(@open)][.//*[@id='table-{table}']]/summary").all():
            self._count_click()
            fold.click()
        assert self.tab.locator(f"#table-{table} table").is_visible()

    def read_rows(self, table: str) -> dict[str, dict[str, str]]:
        """Return the rows of a shown table by their headings: the text of each column, without marks of notes."""
        self.show_table(table)
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
def release(built_home: Path) -> Path:
    folder = find_current_release(open_home(built_home))
    assert folder is not None
    return folder


@pytest.fixture
def visit(browser: Browser, public_app: str) -> Iterator[Visit]:
    context = browser.new_context(locale="en")
    yield Visit(context.new_page(), public_app)
    context.close()


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


def test_1_difference_of_a_territory_from_the_others_is_judged_in_words(
    visit: Visit, database: duckdb.DuckDBPyConnection
) -> None:
    visit.follow_link("Territories")
    visit.follow_link("Serbia")
    counts = {
        area: (int(part), int(whole))
        for area, part, whole in select_rows(
            database,
            "select area, numerator, denominator from stage_ratio where area in ('RS', 'WB') and count_unit = 'person'"
            " and metric = 'convicted_first_per_adjudicated_first' and period = '2023-2025' and offence_group = 'TIP'",
        )
    }
    (part, whole), (all_parts, all_whole) = counts["RS"], counts["WB"]
    others = (all_parts - part, all_whole - whole - all_parts + part)
    compared = read_text(visit.page.xpath("//li[h2 = 'Compared with the region']/p")[0])
    assert compared.startswith("Serbia") and f": {100 * part / whole:.0f}, 95% confidence interval" in compared
    # Persons as single cases: an interval that is too narrow around 1 allows no other verdict.
    limits = stats.contingency.odds_ratio([[part, whole - part], list(others)]).confidence_interval(0.95)
    assert limits.low < 1 < limits.high
    share = 100 * others[0] / sum(others)
    assert compared.endswith(f"No clear difference from the other territories together ({share:.0f}).")


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
    assert read_numbers(next(text for name, text in row.items() if name.startswith("Ratio of")))[0] == pytest.approx(
        after / before, abs=0.005
    )
    assert stats.binomtest(after, after + before, 0.5).pvalue > 0.05 and row["Clear change?"] == "no clear change"


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
    assert outstanding and visit.clicks == 1, "the picture has the same states without a click"
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
    assert (row["Under 18"], row["Total"]) == (f"{children:.0f}", f"{everyone:.0f}")
    interval = stats.binomtest(int(children), int(everyone)).proportion_ci(method="exact")
    expected = [round(100 * number) for number in (children / everyone, interval.low, interval.high)]
    assert read_numbers(row["Under 18: share, % (95% confidence interval)"].partition(" ")[0]) == expected[:1]
    assert read_numbers(row["Under 18: share, % (95% confidence interval)"]) == expected


def test_6_figure_of_another_publisher(visit: Visit, database: duckdb.DuckDBPyConnection) -> None:
    visit.follow_link("Bosnia and Herzegovina", "//main")
    visit.follow_link("Figures of other publishers")
    wait_until_settled(visit.tab)
    content = visit.page
    ((value,),) = select_rows(
        database,
        "select value from reference_figure where publisher = 'UNODC' and territory = 'BA' and period = '2019' and"
        " measure = 'victims_detected' and sex = '_T' and age = '_T' and exploitation in ('_T', '_Z') limit 1",
    )
    rows = [[read_text(cell) for cell in row] for row in content.iter("tr")]
    of_2019 = [row for row in rows if row[:2] == ["2019", f"{value:.0f}"]]
    assert any(field.startswith("UNODC") for row in of_2019 for field in row), rows[:5]


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
        visit.start_again()
        visit.show_table("ratios")
        content = visit.save_file(ending, "//*[@id='table-ratios']")
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
        assert any("/en/index.html" in str(field) for field in rows[-1]), "its citation"


def test_8_and_9_citation_and_the_same_view_for_ever(visit: Visit, release: Path) -> None:
    before = read_text(visit.page.find(".//main"))
    citation = visit.tab.locator(".front-citation").inner_text()
    title = visit.tab.locator("h1").inner_text().replace("\u00a0", " ")
    address = f"{visit.site}/releases/{release.name}/en/index.html"
    assert citation.startswith(f"{title}. ") and citation.endswith(address)
    assert f"release {release.name}" in citation and "Regional trafficking indicators" in citation
    visit.follow_link(f"{visit.site}/releases/")
    assert visit.tab.url == address and read_text(visit.page.find(".//main")) == before
    visit.follow_link(f"{visit.site}/en/index.html")
    assert visit.path == "/en/index.html"


def test_10_brief_of_two_pages(visit: Visit) -> None:
    visit.follow_link("Bosnia and Herzegovina", "//main")
    content = visit.save_file("Brief to print")
    with pikepdf.open(io.BytesIO(content)) as document:
        assert len(document.pages) == 2 and str(document.Root.Lang) == "en"


@pytest.mark.sampled()
@pytest.mark.parametrize(("name", "lang"), [("Македонски", "mk"), ("Shqip", "sq"), ("Српски", "sr-Cyrl")])
def test_11_same_page_in_another_language(visit: Visit, name: str, lang: str) -> None:
    english = [read_numbers(row["Persons"]) for row in visit.read_rows("trend").values()]
    visit.follow_link(name)
    assert visit.page.get("lang") == lang
    translated = list(visit.read_rows("trend").values())
    assert "Persons" not in translated[0] and [read_numbers(list(row.values())[1]) for row in translated] == english
