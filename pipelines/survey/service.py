"""Acts of the steward on the questionnaire: plan, open and close rounds, and see response rates, never answers.

Each function takes the acting identity, asks the table of rights, acts, and adds an entry to the audit log. The entries
name rounds and counts, never a person who is invited or answered.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, Literal

from pipelines.core import clock
from pipelines.core.i18n import mark
from pipelines.ledger import audit_log
from pipelines.ledger.database import open_write_transaction
from pipelines.ledger.identity import EVERY, SYSTEM, Identity, NotAllowedError
from pipelines.ledger.permissions import can_read_survey, has_role_for
from pipelines.statistics.thresholds import FEWEST_INSTITUTIONS
from pipelines.survey import public_results, results
from pipelines.survey.bank_model import LANGUAGES
from pipelines.survey.invitation_store import Invitee, Response, Round
from pipelines.survey.letters import LetterOutcome, send_letters
from pipelines.survey.surveys import SurveyError, Surveys, read_today

if TYPE_CHECKING:
    import polars as pl
    import sqlalchemy as sa

    from pipelines.declarations.registry import Registry

INSTRUMENT = "questionnaire"
COLUMNS = ("role", "institution", "territory", "name", "address", "language")
"""Columns of a file of people to invite."""
_PERIODS = {"pulse": re.compile(r"\d{4}-Q[1-4]"), "full": re.compile(r"\d{4}")}
_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+")


@dataclass(frozen=True)
class SurveyDesk:
    """An open home for the steward's acts on its questionnaire."""

    surveys: Surveys
    engine: sa.Engine
    registry: Registry


def may_keep(who: Identity) -> bool:
    """Return True if a person may plan, open and close rounds."""
    return has_role_for(who, "keep_survey", EVERY, INSTRUMENT)


def list_rounds(desk: SurveyDesk, who: Identity) -> tuple[Round, ...]:
    """Return all rounds, oldest first. Raises NotAllowedError."""
    _check_right(who)
    return desk.surveys.invitations.list_rounds()


def count_responses(desk: SurveyDesk, who: Identity, round_id: str) -> tuple[Response, ...]:
    """Return how many people were invited and answered by territory and role. Raises NotAllowedError, SurveyError."""
    _check_right(who)
    find_round(desk.surveys, round_id)
    return desk.surveys.invitations.count_responses(round_id)


def list_texts(desk: SurveyDesk, who: Identity, round_id: str) -> tuple[tuple[str, str], ...]:
    """Return the free texts of a closed round, which are never published. Raises NotAllowedError, SurveyError."""
    _check_right(who)
    find_round(desk.surveys, round_id)
    return desk.surveys.answers.list_texts(round_id)


def plan_round(
    desk: SurveyDesk,
    who: Identity,
    form: Literal["pulse", "full"],
    period: str,
    opens: date,
    closes: date,
    invitees: Sequence[Invitee],
) -> Round:
    """Plan a round and store whom it invites. Raises NotAllowedError, SurveyError."""
    _check_right(who)
    if form not in _PERIODS or not _PERIODS[form].fullmatch(period):
        raise SurveyError(mark("The quarterly form is for a quarter such as 2026-Q4, the yearly form for a year."))
    if closes < opens:
        raise SurveyError(mark("The last day is before the first day."))
    if not invitees:
        raise SurveyError(mark("Nobody is invited. Add people to the file."))
    round_ = Round(f"{period}-{form}", form, period, opens.isoformat(), closes.isoformat(), "planned")
    if desk.surveys.invitations.find_round(round_.round_id) is not None:
        raise SurveyError(mark("There is a round {round} already."), round=round_.round_id)
    desk.surveys.invitations.add_round(round_, invitees)
    _record(desk, who.account, "survey.plan", round_.round_id, {"invited": len(invitees), "closes": round_.closes})
    return round_


def open_round(desk: SurveyDesk, who: Identity, round_id: str) -> Round:
    """Open a planned round: from its first day on, letters go out and answers are accepted.

    Raises NotAllowedError, SurveyError.
    """
    _check_right(who)
    round_ = find_round(desk.surveys, round_id)
    if round_.state != "planned" or round_.closes < read_today():
        raise SurveyError(mark("Round {round} cannot be opened: it is open, closed, or its last day is over."),
                          round=round_id)  # fmt: skip
    desk.surveys.answers.add_box(round_id)
    desk.surveys.invitations.set_state(round_id, "open")
    _record(desk, who.account, "survey.open", round_id, {})
    return find_round(desk.surveys, round_id)


def close_round(desk: SurveyDesk, who: Identity, round_id: str) -> int:
    """Close an open round for good and return how many answers it has. Raises NotAllowedError, SurveyError."""
    _check_right(who)
    return _close(desk, who.account, round_id)


