"""Statements of institutions: facts in their own name, drafted by one person and cleared by a second, the focal point.

Statements and answers of practitioners have nothing in common: statements are entries of the audit log alone, and this
module reaches neither answers nor invitations (import contract). A statement answers the questions that the bank lists
as `institution_questions`, once for each institution and year. It is never added to answers and never published.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Final, Literal

import sqlalchemy as sa

from pipelines.core import clock
from pipelines.core.i18n import mark
from pipelines.declarations.treaties import list_legal_areas
from pipelines.ledger import audit_log
from pipelines.ledger.database import open_read_transaction
from pipelines.ledger.permissions import Act, can_read_drafts, can_read_survey, has_role_for, make_missing_role_error
from pipelines.ledger.schema import AUDIT
from pipelines.ledger.transitions import TransitionError
from pipelines.submissions.changes import open_book, refuse_words, require_book_role
from pipelines.survey.bank import Bank

if TYPE_CHECKING:
    from pipelines.declarations.registry import Registry
    from pipelines.ledger.identity import Identity

INSTRUMENT: Final = "questionnaire"
DRAFTED: Final = "survey.statement.draft"
CLEARED: Final = "survey.statement.clear"
RETURNED: Final = "survey.statement.return"
WITHDRAWN: Final = "survey.statement.withdraw"
State = Literal["waiting", "cleared", "returned", "withdrawn"]
_DECISIONS: Final[Mapping[str, State]] = {CLEARED: "cleared", RETURNED: "returned", WITHDRAWN: "withdrawn"}
LONGEST_NAME: Final = 120
"""Characters of the name of an institution."""
_YEAR: Final = re.compile(r"20\d\d")


@dataclass(frozen=True, slots=True)
class Statement:
    """Answers of one institution for a year: a code for the series of each question that it answers."""

    jurisdiction: str
    institution: str
    year: str
    answers: Mapping[str, str]

    @property
    def key(self) -> tuple[str, str, str]:
        """Return what one statement is in force for: jurisdiction, institution (upper and lower case alike), year."""
        return self.jurisdiction, self.institution.casefold(), self.year


@dataclass(frozen=True, slots=True)
class FiledStatement:
    """A statement with its history. `comment` is the reason for which it was returned."""

    statement_id: str
    statement: Statement
    drafted_by: str
    drafted_at: str
    state: State = "waiting"
    decided_by: str = ""
    decided_at: str = ""
    comment: str = ""


@dataclass(frozen=True, slots=True)
class StatementView:
    """A statement as one person sees it, with what the person may do."""

    filed: FiledStatement
    may_clear: bool
    may_withdraw: bool


# -- Reading


def list_places(registry: Registry, who: Identity) -> list[str]:
    """Return the jurisdictions whose cleared statements a person may see: those of territories with a role."""
    places: list[str] = []
    for _, territory in sorted(registry.without_training().territories.items()):
        codes = [territory.code, *(place.code for place in territory.jurisdictions)]
        if can_read_survey(who, codes):
            places += list_legal_areas(territory)
    return places


def may_draft(who: Identity, jurisdiction: str) -> bool:
    """Return True if a person may draft statements for a jurisdiction."""
    return has_role_for(who, "draft_statement", jurisdiction, INSTRUMENT)


def list_statements(engine: sa.Engine, registry: Registry, who: Identity, jurisdiction: str) -> list[StatementView]:
    """Return the statements for a jurisdiction, newest first.

    Before a statement is cleared, only those see it who work on statements of the jurisdiction. Raises NotAllowedError
    for a jurisdiction that a person may not see.
    """
    if jurisdiction not in list_places(registry, who):
        raise make_missing_role_error()
    works_on_it = can_read_drafts(who, [(jurisdiction, INSTRUMENT)])
    with open_read_transaction(engine) as connection:
        filed_statements = list(_select_statements(connection).values())
    return [
        _make_view(who, item)
        for item in reversed(filed_statements)
        if item.statement.jurisdiction == jurisdiction and (works_on_it or item.state == "cleared")
    ]


def _select_statements(connection: sa.Connection) -> dict[str, FiledStatement]:
    query = sa.select(AUDIT).where(AUDIT.c.action.in_((DRAFTED, *_DECISIONS))).order_by(AUDIT.c.seq)
    statements: dict[str, FiledStatement] = {}
    for row in connection.execute(query):
        detail = json.loads(row.detail)
        if row.action == DRAFTED:
            statements[row.subject] = FiledStatement(row.subject, Statement(**detail), row.actor, row.at)
        else:
            statements[row.subject] = replace(
                statements[row.subject],
                state=_DECISIONS[row.action],
                decided_by=row.actor,
                decided_at=row.at,
                comment=detail["comment"],
            )
    return statements


def _make_view(who: Identity, filed: FiledStatement) -> StatementView:
    jurisdiction, is_own = filed.statement.jurisdiction, filed.drafted_by == who.account
    is_waiting = filed.state == "waiting"
    return StatementView(
        filed,
        may_clear=is_waiting and not is_own and has_role_for(who, "clear_statement", jurisdiction, INSTRUMENT),
        may_withdraw=is_waiting and is_own and has_role_for(who, "withdraw_statement", jurisdiction, INSTRUMENT),
    )


# -- Acts


def draft_statement(engine: sa.Engine, registry: Registry, bank: Bank, statement: Statement, *, actor: str) -> str:
    """Record a draft, which waits for the focal point, and return its id.

    Raises TransitionError for a wrong statement or while another one of the institution and year waits,
    NotAllowedError, ClockSetBackError.
    """
    statement = _clean(bank, statement)
    places = [place for item in registry.without_training().territories.values() for place in list_legal_areas(item)]
    with open_book(engine, (), [actor]) as book:
        if statement.jurisdiction not in places:
            raise make_missing_role_error()
        require_book_role(book, actor, "draft_statement", (statement.jurisdiction, INSTRUMENT))
        same = [item for item in _select_statements(book.connection).values() if item.statement.key == statement.key]
        if any(item.state == "waiting" for item in same):
            raise TransitionError(
                mark("A statement of this institution for this year waits for approval. Withdraw it, or wait.")
            )
        now = clock.now()
        content = json.dumps([asdict(statement), actor, clock.format_timestamp(now), len(same)], sort_keys=True)
        statement_id = "F" + hashlib.sha256(content.encode()).hexdigest()[:15]
        detail = {**asdict(statement), "answers": dict(statement.answers)}
        audit_log.append_entry(
            book.connection, at=now, actor=actor, action=DRAFTED, subject=statement_id, detail=detail
        )
    return statement_id


def clear_statement(engine: sa.Engine, statement_id: str, *, actor: str) -> None:
    """Clear a draft of another person. Raises TransitionError, NotAllowedError, ClockSetBackError."""
    _decide(engine, "clear_statement", CLEARED, statement_id, actor, "")


def return_statement(engine: sa.Engine, statement_id: str, *, actor: str, comment: str) -> None:
    """Return a draft to its author with a reason. Raises TransitionError, NotAllowedError, ClockSetBackError."""
    _decide(engine, "return_statement", RETURNED, statement_id, actor, comment)


def withdraw_statement(engine: sa.Engine, statement_id: str, *, actor: str) -> None:
    """Withdraw one's own draft. Raises TransitionError, NotAllowedError, ClockSetBackError."""
    _decide(engine, "withdraw_statement", WITHDRAWN, statement_id, actor, "")


