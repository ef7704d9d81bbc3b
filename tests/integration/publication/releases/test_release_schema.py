"""The tables of a release keep their columns and types: any change of them makes the next release a major version."""

from __future__ import annotations

from pathlib import Path

from tests.support.releases.release_schema import FILE, list_columns


def test_demonstration_has_the_expected_columns_and_types(built_home: Path) -> None:
    present, expected = list_columns(built_home / "public" / "current"), FILE.read_text(encoding="utf-8").splitlines()
    missing, added = (
        [line for line in expected if line not in present],
        [line for line in present if line not in expected],
    )
    assert not missing and not added, (
        f"not in the release: {missing}; not expected: {added}. Users of the tables must adapt to such a change. If it "
        "is intended, name it in CHANGELOG.md and run `python -m tests.support.releases.release_schema FOLDER`"
    )
    assert present == expected, "the order of tables or columns is another"
    assert len({line.split("\t")[0] for line in present}) > 50
