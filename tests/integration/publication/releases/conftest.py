"""The release that the tests of its states read."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.core.home import open_home
from pipelines.publication.releases.publish import find_current_release


@pytest.fixture(scope="package")
def release_folder(built_home: Path) -> Path:
    """Return the folder of the current release of the demonstration."""
    folder = find_current_release(open_home(built_home))
    assert folder is not None
    return folder
