"""Tests that the page, JSON, CSV and `rti release diff` list the planted changes between any two releases."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import httpx
import polars as pl
import pytest
from lxml import html
from openpyxl import load_workbook
from starlette.responses import PlainTextResponse
from starlette.testclient import TestClient

from dashboards.public.release_pages import ReleasePages
from pipelines.cli import main
from pipelines.core import codes, i18n
from pipelines.core.home import Home, open_home
from tests.support.releases.planted_changes import (
    CHANGES,
    DIFFERENCE,
    LATEST,
    REVISED,
    WITHDRAWN,
    YEAR,
    is_total,
)
from tests.support.releases.two_editions import EARLIER, NEWER
from tests.support.whole_figures import allow_breaks


@pytest.fixture(scope="module")
def home(planted_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Return a home with three releases, of which the last one has the files that the frame of a page names."""
    root = tmp_path_factory.mktemp("three-releases") / "home"
    shutil.copytree(planted_root, root, symlinks=True)
    home = open_home(root)
    for name in ("style-0.css", "script-0.js"):
        path = home.releases / LATEST / "pages" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("", encoding="utf-8")
    return home


@pytest.fixture(scope="module")
def client(home: Home) -> TestClient:
    return TestClient(ReleasePages(PlainTextResponse("other", 404), lambda: home, "https://example.org"))


def read_values(row: dict[str, Any]) -> tuple[float | None, ...]:
    return tuple(float(row[name]) if row.get(name) else None for name in ("before", "after", "difference"))


def check_planted_changes(rows: list[dict[str, Any]], home: Home) -> None:
    """Check that a list has the planted changes and no other, and the values of the one that was revised."""
    assert {(row["period"], row["measure"]): row["change"] for row in rows} == CHANGES and len(rows) == len(CHANGES)
    assert {(row["table"], row["area"], row["offence_group"]) for row in rows} == {("cell", "AL", "TIP")}
    values = {row["change"]: read_values(row) for row in rows}
    cells = pl.read_parquet(home.releases / EARLIER / "data" / "cell.parquet")
    before = {measure: cells.filter(is_total(YEAR, measure))["value"].item() for measure in (REVISED, WITHDRAWN)}
    assert values["revised"] == (before[REVISED], before[REVISED] + DIFFERENCE, DIFFERENCE)
    assert values["withdrawn"] == (before[WITHDRAWN], None, None)
    assert values["added"] == (None, before[REVISED], None)
    assert values["newly_hidden"] == values["newly_shown"] == (None, None, None), "withheld figures have no values"


def test_lists_since_an_earlier_release_have_the_planted_changes(client: TestClient, home: Home) -> None:
    listed = client.get(f"/releases/{LATEST}/changes.json?since={EARLIER}").json()
    assert (listed["older"], listed["newer"], listed["step"]) == (EARLIER, LATEST, "minor")
    check_planted_changes(listed["figures"], home)
    assert listed["counts"] == {**dict.fromkeys(CHANGES.values(), 1), "schema": 0}
    answer = client.get(f"/releases/{LATEST}/changes.csv?since={EARLIER}&lang=mk")
    assert f"changes-{EARLIER}-{LATEST}.csv" in answer.headers["content-disposition"]
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    check_planted_changes(rows, home)
    assert {row["table_title"] for row in rows} == {"Објавени броеви"}


def test_lists_without_a_release_are_about_the_one_before(client: TestClient, home: Home) -> None:
    listed = client.get(f"/releases/{LATEST}/changes.json").json()
    assert listed["older"] == NEWER and listed == client.get(f"/releases/{LATEST}/changes.json?since={NEWER}").json()
    published = pl.read_parquet(home.releases / NEWER / "data" / "cell.parquet").filter(pl.col("value").is_not_null())
    revised = [row for row in listed["figures"] if row["table"] == "cell" and row["change"] == "revised"]
    # All but the one that is withdrawn and the one that is hidden.
    assert len(revised) > 300 and len(revised) == published.unique(codes.CELL_KEY).height - 2
    assert {row["difference"] for row in revised} == {-7000.0, DIFFERENCE - 7000.0}


