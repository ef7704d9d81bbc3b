"""Tests that a notice on wrong figures is in every format of their release and of the next one."""

from __future__ import annotations

import csv
import io
import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx
import polars as pl
import pytest
from python_calamine import CalamineWorkbook
from starlette.responses import PlainTextResponse
from starlette.testclient import TestClient

from dashboards.public.static_pages import StaticPages
from pipelines.core.home import open_home
from pipelines.declarations.registry import load
from pipelines.dissemination.files import find_file, join_content
from pipelines.publication.releases import notes
from pipelines.publication.releases.correction_notices import CorrectionNotice, write_notices
from pipelines.web.open_data.service import OpenDataService
from pipelines.web.sdmx.service import SdmxService
from tests.support.releases import release_fixture
from tests.support.releases.release_fixture import RELEASE

NEXT = "2026-Q3.1"
TEXT = "Cases were counted as persons."
ISSUED_AT = "2027-01-05T09:00:00Z"
NOTICE = CorrectionNotice("AL-correction-1", RELEASE, "AL", "2025-Q4", TEXT, ISSUED_AT)
OTHER = CorrectionNotice("MK-correction-1", "2026-Q2", "MK", "", "Of a release that is not here.", ISSUED_AT)
SENTENCE = f"Correction, Albania, 2025 Q4: {TEXT}"
CONCERNED = {(area, period) for area in ("AL", "WB") for period in ("2025-Q4", "2025", "2023-01-01/P3Y")}
"""Areas and periods of the proceedings that the notice is about: the quarter, and what it is a part of."""
ROWS = "/api/data/tables/PROCEEDINGS/rows?FREQ=A,Q,P3&REF_AREA=AL,WB,MK&limit=10000"
Row = Mapping[str, str]


@dataclass(frozen=True)
class Corrected:
    """A home with a release, a notice on its figures, and the release after it; and answers from before the notice."""

    releases: Path
    client: TestClient
    before: Mapping[str, httpx.Response]


@pytest.fixture(scope="module")
def corrected(release_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Corrected:
    root = tmp_path_factory.mktemp("corrected") / "home"
    shutil.copytree(release_root, root, symlinks=True)
    home = open_home(root)
    (home.releases / RELEASE / "pages").mkdir()
    pages = StaticPages(PlainTextResponse("other", 404), lambda: home, "https://example.org")
    client = TestClient(OpenDataService(SdmxService(pages, lambda: home), lambda: home))
    addresses = (f"/releases/{RELEASE}/data/PROCEEDINGS.csv", ROWS, "/sdmx/v2/metadata/metadataflow/RTI/NOTES")
    before = {address: client.get(address) for address in addresses}
    write_notices(home, [NOTICE, OTHER])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(release_fixture, "RELEASE", NEXT)
        release_fixture.write_draft(home, NEXT, note=notes.build_notes(load(), [NOTICE]))
        release_fixture.publish_draft(home, NEXT)
        # Files of a release are served if it has pages.
        (home.releases / NEXT / "pages").mkdir()
    return Corrected(home.releases, client, before)


def read_rows(content: bytes) -> list[Row]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))


def list_noted(rows: list[Row], text: str = SENTENCE) -> set[tuple[str, str]]:
    """Return the areas and periods of the rows with a notice. Every other row of them must have it, too."""
    noted = {(row["REF_AREA"], row["TIME_PERIOD"]) for row in rows if text in row["NOTES"]}
    assert all(text in row["NOTES"] for row in rows if (row["REF_AREA"], row["TIME_PERIOD"]) in noted)
    return noted


@pytest.mark.parametrize("release", [RELEASE, NEXT])
def test_notice_is_in_the_csv_file_of_its_release_and_of_the_next(corrected: Corrected, release: str) -> None:
    address = f"/releases/{release}/data/PROCEEDINGS"
    rows = read_rows(corrected.client.get(f"{address}.csv").content)
    assert list_noted(rows) == CONCERNED
    assert "Of a release that is not here" not in "".join(row["NOTES"] for row in rows)
    macedonian = read_rows(corrected.client.get(f"{address}.mk.csv").content)
    assert list_noted(macedonian, f"Исправка, Албанија, 4. квартал 2025: {TEXT}") == CONCERNED
    population = read_rows(corrected.client.get(f"/releases/{release}/data/POPULATION.csv").content)
    assert list_noted(population) == set(), "what others published was not corrected"


