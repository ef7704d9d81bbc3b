"""Corrective measures against gaps that the questionnaire shows: who owns each, until when, and whether it helped.

The audit log alone holds them, as it holds the acts of the release desk: each change is an entry, and the newest entry
of a measure counts. A measure names a role as its owner, never a person.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Any, Literal, get_args

import sqlalchemy as sa

from pipelines.core import clock
from pipelines.core.i18n import mark
from pipelines.ledger import audit_log
from pipelines.ledger.database import open_read_transaction, open_write_transaction
from pipelines.ledger.identity import EVERY, Identity, NotAllowedError
from pipelines.ledger.permissions import can_read_survey, has_role_for
from pipelines.ledger.schema import AUDIT
from pipelines.survey import results
from pipelines.survey.service import INSTRUMENT, SurveyDesk
from pipelines.survey.surveys import SurveyError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ACTION = "survey.measure"
Status = Literal["planned", "under_way", "done", "dropped"]
STATUSES: tuple[Status, ...] = get_args(Status)
SHORTEST_TEXT = 10
"""Letters of the description of a measure, and of the evidence that it is done."""


@dataclass(frozen=True, slots=True)
class Measure:
    """One measure. `territory` is a code or `region`; `question` is the one whose answers should improve.

    `indicator` names the figure of the returns that should move, in words; it may be empty.
    """

    measure_id: str
    territory: str
    question: str
    text: str
    owner: str
    deadline: str
    status: Status
    evidence: str = ""
    indicator: str = ""


@dataclass(frozen=True, slots=True)
class Progress:
    """Favourable answers to the measure's question in its first and its newest round, or None.

    Each is a row of the results with `round_id`, `share`, `low`, `high`, `count` and `n`. A share that is withheld is
    not given.
    """

    first: Mapping[str, Any] | None
    newest: Mapping[str, Any] | None


def add_measure(
    desk: SurveyDesk,
    who: Identity,
    territory: str,
    question: str,
    text: str,
    owner: str,
    deadline: date,
    indicator: str = "",
) -> Measure:
    """Add a measure. Raises NotAllowedError, SurveyError."""
    _check_right(desk, who, territory)
    if question not in {item.id for item in desk.surveys.bank.questions}:
        raise SurveyError(mark("There is no question {question}."), question=question).at_field("question")
    if owner not in desk.surveys.bank.lists.roles:
        roles = ", ".join(desk.surveys.bank.lists.roles)
        raise SurveyError(mark("The owner is a role: {roles}."), roles=roles).at_field("owner")
    _check_length(text, "text")
    measure = Measure(
        f"M{secrets.token_hex(4)}", territory, question, text.strip(), owner, deadline.isoformat(), "planned",
        indicator=indicator.strip(),
    )  # fmt: skip
    _record(desk, who, measure)
    return measure


def update_measure(
    desk: SurveyDesk,
    who: Identity,
    measure_id: str,
    status: Status,
    *,
    evidence: str = "",
    deadline: date | None = None,
) -> Measure:
    """Change the status, evidence or deadline of a measure. Done and dropped need evidence or a reason.

    Raises NotAllowedError, SurveyError.
    """
    measure = _find_by_id(read_measures(desk.engine), measure_id)
    _check_right(desk, who, measure.territory)
    if status not in STATUSES:
        raise SurveyError(mark("The status is one of {statuses}."), statuses=", ".join(STATUSES)).at_field("status")
    if status in ("done", "dropped"):
        _check_length(evidence, "evidence")
    changed = replace(
        measure,
        status=status,
        evidence=evidence.strip() or measure.evidence,
        deadline=deadline.isoformat() if deadline is not None else measure.deadline,
    )
    _record(desk, who, changed)
    return changed


def list_measures(desk: SurveyDesk, who: Identity) -> tuple[Measure, ...]:
    """Return the measures of the region and of the territories in which a person has a role, oldest first."""
    return tuple(
        measure
        for measure in read_measures(desk.engine)
        if measure.territory == results.REGION or can_read_survey(who, _list_jurisdictions(desk, measure.territory))
    )


def find_measure(desk: SurveyDesk, who: Identity, measure_id: str) -> Measure:
    """Return one of the measures that a person may read. Raises SurveyError if there is none with this id."""
    return _find_by_id(list_measures(desk, who), measure_id)


def _find_by_id(listed: Iterable[Measure], measure_id: str) -> Measure:
    measure = next((measure for measure in listed if measure.measure_id == measure_id), None)
    if measure is None:
        raise SurveyError(mark("No measure has the id {measure}."), measure=measure_id)
    return measure


def find_progress(desk: SurveyDesk, measure: Measure) -> Progress:
    """Return the favourable answers to the measure's question in its first and newest round with the same wording."""
    import polars as pl

    table = results.read_results(desk.surveys)
    if table is None:
        return Progress(None, None)
    series = desk.surveys.bank.find_question(measure.question).series
    rows = table.filter(
        (pl.col("group") == measure.territory) & (pl.col("series") == series) & (pl.col("code") == "favourable")
        & ~pl.col("is_withheld")
    ).sort("position")  # fmt: skip
    results_by_round = list(rows.select("round_id", "share", "low", "high", "count", "n").iter_rows(named=True))
    first, newest = results_by_round[:1], results_by_round[1:][-1:]
    return Progress(first[0] if first else None, newest[0] if newest else None)


def list_kept_areas(desk: SurveyDesk, who: Identity) -> tuple[str, ...]:
    """Return the territories, and the region, whose measures a person may add and change."""
    areas = (*sorted(desk.registry.without_training().territories), results.REGION)
    return tuple(area for area in areas if _may_keep(desk, who, area))


def read_measures(engine: sa.Engine) -> Sequence[Measure]:
    """Return all measures as they were changed last, oldest first."""
    measures: dict[str, Measure] = {}
    query = sa.select(AUDIT.c.detail).where(AUDIT.c.action == ACTION).order_by(AUDIT.c.seq)
    with open_read_transaction(engine) as connection:
        for detail in connection.execute(query).scalars():
            content: dict[str, Any] = json.loads(detail)
            measures[content["measure_id"]] = Measure(**content)
    return list(measures.values())


def _record(desk: SurveyDesk, who: Identity, measure: Measure) -> None:
    with open_write_transaction(desk.engine) as connection:
        audit_log.append_entry(
            connection, at=clock.now(), actor=who.account, action=ACTION, subject=measure.measure_id,
            detail=asdict(measure),
        )  # fmt: skip


def _list_jurisdictions(desk: SurveyDesk, territory: str) -> list[str]:
    declared = desk.registry.without_training().territories.get(territory)
    return [territory, *(j.code for j in declared.jurisdictions)] if declared is not None else []


def _may_keep(desk: SurveyDesk, who: Identity, area: str) -> bool:
    needed = [EVERY] if area == results.REGION else _list_jurisdictions(desk, area)[1:]
    return bool(needed) and all(has_role_for(who, "keep_survey", place, INSTRUMENT) for place in needed)


def _check_right(desk: SurveyDesk, who: Identity, territory: str) -> None:
    """Raise NotAllowedError unless a person is steward for every jurisdiction that a measure concerns."""
    if not _may_keep(desk, who, territory):
        raise NotAllowedError(mark("Only a steward of this territory keeps its measures. Ask the secretariat."))


def _check_length(text: str, field: str) -> None:
    if len(text.strip()) < SHORTEST_TEXT:
        raise SurveyError(
            mark("Describe the measure, or the evidence, in at least {n} characters."), n=SHORTEST_TEXT
        ).at_field(field)