def run_daily_work(desk: SurveyDesk) -> LetterOutcome:
    """Close the rounds whose last day is over, and send letters that are due. For the service and a scheduler.

    Raises NoticeSettingsError.
    """
    for round_ in desk.surveys.invitations.list_rounds():
        if round_.state == "closing" or (round_.state == "open" and round_.closes < read_today()):
            _close(desk, SYSTEM, round_.round_id)
    if results.are_results_stale(desk.surveys) or public_results.are_public_results_missing(desk.surveys):
        _write_results(desk.surveys)
    return send_letters(desk.surveys)


def find_round(surveys: Surveys, round_id: str) -> Round:
    """Return a round. Raises SurveyError."""
    round_ = surveys.invitations.find_round(round_id)
    if round_ is None:
        raise SurveyError(mark("There is no round {round}."), round=round_id)
    return round_


def parse_invitees(content: bytes, registry: Registry, roles: Mapping[str, object]) -> tuple[Invitee, ...]:
    """Return the people of a CSV file with the columns `COLUMNS`. Raises SurveyError, which names the line."""
    territories = registry.without_training().territories
    try:
        rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))
    except (UnicodeDecodeError, csv.Error):
        raise SurveyError(mark("The file is not CSV in UTF-8. Save it as CSV UTF-8.")) from None
    if not rows or set(COLUMNS) - set(rows[0]):
        raise SurveyError(mark("The file needs the columns {columns}."), columns=", ".join(COLUMNS))
    invitees: dict[str, Invitee] = {}
    for line, row in enumerate(rows, start=2):
        values = {name: (row[name] or "").strip() for name in COLUMNS}
        allowed = (("role", roles), ("territory", territories), ("language", LANGUAGES))
        for name, codes in allowed:
            if values[name] not in codes:
                raise SurveyError(mark("Line {line}, {column}: found {found}, expected one of {expected}."), line=line,
                                  column=name, found=values[name] or "–", expected=", ".join(codes))  # fmt: skip
        if not _ADDRESS.fullmatch(values["address"]) or not values["institution"]:
            raise SurveyError(mark("Line {line}: an address or an institution is missing."), line=line)
        if values["address"].casefold() in invitees:
            raise SurveyError(mark("Line {line}: this address is invited twice."), line=line)
        invitees[values["address"].casefold()] = Invitee(**values)
    return tuple(invitees.values())


def list_result_territories(desk: SurveyDesk, who: Identity) -> tuple[str, ...]:
    """Return the territories whose results a person may see."""
    territories = desk.registry.without_training().territories
    return tuple(
        code
        for code, territory in territories.items()
        if can_read_survey(who, [code, *(jurisdiction.code for jurisdiction in territory.jurisdictions)])
    )


def read_results(desk: SurveyDesk, who: Identity, territory: str, role: str) -> pl.DataFrame | None:
    """Return the protected results of one territory, one role and the region; None before a round is closed.

    Raises NotAllowedError for a territory in which the person has no role.
    """
    import polars as pl

    if territory not in list_result_territories(desk, who):
        raise NotAllowedError(mark("You see the results of the questionnaire for your own territory only."))
    table = results.read_results(desk.surveys)
    return None if table is None else table.filter(pl.col("group").is_in([territory, role, results.REGION]))


def _close(desk: SurveyDesk, account: str, round_id: str) -> int:
    """Close a round. Each step may be repeated, so that an interrupted closing is completed by the next one."""
    surveys = desk.surveys
    round_ = find_round(surveys, round_id)
    if round_.state not in ("open", "closing"):
        raise SurveyError(mark("Round {round} is not open."), round=round_id)
    surveys.invitations.set_state(round_id, "closing")
    responses = surveys.invitations.count_responses(round_id)
    exposed = {(r.territory, r.role) for r in responses if r.institutions < FEWEST_INSTITUTIONS}
    count = surveys.answers.empty_box(round_id, read_today(), exposed)
    surveys.invitations.forget_answered(round_id)
    _write_results(surveys)
    _record(desk, account, "survey.close", round_id, {"answers": count, "invited": sum(r.invited for r in responses)})
    return count


def _write_results(surveys: Surveys) -> None:
    results.write_results(surveys)
    public_results.write_public_results(surveys)


def _check_right(who: Identity) -> None:
    if not may_keep(who):
        raise NotAllowedError(mark("Only a steward of all territories keeps the questionnaire. Ask the secretariat."))


def _record(desk: SurveyDesk, account: str, action: str, round_id: str, detail: Mapping[str, Any]) -> None:
    with open_write_transaction(desk.engine) as connection:
        audit_log.append_entry(
            connection, at=clock.now(), actor=account, action=action, subject=round_id, detail=detail
        )
