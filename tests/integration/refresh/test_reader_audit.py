"""The command that audits a release as its readers: counts and cooperation, with a fault planted in either."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from pipelines.cli.main import main
from pipelines.core.home import Home, initialise_home
from pipelines.publication.cooperation import cells as cooperation_cells
from pipelines.publication.cooperation import earlier as earlier_cooperation
from pipelines.publication.cooperation import protect as cooperation_protect
from pipelines.publication.disclosure import earlier
from pipelines.refresh import released_counts
from pipelines.warehouse.quality import coherence
from pipelines.warehouse.reference.model import WHOLE_OFFENCES
from tests.support.fakes import cooperation_world as world
from tests.support.fakes.disclosure_cells import build_cell, build_frame, build_region

RELEASE = "2026-Q3"
HEAD = ["reader", "figures", "hidden", "disclosed", "narrow", "unknown", "small"]


@pytest.fixture
def a_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    home = initialise_home(tmp_path / "home", "demonstration")
    monkeypatch.setenv("RTI_HOME", str(home.root))
    return home


def _publish(home: Home, *, hidden: str, hidden_partners: str) -> None:
    """Write a release of three territories, and of requests of AA, that withholds the areas and partners named."""
    rows = build_frame(build_cell("AA", 3), build_cell("BB", 40), build_cell("CC", 50), build_region(93, "AA,BB,CC"))
    states = pl.Series(["A" if area in hidden.split() else "F" for area in rows["area"]])
    requests = [
        world.make_row("AA", 2025, "outgoing", partner, cooperation_cells.REGISTERED, value)
        for partner, value in (("BB", 9), ("OTHER", 3), ("_T", 12))
    ]
    figures = cooperation_cells.select_cells(pl.DataFrame(requests, schema=world.SCHEMA))
    is_hidden = pl.col("partner").is_in(hidden_partners.split())
    figures = figures.with_columns(conf_status=pl.when(is_hidden).then(pl.lit("A")).otherwise(pl.lit("F")))
    data = home.releases / RELEASE / "data"
    data.mkdir(parents=True)
    public = rows.with_columns(conf_status=states.replace({"A": "C"}))
    public.with_columns(value=pl.when(states == "F").then(pl.col("value"))).write_parquet(data / "cell.parquet")
    cooperation_protect.read_public(figures).write_parquet(data / "cooperation.parquet")
    released_counts.write_counts(home.protected, earlier.record_release(rows, states), "inputs", {"disclosed": 0})
    earlier_cooperation.record_release(figures).write_parquet(home.protected / released_counts.COOPERATION_FILE)
    released_counts.keep_counts(home, home.protected, RELEASE)


def _audit(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, list[str]]:
    code = main(["audit", "release", *arguments])
    return code, capsys.readouterr().out.splitlines()


def test_audit_prints_counts_and_cooperation_as_one_reader_sees_them(
    a_home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    _publish(a_home, hidden="AA BB CC WB", hidden_partners="BB OTHER")
    assert _audit(capsys, "--as", "OTHER") == (1, [
        "2026-Q3 as OTHER: withheld cells of others by year",
        "year  hidden  disclosed  narrow  unknown  small",
        "2024  4       0          0       0        0",
        "2026-Q3 as OTHER: withheld figures of cooperation of others by year",
        "year  hidden  disclosed  narrow  unknown  small",
        "2025  1       1          0       0        0",
    ])  # fmt: skip
    code, lines = _audit(capsys, "--as", "BB", "--by-table", "--json")
    audit = json.loads("\n".join(lines))
    assert (code, list(audit)) == (1, ["release", "reader", "counts", "cooperation"])
    assert audit["cooperation"]["tables"] == [
        {"table": "cooperation_partner", "hidden": 1, "disclosed": 1, "narrow": 0, "unknown": 0, "small": 1}
    ]


def test_one_command_audits_everyone_and_finds_the_fault_planted_in_cooperation(
    a_home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    _publish(a_home, hidden="AA BB CC WB", hidden_partners="BB OTHER")
    code, lines = _audit(capsys, "--as", "everyone")
    assert code == 1
    rows = [line.split() for line in lines[1:]]
    assert rows[0] == HEAD
    assert {row[0]: row[2:] for row in rows[1:] if row[1] == "cooperation"} == {
        "public": ["2", "0", "0", "0", "0"],
        "printed": ["2", "0", "0", "0", "0"],
        "elsewhere": ["2", "0", "0", "0", "0"],
        "AA": ["0", "0", "0", "0", "0"],
        "BB": ["1", "1", "0", "0", "1"],
        "CC": ["2", "0", "0", "0", "0"],
        "OTHER": ["1", "1", "0", "0", "0"],
    }


def test_audit_of_everyone_passes_without_a_fault(a_home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    _publish(a_home, hidden="AA BB CC WB", hidden_partners="BB OTHER _T")
    code, lines = _audit(capsys, "--as", "everyone", "--json")
    assert (code, json.loads("\n".join(lines))["safe"]) == (0, True)


def test_audit_of_everyone_finds_a_fault_planted_in_counts(a_home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    """AA and BB are withheld and the region is not, so BB can subtract itself."""
    _publish(a_home, hidden="AA BB", hidden_partners="BB OTHER _T")
    code, lines = _audit(capsys, "--as", "everyone", "--json")
    audit = json.loads("\n".join(lines))
    assert (code, audit["safe"]) == (1, False)
    small = {row["reader"] for row in audit["readers"] if row["small"] and row["figures"] == "counts"}
    assert small == {"printed", "BB"}


def test_release_whose_figures_of_cooperation_were_not_kept_cannot_be_audited(
    a_home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    _publish(a_home, hidden="AA BB CC WB", hidden_partners="BB OTHER _T")
    (a_home.released / f"{RELEASE}.cooperation").unlink()
    assert main(["audit", "release"]) == 3
    assert "true figures of cooperation behind 2026-Q3 were not kept" in capsys.readouterr().err


def _publish_elsewhere(home: Home, *cells: dict[str, object]) -> None:
    """Write figures of another publisher, of the whole group of offences and with our definition."""
    stated = coherence.from_counts(build_frame(*cells), home.kind, "An institute")
    whole = stated.with_columns(offence=pl.col("offence_group").replace(WHOLE_OFFENCES))
    home.gathered.mkdir(parents=True, exist_ok=True)
    whole.write_parquet(home.gathered / "reference.parquet")


@pytest.mark.parametrize(
    ("stated", "found"),
    [
        (40.0, ["1", "1", "0", "0", "1"]),  # BB is known, and AA is the rest of the region
        (41.0, ["2", "0", "0", "0", "0"]),  # another figure opens nothing
    ],
)
def test_withheld_total_that_others_published_opens_the_small_count_next_to_it(
    a_home: Home, capsys: pytest.CaptureFixture[str], stated: float, found: list[str]
) -> None:
    _publish(a_home, hidden="AA BB", hidden_partners="BB OTHER _T")
    _publish_elsewhere(a_home, build_cell("BB", stated))
    _, lines = _audit(capsys, "--as", "everyone")
    rows = {row[0]: row[2:] for row in (line.split() for line in lines[2:]) if row[1] == "counts"}
    assert rows["elsewhere"] == found
    assert rows["public"] == ["2", "0", "0", "0", "0"]
    if stated == 40:
        assert _audit(capsys, "--as", "elsewhere")[0] == 1


def test_small_count_that_others_published_is_counted_as_known(
    a_home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    """AA is stated, so BB, which was withheld to protect it, follows."""
    _publish(a_home, hidden="AA BB", hidden_partners="BB OTHER _T")
    _publish_elsewhere(a_home, build_cell("AA", 3))
    _, lines = _audit(capsys, "--as", "elsewhere")
    assert lines[2].split() == ["2024", "1", "1", "0", "0", "0"]
