"""Tests of the addresses of static pages, in front of an application that only answers its name."""

from __future__ import annotations

import gzip
import json
import re
from html import escape
from io import BytesIO
from pathlib import Path

import httpx
import pytest
from lxml import html
from openpyxl import load_workbook
from starlette.responses import PlainTextResponse

from dashboards.public import static_pages
from dashboards.public.failures import answer_failure
from dashboards.public.page_files import DamagedPageError, read_page_file
from dashboards.public.problems import NOT_SHOWN
from dashboards.public.static_pages import StaticPages
from pipelines.core.home import Home, initialise_home
from pipelines.core.i18n import tell
from pipelines.front.briefs import requests
from pipelines.front.build import list_navigation
from pipelines.front.pages import Page
from pipelines.front.pages.calendar import UNCHECKED
from pipelines.front.reader import Reader, open_reader
from pipelines.front.tables import FigureTable, format_figure
from pipelines.publication.releases import public_records
from pipelines.publication.releases.calendar import PlannedRelease, write_calendar
from pipelines.publication.releases.correction_notices import CorrectionNotice, write_notices
from pipelines.publication.releases.formats import hash_file
from pipelines.publication.releases.publications import Publication, journal_path, read_publications
from pipelines.publication.releases.publish import switch_current
from pipelines.web.fault_log import UnhandledErrorGuard
from pipelines.web.security_headers import SecurityHeaders, content_policy
from pipelines.web.settings import Site
from pipelines.words import FormattedFigure
from pipelines.words.language import read_in
from tests.support.coroutines import run_async
from tests.support.editions import make_edition
from tests.support.static_pages import render_table

PAGE = (
    '<html lang="{lang}" data-address="/releases/{release}/{lang}/index.html">'
    '<div id="newer-release" hidden>newer</div>{release}'
    '<span class="front-address">/releases/{release}/{lang}/index.html</span></html>'
)
STYLE = "style-0123456789abcdef.css"


def write_release(home: Home, release: str, languages: tuple[str, ...] = ("en", "sq", "sr-Cyrl")) -> Path:
    folder = home.releases / release
    for lang in languages:
        (folder / "pages" / lang).mkdir(parents=True)
        page = PAGE.format(lang=lang, release=release)
        (folder / "pages" / lang / "index.html").write_text(page, encoding="utf-8")
    (folder / "pages" / lang / "territory-al-som.html").write_text("profile", encoding="utf-8")
    (folder / "release.duckdb").write_text("bytes of DuckDB", encoding="utf-8")
    return folder


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = initialise_home(tmp_path / "home", "demonstration")
    (write_release(home, "2026-Q2") / "pages" / STYLE).write_text("body {}", encoding="utf-8")
    write_release(home, "2026-Q3")
    switch_current(home, "2026-Q3")
    return home


def request_path(home: Home, path: str, address: str = "", **headers: str) -> httpx.Response:
    pages = StaticPages(PlainTextResponse("Streamlit"), lambda: home, address)
    app = SecurityHeaders(pages, Site(), lambda host: content_policy(host, ()))

    async def send_request() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client:
            sent = {name.replace("_", "-"): value for name, value in headers.items()}
            return await client.get(path, headers={"accept-encoding": "identity"} | sent)

    return run_async(send_request())


@pytest.mark.parametrize(
    ("accepted", "address"),
    [("sq-AL,sq;q=0.9", "/sq/"), ("sr-RS", "/sr-Cyrl/"), ("sr-Latn-RS", "/sr-Latn/"), ("fr", "/en/"), ("", "/en/")],
)
def test_first_address_leads_to_the_home_page_in_the_language_of_the_browser(
    home: Home, accepted: str, address: str
) -> None:
    answer = request_path(home, "/", accept_language=accepted)
    assert answer.status_code == 302 and answer.headers["location"] == address
    assert answer.headers["vary"] == "Accept-Language"


def test_former_address_with_choices_leads_to_the_region(home: Home) -> None:
    answer = request_path(home, "/?crime=SOM&period=2025&release=2026-Q3")
    assert answer.status_code == 307
    assert answer.headers["location"] == "/region?crime=SOM&period=2025&release=2026-Q3"


