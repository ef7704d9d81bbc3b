"""The table of permissions, which says who may do which act, and the functions that query it.

The ledger checks permissions inside the transaction of an act (`pipelines/submissions/changes.py`), the service before
it reads or writes (`pipelines/submissions/service/`), and a page before it offers a form. All of them read
`PERMISSIONS`; roles are compared nowhere else. This module imports neither of them. Reasons:
`docs/decisions/0011-people-and-rights.md`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pipelines.core.i18n import mark
from pipelines.ledger.identity import EVERY, ROLES, Grant, Identity, NotAllowedError, Role
from pipelines.ledger.transitions import ACCEPTED, Action, State, TransitionError, possible_targets

Pair = tuple[str, str]
"""(jurisdiction, instrument)"""
Act = (
    Action
    | Literal["keep_accounts", "remove_unknown_files", "roll_back", "accept_clock"]
    | Literal["schedule_release", "approve_release", "publish_notice", "grant_preview", "sign_off_release"]
    | Literal["propose_law", "approve_law", "reject_law", "withdraw_law"]
    | Literal["keep_survey"]
    | Literal["draft_statement", "clear_statement", "return_statement", "withdraw_statement"]
    | Literal["look_up_experts", "keep_experts", "export_expert", "read_expert_log"]
)
Actor = Literal["anyone", "sender", "another", "machine"]
"""`sender`: the account that sent this return; `another`: any other account; `machine`: no account at all."""
Stage = Literal["any", "pending", "accepted"]
"""The return counts (`accepted`), does not count yet (`pending`), or either (`any`)."""
Input = Literal["reason", "comment"]
"""`reason` is a code of `revision_reason`; `comment` is free text."""


@dataclass(frozen=True, slots=True)
class Permission:
    """Permission for one act, given to the accounts that hold one of `roles` for every pair of the return.

    `override` marks an act of a steward instead of the office's approver. `inputs` must be given with the act.
    `excludes_requester` refuses the accounts that asked for the withdrawal of this return. `allows_unrecognised` also
    permits the act, except by token, on a return that has no pair because its form was not recognised.
    """

    act: Act
    actor: Actor
    roles: tuple[Role, ...] = ()
    stage: Stage = "any"
    override: bool = False
    inputs: tuple[Input, ...] = ()
    excludes_requester: bool = False
    allows_unrecognised: bool = False


_WHY: tuple[Input, ...] = ("reason", "comment")

PERMISSIONS: tuple[Permission, ...] = (
    # To upload a file, the role is needed for every pair in it; to send a nil return, for its form.
    Permission("receive", "anyone", ("submitter",)),
    Permission("check", "machine"),
    Permission("justify", "sender", ("submitter",)),
    Permission("send", "sender", ("submitter",)),
    Permission("approve", "another", ("approver",)),
    Permission("approve", "another", ("steward",), override=True, inputs=("comment",)),
    Permission("give_back", "another", ("approver", "steward"), inputs=("comment",)),
    Permission("publish", "machine"),
    Permission(
        "withdraw", "sender", ("submitter", "approver", "steward"), "pending", inputs=_WHY, allows_unrecognised=True
    ),
    Permission("withdraw", "another", ("approver", "steward"), "pending", inputs=_WHY),
    Permission("withdraw", "another", ("approver",), "accepted", inputs=_WHY, excludes_requester=True),
    Permission("withdraw", "another", ("steward",), "accepted", override=True, inputs=_WHY, excludes_requester=True),
    Permission("ask_withdrawal", "anyone", ("submitter", "approver"), "accepted", inputs=_WHY, excludes_requester=True),
    Permission("keep_accounts", "anyone", ("steward",)),
    Permission("remove_unknown_files", "anyone", ("steward",)),
    Permission("roll_back", "anyone", ("steward",)),
    Permission("accept_clock", "anyone", ("steward",)),
    Permission("schedule_release", "anyone", ("steward",)),
    Permission("approve_release", "anyone", ("steward",)),
    Permission("publish_notice", "anyone", ("steward",)),
    Permission("grant_preview", "anyone", ("steward",)),
    # Rounds of the questionnaire concern all territories, so the role is needed for all jurisdictions.
    Permission("keep_survey", "anyone", ("steward",)),
    # Statements of institutions, for the jurisdiction and the instrument `questionnaire`. The focal point clears.
    Permission("draft_statement", "anyone", ("submitter",)),
    Permission("clear_statement", "another", ("approver",)),
    Permission("return_statement", "another", ("approver",), inputs=("comment",)),
    Permission("withdraw_statement", "sender", ("submitter",)),
    # The network of experts, for the instrument `cooperation`. To look up, the role is needed in any jurisdiction, to
    # keep an entry for oneself in that of the entry.
    Permission("look_up_experts", "anyone", ROLES),
    Permission("keep_experts", "anyone", ("approver", "steward")),
    Permission("export_expert", "anyone", ("steward",)),
    Permission("read_expert_log", "anyone", ("steward",)),
    # For the sheet of a territory, the role is needed for one pair of it, whatever the instrument.
    Permission("sign_off_release", "anyone", ("approver",)),
    # Assessments of the law, for the jurisdiction and the instrument `legislation`.
    Permission("propose_law", "anyone", ("submitter",)),
    Permission("approve_law", "another", ("approver",)),
    Permission("approve_law", "another", ("steward",), override=True, inputs=("comment",)),
    Permission("reject_law", "another", ("approver", "steward"), inputs=("comment",)),
    Permission("withdraw_law", "sender", ("submitter",)),
)

DRAFT_READERS: tuple[Role, ...] = ("submitter", "approver", "steward")
"""Roles that see a return before it is sent. Drafts are hidden from viewers."""
READERS = ROLES
"""Roles that see a return once it is sent."""
HEAD_STEWARD = Grant("steward")
"""The grant of the steward for everything; without such an account nobody could grant roles."""
MACHINE_ACTS: frozenset[Act] = frozenset(p.act for p in PERMISSIONS if p.actor == "machine")
"""The only acts that the machine itself may do."""


@dataclass(frozen=True, slots=True)
class Resource:
    """The facts about one return on which a permission depends. `requesters` asked for its withdrawal."""

    sender: str
    state: State
    pairs: tuple[Pair, ...]
    requesters: Collection[str] = ()


# ------------------------------------------------------------------------------------------------------- roles of pairs


def roles_for(act: Act, *, override: bool | None = None) -> tuple[Role, ...]:
    """Return the roles that permit an act: for the office's own people, by override, or (None) either."""
    rows = [p for p in PERMISSIONS if p.act == act and override in (None, p.override)]
    return tuple(role for role in ROLES if any(role in p.roles for p in rows))


