"""A small home of the declared territories, with an office, a head and a steward for each, whose returns have no files.

For tests of the quarter's round: returns arrive, are checked, sent and approved by their accounts; a draft is written
without computing anything.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl
import sqlalchemy as sa

from pipelines.core import clock
from pipelines.core.home import Home, initialise_home
from pipelines.declarations.registry import Registry, load
from pipelines.ledger import facts, queries
from pipelines.ledger.acts import Act, Arrival, Block, CheckResult
from pipelines.ledger.identity import SYSTEM, Grant
from pipelines.model import long_tables
from pipelines.model.periods import Period
from pipelines.publication.releases.publications import read_publications
from pipelines.publication.releases.publish import list_drafts
from pipelines.refresh import due
from pipelines.submissions import decisions, intake
from pipelines.submissions.accounts import accounts
from pipelines.submissions.timetable import Deadline, list_deadlines
from tests.support.ledger_template import open_prepared_ledger
from tests.support.releases import publication_fixture

STEWARD = "steward"
BEGINS = "2024-12-01T06:00:00Z"


def make_people(engine: sa.Engine) -> None:
    """Create an office that sends and a head that approves for each territory, and the steward of everything."""
    people = [accounts.NewAccount(STEWARD, "Steward", (Grant("steward"),), email="steward@example.org")]
    for code, territory in load().without_training().territories.items():
        places = [place.code for place in territory.jurisdictions]
        for role, name in (("submitter", office_of(code)), ("approver", head_of(code))):
            grants = tuple(Grant(role, place) for place in places)  # type: ignore[arg-type]
            people.append(accounts.NewAccount(name, f"{role} of {code}", grants, email=f"{name}@example.org"))
    with clock.freeze_time(clock.parse_time(BEGINS)):
        accounts.create_many(engine, people, by=SYSTEM)


def office_of(territory: str) -> str:
    return f"{territory.lower()}-office"


def head_of(territory: str) -> str:
    return f"{territory.lower()}-head"


@dataclass
class QuarterWorld:
    """The home with its ledger; every act happens at the time of the clock."""

    home: Home
    engine: sa.Engine
    registry: Registry
    _numbers: itertools.count[int] = field(default_factory=itertools.count)

    def list_expected(self, period: str) -> list[Deadline]:
        """Return the expected returns of a quarter or year, in the order of the timetable."""
        return [deadline for deadline in list_deadlines(self.registry) if deadline.period == period]

    def check_return(self, deadline: Deadline, *, errors: int = 0) -> str:
        """Let a return arrive and be checked; return its id."""
        declared = next(
            item
            for item in self.registry.forms.values()
            if (item.source, item.jurisdiction, item.instrument) == _office(deadline)
            and item.freq == deadline.freq
            and _is_valid(item.valid, deadline.period)
        )
        number = next(self._numbers)
        name = f"{number}-{deadline.source}-{deadline.period}"
        sender = office_of(deadline.territory)
        arrival = Arrival(f"{number:064x}", 100, name, sender, clock.now(), demonstration=self.home.kind != "real")
        identity = intake.record_arrival(self.engine, arrival).submission_id
        empty = long_tables.empty_table(long_tables.OBSERVATION), long_tables.empty_table(long_tables.CASE_EVENT)
        facts.keep_reading(self.home, identity, *empty, [])
        block = Block(
            deadline.jurisdiction, deadline.instrument, declared.series, deadline.freq, deadline.period, number
        )
        result = CheckResult(
            identity, "csv", deadline.territory, declared.id, "full", (block,), errors, (), 0, "d" * 64, "1", "h" * 64,
            clock.now(), deadline.jurisdiction, deadline.instrument,
        )  # fmt: skip
        intake.record_check(self.engine, result)
        return identity

    def send_return(self, deadline: Deadline) -> str:
        """Let a return arrive, be checked and be sent. Return its id."""
        identity = self.check_return(deadline)
        act = Act(identity, office_of(deadline.territory), clock.now(), reason="late_data")
        decisions.send_submission(self.engine, act)
        return identity

    def approve_return(self, identity: str, territory: str) -> None:
        """Approve a return by the head of its territory."""
        decisions.approve_submission(self.engine, self.home, Act(identity, head_of(territory), clock.now()))

    def accept_returns(self, deadlines: Sequence[Deadline]) -> None:
        """Send and approve returns."""
        for deadline in deadlines:
            self.approve_return(self.send_return(deadline), deadline.territory)

    def write_draft(self, release: str) -> None:
        """Replace the draft by one of a release, of everything that is accepted, as a refresh does."""
        import shutil

        for earlier in list_drafts(self.home):
            shutil.rmtree(self.home.drafts / earlier)
        accepted = queries.list_submissions(self.engine, states=["approved", "published"])
        publication_fixture.write_draft(self.home, release, [submission.submission_id for submission in accepted])
        due.mark_gathered(self.home, queries.last_event_id(self.engine))
        due.mark_refreshed(self.home)

    def list_releases(self) -> list[str]:
        """Return the published releases in their order."""
        return [line.release for line in read_publications(self.home)]

    def list_published_returns(self, release: str) -> set[str]:
        """Return the submissions that a release consists of."""
        table = pl.read_parquet(self.home.releases / release / "data" / "submission.parquet")
        return set(table["submission_id"])


def make_world(folder: Path) -> QuarterWorld:
    """Make the home below a folder."""
    home = initialise_home(folder / "home", "real")
    facts.prepare_fact_folders(home)
    return QuarterWorld(home, open_prepared_ledger(home, make_people), load())


def _is_valid(valid: str, period: str) -> bool:
    begin, _, end = valid.partition("..")
    day = Period.from_code(period).end
    return Period.from_code(begin).start <= day and (not end or day <= Period.from_code(end).end)


def _office(deadline: Deadline) -> tuple[str, str, str]:
    return deadline.source, deadline.jurisdiction, deadline.instrument
