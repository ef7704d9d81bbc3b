"""Protection across releases: the stored true counts, and one corrected number of the demonstration."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from pipelines.cli.main import main
from pipelines.core.home import Home, initialise_home, open_home
from pipelines.publication.disclosure import earlier, protect
from pipelines.publication.releases.publish import find_current_release
from pipelines.refresh import released_counts
from tests.support.corrections import correct_one_person
from tests.support.fakes.disclosure_cells import build_cell, build_frame, build_region
from tests.support.kept_builds import keep_value


@pytest.fixture
def a_home(tmp_path: Path) -> Home:
    return initialise_home(tmp_path / "home", "demonstration")


def release_cells(home: Home, release: str, *, inputs: str, value: float = 40.0) -> pl.DataFrame:
    """Write the public cells of a release, and its true counts as a refresh does; return the true counts.

    The release protects from the public alone, as releases did before offices were readers.
    """
    cells = build_frame(
        build_cell("AA", 3), build_cell("BB", value), build_cell("CC", 50), build_region(value + 53, "AA,BB,CC")
    )
    protected = cells.with_columns(
        pl.when(pl.col("area").is_in(["AA", "BB"])).then(None).otherwise("value").alias("value"),
        conf_status=pl.Series(["A", "D", "F", "F"]),
    )
    data = home.releases / release / "data"
    data.mkdir(parents=True)
    protected.with_columns(pl.col("conf_status").replace({"A": "C", "D": "C"})).write_parquet(data / "cell.parquet")
    counts = earlier.record_release(cells, protected["conf_status"])
    released_counts.write_counts(home.protected, counts, inputs, {"disclosed": 0})
    released_counts.keep_counts(home, home.protected, release)
    return counts


def test_true_counts_of_a_release_are_kept(a_home: Home) -> None:
    counts = release_cells(a_home, "2026-Q2", inputs="first")
    (release,) = released_counts.list_earlier(a_home, "second")
    assert release.read_cells().equals(counts)
    assert release.read_cells()["value"].null_count() == 0


def test_newest_release_of_the_same_inputs_is_not_an_earlier_one(a_home: Home) -> None:
    for name, inputs in (("2026-Q2", "first"), ("2026-Q3", "second"), ("2026-Q3.1", "first")):
        release_cells(a_home, name, inputs=inputs)
    names = {
        inputs: [r.release for r in released_counts.list_earlier(a_home, inputs)] for inputs in ("first", "second")
    }
    assert names == {"first": ["2026-Q2", "2026-Q3"], "second": ["2026-Q2", "2026-Q3", "2026-Q3.1"]}


def test_counts_of_another_release_or_none_leave_hidden_cells_unknown(a_home: Home) -> None:
    release_cells(a_home, "2026-Q2", inputs="first")
    counts_file = a_home.released / "2026-Q2.parquet"
    true_counts = pl.read_parquet(counts_file)
    true_counts.with_columns(pl.col("value") + 1).write_parquet(counts_file)
    (release,) = released_counts.list_earlier(a_home, "second")
    assert release.read_cells()["value"].null_count() == 2
    counts_file.unlink()
    assert release.read_cells()["value"].null_count() == 2
    assert release.read_inputs() == ""


def test_counts_of_drafts_that_were_never_published_are_removed(a_home: Home) -> None:
    release_cells(a_home, "2026-Q2", inputs="first")
    for name in ("2026-Q3", "2026-Q2.1"):
        released_counts.keep_counts(a_home, a_home.protected, name)
    assert sorted(path.stem for path in a_home.released.iterdir()) == ["2026-Q2", "2026-Q2.1"]


def test_audit_release_prints_what_a_reader_finds_by_year(
    a_home: Home, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RTI_HOME", str(a_home.root))
    release_cells(a_home, "2026-Q2", inputs="first")
    assert main(["audit", "release"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "2026-Q2 as public: withheld cells of others by year",
        "year  hidden  disclosed  narrow  unknown  small",
        "2024  2       0          0       0        0",
    ]
    assert main(["audit", "release", "2026-Q2", "--as", "BB", "--json"]) == 1
    assert json.loads(capsys.readouterr().out) == {
        "release": "2026-Q2",
        "reader": "BB",
        "counts": {"years": [{"year": "2024", "hidden": 1, "disclosed": 1, "narrow": 0, "unknown": 0, "small": 1}]},
    }
    assert main(["audit", "release", "--as", "ZZ"]) == 3
    assert main(["audit", "release", "2026-Q1"]) == 3
    (a_home.released / "2026-Q2.parquet").unlink()
    assert main(["audit", "release"]) == 3
    assert "were not kept" in capsys.readouterr().err


def test_refresh_keeps_the_counts_behind_its_draft(demonstration: Home) -> None:
    current = find_current_release(demonstration)
    assert current is not None
    stored = pl.read_parquet(demonstration.released / f"{current.name}.parquet")
    public = earlier.read_release(pl.read_parquet(current / "data" / "cell.parquet"))
    assert stored.height == public.height
    assert stored["value"].null_count() == 0 < public["value"].null_count()


def test_one_corrected_number_reveals_nothing(built_home: Path, request: pytest.FixtureRequest) -> None:
    """Correct a quarter of one territory by one man: his figures are hidden, and the pattern of other years stays."""
    home = open_home(built_home)
    current = find_current_release(home)
    assert current is not None
    before = pl.read_parquet(home.released / f"{current.name}.parquet")
    after = correct_one_person(before.drop("is_published"))

    def protect_corrected() -> tuple[dict[str, int], pl.Series]:
        protection = protect.hide_small_counts(after.with_columns(pl.lit("A").alias("obs_status")), earlier=[before])
        return protection.report.count_cells(), protection.cells["conf_status"]

    counts, status = keep_value(request, "protection-of-a-correction", protect_corrected, reads_home=True)
    assert [counts[name] for name in ("disclosed", "narrow", "unknown", "to_insiders", "revealed_before")] == [0] * 5
    is_hidden, was_hidden = status != "F", ~before["is_published"]
    is_corrected = after["value"] != before["value"]
    assert is_corrected.sum() > 5
    assert (is_hidden | ~is_corrected).all(), "a difference of one is a person"
    assert (is_hidden == was_hidden).filter(~is_corrected).all()
