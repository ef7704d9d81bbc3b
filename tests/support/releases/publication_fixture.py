"""A small home with one published release and a draft of the next, for tests of publishing, and its content."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import sqlalchemy as sa

from pipelines import refresh
from pipelines.core import clock
from pipelines.core.home import Home, open_home
from pipelines.ledger.database import open_read_transaction
from pipelines.ledger.opening import open_ledger
from pipelines.ledger.schema import AUDIT, EVENT, SUBMISSION
from pipelines.publication.releases import formats
from pipelines.publication.releases.publish import find_current_release
from pipelines.refresh import released_counts
from pipelines.refresh.release_desk.review import Override, require_ready
from pipelines.warehouse import build_cache
from pipelines.warehouse.records import build, schema
from tests.support.fakes import ledger_fakes

FIRST, NEXT = "2026-Q3", "2026-Q3.1"
FIRST_AT, NOW = "2026-11-20T09:00:00Z", "2026-11-25T09:00:00Z"
REASON = "The test publishes a draft that has no pages and that nobody has signed."
OVERRIDE_OPTIONS = ("--override", REASON, "--as", "the-steward")
_LOCAL = (
    "refresh.lock",
    "refresh.holder.json",
    "restricted/ledger.sqlite",
    "restricted/ledger.sqlite-wal",
    "restricted/ledger.sqlite-shm",
)


def make_home(folder: Path) -> Home:
    """Make the home below `folder`: `FIRST` is current, `NEXT` is its draft, and three returns are accepted."""
    with clock.freeze_time(clock.parse_time(FIRST_AT)):
        home, engine = ledger_fakes.home_and_ledger(folder)
        ids = [
            ledger_fakes.make_accepted_submission(home, engine, str(n), {(f"2025-Q{n}", "reported"): 9.0}, days=n)
            for n in (1, 2, 3)
        ]
        write_draft(home, FIRST, ids[:2])
        publish_draft(home)
    with clock.freeze_time(clock.parse_time(NOW)):
        write_draft(home, NEXT, ids)
    engine.dispose()
    return home


def publish_draft(home: Home, draft: str | None = None) -> str:
    """Publish a draft although its checklist is open."""
    return refresh.publish_draft(home, draft, override=Override(REASON))


def override_checklist(home: Home, draft: str) -> None:
    """Record the override without publishing."""
    engine = open_ledger(home)
    require_ready(home, engine, home.drafts / draft, Override(REASON))
    engine.dispose()


def write_draft(home: Home, release: str, submissions: list[str]) -> None:
    """Write a draft with its manifest, and the figures from records on which it is based."""
    tables = {
        "cell": pl.DataFrame({"cell_id": range(len(submissions)), "release": release}),
        "cell_submission": pl.DataFrame({"cell_id": range(len(submissions)), "submission_id": submissions}),
        "submission": pl.DataFrame(
            {"submission_id": submissions, "territory": "QQ", "source": "QQ_PO", "instrument": "justice"}
        ),
    }
    for name in schema.TABLES:
        tables[name.removeprefix("record_")] = pl.DataFrame(schema=schema.table_schema(name))
    folder = home.drafts / release
    (folder / "data").mkdir(parents=True)
    for name, table in tables.items():
        formats.write_parquet(table, folder / "data" / f"{name}.parquet")
    formats.write_duckdb(tables, folder / "data", folder / "release.duckdb")
    files = {
        path.relative_to(folder).as_posix(): {"sha256": formats.hash_file(path)} for path in folder.rglob("*.parquet")
    }
    manifest = {
        "release": release,
        "drafted_at": clock.format_timestamp(clock.now()),
        "tables": {name: table.height for name, table in tables.items()},
        "files": files,
    }
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    records = f"records-of-{release}"
    made_of = build.records_folder(home) / records
    schema.empty_folder(made_of / "public")
    pl.DataFrame({"release": [release]}).write_parquet(made_of / "members.parquet")
    build_cache.store_outcome(home, "draft", release, {"release": release, "records": records})
    home.released.mkdir(exist_ok=True)
    released_counts.record_audit(home, folder, {"disclosed": 0, "narrow": 0, "unknown": 0})


def copy_home(home: Home, folder: Path) -> Home:
    """Copy a home with its links."""
    shutil.copytree(home.root, folder, symlinks=True)
    return open_home(folder)


def use_copy(home: Home, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """Copy a home, and make it the home of commands at the time `NOW`."""
    monkeypatch.setenv("RTI_NOW", NOW)
    monkeypatch.setenv("RTI_HOME", str(folder))
    monkeypatch.delenv("RTI_ACTOR", raising=False)
    return copy_home(home, folder)


def find_current_name(home: Home) -> str | None:
    """Return the name of the current release, or None."""
    folder = find_current_release(home)
    return folder.name if folder is not None else None


def read_state(home: Home) -> dict[str, Any]:
    """Return the content of a home: the digest of each file, the target of each link, and the rows of the ledger."""
    state: dict[str, Any] = {}
    for path in sorted(home.root.rglob("*")):
        name = path.relative_to(home.root).as_posix()
        if path.is_symlink():
            state[name] = str(path.readlink())
        elif path.is_file() and name not in _LOCAL:
            state[name] = hashlib.sha256(path.read_bytes()).hexdigest()
        elif path.is_dir():
            state[name] = "folder"
    engine = open_ledger(home)
    with open_read_transaction(engine) as connection:
        for table in (SUBMISSION, EVENT, AUDIT):
            state[table.name] = [
                tuple(row) for row in connection.execute(sa.select(table).order_by(*table.primary_key))
            ]
    engine.dispose()
    return state


def read_journal(home: Home) -> list[dict[str, Any]]:
    """Return the lines of the public journal."""
    text = (home.public / "publications.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]
