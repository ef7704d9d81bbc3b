"""Look up experts on joint investigation teams, keep entries, and pass messages on, on behalf of a person.

Every look-up is an entry of the audit log, written before anything is shown. No function returns an address, except in
the export of everything that is held on a person. `expert_links.py` serves the letters' links.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipelines.core.i18n import mark
from pipelines.ledger.database import open_read_transaction
from pipelines.ledger.identity import EVERY, NotAllowedError
from pipelines.ledger.permissions import can_look_up, has_role_for, missing_role, roles_for
from pipelines.submissions.accounts import accounts
from pipelines.submissions.changes import open_book
from pipelines.submissions.experts import letters, store
from pipelines.submissions.experts.counterparts import Counterpart, list_languages_of, rank_counterparts
from pipelines.submissions.experts.model import (
    INSTRUMENT,
    Expert,
    ExpertDetails,
    ExpertError,
    State,
    clean_address,
    clean_details,
)
from pipelines.submissions.experts.model import check_text as check_message_text
from pipelines.submissions.service.desk import Desk

if TYPE_CHECKING:
    import sqlalchemy as sa

    from pipelines.ledger.identity import Identity
    from pipelines.ledger.permissions import Act
    from pipelines.submissions.experts.store import ExpertRow

SHORTEST_MESSAGE, LONGEST_MESSAGE = 10, 2_000
NOT_OFFERED: Mapping[State, str] = {
    "stale": mark("This entry has not been confirmed for two quarters. Choose another expert."),
    "unconfirmed": mark("The expert has not confirmed this entry yet, so nobody can write to the expert."),
}
"""Why nobody can write to an expert, by the state of the entry."""


@dataclass(frozen=True, slots=True)
class ExpertQuery:
    """Criteria of a search; empty criteria do not limit the search."""

    territory: str = ""
    role: str = ""
    language: str = ""
    crime: str = ""
    procedure: str = ""

    def is_met_by(self, expert: Expert) -> bool:
        """Return True if an entry meets every criterion."""
        details = expert.details
        return (
            self.territory in ("", details.territory)
            and self.role in ("", details.role)
            and (not self.language or self.language in details.languages)
            and (not self.crime or self.crime in details.crimes)
            and (not self.procedure or self.procedure in details.procedures)
        )

    def list_criteria(self) -> dict[str, str]:
        """Return the criteria that limit the search, as the audit log has them."""
        return {name: value for name in self.__dataclass_fields__ if (value := getattr(self, name))}


@dataclass(frozen=True, slots=True)
class ExpertUse:
    """A look-up of the network, or a message, by one account; `query` says what for, `n_entries` how many it showed."""

    at: str
    account: str
    action: str
    query: Mapping[str, str]
    n_entries: int


# -- Rights


def may_look_up(who: Identity) -> bool:
    """Return True if a person may look experts up and be one: any role for cooperation, in any jurisdiction."""
    return can_look_up(who, "look_up_experts", INSTRUMENT)


def may_read_log(who: Identity) -> bool:
    """Return True if a person may see who looked experts up."""
    return has_role_for(who, "read_expert_log", EVERY, INSTRUMENT)


def list_expert_places(desk: Desk, who: Identity) -> list[str]:
    """Return the jurisdictions, and whole territories, for which a person may keep entries of others."""
    return [code for code in list_all_places(desk) if has_role_for(who, "keep_experts", code, INSTRUMENT)]


def list_own_places(desk: Desk, who: Identity) -> list[str]:
    """Return the jurisdictions, and whole territories, for which a person's own entry may be."""
    return [code for code in list_all_places(desk) if has_role_for(who, "look_up_experts", code, INSTRUMENT)]


def list_all_places(desk: Desk) -> list[str]:
    """Return the territories, each followed by its jurisdictions."""
    places: dict[str, None] = {}
    for code, territory in sorted(desk.registry.territories.items()):
        if territory.kind == desk.kind:
            places |= dict.fromkeys([code, *(jurisdiction.code for jurisdiction in territory.jurisdictions)])
    return list(places)


