"""Verify published releases: every file against its manifest, the manifest against its signature and the journal.

The DuckDB file, which the pages read, has no digest in the manifest: its tables are compared with the Parquet files
that have one, and its bytes with the digest in the signature.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.core.duckdb_files import open_duckdb
from pipelines.core.home import Home
from pipelines.publication.releases import formats, signature
from pipelines.publication.releases.manifest import DATABASE, UNLISTED
from pipelines.publication.releases.signature import MANIFEST

JOURNAL = "publications.jsonl"

if TYPE_CHECKING:
    import duckdb
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


class FaultKind(StrEnum):
    """Subject of a fault: the journal, the pointer to the current release, a whole release, or one of its files."""

    JOURNAL = "journal"
    """A line of the journal is damaged."""
    CURRENT = "current"
    """The current release is missing."""
    UNRECORDED = "unrecorded"
    """A release is public, and no publication of it is recorded."""
    MISSING = "missing"
    """A release was published, and its folder is missing."""
    FILE = "file"
    """A file of a release, its manifest or its signature is missing, changed or added."""


@dataclass(frozen=True, slots=True)
class ReleaseFault:
    """A published release, or one of its files, has changed since publication.

    `release` is empty where the fault is not one of a single release. `path` is the file or folder, `problem` what is
    wrong with it.
    """

    kind: FaultKind
    release: str
    path: Path
    problem: str

    def __str__(self) -> str:
        place = f"release {self.release}: " if self.release else ""
        return f"{place}{self.path} {self.problem}"


def verify_published(home: Home, keys: dict[str, Ed25519PublicKey] | None = None) -> list[ReleaseFault]:
    """Check every published release, file by file. Return the faults by release.

    If a line of the journal has `manifest_sha256`, the manifest must have that digest. If it has `key_id`, the release
    must be signed; releases from before signatures have none. `keys` may have signed, by default those of this home.
    """
    entries, faults = _read_journal(home)
    known_keys = signature.RELEASE_KEYS.read_public_keys(home) if keys is None else keys
    folders = {path.name: path for path in home.releases.iterdir() if path.is_dir() and not path.name.startswith(".")}
    for name, folder in sorted(folders.items()):
        if name not in entries:
            problem = f"is public, and {JOURNAL} records no publication of it"
            faults.append(ReleaseFault(FaultKind.UNRECORDED, name, folder, problem))
        expected = [str(e["manifest_sha256"]) for e in entries.get(name, ()) if e.get("manifest_sha256")]
        faults += verify_folder(folder, expected[-1] if expected else None)
        if (folder / signature.FILE).exists() or any(e.get("key_id") for e in entries.get(name, ())):
            faults += verify_signature(folder, known_keys)
    for name in sorted(entries.keys() - folders.keys()):
        faults.append(ReleaseFault(FaultKind.MISSING, name, home.releases / name, "was published and is missing"))
    if home.current.is_symlink() and not home.current.is_dir():
        faults.append(ReleaseFault(FaultKind.CURRENT, "", home.current, "points to a release that is missing"))
    return faults


def verify_folder(folder: Path, manifest_sha256: str | None = None) -> list[ReleaseFault]:
    """Check the files of one release against its manifest, and the manifest against its digest if known."""
    manifest_path = folder / MANIFEST
    try:
        data = manifest_path.read_bytes()
        manifest = json.loads(data)
        files, tables = dict(manifest["files"]), dict(manifest["tables"])
    except FileNotFoundError:
        return [_make_file_fault(folder, manifest_path, "is missing")]
    except (ValueError, KeyError, TypeError):
        return [_make_file_fault(folder, manifest_path, "is damaged")]
    faults = []
    if manifest_sha256 is not None and formats.hash_file(manifest_path) != manifest_sha256:
        faults.append(_make_file_fault(folder, manifest_path, "is not the one that was published"))
    faults += [_make_file_fault(folder, path, problem) for path, problem in _compare_files(folder, files)]
    return faults + [_make_file_fault(folder, folder / DATABASE, p) for p in _compare_database(folder, tables)]


def verify_signed(folder: Path, keys: dict[str, Ed25519PublicKey] | None) -> list[ReleaseFault]:
    """Check one release, which must be signed: its files, its manifest and its signature."""
    return [*verify_folder(folder), *verify_signature(folder, keys)]


def verify_signature(folder: Path, keys: dict[str, Ed25519PublicKey] | None) -> list[ReleaseFault]:
    """Check the signature of one release against known keys, or against the key that it names, and its database."""
    if not (folder / MANIFEST).is_file():
        return []  # `verify_folder` reports it
    check = signature.verify_signature(folder, keys)
    if check.problem is not None:
        return [_make_file_fault(folder, folder / signature.FILE, check.problem)]
    database = folder / DATABASE
    if database.is_file() and not signature.is_signed_database(database, check):
        return [_make_file_fault(folder, database, "is not the one that was signed")]
    return []


def verify_database(database: Path, keys: dict[str, Ed25519PublicKey] | None) -> tuple[list[ReleaseFault], str | None]:
    """Check a database that was downloaded alone. Return its faults and the key that signed it.

    The signature of its release is next to it, under the same name but for its end: `2026-Q3.release.duckdb` and
    `2026-Q3.manifest.sig`.
    """
    path = database.with_name(database.name.removesuffix(DATABASE) + signature.FILE)
    check = signature.verify_database_signature(path, keys)
    if check.problem is not None:
        return [ReleaseFault(FaultKind.FILE, "", path, check.problem)], check.key_id
    is_signed = signature.is_signed_database(database, check)
    faults = [] if is_signed else [ReleaseFault(FaultKind.FILE, "", database, "is not the one that was signed")]
    return faults, check.key_id


def _make_file_fault(folder: Path, path: Path, problem: str) -> ReleaseFault:
    return ReleaseFault(FaultKind.FILE, folder.name, path, problem)


def manifest_digest(folder: Path) -> str:
    """Return the SHA-256 of a release's manifest, as recorded in the journal."""
    return formats.hash_file(folder / MANIFEST)


