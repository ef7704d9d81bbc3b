"""Build a release again from the same returns, releases before it and clock, and compare it with the published one.

The steps of a refresh run on a scratch home below `restricted/`: its ledger tables are exported from the real ledger,
its clock is the time of the draft, so that returns accepted later are left out, and it has only the releases that were
public then. Nothing of the real home is changed.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.core import clock
from pipelines.core.home import Home, initialise_home
from pipelines.core.home_lock import hold_home_lock
from pipelines.core.spawned import open_pool
from pipelines.publication.releases.correction_notices import read_notices, write_notices
from pipelines.publication.releases.editions import edition_key
from pipelines.publication.releases.errors import ReleaseError
from pipelines.publication.releases.listing import find_edition
from pipelines.publication.releases.manifest import read_manifest
from pipelines.publication.releases.publications import journal_path, read_publications
from pipelines.publication.releases.publish import switch_current
from pipelines.publication.releases.sameness import Difference, compare_releases, find_other_versions
from pipelines.refresh.integrity import require_intact_inputs
from pipelines.refresh.released_counts import baseline_folder
from pipelines.refresh.results import Log, ignore_log

if TYPE_CHECKING:
    import sqlalchemy as sa

_BRIEF_LANGUAGE = "en"


@dataclass(frozen=True)
class Rebuild:
    """The outcome of a rebuild: differences by file, and the versions that are not those of the release."""

    release: str
    differences: tuple[Difference, ...]
    other_versions: tuple[str, ...]
    files: int
    briefs: int

    def as_json(self) -> dict[str, Any]:
        """Return the outcome as plain values."""
        return {
            "release": self.release,
            "same": not self.differences,
            "files": self.files,
            "briefs": self.briefs,
            "other_versions": list(self.other_versions),
            "differences": [{"file": item.file, "problem": item.problem} for item in self.differences],
        }


def rebuild_release(
    home: Home, release: str | None = None, *, out: Path | None = None, log: Log = ignore_log
) -> Rebuild:
    """Build a release or a draft again and compare it. Keep the result in the folder `out` if it is given.

    Without `release` this is the current release. Raises ReleaseError, HomeBusyError, and the errors of the steps.
    """
    from pipelines.ledger.opening import open_ledger

    if out is not None and out.exists():
        raise ReleaseError(f"{out} exists already; name a new folder with --out")
    with hold_home_lock(home, purpose="rebuild"):
        folder = find_edition(home, release)
        manifest = read_manifest(folder)
        require_intact_inputs(home)
        engine = open_ledger(home)
        try:
            with (
                _scratch_home(home, folder.name, manifest, engine) as scratch,
                _typeset_in_a_process(folder) as published_briefs,
            ):
                rebuilt = _run_steps(scratch, manifest["drafted_at"], log)
                if rebuilt.name != folder.name:
                    raise ReleaseError(
                        f"{folder.name} was built again as {rebuilt.name}: its returns are not all there"
                    )
                log("comparing files, rows and briefs")
                differences = compare_releases(folder, rebuilt)
                brief_differences, briefs = _compare_briefs(published_briefs, rebuilt)
                other_versions = find_other_versions(folder, rebuilt)
                if out is not None:
                    shutil.copytree(rebuilt, out)
        finally:
            engine.dispose()
    n_files = len(manifest["files"])
    return Rebuild(folder.name, (*differences, *brief_differences), tuple(other_versions), n_files, briefs)


@contextmanager
def _typeset_in_a_process(release: Path) -> Iterator[Future[dict[str, bytes]]]:
    """Typeset the English briefs of a release in another process, which ends with the context."""
    from pipelines.front.briefs.requests import typeset_briefs

    with open_pool(1) as pool:
        briefs = pool.submit(typeset_briefs, release, _BRIEF_LANGUAGE)
        try:
            yield briefs
        finally:
            briefs.cancel()


@contextmanager
def _scratch_home(home: Home, release: str, manifest: dict[str, Any], engine: sa.Engine) -> Iterator[Home]:
    """Make a home with the inputs of a release, and remove it afterwards."""
    from pipelines.refresh.returns import export_sources
    from pipelines.survey.public_results import RESULTS, copy_results
    from pipelines.warehouse.records import build
    from pipelines.warehouse.reference.gather import reference_folder

    root = home.restricted / "rebuild"
    shutil.rmtree(root, ignore_errors=True)
    try:
        scratch = initialise_home(root, home.kind)
        scratch.facts.rmdir()
        scratch.facts.symlink_to(home.facts)
        reference_folder(scratch).mkdir()
        for name in manifest.get("reference_files", ()):
            for suffix in (".parquet", ".json"):
                (reference_folder(scratch) / f"{name}{suffix}").symlink_to(reference_folder(home) / f"{name}{suffix}")
        _link_earlier_releases(home, scratch, release, manifest["drafted_at"])
        if (baseline := baseline_folder(home, release)).exists():
            shutil.copytree(baseline, build.records_folder(scratch) / "released")
        elif any(scratch.releases.iterdir()):
            raise ReleaseError(
                f"{release} cannot be built again: the figures from records before it were not kept, since it is older "
                "than this command"
            )
        copy_results(home, scratch, find_edition(home, release) / "data" / f"{RESULTS}.parquet")
        export_sources(scratch, engine)
        yield scratch
    finally:
        shutil.rmtree(root, ignore_errors=True)


def _link_earlier_releases(home: Home, scratch: Home, release: str, drafted_at: str) -> None:
    """Give a scratch home the releases, the journal and the notices as they were when a release was drafted."""
    lines = []
    for publication in read_publications(home):
        if publication.release == release or publication.published_at > drafted_at:
            break
        lines.append(publication)
    scratch.released.mkdir()
    for name in sorted({line.release for line in lines}, key=edition_key):
        (scratch.releases / name).symlink_to(home.releases / name)
        for counts in (home.released / f"{name}.parquet", home.released / f"{name}.cooperation"):
            if counts.exists():
                (scratch.released / counts.name).symlink_to(counts)
    journal_path(scratch).write_text("".join(line.as_line() for line in lines), encoding="utf-8")
    write_notices(scratch, [notice for notice in read_notices(home) if notice.issued_at <= drafted_at])
    if lines:
        switch_current(scratch, lines[-1].release)


def _run_steps(scratch: Home, drafted_at: str, log: Log) -> Path:
    """Run the steps from counts to draft at the time of a draft; return the folder of the new draft.

    Every step starts from nothing: no earlier build, protected block or population of the home is used. The tests of
    the data do not run, because they change nothing that is compared.
    """
    from pipelines import refresh

    with clock.freeze_time(clock.parse_time(drafted_at)):
        log("building the counts from all returns")
        refresh.build_counts(scratch, log=log, are_facts_checked=True, with_tests=False)
        refresh.build_records(scratch, log=log)
        log("protecting all blocks of cells")
        refresh.protect_cells(scratch, log=log)
        refresh.build_indicators(scratch, which="protected", log=log, with_tests=False)
        log("building the draft with its pages")
        draft = refresh.draft_release(scratch, log=log)
    assert draft.path is not None
    return draft.path


def _compare_briefs(published: Future[dict[str, bytes]], rebuilt: Path) -> tuple[list[Difference], int]:
    """Typeset the English briefs of the new draft; return those whose bytes differ, and how many there are."""
    from pipelines.front.briefs.requests import typeset_briefs

    after, before = typeset_briefs(rebuilt, _BRIEF_LANGUAGE), published.result()
    differing = [name for name in sorted(before.keys() | after.keys()) if before.get(name) != after.get(name)]
    return [Difference(name, "has other bytes when it is typeset") for name in differing], len(after)
