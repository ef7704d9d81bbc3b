"""What lists and checks cost as the history grows, on made-up ledgers: by work of the database, not by the clock."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from benchmarks import ledgers
from pipelines.core.home import initialise_home
from pipelines.ledger import facts, queries, supersession
from pipelines.ledger.database import open_write_transaction
from pipelines.ledger.identity import SYSTEM, Grant, Identity
from pipelines.ledger.opening import open_ledger
from pipelines.ledger.schema import BLOCK, EVENT, SUBMISSION
from pipelines.submissions import arrivals, record
from pipelines.submissions import service as door
from pipelines.submissions.accounts import accounts, tokens
from pipelines.submissions.service import Desk, Filter

STEWARD = "the-steward"
OFFICE = "qa-sender"
BRIEF, LONG = 560, 5_600
GROWTH = 3.0
"""Ten times the history may cost so many times the work. A list that reads everything costs ten times and more."""


@dataclass
class Work:
    """What was asked of the database: statements, and thousands of steps of SQLite's virtual machine."""

    statements: int = 0
    steps: int = 0


@contextmanager
def counting(engine: sa.Engine) -> Iterator[Work]:
    """Count the work of every connection that is opened meanwhile."""
    work = Work()

    def step() -> int:
        work.steps += 1
        return 0

    def connect(connection: Any, _record: Any) -> None:
        connection.set_progress_handler(step, 1_000)

    def statement(*_: Any) -> None:
        work.statements += 1

    engine.dispose()
    sa.event.listen(engine, "connect", connect)
    sa.event.listen(engine, "before_cursor_execute", statement)
    try:
        yield work
    finally:
        sa.event.remove(engine, "connect", connect)
        sa.event.remove(engine, "before_cursor_execute", statement)
        engine.dispose()


def opened(folder: Path, submissions: int) -> Desk:
    home = initialise_home(folder / f"home-{submissions}", "demonstration")
    facts.prepare_fact_folders(home)
    engine = open_ledger(home)
    ledgers.fill_ledger(engine, submissions)
    people = [
        accounts.NewAccount(STEWARD, "Steward", (Grant("steward"),)),
        accounts.NewAccount(OFFICE, "Office", (Grant("submitter", "QA"),)),
    ]
    accounts.create_many(engine, people, by=SYSTEM)
    return Desk(home, engine, Any, "national")  # type: ignore[arg-type]  # no form is asked for


@pytest.fixture(scope="module")
def desks(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Desk]:
    """A short and a long history, to be read."""
    folder = tmp_path_factory.mktemp("growth")
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("RTI_LEDGER_URL", raising=False)
        return {size: opened(folder, size) for size in (BRIEF, LONG)}


def who(desk: Desk, account: str) -> Identity:
    return accounts.get_identity(desk.engine, account)


def grown(desks: dict[int, Desk], ask: Callable[[Desk], object]) -> None:
    """Assert that the long history costs the same statements as the short one, and hardly more work."""
    measured = {}
    for size, desk in desks.items():
        with counting(desk.engine) as work:
            ask(desk)
        measured[size] = work
    assert measured[LONG].statements == measured[BRIEF].statements
    assert measured[LONG].steps < GROWTH * measured[BRIEF].steps + 50, measured


# --------------------------------------------------------------------------------------------------------------- growth


@pytest.mark.parametrize("account", [STEWARD, OFFICE])
def test_list_of_the_api_does_not_grow_with_history(desks: dict[int, Desk], account: str) -> None:
    from pipelines.web.api.app import create_api

    # The office has 56 returns of the short history, so that both its pages are full.
    address = "/v1/submissions?limit=20" if account == OFFICE else "/v1/submissions"
    headers = {
        size: {"Authorization": f"Bearer {tokens.issue_token(desk.engine, who(desk, account), 'test').text}"}
        for size, desk in desks.items()
    }

    def ask(desk: Desk) -> None:
        size = next(size for size, one in desks.items() if one is desk)
        answer = TestClient(create_api(desk)).get(address, headers=headers[size])
        assert answer.status_code == 200 and len(answer.json()) == (20 if account == OFFICE else 100)

    grown(desks, ask)