def test_first_address_leads_to_the_application_without_a_release_with_pages(tmp_path: Path) -> None:
    empty = initialise_home(tmp_path / "empty", "demonstration")
    assert request_path(empty, "/").headers["location"] == "/region"
    assert request_path(empty, "/en/").status_code == 404
    assert request_path(Home(tmp_path / "none", "real"), "/").headers["location"] == "/region"


@pytest.mark.parametrize(
    ("path", "target"),
    [("/sq", "/sq/"), ("/releases/2026-Q2", "/releases/2026-Q2/en/"), ("/releases/2026-Q2/sq", "/releases/2026-Q2/sq/"),
     ("/releases", "/en/releases.html")],
)  # fmt: skip
def test_address_of_a_folder_leads_to_its_page(home: Home, path: str, target: str) -> None:
    answer = request_path(home, path)
    assert answer.is_redirect and answer.headers["location"] == target


def test_page_of_the_current_release_is_sent_compressed_and_checked_for_changes(home: Home) -> None:
    answer = request_path(home, "/sq/", accept_encoding="gzip")
    assert answer.status_code == 200 and answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.text == PAGE.format(lang="sq", release="2026-Q3"), "httpx decompresses it"
    assert answer.headers["content-encoding"] == "gzip" and answer.headers["vary"] == "Accept-Encoding"
    assert answer.headers["cache-control"] == "no-cache" and answer.headers["content-language"] == "sq"
    assert "unsafe" not in answer.headers["content-security-policy"]
    again = request_path(home, "/sq/index.html", accept_encoding="gzip", if_none_match=answer.headers["etag"])
    assert again.status_code == 304 and again.content == b"" and again.headers["etag"] == answer.headers["etag"]
    plain = request_path(home, "/sq/")
    assert "content-encoding" not in plain.headers and plain.headers["etag"] != answer.headers["etag"]
    assert request_path(home, "/sq/", if_none_match=answer.headers["etag"]).status_code == 200


def test_page_of_an_earlier_release_says_so_and_its_etag_differs(home: Home) -> None:
    earlier, current = (request_path(home, f"/releases/{release}/en/") for release in ("2026-Q2", "2026-Q3"))
    assert earlier.text == PAGE.format(lang="en", release="2026-Q2").replace(" hidden", "")
    assert current.text == PAGE.format(lang="en", release="2026-Q3")
    switch_current(home, "2026-Q2")
    after = request_path(home, "/releases/2026-Q3/en/", if_none_match=current.headers["etag"])
    assert after.status_code == 200 and "hidden" not in after.text
    assert "2026-Q2" in request_path(home, "/en/").text, "the switch of the release is the switch of its pages"


@pytest.mark.parametrize("path", ["/sr-Latn/nothing.html", "/releases/2026-Q2/sr-Latn/nothing.html"])
def test_dead_link_has_the_menu_of_all_pages_and_a_choice_of_languages(home: Home, path: str) -> None:
    answer = request_path(home, path)
    assert answer.status_code == 404
    document = html.document_fromstring(answer.text)
    (languages, menu, explorer) = document.iter("nav")
    # The files and the order of the navigation that each static page has.
    files = ["index", "territories", "indicators", "victims", "sentences", "quality", "releases", "methodology"]
    links = [str(link.get("href")) for link in menu.iter("a")]
    assert links == [*(f"/sr-Latn/{file}.html" for file in files), "/region?lang=sr-Latn"]
    with read_in("sr-Latn"):
        reader = open_reader(make_edition(), "sr-Latn")
        page = Page("index.html", "home.html", "index", "", "")
        assert [link.text for link in menu.iter("a")] == [text for text, _, _ in list_navigation(reader, page)]
    assert len(list(languages.iter("a"))) == 8 and len(list(explorer.iter("a"))) == 9
    skip = next(document.iter("a"))
    assert document.get_element_by_id(str(skip.get("href")).removeprefix("#")).tag == "main"


def test_style_sheet_of_a_page_that_was_opened_before_the_switch_is_still_sent(home: Home) -> None:
    for path in (f"/{STYLE}", f"/releases/2026-Q2/{STYLE}"):
        answer = request_path(home, path, accept_encoding="gzip")
        assert answer.text == "body {}" and "immutable" in answer.headers["cache-control"]
        assert answer.headers["content-type"].startswith("text/css")
    assert request_path(home, "/style-ffff.css").status_code == 404


