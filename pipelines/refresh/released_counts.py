"""Keep the true counts behind each release, so that the next one is protected together with all of them.

A release itself has no hidden figures.  `restricted/released/<release>.parquet` has its cells with their true values
(`disclosure/earlier.py`) and, as metadata of the file, the digest of the inputs from which they were protected and the
result of their audit.  `<release>.cooperation` has the figures of cooperation (`cooperation/earlier.py`).
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.core import durable
from pipelines.core.home import Home
from pipelines.publication.releases import formats
from pipelines.publication.releases.editions import edition_key
from pipelines.publication.releases.utility_targets import ReleaseUtility

if TYPE_CHECKING:
    import polars as pl

FILE = "released.parquet"
"""Name of the file in the folder of protected cells, before it belongs to a draft."""
COOPERATION_FILE = "released_cooperation.parquet"
"""The same for figures of cooperation."""
LOSSES_FILE = "losses.parquet"
"""Name of the file next to it with what the protection costs readers (`utility.measure_losses`)."""
_COOPERATION = ".cooperation"
_INPUTS = "inputs"
_RISK = "risk"
_UTILITY = "utility"


@dataclass(frozen=True)
class EarlierRelease:
    """A published release: its public cells, and the file with its true counts, which may be missing."""

    release: str
    public: Path
    counts: Path

    @classmethod
    def find_release(cls, home: Home, release: str) -> EarlierRelease:
        """Return the files of a release."""
        return cls(release, home.releases / release / "data" / "cell.parquet", home.released / f"{release}.parquet")

    @property
    def cooperation(self) -> Path:
        """Return the file with the true figures of cooperation, which may be missing."""
        return self.counts.with_name(f"{self.release}{_COOPERATION}")

    def read_cooperation(self) -> pl.DataFrame | None:
        """Return its figures of cooperation (`cooperation/earlier.py`), or None if it has published none.

        Without the true figures, only the published ones are known.
        """
        import polars as pl

        from pipelines.publication.cooperation import earlier

        if not self.public.with_name("cooperation.parquet").exists():
            return None
        published = earlier.read_published(self.public.parent)
        if self.cooperation.exists():
            stored = earlier.complete_release(pl.read_parquet(self.cooperation))
            compared = ["cooperation_id", "value"]
            published_then = stored.filter("is_published").select(compared).sort(compared)
            # A file that does not belong to the release that readers have is worse than none.
            if published_then.equals(published.select(compared).sort(compared)):
                return stored
        return published

    def read_inputs(self) -> str:
        """Return the digest of the inputs of its protection, or nothing if that is not known."""
        import polars as pl

        return pl.read_parquet_metadata(self.counts).get(_INPUTS, "") if self.counts.exists() else ""

    def read_cells(self) -> pl.DataFrame:
        """Return its cells (`earlier.STORED`). Without the true counts, hidden cells have no value."""
        import polars as pl

        from pipelines.publication.disclosure import earlier

        public = earlier.read_release(pl.read_parquet(self.public))
        if not self.counts.exists():
            return public
        stored = pl.read_parquet(self.counts)
        # A file that does not belong to the release that readers have is worse than none.
        return stored if _has_same_figures(stored, public) else public


def _has_same_figures(stored: pl.DataFrame, public: pl.DataFrame) -> bool:
    """Return True if the counts behind a release have as many cells as it, and it publishes the same of them."""
    from pipelines.core import codes

    compared = [*codes.CELL_KEY, "value"]
    stored_figures, public_figures = (
        cells.filter("is_published").select(compared).sort(compared) for cells in (stored, public)
    )
    return stored_figures.equals(public_figures) and stored.height == public.height


def record_audit(home: Home, folder: Path, risk: Mapping[str, int], utility: ReleaseUtility | None = None) -> None:
    """Record how many cells of a draft failed the audit of the refresh, with the digest of the draft's cells.

    `utility` is what their protection costs readers.
    """
    content: dict[str, Any] = {"cells_sha256": formats.hash_file(_cells_path(folder)), "risk": dict(risk)}
    if utility is not None:
        content[_UTILITY] = utility.as_json()
    durable.write_file(_audit_path(home, folder.name), (json.dumps(content) + "\n").encode())


def read_audit(home: Home, folder: Path) -> dict[str, int] | None:
    """Return how many cells of a draft failed the audit, or None if not exactly these cells were audited."""
    content = _read_record(home, folder)
    return dict(content["risk"]) if content is not None else None


def read_utility(home: Home, folder: Path) -> ReleaseUtility | None:
    """Return what protection costs readers of a draft or release, or None if that of exactly these cells is unknown."""
    content = (_read_record(home, folder) or {}).get(_UTILITY)
    return ReleaseUtility.from_json(content) if content is not None else None


def _read_record(home: Home, folder: Path) -> dict[str, Any] | None:
    """Return the record of a draft's audit, or None if it is of other cells. Raises DamagedJsonError."""
    path = _audit_path(home, folder.name)
    if not path.exists():
        return None
    content: dict[str, Any] = durable.read_json(path)
    return content if content["cells_sha256"] == formats.hash_file(_cells_path(folder)) else None


