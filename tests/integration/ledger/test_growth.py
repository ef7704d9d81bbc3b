"""Cost of lists and checks as the history grows, on made-up ledgers: measured in database work, not in time."""

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
from pipelines.ledger.export import update_export
from pipelines.ledger.identity import SYSTEM, Grant, Identity
from pipelines.ledger.opening import open_ledger
from pipelines.ledger.schema import BLOCK, EVENT, SUBMISSION
from pipelines.submissions import arrivals, waiting_checks
from pipelines.submissions import service as door
from pipelines.submissions.accounts import accounts, tokens
from pipelines.submissions.service import Desk, SubmissionFilter

pytestmark = pytest.mark.sampled(of="database")

STEWARD = "the-steward"
OFFICE = "qa-sender"
BRIEF, LONG = 560, 5_600
GROWTH = 3.0
"""Largest allowed growth of work for ten times the history. A list that reads everything grows at least tenfold."""


@dataclass
class Work:
    """Work of the database: statements, and thousands of steps of SQLite's virtual machine."""

    statements: int = 0
    steps: int = 0


@contextmanager
def count_work(engine: sa.Engine) -> Iterator[Work]:
    """Count the work of every connection that is opened meanwhile."""
    work = Work()

    def count_step() -> int:
        work.steps += 1
        return 0

    def set_handler(connection: Any, _record: Any) -> None:
        connection.set_progress_handler(count_step, 1_000)

    def count_statement(*_: Any) -> None:
        work.statements += 1

    engine.dispose()
    sa.event.listen(engine, "connect", set_handler)
    sa.event.listen(engine, "before_cursor_execute", count_statement)
    try:
        yield work
    finally:
        sa.event.remove(engine, "connect", set_handler)
        sa.event.remove(engine, "before_cursor_execute", count_statement)
        engine.dispose()


def open_filled_desk(folder: Path, submissions: int) -> Desk:
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
    """A short and a long history, for reading only."""
    folder = tmp_path_factory.mktemp("growth")
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("RTI_LEDGER_URL", raising=False)
        return {size: open_filled_desk(folder, size) for size in (BRIEF, LONG)}


def get_identity(desk: Desk, account: str) -> Identity:
    return accounts.get_identity(desk.engine, account)


def assert_no_growth(desks: dict[int, Desk], ask: Callable[[Desk], object]) -> None:
    """Assert that the long history needs as many statements as the short one, and hardly more work."""
    measured = {}
    for size, desk in desks.items():
        with count_work(desk.engine) as work:
            ask(desk)
        measured[size] = work
    assert measured[LONG].statements == measured[BRIEF].statements
    assert measured[LONG].steps < GROWTH * measured[BRIEF].steps + 50, measured


# --------------------------------------------------------------------------------------------------------------- growth


@pytest.mark.parametrize("account", [STEWARD, OFFICE])
def test_api_list_cost_is_constant_with_history(desks: dict[int, Desk], account: str) -> None:
    from pipelines.web.api.app import create_api

    # The office has 56 returns of the short history, so that both its pages are full.
    address = "/v1/submissions?limit=20" if account == OFFICE else "/v1/submissions"
    headers = {
        size: {"Authorization": f"Bearer {tokens.issue_token(desk.engine, get_identity(desk, account), 'test').text}"}
        for size, desk in desks.items()
    }

    def request_list(desk: Desk) -> None:
        size = next(size for size, candidate in desks.items() if candidate is desk)
        answer = TestClient(create_api(desk)).get(address, headers=headers[size])
        assert answer.status_code == 200 and len(answer.json()) == (20 if account == OFFICE else 100)

    assert_no_growth(desks, request_list)


@pytest.mark.parametrize(
    "selection",
    [
        SubmissionFilter(shown=("published",)),
        SubmissionFilter(period="2000-Q2"),
        SubmissionFilter(states=("sent",)),
        SubmissionFilter(jurisdiction="QC"),
    ],
)
def test_filtered_page_cost_is_constant_with_history(desks: dict[int, Desk], selection: SubmissionFilter) -> None:
    # Five on a page, because the short history has no more returns of each kind.
    assert_no_growth(desks, lambda desk: door.submission_page(desk, get_identity(desk, STEWARD), selection, limit=5))


