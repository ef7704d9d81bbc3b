"""Tests of the release that an address names: published ones alone, and few of them open at a time."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from dashboards.public import queries
from dashboards.public.queries import opening
from pipelines.core.home import Home, initialise_home, open_home
from pipelines.publication.releases import public_records, publications, publish
from pipelines.publication.releases.publications import Publication
from tests.support.releases.two_editions import EARLIER, NEWER


def _copy_home(root: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Home]:
    shutil.copytree(root, folder / "home", symlinks=True)
    monkeypatch.setenv("RTI_HOME", str(folder / "home"))
    yield open_home(folder / "home")
    opening._connection.cache_clear()


@pytest.fixture
def home(editions_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Home]:
    """A home with two releases."""
    yield from _copy_home(editions_root, tmp_path, monkeypatch)


@pytest.fixture
def home_with_draft(editions_and_draft_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Home]:
    """A home with two releases and the draft of a third."""
    yield from _copy_home(editions_and_draft_root, tmp_path, monkeypatch)


def add_to_journal(home: Home, line: Publication) -> None:
    number = len(publications.read_publications(home)) + 1
    publications.append_journal(home, publications.Intent(line, number))


def test_published_release_opens_by_its_id_and_the_current_one_without(home: Home) -> None:
    newest, earlier = queries.open_release(), queries.open_release(EARLIER)
    assert (newest.id, newest.is_current, earlier.id, earlier.is_current) == (NEWER, True, EARLIER, False)
    assert queries.open_release(NEWER) == newest
    assert [queries.read_rows(edition.path, "release")[0]["release"] for edition in (newest, earlier)] == [
        NEWER,
        EARLIER,
    ]


@pytest.mark.parametrize(
    "name",
    ["2026-Q4", "2031-Q1", "../restricted/drafts/2026-Q4", "../../restricted", "current", ".", "2026-Q3/", "2026-Q3\n"],
)
def test_draft_and_anything_that_was_not_published_are_unknown_alike(home_with_draft: Home, name: str) -> None:
    (home_with_draft.releases / "2031-Q1").mkdir()
    with pytest.raises(queries.UnknownReleaseError):
        queries.open_release(name)


def test_release_moved_by_an_interrupted_publication_is_unknown(home_with_draft: Home) -> None:
    publish.move_draft(home_with_draft, "2026-Q4")
    with pytest.raises(queries.UnknownReleaseError):
        queries.open_release("2026-Q4")


@pytest.mark.usefixtures("home_with_draft")
def test_unpublished_names_cost_the_same_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compare what is looked for on the disk for a draft, a release before its minute and a name of nothing."""
    queries.open_release()
    looked_for: list[str] = []
    for name in ("stat", "lstat", "open", "readlink", "scandir", "listdir"):
        original = getattr(os, name)

        def record_path(path: object, *more: object, _original: object = original, **named: object) -> object:
            looked_for.append(str(path))
            return _original(path, *more, **named)  # type: ignore[operator]

        monkeypatch.setattr(os, name, record_path)
    work = []
    for release in ("2026-Q4", "2031-Q1", "nothing"):
        looked_for.clear()
        with pytest.raises(queries.UnknownReleaseError):
            queries.open_release(release)
        work.append(list(looked_for))
    assert work[0] == work[1] == work[2] and work[0], "the recorder works"
    assert not any("restricted" in path or "2026-Q4" in path for path in work[0])


def test_home_without_restricted_folder_opens_all_published_releases(home: Home) -> None:
    shutil.rmtree(home.restricted)
    assert queries.open_release(EARLIER).id == EARLIER


def test_withdrawn_release_opens_with_its_rollback(home: Home) -> None:
    publish.switch_current(home, EARLIER)
    rollback = Publication(EARLIER, "2026-11-25T10:00:00Z", "rollback", NEWER, "the-steward", "Files were mixed up.")
    add_to_journal(home, rollback)
    assert (queries.open_release().id, queries.open_release().withdrawal) == (EARLIER, None)
    assert queries.open_release(NEWER).withdrawal == rollback


