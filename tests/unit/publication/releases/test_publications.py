"""Tests of the journal of publications: which releases a rollback has withdrawn."""

from __future__ import annotations

import pytest

from pipelines.publication.releases.publications import Publication, find_withdrawals


def make_journal(*lines: str) -> list[Publication]:
    """Return a journal: the name of a release publishes it, and a name after `<` makes it current again."""
    publications = []
    for number, line in enumerate(lines):
        release, action = line.removeprefix("<"), "rollback" if line.startswith("<") else "publish"
        reason = f"reason {number}" if action == "rollback" else None
        time = f"2026-11-{number + 1:02}T09:00:00Z"
        publications.append(Publication(release, time, action, reason=reason))  # type: ignore[arg-type]
    return publications


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (("2026-Q2", "2026-Q3"), {}),
        (("2026-Q2", "2026-Q3", "<2026-Q2"), {"2026-Q3": "reason 2"}),
        (("2026-Q2", "2026-Q3", "2026-Q3.1", "<2026-Q2"), {"2026-Q3": "reason 3", "2026-Q3.1": "reason 3"}),
        (("2026-Q2", "2026-Q3", "<2026-Q2", "2026-Q3.1"), {"2026-Q3": "reason 2"}),
        (("2026-Q2", "2026-Q3", "<2026-Q2", "<2026-Q3"), {}),
        (("2026-Q2", "2026-Q3", "2026-Q3.1", "<2026-Q2", "<2026-Q3"), {"2026-Q3.1": "reason 3"}),
        (
            ("2026-Q2", "2026-Q3", "<2026-Q2", "2026-Q3.1", "<2026-Q2"),
            {"2026-Q3": "reason 2", "2026-Q3.1": "reason 4"},
        ),
    ],
)
def test_rollback_withdraws_newer_releases_until_they_are_current_again(
    lines: tuple[str, ...], expected: dict[str, str]
) -> None:
    withdrawals = find_withdrawals(make_journal(*lines))
    assert {release: line.reason for release, line in withdrawals.items()} == expected