def test_status_cost_is_constant_with_history(desks: dict[int, Desk], monkeypatch: pytest.MonkeyPatch) -> None:
    from pipelines.cli import common, main

    def run_status(desk: Desk) -> None:
        monkeypatch.setenv("RTI_HOME", str(desk.home.root))
        monkeypatch.setattr("pipelines.cli.home.the_ledger", lambda _home: desk.engine)
        result = CliRunner().invoke(main.app, ["status"])
        returns, _, _ = result.stdout.partition("\n\nQuarter ")
        assert result.exit_code == common.GOOD and len(returns.splitlines()) == 51, result.output

    assert_no_growth(desks, run_status)


def test_continued_export_costs_the_same_with_history(desks: dict[int, Desk]) -> None:
    for desk in desks.values():
        update_export(desk.engine, desk.home.gathered)
    assert_no_growth(desks, lambda desk: update_export(desk.engine, desk.home.gathered))


def test_status_shows_newest_and_explains_how_to_see_others(
    desks: dict[int, Desk], monkeypatch: pytest.MonkeyPatch
) -> None:
    from pipelines.cli import main

    desk = desks[BRIEF]
    monkeypatch.setenv("RTI_HOME", str(desk.home.root))
    by_arrival = sorted((ledgers.arrival_time(n), ledgers.submission_id(n)) for n in range(BRIEF))
    expected = [identity for _, identity in by_arrival]

    def list_ids(*arguments: str) -> list[str]:
        result = CliRunner().invoke(main.app, ["status", "--json", *arguments])
        content = json.loads(result.stdout)
        assert content["total"] == BRIEF or "--state" in arguments
        return [submission["submission_id"] for submission in content["submissions"]]

    assert list_ids() == expected[-50:] and list_ids("--limit", "3") == expected[-3:]
    assert list_ids("--all") == expected and list_ids("--before", expected[5]) == expected[:5]
    assert len(list_ids("--state", "refused", "--state", "sent", "--all")) == 11 + 5
    newest = CliRunner().invoke(main.app, ["status", "--limit", "3"])
    assert newest.stderr == f"Showing 3 of 560. Use --all or --before {expected[-3]} to see others.\n"
    assert CliRunner().invoke(main.app, ["status", "--all"]).stderr == ""


