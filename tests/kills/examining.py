"""Examine a home after a kill, finish the work, and compare with a home in which nothing was killed."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from pipelines.core.home import open_home
from tests.kills import world

NOT_REPRODUCIBLE = ("release.duckdb", "manifest.sig")
"""DuckDB's files differ from build to build; its tables are those of the Parquet files, which are compared. Each home
signs with its own key."""


def examine_home(root: Path) -> dict[str, Any]:
    """Return what must hold at any moment: the current release, the submissions with their receipts, and damage."""
    from pipelines.ledger import queries
    from pipelines.ledger.opening import open_ledger
    from pipelines.refresh import integrity
    from pipelines.submissions.receipts import find_newest_receipt

    home = open_home(root)
    engine = open_ledger(home)
    submissions = queries.list_submissions(engine)
    return {
        "current": home.current.resolve().name,
        "current_files": digest_folder(home.current.resolve()),
        "states": {row.submission_id: row.state for row in submissions},
        "receipts": sorted(i for i in (row.submission_id for row in submissions) if find_newest_receipt(engine, i)),
        "damage": [damage.message for damage in integrity.verify_home(home, engine)],
        "half": [path.name for path in home.drafts.iterdir() if not is_aside(path) and not is_complete(path)],
    }


def is_aside(folder: Path) -> bool:
    """Return True if a folder is one that a draft is built in: nothing lists it, and the next refresh removes it."""
    return folder.name.startswith(".")


def is_complete(folder: Path) -> bool:
    """Return True if a draft or release has every file of its manifest, byte for byte."""
    import json

    manifest = folder / "manifest.json"
    if not manifest.exists():
        return False
    files = json.loads(manifest.read_text(encoding="utf-8"))["files"]
    return all(
        (folder / name).is_file() and hashlib.sha256((folder / name).read_bytes()).hexdigest() == entry["sha256"]
        for name, entry in files.items()
        if name not in NOT_REPRODUCIBLE
    )


def digest_folder(folder: Path) -> str:
    """Return the SHA-256 over the names and contents of a folder's reproducible files."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.name not in NOT_REPRODUCIBLE:
            digest.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def finish_desk(root: Path) -> dict[str, Any]:
    """Upload, send and approve the return, as far as that is open; return its state and how often it is there."""
    from pipelines.ledger import queries
    from pipelines.ledger.opening import open_ledger
    from pipelines.submissions import store

    home = open_home(root)
    number = world.upload_return(home)
    for state, act in (("checked", world.send_return), ("sent", world.approve_return)):
        if read_state(root, number) == state:
            act(home)
    digest = store.compute_digest(world.read_return())
    rows = queries.list_submissions(open_ledger(home))
    copies = [row for row in rows if row.sha256 == digest and row.state != "refused"]
    return {"state": read_state(root, number), "copies": len(copies)}


def read_state(root: Path, number: str) -> str:
    """Return the state of a submission."""
    from pipelines.ledger import queries
    from pipelines.ledger.opening import open_ledger

    (submission,) = queries.list_submissions(open_ledger(open_home(root)), ids=[number])
    return str(submission.state)


def finish_refresh(root: Path) -> dict[str, Any]:
    """Refresh by the command; return its code and the draft's files."""
    from pipelines.cli.main import main

    code = main(["refresh"])
    home = open_home(root)
    return {"code": code, "drafts": {path.name: digest_folder(path) for path in home.drafts.iterdir()}}


def finish_switch(root: Path) -> dict[str, Any]:
    """Complete the publication as the start of a service does, publish if it had not begun; return what is public."""
    from pipelines.refresh.publication import complete_publication_at_start

    home = open_home(root)
    complete_publication_at_start(home, report=print)
    if any(home.drafts.iterdir()):
        world.publish_draft(home)
    return read_public(root)


def read_public(root: Path) -> dict[str, Any]:
    """Return the current release, all releases with their files, and the releases of the journal in their order."""
    import json

    home = open_home(root)
    journal = (home.public / "publications.jsonl").read_text(encoding="utf-8").splitlines()
    return {
        "current": home.current.resolve().name,
        "releases": {path.name: digest_folder(path) for path in sorted(home.releases.iterdir())},
        "journal": [json.loads(line)["release"] for line in journal],
        "drafts": [path.name for path in home.drafts.iterdir()],
    }