@pytest.mark.parametrize("release", [RELEASE, NEXT])
def test_notice_is_in_the_workbook(corrected: Corrected, release: str) -> None:
    content = join_content(find_file(corrected.releases / release, "PROCEEDINGS.xlsx").make())
    book = CalamineWorkbook.from_filelike(io.BytesIO(content))
    assert [SENTENCE] in book.get_sheet_by_name("README").to_python()
    _titles, header, *lines = book.get_sheet_by_name("PROCEEDINGS").to_python()
    rows = [dict(zip(map(str, header), map(str, line), strict=True)) for line in lines]
    noted = {(row["REF_AREA_LABEL"], row["TIME_PERIOD_LABEL"]) for row in rows if SENTENCE in row["NOTES"]}
    assert noted == {
        (area, period) for area in ("Albania", "Western Balkans") for period in ("2025 Q4", "2025", "2023–2025")
    }


@pytest.mark.parametrize("release", [RELEASE, NEXT])
def test_notice_is_in_other_formats(corrected: Corrected, release: str) -> None:
    folder = corrected.releases / release
    frame = pl.read_parquet(io.BytesIO(join_content(find_file(folder, "PROCEEDINGS.parquet").make())))
    assert list_noted(frame.select("REF_AREA", "TIME_PERIOD", "NOTES").to_dicts()) == CONCERNED
    stat = json.loads(join_content(find_file(folder, "area_quarter.jsonstat.json").make()))
    assert SENTENCE in stat["note"]
    px = join_content(find_file(folder, "area_quarter.px").make()).decode()
    assert TEXT in px.replace('"\r\n"', "").replace('"\n"', "")
    yearly = json.loads(join_content(find_file(folder, "jurisdiction_year.jsonstat.json").make()))
    assert SENTENCE not in yearly["note"], "the table has no figures of the area"


@pytest.mark.parametrize("release", [RELEASE, NEXT])
def test_notice_is_in_the_notes_of_the_json_api_and_of_the_figure(corrected: Corrected, release: str) -> None:
    rows = corrected.client.get(f"{ROWS}&release={release}").json()["rows"]
    assert list_noted(rows) == CONCERNED
    row = next(row for row in rows if row["REF_AREA"] == "AL" and row["TIME_PERIOD"] == "2025-Q4")
    figure = corrected.client.get(f"/releases/{release}/figures/{row['CELL_ID']}.json").json()
    assert SENTENCE in figure["notes"]


@pytest.mark.parametrize("release", [RELEASE, NEXT])
def test_notice_is_in_the_reference_metadata(corrected: Corrected, release: str) -> None:
    address = f"/sdmx/v2/metadata/metadataset/RTI/NOTES_AL?release={release}"
    (report,) = corrected.client.get(address).json()["data"]["metadataSets"]
    notes_of_area = [item for item in report["attributes"] if item["id"] == "NOTE" and item["value"] == TEXT]
    assert len(notes_of_area) == 1
    children = {item["id"]: item["value"] for item in notes_of_area[0]["attributes"]}
    assert children == {"NOTE_KIND": "correction", "FIRST_PERIOD": "2025-Q4", "LAST_PERIOD": "2025-Q4"}


def test_answer_from_before_the_notice_is_out_of_date(corrected: Corrected) -> None:
    for address, old in corrected.before.items():
        assert old.status_code == 200 and TEXT not in old.text
        now = (
            f"{address}{'&' if '?' in address else '?'}release={RELEASE}"
            if address.startswith(("/api", "/s"))
            else address
        )
        answer = corrected.client.get(now, headers={"if-none-match": old.headers["etag"]})
        assert answer.status_code == 200 and TEXT in answer.text, address
        if address.startswith("/sdmx"):
            since = {"if-modified-since": old.headers["last-modified"]}
            renewed = corrected.client.get(now, headers=since)
            assert renewed.status_code == 200 and renewed.headers["last-modified"] == "Tue, 05 Jan 2027 09:00:00 GMT"
            assert (
                corrected.client.get(now, headers={"if-modified-since": renewed.headers["last-modified"]}).status_code
                == 304
            )


def test_figures_are_served_although_the_file_of_notices_is_damaged(release_root: Path, tmp_path: Path) -> None:
    root = tmp_path / "home"
    shutil.copytree(release_root, root, symlinks=True)
    home = open_home(root)
    home.notices.write_bytes(b'[{"notice_id": ')
    client = TestClient(OpenDataService(SdmxService(PlainTextResponse("other", 404), lambda: home), lambda: home))
    for address in (ROWS, "/sdmx/v2/metadata/metadataflow/RTI/NOTES"):
        assert client.get(address).status_code == 200, address
