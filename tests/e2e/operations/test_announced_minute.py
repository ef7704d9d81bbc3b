"""A whole service with the real clock: a release is out of reach until its announced minute, and within reach after."""

from __future__ import annotations

import json
import shutil
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from pipelines.cli import main
from pipelines.core import clock
from pipelines.core.home import Home, open_home
from pipelines.ledger import queries
from pipelines.ledger.opening import open_ledger
from pipelines.publication.releases.publish import find_current_release
from pipelines.refresh import due, released_counts
from pipelines.warehouse import build_cache
from tests.support.demonstration import CLOCK, copy_home
from tests.support.service.serving import find_addresses, run_serve

NEXT = "2026-Q3.1"
REASON = "The test publishes a copy of the release before."
ADDRESSES = (
    f"/releases/{NEXT}/en/index.html",
    f"/releases/{NEXT}/en/index.trend.csv",
    f"/releases/{NEXT}/en/brief.pdf",
    f"/api/data/tables/VICTIMS/rows?release={NEXT}",
    f"/sdmx/v2/data/dataflow/RTI/VICTIMS?release={NEXT}",
)
"""A page, files by their names, the JSON API and SDMX REST."""
LEAST_SECONDS = 45
"""Between the approval and the minute, in which the addresses are asked again and again."""
MOST_LATE = 90.0
"""Seconds after the minute in which everything must answer; checking and switching takes a few on an idle machine."""


@pytest.fixture
def home(built_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """A copy of the demonstration with a draft of the next release: a copy of the current one under the next name."""
    if datetime.now(UTC) < clock.parse_time(CLOCK):
        pytest.skip(f"the clock of this machine is before that of the demonstration, {CLOCK}")
    copy_home(built_home, tmp_path / "home")
    monkeypatch.delenv("RTI_NOW", raising=False)
    monkeypatch.setenv("RTI_HOME", str(tmp_path / "home"))
    copied = open_home(tmp_path / "home")
    due.mark_gathered(copied, queries.last_event_id(open_ledger(copied)))
    due.mark_refreshed(copied)
    current, folder = find_current_release(copied), copied.drafts / NEXT
    assert current is not None and current.name == "2026-Q3"
    shutil.copytree(current, folder)
    (folder / "manifest.sig").unlink()
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    manifest |= {"release": NEXT, "drafted_at": clock.format_timestamp(clock.now()), "previous": current.name}
    (folder / "manifest.json").unlink()
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    last = build_cache.find_last_outcome(copied, "draft")
    assert last is not None
    build_cache.store_outcome(copied, "draft", NEXT, {**last, "release": NEXT})
    released_counts.record_audit(copied, folder, {"disclosed": 0, "narrow": 0, "unknown": 0})
    return copied


def ask_addresses(client: httpx.Client) -> list[int]:
    """Return the status of each address."""
    return [client.get(address).status_code for address in ADDRESSES]


@pytest.mark.slow
def test_release_is_out_of_reach_until_its_minute(home: Home) -> None:
    with run_serve(home.root, now="") as (_, lines):
        address = find_addresses(lines)["dashboard"]
        with httpx.Client(base_url=address, trust_env=False, timeout=60) as client:
            assert client.get("/releases/2026-Q3/en/index.html").status_code == 200
            minute = (datetime.now(UTC) + timedelta(seconds=LEAST_SECONDS + 60)).replace(second=0, microsecond=0)
            account = ["--as", "steward"]
            assert main.main(["release", "schedule", NEXT, "--at", clock.format_timestamp(minute), *account]) == 0
            assert main.main(["release", "approve", "--override", REASON, *account]) == 0
            rounds = 0
            while datetime.now(UTC) < minute:
                statuses = ask_addresses(client)
                # A round that began before the minute may end after it.
                if datetime.now(UTC) < minute:
                    assert set(statuses) <= {400, 404}, list(zip(ADDRESSES, statuses, strict=True))
                    rounds += 1
                time.sleep(0.5)
            assert rounds > 5, "the addresses were asked while the approved draft waited"
            while set(statuses := ask_addresses(client)) != {200}:
                late = (datetime.now(UTC) - minute).total_seconds()
                assert late < MOST_LATE, (late, list(zip(ADDRESSES, statuses, strict=True)), lines)
                time.sleep(0.5)
            late = (datetime.now(UTC) - minute).total_seconds()
            print(f"asked {rounds} times before {minute:%H:%M}; everything answered {late:.1f} s after it")
    published = json.loads((home.public / "publications.jsonl").read_text(encoding="utf-8").splitlines()[-1])
    assert (published["release"], find_current_release(home)) == (NEXT, home.releases / NEXT)
    assert clock.parse_time(published["published_at"]) >= minute
