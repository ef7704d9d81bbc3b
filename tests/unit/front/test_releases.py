"""The page on releases: what changed since the release before, in words of the reader."""

from __future__ import annotations

from datetime import date

import pytest

from pipelines.front.pages.releases import compose_releases
from pipelines.front.reader import Reader
from pipelines.words.language import read_in
from tests.support.editions import make_edition

RELEASE = {
    "release": "2026-Q3", "demonstration": True, "reference_period": "2026-Q3", "previous": "2026-Q2",
    "drafted_at": "2026-11-20T09:00:00Z", "pairs_tested": 0, "comparisons_tested": 0, "figures": 0,
    "figures_withheld": 0, "annual_totals": 0, "annual_totals_withheld": 0,
}  # fmt: skip
CHANGES = [
    {"change": change, "table": table, "name": name, "before": "", "after": ""}
    for change, table, name in (
        ("column_added", "stage_ratio", "lag"), ("code_added", "codelist", "sex F"),
        ("code_added", "codelist", "sex M"),
        ("table_added", "table_of_later_software", ""),
    )
]  # fmt: skip


def test_number_of_withheld_totals_is_not_taken_for_a_missed_target() -> None:
    """Require both rows to name what they count: all sizes and years, and large totals of one year."""
    release = {**RELEASE, "annual_totals": 1991, "annual_totals_withheld": 528}
    with read_in("en"):
        facts = dict(compose_releases(Reader(make_edition(release=[release]), "en")).values["facts"])
    withheld, target = facts["Figures withheld"], facts["Targets for what is withheld"]
    assert "large and small, of all years: 528 of 1,991. Those of 1 to 4 are always withheld." in withheld
    assert "in each year, at most 5 annual totals of 5 or more are withheld." in target
    assert "cannot be compared with these targets: they include totals below 5, and those of all years" in target


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        (
            "en",
            "4 changes of tables, columns and definitions: Codes and their meanings (2); Ratios between stages (1); "
            "table_of_later_software (1).",
        ),
        ("hr", "Šifre i njihova značenja (2)"),
    ],
)
def test_changes_of_tables_are_listed_by_their_titles(language: str, sentence: str) -> None:
    with read_in(language):
        reader = Reader(make_edition(release=[RELEASE], schema_change=CHANGES), language)
        values = compose_releases(reader).values
    assert sentence in values["schema_changes"][0]
    assert values["lists"][0] == ("csv", f"/releases/2026-Q3/changes.csv?lang={language}")


@pytest.mark.parametrize(
    ("previous", "when"),
    [(None, "before the first release, newest first"), ("2026-Q2", "from the offices, newest first")],
)
def test_corrections_before_the_first_release_are_not_taken_for_revisions(previous: str | None, when: str) -> None:
    returned = {
        "corrects_submission_id": "s1", "first_period": "2026-Q1", "last_period": "2026-Q2", "jurisdiction": "",
        "territory": "AA", "instrument": "", "accepted_at": date(2026, 10, 20),
    }  # fmt: skip
    with read_in("en"):
        edition = make_edition(release=[{**RELEASE, "previous": previous}], submission=[returned])
        values = compose_releases(Reader(edition, "en")).values
    table = values["corrections"]
    assert table.caption.endswith(when)
    is_first = "No published figure has been corrected, because this is the first release."
    assert (values["revisions"] == [is_first]) is (previous is None), "corrections before it are listed below"
    assert len(table.rows) == 1


def test_release_with_figures_of_others_is_not_cited_as_wholly_invented() -> None:
    with read_in("en"):
        facts = dict(compose_releases(Reader(make_edition(release=[RELEASE]), "en")).values["facts"])
    assert facts["How to cite"].endswith("Figures of other publishers are real unless marked invented.")


def test_page_states_the_targets_and_why_their_results_are_not_public() -> None:
    with read_in("en"):
        facts = dict(compose_releases(Reader(make_edition(release=[RELEASE]), "en")).values["facts"])
    text = facts["Targets for what is withheld"]
    assert text.startswith("Two targets are checked before each release. First: in each year, at most 5 annual totals")
    assert "at most 15% are withheld only to protect smaller ones." in text
    assert text.endswith("because they would show how many withheld figures are small.")