def _compare_files(folder: Path, files: dict[str, Any]) -> Iterator[tuple[Path, str]]:
    present = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    for name, entry in sorted(files.items()):
        if name not in present:
            yield folder / name, "is missing"
        elif formats.hash_file(folder / name) != entry["sha256"]:
            yield folder / name, "was changed after it was published"
    for name in sorted(present - files.keys() - UNLISTED):
        yield folder / name, "is not in the manifest: it was added after publication"


def _compare_database(folder: Path, tables: dict[str, int]) -> Iterator[str]:
    """Compare each table with its Parquet file by row count and an order-free sum of row hashes."""
    import duckdb

    path = folder / DATABASE
    if not path.is_file():
        yield "is missing"
        return
    try:
        with open_duckdb(path, read_only=True) as connection:
            query = "select table_name from duckdb_tables() where not internal"
            names = {str(row[0]) for row in connection.execute(query).fetchall()}
            if names != set(tables):
                yield f"has other tables than the manifest: {', '.join(sorted(names ^ set(tables)))}"
            parquet = {name: folder / "data" / f"{name}.parquet" for name in sorted(names & set(tables))}
            present = [name for name, file in parquet.items() if file.is_file()]  # others are already reported
            for name in _find_different_tables(connection, {name: parquet[name] for name in present}):
                yield f"has other rows in table {name} than data/{name}.parquet"
    except duckdb.Error as error:
        yield f"cannot be read: {str(error).splitlines()[0]}"


def _find_different_tables(connection: duckdb.DuckDBPyConnection, parquet: dict[str, Path]) -> list[str]:
    """Return the tables whose rows are not those of their Parquet file. Leave out files that cannot be read.

    One statement reads all tables, in 160 ms of processor time for 42 tables; one for each takes 250 ms. If it fails,
    each table has its own, so that one damaged file hides no difference of another table.
    """
    import duckdb

    if not parquet:
        return []
    fingerprint = "select '{}', count(*), sum(hash(t)::hugeint) from {} t"
    statements = []
    for name, file in parquet.items():
        text = str(file).replace("'", "''")
        statements += [fingerprint.format(name, f'"{name}"'), fingerprint.format(name, f"read_parquet('{text}')")]
    fingerprints: dict[str, set[tuple[int, int]]] = defaultdict(set)
    try:
        for name, *row in connection.execute(" union all ".join(statements)).fetchall():
            fingerprints[name].add(tuple(row))
    except duckdb.Error:
        if len(parquet) > 1:
            return [name for name, file in parquet.items() if _find_different_tables(connection, {name: file})]
        (name,) = parquet
        connection.execute(fingerprint.format(name, f'"{name}"'))  # raises if the table is what is damaged
        return []
    return sorted(name for name, digests in fingerprints.items() if len(digests) > 1)


def _read_journal(home: Home) -> tuple[dict[str, list[dict[str, Any]]], list[ReleaseFault]]:
    path = home.public / JOURNAL
    entries: dict[str, list[dict[str, Any]]] = {}
    faults = []
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    for number, line in enumerate(lines, start=1):
        try:
            entry = json.loads(line)
            entries.setdefault(str(entry["release"]), []).append(entry)
        except (ValueError, KeyError, TypeError):
            faults.append(ReleaseFault(FaultKind.JOURNAL, "", path, f"is damaged in line {number}"))
    return entries, faults
