"""Tests of the explorer in a browser with forced colours, where no meaning may depend on a colour of the page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.support.drawn_marks import find_unseen_marks
from tests.support.service.public_app import FORGET, PATIENCE, wait_until_settled

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser
PATHS = ("region", "compare", "territory?territory=BA", "durations", "quality?lang=mk")
READ_STYLE = """all => all.map(e => {
    const style = getComputedStyle(e);
    return [style.backgroundColor, style.borderBottomColor];
})"""


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(
        forced_colors="active", reduced_motion="reduce", viewport={"width": 1280, "height": 900}
    )
    context.set_default_timeout(PATIENCE)
    context.add_init_script(FORGET)
    yield context.new_page()
    context.close()


@pytest.mark.sampled()
@pytest.mark.parametrize("path", PATHS)
def test_marks_choices_and_the_open_page_are_seen_in_forced_colours(page: Page, public_app: str, path: str) -> None:
    page.goto(f"{public_app}/{path}")
    wait_until_settled(page)
    page.locator(".rti-picture .rti-chart:visible").first.wait_for()
    unseen, n_marks = find_unseen_marks(page.locator(".rti-picture .rti-chart:visible"))
    assert unseen == [] and n_marks > 10
    links = page.locator(".rti-menu li a:visible")
    current = page.locator(".rti-menu ul:not(.rti-languages) a[aria-current]").evaluate_all(READ_STYLE)
    others = page.locator(".rti-menu ul:not(.rti-languages) a:not([aria-current])").evaluate_all(READ_STYLE)
    assert links.count() and len(current) == 1 and current[0][1] not in {style[1] for style in others}
    for group in page.get_by_role("radiogroup").all():
        chosen = group.locator("[role=radio][aria-checked=true]").evaluate_all(READ_STYLE)
        not_chosen = group.locator("[role=radio][aria-checked=false]").evaluate_all(READ_STYLE)
        assert len(chosen) == 1 and chosen[0][0] not in {style[0] for style in not_chosen}, path
