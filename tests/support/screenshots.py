"""Take a screenshot of every public page: `python -m tests.support.screenshots [--home HOME] [--folder FOLDER]`.

Each static page of the current release, the calendar, a page that is not found, and each page to explore figures is
taken at 320, 768, 1280 and 1920 pixels, in English, Macedonian and Albanian, as a whole. `--only` takes the pages whose
path has a pattern, `--languages` others.
Run by `make screenshots`; look at the pictures one by one.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from dashboards.public.menu import PAGES
from pipelines.core import i18n
from pipelines.core.home import open_home
from pipelines.front.build import FOLDER
from pipelines.publication.releases.publish import find_current_release
from pipelines.warehouse.dbt_cache import cache_folder
from tests.support.chromium import FLAGS, find_chromium
from tests.support.service.public_app import run_public_app, wait_until_settled

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

WIDTHS = (320, 768, 1280, 1920)
LANGUAGES = ("en", "mk", "sq")
_HEIGHT, _HIGHEST = 900, 16_000


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
    page.set_viewport_size({"width": width, "height": min(max(height, _HEIGHT), _HIGHEST)})
    wait_until_settled(page)


def take_screenshots(
    browser: Browser, address: str, release: Path, folder: Path, languages: Sequence[str], pattern: str
) -> int:
    """Write the screenshots to a folder for each language; return how many there are."""
    n_taken = 0
    for language in languages:
        target = folder / i18n.html_lang(language)
        target.mkdir(parents=True, exist_ok=True)
        page = browser.new_page(locale=i18n.html_lang(language))
        for name, path in list_paths(release, language, pattern):
            page.set_viewport_size({"width": WIDTHS[0], "height": _HEIGHT})
            page.goto(f"{address}/{path}")
            for width in WIDTHS:
                page.set_viewport_size({"width": width, "height": _HEIGHT})
                if name.startswith("explore-"):
                    _show_whole_page(page, width)
                page.screenshot(path=target / f"{name}-{width}.png", full_page=True)
                n_taken += 1
            print(f"{target / name}", flush=True)
        page.close()
    return n_taken


def main() -> int:
    """Serve a home, take the screenshots and end the service; return 1 without a release with pages."""
    parser = argparse.ArgumentParser(description="Screenshots of every public page.")
    parser.add_argument("--home", type=Path, default=Path(os.environ.get("RTI_HOME", "data")), help="a built home")
    parser.add_argument("--folder", type=Path, default=cache_folder().with_name("screenshots"))
    parser.add_argument("--languages", nargs="*", default=LANGUAGES, choices=i18n.list_languages())
    parser.add_argument("--only", default="", help="pattern of the paths, such as 'victims|/index'")
    options = parser.parse_args()
    release = find_current_release(open_home(options.home))
    chromium = find_chromium()
    if release is None or not (release / FOLDER).is_dir() or chromium is None:
        print("There is no release with pages, or no Chromium: `make refresh`, `make browser`.", file=sys.stderr)
        return 1
    from playwright.sync_api import sync_playwright

    with (
        tempfile.TemporaryDirectory() as logs,
        run_public_app(options.home.resolve(), Path(logs) / "public.log") as address,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        number = take_screenshots(browser, address, release, options.folder, options.languages, options.only)
        browser.close()
    print(f"{number} screenshots in {options.folder}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