# -- Looking up


def search_experts(desk: Desk, who: Identity, query: ExpertQuery) -> list[Expert]:
    """Return the confirmed and stale entries that meet a query, and log the look-up. Raises NotAllowedError."""
    with _open_looked_up(desk, who) as connection:
        experts = [expert for expert in _select_visible(connection) if query.is_met_by(expert)]
        _record_look_up(connection, who, query.list_criteria(), experts)
    return experts


def find_counterparts(
    desk: Desk, who: Identity, own_territory: str, other_territory: str, crime: str, languages: Sequence[str] = ()
) -> list[Counterpart]:
    """Return the experts of another territory for a crime, ranked by languages in common, and log the look-up.

    Without languages, those of the person's own entry count, else those of the experts of the own territory. Stale
    entries are not offered. Raises NotAllowedError.
    """
    with _open_looked_up(desk, who) as connection:
        visible = _select_visible(connection)
        own_row = store.select_own(connection, who.account)
        spoken = frozenset(languages or (own_row.expert.details.languages if own_row is not None else ()))
        counterparts = rank_counterparts(
            visible, other_territory, crime, spoken or list_languages_of(visible, own_territory)
        )
        criteria = {"from": own_territory, "territory": other_territory, "crime": crime}
        _record_look_up(connection, who, criteria, [item.expert for item in counterparts])
    return counterparts


def get_expert(desk: Desk, who: Identity, expert_id: str) -> Expert:
    """Return an entry that was confirmed, or that the person keeps, and log the look-up. Raises NotAllowedError."""
    with _open_looked_up(desk, who) as connection:
        expert = _find_visible(desk, connection, who, expert_id).expert
        _record_look_up(connection, who, {"entry": "shown"}, [expert])
    return expert


def has_address(desk: Desk, who: Identity) -> bool:
    """Return True if the account of a person has an email address, to which an expert can answer."""
    account = accounts.find_account(desk.engine, who.account)
    return account is not None and bool(account.email)


def pass_message(desk: Desk, who: Identity, expert_id: str, text: str) -> None:
    """Send a message to an expert by mail, with the name and address of the sender; its text is not stored.

    Raises NotAllowedError, ExpertError, NoticeSettingsError.
    """
    message = text.strip()
    if not SHORTEST_MESSAGE <= len(message) <= LONGEST_MESSAGE:
        raise ExpertError(
            mark("Write the message in {least} to {most} characters."), least=SHORTEST_MESSAGE, most=LONGEST_MESSAGE
        ).at_field("text")
    check_message_text(message, "text")
    account = accounts.find_account(desk.engine, who.account)
    with _open_looked_up(desk, who) as connection:
        row = _find_visible(desk, connection, who, expert_id)
        if account is None or not account.email:
            raise ExpertError(
                mark("Your account has no email address for the answer. Add one on the page “My account”.")
            )
        if row.expert.state in NOT_OFFERED:
            raise ExpertError(NOT_OFFERED[row.expert.state])
        detail = {"query": {}, "entries": [expert_id]}
        store.record_act(connection, who.account, store.PASSED_ON, store.SUBJECT, detail)
    letters.pass_on(desk.home, row, message, account.display_name, account.email)


def list_expert_uses(desk: Desk, who: Identity, *, limit: int = 200) -> list[ExpertUse]:
    """Return who looked experts up or wrote to one, newest first. Raises NotAllowedError."""
    _require(who, "read_expert_log", EVERY)
    with open_read_transaction(desk.engine) as connection:
        uses = store.list_uses(connection)
    return [
        ExpertUse(use["at"], use["actor"], use["action"], use["query"], len(use["entries"]))
        for use in reversed(uses[-limit:])
    ]


# -- Keeping entries