@pytest.mark.parametrize("address", [
    f"/releases/{EARLIER}/changes.json", f"/releases/{LATEST}/changes.csv?since=2025-Q4",
    "/releases/2031-Q1/changes.csv",
    f"/releases/{EARLIER}/en/changes.html", f"/releases/{LATEST}/en/changes.html?since=2025-Q4",
    f"/releases/{LATEST}/en/changes.html?since={LATEST}", f"/releases/{EARLIER}/en/changes.html?since={NEWER}",
    f"/releases/2031-Q1/en/changes.html?since={EARLIER}", f"/releases/{LATEST}/xx/changes.html",
])  # fmt: skip
def test_lists_of_releases_that_are_not_public_or_not_earlier_are_not_found(client: TestClient, address: str) -> None:
    assert client.get(address).status_code == 404


def read_table(answer: httpx.Response, name: str) -> list[list[str]]:
    (table,) = html.fromstring(answer.text).xpath(f"//table[caption[@id='caption-{name}']]")
    return [[" ".join(cell.text_content().split()) for cell in row.iter("th", "td")] for row in table.iter("tr")]


def test_page_offers_every_earlier_release_and_shows_the_changes_since_the_chosen_one(
    client: TestClient, home: Home
) -> None:
    answer = client.get(f"/releases/{LATEST}/en/changes.html?since={EARLIER}")
    assert answer.status_code == 200 and "form-action 'self'" in answer.headers["content-security-policy"]
    document = html.fromstring(answer.text)
    (form,) = document.forms
    (options,) = form.xpath(".//select[@name='since']")
    assert (form.method, form.action) == ("GET", "changes.html")
    assert [option.get("value") for option in options.iter("option")] == [NEWER, EARLIER]
    assert form.fields["since"] == EARLIER, "the chosen release is marked"
    counts = {row[0]: row[1:] for row in read_table(answer, "changes")[1:]}
    assert counts == {
        "Added": ["1", "0"], "Revised": ["1", "0"], "No longer published": ["1", "0"], "Newly withheld": ["1", "0"],
        "Withheld before, published now": ["1", "0"],
    }  # fmt: skip
    _, revised = read_table(answer, "revised")
    assert revised[:2] == ["Albania", "2025"] and int(revised[-1]) - int(revised[-2]) == DIFFERENCE
    links = [link.get("href") for link in document.xpath("//a[@download]")]
    lists = [f"/releases/{LATEST}/changes.{ending}?since={EARLIER}&lang=en" for ending in ("csv", "json")]
    assert set(lists) <= set(links) and [client.get(link).status_code for link in lists] == [200, 200]
    neighbour = client.get(f"/releases/{LATEST}/en/changes.html")
    assert f"compared with release {NEWER}." in neighbour.text and f"compared with release {EARLIER}." in answer.text
    assert len(read_table(neighbour, "revised")) == 101 and "First revised totals: 100 of " in allow_breaks(
        neighbour.text
    )


def read_files(client: TestClient, address: str) -> dict[str, list[list[list[str]]]]:
    """Return the rows of the files of each table of a page: those of CSV, and those of the workbook."""
    files: dict[str, list[list[list[str]]]] = {}
    for part in html.fromstring(client.get(address).text).find_class("front-table"):
        for link in part.xpath(".//p[@class='front-save']/a[@download]"):
            answer = client.get(urljoin(address, link.get("href")))
            assert answer.status_code == 200 and answer.headers["content-disposition"].startswith("attachment")
            if link.text == "CSV":
                rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
            else:
                sheet = load_workbook(io.BytesIO(answer.content)).worksheets[0]
                rows = [
                    ["" if cell is None else str(cell) for cell in row] for row in sheet.iter_rows(values_only=True)
                ]
            files.setdefault(str(part.get("id")).removeprefix("table-"), []).append(rows)
    return files


@pytest.mark.parametrize(
    ("address", "names"),
    [
        (f"/releases/{LATEST}/mk/changes.html?since={EARLIER}", {"changes", "revised"}),
        ("/mk/calendar.html", {"published"}),
    ],
)
def test_tables_that_are_not_part_of_a_release_can_be_saved(client: TestClient, address: str, names: set[str]) -> None:
    page, files = client.get(address), read_files(client, address)
    assert set(files) == names
    path = address.partition("?")[0]
    for name, contents in files.items():
        expected = [cell for row in read_table(page, name)[1:] for cell in row]
        assert len(contents) == 2 and expected
        for rows in contents:
            saved = [cell for row in rows for cell in row]
            assert [cell for cell in expected if cell not in saved] == [], "what is shown is saved"
            assert any(f"https://example.org{path}" in cell for cell in saved), "the file has its citation"


