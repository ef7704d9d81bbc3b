"""Tests that `rti release rebuild --verify` builds releases of a small home again to the byte, and finds faults."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.support import small
from tests.support.eighth_home import LONGEST, VARIABLES, build_published_home
from tests.support.kept_builds import build_kept
from tests.support.paths import EIGHTH

pytestmark = pytest.mark.slow
LATER = "2026-06-15T09:00:00Z"
CORRECTED = "ZZ/justice/osobe_2026_1.csv"


@pytest.fixture
def home(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A home with one release."""
    published = build_kept(request, "eighth-territory", build_published_home)
    shutil.copytree(published / "home", tmp_path / "home", symlinks=True)
    return tmp_path / "home"


def rebuild_release(home: Path, release: str) -> tuple[int, Any]:
    arguments = ("release", "rebuild", release, "--verify", "--json")
    process = small.run_rti(home, LATER, *arguments, timeout=LONGEST, **VARIABLES)
    assert process.returncode in (0, 1), process.stderr
    assert not (home / "restricted" / "rebuild").exists()
    return process.returncode, json.loads(process.stdout)


def test_release_is_built_again_and_each_planted_difference_is_named(home: Path) -> None:
    release = home / "public" / "releases" / "2026-Q1"
    files = json.loads((release / "manifest.json").read_text(encoding="utf-8"))["files"]
    page = release / "pages" / "mk" / "index.html"
    page.write_bytes(page.read_bytes().replace(b"</html>", b"</html >"))
    (release / "csv" / "coverage.csv").unlink()
    (release / "data" / "coverage.parquet").write_bytes((release / "data" / "area.parquet").read_bytes())
    with duckdb.connect(str(release / "release.duckdb")) as connection:
        connection.execute("delete from cell_submission where rowid = 0")
    code, result = rebuild_release(home, release.name)
    # All other files, rows and briefs are the same.
    assert {item["file"]: item["problem"] for item in result["differences"]} == {
        "pages/mk/index.html": "has other bytes",
        "csv/coverage.csv": "is not in the release",
        "data/coverage.parquet": "has other bytes",
        "release.duckdb": "has 1 other rows in table cell_submission",
    }
    assert (code, result["same"], result["files"]) == (1, False, len(files)) and len(files) > 100
    assert result["briefs"] > 0 and result["other_versions"] == []


def test_release_after_another_one_is_built_again_without_differences(home: Path, tmp_path: Path) -> None:
    """Publish a correction, and build its release again with the one before it."""
    samples = tmp_path / "samples"
    shutil.copytree(EIGHTH / "samples", samples)
    line = next(line for line in small.read_arrivals(samples) if line["file"] == CORRECTED)
    data = (samples / CORRECTED).read_bytes()
    corrected = data.replace(b";40;24", b";46;24")
    assert corrected != data
    small.add_return(
        samples, line, corrected, file="ZZ/justice/osobe_2026_1_ispravka.csv", received_at="2026-06-10T09:00:00Z",
        corrects=CORRECTED, justification_reason="source_error", justification_text="Made up, and confirmed",
    )  # fmt: skip
    variables = VARIABLES | {"RTI_SAMPLES": str(samples)}
    process = small.run_rti(home, LATER, "refresh", "--publish", "--json", timeout=LONGEST, **variables)
    assert process.returncode == 0 and json.loads(process.stdout)["release"] == "2026-Q1.1", process.stderr
    code, result = rebuild_release(home, "2026-Q1.1")
    assert (code, result["same"], result["differences"]) == (0, True, [])
