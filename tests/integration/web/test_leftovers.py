"""Partial files of a killed service are removed at the next start, and nothing else is."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.core import asides
from pipelines.core.home import Home, initialise_home
from pipelines.submissions.notices.settings import outbox_folder
from pipelines.web.leftovers import remove_leftovers

SHA = "ab" * 32


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return initialise_home(tmp_path / "home", "demonstration")


def list_targets(home: Home) -> list[Path]:
    """Return one file of each kind that the service writes."""
    targets = [
        home.store / SHA[:2] / SHA,
        home.facts / "waiting" / "observation" / "S0123456789abcde.parquet",
        home.facts / "finding" / "S0123456789abcde.parquet",
        home.restricted / "keys" / "receipts.json",
        home.restricted / "steps.json",
        home.restricted / "protection" / "0123.json",
        home.root / "home.json",
        home.root / "practice" / "0123456789abcdef",
        outbox_folder(home) / "20261124T120000Z-1.eml",
    ]
    for target in targets:
        target.parent.mkdir(parents=True, exist_ok=True)
    return targets


def leave_partial(path: Path) -> Path:
    """Leave a file as a killed process does, without its lock."""
    aside = asides.name_aside(path)
    aside.write_bytes(b"half of a return")
    return aside


def test_partial_files_of_killed_processes_are_removed_everywhere(home: Home) -> None:
    partial = [leave_partial(target) for target in list_targets(home)]
    folder = asides.name_aside(home.root / "practice" / "fedcba9876543210")
    folder.mkdir()
    assert sorted(remove_leftovers(home)) == sorted([*partial, folder])
    assert [path for path in [*partial, folder] if path.exists()] == []
    assert remove_leftovers(home) == []


def test_final_files_and_those_that_are_written_stay(home: Home) -> None:
    targets = list_targets(home)
    with asides.hold_file(targets[0]) as writing, asides.hold_folder(targets[7]) as making:
        stays = [*targets[:7], targets[8], home.restricted / "ledger.sqlite", home.store / SHA[:2] / f".{SHA}.waiting"]
        for path in stays:
            path.write_bytes(b"whole")
        (home.restricted / "drafts").mkdir(exist_ok=True)
        stays.append(leave_partial(home.restricted / "drafts" / "draft"))
        assert remove_leftovers(home) == []
        assert all(path.exists() for path in (*stays, writing, making))
