"""Test what the copy buttons put on the clipboard: the text and the cells of a table, number by number."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import pytest
from lxml import html

from tests.support.service.public_app import wait_until_settled

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

READ = """async () => {
    const [item] = await navigator.clipboard.read();
    const texts = item.types.map(async (type) => [type, await (await item.getType(type)).text()]);
    return Object.fromEntries(await Promise.all(texts));
}"""
STAGES = ("reported", "investigated", "indicted", "adjudicated_first", "convicted_first", "sentenced_first")
COUNTS = f"""
    select area_name.name, {", ".join(f"max(value) filter (measure = '{stage}')" for stage in STAGES)}
    from cell inner join area_name on area_name.area = cell.area and area_name.language = 'mk'
    where table_id = 'area_year' and period = '2025' and offence_group = 'TIP' and count_unit = 'person'
        and is_total and statistic = 'count'
    group by all
"""
RATES = """
    select area_name.name, round(value, 2), round(low, 2), round(high, 2)
    from indicator inner join area_name on area_name.area = indicator.area and area_name.language = 'mk'
    where metric = 'rate' and measure = 'convicted_first' and count_unit = 'person' and offence_group = 'TIP'
        and period = '2025' and area_kind in ('region', 'territory')
"""


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(permissions=["clipboard-read", "clipboard-write"])
    yield context.new_page()
    context.close()


def read_clipboard(page: Page) -> tuple[list[list[str]], dict[str, list[float]]]:
    """Return the rows of the text on the clipboard, and the numbers of each row of its HTML by the row's name.

    Fails if the text and the HTML differ in any field, or if a number of the text is not one in its cell.
    """
    content = page.evaluate(READ)
    assert set(content) == {"text/plain", "text/html"}
    rows = [line.split("\t") for line in content["text/plain"].split("\n")]
    cells = [list(row.iter("td")) for row in html.fromstring(content["text/html"]).iter("tr")]
    assert [len(row) for row in cells] == [len(row) for row in rows]
    numbers: dict[str, list[float]] = {}
    for fields, row in zip(rows, cells, strict=True):
        for field, cell in zip(fields, row, strict=True):
            cell_text = (cell.text or "").replace(",", ".") if cell.get("sdval") else cell.text or ""
            assert cell_text == field
            is_number = field.replace(".", "", 1).isdigit()
            assert (cell.get("sdval"), cell.get("x:num")) == ((field, field) if is_number else (None, None))
        numbers[fields[0]] = [float(cell.get("sdval")) for cell in row[1:] if cell.get("sdval")]
    return rows, numbers


def read_release(home: Path, statement: str) -> dict[str, list[float]]:
    with duckdb.connect(str(home / "public" / "current" / "release.duckdb"), read_only=True) as release:
        return {
            name: [float(number) for number in numbers if number is not None]
            for name, *numbers in release.execute(statement).fetchall()
        }


def test_button_of_static_table_copies_cells_with_the_counts_of_the_release(
    page: Page, public_app: str, built_home: Path
) -> None:
    page.goto(f"{public_app}/mk/territories.html")
    part = page.locator(".front-table", has_text="Изречена санкција").first
    part.locator(".front-copy").first.click()
    part.locator("[role=status]:not(:empty)").wait_for()
    rows, numbers = read_clipboard(page)
    counts = read_release(built_home, COUNTS)
    assert len(counts) == 7 and {name: numbers[name] for name in counts} == counts
    assert len(rows[0]) == 1 + len(STAGES)


@pytest.mark.sampled(turn=3)
def test_button_of_explorer_copies_cells_with_the_rates_of_the_release(
    page: Page, public_app: str, built_home: Path
) -> None:
    query = "lang=mk&crime=TIP&kind=rate&indicator=convicted_first&freq=A&period=2025"
    page.goto(f"{public_app}/compare?{query}")
    wait_until_settled(page)
    page.locator("[class*=st-key-take] button").first.click()
    block = page.get_by_test_id("stPopoverBody").get_by_test_id("stCode").first
    block.hover()
    block.locator("button").click()
    page.wait_for_function(f"async () => Object.keys(await ({READ})()).length === 2")
    _, numbers = read_clipboard(page)
    rates = read_release(built_home, RATES)
    assert len(rates) == 7 and {name: numbers[name] for name in rates} == rates
    # A text without tabs is copied as text alone.
    page.evaluate("navigator.clipboard.writeText('1,5')")
    assert page.evaluate(READ) == {"text/plain": "1,5"}
