"""The audit of the questionnaire's results before a draft: invented rounds pass, and a planted leak stops the draft."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from pipelines.cli.main import main
from pipelines.core import clock
from pipelines.core.home import Home, initialise_home
from pipelines.publication.disclosure import earlier
from pipelines.publication.releases.errors import ReleaseError
from pipelines.refresh import released_counts
from pipelines.refresh.practice_audit import assess_practice, refuse_exposed_answers
from pipelines.survey import listed_rounds, public_results
from tests.support.fakes.disclosure_cells import build_cell, build_frame
from tests.support.paths import ROOT

RESULTS = f"{public_results.RESULTS}.parquet"


@pytest.fixture(scope="module")
def a_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """A demonstration home with its invented rounds, and a release that publishes their results."""
    folder = tmp_path_factory.mktemp("practice")
    (folder / "samples").mkdir()
    shutil.copy(ROOT / "raw_samples" / listed_rounds.FILE, folder / "samples")
    home = initialise_home(folder / "home", "demonstration")
    with clock.freeze_time(clock.parse_time("2026-11-24T12:00:00Z")):
        listed_rounds.record_rounds(home, folder / "samples")
    data = home.releases / "2026-Q3" / "data"
    data.mkdir(parents=True)
    rows = build_frame(build_cell("AA", 40))
    rows.with_columns(conf_status=pl.lit("F")).write_parquet(data / "cell.parquet")
    released_counts.write_counts(home.protected, earlier.record_release(rows, pl.Series(["F"])), "inputs", {})
    released_counts.keep_counts(home, home.protected, "2026-Q3")
    public_results.export_results(home, data)
    yield home


def _show_withheld_role(path: Path) -> None:
    """Show the figures of every withheld role again, as if nobody had compared roles with territories."""
    table = pl.read_parquet(path)
    protected = pl.read_parquet(path.parents[4] / "restricted" / "survey" / "results.parquet")
    figures = protected.select("round_id", "series", "dimension", "group", "code", "count", "n")
    refilled = table.drop("count", "n").join(
        figures, on=["round_id", "series", "dimension", "group", "code"], how="left"
    )
    refilled.select(table.columns).write_parquet(path)


def test_invented_rounds_pass_the_audit(a_home: Home) -> None:
    path = a_home.releases / "2026-Q3" / "data" / RESULTS
    refuse_exposed_answers(a_home, path)
    results = assess_practice(a_home, path)
    assert results is not None
    assert set(results["rule"]) == {"shown", "rest", "deduced"}
    assert set(results["result"]) == {"protected"}


def test_leak_planted_in_roles_stops_the_draft_and_fails_the_audit_of_the_release(
    a_home: Home, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RTI_HOME", str(a_home.root))
    path = a_home.releases / "2026-Q3" / "data" / RESULTS
    whole = path.read_bytes()
    assert main(["audit", "release", "--as", "everyone", "--json"]) == 0
    assert {row["figures"] for row in json.loads(capsys.readouterr().out)["readers"]} == {"counts", "answers"}
    _show_withheld_role(path)
    with pytest.raises(ReleaseError, match="expose answers of few people"):
        refuse_exposed_answers(a_home, path)
    assert main(["audit", "release", "--json"]) == 1
    (year,) = json.loads(capsys.readouterr().out)["answers"]["years"]
    assert year["disclosed"] > 0
    path.write_bytes(whole)


def test_home_without_results_has_nothing_to_audit(tmp_path: Path) -> None:
    home = initialise_home(tmp_path / "home", "demonstration")
    refuse_exposed_answers(home, tmp_path / RESULTS)
    assert assess_practice(home, tmp_path / RESULTS) is None