def _decide(engine: sa.Engine, act: Act, action: str, statement_id: str, actor: str, comment: str) -> None:
    refuse_words(comment)
    comment = " ".join(comment.split())
    with open_book(engine, (), [actor]) as book:
        filed = _select_statements(book.connection).get(statement_id)
        if filed is None:
            raise make_missing_role_error()
        require_book_role(book, actor, act, (filed.statement.jurisdiction, INSTRUMENT))
        if filed.state != "waiting":
            raise TransitionError(mark("This statement does not wait for approval any more. Read it again."))
        is_own = actor == filed.drafted_by
        if act == "withdraw_statement" and not is_own:
            raise TransitionError(mark("Only the person who drafted a statement can withdraw it."))
        if act != "withdraw_statement" and is_own:
            raise TransitionError(mark("You drafted this statement, so the focal point approves it."))
        if act == "return_statement" and not comment:
            raise TransitionError(mark("Say in a comment what should be changed."))
        audit_log.append_entry(
            book.connection, at=clock.now(), actor=actor, action=action, subject=statement_id,
            detail={"comment": comment},
        )  # fmt: skip


def list_questions(bank: Bank) -> Sequence[str]:
    """Return the questions that an institution may answer in its own name."""
    return bank.lists.institution_questions


def _clean(bank: Bank, statement: Statement) -> Statement:
    """Return a statement without superfluous blanks. Raises TransitionError if something is missing or wrong."""
    institution = " ".join(statement.institution.split())
    refuse_words(institution)
    if not institution or len(institution) > LONGEST_NAME or "@" in institution:
        raise TransitionError(
            mark("Name the institution in at most {n} characters. Do not name a person."), n=LONGEST_NAME
        ).at_field("institution")
    if not _YEAR.fullmatch(statement.year) or int(statement.year) > clock.now().year:
        raise TransitionError(
            mark("Enter the year that the statement is about, such as 2026. It must have begun.")
        ).at_field("year")
    allowed = {question.series: bank.list_codes(question) for question in map(bank.find_question, list_questions(bank))}
    answers = {series: code for series, code in statement.answers.items() if code}
    if not answers or any(code not in allowed.get(series, ()) for series, code in answers.items()):
        raise TransitionError(mark("Answer at least one question, with answers from the lists."))
    return Statement(statement.jurisdiction, institution, statement.year, answers)