@pytest.mark.parametrize(
    "wanted",
    [Filter(shown=("published",)), Filter(period="2000-Q2"), Filter(states=("sent",)), Filter(jurisdiction="QC")],
)
def test_filtered_page_does_not_grow_with_history(desks: dict[int, Desk], wanted: Filter) -> None:
    # Five on a page: so many returns of each kind there are in the short history too.
    grown(desks, lambda desk: door.submission_page(desk, who(desk, STEWARD), wanted, limit=5))


def test_status_does_not_grow_with_history(desks: dict[int, Desk], monkeypatch: pytest.MonkeyPatch) -> None:
    from pipelines.cli import common, main

    def ask(desk: Desk) -> None:
        monkeypatch.setenv("RTI_HOME", str(desk.home.root))
        monkeypatch.setattr("pipelines.cli.home.the_ledger", lambda _home: desk.engine)
        out = CliRunner().invoke(main.app, ["status"])
        assert out.exit_code == common.GOOD and len(out.stdout.splitlines()) == 51, out.output

    grown(desks, ask)


def test_status_shows_the_newest_and_says_how_to_see_the_others(
    desks: dict[int, Desk], monkeypatch: pytest.MonkeyPatch
) -> None:
    from pipelines.cli import main

    desk = desks[BRIEF]
    monkeypatch.setenv("RTI_HOME", str(desk.home.root))
    by_arrival = sorted((ledgers.arrival_time(n), ledgers.submission_id(n)) for n in range(BRIEF))
    expected = [identity for _, identity in by_arrival]

    def ids(*arguments: str) -> list[str]:
        out = CliRunner().invoke(main.app, ["status", "--json", *arguments])
        content = json.loads(out.stdout)
        assert content["total"] == BRIEF or "--state" in arguments
        return [one["submission_id"] for one in content["submissions"]]

    assert ids() == expected[-50:] and ids("--limit", "3") == expected[-3:]
    assert ids("--all") == expected and ids("--before", expected[5]) == expected[:5]
    assert len(ids("--state", "refused", "--state", "sent", "--all")) == 11 + 5
    shown = CliRunner().invoke(main.app, ["status", "--limit", "3"])
    assert shown.stderr == f"Showing 3 of 560. Use --all or --before {expected[-3]} to see others.\n"
    assert CliRunner().invoke(main.app, ["status", "--all"]).stderr == ""


