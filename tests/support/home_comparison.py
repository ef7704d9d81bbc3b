"""Compare two homes cell by cell and finding by finding: `python -m tests.support.home_comparison OLD NEW`.

Use it after a change that must not change any figure: build the demonstration home with the old and the new code under
the same clock (`tests.support.demonstration.build_home`), then compare. Exits 1 and lists every difference, else 0.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import polars as pl

SURROGATE_COLUMNS = frozenset({"cell_id"})
"""Columns that only identify rows; their values may change between versions of the code."""
VERSION_COLUMNS = frozenset({"versions", "code_version", "declaration_hash"})
"""Columns that hold hashes of the code or the declarations."""
FINDING_COLUMNS = ("submission_id", "rule", "severity", "where", "seen", "expected", "scope")


def compare_frames(name: str, old: pl.DataFrame, new: pl.DataFrame) -> Iterator[str]:
    """Yield a line for each lost column and for rows of the shared columns that are in only one of the two frames.

    Rows are compared as a multiset, so that neither their order nor added columns count as a difference.
    """
    lost = [column for column in old.columns if column not in new.columns and column not in SURROGATE_COLUMNS]
    if lost:
        yield f"{name}: columns {', '.join(lost)} are missing"
    shared = [c for c in old.columns if c in new.columns and c not in SURROGATE_COLUMNS | VERSION_COLUMNS]
    if not shared:
        return
    old_rows, new_rows = (frame.select(shared).group_by(shared).len(name="copies") for frame in (old, new))
    keys = [*shared, "copies"]
    only_old = old_rows.join(new_rows, on=keys, how="anti", nulls_equal=True)
    only_new = new_rows.join(old_rows, on=keys, how="anti", nulls_equal=True)
    if only_old.height or only_new.height:
        yield f"{name}: {only_old.height} rows only in the old version, {only_new.height} only in the new one"
        for label, frame in (("old", only_old), ("new", only_new)):
            yield from (f"    {label}: {row}" for row in frame.head(3).iter_rows(named=True))


def read_cell_submissions(folder: Path) -> pl.DataFrame | None:
    """Read which submissions are behind each cell, by the cell's own key instead of its surrogate id."""
    cells, links = folder / "cell.parquet", folder / "cell_submission.parquet"
    if not (cells.exists() and links.exists()):
        return None
    joined = pl.read_parquet(links).join(pl.read_parquet(cells), on="cell_id", how="left")
    return joined.drop("cell_id")


def compare_releases(old: Path, new: Path) -> Iterator[str]:
    """Yield every difference between the Parquet tables of two release folders."""
    tables = {side: {path.stem: path for path in (side / "data").glob("*.parquet")} for side in (old, new)}
    for name in sorted(tables[old].keys() - tables[new].keys()):
        yield f"{name}: the table is missing"
    for name in sorted(tables[old].keys() & tables[new].keys()):
        if name == "cell_submission":
            frames = [read_cell_submissions(side / "data") for side in (old, new)]
            if frames[0] is not None and frames[1] is not None:
                yield from compare_frames(name, frames[0], frames[1])
            continue
        yield from compare_frames(name, pl.read_parquet(tables[old][name]), pl.read_parquet(tables[new][name]))


def read_findings(home: Path) -> pl.DataFrame:
    """Read the findings of every submission of a home, without the parameters that only fill their texts."""
    paths = sorted((home / "restricted" / "facts" / "finding").glob("*.parquet"))
    return pl.read_parquet(paths).select(FINDING_COLUMNS)


def compare_homes(old: Path, new: Path) -> list[str]:
    """Return every difference between the current releases, the facts and the findings of two homes."""
    differences = list(compare_releases((old / "public" / "current").resolve(), (new / "public" / "current").resolve()))
    differences += compare_frames("findings", read_findings(old), read_findings(new))
    for table in ("observation", "case_event"):
        frames = [
            pl.read_parquet(sorted((home / "restricted" / "facts" / table).glob("*.parquet"))) for home in (old, new)
        ]
        differences += compare_frames(f"facts/{table}", frames[0], frames[1])
    return differences


def main(arguments: Sequence[str]) -> int:
    """Print the differences between two homes; return 1 if there are any, 3 for wrong use."""
    if len(arguments) != 2:
        print(__doc__, file=sys.stderr)
        return 3
    old, new = map(Path, arguments)
    differences = compare_homes(old, new)
    tables = len(list((old / "public" / "current" / "data").glob("*.parquet")))
    print(
        "\n".join(differences) or f"No difference in {tables} tables, facts and {read_findings(old).height} findings."
    )
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