def pairs_for(who: Identity, act: Act) -> tuple[Pair, ...]:
    """Return the pairs for which an identity holds a role that permits an act; `*` means all."""
    return tuple(sorted({pair for role in roles_for(act) for pair in who.list_pairs(role)}))


def has_role_for(
    who: Identity, act: Act, jurisdiction: str | None, instrument: str | None, *, override: bool | None = None
) -> bool:
    """Return True if an identity holds a role that permits an act for one pair; `override` as in `roles_for`."""
    return any(who.has_role(role, jurisdiction, instrument) for role in roles_for(act, override=override))


def has_role_in(who: Identity, act: Act, jurisdictions: Collection[str]) -> bool:
    """Return True if an identity holds a role that permits an act in one of these jurisdictions, for any instrument."""
    roles = roles_for(act)
    return any(grant.role in roles and grant.jurisdiction in (EVERY, *jurisdictions) for grant in who.grants)


def has_role_for_all(who: Identity, role: Role, pairs: Sequence[Pair]) -> bool:
    """Return True if an identity holds the role for every pair, False for an empty list."""
    return bool(pairs) and all(who.has_role(role, *pair) for pair in pairs)


def can_keep_accounts_of(who: Identity, grants: Iterable[Grant]) -> bool:
    """Return True if an identity may manage accounts for every pair in the grants."""
    return all(has_role_for(who, "keep_accounts", g.jurisdiction, g.instrument) for g in grants)


# ----------------------------------------------------------------------------------------------------------- visibility


def can_read(who: Identity, jurisdiction: str, instrument: str) -> bool:
    """Return True if an identity may see the returns of a pair once they are sent."""
    return any(who.has_role(role, jurisdiction, instrument) for role in READERS)


def can_know_name(who: Identity, account: str, grants: Iterable[Grant]) -> bool:
    """Return True if an identity may see the name of an account with these grants, and not only its id.

    It is the own account, or one of the secretariat, or the two have a role in the same territory.
    """
    places = {grant.jurisdiction.partition("_")[0] for grant in grants}
    own_places = {grant.jurisdiction.partition("_")[0] for grant in who.grants}
    return who.account == account or EVERY in places | own_places or bool(places & own_places)


def can_look_up(who: Identity, act: Act, instrument: str) -> bool:
    """Return True if an identity holds a role that permits an act for an instrument, in whatever jurisdiction."""
    roles = roles_for(act)
    return any(grant.role in roles and grant.instrument in (EVERY, instrument) for grant in who.grants)


def can_read_survey(who: Identity, jurisdictions: Collection[str]) -> bool:
    """Return True if an identity may see the protected results of the questionnaire of a territory: with any role."""
    return any(grant.jurisdiction in (EVERY, *jurisdictions) for grant in who.grants)


def draft_pairs(who: Identity) -> tuple[Pair, ...]:
    """Return the pairs whose drafts an identity may see; `*` means all."""
    return tuple(sorted({pair for role in DRAFT_READERS for pair in who.list_pairs(role)}))


def can_read_drafts(who: Identity, pairs: Sequence[Pair]) -> bool:
    """Return True if an identity may see the drafts of every pair, False for an empty list."""
    return bool(pairs) and all(any(who.has_role(role, *pair) for role in DRAFT_READERS) for pair in pairs)


