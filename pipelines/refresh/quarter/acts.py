"""The acts of a quarter's round that the program carries out on their day, each once.

| act | day | who gets a notice |
|---|---|---|
| `open_collection` | the first after the quarter | submitters: the returns that can be sent now |
| `close_collection` | after the last deadline | stewards: the returns that are missing |
| `open_queries` | after the last deadline | submitters and approvers: returns with findings, or not approved |
| `ask_signatures` | after the last day for answers, for each draft | approvers of unsigned territories, and stewards |

The signatures of a corrected release are asked for as soon as a steward has announced its minute.
An act that was missed, because the machine was off, is carried out within two weeks; later it would only confuse.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from pipelines.core import clock
from pipelines.ledger.database import open_read_transaction
from pipelines.ledger.identity import EVERY
from pipelines.ledger.permissions import roles_for
from pipelines.publication.releases.calendar import find_planned
from pipelines.refresh.quarter import standing
from pipelines.refresh.quarter.release_days import find_release_day
from pipelines.submissions import quarter_log, timetable
from pipelines.submissions.notices.events import accounts_with_roles
from pipelines.submissions.quarter_log import QuarterAct, QuarterNotice
from pipelines.submissions.timetable.deadlines import within_pairs

if TYPE_CHECKING:
    import sqlalchemy as sa

    from pipelines.core.home import Home
    from pipelines.declarations.registry import Registry
    from pipelines.submissions.timetable import Deadline, QuarterPlan

CATCH_UP = timedelta(days=14)
"""How long after its day a missed act is still carried out."""
_Grants = Mapping[str, list[tuple[str, str]]]


@dataclass(frozen=True, slots=True)
class DueAct:
    """An act to carry out now. `key` distinguishes its repetitions within a quarter; empty if there are none."""

    act: QuarterAct
    plan: QuarterPlan
    key: str = ""


def list_act_days(plan: QuarterPlan) -> dict[QuarterAct, date]:
    """Return the day of each act of a round."""
    after = timedelta(days=1)
    return {
        "open_collection": plan.opens,
        "close_collection": plan.collection + after,
        "open_queries": plan.collection + after,
        "ask_signatures": plan.queries + after,
    }


def find_due_acts(home: Home, engine: sa.Engine, registry: Registry, act: QuarterAct) -> list[DueAct]:
    """Return the rounds in which an act is due today and was not carried out, oldest first."""
    today = clock.now().date()
    due = []
    for plan in timetable.plan_current_quarters(registry, today):
        key = ""
        if act == "ask_signatures":
            unsigned = _find_unsigned(home, engine, plan)
            if unsigned is None or not unsigned.asked_from <= today <= unsigned.until + CATCH_UP:
                continue
            key = unsigned.draft.digest
        else:
            day = list_act_days(plan)[act]
            if not day <= today <= day + CATCH_UP or standing.find_quarter_release(home, plan) is not None:
                continue
        recorded = quarter_log.read_quarter_acts(engine, plan.quarter.code)
        if not any(entry.act == act and entry.key == key for entry in recorded):
            due.append(DueAct(act, plan, key))
    return due


@dataclass(frozen=True, slots=True)
class _Unsigned:
    """The draft whose sheets are to be signed, the day from which its signatures are asked for, and the last day."""

    draft: standing.QuarterDraft
    asked_from: date
    until: date
    is_correction: bool


def _find_unsigned(home: Home, engine: sa.Engine, plan: QuarterPlan) -> _Unsigned | None:
    """Return the draft of a quarter, or of its correction if its minute is announced; None if there is neither."""
    draft = standing.find_quarter_draft(home, engine, plan)
    if draft is None:
        return None
    if standing.find_quarter_release(home, plan) is None:
        until = find_release_day(home, plan, draft.release)
        return _Unsigned(draft, list_act_days(plan)["ask_signatures"], until, is_correction=False)
    planned = find_planned(home, draft.release)
    if planned is None or planned.moment is None or not standing.list_editions(home, plan):
        return None
    return _Unsigned(draft, plan.opens, planned.moment.date(), is_correction=True)


def find_due_draft(home: Home, registry: Registry) -> QuarterPlan | None:
    """Return the newest round whose last day for answers has passed and that is not released, or None."""
    today = clock.now().date()
    for plan in reversed(timetable.plan_current_quarters(registry, today)):
        if plan.queries < today <= plan.release + CATCH_UP and standing.find_quarter_release(home, plan) is None:
            return plan
    return None


def carry_out_act(home: Home, engine: sa.Engine, registry: Registry, due: DueAct) -> int | None:
    """Carry out an act: enter its notices and record it. Return their number, None if another process was faster.

    Raises ClockSetBackError.
    """
    notices = _WRITERS[due.act](home, engine, registry, due.plan)
    return quarter_log.carry_out(engine, due.act, due.plan.quarter.code, notices, key=due.key)


# ---------------------------------------------------------------------------------------------------------- the notices


def _announce_collection(_: Home, engine: sa.Engine, __: Registry, plan: QuarterPlan) -> list[QuarterNotice]:
    return _address_items("open_collection", plan, _read_grants(engine, "receive"), plan.opening)


def _report_missing(_: Home, engine: sa.Engine, registry: Registry, plan: QuarterPlan) -> list[QuarterNotice]:
    missing = [cell.deadline for cell in standing.read_cells(engine, registry, plan) if not cell.is_in]
    content = _make_content("close_collection", plan, missing)
    return [QuarterNotice(account, content) for account in _find_stewards(engine)]


def _ask_questions(_: Home, engine: sa.Engine, registry: Registry, plan: QuarterPlan) -> list[QuarterNotice]:
    cells = standing.read_cells(engine, registry, plan)
    with_findings = [c.deadline for c in cells if "findings" in (c.state, c.pending_state)]
    unapproved = [c.deadline for c in cells if "sent" in (c.state, c.pending_state)]
    submitters = _address_items("open_queries", plan, _read_grants(engine, "receive"), with_findings)
    approvers = _address_items("open_queries", plan, _read_grants(engine, "approve", override=False), unapproved)
    by_account: dict[str, QuarterNotice] = {notice.account_id: notice for notice in approvers}
    for notice in submitters:  # an account with both roles gets one notice
        approval_notice = by_account.get(notice.account_id)
        items = [*notice.content["items"], *(approval_notice.content["items"] if approval_notice else [])]
        by_account[notice.account_id] = QuarterNotice(notice.account_id, {**notice.content, "items": items})
    return [by_account[account] for account in sorted(by_account)]


def _ask_signatures(home: Home, engine: sa.Engine, registry: Registry, plan: QuarterPlan) -> list[QuarterNotice]:
    unsigned = _find_unsigned(home, engine, plan)
    if unsigned is None:
        return []
    draft = unsigned.draft
    places = {
        place.code
        for code, territory in registry.without_training().territories.items()
        if code not in draft.signed
        for place in territory.jurisdictions
    }
    signing = {
        account
        for account, pairs in _read_grants(engine, "sign_off_release").items()
        if any(jurisdiction in {EVERY, *places} for jurisdiction, _ in pairs)
    }
    content = {
        **_make_content("ask_signatures", plan, ()),
        "release": draft.release,
        "until": unsigned.until.isoformat(),
        "is_correction": unsigned.is_correction,
    }
    return [QuarterNotice(account, content) for account in sorted({*signing, *_find_stewards(engine)})]


_WRITERS: dict[QuarterAct, Callable[[Home, sa.Engine, Registry, QuarterPlan], list[QuarterNotice]]] = {
    "open_collection": _announce_collection,
    "close_collection": _report_missing,
    "open_queries": _ask_questions,
    "ask_signatures": _ask_signatures,
}


def _address_items(
    act: QuarterAct, plan: QuarterPlan, grants: _Grants, deadlines: Iterable[Deadline]
) -> list[QuarterNotice]:
    """Return a notice for each account about the returns of its offices; nothing for an account without one."""
    items = list(deadlines)
    notices = []
    for account, pairs in sorted(grants.items()):
        chosen = [item for item in items if within_pairs(item.jurisdiction, item.instrument, pairs)]
        if chosen:
            notices.append(QuarterNotice(account, _make_content(act, plan, chosen)))
    return notices


def _make_content(act: QuarterAct, plan: QuarterPlan, deadlines: Iterable[Deadline]) -> dict[str, Any]:
    items = [
        {
            "jurisdiction": item.jurisdiction,
            "territory": item.territory,
            "instrument": item.instrument,
            "source": item.source,
            "period": item.period,
            "due": (item.queries if act == "open_queries" else item.collection).isoformat(),
            "day": 1 if act == "close_collection" else 0,
        }
        for item in sorted(deadlines, key=lambda item: (item.collection, item.jurisdiction, item.instrument))
    ]
    return {"what": act, "quarter": plan.quarter.code, "items": items}


def _read_grants(engine: sa.Engine, act: Any, *, override: bool | None = None) -> _Grants:
    with open_read_transaction(engine) as connection:
        return accounts_with_roles(connection, roles_for(act, override=override))


def _find_stewards(engine: sa.Engine) -> list[str]:
    """Return the stewards of everything, or if there is none, all stewards."""
    stewards = _read_grants(engine, "keep_accounts")
    of_everything = [account for account, pairs in stewards.items() if (EVERY, EVERY) in pairs]
    return sorted(of_everything or stewards)
