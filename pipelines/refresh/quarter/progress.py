"""Measure how far the round of a quarter is: what is done, what waits, and for whom."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Literal

from pipelines.core import clock
from pipelines.publication.releases.calendar import find_planned
from pipelines.publication.releases.editions import next_edition
from pipelines.refresh import due, embargo
from pipelines.refresh.quarter import standing
from pipelines.refresh.quarter.acts import CATCH_UP, list_act_days
from pipelines.refresh.quarter.release_days import find_release_day
from pipelines.submissions import quarter_log, timetable

if TYPE_CHECKING:
    import sqlalchemy as sa

    from pipelines.core.home import Home
    from pipelines.declarations.registry import Registry
    from pipelines.submissions.timetable import ExpectedReturn, QuarterPlan

StepName = Literal["open", "collection", "queries", "draft", "signatures", "release"]
StepState = Literal["done", "skipped", "waiting", "ahead"]
"""`skipped`: not done in time, so that the round continued without it; `waiting`: somebody can act now; `ahead`: its
day has not come."""
Cause = Literal[
    "program", "missing", "findings", "unapproved", "signature", "steward_announces", "steward_approves", "minute"
]


@dataclass(frozen=True, slots=True)
class Wait:
    """The cause for which a step waits. The other fields name the return, the territory or the minute.

    `submission` is the draft or sent return that somebody has to finish, or empty.
    """

    cause: Cause
    territory: str = ""
    office: str = ""
    instrument: str = ""
    period: str = ""
    at: str = ""
    jurisdiction: str = ""
    submission: str = ""


@dataclass(frozen=True, slots=True)
class QuarterStep:
    """One step. `day` is its last day by the timetable, `done_at` the time at which it was done, if that is recorded.

    The steps of a correction have no day until its release is announced. `n_done` of `n_all` returns or signatures are
    there; both are 0 for a step that does not count.
    """

    name: StepName
    state: StepState
    day: date | None
    done_at: str = ""
    n_done: int = 0
    n_all: int = 0
    waits: tuple[Wait, ...] = ()

    def is_late(self, today: date) -> bool:
        """Return True if the step waits although its last day is over."""
        return self.state == "waiting" and self.day is not None and today > self.day


@dataclass(frozen=True, slots=True)
class CorrectedRelease:
    """A correction that was published, and how many territories had signed their sheets of it."""

    release: str
    published_at: str
    n_signed: int
    n_all: int


@dataclass(frozen=True, slots=True)
class QuarterProgress:
    """The steps of the round of one quarter, or of a correction after it.

    `release` is the release that ended the round, or empty; `correction` the name of the corrected release, or empty.
    `corrections` are those that were published after the release, oldest first.
    """

    quarter: str
    steps: tuple[QuarterStep, ...]
    release: str = ""
    correction: str = ""
    corrections: tuple[CorrectedRelease, ...] = ()

    @property
    def waits(self) -> list[Wait]:
        """Return everything that somebody is waited for."""
        return [wait for step in self.steps for wait in step.waits]


def measure_progress(home: Home, engine: sa.Engine, registry: Registry) -> list[QuarterProgress]:
    """Return the progress of the newest quarter that has ended, after that of the one before unless it is released.

    A released quarter is followed by its correction if returns were accepted or withdrawn since.
    """
    plans = timetable.plan_current_quarters(registry)
    late = [plan for plan in plans[:-1] if standing.find_quarter_release(home, plan) is None]
    # A home that is younger than a quarter has nothing to finish in it.
    late = [plan for plan in late if quarter_log.read_quarter_acts(engine, plan.quarter.code)]
    rounds = [_measure(home, engine, registry, plan) for plan in (*late, *plans[-1:])]
    corrections = [_measure_correction(home, engine, registry, plan) for plan in plans]
    return [*rounds, *(correction for correction in corrections if correction is not None)]


def _measure(home: Home, engine: sa.Engine, registry: Registry, plan: QuarterPlan) -> QuarterProgress:
    published = standing.find_quarter_release(home, plan)
    cells = standing.read_cells(engine, registry, plan)
    acts = {entry.act: entry.at for entry in quarter_log.read_quarter_acts(engine, plan.quarter.code)}
    today = clock.now().date()
    opened = _make_step("open", plan.opens, today, done_at=acts.get("open_collection", ""), waits=[Wait("program")])
    if opened.state == "waiting" and today > min(plan.opens + CATCH_UP, list_act_days(plan)["close_collection"]):
        # The program makes up for a missed day within two weeks, and invites nobody to a collection that has ended.
        opened = QuarterStep("open", "skipped", plan.opens)
    is_released = published is not None
    steps = [opened, _measure_collection(plan, cells), _measure_queries(plan, cells, today, is_released=is_released)]
    if published is not None:
        steps.append(QuarterStep("draft", "done", plan.queries))
        steps.append(_recall_signatures(home, engine, registry, plan, published.release))
        steps.append(QuarterStep("release", "done", plan.release, published.published_at))
        corrections = _recall_corrections(home, engine, registry, plan, published.release)
        return QuarterProgress(plan.quarter.code, tuple(steps), published.release, corrections=corrections)
    draft = standing.find_quarter_draft(home, engine, plan)
    is_fresh = draft is not None and not _find_news(home, engine).territories
    steps.append(_make_step("draft", plan.queries, today, is_done=is_fresh, waits=[Wait("program")]))
    steps.append(_measure_signatures(home, registry, plan, draft, today))
    steps.append(_measure_release(home, plan, draft, today))
    return QuarterProgress(plan.quarter.code, tuple(steps))


def _find_news(home: Home, engine: sa.Engine) -> due.News:
    """Return what was accepted or withdrawn since the last refresh: nothing else makes a draft out of date."""
    return due.find_news(home, after=0, engine=engine, only_counted=True)


def _measure_correction(home: Home, engine: sa.Engine, registry: Registry, plan: QuarterPlan) -> QuarterProgress | None:
    """Return the steps of the corrected release of a quarter; None if nothing has changed since its release."""
    editions = standing.list_editions(home, plan)
    if not editions:
        return None
    draft = standing.find_quarter_draft(home, engine, plan)
    news = _find_news(home, engine)
    # A return of a later quarter belongs to the release of that quarter.
    has_news = bool(news.territories) and all(quarter <= plan.quarter for quarter in news.quarters)
    # A draft of the same returns is made at every refresh. Once it is announced, it is a release to come.
    is_new = draft is not None and (
        find_planned(home, draft.release) is not None
        or not standing.has_same_returns(home, draft.release, editions[-1])
    )
    if not has_news and not is_new:
        return None
    name = next_edition(plan.quarter.code, editions) if draft is None else draft.release
    today = clock.now().date()
    if has_news:
        steps = (
            QuarterStep("draft", "waiting", None, waits=(Wait("program"),)),
            QuarterStep("signatures", "ahead", None),
            QuarterStep("release", "ahead", None),
        )
    else:
        # A correction has no time for questions: its sheets can be signed, and it can be approved, once it is drafted.
        ready = max(today, plan.queries + timedelta(days=1))
        release = _measure_release(home, plan, draft, ready)
        is_announced = find_planned(home, name) is not None
        steps = (
            QuarterStep("draft", "done", None),
            replace(_measure_signatures(home, registry, plan, draft, ready), day=None),
            release if is_announced else replace(release, day=None),
        )
    return QuarterProgress(plan.quarter.code, steps, correction=name)


def _make_step(
    name: StepName, day: date, today: date, *, is_done: bool = False, done_at: str = "", waits: Sequence[Wait] = ()
) -> QuarterStep:
    if is_done or done_at:
        return QuarterStep(name, "done", day, done_at)
    return QuarterStep(name, "waiting" if today >= day else "ahead", day, waits=tuple(waits) if today >= day else ())


def _measure_collection(plan: QuarterPlan, cells: Sequence[ExpectedReturn]) -> QuarterStep:
    missing = [cell for cell in cells if not cell.is_in and cell.state != "findings"]
    waits = tuple(_wait_for(cell, "missing") for cell in missing)
    n_in = len(cells) - len(missing)
    return QuarterStep("collection", "waiting" if waits else "done", plan.collection, "", n_in, len(cells), waits)


def _measure_queries(
    plan: QuarterPlan, cells: Sequence[ExpectedReturn], today: date, *, is_released: bool
) -> QuarterStep:
    """Return the step of questions. After the release, a return that would replace another belongs to a correction."""
    if is_released:
        missed = [cell for cell in cells if cell.state in ("findings", "sent")]
        waits = [_wait_for(cell, "findings" if cell.state == "findings" else "unapproved") for cell in missed]
        return QuarterStep("queries", "skipped" if waits else "done", plan.queries, waits=tuple(waits))
    waits = [_wait_for(cell, "findings") for cell in cells if "findings" in (cell.state, cell.pending_state)]
    waits += [_wait_for(cell, "unapproved") for cell in cells if "sent" in (cell.state, cell.pending_state)]
    if waits:
        return QuarterStep("queries", "waiting", plan.queries, waits=tuple(waits))
    is_over = today > plan.collection
    return QuarterStep("queries", "done" if is_over else "ahead", plan.queries)


def _measure_signatures(
    home: Home, registry: Registry, plan: QuarterPlan, draft: standing.QuarterDraft | None, today: date
) -> QuarterStep:
    territories = registry.without_training().list_codes()
    signed = draft.signed if draft is not None else frozenset()
    unsigned = [code for code in territories if code not in signed]
    n_signed = len(territories) - len(unsigned)
    day = find_release_day(home, plan, draft.release if draft is not None else "")
    if not unsigned:
        return QuarterStep("signatures", "done", day, "", n_signed, len(territories))
    if draft is None or today <= plan.queries:
        return QuarterStep("signatures", "ahead", day, "", n_signed, len(territories))
    waits = tuple(Wait("signature", territory=code) for code in unsigned)
    return QuarterStep("signatures", "waiting", day, "", n_signed, len(territories), waits)


def _recall_signatures(
    home: Home, engine: sa.Engine, registry: Registry, plan: QuarterPlan, release: str
) -> QuarterStep:
    """Return how many territories had signed the draft that was published."""
    territories = registry.without_training().list_codes()
    signed = standing.read_signed(engine, home.releases / release) & set(territories)
    state: StepState = "done" if len(signed) == len(territories) else "skipped"
    return QuarterStep("signatures", state, plan.release, "", len(signed), len(territories))


def _recall_corrections(
    home: Home, engine: sa.Engine, registry: Registry, plan: QuarterPlan, first: str
) -> tuple[CorrectedRelease, ...]:
    """Return the corrections of a quarter that were published after its first release."""
    territories = set(registry.without_training().list_codes())
    return tuple(
        CorrectedRelease(
            line.release,
            line.published_at,
            len(standing.read_signed(engine, home.releases / line.release) & territories),
            len(territories),
        )
        for line in standing.list_publications(home, plan)
        if line.release != first
    )


def _measure_release(home: Home, plan: QuarterPlan, draft: standing.QuarterDraft | None, today: date) -> QuarterStep:
    planned = find_planned(home, draft.release if draft is not None else plan.quarter.code)
    moment = planned.moment if planned is not None else None
    day = moment.date() if moment is not None else plan.release
    waits: list[Wait] = []
    if draft is not None and today > plan.queries:
        if embargo.is_waiting(home) == draft.release and moment is not None:
            waits.append(Wait("minute", at=clock.format_timestamp(moment)))
        elif moment is None:
            waits.append(Wait("steward_announces"))
        else:
            waits.append(Wait("steward_approves", at=clock.format_timestamp(moment)))
    return QuarterStep("release", "waiting" if waits else "ahead", day, waits=tuple(waits))


def _wait_for(cell: ExpectedReturn, cause: Cause) -> Wait:
    item = cell.deadline
    submission = cell.pending or cell.submission_id if cause != "missing" else cell.submission_id
    return Wait(
        cause,
        item.territory,
        item.source,
        item.instrument,
        item.period,
        jurisdiction=item.jurisdiction,
        submission=submission or "",
    )
