"""A home that an early version of the program made, kept as text, and made again for tests.

`tests/golden/homes/<day>-<commit>/` has the ledger as SQL, the stored files as they came, the facts of each return, and
the counts that the early version computed. That version took in eight returns of five territories by `rti init` and
`rti refresh`, in a work tree of its commit with the packages of November 2026. A nil return, a patch and a register of
persons are among them. `python -m tests.support.old_home HOME FOLDER` writes such a folder.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from typing import Final

import polars as pl

from pipelines.core.home import Home, open_home
from tests.support.paths import ROOT

OLD_HOMES: Final = ROOT / "tests" / "golden" / "homes"
TABLES: Final = ("observation", "case_event", "finding")
COUNTS: Final = "counts.txt"
_NULL: Final = "\\N"
_KINDS: Final = {
    str(kind): kind for kind in (pl.String(), pl.Float64(), pl.Int32(), pl.Int64(), pl.Boolean(), pl.Date())
}


def write_frame(frame: pl.DataFrame, path: Path) -> None:
    """Write a frame as text: a line with columns and kinds, one with the columns of one value, and the rest as CSV."""
    same = [name for name in frame.columns if frame.height and frame[name].n_unique() == 1]
    lines = [
        json.dumps({name: str(kind) for name, kind in frame.schema.items()}),
        json.dumps({name: _as_text(frame[name])[0] for name in same}, ensure_ascii=False),
    ]
    varying = frame.drop(same).select(pl.all().cast(pl.String))
    rows = varying.write_csv(null_value=_NULL, quote_style="necessary") if varying.width else f"{frame.height}\n"
    path.write_text("\n".join(lines) + "\n" + rows, encoding="utf-8")


def read_frame(path: Path) -> pl.DataFrame:
    """Read a frame that `write_frame` wrote, with the same columns, kinds and values."""
    kinds, same, rows = path.read_text(encoding="utf-8").split("\n", 2)
    columns, constants = json.loads(kinds), json.loads(same)
    if len(constants) == len(columns):
        frame = pl.DataFrame({name: [None] * int(rows) for name in columns}, schema=dict.fromkeys(columns, pl.String()))
    else:
        frame = pl.read_csv(rows.encode(), infer_schema=False, null_values=[_NULL], empty_string_is_null=False)
    return frame.with_columns(pl.lit(value, pl.String()).alias(name) for name, value in constants.items()).select(
        _parse_column(name, columns[name]) for name in columns
    )


def _as_text(column: pl.Series) -> list[str | None]:
    return column.cast(pl.String).to_list()


def _parse_column(name: str, kind: str) -> pl.Expr:
    if kind == "Boolean":
        return pl.col(name).replace_strict({"true": True, "false": False}, return_dtype=pl.Boolean)
    if kind == "Date":
        return pl.col(name).str.to_date()
    return pl.col(name).cast(_KINDS[kind])


def make_old_home(folder: Path, root: Path) -> Home:
    """Make the home of such a folder: home.json, ledger, stored files and facts, as the early version left them."""
    restricted = root / "restricted"
    for table in TABLES:
        (restricted / "facts" / table).mkdir(parents=True)
    (root / "public" / "releases").mkdir(parents=True)
    restricted.chmod(0o700)
    shutil.copyfile(folder / "home.json", root / "home.json")
    shutil.copyfile(folder / "audit-checkpoints.jsonl", restricted / "audit-checkpoints.jsonl")
    with closing(sqlite3.connect(restricted / "ledger.sqlite")) as connection:
        connection.executescript((folder / "ledger.sql").read_text(encoding="utf-8"))
    for path in (folder / "store").iterdir():
        target = restricted / "store" / path.name[:2] / path.name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    for path in (folder / "facts").iterdir():
        table, _, submission = path.stem.partition("-")
        frame = read_frame(path)
        frame.write_parquet(restricted / "facts" / table / f"{submission}.parquet")
        schema = restricted / "facts" / table / "_schema.parquet"
        if not schema.exists():
            frame.clear().write_parquet(schema)
    return open_home(root)


def record_old_home(home: Path, folder: Path) -> None:
    """Write the folder of a home that an early version made, and that no later one has opened."""
    (folder / "store").mkdir(parents=True)
    (folder / "facts").mkdir()
    for name in ("home.json", "restricted/audit-checkpoints.jsonl"):
        shutil.copyfile(home / name, folder / Path(name).name)
    with closing(sqlite3.connect(home / "restricted" / "ledger.sqlite")) as connection:
        (folder / "ledger.sql").write_text("\n".join(connection.iterdump()) + "\n", encoding="utf-8")
    for path in (home / "restricted" / "store").glob("*/*"):
        shutil.copyfile(path, folder / "store" / path.name)
    for table in TABLES:
        for path in (home / "restricted" / "facts" / table).glob("S*.parquet"):
            write_frame(pl.read_parquet(path), folder / "facts" / f"{table}-{path.stem}.txt")
    (counts,) = (home / "restricted" / "warehouse").glob("counts-*/mart_count.parquet")
    reported = pl.read_parquet(counts).filter(pl.col("value").is_not_null())
    write_frame(reported.sort(pl.all()), folder / COUNTS)


if __name__ == "__main__":
    record_old_home(Path(sys.argv[1]), Path(sys.argv[2]))
