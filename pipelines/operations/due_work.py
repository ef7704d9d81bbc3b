"""List what else is due besides returns: confirmations of experts, and rounds of the questionnaire."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import sqlalchemy as sa

    from pipelines.core.home import Home


@dataclass(frozen=True, slots=True)
class DueWork:
    """One thing that is due: what, on which day, of what, and how many people it concerns."""

    act: Literal["confirm_entries", "open_round", "close_round"]
    due: date
    subject: str
    number: int


def list_due_work(home: Home, engine: sa.Engine, today: date) -> list[DueWork]:
    """Return what is due from today on, soonest first.

    Experts whose entry is not confirmed are due by the last day of the quarter. A planned round is due on its first
    day, an open one on its last day; one that is late is listed until it is opened or closed. Nobody is named.
    """
    work = [*_list_confirmations(engine, today), *_list_rounds(home, today)]
    return sorted(work, key=lambda item: (item.due, item.act, item.subject))


def _list_confirmations(engine: sa.Engine, today: date) -> list[DueWork]:
    from pipelines.submissions.experts.letters import count_unconfirmed
    from pipelines.submissions.experts.model import last_day_of_quarter, read_quarter

    number = count_unconfirmed(engine)
    return [DueWork("confirm_entries", last_day_of_quarter(today), read_quarter(today), number)] if number else []


def _list_rounds(home: Home, today: date) -> list[DueWork]:
    from pipelines.survey.databases import has_survey
    from pipelines.survey.surveys import open_surveys

    if not has_survey(home):
        return []
    surveys = open_surveys(home)
    work = []
    for round_ in surveys.invitations.list_rounds():
        invited = sum(response.invited for response in surveys.invitations.count_responses(round_.round_id))
        if round_.state == "planned" and round_.closes >= today.isoformat():
            work.append(DueWork("open_round", date.fromisoformat(round_.opens), round_.round_id, invited))
        elif round_.state in ("open", "closing"):
            work.append(DueWork("close_round", date.fromisoformat(round_.closes), round_.round_id, invited))
    for store in (surveys.invitations, surveys.answers):
        store.database.engine.dispose()
    return work