def test_take_in_without_news_cost_is_constant_with_history(
    desks: dict[int, Desk], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pipelines import refresh

    lists = {size: tmp_path / str(size) for size in desks}
    arrivals._parse.cache_clear()
    for size, desk in desks.items():
        ledgers.write_arrivals(lists[size], size)
        ledgers.settle_submissions(desk.engine)

    def take_in_all(desk: Desk) -> None:
        monkeypatch.setenv(
            "RTI_SAMPLES", str(lists[next(size for size, candidate in desks.items() if candidate is desk)])
        )
        for territory in ("QA", "QB", "QC"):
            intake = refresh.take_in(desk.home, territory)
            assert intake.checked == 0 and not intake.undecided

    monkeypatch.setattr(
        "pipelines.ledger.opening.open_ledger", lambda home: next(d.engine for d in desks.values() if d.home == home)
    )
    assert_no_growth(desks, take_in_all)
    assert arrivals._parse.cache_info().misses == len(lists), "each list must be parsed once, not once per territory"


# ------------------------------------------------------------------------------------------------- the right answers


@dataclass(frozen=True)
class Row:
    """A submission as the generator made it, to compare answers with."""

    identity: str
    state: str
    received: str
    keys: frozenset[tuple[str, str, str]]


@pytest.fixture
def desk(database: str, tmp_path: Path) -> Desk:
    """A history two editions long, on each database."""
    return open_filled_desk(tmp_path, 560)


@pytest.fixture
def generated_rows() -> list[Row]:
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


def _find_successors(generated_rows: list[Row]) -> dict[str, dict[tuple[str, str, str], str]]:
    """Return the next accepted submission of each accepted one by key, in the order of the generator."""
    number = {ledgers.submission_id(n): n for n in range(560)}
    accepted = sorted((row for row in generated_rows if row.state == "published"), key=lambda row: number[row.identity])
    successors: dict[str, dict[tuple[str, str, str], str]] = {}
    for place, row in enumerate(accepted):
        for key in row.keys:
            later = next((candidate.identity for candidate in accepted[place + 1 :] if key in candidate.keys), None)
            if later is not None:
                successors.setdefault(row.identity, {})[key] = later
    return successors


def test_find_replacements_returns_next_accepted_return_of_each_block(desk: Desk, generated_rows: list[Row]) -> None:
    expected = _find_successors(generated_rows)
    replacements = supersession.find_replacements(desk.engine, [row.identity for row in generated_rows])
    by_key = {
        identity: {
            (key[0], key[1], key[4]): replacement.submission_id for replacement in later for key in replacement.keys
        }
        for identity, later in replacements.items()
    }
    assert by_key == expected and len(expected) > 200


def test_find_replacements_skips_withdrawn_returns(desk: Desk, generated_rows: list[Row]) -> None:
    expected = _find_successors(generated_rows)
    first = next(row for row in reversed(generated_rows) if len(set(expected.get(row.identity, {}).values())) > 1)
    withdrawn = next(iter(expected[first.identity].values()))
    with open_write_transaction(desk.engine) as connection:
        connection.execute(
            sa.update(SUBMISSION).where(SUBMISSION.c.submission_id == withdrawn).values(state="withdrawn")
        )
    later = {
        replacement.submission_id
        for replacement in supersession.find_replacements(desk.engine, [first.identity])[first.identity]
    }
    remaining = [row for row in generated_rows if row.identity != withdrawn]
    assert later == set(_find_successors(remaining)[first.identity].values()) and withdrawn not in later


def test_accepted_blocks_returns_newest_of_each_key(desk: Desk, generated_rows: list[Row]) -> None:
    replaced = _find_successors(generated_rows)
    expected = {
        key: row.identity
        for row in generated_rows
        if row.state == "published"
        for key in row.keys
        if key not in replaced.get(row.identity, {})
    }
    accepted = {(k[0], k[1], k[4]): holder for k, holder in supersession.accepted_blocks(desk.engine).items()}
    accepted_of_qa = supersession.accepted_blocks(desk.engine, jurisdictions=["QA"])
    assert accepted == expected
    assert {k[4] for k in accepted_of_qa} and {k[0] for k in accepted_of_qa} == {"QA"}


def _read_all_pages(desk: Desk, person: Identity, selection: SubmissionFilter, limit: int) -> list[door.SubmissionPage]:
    pages, position = [], None
    while True:
        page = door.submission_page(desk, person, selection, limit=limit, older_than=position)
        pages.append(page)
        if page.older is None:
            return pages
        position = page.older


def _list_ids(pages: list[door.SubmissionPage]) -> list[str]:
    return [entry.submission_id for page in pages for entry in page.entries]


def test_pages_together_hold_whole_list_in_order(desk: Desk, generated_rows: list[Row]) -> None:
    person = get_identity(desk, STEWARD)
    # Only its sender can see a return whose form is not recognised; all generated returns have a form.
    pages = _read_all_pages(desk, person, SubmissionFilter(), 97)
    assert _list_ids(pages) == [row.identity for row in generated_rows]
    assert [len(page.entries) for page in pages] == [97] * 5 + [75]
    assert pages[0].newer is None and pages[-1].older is None


def test_newer_than_returns_previous_page(desk: Desk) -> None:
    person = get_identity(desk, STEWARD)
    pages = _read_all_pages(desk, person, SubmissionFilter(), 97)
    back = door.submission_page(desk, person, limit=97, newer_than=pages[2].newer)
    assert _list_ids([back]) == _list_ids([pages[1]]) and back.newer is not None and back.older == pages[1].older
    first = door.submission_page(desk, person, limit=97, newer_than=back.newer)
    assert _list_ids([first]) == _list_ids([pages[0]]) and first.newer is None


def test_pages_are_filtered_by_shown_state_and_key(desk: Desk, generated_rows: list[Row]) -> None:
    person, successors = get_identity(desk, STEWARD), _find_successors(generated_rows)

    def shown_state(row: Row) -> str:
        return "replaced" if len(successors.get(row.identity, {})) == len(row.keys) else row.state

    for states in (("replaced",), ("published",), ("published", "replaced"), ("sent", "refused"), ("approved",)):
        expected = [row.identity for row in generated_rows if shown_state(row) in states]
        assert _list_ids(_read_all_pages(desk, person, SubmissionFilter(shown=states), 60)) == expected, states
    for selection, matches_key in (
        (SubmissionFilter(jurisdiction="QC"), lambda key: key[0] == "QC"),
        (SubmissionFilter(instrument="victims"), lambda key: key[1] == "victims"),
        (SubmissionFilter(period="2000-Q3"), lambda key: key[2] == "2000-Q3"),
    ):
        expected = [row.identity for row in generated_rows if any(map(matches_key, row.keys))]
        assert _list_ids(_read_all_pages(desk, person, selection, 60)) == expected, selection


def test_page_is_full_although_some_returns_are_hidden(desk: Desk, generated_rows: list[Row]) -> None:
    viewer = Identity("a-viewer", "Viewer", "en", (Grant("viewer", instrument="justice"),))
    drafts = ("received", "checked", "refused")
    mine = [
        row.identity
        for row in generated_rows
        if row.state not in drafts and any(key[1] == "justice" for key in row.keys)
    ]
    pages = _read_all_pages(desk, viewer, SubmissionFilter(), 25)
    assert _list_ids(pages) == mine
    assert all(len(page.entries) == 25 for page in pages[:-1])


def test_reported_periods_are_those_of_visible_returns(desk: Desk, generated_rows: list[Row]) -> None:
    newest = generated_rows[0]
    assert newest.state == "received"
    (jurisdiction, instrument, _), *_ = newest.keys
    with open_write_transaction(desk.engine) as connection:
        # A draft is the only return of its period.
        of_newest = sa.and_(
            BLOCK.c.submission_id == newest.identity, BLOCK.c.period == max(key[2] for key in newest.keys)
        )
        connection.execute(sa.update(BLOCK).where(of_newest).values(period="2099-Q4"))
    periods = sorted({key[2] for row in generated_rows for key in row.keys}, reverse=True)
    periods_by_role = {
        role: door.reported_periods(
            desk, Identity("someone", "Someone", "en", (Grant(role, jurisdiction, instrument),))
        )
        for role in ("viewer", "approver")
    }
    assert periods_by_role == {"viewer": periods, "approver": ["2099-Q4", *periods]}
    assert door.reported_periods(desk, Identity("nobody", "Nobody", "en", ())) == []


def test_find_waiting_returns_submissions_not_checked_by_these_rules(desk: Desk, generated_rows: list[Row]) -> None:
    received = {row.identity for row in generated_rows if row.state == "received"}
    unsent = {row.identity for row in generated_rows if row.state in ("checked", "refused")}

    def find_ids(*rules: str, **more: Any) -> set[str]:
        return {s.submission_id for s in queries.find_waiting(desk.engine, *rules, **more)}

    assert find_ids("d" * 64, "1") == received
    assert find_ids("d" * 64, "2") == find_ids("e" * 64, "1") == received | unsent
    newest = generated_rows[0]
    assert find_ids("d" * 64, "1", only=[newest.identity]) == {newest.identity}
    with open_write_transaction(desk.engine) as connection:
        by_id = SUBMISSION.c.submission_id == newest.identity
        connection.execute(sa.update(SUBMISSION).where(by_id).values(territory=None))
    assert newest.identity in find_ids("d" * 64, "1", territory="QA") & find_ids("d" * 64, "1", territory="QB")


def test_generated_ledger_has_expected_counts(desk: Desk) -> None:
    """Check the counts of a generated ledger, so that no test above passes on an empty one."""
    assert queries.count_by_state(desk.engine) == {
        "checked": 3, "published": 539, "received": 2, "refused": 11, "sent": 5,
    }  # fmt: skip
    assert waiting_checks.BATCH > 560
    with desk.engine.connect() as connection:
        events, blocks = (
            connection.execute(sa.select(sa.func.count()).select_from(t)).scalar() for t in (EVENT, BLOCK)
        )
    assert events == 539 * 6 + 11 * 2 + 5 * 4 + 3 * 2 + 2 and blocks is not None and blocks > 1_200
