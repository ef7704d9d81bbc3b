"""Tests of documents, static files and unknown addresses, in front of an application that only answers its name."""

from __future__ import annotations

import gzip
import json
import re
from html import unescape
from pathlib import Path

import httpx
import pytest
from starlette.responses import PlainTextResponse
from streamlit import file_util

from dashboards.public.documents import Documents
from dashboards.public.framework_words import WORDS
from dashboards.public.menu import PAGES, compose_title, render_menu
from pipelines.core import i18n
from pipelines.design.assets import CSS
from pipelines.words.language import read_in, tell
from tests.support.coroutines import run_async

FOLDER = Path(file_util.get_static_dir()).resolve()
DOCUMENTS = Documents(PlainTextResponse("Streamlit"), FOLDER)
HTML = {"accept": "text/html", "accept-encoding": "gzip"}


def request_path(path: str, headers: dict[str, str] | None = None, documents: Documents = DOCUMENTS) -> httpx.Response:
    async def send_request() -> httpx.Response:
        transport = httpx.ASGITransport(documents)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            return await client.get(path, headers=HTML if headers is None else headers)

    return run_async(send_request())


@pytest.mark.parametrize("page", PAGES)
def test_document_has_the_title_of_its_page_and_our_script_first(page: str) -> None:
    answer = request_path(f"/{page}")
    assert answer.status_code == 200 and answer.headers["cache-control"] == "no-cache"
    assert re.findall("<title>(.*?)</title>", answer.text) == [compose_title(page)]
    assert '<html lang="en">' in answer.text
    scripts = re.findall(r'<script[^>]* src="([^"]+)"', answer.text)
    assert re.fullmatch(r"\./rti/browser-[0-9a-f]{16}\.js", scripts[0]) and scripts[1].startswith("./static/js/")
    assert "Streamlit app" not in answer.text, "the text without scripts is ours"


@pytest.mark.parametrize(
    ("path", "preferred", "language"),
    [
        ("/?lang=sr", "sq", "sr"),
        ("/territory?lang=sr-Latn", "", "sr-Latn"),
        ("/about", "de, mk;q=0.8", "mk"),
        ("/nopage?lang=bs", "", "bs"),
        ("/?lang=xx", "", "en"),
    ],
)
def test_document_is_in_the_language_of_its_address_or_of_the_browser(path: str, preferred: str, language: str) -> None:
    answer = request_path(path, HTML | {"accept-language": preferred})
    tag = i18n.html_lang(language)
    assert f'<html lang="{tag}">' in answer.text and answer.headers["content-language"] == tag
    assert answer.headers["vary"] == "Accept-Language"
    with read_in(language):
        if answer.status_code == 404:
            assert f"<h1>{tell('Page not found')}</h1>" in unescape(answer.text)
        else:
            page = path.strip("/").partition("?")[0]
            assert f"<title>{compose_title(page)}</title>" in unescape(answer.text)
            assert f'data-updated="{tell("Page updated.")}"' in unescape(answer.text)


def test_unknown_address_of_a_demonstration_says_that_figures_are_invented() -> None:
    documents = Documents(PlainTextResponse("Streamlit"), FOLDER, lambda: True)
    document = request_path("/nopage?lang=hr", documents=documents).text
    with read_in("hr"):
        assert (
            f'<p class="note" role="note">{tell("Demonstration data: all our own figures are invented.")}</p>'
            in unescape(document)
        )


@pytest.mark.parametrize("path", ["/nopage", "/territory/nopage", "/a/b", "/index.html", "/Region"])
def test_unknown_address_is_not_found_and_links_to_every_page(path: str) -> None:
    answer = request_path(path)
    assert answer.status_code == 404 and answer.headers["content-type"].startswith("text/html")
    assert "Page not found" in answer.text
    document = unescape(answer.text)
    links = dict(re.findall(r'<a href="/([^"]*)">(.*?)</a>', document.partition("<main ")[2].partition("</main>")[0]))
    assert links == {"en/": "Home"} | {f"{page}?lang=en": title for page, title in PAGES.items()}
    tags = [i18n.html_lang(code) for code in i18n.language_names()]
    assert re.findall(r'<li><a href="/([^"]*)/" lang="', document) == tags, "a way to each language"
    assert "all our own figures are invented" not in document
    assert 'class="pages"' not in document, "without static pages there is no menu of them"
    assert request_path(path, {"accept": "application/json"}).text == "Not found\n"


def test_unknown_address_has_the_menu_of_the_static_pages_if_a_release_has_them() -> None:
    documents = Documents(PlainTextResponse("Streamlit"), FOLDER, has_static_pages=lambda: True)
    document = unescape(request_path("/nopage?lang=mk", documents=documents).text)
    menu = re.search(r'<nav class="pages".*?</nav>', document)
    assert menu is not None
    addresses = re.findall(r'<a href="([^"]*)">', menu[0])
    assert addresses[0] == "/mk/index.html" and addresses[-1] == "/region?lang=mk"
    listed = re.findall(r'<a href="/([^"]*)">', document.partition("<main ")[2].partition("</main>")[0])
    assert listed == [f"{page}?lang=mk" for page in PAGES], "the way home is in the menu"
    foot = document.partition('<footer class="foot">')[2]
    with read_in("mk"):
        assert tell("Accessibility statement") in foot and tell("Releases and corrections") in foot
    assert all(link.startswith("/mk/") for link in re.findall(r'href="([^"]*)"', foot)), "links to static pages"


