"""A draft with everything that its checks read: tables, pages, explanations, signatures and audits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from pipelines.core import file_states
from pipelines.core.file_states import FileStates
from pipelines.core.home import Home
from pipelines.publication.releases.manifest import read_manifest
from pipelines.publication.releases.verification import manifest_digest

if TYPE_CHECKING:
    import sqlalchemy as sa

    from pipelines.declarations.registry import Registry


@dataclass(frozen=True)
class DraftUnderReview:
    """A draft with what its checks need. Tables and findings that several checks share are read once."""

    home: Home
    engine: sa.Engine
    registry: Registry
    folder: Path
    explanations: Mapping[str, str]
    signed: frozenset[str]
    audited: Mapping[str, int]
    """Bad cells found by the newest audit of each reader of this draft."""
    overrides: Mapping[str, str] = field(default_factory=dict)
    """Reasons of a steward's overrides, by check."""

    @property
    def release(self) -> str:
        return self.folder.name

    @cached_property
    def manifest(self) -> dict[str, Any]:
        return read_manifest(self.folder)

    @cached_property
    def files(self) -> FileStates:
        """Return the states of all files."""
        return file_states.read_states(self.folder)

    @cached_property
    def digest(self) -> str:
        return manifest_digest(self.folder)

    def read_table(self, name: str) -> pl.DataFrame:
        """Return a table of the draft."""
        return pl.read_parquet(self.folder / "data" / f"{name}.parquet")

    @cached_property
    def period(self) -> str:
        """Return the quarter of the release."""
        return str(self.read_table("release")["reference_period"][0])

    @cached_property
    def territories(self) -> list[str]:
        areas = self.read_table("area").filter((pl.col("area_kind") == "territory") & (pl.col("kind") == "national"))
        return areas["area"].sort().to_list()

    @cached_property
    def pages(self) -> Mapping[str, frozenset[str]]:
        """Return the names of the static pages by language."""
        folders = [path for path in (self.folder / "pages").glob("*") if path.is_dir()]
        return {path.name: frozenset(file.name for file in path.glob("*.html")) for path in folders}