def _cells_path(folder: Path) -> Path:
    return folder / "data" / "cell.parquet"


def _audit_path(home: Home, release: str) -> Path:
    return home.released / f"{release}.audit.json"


def list_earlier(home: Home, inputs: str) -> list[EarlierRelease]:
    """Return the published releases before the next draft, oldest first.

    The newest one is left out if it was made from the same inputs: nothing has changed since, and the draft is not
    built again.
    """
    releases = list_releases(home)
    return releases[:-1] if releases and releases[-1].read_inputs() == inputs else releases


def list_releases(home: Home) -> list[EarlierRelease]:
    """Return all published releases, oldest first."""
    names = sorted((path.name for path in home.releases.iterdir() if path.is_dir()), key=edition_key)
    return [EarlierRelease.find_release(home, name) for name in names]


def write_counts(folder: Path, cells: pl.DataFrame, inputs: str, risk: Mapping[str, int]) -> None:
    """Write the true counts of a future draft, with the result of their audit, to the folder of its protected cells."""
    cells.write_parquet(folder / FILE, metadata={_INPUTS: inputs, _RISK: json.dumps(dict(risk))})


def baseline_folder(home: Home, release: str) -> Path:
    """Return the folder of the figures from records with which a release was compared; it may be missing."""
    return home.released / f"{release}.records"


def keep_counts(home: Home, folder: Path, release: str) -> None:
    """Keep the true counts of a draft and the figures from records before it, with which it can be built again.

    Those of drafts that were never published are removed.
    """
    from pipelines.warehouse.records import build

    home.released.mkdir(exist_ok=True)
    temporary = home.released / f".{release}.new"
    shutil.copyfile(folder / FILE, temporary)
    temporary.replace(home.released / f"{release}.parquet")
    if (folder / COOPERATION_FILE).exists():
        shutil.copyfile(folder / COOPERATION_FILE, temporary)
        temporary.replace(home.released / f"{release}{_COOPERATION}")
    before = build.records_folder(home) / "released"
    shutil.rmtree(baseline_folder(home, release), ignore_errors=True)
    if before.exists():
        shutil.copytree(before, baseline_folder(home, release))
    _record_audit_of_counts(home, folder, release)
    for path in home.released.glob("*.*"):
        if (
            path.stem != release
            and path.suffix in (".parquet", _COOPERATION)
            and not (home.releases / path.stem).exists()
        ):
            path.unlink()
        if path.stem != release and path.suffix == ".records" and not (home.releases / path.stem).exists():
            shutil.rmtree(path)
    for path in home.released.glob("*.audit.json"):
        name = path.name.removesuffix(".audit.json")
        if name != release and not (home.releases / name).exists():
            path.unlink()


def _record_audit_of_counts(home: Home, folder: Path, release: str) -> None:
    """Record the audit and the losses of the protected cells as those of the draft, if it publishes exactly these."""
    import polars as pl

    from pipelines.publication.disclosure import earlier

    counts, cells = home.released / f"{release}.parquet", _cells_path(home.drafts / release)
    risk = pl.read_parquet_metadata(counts).get(_RISK)
    if risk is None or not cells.exists():
        return
    if _has_same_figures(pl.read_parquet(counts), earlier.read_release(pl.read_parquet(cells))):
        losses = folder / LOSSES_FILE
        utility = ReleaseUtility.read_losses(pl.read_parquet(losses)) if losses.exists() else None
        record_audit(home, home.drafts / release, json.loads(risk), utility)