def test_table_of_the_calendar_can_be_embedded_and_others_are_not_found(client: TestClient) -> None:
    answer = client.get("/en/calendar.published.html")
    assert answer.status_code == 200 and "frame-ancestors *" in answer.headers["content-security-policy"]
    assert LATEST in answer.text and 'href="https://example.org/en/calendar.html"' in answer.text
    for missing in (
        "/en/calendar.nothing.csv", "/xx/calendar.published.csv", "/en/changes.revised.csv",
        f"/releases/{LATEST}/en/changes.revised.html?since={EARLIER}", f"/releases/{LATEST}/en/calendar.published.csv",
        f"/releases/{LATEST}/en/changes.revised.csv?since={LATEST}",
    ):  # fmt: skip
        assert client.get(missing).status_code == 404, missing


def test_page_for_another_crime_keeps_it_if_the_release_has_pages_for_it(client: TestClient, home: Home) -> None:
    def list_links(page: str, lang: str) -> list[str]:
        document = html.fromstring(client.get(f"/releases/{LATEST}/{lang}/{page}.html?since={EARLIER}").text)
        return [link.get("href") for link in document.cssselect(".rti-nav a")] + [document.forms[0].action]

    assert list_links("changes-som", "en")[0] == "index.html", "a release of earlier software has no such pages"
    versions = home.releases / LATEST / "pages" / "hr" / "releases-som.html"
    versions.parent.mkdir()
    versions.write_text("", encoding="utf-8")
    menu = list_links("changes-som", "hr")
    files = client.get(f"/releases/{LATEST}/hr/changes-som.revised.csv?since={EARLIER}")
    assert files.status_code == 200 and f"/hr/changes.html?since={EARLIER}" in files.text, "citations have one address"
    assert menu[0] == "index-som.html" and "crime=SOM" in menu[-2] and menu[-1] == "changes-som.html"
    menu = list_links("changes", "hr")
    assert menu[0] == "index.html" and "crime=TIP" in menu[-2] and menu[-1] == "changes.html"
    assert client.get(f"/releases/{LATEST}/en/changes-xyz.html?since={EARLIER}").status_code == 404
    calendar = client.get("/hr/calendar-som.html").text
    assert 'href="index-som.html"' in calendar and 'href="../mk/calendar-som.html"' in calendar
    assert 'href="calendar.ics"' in calendar and client.get("/hr/calendar-xyz.html").text == "other"


@pytest.mark.parametrize("language", ["sq", "bs", "hr", "mk", "cnr", "sr", "sr-Latn"])
def test_page_is_in_the_language_of_its_address(client: TestClient, language: str) -> None:
    tag = i18n.html_lang(language)
    answer = client.get(f"/releases/{LATEST}/{tag}/changes.html?since={EARLIER}")
    assert answer.headers["content-language"] == tag
    title = html.fromstring(answer.text).xpath("string(//h1)")
    assert title == i18n.gettext("Changes between releases", language) != "Changes between releases"


def test_command_prints_and_writes_the_changes_between_two_releases(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RTI_HOME", str(home.root))
    path = tmp_path / "changes.csv"
    assert main.main(["release", "diff", EARLIER, LATEST, "--csv", str(path)]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith(f"{EARLIER} to {LATEST}: a minor change\n")
    counts = {name: int(count) for count, name in re.findall(r"^ +(\d+)  (.+)$", printed, re.MULTILINE)}
    assert counts == {**{change.replace("_", " "): 1 for change in CHANGES.values()}, "schema": 0}
    check_planted_changes(list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig")))), home)
    assert main.main(["release", "diff", EARLIER, "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert (listed["older"], listed["newer"]) == (EARLIER, LATEST), "the current release is the later one by default"
    check_planted_changes(listed["figures"], home)
    assert main.main(["release", "diff", "2025-Q4", LATEST]) != 0
    assert "there is no release or draft 2025-Q4" in capsys.readouterr().err