@pytest.mark.parametrize(
    "path",
    ["/en/nothing.html", "/en/../release.duckdb", "/en/..%2f..%2frelease.duckdb", "/en/a/b", "/en/.html",
     "/releases/2026-Q1/en/", "/releases/../../restricted", "/releases/2026-Q3/release.duckdb", "/hr/index.html",
     "/releases/2026-Q3/manifest.json"],
)  # fmt: skip
def test_unknown_address_is_not_found_and_leads_on(home: Home, path: str) -> None:
    answer = request_path(home, path)
    if answer.text != "Streamlit":
        assert answer.status_code == 404 and "bytes of DuckDB" not in answer.text
        assert '<a href="/' in answer.text


@pytest.mark.parametrize(
    "path", ["/region", "/territory", "/_stcore/health", "/static/js/x.js", "/health", "/live", "/ready", "/english/"]
)
def test_other_addresses_are_left_to_the_application(home: Home, path: str) -> None:
    assert request_path(home, path).text == "Streamlit"


def test_citation_has_the_public_address_of_the_site(home: Home) -> None:
    text = request_path(home, "/sq/", address="https://figures.example/").text
    assert ">https://figures.example/releases/2026-Q3/sq/index.html<" in text
    assert '"https://figures.example/releases/2026-Q3/sq/index.html"' in text, "for the foot of printed sheets"


def test_compressed_page_has_the_same_bytes_each_time(home: Home) -> None:
    async def send_request() -> bytes:
        pages = StaticPages(PlainTextResponse("Streamlit"), lambda: home)
        async with (
            httpx.AsyncClient(transport=httpx.ASGITransport(pages), base_url="http://test") as client,
            client.stream("GET", "/en/", headers={"accept-encoding": "gzip"}) as answer,
        ):
            return b"".join([part async for part in answer.aiter_raw()])

    first, second = run_async(send_request()), run_async(send_request())
    assert first == second and gzip.decompress(first).decode() == PAGE.format(lang="en", release="2026-Q3")


def test_picture_is_sent_as_svg_and_drawn_as_png_when_it_is_requested(home: Home) -> None:
    svg = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 20"><rect width="40" height="20"/></svg>'
    (home.releases / "2026-Q3" / "pages" / "en" / "board.svg").write_text(svg, encoding="utf-8")
    answer = request_path(home, "/en/board.svg")
    assert answer.text == svg and answer.headers["content-type"].startswith("image/svg+xml")
    assert answer.headers["content-security-policy"] == "default-src 'none'; style-src 'unsafe-inline'"
    drawn = request_path(home, "/releases/2026-Q3/en/board.png")
    assert drawn.content.startswith(b"\x89PNG") and drawn.headers["content-type"] == "image/png"
    assert drawn.content[16:24] == (80).to_bytes(4) + (40).to_bytes(4), "two pixels for each of the picture"
    assert request_path(home, "/en/other.png").status_code == 404


