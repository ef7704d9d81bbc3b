"""Read the columns of a release and their types, and keep them as the expected ones.

`python -m tests.support.releases.release_schema FOLDER` keeps those of the release in FOLDER, after an intended change.
"""

from __future__ import annotations

import sys
from pathlib import Path

import polars as pl

from tests.support.paths import ROOT

FILE = ROOT / "tests" / "golden" / "release_schema.tsv"


def list_columns(release: Path) -> list[str]:
    """Return a line for each column of each table: table, column and type, separated by tabs."""
    return [
        f"{path.stem}\t{name}\t{dtype}"
        for path in sorted((release / "data").glob("*.parquet"))
        for name, dtype in pl.read_parquet_schema(path).items()
    ]


if __name__ == "__main__":
    FILE.write_text("\n".join(list_columns(Path(sys.argv[1]))) + "\n", encoding="utf-8")