def test_take_in_without_news_does_not_grow_with_history(
    desks: dict[int, Desk], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pipelines import refresh

    lists = {size: tmp_path / str(size) for size in desks}
    arrivals._parse.cache_clear()
    for size, desk in desks.items():
        ledgers.write_arrivals(lists[size], size)
        ledgers.settle_submissions(desk.engine)

    def ask(desk: Desk) -> None:
        monkeypatch.setenv("RTI_SAMPLES", str(lists[next(size for size, one in desks.items() if one is desk)]))
        for territory in ("QA", "QB", "QC"):
            taken = refresh.take_in(desk.home, territory)
            assert taken.checked == 0 and not taken.undecided

    monkeypatch.setattr(
        "pipelines.ledger.opening.open_ledger", lambda home: next(d.engine for d in desks.values() if d.home == home)
    )
    grown(desks, ask)
    assert arrivals._parse.cache_info().misses == len(lists), "parsed once, however many territories ask for it"


# ------------------------------------------------------------------------------------------------- the right answers


@dataclass(frozen=True)
class Row:
    """A submission as the generator says it is: the truth that the answers are held against."""

    identity: str
    state: str
    received: str
    keys: frozenset[tuple[str, str, str]]


@pytest.fixture
def desk(database: str, tmp_path: Path) -> Desk:
    """A history of each database, two editions long."""
    return opened(tmp_path, 560)


@pytest.fixture
def truth() -> list[Row]:
    """The same history, newest first."""
    rows = [
        Row(
            ledgers.submission_id(n),
            ledgers.submission_state(n, 560),
            ledgers.arrival_time(n),
            frozenset(ledgers.block_keys(n)),
        )
        for n in range(560)
    ]
    return sorted(rows, key=lambda row: (row.received, row.identity), reverse=True)


def _successors(truth: list[Row]) -> dict[str, dict[tuple[str, str, str], str]]:
    """Of each accepted submission by key the next accepted one; the events of equal times follow the generator."""
    number = {ledgers.submission_id(n): n for n in range(560)}
    accepted = sorted((row for row in truth if row.state == "published"), key=lambda row: number[row.identity])
    found: dict[str, dict[tuple[str, str, str], str]] = {}
    for place, row in enumerate(accepted):
        for key in row.keys:
            later = next((one.identity for one in accepted[place + 1 :] if key in one.keys), None)
            if later is not None:
                found.setdefault(row.identity, {})[key] = later
    return found


def test_replacements_are_the_next_accepted_returns_of_each_block(desk: Desk, truth: list[Row]) -> None:
    expected = _successors(truth)
    found = supersession.find_replacements(desk.engine, [row.identity for row in truth])
    answered = {
        identity: {(key[0], key[1], key[4]): one.submission_id for one in later for key in one.keys}
        for identity, later in found.items()
    }
    assert answered == expected and len(expected) > 200


def test_replacements_skip_what_was_withdrawn(desk: Desk, truth: list[Row]) -> None:
    expected = _successors(truth)
    first = next(row for row in reversed(truth) if len(set(expected.get(row.identity, {}).values())) > 1)
    gone = next(iter(expected[first.identity].values()))
    with open_write_transaction(desk.engine) as connection:
        connection.execute(sa.update(SUBMISSION).where(SUBMISSION.c.submission_id == gone).values(state="withdrawn"))
    later = {one.submission_id for one in supersession.find_replacements(desk.engine, [first.identity])[first.identity]}
    without = [row for row in truth if row.identity != gone]
    assert later == set(_successors(without)[first.identity].values()) and gone not in later


def test_accepted_blocks_are_the_newest_of_each_key(desk: Desk, truth: list[Row]) -> None:
    replaced = _successors(truth)
    expected = {
        key: row.identity
        for row in truth
        if row.state == "published"
        for key in row.keys
        if key not in replaced.get(row.identity, {})
    }
    found = {(k[0], k[1], k[4]): holder for k, holder in supersession.accepted_blocks(desk.engine).items()}
    of_one = supersession.accepted_blocks(desk.engine, jurisdictions=["QA"])
    assert found == expected
    assert {k[4] for k in of_one} and {k[0] for k in of_one} == {"QA"}


def _all_pages(desk: Desk, person: Identity, wanted: Filter, limit: int) -> list[door.Page]:
    pages, position = [], None
    while True:
        page = door.submission_page(desk, person, wanted, limit=limit, older_than=position)
        pages.append(page)
        if page.older is None:
            return pages
        position = page.older


def _ids(pages: list[door.Page]) -> list[str]:
    return [entry.submission_id for page in pages for entry in page.entries]


def test_pages_together_are_the_whole_list_in_order(desk: Desk, truth: list[Row]) -> None:
    person = who(desk, STEWARD)
    # A return of which no form was recognised yet belongs to its sender alone; the generator's all have one.
    pages = _all_pages(desk, person, Filter(), 97)
    assert _ids(pages) == [row.identity for row in truth]
    assert [len(page.entries) for page in pages] == [97] * 5 + [75]
    assert pages[0].newer is None and pages[-1].older is None


def test_newer_pages_are_the_older_ones_backwards(desk: Desk) -> None:
    person = who(desk, STEWARD)
    pages = _all_pages(desk, person, Filter(), 97)
    back = door.submission_page(desk, person, limit=97, newer_than=pages[2].newer)
    assert _ids([back]) == _ids([pages[1]]) and back.newer is not None and back.older == pages[1].older
    first = door.submission_page(desk, person, limit=97, newer_than=back.newer)
    assert _ids([first]) == _ids([pages[0]]) and first.newer is None


def test_pages_are_filtered_as_people_read_the_states(desk: Desk, truth: list[Row]) -> None:
    person, successors = who(desk, STEWARD), _successors(truth)

    def shown(row: Row) -> str:
        return "replaced" if len(successors.get(row.identity, {})) == len(row.keys) else row.state

    for states in (("replaced",), ("published",), ("published", "replaced"), ("sent", "refused"), ("approved",)):
        expected = [row.identity for row in truth if shown(row) in states]
        assert _ids(_all_pages(desk, person, Filter(shown=states), 60)) == expected, states
    for wanted, test in (
        (Filter(jurisdiction="QC"), lambda key: key[0] == "QC"),
        (Filter(instrument="victims"), lambda key: key[1] == "victims"),
        (Filter(period="2000-Q3"), lambda key: key[2] == "2000-Q3"),
    ):
        expected = [row.identity for row in truth if any(map(test, row.keys))]
        assert _ids(_all_pages(desk, person, wanted, 60)) == expected, wanted


def test_a_page_is_filled_up_behind_what_may_not_be_seen(desk: Desk, truth: list[Row]) -> None:
    viewer = Identity("a-viewer", "Viewer", "en", (Grant("viewer", instrument="justice"),))
    drafts = ("received", "checked", "refused")
    mine = [row.identity for row in truth if row.state not in drafts and any(key[1] == "justice" for key in row.keys)]
    pages = _all_pages(desk, viewer, Filter(), 25)
    assert _ids(pages) == mine
    assert all(len(page.entries) == 25 for page in pages[:-1])


def test_periods_of_a_filter_are_those_of_returns_that_may_be_seen(desk: Desk, truth: list[Row]) -> None:
    newest = truth[0]
    assert newest.state == "received"
    (jurisdiction, instrument, _), *_ = newest.keys
    with open_write_transaction(desk.engine) as connection:
        # A draft is the only return of its period.
        of_it = sa.and_(BLOCK.c.submission_id == newest.identity, BLOCK.c.period == max(key[2] for key in newest.keys))
        connection.execute(sa.update(BLOCK).where(of_it).values(period="2099-Q4"))
    known = sorted({key[2] for row in truth for key in row.keys}, reverse=True)
    seen = {
        role: door.reported_periods(
            desk, Identity("someone", "Someone", "en", (Grant(role, jurisdiction, instrument),))
        )
        for role in ("viewer", "approver")
    }
    assert seen == {"viewer": known, "approver": ["2099-Q4", *known]}
    assert door.reported_periods(desk, Identity("nobody", "Nobody", "en", ())) == []


def test_waiting_is_what_no_check_by_these_rules_has_seen(desk: Desk, truth: list[Row]) -> None:
    received = {row.identity for row in truth if row.state == "received"}
    unsent = {row.identity for row in truth if row.state in ("checked", "refused")}

    def ids(*rules: str, **more: Any) -> set[str]:
        return {s.submission_id for s in queries.find_waiting(desk.engine, *rules, **more)}

    assert ids("d" * 64, "1") == received
    assert ids("d" * 64, "2") == ids("e" * 64, "1") == received | unsent
    newest = truth[0]
    assert ids("d" * 64, "1", only=[newest.identity]) == {newest.identity}
    with open_write_transaction(desk.engine) as connection:
        by_id = SUBMISSION.c.submission_id == newest.identity
        connection.execute(sa.update(SUBMISSION).where(by_id).values(territory=None))
    assert newest.identity in ids("d" * 64, "1", territory="QA") & ids("d" * 64, "1", territory="QB")


def test_the_generator_makes_what_the_ledger_would(desk: Desk) -> None:
    """Counts of a generated ledger, so that no figure above is of an empty one."""
    assert queries.count_by_state(desk.engine) == {
        "checked": 3, "published": 539, "received": 2, "refused": 11, "sent": 5,
    }  # fmt: skip
    assert record.BATCH > 560
    with desk.engine.connect() as connection:
        events, blocks = (
            connection.execute(sa.select(sa.func.count()).select_from(t)).scalar() for t in (EVENT, BLOCK)
        )
    assert events == 539 * 6 + 11 * 2 + 5 * 4 + 3 * 2 + 2 and blocks is not None and blocks > 1_200
