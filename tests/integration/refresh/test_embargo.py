"""Tests of announced releases: refused before their minute, published at it, and nothing of the draft is public."""

from __future__ import annotations

import hashlib
import json
import random
import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import polars as pl
import pytest
from lxml import etree
from starlette.responses import PlainTextResponse
from starlette.testclient import TestClient

from dashboards.public.release_pages import ReleasePages
from dashboards.public.static_pages import StaticPages
from pipelines.cli import main
from pipelines.core import clock
from pipelines.core.home import Home, initialise_home
from pipelines.declarations.registry import load
from pipelines.ledger.identity import NotAllowedError
from pipelines.ledger.opening import open_ledger
from pipelines.operations.release_clock import ReleaseClock
from pipelines.publication.releases.calendar import read_calendar
from pipelines.publication.releases.correction_notices import read_notices
from pipelines.publication.releases.errors import ReleaseError
from pipelines.publication.releases.publish import find_current_release, list_drafts, switch_current
from pipelines.refresh import embargo, publication
from pipelines.refresh.release import draft_release
from pipelines.submissions.notices import releases as news
from pipelines.submissions.notices.queue import list_notices
from pipelines.submissions.notices.words import write_letter
from pipelines.web.open_data.service import OpenDataService
from pipelines.web.sdmx.service import SdmxService
from tests.support.atom_feed import ATOM, list_feed_faults
from tests.support.coroutines import run_async
from tests.support.releases import publication_fixture as fixture

FIRST, NEXT = fixture.FIRST, fixture.NEXT
MINUTE, BEFORE = "2026-12-01T09:00:00Z", "2026-12-01T08:59:59Z"
STEWARD, REASON = "the-steward", "One office asked for another week."


