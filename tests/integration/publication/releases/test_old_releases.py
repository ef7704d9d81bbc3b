"""Releases that earlier versions of the program made are read by today's: hashes, pages, data files, API, next drafts.

`tests/golden/releases/<day>-<commit>.tar.xz` has the public folder of a home, as the code of that commit wrote it: the
small release of its tests with tables, database and manifest, published by its own functions. There is one for each
earlier format of a release. Until 28 November 2026 releases were not signed; until 30 November 2026 the signature had
no digest of the database. They have no static pages, which the software only sends.
"""

from __future__ import annotations

import re
import shutil
import tarfile
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pytest
from streamlit.testing.v1 import AppTest

from dashboards.public.menu import PAGES
from pipelines.cli import main
from pipelines.core.home import Home, open_home
from pipelines.dissemination.figures import find_figure_by_cell
from pipelines.dissemination.observations import select_observations
from pipelines.dissemination.release import load_structures
from pipelines.operations.doctor.model import Subject
from pipelines.operations.doctor.stored import check_releases
from pipelines.publication.disclosure import earlier
from pipelines.publication.releases import changes, signature
from pipelines.publication.releases.listing import describe_edition
from pipelines.publication.releases.verification import verify_published
from pipelines.refresh.released_counts import list_releases
from tests.support.open_data_site import make_client
from tests.support.paths import ROOT
from tests.support.public_pages import read_html, read_paragraphs, run_page, strip_marks
from tests.support.releases import two_editions
from tests.support.releases.two_editions import EARLIER, NEWER

ARCHIVES = sorted((ROOT / "tests" / "golden" / "releases").glob("*.tar.xz"))


@dataclass(frozen=True)
class OldRelease:
    """A home with one release of an earlier version, the folder of the release, and whether that version signed it."""

    home: Home
    folder: Path
    is_signed: bool


