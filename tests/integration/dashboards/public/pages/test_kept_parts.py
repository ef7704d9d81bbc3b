"""Parts of pages that were composed for one reader are the same as those composed for another, and only for the same
choices, language and release."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from dashboards.public import drawing, queries
from pipelines.core.home import Home, open_home
from pipelines.core.result_cache import ResultCache
from pipelines.declarations.registry import load
from pipelines.publication.releases import publish
from tests.support.public_pages import read_html, run_page
from tests.support.releases import release_fixture

ADDRESSES: tuple[tuple[str, dict[str, str]], ...] = (
    ("region", {}),
    ("region", {"crime": "SOM", "lang": "sq"}),
    ("region", {"freq": "A", "period": "2025", "show": "rate", "stages": "all", "decisions": "final"}),
    ("region", {"freq": "A", "period": "2024", "flow": "AL", "version": "same_period", "territory": "RS"}),
    ("compare", {}),
    ("compare", {"kind": "ratio", "lang": "mk"}),
    ("compare", {"areas": "AL,MK,RS", "trend": "MK"}),
    ("compare", {"kind": "duration"}),
    ("durations", {}),
    ("durations", {"lang": "sr", "decisions": "final"}),
    ("victims", {"freq": "A", "period": "2025"}),
    ("victims", {"territory": "MK", "victims_by": "age", "lang": "hr"}),
    ("published", {}),
    ("published", {"view": "beside", "territory": "all"}),
    ("quality", {}),
    ("quality", {"lang": "cnr"}),
    ("about", {"lang": "bs"}),
    ("territory", {"territory": "AL", "section": "all"}),
    ("territory", {"territory": "BA", "section": "all", "crime": "SOM", "lang": "sr-Latn"}),
)
"""Pages with choices of which each concerns another part."""


@pytest.fixture
def home(release_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    shutil.copytree(release_root, tmp_path / "home", symlinks=True)
    monkeypatch.setenv("RTI_HOME", str(tmp_path / "home"))
    return open_home(tmp_path / "home")


def draw_page(page: str, address: dict[str, str]) -> list[str]:
    """Return the HTML, texts and headings of a page."""
    test = run_page(page, **address)
    texts = [str(element.proto.body) for element in test.get("html")]
    for elements in (test.markdown, test.header, test.subheader, test.expander):
        texts += [str(getattr(element, "value", "") or getattr(element, "label", "")) for element in elements]
    return texts


def keep_parts(monkeypatch: pytest.MonkeyPatch) -> ResultCache[Any]:
    """Keep parts as the service does, for the rest of a test."""
    cache = ResultCache[Any](drawing.MOST_PARTS, drawing.weigh_part, drawing.HEAVIEST)
    monkeypatch.setattr(drawing, "kept_parts", cache)
    return cache


@pytest.mark.sampled(turn=6)
def test_kept_parts_are_those_that_are_composed_for_the_same_choices(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    composed = [draw_page(page, address) for page, address in ADDRESSES]
    cache = keep_parts(monkeypatch)
    # Reversed, so that no part is kept from the page that has just been composed.
    for page, address in reversed(ADDRESSES):
        draw_page(page, address)
    n_kept = len(cache)
    for (page, address), expected in zip(ADDRESSES, composed, strict=True):
        assert draw_page(page, address) == expected, (page, address)
    assert len(cache) == n_kept > len(ADDRESSES), "nothing was composed again"
    assert len({"\n".join(texts) for texts in composed}) == len(ADDRESSES)


def test_new_release_is_shown_at_once(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    keep_parts(monkeypatch)
    address = {"freq": "A", "period": "2025", "crime": "TIP"}
    before = read_html(run_page("region", **address))
    cells = release_fixture.make_tables(load())["cell"]
    is_changed = (pl.col("area") == "AL") & (pl.col("period") == "2025") & (pl.col("value") > 0)
    changed = cells.with_columns(pl.when(is_changed).then(pl.lit(7654.0)).otherwise("value").alias("value"))
    with monkeypatch.context() as patch:
        patch.setattr(release_fixture, "RELEASE", "2026-Q3.1")
        release_fixture.write_draft(home, "2026-Q3.1", cell=changed)
    former = queries.current_release()
    publish.move_draft(home, "2026-Q3.1")
    publish.switch_current(home, "2026-Q3.1")
    assert queries.current_release() != former
    after = read_html(run_page("region", **address))
    assert "7,654" not in before and "7,654" in after.replace('<span class="rti-separator">,</span>', ",")
    assert "Release 2026-Q3.1." in after and "Release 2026-Q3." in before
    assert "Release 2026-Q3. " not in after
    publish.switch_current(home, "2026-Q3")
    assert read_html(run_page("region", **address)) == before, "the former release, made current again"