@pytest.fixture
def home(publication_home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    return fixture.use_copy(publication_home, tmp_path / "home", monkeypatch)


@pytest.fixture
def approved(home: Home) -> Home:
    """The home with its draft announced for MINUTE and approved."""
    embargo.schedule_release(home, NEXT, clock.parse_time(MINUTE), actor=STEWARD)
    embargo.approve_draft(home, actor=STEWARD, override_reason=REASON)
    return home


# -- the calendar


def test_announced_release_is_in_the_public_calendar_with_its_earlier_dates(home: Home) -> None:
    embargo.schedule_release(home, NEXT, clock.parse_time(MINUTE), actor=STEWARD)
    later = "2026-12-08T09:00:00Z"
    embargo.schedule_release(home, NEXT, clock.parse_time(later), actor=STEWARD, reason=REASON)
    (entry,) = read_calendar(home)
    assert (entry.release, entry.at, entry.earlier, entry.reason) == (NEXT, later, (MINUTE,), REASON)
    embargo.schedule_release(home, NEXT, None, actor=STEWARD, reason=REASON)
    (entry,) = read_calendar(home)
    assert (entry.at, entry.earlier) == (None, (MINUTE, later))
    (home.public / "calendar.json").unlink()
    embargo.renew_calendar(home)
    assert read_calendar(home) == [entry]


@pytest.mark.parametrize(
    ("release", "at", "actor", "reason", "error", "words"),
    [
        (NEXT, MINUTE, "office", "", NotAllowedError, "needs the role steward"),
        (NEXT, "2026-11-01T09:00:00Z", STEWARD, "", ReleaseError, "has passed"),
        (NEXT, "2026-12-01T09:00:30Z", STEWARD, "", ReleaseError, "full minute"),
        (FIRST, MINUTE, STEWARD, "", ReleaseError, "is public already"),
        ("2026-Q2", MINUTE, STEWARD, "", ReleaseError, "is older than the current release"),
        ("soon", MINUTE, STEWARD, "", ReleaseError, "is not a release"),
        (NEXT, None, STEWARD, REASON, ReleaseError, "nothing to cancel"),
    ],
)
def test_announcement_that_is_not_allowed_changes_nothing(
    home: Home, release: str, at: str | None, actor: str, reason: str, error: type[Exception], words: str
) -> None:
    before = fixture.read_state(home)
    with pytest.raises(error, match=words):
        moment = clock.parse_time(at) if at is not None else None
        embargo.schedule_release(home, release, moment, actor=actor, reason=reason)
    assert fixture.read_state(home) == before


def test_changed_date_needs_a_reason(home: Home) -> None:
    embargo.schedule_release(home, NEXT, clock.parse_time(MINUTE), actor=STEWARD)
    with pytest.raises(ReleaseError, match="why the announced time"):
        embargo.schedule_release(home, NEXT, None, actor=STEWARD)


def test_commands_announce_approve_and_list(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    account = ["--as", STEWARD]
    assert main.main(["release", "schedule", NEXT, "--at", "2026-12-01T10:00+01:00", *account]) == 0
    assert main.main(["release", "approve", "--override", REASON, *account]) == 0
    assert main.main(["release", "calendar"]) == 0
    output = capsys.readouterr().out
    assert f"{NEXT} will be published at {MINUTE}" in output and output.count(MINUTE) == 3
    assert main.main(["publish", *fixture.OVERRIDE_OPTIONS]) == 3
    assert "is announced for 2026-12-01 09:00 UTC and is not published before" in capsys.readouterr().err
    assert main.main(["release", "approve", "--withdraw", *account]) == 0
    assert embargo.read_approval(home) is None
    assert main.main(["release", "schedule", NEXT]) == 3


# -- approval and publication at the minute


def test_approved_draft_is_published_at_its_minute_and_not_before(
    approved: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    messages: list[str] = []
    release_clock = ReleaseClock(approved, report=messages.append, monotonic=lambda: 1.0)
    monkeypatch.setenv("RTI_NOW", BEFORE)
    assert release_clock.check_release() is None
    assert (fixture.find_current_name(approved), messages) == (FIRST, [])
    monkeypatch.setenv("RTI_NOW", MINUTE)
    assert release_clock.check_release() == NEXT
    assert (fixture.find_current_name(approved), embargo.read_approval(approved)) == (NEXT, None)
    assert fixture.read_journal(approved)[-1]["published_at"] == MINUTE
    assert release_clock.check_release() is None


def test_draft_that_waits_for_its_minute_is_not_rebuilt(approved: Home) -> None:
    messages: list[str] = []
    step = draft_release(approved, log=messages.append)
    assert (step.new, step.release) == (False, NEXT)
    assert "is not replaced" in messages[0]


def test_draft_changed_after_its_approval_is_not_published(approved: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.rmtree(approved.drafts / NEXT)
    fixture.write_draft(approved, NEXT, ["S0123456789abcde"])
    monkeypatch.setenv("RTI_NOW", MINUTE)
    messages: list[str] = []
    assert embargo.publish_due(approved, log=messages.append) is None
    assert "is not the one that was approved" in messages[0]
    assert (fixture.find_current_name(approved), list_drafts(approved)) == (FIRST, [NEXT])


def test_forged_approval_is_not_carried_out(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    embargo.schedule_release(home, NEXT, clock.parse_time(MINUTE), actor=STEWARD)
    embargo.approve_draft(home, actor=STEWARD, override_reason=REASON)
    forged = embargo.approval_path(home).read_text(encoding="utf-8")
    embargo.withdraw_approval(home, actor=STEWARD)
    embargo.approval_path(home).write_text(forged, encoding="utf-8")
    monkeypatch.setenv("RTI_NOW", MINUTE)
    messages: list[str] = []
    assert embargo.publish_due(home, log=messages.append) is None
    assert "the audit log has no such approval" in messages[0]
    assert fixture.find_current_name(home) == FIRST


def test_failed_publication_is_tried_again_after_a_pause(approved: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RTI_NOW", MINUTE)
    (approved.drafts / NEXT / "data" / "cell.parquet").write_bytes(b"changed")
    messages: list[str] = []
    seconds = [1.0]
    release_clock = ReleaseClock(approved, report=messages.append, monotonic=lambda: seconds[0])
    for _ in range(3):
        assert release_clock.check_release() is None
    assert len(messages) == 1 and "is not published yet" in messages[0]
    seconds[0] = 62.0
    release_clock.check_release()
    assert len(messages) == 2


def test_approval_without_announced_minute_is_refused(home: Home) -> None:
    with pytest.raises(ReleaseError, match="No time is announced"):
        embargo.approve_draft(home, actor=STEWARD, override_reason=REASON)


# -- nothing of a draft is public before

ADDRESSES = (
    "/releases/{release}", "/releases/{release}/", "/releases/{release}/en/", "/releases/{release}/en/index.html",
    "/releases/{release}/en/index.trend.csv", "/releases/{release}/en/brief.pdf", "/releases/{release}/style-0123.css",
    "/releases/{release}/manifest.json", "/releases/{release}/changes.json",
    "/releases/2026-Q3/changes.csv?since={release}", "/releases/{release}/release.duckdb",
    "/en/index.html?release={release}",
    "/releases/../restricted/drafts/{release}/manifest.json", "/en/releases.atom", "/en/calendar.ics",
    "/sdmx/v2/data/dataflow/RTI/VICTIMS?release={release}", "/sdmx/v2/registration/provider?release={release}",
    "/sdmx/v2/metadata/metadataset/RTI?release={release}", "/api/data/tables/VICTIMS/rows?release={release}",
    "/keys/../../restricted/drafts/{release}/manifest.json", "/keys/release-0123456789abcdef.pub.pem",
)  # fmt: skip


def _read_tree(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def _ask(home: Home, release: str) -> list[tuple[int, bytes]]:
    application = PlainTextResponse("another application", 404)
    pages = ReleasePages(StaticPages(application, lambda: home), lambda: home, "https://figures.example")
    service = OpenDataService(SdmxService(pages, lambda: home), lambda: home)
    client = TestClient(service, follow_redirects=False)
    answers = []
    for address in ADDRESSES:
        answer = client.get(address.format(release=release))
        repeated = release.encode() if "{release}" in address else b"-"
        answers.append((answer.status_code, answer.content.replace(repeated, b"-")))
    return answers


def test_nothing_of_an_approved_draft_is_public_before_its_minute(
    approved: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RTI_NOW", BEFORE)
    with_draft, answers = _read_tree(approved.public), _ask(approved, NEXT)
    assert answers == _ask(approved, "2031-Q1"), "a draft is answered like a release that does not exist"
    # The public service works the same without anything restricted, so that no answer and no work depends on a draft.
    approved.restricted.rename(tmp_path / "elsewhere")
    assert _ask(approved, NEXT) == answers
    assert _read_tree(approved.public) == with_draft
    names = [name for name in with_draft if NEXT in name]
    mentioning = [name for name in with_draft if NEXT.encode() in (approved.public / name).read_bytes()]
    assert (names, mentioning) == ([], ["calendar.json"]), "only the announcement names the release"


UNKNOWN = ("2031-Q3.1", "2033-Q3.1")
"""Releases that do not exist, with names as long as that of the draft."""


def _measure_answers(home: Home, middleware: Callable[[Any], Any] = lambda service: service) -> dict[str, list[float]]:
    """Return the seconds of all addresses together for the draft and for two releases that do not exist, by round.

    They are seconds of the processor, which other work of the machine does not add to. The three take turns in random
    order, so that what it does lengthen is alike for all.
    """
    application = PlainTextResponse("another application", 404)
    pages = ReleasePages(StaticPages(application, lambda: home), lambda: home, "https://figures.example")
    service = middleware(OpenDataService(SdmxService(pages, lambda: home), lambda: home))
    return run_async(_time_rounds(httpx.ASGITransport(service)))


async def _time_rounds(transport: httpx.ASGITransport) -> dict[str, list[float]]:
    seconds: dict[str, list[float]] = {release: [] for release in (NEXT, *UNKNOWN)}
    turns = random.Random(20261130)
    async with httpx.AsyncClient(transport=transport, base_url="https://figures.example") as client:
        for number in range(-3, 60):  # the first rounds fill caches
            for release in turns.sample(list(seconds), len(seconds)):
                addresses = [address.format(release=release) for address in ADDRESSES if "{release}" in address]
                begun = time.process_time()
                for address in addresses:
                    await client.get(address)
                if number >= 0:
                    seconds[release].append(time.process_time() - begun)
    return seconds


def _has_own_time(seconds: dict[str, list[float]]) -> bool:
    """Return True if the draft takes another time than a release that does not exist.

    Medians are compared. The limit is six times the standard error of their difference between the two releases that do
    not exist.
    """
    samples = np.random.default_rng(20261130)
    of_draft, of_first, of_second = (np.array(seconds[release]) for release in (NEXT, *UNKNOWN))
    drawn = [np.median(samples.choice(times, (500, len(times))), axis=1) for times in (of_first, of_second)]
    difference = np.median(of_draft) - (np.median(of_first) + np.median(of_second)) / 2
    return abs(float(difference)) > 6 * float(np.std(drawn[0] - drawn[1]))


class _BusyForDraft:
    """A service that works one and a half milliseconds longer for an address with the name of the draft."""

    def __init__(self, service: Any) -> None:
        self._service = service

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http" and NEXT in scope["path"] + scope["query_string"].decode():
            begun = time.process_time()
            while time.process_time() - begun < 0.0015:
                pass
        await self._service(scope, receive, send)


@pytest.mark.sampled(turn=7)
def test_draft_is_answered_in_the_time_of_a_release_that_does_not_exist(
    approved: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RTI_NOW", BEFORE)
    assert not _has_own_time(_measure_answers(approved))
    assert _has_own_time(_measure_answers(approved, _BusyForDraft)), "one and a half milliseconds more would be noticed"


def _write_areas(home: Home) -> None:
    """Write the tables from which the feed takes the names of areas."""
    tables = home.releases / FIRST / "data"
    tables.mkdir(exist_ok=True)
    area = {"area": "MK", "area_kind": "territory", "territory": "MK", "name_en": "North Macedonia", "footnote_en": ""}
    pl.DataFrame([area]).write_parquet(tables / "area.parquet")
    pl.DataFrame(schema={"area": pl.String, "language": pl.String, "name": pl.String}).write_parquet(
        tables / "area_name.parquet"
    )


def test_feed_is_valid_and_names_publication_correction_and_rollback(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    fixture.publish_draft(home)
    embargo.publish_notice(home, NEXT, area="MK", text="Cases were counted as persons.", actor=STEWARD)
    monkeypatch.setenv("RTI_NOW", MINUTE)
    publication.roll_back(home, FIRST, actor=STEWARD, reason=REASON)
    _write_areas(home)
    client = TestClient(ReleasePages(PlainTextResponse("other", 404), lambda: home, "https://figures.example"))
    content = client.get("/en/releases.atom").content
    assert list_feed_faults(content) == []
    feed = etree.fromstring(content)
    titles = [entry.findtext(f"{ATOM}title") for entry in feed.findall(f"{ATOM}entry")]
    assert titles[0] == f"Release {FIRST} is current again"
    assert titles[-1] == f"Release {FIRST}"
    assert set(titles[1:-1]) == {
        f"Release {NEXT}", f"Correction of figures in release {NEXT}: North Macedonia, all periods",
    }  # fmt: skip
    assert feed.findtext(f"{ATOM}entry/{ATOM}summary") == f"Made current again: {REASON}"
    summaries = {
        entry.findtext(f"{ATOM}title"): entry.findtext(f"{ATOM}summary") for entry in feed.iter(f"{ATOM}entry")
    }
    assert f"Release {NEXT} was withdrawn on 1 December 2026. Reason: {REASON}" in str(summaries[f"Release {NEXT}"])
    assert summaries[f"Release {FIRST}"] == f"Release {FIRST}", "the current release is not withdrawn"
    albanian = client.get("/sq/releases.atom").content
    assert list_feed_faults(albanian) == []
    assert etree.fromstring(albanian).findtext(f"{ATOM}id") != feed.findtext(f"{ATOM}id"), "these are two feeds"
    planted_faults = {b"T09:00:00Z<": b" 09:00<", b"author>": b"editor>", b'rel="self"': b'rel="alternate"'}
    for text, fault in planted_faults.items():
        assert text in content and list_feed_faults(content.replace(text, fault)), fault


def test_calendar_and_feed_name_releases_and_notices(home: Home) -> None:
    embargo.schedule_release(home, NEXT, clock.parse_time(MINUTE), actor=STEWARD)
    embargo.schedule_release(home, "2026-Q4", clock.parse_time(MINUTE), actor=STEWARD)
    embargo.schedule_release(home, "2026-Q4", None, actor=STEWARD, reason=REASON)
    text = "Cases were counted as persons & corrected."
    embargo.publish_notice(home, FIRST, area="MK", period="2026-Q2", text=text, actor=STEWARD)
    _write_areas(home)
    pages = ReleasePages(PlainTextResponse("other", 404), lambda: home, "https://figures.example")
    client = TestClient(pages)
    calendar = client.get("/en/calendar.ics").text
    assert calendar.count("BEGIN:VEVENT") == 2 and calendar.count("STATUS:CANCELLED") == 1
    assert "DTSTART:20261201T090000Z" in calendar
    feed = client.get("/en/releases.atom")
    assert feed.headers["content-type"].startswith("application/atom+xml")
    assert "Cases were counted as persons &amp; corrected." in feed.text and f"Release {FIRST}" in feed.text
    assert f"<title>Correction of figures in release {FIRST}: North Macedonia, 2026 Q2</title>" in feed.text
    assert f"https://figures.example/releases/{FIRST}/en/releases.html" in feed.text
    assert client.get(f"/releases/{FIRST}/changes.json").status_code == 404, "there is no release before the first one"
    key = next((home.public / "keys").glob("release-*.pub.pem"))
    assert client.get(f"/keys/{key.name}").content == key.read_bytes()


@pytest.mark.parametrize(
    ("release", "area", "text", "words"),
    [
        (NEXT, "MK", REASON, "was never published"),
        (FIRST, "ZZ", REASON, "is not a territory"),
        (FIRST, "MK", "wrong", "at least 10 characters"),
    ],
)
def test_notice_that_is_not_allowed_is_refused(home: Home, release: str, area: str, text: str, words: str) -> None:
    with pytest.raises(ReleaseError, match=words):
        embargo.publish_notice(home, release, area=area, text=text, actor=STEWARD)
    assert read_notices(home) == []


def test_people_who_asked_are_notified_of_releases_corrections_and_rollbacks(home: Home) -> None:
    engine = open_ledger(home)
    for account in ("office", "chief"):
        news.change_subscription(engine, account, is_wanted=True)
    news.change_subscription(engine, "chief", is_wanted=False)
    fixture.publish_draft(home)
    embargo.publish_notice(home, NEXT, area="MK", text="Cases were counted as persons.", actor=STEWARD)
    publication.roll_back(home, FIRST, actor=STEWARD, reason=REASON)
    queued = [notice for notice in list_notices(engine) if notice.kind == "release"]
    contents = {(notice.account_id, notice.content["what"]) for notice in queued}
    assert contents == {("office", "corrected"), ("office", "published"), ("office", "rolled_back")}
    letters = {
        notice.content["what"]: write_letter(notice, load(), "https://offices.example", demonstration=False)
        for notice in queued
    }
    assert {letter.link for letter in letters.values()} == {"https://offices.example/account"}
    assert NEXT in letters["published"].title and NEXT in letters["corrected"].title
    assert letters["rolled_back"].title == f"Release {FIRST} is current again"


# -- the switch


def test_2000_reads_during_20_switches_never_fail(tmp_path: Path) -> None:
    home = initialise_home(tmp_path / "home", "demonstration")
    names = ("2026-Q2", "2026-Q3")
    for name in names:
        (home.releases / name / "pages" / "en").mkdir(parents=True)
        (home.releases / name / "pages" / "en" / "index.html").write_text(name * 1_000, encoding="utf-8")
        (home.releases / name / "manifest.json").write_text(json.dumps({"release": name}), encoding="utf-8")
    switch_current(home, names[0])
    client = TestClient(StaticPages(PlainTextResponse("none", 404), lambda: home))
    # One switch in each 90 reads: all of them at once could happen between two reads of a busy machine.
    turns = threading.Semaphore(0)
    switches = 0

    def switch_releases() -> None:
        nonlocal switches
        for number in range(20):
            assert turns.acquire(timeout=30)
            switch_current(home, names[(number + 1) % 2])
            switches += 1

    thread = threading.Thread(target=switch_releases)
    thread.start()
    releases_read = set()
    for number in range(2_000):
        if number % 10 == 0:
            answer = client.get("/en/index.html")
            assert answer.status_code == 200
            body = answer.text
        else:
            folder = find_current_release(home)
            assert folder is not None
            body = (folder / "pages" / "en" / "index.html").read_text(encoding="utf-8")
            assert json.loads((folder / "manifest.json").read_bytes())["release"] == body[:7]
        assert body in {name * 1_000 for name in names}, "a page is of one release as a whole"
        releases_read.add(body[:7])
        if number % 90 == 0:
            turns.release()
    thread.join()
    assert (switches, releases_read) == (20, set(names))


def test_publishing_by_hand_uses_up_the_approval(approved: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RTI_NOW", MINUTE)
    fixture.publish_draft(approved)
    assert embargo.publish_due(approved) is None
    assert embargo.read_approval(approved) is None
