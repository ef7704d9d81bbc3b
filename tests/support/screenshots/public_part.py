"""Pictures of the public pages: static pages of the current release, the calendar, pages to explore figures."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from dashboards.public.menu import PAGES
from pipelines.core import i18n
from pipelines.core.home import open_home
from pipelines.front.build import FOLDER
from pipelines.publication.releases.publish import find_current_release
from tests.support.screenshots.taking import HEIGHT, open_browser, set_width, take_widths
from tests.support.service.public_app import run_public_app, wait_until_settled

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

WIDTHS = (320, 768, 1280, 1920)
LANGUAGES = ("en", "mk", "sq")
_HIGHEST = 16_000


def list_paths(release: Path, language: str, pattern: str) -> Iterator[tuple[str, str]]:
    """Yield the name of each page and its path, those of the release first, then those to explore figures."""
    lang = i18n.html_lang(language)
    slides = ("meeting.html", "meeting.2.html", "meeting.3.html")
    names = [*sorted(path.name for path in (release / FOLDER / lang).glob("*.html")), *slides]
    paths = {name.removesuffix(".html"): f"{lang}/{name}" for name in names}
    paths |= {"calendar": f"{lang}/calendar.html", "not-found": f"{lang}/not-found.html"}
    paths |= {f"explore-{page}": f"{page}?lang={language}" for page in PAGES}
    yield from ((name, path) for name, path in paths.items() if re.search(pattern, path))


def _show_whole_page(page: Page, width: int) -> None:
    """Make the window as high as a page to explore figures, which scrolls inside of it."""
    wait_until_settled(page)
    # Controls whose scripts have not arrived are grey boxes.
    page.locator("[data-testid=stSkeleton]").first.wait_for(state="detached")
    height = page.evaluate("document.querySelector('[data-testid=stMain]').scrollHeight")
    page.set_viewport_size({"width": width, "height": min(max(height, HEIGHT), _HIGHEST)})
    wait_until_settled(page)


def _take_pages(
    browser: Browser,
    address: str,
    release: Path,
    folder: Path,
    languages: Sequence[str],
    widths: Sequence[int],
    pattern: str,
) -> int:
    """Write the screenshots to a folder for each language; return how many there are."""
    n_taken = 0
    for language in languages:
        target = folder / i18n.html_lang(language)
        target.mkdir(parents=True, exist_ok=True)
        page = browser.new_page(locale=i18n.html_lang(language))
        for name, path in list_paths(release, language, pattern):
            set_width(page, widths[0])
            page.goto(f"{address}/{path}")
            if name.startswith("explore-"):
                for width in widths:
                    set_width(page, width)
                    _show_whole_page(page, width)
                    page.screenshot(path=target / f"{name}-{width}.png", full_page=True)
            else:
                take_widths(page, target / name, widths)
            n_taken += len(widths)
            print(f"{target / name}", flush=True)
        page.close()
    return n_taken


def take_public_pages(
    home: Path,
    folder: Path,
    languages: Sequence[str] | None = None,
    widths: Sequence[int] | None = None,
    pattern: str = "",
) -> int:
    """Serve a home, take its public pages and end the service; return how many pictures there are.

    Raises RuntimeError without a release with pages, or without a browser.
    """
    release = find_current_release(open_home(home))
    if release is None or not (release / FOLDER).is_dir():
        raise RuntimeError("There is no release with pages: run `make refresh`.")
    with (
        tempfile.TemporaryDirectory() as logs,
        run_public_app(home.resolve(), Path(logs) / "public.log") as address,
        open_browser() as browser,
    ):
        return _take_pages(browser, address, release, folder, languages or LANGUAGES, widths or WIDTHS, pattern)
