"""Tests of what the Atom feed says of a correction: territories, tables and footnotes, from public files only."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest
from lxml import etree
from starlette.responses import PlainTextResponse
from starlette.testclient import TestClient

from dashboards.public import release_feed
from dashboards.public.release_pages import ReleasePages
from pipelines.core import i18n
from pipelines.core.home import Home, open_home
from pipelines.core.i18n import tell
from pipelines.declarations.registry import load
from pipelines.publication.releases import changes
from pipelines.publication.releases.correction_notices import CorrectionNotice, write_notices
from tests.support.atom_feed import ATOM, list_feed_faults
from tests.support.kept_builds import build_kept
from tests.support.releases import release_fixture, two_editions

EARLIER, NEWER = two_editions.EARLIER, two_editions.NEWER
CHANGED = ("AL", "XK")
LANGUAGES = {i18n.html_lang(code): code for code in i18n.list_languages()}


@pytest.fixture(scope="module")
def figures() -> pl.DataFrame:
    """The changes of a correction that revises reported persons of two territories."""
    return _compare_with_correction(release_fixture.make_tables(load())["cell"])


@pytest.fixture(scope="module")
def home(request: pytest.FixtureRequest) -> Home:
    """A home with a release and its correction, and a notice on each territory."""
    return open_home(build_kept(request, "home-of-release-feed", _make_home))


def _make_home(root: Path) -> None:
    home = release_fixture.make_home(root)
    cells = release_fixture.make_tables(load())["cell"]
    folder = release_fixture.write_draft(home, NEWER, cell=_correct(cells), change=_compare_with_correction(cells))
    _write_previous(folder, EARLIER)
    release_fixture.publish_draft(home, NEWER)
    notices = [("XK", "2026-Q2", "Cases were counted as persons."), ("MK", "", "Reports were counted twice.")]
    at = "2026-11-21T09:00:00Z"
    write_notices(
        home,
        [CorrectionNotice(f"{area}-correction-1", EARLIER, area, period, text, at) for area, period, text in notices],
    )


def _compare_with_correction(cells: pl.DataFrame) -> pl.DataFrame:
    return changes.compare_tables({"cell": cells.lazy()}, {"cell": _correct(cells).lazy()}).figures


def _correct(cells: pl.DataFrame) -> pl.DataFrame:
    is_changed = pl.col("area").is_in(CHANGED) & (pl.col("measure") == "reported") & pl.col("value").is_not_null()
    return cells.with_columns(value=pl.when(is_changed).then(pl.col("value") + 7).otherwise(pl.col("value")))


def _write_previous(folder: Path, previous: str) -> None:
    path = folder / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text(encoding="utf-8")) | {"previous": previous}), encoding="utf-8")


def _read_entries(home: Home, lang: str = "en") -> dict[str, etree._Element]:
    """Return the entries of a valid feed by title."""
    client = TestClient(ReleasePages(PlainTextResponse("other", 404), lambda: home, "https://figures.example"))
    content = client.get(f"/{lang}/releases.atom").content
    assert list_feed_faults(content) == []
    return {entry.findtext(f"{ATOM}title", ""): entry for entry in etree.fromstring(content).iter(f"{ATOM}entry")}


def _read_areas(entry: etree._Element) -> dict[str, str]:
    return {item.get("term", ""): item.get("label", "") for item in entry.findall(f"{ATOM}category")}


def _footnote() -> str:
    [name] = [name for name in load().territories["XK"].names if name.language == "en" and name.footnote]
    return str(name.footnote)


def test_entry_of_a_correction_names_territories_and_tables(home: Home, figures: pl.DataFrame) -> None:
    entries = _read_entries(home)
    entry = entries[f"Release {NEWER}"]
    assert set(figures["area"]) >= set(CHANGED)
    assert entry.findtext(f"{ATOM}summary") == (
        f"Figures that differ from release {EARLIER}: {figures.height}. "
        f"Territories: Albania, Kosovo under UNSCR 1244. Tables: Published counts. {_footnote()}"
    )
    assert _read_areas(entry) == {"AL": "Albania", "XK": "Kosovo under UNSCR 1244"}
    first = entries[f"Release {EARLIER}"]
    assert (first.findtext(f"{ATOM}summary"), _read_areas(first)) == (f"Release {EARLIER}", {})


def test_entry_of_a_notice_has_its_territory_and_the_footnote(home: Home) -> None:
    entries = _read_entries(home)
    entry = entries[f"Correction of figures in release {EARLIER}: Kosovo under UNSCR 1244, 2026 Q2"]
    assert entry.findtext(f"{ATOM}summary") == f"Cases were counted as persons. {_footnote()}"
    assert _read_areas(entry) == {"XK": "Kosovo under UNSCR 1244"}
    second_entry = entries[f"Correction of figures in release {EARLIER}: North Macedonia, all periods"]
    assert second_entry.findtext(f"{ATOM}summary") == "Reports were counted twice."


@pytest.mark.parametrize("lang", LANGUAGES)
def test_entry_of_a_correction_is_in_each_language(home: Home, figures: pl.DataFrame, lang: str) -> None:
    language = LANGUAGES[lang]
    entry = _read_entries(home, lang)[tell("Release {release}", language, release=NEWER)]
    names = _read_areas(entry)
    assert set(names) == set(CHANGED)
    summary = entry.findtext(f"{ATOM}summary", "")
    assert all(name in summary for name in names.values())
    title = tell("Published counts", language)
    assert title in summary and str(figures.height) in summary and tell(_footnote(), language) in summary
    assert ("Figures that differ" in summary) == (language == "en")


@pytest.mark.parametrize(
    ("release", "kept", "previous", "areas"),
    [
        ("2026-Q4", "added", EARLIER, None),
        ("2026-Q4", "revised", EARLIER, CHANGED),
        ("2026-Q3.2", "added", EARLIER, CHANGED),
        ("2026-Q3.2", "revised", None, None),
        ("2026-Q3.2", "none", EARLIER, None),
    ],
)
def test_new_figures_of_a_new_quarter_are_no_change(
    tmp_path: Path, figures: pl.DataFrame, release: str, kept: str, previous: str | None, areas: tuple[str, ...] | None
) -> None:
    folder = tmp_path / release
    (folder / "data").mkdir(parents=True)
    (folder / "manifest.json").write_text(json.dumps({"previous": previous}), encoding="utf-8")
    tables = release_fixture.make_tables(load())
    tables["area"].write_parquet(folder / "data" / "area.parquet")
    rows = figures.with_columns(change=pl.lit(kept)).filter(pl.col("change") != "none")
    rows.write_parquet(folder / "data" / "change.parquet")
    changes = release_feed.read_changes(folder)
    assert (changes.areas if changes is not None else None) == areas


def test_totals_of_the_region_name_no_territory(tmp_path: Path, figures: pl.DataFrame) -> None:
    folder = tmp_path / "2026-Q3.1"
    (folder / "data").mkdir(parents=True)
    (folder / "manifest.json").write_text(json.dumps({"previous": EARLIER}), encoding="utf-8")
    release_fixture.make_tables(load())["area"].write_parquet(folder / "data" / "area.parquet")
    figures.with_columns(area=pl.lit("WB")).write_parquet(folder / "data" / "change.parquet")
    changes = release_feed.read_changes(folder)
    assert changes is not None and (changes.areas, changes.tables) == ((), ("cell",))