def get_own_expert(desk: Desk, who: Identity) -> Expert | None:
    """Return the person's own entry, which is not a look-up."""
    with open_read_transaction(desk.engine) as connection:
        row = store.select_own(connection, who.account)
    return row.expert if row is not None else None


def list_kept_experts(desk: Desk, who: Identity) -> list[Expert]:
    """Return the entries that a person keeps for others, unconfirmed ones too, and log the look-up.

    Raises NotAllowedError.
    """
    places = list_expert_places(desk, who)
    with _open_looked_up(desk, who) as connection:
        experts = [row.expert for row in store.select_rows(connection) if row.expert.details.jurisdiction in places]
        _record_look_up(connection, who, {"list": "kept"}, experts)
    return experts


def save_own_expert(desk: Desk, who: Identity, details: ExpertDetails, address: str) -> str:
    """Add or change the person's own entry and return its id; an empty address leaves the present one.

    Raises NotAllowedError, ExpertError.
    """
    with open_book(desk.engine, (), [who.account]) as book:
        _require_account(book.people, who, "look_up_experts", details.jurisdiction)
        row = store.select_own(book.connection, who.account)
        return _save(desk, book.connection, who, row, details, address, account=who.account)


def save_expert(desk: Desk, who: Identity, details: ExpertDetails, address: str, expert_id: str = "") -> str:
    """Add an entry for another person, or change one, and return its id; an empty address leaves the present one.

    Raises NotAllowedError, ExpertError.
    """
    with open_book(desk.engine, (), [who.account]) as book:
        _require_account(book.people, who, "keep_experts", details.jurisdiction)
        row = _find_kept(book.connection, book.people, who, expert_id, "keep_experts") if expert_id else None
        return _save(desk, book.connection, who, row, details, address, account=None)


def confirm_own_expert(desk: Desk, who: Identity) -> None:
    """Confirm the person's own entry. The first time, the link of the letter is needed.

    Raises NotAllowedError, ExpertError.
    """
    with open_book(desk.engine, (), [who.account]) as book:
        row = _require_own(book.connection, who)
        if row.expert.state == "unconfirmed":
            raise ExpertError(mark("Use the link in the email to confirm the entry: it also confirms the address."))
        store.confirm_expert(book.connection, row.expert.expert_id)
        store.record_act(book.connection, who.account, store.CONFIRMED, row.expert.expert_id, {})


def erase_own_expert(desk: Desk, who: Identity) -> None:
    """Erase the person's own entry. Raises NotAllowedError."""
    with open_book(desk.engine, (), [who.account]) as book:
        row = _require_own(book.connection, who)
        _erase(book.connection, row, who.account, "own")
    store.empty_log_of_database(desk.engine)


def erase_expert(desk: Desk, who: Identity, expert_id: str) -> None:
    """Erase an entry on request. The log keeps who erased an entry and when, not which. Raises NotAllowedError."""
    with open_book(desk.engine, (), [who.account]) as book:
        row = _find_kept(book.connection, book.people, who, expert_id, "keep_experts")
        _erase(book.connection, row, who.account, "request")
    store.empty_log_of_database(desk.engine)


def export_own_expert(desk: Desk, who: Identity) -> dict[str, Any]:
    """Return everything that is held on the person. Raises NotAllowedError."""
    with open_read_transaction(desk.engine) as connection:
        return store.export_row(connection, _require_own(connection, who))


def export_expert(desk: Desk, who: Identity, expert_id: str) -> dict[str, Any]:
    """Return everything that is held on an expert, for the expert who asks for it. Raises NotAllowedError."""
    with open_book(desk.engine, (), [who.account]) as book:
        row = _find_kept(book.connection, book.people, who, expert_id, "export_expert")
        store.record_act(book.connection, who.account, "experts.export", expert_id, {})
        return store.export_row(book.connection, row)


# -- Within a transaction