def test_foot_of_an_unknown_address_says_how_to_report_a_mistake(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RTI_CONTACT", "help@example.org")
    foot = request_path("/nopage").text.partition('<footer class="foot">')[2]
    assert "Have you found a mistake" in foot and 'href="mailto:help@example.org"' in foot and "<ul>" not in foot


@pytest.mark.parametrize(
    "path",
    ["/_stcore/health", "/territory/_stcore/host-config", "/media/x.csv", "/health", "/live",
     "/ready", "/favicon.png", "/static/none.js",
     "/territory/", "/static/media/x.woff2"],
)  # fmt: skip
def test_other_addresses_are_left_to_the_application(path: str) -> None:
    assert request_path(path).text == "Streamlit"


@pytest.mark.parametrize("path", ["/_stcore/metrics", "/_stcore/upload_file/x", "/auth/login", "/oauth2callback"])
def test_unused_addresses_are_not_served(path: str) -> None:
    assert request_path(path).status_code == 404


def test_static_files_are_compressed_and_cached_for_a_year() -> None:
    files = [*FOLDER.glob("static/js/index.*.js"), *FOLDER.glob("static/css/index.*.css")]
    assert len(files) >= 2
    for file in files:
        path = f"/{file.relative_to(FOLDER).as_posix()}"
        answer = request_path(path)
        assert answer.headers["content-encoding"] == "gzip" and answer.headers["vary"] == "Accept-Encoding"
        assert "immutable" in answer.headers["cache-control"] and "max-age=31536000" in answer.headers["cache-control"]
        assert answer.content == file.read_bytes(), "httpx decompresses it"
        assert len(gzip.compress(file.read_bytes(), 9)) < 0.5 * file.stat().st_size
        assert request_path(path, {"accept-encoding": "identity"}).text == "Streamlit"


def test_file_outside_the_folder_is_not_sent() -> None:
    for path in ("/static/..%2f..%2f..%2fconfig.py", "/static/js/..%2f..%2findex.html", "/static/../../secret.js"):
        assert request_path(path).headers.get("content-encoding") is None


def test_script_is_kept_until_it_changes_and_served_to_pages_that_were_opened_before() -> None:
    (address,) = re.findall(r' src="\.(/rti/[^"]+)"', request_path("/region").text)
    answer, former = request_path(address), request_path("/rti/browser-0123456789abcdef.js")
    script = answer.content.decode()
    assert script.index("function copyTable(") < script.index("copyTable(text, writeText)") < script.index("announce()")
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert former.content == answer.content and former.headers["cache-control"] == "no-cache"
    assert all(sent.headers["content-type"].startswith("text/javascript") for sent in (answer, former))


@pytest.fixture(scope="module")
def scripts() -> str:
    """The text of all scripts of Streamlit."""
    return "\n".join(file.read_text(encoding="utf-8") for file in FOLDER.glob("static/js/*.js"))


@pytest.mark.parametrize("word", WORDS)
def test_each_word_to_translate_is_still_one_of_streamlit(word: str, scripts: str) -> None:
    assert any(f"{quote}{word}{quote}" in scripts for quote in "`\"'")


def test_document_has_the_words_of_streamlit_in_its_language() -> None:
    (written,) = re.findall('data-words="([^"]*)"', request_path("/region?lang=hr").text)
    with read_in("hr"):
        assert json.loads(unescape(written)) == {word: tell(word) for word in WORDS}
    assert 'data-words="{}"' in request_path("/region?lang=en").text


def test_changed_document_of_streamlit_is_noticed(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("<html><title>Something else</title></html>", encoding="utf-8")
    with pytest.raises(ValueError, match=r"adapt documents\.py"):
        Documents(PlainTextResponse(""), tmp_path)


def test_menu_links_to_the_open_page_in_each_language() -> None:
    with read_in("sq"):
        html = render_menu("victims", lambda address: f"{address}&crime=TIP", "/sq/")
    links = re.findall(r'href="(victims\?lang=([^&]+)&amp;crime=TIP)" target="_self" lang="([^"]+)" hreflang', html)
    assert [(code, tag) for _, code, tag in links] == [(code, i18n.html_lang(code)) for code in i18n.language_names()]
    assert re.findall(r'hreflang="([^"]+)" aria-current="true"', html) == ["sq"]


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("/ratios", "/compare?kind=ratio"),
        (
            "/ratios?crime=SOM&ratio=indicted_per_reported&freq=A&period=2024&lang=mk",
            "/compare?kind=ratio&crime=SOM&indicator=indicted_per_reported&freq=A&period=2024&lang=mk",
        ),
    ],
)
def test_address_of_a_former_page_leads_on_with_its_choices(address: str, expected: str) -> None:
    answer = request_path(address)
    assert answer.status_code == 308 and answer.headers["location"] == expected


def test_unknown_address_has_the_head_of_other_pages() -> None:
    """As wide as they are; languages are links that look like links, and the current one is marked."""
    document = request_path("/nopage?lang=hr").text
    style = document.partition("<style>")[2].partition("</style>")[0]
    width = re.search(r"--rti-width-page: (\w+);", (CSS / "tokens.css").read_text(encoding="utf-8"))
    assert width is not None and f".head,main,.note{{padding:.6rem max(1rem,calc((100% - {width[1]})/2))}}" in style
    assert ".languages a{font-weight:400;font-size:1rem;text-decoration:underline}" in style
    assert ".languages a[aria-current]{font-weight:700;" in style
    assert re.findall(r'lang="(\w+)" hreflang="\w+" aria-current="true"', document) == ["hr"]
