"""Divide the files of facts of a build into batches, so that the memory of a build does not grow with their number.

DuckDB keeps the lists of facts behind each figure in memory while it groups rows, and the description of each file that
it reads. A year of returns is one batch; only a first build of a long history, or one of a changed project, has more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import polars as pl

from pipelines.core.home import Home

Files = Mapping[str, Sequence[str]]
"""The files of each table of facts, by relation. The first of each is an empty file that has the columns."""

BATCH_SIZE: Final = 2_000_000
"""Largest size of a batch: its rows, and `FILE_SIZE` for each submission. 2,900 submissions with 1.2 million rows need
0.7 GB of DuckDB's memory, and 0.4 GB were not enough."""
FILE_SIZE: Final = 500
"""Rows whose memory the description of a file of facts takes, about 0.2 MB."""


def count_batches(home: Home) -> int:
    """Return the number of batches of all accepted submissions, whether a build inserts them or has them already."""
    blocks = pl.scan_parquet(home.gathered / "block.parquet").filter(pl.col("accepted_at").is_not_null())
    rows, submissions = blocks.select(pl.col("rows").sum(), pl.col("submission_id").n_unique()).collect().row(0)
    return max(-(-(int(rows) + FILE_SIZE * int(submissions)) // BATCH_SIZE), 1)


def split_files(home: Home, files: Files, batch_size: int = BATCH_SIZE) -> list[dict[str, list[str]]]:
    """Return the files in batches of whole submissions, in the order of the submissions; one batch if there are none.

    A submission that is larger than a batch is a batch of its own.
    """
    submissions = list_submissions(files)
    blocks = pl.read_parquet(home.gathered / "block.parquet", columns=["submission_id", "rows"])
    rows = dict(blocks.group_by("submission_id").agg(pl.col("rows").sum()).iter_rows())
    sizes = [rows.get(submission, 0) + FILE_SIZE for submission in submissions]
    batches: list[set[str]] = [set()]
    filled = 0
    for submission, size in zip(submissions, sizes, strict=True):
        if batches[-1] and filled + size > batch_size:
            batches.append(set())
            filled = 0
        batches[-1].add(submission)
        filled += size
    return [
        {table: [paths[0], *(path for path in paths[1:] if Path(path).stem in batch)] for table, paths in files.items()}
        for batch in batches
    ]


def list_submissions(files: Files) -> list[str]:
    """Return the submissions that have files of facts, in the order of their identifiers."""
    return sorted({Path(path).stem for paths in files.values() for path in paths[1:]})


def find_range(submissions: Sequence[str]) -> list[str]:
    """Return the first and the last of sorted submissions, or an empty list if there are none."""
    return [submissions[0], submissions[-1]] if submissions else []
