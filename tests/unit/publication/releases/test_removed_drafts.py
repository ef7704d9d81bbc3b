"""Removing a draft takes it off the list at once, so that a killed removal leaves no half draft there."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from pipelines.core.home import Home, initialise_home
from pipelines.publication.releases.build import remove_draft
from pipelines.publication.releases.publish import list_drafts

FILES = 4


class Killed(BaseException):
    """Raised where the process would be killed."""


@pytest.fixture
def home(tmp_path: Path) -> Home:
    new_home = initialise_home(tmp_path / "home", "demonstration")
    (new_home.drafts / "2026-Q3").mkdir(parents=True)
    for number in range(FILES):
        (new_home.drafts / "2026-Q3" / f"{number}.parquet").write_bytes(b"figures")
    return new_home


@pytest.mark.parametrize("n_removed", range(FILES + 1))
def test_killed_removal_leaves_no_half_draft_and_the_next_one_completes_it(
    home: Home, n_removed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def remove_some(folder: Path, *, ignore_errors: bool) -> None:
        if folder.exists() or not ignore_errors:
            for path in sorted(folder.iterdir())[:n_removed]:
                path.unlink()
            raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(shutil, "rmtree", remove_some)
        with pytest.raises(Killed):
            remove_draft(home.drafts / "2026-Q3")
    assert list_drafts(home) == []
    (hidden,) = home.drafts.iterdir()
    remove_draft(hidden)
    assert list(home.drafts.iterdir()) == []


def test_draft_that_is_not_there_is_no_error(home: Home) -> None:
    remove_draft(home.drafts / "2026-Q4")
    assert list_drafts(home) == ["2026-Q3"]