def test_brief_is_made_for_its_release_and_language(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    requested = []

    def make_brief(release: Path, language: str, file: str, site: str) -> bytes | None:
        requested.append((release.name, language, file, site))
        return b"%PDF-1.7" if file == "brief-al.pdf" else None

    monkeypatch.setattr("pipelines.front.briefs.requests.make_brief", make_brief)
    answer = request_path(home, "/releases/2026-Q2/sr-Cyrl/brief-al.pdf", "https://example.org")
    assert answer.content == b"%PDF-1.7" and answer.headers["content-type"] == "application/pdf"
    assert requested == [("2026-Q2", "sr", "brief-al.pdf", "https://example.org")]
    assert request_path(home, "/en/brief-zz.pdf").status_code == 404


@pytest.fixture
def home_with_table(home: Home) -> Home:
    """The home with a page of both releases that has a table and a picture."""
    for release, figure in (("2026-Q2", 7.0), ("2026-Q3", 8.0)):
        table = FigureTable(Reader(make_edition(), "sq"), "Titulli", "Zona", ["2025"], name="years")
        table.add_row("Shqipëria", (format_figure(FormattedFigure("8", "8", "value", figure, 5.5, 12.0)),))
        picture = (
            '<figure class="front-picture" id="picture-trend"><figcaption>T</figcaption><p class="front-save"></p>'
        )
        citation = f'<p class="front-citation"><span class="front-address">/releases/{release}/sq/a.html</span></p>'
        page = f'<html lang="sq"><body>{render_table(table)}{picture}</figure>{citation}</body></html>'
        (home.releases / release / "pages" / "sq" / "a.html").write_text(page, encoding="utf-8")
        (home.releases / release / "manifest.json").write_text('{"drafted_at": "2026-11-20T09:00:00Z"}')
    return home


@pytest.mark.parametrize(
    ("path", "figure"), [("/sq/", "8"), ("/releases/2026-Q3/sq/", "8"), ("/releases/2026-Q2/sq/", "7")]
)
def test_table_of_a_page_is_sent_as_a_file_of_its_release(home_with_table: Home, path: str, figure: str) -> None:
    answer = request_path(home_with_table, f"{path}a.years.csv", "https://figures.example", accept_encoding="gzip")
    assert answer.status_code == 200 and answer.headers["content-type"] == "text/csv; charset=utf-8"
    header, row, *_ = answer.text.removeprefix("\ufeff").splitlines()
    assert header.startswith("Zona,2025,2025: ") and row == f"Shqipëria,{figure},5.5,12"
    assert "https://figures.example/releases/" in answer.text
    assert answer.headers["content-encoding"] == "gzip" and answer.headers["cache-control"] == "no-cache"
    release = "2026-Q2" if figure == "7" else "2026-Q3"
    assert answer.headers["content-disposition"] == f'attachment; filename="{release}.sq.a.years.csv"'
    again = request_path(
        home_with_table, f"{path}a.years.csv", "https://figures.example", accept_encoding="gzip",
        if_none_match=answer.headers["etag"],
    )  # fmt: skip
    assert again.status_code == 304
    assert request_path(home_with_table, f"{path}a.years.xlsx").content.startswith(b"PK")


@pytest.mark.parametrize(
    "name", ["a.other.csv", "a.other.html", "b.years.html", "b.years.csv", "a.trend.xlsx", "a.years.ods", "a..csv"]
)
def test_part_that_no_page_has_is_not_found(home_with_table: Home, name: str) -> None:
    assert request_path(home_with_table, f"/sq/{name}").status_code == 404
    assert request_path(home_with_table, f"/releases/2026-Q1/sq/{name}").status_code == 404


def test_only_a_part_alone_may_be_shown_in_a_frame_on_other_sites(home_with_table: Home) -> None:
    names = ("a.html", "a.years.csv", "a.trend.html", "a.years.html")
    headers = {name: request_path(home_with_table, f"/sq/{name}").headers for name in names}
    for name in names[:2]:
        assert "frame-ancestors 'none'" in headers[name]["content-security-policy"]
        assert headers[name]["x-frame-options"] == "DENY"
    for name in names[2:]:
        policy = headers[name]["content-security-policy"]
        assert "frame-ancestors *" in policy and "default-src 'none'" in policy and "unsafe" not in policy
        assert "x-frame-options" not in headers[name]
        assert headers[name]["x-content-type-options"] == "nosniff"


def test_page_of_a_release_with_corrected_figures_leads_to_the_notices(home: Home) -> None:
    page = home.releases / "2026-Q2" / "pages" / "en" / "index.html"
    page.write_text('<div class="front-edition" id="newer-release" hidden>newer</div>', encoding="utf-8")
    assert "were wrong" not in request_path(home, "/releases/2026-Q2/en/index.html").text
    notice = CorrectionNotice("AL-1", "2026-Q2", "AL", "", "Cases were counted twice.", "2026-11-20T09:00:00Z")
    write_notices(home, [notice])
    text = request_path(home, "/releases/2026-Q2/en/index.html").text
    assert text.startswith('<div class="front-edition"><p>Figures in release 2026-Q2 were wrong. <a href="/en/cal')
    assert "were wrong" not in request_path(home, "/releases/2026-Q3/en/index.html").text


@pytest.mark.parametrize("content", [b'{"release": \n', b'[{"release": "2026-Q3"}]\n', b"7\n"])
@pytest.mark.parametrize("name", ["calendar.json", "notices.json", "preview.json", "publications.jsonl"])
def test_pages_are_shown_although_a_file_next_to_the_releases_is_damaged(
    home: Home, name: str, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """Damage a file, or give it the content of another shape."""
    for release in ("2026-Q2", "2026-Q3"):
        page = home.releases / release / "pages" / "sq" / "index.html"
        page.write_text('<div class="front-edition" id="newer-release" hidden>newer</div>', encoding="utf-8")
    (home.public / name).write_bytes(content)
    for path in ("/sq/", "/releases/2026-Q2/sq/"):
        answer = request_path(home, path)
        assert answer.status_code == 200
        is_unchecked = escape(tell(UNCHECKED, "sq")) in answer.text
        assert is_unchecked == (name in ("notices.json", "publications.jsonl")), "a withdrawn release would look good"
    reported = [record.getMessage() for record in caplog.records if name in record.getMessage()]
    assert len(reported) == (name != "preview.json"), "a page does not read the list of readers"
    assert all("restore it from a backup" in message for message in reported)


def test_page_of_a_withdrawn_release_says_when_and_why_it_was_withdrawn(home: Home) -> None:
    for release in ("2026-Q2", "2026-Q3"):
        page = home.releases / release / "pages" / "sq" / "index.html"
        page.write_text('<div class="front-edition" id="newer-release" hidden>newer</div>', encoding="utf-8")
    switch_current(home, "2026-Q2")
    journal = [Publication(release, "2026-11-20T09:00:00Z") for release in ("2026-Q2", "2026-Q3")]
    reason = "Two files were <mixed> up."
    journal.append(Publication("2026-Q2", "2026-11-25T09:00:00Z", "rollback", "2026-Q3", "steward", reason))
    journal_path(home).write_text("".join(line.as_line() for line in journal), encoding="utf-8")
    text = request_path(home, "/releases/2026-Q3/sq/index.html").text
    assert text.startswith(
        '<div class="front-edition"><p>Botimi 2026-Q3 u tërhoq më 25 nëntor 2026. Arsyeja: Two files'
    )
    assert "&lt;mixed&gt;" in text and "<mixed>" not in text
    link = f'<a href="/sq/index.html">{tell("Open this page in the current release", "sq")}</a></p></div>'
    assert text.endswith(f'{link}<div class="front-edition" id="newer-release" hidden>newer</div>')
    assert "u tërhoq" not in request_path(home, "/sq/index.html").text
    assert "u tërhoq" not in request_path(home, "/releases/2026-Q2/sq/index.html").text


def test_slide_of_a_withdrawn_or_corrected_release_says_so_or_that_it_cannot_be_checked(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    hidden = b'<div class="front-edition" id="newer-release" hidden>newer</div>'
    monkeypatch.setattr(requests, "make_slide", lambda *_: hidden)
    static_pages._make_slide.cache_clear()
    outdated = request_path(home, "/releases/2026-Q2/en/meeting-xk.2.html").text
    assert outdated == hidden.decode().replace(" hidden", "")
    switch_current(home, "2026-Q2")
    journal = [Publication(release, "2026-11-20T09:00:00Z") for release in ("2026-Q2", "2026-Q3")]
    journal.append(Publication("2026-Q2", "2026-11-25T09:00:00Z", "rollback", "2026-Q3", "steward", "Files mixed up."))
    journal_path(home).write_text("".join(line.as_line() for line in journal), encoding="utf-8")
    text = request_path(home, "/releases/2026-Q3/en/meeting-xk.2.html").text
    assert text.startswith('<div class="front-edition"><p>Release 2026-Q3 was withdrawn on 25 November 2026.')
    assert '<a href="/en/meeting-xk.html">Open this page in the current release</a>' in text
    assert text.endswith(hidden.decode()), "the weaker notice stays hidden"
    journal_path(home).write_bytes(b'{"release": \n')
    assert escape(UNCHECKED) in request_path(home, "/releases/2026-Q3/en/meeting-xk.2.html").text
    write_notices(home, [CorrectionNotice("XK-1", "2026-Q3", "XK", "", "Counted twice.", "2026-11-20T09:00:00Z")])
    text = request_path(home, "/releases/2026-Q3/en/meeting-xk-som.2.html").text
    assert 'Figures in release 2026-Q3 were wrong. <a href="/en/calendar-som.html">' in text
    static_pages._make_slide.cache_clear()


def test_foot_of_a_page_has_the_next_release_in_its_language_until_its_minute(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = home.releases / "2026-Q3" / "pages" / "sq" / "foot.html"
    page.write_text('<p id="next-release" hidden></p><span class="front-contact"></span>', encoding="utf-8")
    assert request_path(home, "/sq/foot.html").text.startswith('<p id="next-release" hidden></p>')
    planned = [
        PlannedRelease("2026-Q5", None, "2026-11-01T00:00:00Z", "cancelled"),
        PlannedRelease("2027-Q1", "2027-05-01T09:00:00Z", "2026-11-01T00:00:00Z"),
        PlannedRelease("2026-Q4", "2027-02-01T09:30:00Z", "2026-11-01T00:00:00Z"),
    ]
    write_calendar(home, planned)
    for now, expected in (
        ("2027-02-01T09:29:59Z", "2026-Q4, 1 shkurt 2027, 09:30 UTC"),
        ("2027-02-01T09:30:00Z", "2027-Q1, 1 maj 2027, 09:00 UTC"),
    ):
        monkeypatch.setenv("RTI_NOW", now)
        answer = request_path(home, "/sq/foot.html").text
        assert answer.startswith('<p id="next-release">') and expected in answer, answer
    monkeypatch.setenv("RTI_NOW", "2027-05-01T09:00:00Z")
    assert '<p id="next-release" hidden></p>' in request_path(home, "/sq/foot.html").text


PAGES = "2026-Q3/pages/sq"


@pytest.fixture
def home_with_manifest(home_with_table: Home) -> Home:
    """The home with the table, whose current release has a manifest of its pages."""
    folder = home_with_table.releases / "2026-Q3"
    svg = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 4 2"/>'
    (folder / "pages" / "sq" / "trend.svg").write_text(svg, encoding="utf-8")
    (folder / "pages" / STYLE).write_text("body {}", encoding="utf-8")
    files = {
        path.relative_to(folder).as_posix(): {"sha256": hash_file(path), "bytes": path.stat().st_size}
        for path in folder.rglob("pages/**/*")
        if path.is_file()
    }
    manifest = {"drafted_at": "2026-11-20T09:00:00Z", "files": files}
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    return home_with_table


@pytest.mark.parametrize("fault", ["empty", "cut", "changed", "missing"])
@pytest.mark.parametrize(
    ("file", "paths"),
    [("a.html", ["/sq/a.html", "/releases/2026-Q3/sq/a.html", "/sq/a.years.csv", "/sq/a.years.html"]),
     ("trend.svg", ["/sq/trend.svg", "/sq/trend.png"])],
)  # fmt: skip
def test_damaged_file_of_a_page_is_not_sent_and_is_in_the_log_once(
    home_with_manifest: Home, fault: str, file: str, paths: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    path = home_with_manifest.releases / PAGES / file
    whole = path.read_bytes()
    path.write_bytes({"empty": b"", "cut": whole[:20]}.get(fault, b"X" + whole[1:]))
    if fault == "missing":
        path.unlink()
    for address in paths:
        with pytest.raises(DamagedPageError):
            request_path(home_with_manifest, address)
    reported = [message for record in caplog.records if str(path) in (message := record.getMessage())]
    assert len(reported) == 1 and "restore it from a backup" in reported[0]
    path.write_bytes(whole)
    assert all(request_path(home_with_manifest, address).status_code == 200 for address in paths), "it was restored"


def test_reader_of_a_damaged_page_gets_the_page_of_failures(
    home_with_manifest: Home, caplog: pytest.LogCaptureFixture
) -> None:
    (home_with_manifest.releases / PAGES / "index.html").write_bytes(b"")
    pages = StaticPages(PlainTextResponse("Streamlit"), lambda: home_with_manifest)
    guarded = UnhandledErrorGuard(pages, answer_failure)

    async def send_request() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(guarded), base_url="http://localhost") as client:
            return await client.get("/sq/", headers={"accept": "text/html"})

    answer = run_async(send_request())
    assert answer.status_code == 500 and answer.headers["cache-control"] == "no-store"
    assert escape(tell(NOT_SHOWN, "sq")) in answer.text
    reference = re.search(r"reference ([0-9a-f]{8}): \S*DamagedPageError", caplog.text)
    assert reference is not None and reference[1] in answer.text


def test_empty_page_is_not_sent_although_the_manifest_is_damaged(home_with_manifest: Home) -> None:
    folder = home_with_manifest.releases / "2026-Q3"
    (folder / "manifest.json").write_bytes(b'{"files": ')
    assert request_path(home_with_manifest, "/sq/index.html").status_code == 200
    (folder / "pages" / "sq" / "territory-al-som.html").write_bytes(b"")
    with pytest.raises(DamagedPageError):
        request_path(home_with_manifest, "/sq/territory-al-som.html")


def test_damaged_style_sheet_is_replaced_by_the_same_one_of_another_release(home_with_manifest: Home) -> None:
    (home_with_manifest.releases / "2026-Q3" / "pages" / STYLE).write_bytes(b"")
    assert request_path(home_with_manifest, f"/{STYLE}").text == "body {}"
    (home_with_manifest.releases / "2026-Q2" / "pages" / STYLE).unlink()
    static_pages._load.cache_clear()
    with pytest.raises(DamagedPageError):
        request_path(home_with_manifest, f"/{STYLE}")


def test_page_is_compared_with_its_manifest_once(home_with_manifest: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    reads = []

    def count_reads(release: Path, name: str) -> bytes:
        reads.append(name)
        return read_page_file(release, name)

    monkeypatch.setattr(static_pages, "read_page_file", count_reads)
    for _ in range(3):
        assert request_path(home_with_manifest, "/sq/").status_code == 200
    assert reads == ["pages/sq/index.html"]


def test_journal_and_notices_are_read_once_until_they_change(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    reads = []

    def count_reads(read_from: Home) -> list[Publication]:
        reads.append(read_from)
        return read_publications(read_from)

    monkeypatch.setattr(public_records, "read_publications", count_reads)
    for _ in range(3):
        request_path(home, "/sq/")
    assert len(reads) == 1
    journal_path(home).write_text(Publication("2026-Q2", "2026-08-20T09:00:00Z").as_line(), encoding="utf-8")
    request_path(home, "/sq/")
    assert len(reads) == 2


@pytest.mark.parametrize("state", ["withdrawn", "corrected", "unchecked"])
def test_files_of_a_release_warn_as_its_pages_do(home_with_table: Home, state: str) -> None:
    home, paths = home_with_table, [f"/releases/2026-Q3/sq/a.{ending}" for ending in ("years.csv", "years.html")]
    home.releases.joinpath("2026-Q3", "data").mkdir()
    home.releases.joinpath("2026-Q3", "data", "cell.parquet").write_bytes(b"PAR1")
    stored = "/releases/2026-Q3/data/cell.parquet"
    assert all("warning" not in request_path(home, path).headers for path in (*paths, stored))
    reason = "Two files were “mixed” up."
    if state == "withdrawn":
        switch_current(home, "2026-Q2")
        journal = [Publication(release, "2026-11-20T09:00:00Z") for release in ("2026-Q2", "2026-Q3")]
        journal.append(Publication("2026-Q2", "2026-11-25T09:00:00Z", "rollback", "2026-Q3", "steward", reason))
        journal_path(home).write_text("".join(line.as_line() for line in journal), encoding="utf-8")
        expected, header = "Botimi 2026-Q3 u tërhoq më 25 nëntor 2026.", "Two files were ?mixed? up."
    elif state == "corrected":
        write_notices(home, [CorrectionNotice("AL-1", "2026-Q3", "AL", "", reason, "2026-11-20T09:00:00Z")])
        expected = tell("Figures in release {release} were wrong", "sq", release="2026-Q3")
        header = "Figures in release 2026-Q3 were wrong."
    else:
        home.notices.write_bytes(b"[{")
        expected, header = tell(UNCHECKED, "sq"), UNCHECKED
    table, frame = (request_path(home, path) for path in paths)
    assert f"Shënim,{expected}" in table.text.replace('"', ""), "before the other notes"
    assert f'<p class="front-edition">{escape(expected)}' in frame.text
    workbook = load_workbook(BytesIO(request_path(home, "/releases/2026-Q3/sq/a.years.xlsx").content))
    assert any(expected in str(value) for sheet in workbook for row in sheet.values for value in row)
    for path in (*paths, stored):
        answer = request_path(home, path)
        assert answer.headers["warning"].startswith('299 - "') and header in answer.headers["warning"]
        assert answer.headers["cache-control"] == "no-cache"
    assert "warning" not in request_path(home, "/releases/2026-Q2/sq/a.years.csv").headers or state == "unchecked"