@pytest.fixture(scope="module", params=ARCHIVES, ids=lambda path: path.name.partition(".")[0])
def kept(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> OldRelease:
    """The release as it was kept, which a test must not change."""
    root = tmp_path_factory.mktemp("old") / "home"
    with tarfile.open(request.param) as archive:
        archive.extractall(root, filter="data")
    for name in ("restricted/drafts", "restricted/released", "public/keys"):
        (root / name).mkdir(exist_ok=True, parents=True)
    home = open_home(root)
    folder = home.releases / EARLIER
    return OldRelease(home, folder, (folder / signature.FILE).exists())


@pytest.fixture
def old(kept: OldRelease, monkeypatch: pytest.MonkeyPatch) -> OldRelease:
    monkeypatch.setenv("RTI_HOME", str(kept.home.root))
    monkeypatch.setenv("RTI_NOW", "2026-12-01T09:00:00Z")
    return kept


def test_one_release_of_each_earlier_format_is_kept() -> None:
    formats = set()
    for path in ARCHIVES:
        with tarfile.open(path) as archive:
            names = {Path(name).name for name in archive.getnames()}
        formats.add("signed" if signature.FILE in names else "unsigned")
    assert formats == {"unsigned", "signed"} and len(ARCHIVES) == 2


def test_release_is_as_it_was_published(old: OldRelease, capsys: pytest.CaptureFixture[str]) -> None:
    assert verify_published(old.home) == []
    assert check_releases(Subject(old.home)).symptoms == ()
    if old.is_signed:
        check = signature.verify_signature(old.folder, signature.RELEASE_KEYS.read_public_keys(old.home))
        assert (check.problem, check.is_known_key, check.database_sha256) == (None, True, None)
    assert describe_edition(old.home)["release"] == EARLIER
    for command in (["list"], ["verify"]):
        assert main.main(["release", *command]) == 0
        assert EARLIER in capsys.readouterr().out


@pytest.mark.parametrize("name", ["csv/cell.csv", "data/submission.parquet", "manifest.json", "release.duckdb"])
def test_changed_file_is_named(old: OldRelease, name: str, tmp_path: Path) -> None:
    shutil.copytree(old.home.root, tmp_path / "home", symlinks=True)
    path = tmp_path / "home" / "public" / "releases" / EARLIER / name
    content = path.read_bytes()
    path.chmod(0o644)
    path.write_bytes(content[: len(content) // 2])
    assert name in " ".join(map(str, verify_published(open_home(tmp_path / "home"))))


@pytest.mark.parametrize("page", PAGES)
def test_page_of_the_explorer_shows_the_release_or_says_what_it_lacks(old: OldRelease, page: str) -> None:
    script = f"""
from dashboards.public import problems
from dashboards.public.pages import {page}
with problems.explain_problems():
    {page}.render_page()
"""
    test = AppTest.from_string(script, default_timeout=60)
    test.query_params["release"] = EARLIER
    test.run()
    assert not test.exception
    text = read_paragraphs(test)
    assert "This is an error of this service" not in text
    assert text.count("cannot be shown") == text.count("made by an older version of this software") <= 1
    if old.is_signed:
        assert "cannot be shown" not in text


@pytest.mark.sampled(turn=0)
def test_frozen_link_shows_its_figures_after_a_newer_release(
    old: OldRelease, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = {"freq": "A", "period": "2025"}
    before = _read_numbers(run_page("region", release=EARLIER, **address))
    assert len(before) > 50
    _publish_newer(old, tmp_path, monkeypatch)
    frozen = run_page("region", release=EARLIER, **address)
    assert "which is not the newest one" in read_html(frozen)
    assert _read_numbers(frozen) == before != _read_numbers(run_page("region", **address))


def test_every_dataflow_is_read_and_every_cell_has_a_figure(old: OldRelease) -> None:
    structures = load_structures(old.folder)
    rows = {name: select_observations(old.folder, name) for name in structures.dataflows}
    assert len(rows) >= 9 and sum(frame.height for frame in rows.values()) > 2_000
    for cell in _read_figures(old.folder)["cell_id"].sample(20, seed=1):
        assert find_figure_by_cell(old.folder, cell).address.startswith(f"/releases/{EARLIER}/figures/")


def test_api_answers_from_the_release(old: OldRelease) -> None:
    client = make_client(old.home.root)
    listed = client.get("/api/data/tables").json()
    assert listed["release"] == EARLIER and listed["tables"]
    for table in listed["tables"]:
        answer = client.get(f"/api/data/tables/{table['id']}/rows?limit=5")
        assert answer.status_code == 200, (table["id"], answer.text)
    assert client.get("/sdmx/v2/structure/dataflow/RTI/*/+").status_code == 200


def test_returns_behind_figures_are_those_of_the_release(old: OldRelease) -> None:
    data = old.folder / "data"
    behind = pl.read_parquet(data / "cell_submission.parquet")
    assert set(behind["submission_id"]) <= set(pl.read_parquet(data / "submission.parquet")["submission_id"])
    assert set(behind["cell_id"]) <= set(pl.read_parquet(data / "cell.parquet")["cell_id"])


def test_next_draft_reads_the_cells_and_changes_of_the_release(
    old: OldRelease, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_newer = _publish_newer(old, tmp_path, monkeypatch)
    (release, _) = list_releases(with_newer)
    cells = release.read_cells()
    assert set(cells.columns) == set(earlier.STORED) and cells["is_published"].any()
    assert release.read_cooperation() is None
    compared = changes.compare_folders(with_newer.releases / EARLIER, with_newer.releases / NEWER)
    assert compared.step == "major" and compared.count_changes()["revised"] > 0


def _publish_newer(old: OldRelease, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """Publish a release with larger figures in a copy of the home, which becomes the home of the pages."""
    shutil.copytree(old.home.root, folder / "home", symlinks=True)
    home = open_home(folder / "home")
    monkeypatch.setenv("RTI_HOME", str(home.root))
    two_editions.publish_newer(home)
    return home


def _read_numbers(test: AppTest) -> list[str]:
    return re.findall(r">([\d,.]+)<", strip_marks(read_html(test)))


def _read_figures(folder: Path) -> pl.DataFrame:
    """Return the published cells of territories that no breakdown divides."""
    cells = pl.read_parquet(folder / "data" / "cell.parquet")
    return cells.filter(pl.col("value").is_not_null(), area_kind="territory", sex="_T", age="_T", offence="_T")
