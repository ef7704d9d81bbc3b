"""A home like that of `quarter_world.py`, in which the offices hand in generated files at the desk of their service.

Every file is read, checked, sent with a receipt and approved as in the offices' pages. The generator that writes a file
also states what it means, so that figures of a release can be compared with sums that no part of the program has made.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import Any

import polars as pl

from pipelines.core.codes import REGION
from pipelines.ledger import queries
from pipelines.ledger.identity import Identity
from pipelines.submissions import service
from pipelines.submissions.accounts import accounts
from pipelines.submissions.timetable import Deadline
from tests.samples import plan
from tests.samples.arrivals import golden_rows
from tests.samples.articles import list_articles
from tests.samples.rows import Period, SampleReturn
from tests.samples.simulation import draw_cohort
from tests.samples.truth import Truth
from tests.support.quarter_world import QuarterWorld, head_of, make_world, office_of
from tests.support.warehouse import truth_counts

SEED = 2031
"""Another seed than that of the demonstration, whose files a real home refuses."""
FileKey = tuple[str, str, str]
"""Office, instrument and last period of a file."""
_COUNTED = ("justice", "victims")
"""Instruments whose files state counts; a register states events, and cooperation has tables of its own."""
_ATTEMPTS = 5
"""On a machine that is busy with other work, reading may take longer than a file may take; it is then refused."""
_EXPLANATION = "The office has compared these figures with its own records and confirms them."
Values = dict[tuple[Any, ...], truth_counts.Value]
"""Value by area, frequency, period and cell."""


def make_files(
    truth: Truth, periods: Collection[str], only: Sequence[str] | None = None
) -> dict[FileKey, SampleReturn]:
    """Make the files of all offices for some periods, or those of the territories `only`, without corrections."""
    with plan.limit_returns(lambda due: due.period.code in periods and not due.back):
        samples = [sample for sample in plan.make_returns(truth, only) if not sample.corrects]
    return {(sample.source, sample.instrument, sample.periods[-1].code): sample for sample in samples}


def report_more_cases(truth: Truth, jurisdiction: str, article: str, period: Period) -> Truth:
    """Return a copy of the truth with further cases of an article that were reported in a period, and what follows."""
    (declared,) = [item for item in list_articles(jurisdiction) if item.article == article]
    cohort, more = draw_cohort(truth.seed + 1, declared, period), truth.copy_tables()
    more.add_case(
        [
            happening._replace(
                proceeding=f"{happening.proceeding}+",
                person=happening.person._replace(number=f"{happening.person.number}+"),
            )
            for happening in cohort.happenings
        ],
        [
            stay._replace(
                proceeding=f"{stay.proceeding}+", person=stay.person._replace(number=f"{stay.person.number}+")
            )
            for stay in cohort.stays
        ],
    )
    return more


@dataclass
class OfficeWorld(QuarterWorld):
    """The home, the file of each expected return, and the files that are accepted, by submission."""

    files: dict[FileKey, SampleReturn] = field(default_factory=dict)
    corrections: dict[FileKey, SampleReturn] = field(default_factory=dict)
    """Files that replace some of `files` later."""
    handed_in: dict[str, SampleReturn] = field(default_factory=dict)
    accepted: dict[str, SampleReturn] = field(default_factory=dict)

    @property
    def desk(self) -> service.Desk:
        return service.Desk(self.home, self.engine, self.registry)

    def get_identity(self, account: str) -> Identity:
        """Return the identity of an account."""
        return accounts.get_identity(self.engine, account)

    def check_return(self, deadline: Deadline, *, errors: int = 0) -> str:
        """Upload the file of an expected return, which is read and checked; return its id."""
        assert not errors, "the generated files have no errors"
        sample = self.files[deadline.source, deadline.instrument, deadline.period]
        office, name = self.get_identity(office_of(deadline.territory)), PurePath(sample.path).name
        for _ in range(_ATTEMPTS):
            result = service.upload_file(self.desk, office, sample.data, name)
            if result.state == "checked":
                break
        assert result.submission_id is not None and result.state == "checked", result.as_json()
        self.handed_in[result.submission_id] = sample
        return result.submission_id

    def send_return(self, deadline: Deadline) -> str:
        """Upload the file of an expected return, explain its warnings, and send it. Return its id."""
        identity, office = self.check_return(deadline), self.get_identity(office_of(deadline.territory))
        if queries.list_unjustified(self.engine, identity):
            service.justify_warnings(self.desk, office, identity, None, "confirmed_with_source", _EXPLANATION)
        service.send_submission(self.desk, office, identity, reason="late_data")
        return identity

    def approve_return(self, identity: str, territory: str) -> None:
        """Approve a return by the head of its territory."""
        service.approve_submission(self.desk, self.get_identity(head_of(territory)), identity)
        self.accepted[identity] = self.handed_in[identity]

    def withdraw_return(self, identity: str, territory: str) -> None:
        """Withdraw an accepted return: its office asks for it, and its head decides."""
        reason = ("wrong_return", "Another office's file was sent.")
        service.ask_withdrawal(self.desk, self.get_identity(office_of(territory)), identity, *reason)
        service.withdraw_submission(self.desk, self.get_identity(head_of(territory)), identity, *reason)
        del self.accepted[identity]

    def list_used_returns(self, release: str) -> set[str]:
        """Return the submissions behind the counts of a release."""
        return set(pl.read_parquet(self.home.releases / release / "data" / "cell_submission.parquet")["submission_id"])

    def add_up_files(self) -> Values:
        """Return the counts of all areas that follow from the accepted files, without any part of the program."""
        samples: dict[str, list[SampleReturn]] = defaultdict(list)
        for sample in self.accepted.values():
            samples[sample.territory].append(sample)
        offices = {}
        for territory in self.registry.without_training().territories:
            rows = [row for row in golden_rows(samples[territory]) if row.instrument in _COUNTED]
            offices[territory] = truth_counts.office_counts(
                {name: "" if value is None else str(value) for name, value in row._asdict().items()} for row in rows
            )
            registers = [sample.events for sample in samples[territory] if sample.instrument == "register"]
            offices[territory] |= truth_counts.register_counts(event for events in registers for event in events)
        areas = truth_counts.build_areas(offices)
        for counts in (*areas.jurisdictions.values(), *areas.territories.values()):
            _add_stocks_of_years(counts)
        return _list_values(areas.jurisdictions) | _list_values(areas.territories) | _add_up_region(areas.territories)


def _add_stocks_of_years(counts: truth_counts.Counts) -> None:
    """Add the stocks at the start and the end of a year, which its first and last quarter state; others may be missing.

    The files of a home that begins with a fourth quarter state the stocks at the end of that year, and no flow of it.
    """
    for year in {period[:4] for _, period in counts}:
        for quarter, statistic in ((1, "start"), (4, "end")):
            for cell, value in counts.get(("Q", f"{year}-Q{quarter}"), {}).items():
                if cell[3] == statistic:
                    counts.setdefault(("A", year), {}).setdefault(cell, value)


def _list_values(areas: Mapping[str, truth_counts.Counts]) -> Values:
    return {
        (area, *period, cell): value
        for area, counts in areas.items()
        for period, cells in counts.items()
        for cell, value in cells.items()
    }


def _add_up_region(territories: Mapping[str, truth_counts.Counts]) -> Values:
    """Return the figures of the region, the sums of those territories that have a figure."""
    sums: Values = defaultdict(float)
    for counts in territories.values():
        for period, cells in counts.items():
            for cell, value in cells.items():
                if value is not None:
                    sums[REGION, *period, cell] += value  # type: ignore[operator]
    return dict(sums)


def make_office_world(folder: Path) -> OfficeWorld:
    """Make the home below a folder, without files."""
    world = make_world(folder)
    return OfficeWorld(world.home, world.engine, world.registry)
