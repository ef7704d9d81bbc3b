"""The home: the folder with all data of one installation, and the path of each kind of file in it.

`restricted/` and `public/` are never mixed: public pages only receive paths below `public/`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

from pipelines.core import asides

if TYPE_CHECKING:
    from pipelines.core.file_store import FileStore

HomeKind = Literal["demonstration", "real"]
NOTICES = "notices.json"
"""Name of the file of notices in the public folder, next to the folder of releases."""
_MARK = "home.json"


class HomeError(Exception):
    """The home is missing, of another kind, or cannot be created. The message says what to do."""


@dataclass(frozen=True)
class Home:
    """An open home. `initialise_home` creates its folders; comments name the package or module that owns each."""

    root: Path
    kind: HomeKind

    @property
    def restricted(self) -> Path:
        return self.root / "restricted"

    @property
    def public(self) -> Path:
        return self.root / "public"

    @property
    def store(self) -> Path:  # submissions/store: bytes of files by SHA-256
        return self.restricted / "store"

    @property
    def landing_files(self) -> FileStore:  # submissions/store: a bucket if the settings name one, else the folder
        from pipelines.core.file_store import FolderStore
        from pipelines.core.settings import LandingBucketSettings, read_settings

        if read_settings(LandingBucketSettings).bucket is None:
            return FolderStore(self.store)
        from pipelines.core.bucket import BucketStore

        return BucketStore(LandingBucketSettings)

    @property
    def ledger_url(self) -> str:  # ledger/database
        from pipelines.core.settings import HomeSettings, read_secret

        return read_secret(HomeSettings, "ledger_url") or f"sqlite:///{self.restricted / 'ledger.sqlite'}"

    @property
    def facts(self) -> Path:  # ledger/facts: observation/ case_event/ finding/, one Parquet file per submission
        return self.restricted / "facts"

    @property
    def gathered(self) -> Path:  # refresh: exports of ledger, registry and reference data that dbt reads as sources
        return self.restricted / "gathered"

    @property
    def warehouse(self) -> Path:  # dbt: DuckDB files; nothing else writes there
        return self.restricted / "warehouse"

    @property
    def protected(self) -> Path:  # publication/disclosure: protected cells as Parquet, one folder per draft
        return self.restricted / "protected"

    @property
    def released(self) -> Path:  # refresh: true counts behind each release, for the protection of the next
        return self.restricted / "released"

    @property
    def drafts(self) -> Path:  # publication/releases: built and not yet published
        return self.restricted / "drafts"

    @property
    def dagster(self) -> Path:
        return self.restricted / "dagster"

    @property
    def data_docs(self) -> Path:
        return self.restricted / "data_docs"

    @property
    def releases(self) -> Path:  # publication/releases: immutable folders
        return self.public / "releases"

    @property
    def current(self) -> Path:  # publication/releases: link to the release that the public app reads
        return self.public / "current"

    @property
    def notices(self) -> Path:  # publication/releases: notices on corrected figures
        return self.public / NOTICES

    @property
    def lock(self) -> Path:
        return self.root / "refresh.lock"


def default_root() -> Path:
    """Return the path in `RTI_HOME`, else `data/` in the working directory."""
    from pipelines.core.settings import HomeSettings, read_settings

    return read_settings(HomeSettings).home.resolve()


def initialise_home(root: Path, kind: HomeKind) -> Home:
    """Create a home, or open an existing one of the same kind. Raises HomeError if it has another kind.

    A new home is for this user only, until `rights.share_home` shares it.
    """
    mark = root / _MARK
    if mark.exists():
        home = open_home(root)
        if home.kind != kind:
            raise HomeError(f"{root} is a {home.kind} home and stays one; choose another folder with RTI_HOME")
        return home
    if root.exists() and any(root.iterdir()):
        raise HomeError(f"{root} is not empty and is not a home; choose an empty or new folder with RTI_HOME")
    home = Home(root, kind)
    for folder in (
        home.store,
        home.facts,
        home.gathered,
        home.warehouse,
        home.protected,
        home.drafts,
        home.dagster,
        home.releases,
    ):
        folder.mkdir(parents=True, exist_ok=True)
    home.restricted.chmod(0o700)
    _write_mark(root, {"kind": kind, "layout": 1})
    return home


def open_home(root: Path | None = None) -> Home:
    """Open an existing home. Raises HomeError if there is none."""
    root = root or default_root()
    mark = root / _MARK
    if not mark.exists():
        raise HomeError(f"there is no home in {root}; make one with `rti init --kind demonstration` or set RTI_HOME")
    kind: HomeKind | None = _read_mark(root).get("kind")
    if kind is None or kind not in get_args(HomeKind):
        raise HomeError(f"{mark} says kind {kind!r}, which is neither demonstration nor real")
    return Home(root, kind)


def has_ledger_mark(home: Home) -> bool:
    """Return True if the home records that its ledger was created."""
    return bool(_read_mark(home.root).get("ledger"))


def mark_ledger(home: Home) -> None:
    """Record in the home that its ledger was created, so that a lost ledger is never replaced by an empty one."""
    content = _read_mark(home.root)
    if content and not content.get("ledger"):
        _write_mark(home.root, {**content, "ledger": True})


def _read_mark(root: Path) -> dict[str, Any]:
    path = root / _MARK
    if not path.exists():
        return {}
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        content = None
    if not isinstance(content, dict):
        raise HomeError(
            f"{path} is empty or damaged; restore it from a backup, or write one line into it: "
            '{"kind": "demonstration", "layout": 1, "ledger": true}, with "real" for a home of real returns'
        )
    return content


def _write_mark(root: Path, content: dict[str, Any]) -> None:
    with asides.replace_file(root / _MARK, flush=True) as aside:
        aside.write_text(json.dumps(content) + "\n", encoding="utf-8")
