"""Words of the portal: periods in order, roles by pair."""

from __future__ import annotations

from dashboards.office import words
from pipelines.ledger.identity import Grant


def test_periods_are_shortened_to_first_and_last() -> None:
    assert words.format_periods(["2026-Q3"], "en") == "2026 Q3"
    assert words.format_periods(["2026-Q2", "2026-Q1"], "en") == "2026 Q1, 2026 Q2"
    assert (
        words.format_periods(["2026-Q3", "2026-Q1", "2026-Q2"], "en")
        == "2026 Q1 to 2026 Q3 (3\N{NO-BREAK SPACE}periods)"
    )
    assert words.format_periods(["2025"], "en") == "2025"
    # Between "od" and "do" the names of quarters would have to be declined.
    assert (
        words.format_periods(["2026-Q3", "2026-Q1", "2026-Q2"], "sr-Latn")
        == "1. kvartal 2026 – 3. kvartal 2026 (broj\N{NO-BREAK SPACE}perioda:\N{NO-BREAK SPACE}3)"
    )
    assert words.format_periods(["2026-Q3", "2026-Q1", "2026-Q2"], "hr").startswith(
        "1. tromjesečje 2026. – 3. tromjesečje 2026. ("
    )


def test_size_of_a_file_has_the_decimal_sign_of_the_language() -> None:
    sizes = [(14_200, "en", "14.2 kB"), (14_200, "mk", "14,2 kB"), (20, "hr", "0,1 kB"), (2_000_000, "sq", "2,0 MB")]
    assert [words.format_size(size, language) for size, language, _ in sizes] == [text for *_, text in sizes]


def test_roles_are_grouped_by_pair() -> None:
    grants = (Grant("submitter", "MK"), Grant("approver", "MK"), Grant("viewer", "AL", "justice"))
    assert words.roles_by_pair(grants) == {("AL", "justice"): ["viewer"], ("MK", "*"): ["approver", "submitter"]}
