"""Public results of the invented rounds: nothing small, nothing by subtraction, the same by an independent program."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from itertools import combinations, product
from pathlib import Path

import polars as pl
import pytest

from pipelines.core import clock, i18n
from pipelines.core.home import initialise_home
from pipelines.statistics.thresholds import FEWEST_ON_ONE_SIDE, FEWEST_RESPONDENTS
from pipelines.survey import listed_rounds, public_results, results
from pipelines.survey.bank import load_bank
from pipelines.survey.surveys import SurveyError, Surveys, open_surveys
from tests.oracles.practice_bounds import find_least_count
from tests.support.paths import ROOT

AUDITED = ("FR01.1", "IE02.1")
"""Questions that are checked by a linear program; the roles of some are withheld."""
NOW = "2026-11-24T12:00:00Z"


@pytest.fixture(scope="module")
def surveys(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Surveys]:
    """The questionnaire of a demonstration home with its invented rounds."""
    folder = tmp_path_factory.mktemp("public")
    (folder / "samples").mkdir()
    shutil.copy(ROOT / "raw_samples" / listed_rounds.FILE, folder / "samples")
    home = initialise_home(folder / "home", "demonstration")
    with clock.freeze_time(clock.parse_time(NOW)):
        assert listed_rounds.record_rounds(home, folder / "samples") == 2
        assert listed_rounds.record_rounds(home, folder / "samples") == 0
    yield open_surveys(home)


@pytest.fixture(scope="module")
def table(surveys: Surveys) -> pl.DataFrame:
    public_table = public_results.read_public_results(surveys)
    assert public_table is not None
    return public_table


def test_rounds_that_are_not_over_are_not_recorded(tmp_path: Path) -> None:
    home = initialise_home(tmp_path / "home", "demonstration")
    with clock.freeze_time(clock.parse_time("2026-07-01T09:00:00Z")):
        assert listed_rounds.record_rounds(home, ROOT / "raw_samples") == 1


def test_real_home_takes_no_invented_rounds(tmp_path: Path) -> None:
    with pytest.raises(SurveyError):
        listed_rounds.record_rounds(initialise_home(tmp_path / "home", "real"), ROOT / "raw_samples")


def test_no_public_group_is_small_and_withheld_ones_have_no_figures(table: pl.DataFrame) -> None:
    published_rows = table.filter(~pl.col("is_withheld"))
    assert published_rows["n"].min() >= FEWEST_RESPONDENTS  # type: ignore[operator]
    hidden = table.filter("is_withheld")
    assert hidden.height
    figures = ("count", "n", "share", "low", "high", "changed", "invited", "answered")
    assert hidden.select(pl.col(figures).is_not_null().any()).row(0) == (False,) * len(figures)


def test_withheld_groups_together_are_not_small(surveys: Surveys, table: pl.DataFrame) -> None:
    for dimension in results.DIMENSIONS:
        parts = table.filter(pl.col("dimension") == dimension).unique(["round_id", "series", "group"])
        published_rows = parts.group_by("round_id", "series").agg(pl.col("n").sum().alias("shown"))
        region = table.filter(pl.col("dimension") == "region").unique(["round_id", "series"])
        remainder = region.join(published_rows, on=["round_id", "series"]).with_columns(
            rest=pl.col("n") - pl.col("shown")
        )
        assert not remainder.filter(pl.col("rest").is_between(1, FEWEST_RESPONDENTS - 1)).height


def list_groups(cells: set[tuple[str, str]], published: dict[int, set[str]]) -> list[set[tuple[str, str]]]:
    """Return groups that the public could single out: each territory, or all that are not published, with some roles.

    Pairs of territories are left to the test of the audit itself.
    """
    labelled_cells = [(cell, *(cell[i] if cell[i] in published[i] else "" for i in (0, 1))) for cell in cells]
    roles = sorted({role for _, _, role in labelled_cells})
    subsets = [set(chosen) for n in range(1, len(roles) + 1) for chosen in combinations(roles, n)]
    return [
        {cell for cell, place, role in labelled_cells if place == territory and role in chosen}
        for territory in sorted({place for _, place, _ in labelled_cells})
        for chosen in subsets
    ]


def test_public_counts_tell_no_answer_of_a_small_group(surveys: Surveys, table: pl.DataFrame) -> None:
    """Ask a linear program for every territory and role with 1 to 4 people in the stored answers of a question."""
    answers = results.read_answers(surveys)
    proper = answers.filter(~pl.col("code").is_in(list(surveys.bank.lists.standing_answers)))
    n_groups = 0
    for (round_id, series), rows in proper.filter(pl.col("series").is_in(AUDITED)).group_by("round_id", "series"):
        published_rows = table.filter(
            (pl.col("round_id") == round_id) & (pl.col("series") == series) & ~pl.col("is_withheld")
        ).select("dimension", "group").unique()  # fmt: skip
        published = {
            position: set(published_rows.filter(pl.col("dimension") == dimension)["group"])
            for position, dimension in enumerate(results.DIMENSIONS)
        }
        people = dict.fromkeys(product(rows["territory"].unique(), rows["role"].unique()), 0)
        for territory, role, n in rows.group_by("territory", "role").agg(pl.col("answer_id").n_unique()).iter_rows():
            people[territory, role] = n
        counts_by_code = {code: dict.fromkeys(people, 0) for code in rows["code"].unique()}
        for territory, role, code, n in rows.group_by("territory", "role", "code").len().iter_rows():
            counts_by_code[code][territory, role] = n
        for group in list_groups(set(people), published):
            if 0 < sum(people[cell] for cell in group) < FEWEST_RESPONDENTS:
                n_groups += 1
                for counts in counts_by_code.values():
                    assert find_least_count(counts, published, group) < 1e-6
    assert n_groups


def test_roles_are_withheld_where_they_would_expose_a_group(surveys: Surveys, table: pl.DataFrame) -> None:
    protected = results.read_results(surveys)
    assert protected is not None
    n_before = protected.filter((pl.col("dimension") == "role") & ~pl.col("is_withheld")).height
    n_after = table.filter((pl.col("dimension") == "role") & ~pl.col("is_withheld")).height
    assert 0 < n_after < n_before


def test_change_from_a_withheld_round_is_not_told(table: pl.DataFrame) -> None:
    key = ["series", "dimension", "group", "code"]
    before = table.filter(pl.col("position") == 0).select(*key, was_withheld="is_withheld")
    later = table.filter(pl.col("changed").is_not_null()).join(before, on=key, how="left")
    assert later.height
    assert not later.filter(pl.col("was_withheld").fill_null(True)).height


def test_exported_labels_name_everything_in_each_language(surveys: Surveys, tmp_path: Path) -> None:
    rows = public_results.export_results(surveys.home, tmp_path)
    exported = public_results.read_exported(tmp_path)
    assert rows == {name: frame.height for name, frame in exported.items()}
    labels = set(exported["practice_label"].select("kind", "code", "language").iter_rows())
    for row in exported["practice_result"].iter_rows(named=True):
        for language in ("en", "cnr", "sr-Latn"):
            assert ("question", row["series"], language) in labels
            assert row["code"] == "favourable" or ("answer", f"{row['series']}.{row['code']}", language) in labels


def test_rounds_of_earlier_software_get_public_results(surveys: Surveys) -> None:
    path = surveys.answers.folder / f"{public_results.RESULTS}.parquet"
    content = path.read_bytes()
    path.unlink()
    assert public_results.are_public_results_missing(surveys)
    public_results.write_public_results(surveys)
    assert path.read_bytes() == content
    assert not public_results.are_public_results_missing(surveys)


def test_results_of_earlier_rules_are_stale_until_they_are_computed_again(surveys: Surveys) -> None:
    assert not results.are_results_stale(surveys)
    written = pl.read_parquet(surveys.answers.folder / results.FILE)
    written.write_parquet(surveys.answers.folder / results.FILE)
    assert results.are_results_stale(surveys), "the file does not say by which rules it was made"
    results.write_results(surveys)
    assert not results.are_results_stale(surveys)


def test_no_small_group_is_on_one_side(surveys: Surveys, table: pl.DataFrame) -> None:
    small_groups = table.filter(
        pl.col("count").is_not_null(), pl.col("code") == "favourable", pl.col("n") < FEWEST_ON_ONE_SIDE
    )
    assert small_groups.height > 10
    assert small_groups.filter((pl.col("count") == 0) | (pl.col("count") == pl.col("n"))).is_empty()


def test_home_without_questionnaire_exports_empty_tables(tmp_path: Path) -> None:
    home = initialise_home(tmp_path / "home", "real")
    n_labels = len(load_bank().lists.themes) * len(i18n.list_languages())  # the monitoring names all themes
    assert public_results.export_results(home, tmp_path) == {"practice_result": 0, "practice_label": n_labels}
    assert not (home.restricted / "survey").exists()