def test_corrected_release_is_marked_as_soon_as_a_notice_is_issued(home: Home) -> None:
    assert not queries.open_release(EARLIER).is_corrected
    notice = {
        "notice_id": "N1", "release": EARLIER, "area": "MK", "period": "", "text": "Cases were counted as persons.",
        "issued_at": "2026-11-25T10:00:00Z",
    }  # fmt: skip
    (home.public / "notices.json").write_text(json.dumps([notice]), encoding="utf-8")
    assert queries.open_release(EARLIER).is_corrected and not queries.open_release().is_corrected


@pytest.mark.parametrize("name", ["notices.json", "publications.jsonl"])
def test_release_is_unchecked_while_files_that_would_withdraw_or_correct_it_are_damaged(home: Home, name: str) -> None:
    assert not queries.open_release().is_unchecked
    (home.public / name).write_bytes(b'{"release": \n')
    assert queries.open_release().is_unchecked


def test_release_without_its_file_is_damaged(home: Home) -> None:
    (home.releases / EARLIER / "release.duckdb").unlink()
    with pytest.raises(queries.DamagedReleaseError, match=EARLIER):
        queries.open_release(EARLIER)
    shutil.rmtree(home.releases / EARLIER)
    with pytest.raises(queries.DamagedReleaseError, match=EARLIER):
        queries.open_release(EARLIER)


def test_home_without_a_release_has_none_to_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    initialise_home(tmp_path / "empty", "demonstration")
    monkeypatch.setenv("RTI_HOME", str(tmp_path / "empty"))
    for requested in ("", EARLIER):
        with pytest.raises(queries.NoReleaseError, match="rti refresh --publish"):
            queries.open_release(requested)


@pytest.mark.sampled(turn=3)
def test_few_releases_are_open_at_a_time(home: Home) -> None:
    names = [f"2025-Q{quarter}.{number}" for quarter in (1, 2, 3, 4) for number in (1, 2, 3)]
    for name in names:
        shutil.copytree(home.releases / EARLIER, home.releases / name)
        add_to_journal(home, Publication(name, "2026-11-01T09:00:00Z"))
    for name in names * 2:
        assert queries.read_rows(queries.open_release(name).path, "areas")
        queries.find_cells(queries.open_release(name).path, "area_year", {"area": "AL", "period": "2025"})
    assert 0 < len(list_open_files(home.releases)) <= opening.OPENED


def list_open_files(folder: Path) -> set[Path]:
    """Return the files below a folder that this process has open."""
    opened = set()
    for link in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):
            opened.add(link.readlink())
    return {path for path in opened if path.is_relative_to(folder)}


def test_kept_rows_of_all_releases_together_are_bounded(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "_results", opening.ResultCache(1024, opening._count_fields, 8000))
    for release in (EARLIER, NEWER):
        path = queries.open_release(release).path
        for area in ("AL", "BA", "HR", "XK", "MK", "ME", "RS"):
            rows = queries.read_series(path, area, "A", "TIP", "person", ["indicted"])
            assert rows and {row["area"] for row in rows} == {area}
    weight = sum(opening._results._weights.values())
    assert weight <= 8000 and 0 < len(opening._results) < 14


def test_release_that_lacks_a_column_or_a_table_is_outdated(home: Home) -> None:
    import duckdb

    # The release written by hand has no revisions; with a table of them it has all that the pages read.
    complete = "create table revision as select '' as release, current_date as vintage, * from cell limit 0"
    lacking = ('drop table "window"', "alter table exit drop column reporters", "drop table revision")
    for number, statement in enumerate(("", *lacking)):
        path = home.root / f"release-{number}.duckdb"
        shutil.copy(queries.open_release(EARLIER).path, path)
        path.chmod(0o644)
        with duckdb.connect(str(path)) as connection:
            connection.execute(complete)
            connection.execute(statement)
        assert queries.is_outdated(str(path)) is bool(statement), statement


def test_journal_is_read_again_only_when_it_changed(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    reads = []

    def count_reads(asked: Home) -> list[Publication]:
        reads.append(asked)
        return publications.read_publications(asked)

    monkeypatch.setattr(public_records, "read_publications", count_reads)
    public_records._read_edition_records.cache_clear()
    for _ in range(5):
        queries.open_release(EARLIER)
    assert len(reads) == 1
    add_to_journal(home, Publication("2026-Q4", "2026-11-30T09:00:00Z"))
    assert queries.is_published("2026-Q4") and len(reads) == 2
