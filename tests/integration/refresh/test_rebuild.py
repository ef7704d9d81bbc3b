"""Tests of building a release again: the inputs of the scratch home, and how the command reports differences.

The steps themselves are those of a refresh; `tests/e2e/cli/test_rebuild.py` sees the command to its end.
"""

from __future__ import annotations

import json
import shutil
from contextlib import nullcontext
from pathlib import Path

import pytest

from pipelines.cli import main
from pipelines.core import clock
from pipelines.core.home import Home
from pipelines.ledger.opening import open_ledger
from pipelines.publication.releases.correction_notices import CorrectionNotice, read_notices, write_notices
from pipelines.publication.releases.errors import ReleaseError
from pipelines.publication.releases.manifest import read_manifest
from pipelines.publication.releases.publications import read_publications
from pipelines.publication.releases.publish import find_current_release
from pipelines.refresh import integrity, rebuild
from pipelines.refresh.released_counts import baseline_folder
from pipelines.warehouse import dbt
from pipelines.warehouse.records import build
from tests.support.releases import publication_fixture as fixture

FIRST, NEXT = fixture.FIRST, fixture.NEXT


@pytest.fixture(scope="module")
def template(publication_home: Home, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home with two published releases, and what is kept to build the second one again."""
    home = fixture.copy_home(publication_home, tmp_path_factory.mktemp("rebuild") / "home")
    home.released.mkdir(exist_ok=True)
    for release in (FIRST, NEXT):
        (home.released / f"{release}.parquet").write_bytes(release.encode())
    shutil.copytree(build.records_folder(home) / "released", baseline_folder(home, NEXT))
    with clock.freeze_time(clock.parse_time(fixture.NOW)):
        fixture.publish_draft(home)
    return home


@pytest.fixture
def home(template: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.setenv("RTI_NOW", fixture.NOW)
    monkeypatch.setenv("RTI_HOME", str(tmp_path / "home"))
    return fixture.copy_home(template, tmp_path / "home")


def test_scratch_home_has_only_what_was_there_when_the_release_was_drafted(home: Home) -> None:
    at = (fixture.FIRST_AT, "2026-11-26T09:00:00Z")
    write_notices(home, [CorrectionNotice(f"MK-{time}", FIRST, "MK", "", "Wrong unit.", time) for time in at])
    before = fixture.read_state(home)
    manifest = read_manifest(home.releases / NEXT)
    with rebuild._scratch_home(home, NEXT, manifest, open_ledger(home)) as scratch:
        assert [path.name for path in scratch.releases.iterdir()] == [FIRST]
        assert [line.release for line in read_publications(scratch)] == [FIRST]
        current = find_current_release(scratch)
        assert current is not None and current.name == FIRST
        assert [path.name for path in scratch.released.iterdir()] == [f"{FIRST}.parquet"]
        assert scratch.facts.resolve() == home.facts.resolve()
        assert (build.records_folder(scratch) / "released" / "members.parquet").is_file()
        assert (scratch.gathered / "block.parquet").is_file() and (scratch.gathered / "reference.parquet").is_file()
        assert scratch.root.is_relative_to(home.restricted), "its counts are not protected"
        assert [notice.issued_at for notice in read_notices(scratch)] == [fixture.FIRST_AT]
        root = scratch.root
    assert not root.exists()
    assert fixture.read_state(home) == before


def test_steps_of_a_scratch_home_need_no_ledger(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop_at_dbt(_home: Home, **_options: object) -> Path:
        raise InterruptedError("dbt is reached")

    (home.facts / "observation").mkdir(parents=True, exist_ok=True)
    (home.facts / "observation" / "S0.parquet").touch()
    monkeypatch.setattr(dbt, "build_counts", stop_at_dbt)
    with (
        rebuild._scratch_home(home, NEXT, read_manifest(home.releases / NEXT), open_ledger(home)) as scratch,
        pytest.raises(InterruptedError),
    ):
        rebuild._run_steps(scratch, fixture.NOW, print)
    damage = integrity.Damage("facts", "the facts of a return are missing", home.facts)
    monkeypatch.setattr(integrity, "check_inputs", lambda checked, _engine: [damage] if checked == home else [])
    with pytest.raises(integrity.IntegrityError, match="are missing"):
        rebuild.rebuild_release(home, NEXT)


def test_release_without_kept_inputs_is_not_rebuilt(home: Home) -> None:
    shutil.rmtree(baseline_folder(home, NEXT))
    with pytest.raises(ReleaseError, match="figures from records before it were not kept"):
        rebuild.rebuild_release(home, NEXT)


@pytest.mark.parametrize(
    ("changed", "code", "words"),
    [
        ({}, 0, "0 differences"),
        ({"drafted_at": "2026-11-26T09:00:00Z"}, 1, "manifest.json has another entry `drafted_at`"),
        ({"code": "another"}, 3, "was made with another version of: code"),
    ],
)
def test_rebuild_command_reports_differences_and_other_versions(
    home: Home,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    changed: dict[str, str],
    code: int,
    words: str,
) -> None:
    def copy_release(scratch: Home, drafted_at: str, log: object) -> Path:
        assert drafted_at == fixture.NOW
        copy = scratch.drafts / NEXT
        shutil.copytree(home.releases / NEXT, copy)
        manifest = read_manifest(copy) | changed
        (copy / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
        return copy

    monkeypatch.setattr(rebuild, "_run_steps", copy_release)
    monkeypatch.setattr(rebuild, "_typeset_in_a_process", nullcontext)
    monkeypatch.setattr(rebuild, "_compare_briefs", lambda *_: ([], 0))
    assert main.main(["release", "rebuild", "--verify", "--out", str(tmp_path / "kept")]) == code
    assert words in capsys.readouterr().out
    assert (tmp_path / "kept" / "manifest.json").is_file()
    assert main.main(["release", "rebuild"]) == 3