@contextmanager
def _open_looked_up(desk: Desk, who: Identity) -> Iterator[sa.Connection]:
    """Open the transaction in which a person who may look experts up does so. Raises NotAllowedError."""
    with open_book(desk.engine, (), [who.account]) as book:
        account = book.people.get(who.account)
        if account is None:
            raise accounts.unknown_account(who.account)
        if not (may_look_up(who) and may_look_up(account)):
            raise missing_role(who.account, roles_for("look_up_experts")[0], EVERY, INSTRUMENT)
        yield book.connection


def _select_visible(connection: sa.Connection) -> list[Expert]:
    return [row.expert for row in store.select_rows(connection) if row.expert.state != "unconfirmed"]


def _find_visible(desk: Desk, connection: sa.Connection, who: Identity, expert_id: str) -> ExpertRow:
    row = store.select_row(connection, expert_id)
    if row is None or (
        row.expert.state == "unconfirmed" and row.expert.details.jurisdiction not in list_expert_places(desk, who)
    ):
        raise _make_unknown_error()
    return row


def _find_kept(
    connection: sa.Connection, people: Mapping[str, Identity], who: Identity, expert_id: str, act: Act
) -> ExpertRow:
    """Return an entry on which a person may do an act; the error is the same if there is none."""
    row = store.select_row(connection, expert_id)
    account = people.get(who.account)
    if row is None or account is None:
        raise _make_unknown_error()
    jurisdiction = row.expert.details.jurisdiction
    if not all(has_role_for(person, act, jurisdiction, INSTRUMENT) for person in (who, account)):
        raise _make_unknown_error()
    return row


def _save(
    desk: Desk,
    connection: sa.Connection,
    who: Identity,
    row: ExpertRow | None,
    details: ExpertDetails,
    address: str,
    *,
    account: str | None,
) -> str:
    if details.jurisdiction not in list_all_places(desk):
        raise _make_unknown_error()
    cleaned = clean_details(details)
    if row is None:
        expert_id = "E" + secrets.token_hex(7)
        store.insert_expert(connection, expert_id, cleaned, clean_address(address), account)
    else:
        expert_id = row.expert.expert_id
        new_address = clean_address(address) if address.strip() else None
        store.update_expert(connection, expert_id, cleaned, None if new_address == row.address else new_address)
    store.record_act(connection, who.account, store.ADDED if row is None else "experts.change", expert_id, {})
    return expert_id


def _erase(connection: sa.Connection, row: ExpertRow, actor: str, because: str) -> None:
    store.delete_expert(connection, row.expert.expert_id)
    store.record_act(connection, actor, "experts.erase", store.SUBJECT, {"because": because})


def _require_own(connection: sa.Connection, who: Identity) -> ExpertRow:
    row = store.select_own(connection, who.account)
    if row is None or who.token is not None:
        raise _make_unknown_error()
    return row


def _record_look_up(
    connection: sa.Connection, who: Identity, query: Mapping[str, str], experts: Sequence[Expert]
) -> None:
    detail = {"query": dict(query), "entries": [expert.expert_id for expert in experts]}
    store.record_act(connection, who.account, store.LOOKED_UP, store.SUBJECT, detail)


def _require_account(people: Mapping[str, Identity], who: Identity, act: Act, jurisdiction: str) -> None:
    """Raise NotAllowedError unless the identity and its account, as the transaction sees it, may do an act."""
    account = people.get(who.account)
    if account is None:
        raise accounts.unknown_account(who.account)
    for person in (who, account):
        _require(person, act, jurisdiction)


def _require(who: Identity, act: Act, jurisdiction: str) -> None:
    if not has_role_for(who, act, jurisdiction, INSTRUMENT):
        raise missing_role(who.account, roles_for(act)[0], jurisdiction, INSTRUMENT)


def _make_unknown_error() -> NotAllowedError:
    """Return the same error for an entry that does not exist and for one that may not be seen."""
    return NotAllowedError(mark("This entry does not exist, or you do not have access to it."))
