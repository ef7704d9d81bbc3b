"""Write the manifest of a release: its files with their digests, and the versions of everything that shaped it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import polars as pl

from pipelines import __version__
from pipelines.core import clock, codes
from pipelines.core.home import Home
from pipelines.declarations.registry import Registry
from pipelines.publication.disclosure import utility
from pipelines.publication.releases import formats, signature
from pipelines.publication.releases.manifest import UNLISTED
from pipelines.warehouse import build_cache, dbt_runner
from pipelines.warehouse.reference.gather import reference_folder

CODE: Final = (
    "core", "declarations", "design", "dissemination", "findings", "front", "locales", "model", "publication",
    "refresh", "statistics", "survey", "warehouse", "words",
)  # fmt: skip
"""Packages that shape a release. Reading and checking shape the facts of returns, which are inputs."""


@dataclass(frozen=True, slots=True)
class EditionVersion:
    """The semantic version of a release, and the newest edition that was published before it."""

    version: str
    previous: str | None


def write_manifest(
    folder: Path,
    home: Home,
    release: str,
    tables: Mapping[str, pl.LazyFrame],
    registry: Registry,
    edition: EditionVersion,
) -> None:
    """Write `manifest.json` for the files of a release.

    The DuckDB file is not listed, since its bytes are not reproducible; its tables are those of the Parquet files, and
    the signature of the publication has its digest.
    """
    rows = formats.count_rows(tables)
    files = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and name not in UNLISTED:
            files[name] = {"sha256": formats.hash_file(path), "bytes": path.stat().st_size}
            if path.parent.name in ("data", "csv"):
                files[name]["rows"] = rows[path.stem]
    manifest = {
        "release": release,
        **asdict(edition),
        "demonstration": home.kind == "demonstration",
        "drafted_at": clock.format_timestamp(clock.now()),
        "tables": rows,
        "cells": _count_cells(tables["cell"]),
        "withheld": tables["release"].select(utility.COUNTS).collect().row(0, named=True),
        "files": files,
        **describe_versions(registry, tables["population"].collect()),
        "commit": find_commit(),
        "reference_files": sorted(path.stem for path in reference_folder(home).glob("*.parquet")),
    }
    text = json.dumps(manifest, indent=1, sort_keys=True) + "\n"
    (folder / signature.MANIFEST).write_text(text, encoding="utf-8")


def describe_versions(registry: Registry, population: pl.DataFrame) -> dict[str, Any]:
    """Return the entries `VERSIONS`: software, code, rules, declarations, code lists and denominators."""
    from expectations.rules import RULES_VERSION

    vintages = population.select("series", "vintage").unique().sort("series", "vintage")
    return {
        "software_version": __version__,
        "code": digest_code(),
        "rules": RULES_VERSION,
        "declarations": registry.digest,
        "codelists": digest_codelists(),
        "denominators": {
            "vintages": vintages.to_dicts(),
            "sha256": build_cache.digest_parts(population.write_csv()),
        },
    }


@cache
def digest_code() -> str:
    """Return the SHA-256 of all code that turns accepted returns into a release."""
    return build_cache.digest_parts(build_cache.code_digest(*CODE), dbt_runner.project_digest())


@cache
def digest_codelists() -> dict[str, str]:
    """Return the SHA-256 of each code list."""
    return {
        name: build_cache.digest_parts(json.dumps(codes.read_codelist(name), sort_keys=True, ensure_ascii=False))
        for name in codes.codelist_names()
    }


@cache
def find_commit() -> str | None:
    """Return the commit of the checkout that runs, or None for an installation without one."""
    import subprocess

    root = Path(__file__).resolve().parents[3]
    if not (root / ".git").exists():
        return None
    try:
        command = ["git", "-C", str(root), "rev-parse", "HEAD"]
        result = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return result.stdout.strip()


def _count_cells(cells: pl.LazyFrame) -> dict[str, int]:
    """Return how many cells are shown, withheld, and missing."""
    hidden, published = (pl.col("conf_status") == "C").sum(), pl.col("value").is_not_null().sum()
    counts = cells.select(shown=published, hidden=hidden, missing=pl.len() - published - hidden)
    return counts.collect().row(0, named=True)
