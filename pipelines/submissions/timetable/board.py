"""Build the timetable board: the state of the return of each office, instrument and period."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby
from typing import TYPE_CHECKING, Any, Literal, get_args

import sqlalchemy as sa

from pipelines.core import clock
from pipelines.ledger.database import open_read_transaction
from pipelines.ledger.queries import open_warnings
from pipelines.ledger.schema import BLOCK, SUBMISSION
from pipelines.submissions.timetable.deadlines import Deadline, Pairs, TerritoryKind, list_deadlines, within_pairs

if TYPE_CHECKING:
    from pipelines.declarations.registry import Registry

State = Literal["expected", "draft", "findings", "sent", "approved", "published", "overdue"]
"""`expected`: nothing has arrived and the collection is open. `draft`: checked, without open findings, not sent.
`findings`: it has errors, or warnings that are not justified. `sent`, `approved`, `published`: as in the ledger.
`overdue`: nothing has arrived and the collection has closed."""

STATES: tuple[State, ...] = get_args(State)
_SENT_STATES: tuple[State, ...] = ("sent", "approved", "published")


@dataclass(frozen=True, slots=True)
class ExpectedReturn:
    """One expected return. `late`: it arrived after its deadline, or has not been sent and the deadline has passed.

    `submission_id` is the return that determines the state. `pending` is another one, in `pending_state`, that would
    replace it. `first_at` is when the first file that was sent or accepted arrived.
    """

    deadline: Deadline
    state: State
    late: bool
    nil: bool = False
    submission_id: str | None = None
    pending: str | None = None
    pending_state: State | None = None
    first_at: str | None = None

    @property
    def is_in(self) -> bool:
        """Return True if the office has sent its return."""
        return self.state in _SENT_STATES


@dataclass(frozen=True, slots=True)
class Punctuality:
    """How punctual an office was in the shown periods whose collection has closed. Offices are never ranked.

    `on_time + late + missing = due`. `share` is `on_time / due`, or None if nothing was due. `median_days` is the
    median of the days from deadline to arrival of the returns that are in, negative for early ones.
    """

    due: int
    on_time: int
    late: int
    missing: int
    share: float | None
    median_days: float | None


@dataclass(frozen=True, slots=True)
class OfficeRow:
    """The returns of one office for one instrument: a cell per period, oldest first."""

    territory: str
    jurisdiction: str
    instrument: str
    source: str
    freq: Literal["Q", "A"]
    cells: tuple[ExpectedReturn, ...]
    punctuality: Punctuality


@dataclass(frozen=True, slots=True)
class TimetableBoard:
    """The board of a day, in the order of declaration. `periods` are those of all cells: quarters, then years."""

    today: date
    rows: tuple[OfficeRow, ...]
    periods: tuple[str, ...]

    def count_cells(self, *states: State) -> int:
        """Return the number of cells in any of the states."""
        return sum(cell.state in states for row in self.rows for cell in row.cells)


def build_board(
    engine: sa.Engine,
    registry: Registry,
    pairs: Pairs,
    *,
    today: date | None = None,
    periods: int = 8,
    kind: TerritoryKind = "national",
    working: Pairs | None = None,
) -> TimetableBoard:
    """Return the board for the pairs of `Identity.list_pairs()`, over the last `periods` periods per office.

    `working` are the pairs whose drafts are shown (default: all of `pairs`); drafts of other pairs are treated as not
    arrived, as everywhere else. Annual returns show `periods / 4` years, at least one. No rows outside the pairs are
    read from the ledger.
    """
    day = today or clock.now().date()
    shown_periods = {"Q": max(periods, 1), "A": max(periods // 4, 1)}
    due = list_deadlines(registry, pairs=pairs, today=day, kind=kind)
    rows = []
    for (_, _, _, freq), group in groupby(due, key=lambda d: d.key[:4]):
        rows.append(list(group)[-shown_periods[freq] :])
    returns = _find_returns(engine, registry, [deadline for row in rows for deadline in row])
    if working is not None:
        scope = tuple(working)
        returns = {
            key: group
            if within_pairs(key[0], key[1], scope)
            else [return_ for return_ in group if return_.state not in ("draft", "findings")]
            for key, group in returns.items()
        }
    board_rows = tuple(
        _make_row([_make_cell(deadline, returns.get(deadline.key, []), day) for deadline in row], day) for row in rows
    )
    codes = {cell.deadline.period for row in board_rows for cell in row.cells}
    return TimetableBoard(day, board_rows, tuple(sorted(codes, key=lambda code: (len(code) == 4, code))))


# ------------------------------------------------------------------------------------------------------------ the cells


@dataclass(frozen=True, slots=True)
class _Return:
    submission_id: str
    state: State
    received_at: str
    accepted_at: str | None
    nil: bool


def _find_returns(
    engine: sa.Engine, registry: Registry, due: Sequence[Deadline]
) -> dict[tuple[str, str, str, str, str], list[_Return]]:
    """Return the returns of each cell that are not withdrawn, in the order of arrival."""
    if not due:
        return {}
    source = {form.series: form.source for form in registry.forms.values()}
    query = (
        sa.select(
            BLOCK.c.jurisdiction, BLOCK.c.instrument, BLOCK.c.form, BLOCK.c.freq, BLOCK.c.period, BLOCK.c.nil,
            SUBMISSION.c.submission_id, SUBMISSION.c.state, SUBMISSION.c.received_at, SUBMISSION.c.accepted_at,
            SUBMISSION.c.warnings,
        )
        .join(SUBMISSION, SUBMISSION.c.submission_id == BLOCK.c.submission_id)
        .where(
            BLOCK.c.period.in_(sorted({deadline.period for deadline in due})),
            BLOCK.c.jurisdiction.in_(sorted({deadline.jurisdiction for deadline in due})),
            SUBMISSION.c.state != "withdrawn",
        )
        .order_by(SUBMISSION.c.received_at, SUBMISSION.c.submission_id)
    )  # fmt: skip
    returns: dict[tuple[str, str, str, str, str], list[_Return]] = defaultdict(list)
    wanted_keys = {deadline.key for deadline in due}
    with open_read_transaction(engine) as connection:
        rows = connection.execute(query).all()
        with_warnings = [r.submission_id for r in rows if r.state == "checked" and r.warnings]
        unanswered = open_warnings(connection, with_warnings) if with_warnings else {}
    for row in rows:
        key = (row.jurisdiction, row.instrument, source.get(row.form, ""), row.freq, row.period)
        if key in wanted_keys:
            state = _state(row, row.submission_id in unanswered)
            returns[key].append(_Return(row.submission_id, state, row.received_at, row.accepted_at, bool(row.nil)))
    return returns


def _state(row: Any, unanswered: bool) -> State:
    if row.state == "refused" or (row.state == "checked" and unanswered):
        return "findings"
    if row.state in ("received", "checked"):
        return "draft"
    state: State = row.state
    return state


def _make_cell(deadline: Deadline, returns: Sequence[_Return], today: date) -> ExpectedReturn:
    passed = today > deadline.collection
    if not returns:
        return ExpectedReturn(deadline, "overdue" if passed else "expected", passed)
    accepted = [return_ for return_ in returns if return_.state in ("approved", "published")]
    # The newest accepted return counts. Of the others, take the newest one that is sent, or else the newest.
    counts = max(accepted, key=lambda return_: return_.accepted_at or "") if accepted else None
    under_way = [return_ for return_ in returns if return_.state not in ("approved", "published")]
    if counts is not None:
        under_way = [return_ for return_ in under_way if return_.received_at > counts.received_at]
    newest = max(under_way, key=lambda return_: (return_.state == "sent", return_.received_at)) if under_way else None
    main = counts or newest
    assert main is not None
    sent = accepted or [return_ for return_ in returns if return_.state == "sent"]
    first = min((return_.received_at for return_ in sent), default=None)
    late = clock.parse_time(first).date() > deadline.collection if first is not None else passed
    pending = newest if counts is not None else None
    return ExpectedReturn(
        deadline,
        main.state,
        late,
        nil=main.nil,
        submission_id=main.submission_id,
        pending=pending.submission_id if pending is not None else None,
        pending_state=pending.state if pending is not None else None,
        first_at=first,
    )


def _make_row(cells: Sequence[ExpectedReturn], today: date) -> OfficeRow:
    first = cells[0].deadline
    return OfficeRow(
        first.territory, first.jurisdiction, first.instrument, first.source, first.freq, tuple(cells),
        _compute_punctuality(cells, today),
    )  # fmt: skip


def _compute_punctuality(cells: Iterable[ExpectedReturn], today: date) -> Punctuality:
    closed = [cell for cell in cells if cell.deadline.collection < today]
    arrived = [cell for cell in closed if cell.is_in]
    on_time = sum(not cell.late for cell in arrived)
    gaps = sorted(
        (clock.parse_time(cell.first_at).date() - cell.deadline.collection) // timedelta(days=1)
        for cell in arrived
        if cell.first_at is not None
    )
    half = len(gaps) // 2
    median = None if not gaps else (float(gaps[half]) if len(gaps) % 2 else (gaps[half - 1] + gaps[half]) / 2)
    return Punctuality(
        due=len(closed),
        on_time=on_time,
        late=len(arrived) - on_time,
        missing=len(closed) - len(arrived),
        share=on_time / len(closed) if closed else None,
        median_days=median,
    )
