"""Import reference tables into a home, and gather all reference figures for the release.

Imported tables are stored as `restricted/reference/<sha256>.parquet`, each with its findings in a JSON file; importing
the same bytes again changes nothing.  The gathered table is `gathered/reference.parquet`, in the schema REFERENCE: all
collected and imported figures, and in a demonstration home the invented ones.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import polars as pl

from pipelines.core.home import Home
from pipelines.findings.finding import as_frame
from pipelines.warehouse.reference.areas import Areas
from pipelines.warehouse.reference.model import REFERENCE, REFERENCE_KEY
from pipelines.warehouse.reference.publications import read_publication
from pipelines.warehouse.reference.published import read_invented, read_published
from pipelines.warehouse.reference.unodc import ReferenceImport


class ReferenceConflictError(ValueError):
    """Two imported tables of the same edition have different values for the same figures."""


def reference_folder(home: Home) -> Path:
    """Return the folder of imported tables."""
    return home.restricted / "reference"


def import_reference(home: Home, data: bytes, *, areas: Areas | None = None) -> ReferenceImport:
    """Read a publisher's table and store its rows and findings under the SHA-256 of its bytes.

    Nothing is stored if the table cannot be read. Raises ReadError.
    """
    imported = read_publication(data, areas=areas)
    folder = reference_folder(home)
    folder.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256(data).hexdigest()
    summary = {
        "source": imported.source,
        "rows": imported.rows.height,
        "rows_read": imported.rows_read,
        "rows_elsewhere": imported.rows_elsewhere,
        "rows_other_offences": imported.rows_other_offences,
        "rows_rates": imported.rows_rates,
        "rows_lost": imported.rows_lost,
        "findings": as_frame(imported.findings, digest).drop("submission_id").to_dicts(),
    }
    text = json.dumps(summary, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
    _write_atomically(folder / f"{digest}.json", text.encode())
    _write_parquet(folder / f"{digest}.parquet", imported.rows)
    return imported


def gather_reference(home: Home) -> None:
    """Write `gathered/reference.parquet`, sorted by its key, so that the same inputs give the same bytes.

    Figures that two files of one edition share are included once. Raises ReferenceConflictError if they differ.
    """
    tables = [read_published()]
    tables += [pl.read_parquet(path) for path in sorted(reference_folder(home).glob("*.parquet"))]
    if home.kind == "demonstration":
        tables.append(read_invented())
    rows = pl.concat([table.select(list(REFERENCE)) for table in tables])
    rows = rows.unique(subset=[name for name in REFERENCE if name != "place"], keep="first", maintain_order=True)
    twice = rows.filter(pl.struct(REFERENCE_KEY).is_duplicated())
    if twice.height:
        sources = ", ".join(twice["source"].unique().sort().to_list())
        raise ReferenceConflictError(
            f"two imported files claim to be {sources} and differ in {twice.height // 2} figures; "
            f"keep one of them in {reference_folder(home)}"
        )
    home.gathered.mkdir(parents=True, exist_ok=True)
    _write_parquet(home.gathered / "reference.parquet", rows.sort(REFERENCE_KEY))


def _write_parquet(path: Path, rows: pl.DataFrame) -> None:
    temporary = path.with_name(f".{path.name}.new")
    rows.write_parquet(temporary, compression="zstd", statistics=False)
    temporary.replace(path)


def _write_atomically(path: Path, data: bytes) -> None:
    temporary = path.with_name(f".{path.name}.new")
    temporary.write_bytes(data)
    temporary.replace(path)