def is_visible_to(who: Identity, resource: Resource, *, is_draft: bool) -> bool:
    """Return True if an identity may see a return.

    Only its sender sees a return whose form was not recognised, and only when signed in. Senders also see their own
    drafts when they may no longer work on them, but nothing of an office in which they lost every role. A token sees
    no more than its roles allow.
    """
    is_own = resource.sender == who.account and who.token is None
    if not resource.pairs:
        return is_own
    if is_draft and not is_own:
        return can_read_drafts(who, resource.pairs)
    return all(can_read(who, *pair) for pair in resource.pairs)


def is_actionable_by(who: Identity, resource: Resource) -> bool:
    """Return True if an account may learn that a return exists: it sent it, or may see drafts of all its pairs."""
    return who.account == resource.sender or can_read_drafts(who, resource.pairs)


# ----------------------------------------------------------------------------------------------------------------- acts


def find_permissions(act: Act, state: State, *, override: bool = False) -> tuple[Permission, ...]:
    """Return the permissions for an act on a return in a state."""
    stages = ("any", "accepted" if state in ACCEPTED else "pending")
    return tuple(p for p in PERMISSIONS if p.act == act and p.stage in stages and p.override == override)


def can_act(who: Identity, act: Action, resource: Resource, *, override: bool = False) -> bool:
    """Return True if an identity may do an act on a return in its present state."""
    if not possible_targets(resource.state, act):
        return False
    for permission in find_permissions(act, resource.state, override=override):
        if _fits_actor(permission, who.account, resource) and _fits_roles(permission, who, resource):
            return not (permission.excludes_requester and who.account in resource.requesters)
    return False


def require_actor(account: str, act: Action, resource: Resource, submission_id: str, *, override: bool = False) -> None:
    """Raise TransitionError if only the sender, or only another account, may do an act."""
    rows = find_permissions(act, resource.state, override=override)
    if rows and rows[0].actor != "machine" and not any(_fits_actor(p, account, resource) for p in rows):
        text, params = _describe_wrong_actor(account, act, resource, submission_id)
        raise TransitionError(text, **params)


def require_role(who: Identity, act: Action, resource: Resource, submission_id: str, *, override: bool = False) -> None:
    """Raise NotAllowedError if an identity is not the right actor for an act, or lacks the role for a pair.

    This does not check that the state allows the act (see `pipelines.submissions.changes.decide_change`).
    """
    rows = find_permissions(act, resource.state, override=override) or tuple(
        p for p in PERMISSIONS if p.act == act and p.override == override
    )
    if not rows or rows[0].actor == "machine":
        raise ValueError(f"{act} is nobody's act")
    permission = next((p for p in rows if _fits_actor(p, who.account, resource)), None)
    if permission is None:
        text, params = _describe_wrong_actor(who.account, act, resource, submission_id)
        raise NotAllowedError(text, **params)
    if not _fits_roles(permission, who, resource):
        role = permission.roles[0]
        lacking = next((pair for pair in resource.pairs if not who.has_role(role, *pair)), (EVERY, EVERY))
        raise missing_role(who.account, role, *lacking)


def missing_role(account: str, role: Role, jurisdiction: str, instrument: str) -> NotAllowedError:
    """Return the error that names the role an account lacks for a pair."""
    return NotAllowedError(
        mark("This needs the role {role} for {instrument} of {jurisdiction}, which {account} lacks; ask your steward."),
        role=role,
        instrument=instrument,
        jurisdiction=jurisdiction,
        account=account,
    )


def make_missing_role_error() -> NotAllowedError:
    """Return the error that names nothing: the same for what does not exist and for what belongs to others."""
    return NotAllowedError(mark("You do not have the role for this. Ask the steward of the secretariat for it."))


def _fits_actor(permission: Permission, account: str, resource: Resource) -> bool:
    if permission.actor == "machine":
        return False
    return permission.actor == "anyone" or (permission.actor == "sender") == (account == resource.sender)


def _fits_roles(permission: Permission, who: Identity, resource: Resource) -> bool:
    if not resource.pairs:
        return permission.allows_unrecognised and who.token is None
    return any(has_role_for_all(who, role, resource.pairs) for role in permission.roles)


def _describe_wrong_actor(
    account: str, act: Action, resource: Resource, submission_id: str
) -> tuple[str, dict[str, Any]]:
    if account != resource.sender:
        return (
            mark("Only its sender, {sender}, may justify and send {submission}; you act as {actor}."),
            {"submission": submission_id, "sender": resource.sender, "actor": account},
        )
    if act == "withdraw":
        return (
            mark(
                "{submission} already counts, so you cannot take it back alone; ask a second person of your office "
                "to withdraw it."
            ),
            {"submission": submission_id},
        )
    return (
        mark("{submission} was sent by {sender}, and the sender cannot approve it; ask a second person."),
        {"submission": submission_id, "sender": resource.sender},
    )
