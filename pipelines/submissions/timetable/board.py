"""The board: of each office, instrument and period, whether the return is in and how far it has come."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby
from typing import TYPE_CHECKING, Any, Literal, get_args

import sqlalchemy as sa

from pipelines.core import clock
from pipelines.ledger.database import reading
from pipelines.ledger.queries import open_warnings
from pipelines.ledger.schema import BLOCK, SUBMISSION
from pipelines.submissions.timetable.deadlines import Deadline, Pairs, TerritoryKind, deadlines, within_pairs

if TYPE_CHECKING:
    from pipelines.declarations.registry import Registry

State = Literal["expected", "draft", "findings", "sent", "approved", "published", "overdue"]
"""`expected`: nothing has come and it is not too late. `draft`: checked, nothing to answer, not sent. `findings`: it
has errors, or warnings without their justification. `sent`, `approved`, `published`: as in the ledger. `overdue`:
nothing has come and the collection has closed."""

STATES: tuple[State, ...] = get_args(State)
_IN: tuple[State, ...] = ("sent", "approved", "published")


@dataclass(frozen=True, slots=True)
class Cell:
    """One expected return. `late`: it came after its day, or has not been sent and the day has passed.

    `submission_id` is the return that makes the state; `pending` another one under way that would replace it, with
    `pending_state`. `first_at` is when the first file that was sent or accepted came in.
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
        """Whether the office has done its part."""
        return self.state in _IN


@dataclass(frozen=True, slots=True)
class Punctuality:
    """How an office kept its days over the periods shown whose collection has closed. Never ranked against others.

    `on_time + late + missing = due`; `share` is `on_time / due`, None where nothing was due; `median_days` the middle
    of the days between deadline and arrival of what is in, negative where it came before.
    """

    due: int
    on_time: int
    late: int
    missing: int
    share: float | None
    median_days: float | None


@dataclass(frozen=True, slots=True)
class Row:
    """One office's returns of one instrument: a cell a period, oldest first."""

    territory: str
    jurisdiction: str
    instrument: str
    source: str
    freq: Literal["Q", "A"]
    cells: tuple[Cell, ...]
    punctuality: Punctuality


@dataclass(frozen=True, slots=True)
class Board:
    """Rows in the order of declaration, on a day. `periods` are those of any cell: quarters, then years."""

    today: date
    rows: tuple[Row, ...]
    periods: tuple[str, ...]

    def count(self, *states: State) -> int:
        """How many cells are in one of some states."""
        return sum(cell.state in states for row in self.rows for cell in row.cells)


def board(
    engine: sa.Engine,
    registry: Registry,
    pairs: Pairs,
    *,
    today: date | None = None,
    periods: int = 8,
    kind: TerritoryKind = "national",
    working: Pairs | None = None,
) -> Board:
    """The board of the pairs of an identity (`Identity.pairs()`), over the last `periods` periods of each office.

    `working` are those pairs of whose drafts somebody may know (default: all of `pairs`); of others a draft is as if it
    had not come, as everywhere else. Annual returns show `periods / 4` years, at least one. Nothing outside the
    pairs is read from the ledger's rows.
    """
    day = today or clock.now().date()
    shown = {"Q": max(periods, 1), "A": max(periods // 4, 1)}
    due = deadlines(registry, pairs=pairs, today=day, kind=kind)
    rows = []
    for (_, _, _, freq), found in groupby(due, key=lambda d: d.key[:4]):
        rows.append(list(found)[-shown[freq] :])
    known = _known(engine, registry, [one for row in rows for one in row])
    if working is not None:
        scope = tuple(working)
        known = {
            key: found
            if within_pairs(key[0], key[1], scope)
            else [one for one in found if one.state not in ("draft", "findings")]
            for key, found in known.items()
        }
    made = tuple(_row([_cell(one, known.get(one.key, []), day) for one in row], day) for row in rows)
    codes = {cell.deadline.period for row in made for cell in row.cells}
    return Board(day, made, tuple(sorted(codes, key=lambda code: (len(code) == 4, code))))


# ------------------------------------------------------------------------------------------------------------ the cells


@dataclass(frozen=True, slots=True)
class _Return:
    submission_id: str
    state: State
    received_at: str
    accepted_at: str | None
    nil: bool


def _known(
    engine: sa.Engine, registry: Registry, due: Sequence[Deadline]
) -> dict[tuple[str, str, str, str, str], list[_Return]]:
    """The living returns of each cell, in the order in which they came."""
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
            BLOCK.c.period.in_(sorted({one.period for one in due})),
            BLOCK.c.jurisdiction.in_(sorted({one.jurisdiction for one in due})),
            SUBMISSION.c.state != "withdrawn",
        )
        .order_by(SUBMISSION.c.received_at, SUBMISSION.c.submission_id)
    )  # fmt: skip
    out: dict[tuple[str, str, str, str, str], list[_Return]] = defaultdict(list)
    wanted = {one.key for one in due}
    with reading(engine) as connection:
        rows = connection.execute(query).all()
        asked = [r.submission_id for r in rows if r.state == "checked" and r.warnings]
        unanswered = open_warnings(connection, asked) if asked else {}
    for row in rows:
        key = (row.jurisdiction, row.instrument, source.get(row.form, ""), row.freq, row.period)
        if key in wanted:
            state = _state(row, row.submission_id in unanswered)
            out[key].append(_Return(row.submission_id, state, row.received_at, row.accepted_at, bool(row.nil)))
    return out


def _state(row: Any, unanswered: bool) -> State:
    if row.state == "refused" or (row.state == "checked" and unanswered):
        return "findings"
    if row.state in ("received", "checked"):
        return "draft"
    state: State = row.state
    return state


def _cell(deadline: Deadline, returns: Sequence[_Return], today: date) -> Cell:
    passed = today > deadline.collection
    if not returns:
        return Cell(deadline, "overdue" if passed else "expected", passed)
    accepted = [one for one in returns if one.state in ("approved", "published")]
    # The newest accepted return stands; among those under way the newest arrival that has come furthest.
    counts = max(accepted, key=lambda one: one.accepted_at or "") if accepted else None
    under_way = [one for one in returns if one.state not in ("approved", "published")]
    if counts is not None:
        under_way = [one for one in under_way if one.received_at > counts.received_at]
    newest = max(under_way, key=lambda one: (one.state == "sent", one.received_at)) if under_way else None
    main = counts or newest
    assert main is not None
    sent = accepted or [one for one in returns if one.state == "sent"]
    first = min((one.received_at for one in sent), default=None)
    late = clock.parse(first).date() > deadline.collection if first is not None else passed
    pending = newest if counts is not None else None
    return Cell(
        deadline,
        main.state,
        late,
        nil=main.nil,
        submission_id=main.submission_id,
        pending=pending.submission_id if pending is not None else None,
        pending_state=pending.state if pending is not None else None,
        first_at=first,
    )


def _row(cells: Sequence[Cell], today: date) -> Row:
    first = cells[0].deadline
    return Row(
        first.territory, first.jurisdiction, first.instrument, first.source, first.freq, tuple(cells),
        _punctuality(cells, today),
    )  # fmt: skip


def _punctuality(cells: Iterable[Cell], today: date) -> Punctuality:
    closed = [cell for cell in cells if cell.deadline.collection < today]
    arrived = [cell for cell in closed if cell.is_in]
    on_time = sum(not cell.late for cell in arrived)
    gaps = sorted(
        (clock.parse(cell.first_at).date() - cell.deadline.collection) // timedelta(days=1)
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
