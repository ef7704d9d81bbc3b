"""List the accounts that a steward manages, with their state."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING
from urllib.parse import quote

from dashboards.office import words
from dashboards.office.context import PageContext
from dashboards.office.pages.people.grants import describe_roles
from pipelines.design import components as ui
from pipelines.ledger.identity import EVERY

if TYPE_CHECKING:
    from pipelines.submissions.accounts.accounts import Account

ACCOUNT = "account"
"""Parameter of the page's address, and field of its forms: the account to change."""
PLACE = "place"
"""Parameter of the page's address: list only accounts that have a role there. A territory includes its parts."""


def list_managed_accounts(context: PageContext) -> list[Account]:
    """Return the accounts that this steward manages."""
    from pipelines.submissions.accounts import accounts

    return [
        account
        for account in accounts.all_accounts(context.desk.engine)
        if accounts.can_change_account(context.who, account)
    ]


def find_managed_account(context: PageContext, account_id: str) -> Account | None:
    """Return an account that this steward manages, else None."""
    return next((account for account in list_managed_accounts(context) if account.account_id == account_id), None)


def select_of_place(managed: Sequence[Account], place: str) -> list[Account]:
    """Return the accounts that have a role in a place, those with a role for all territories last."""

    def has_role_there(account: Account) -> bool:
        return any(
            grant.jurisdiction == place or grant.jurisdiction.startswith(f"{place}_") for grant in account.grants
        )

    local = [account for account in managed if has_role_there(account)]
    general = [a for a in managed if a not in local and any(grant.jurisdiction == EVERY for grant in a.grants)]
    return [*local, *general]


def make_accounts_table(context: PageContext, managed: Sequence[Account], place: str = "") -> ui.PageTable:
    """Return the accounts with their territories, roles, addresses, state and last sign-in; of one place only if given.

    Everybody who sees this table manages these accounts, so that their email addresses may be shown.
    """
    tell = context.tell
    columns = [tell("Name"), tell("Email"), tell("Permissions"), tell("State"), tell("Last sign-in")]
    listed = select_of_place(managed, place) if place else managed
    rows = [
        ui.PageRow(
            ui.render_link(account.account_id, f"{make_page_address(account.account_id)}#change"),
            (
                account.display_name,
                render_email(context, account),
                describe_roles(context, account.grants),
                _state_badge(context, account),
                ui.render_whole(words.format_time(account.signed_in_at)) if account.signed_in_at else "",
            ),
        )
        for account in listed
    ]
    number = context.many("{n} account", "{n} accounts", len(listed))
    caption = f"{context.area_name(place)}: {number}" if place else number
    return ui.drop_empty_columns(ui.PageTable(caption, tell("Account"), columns, rows))


def render_email(context: PageContext, account: Account) -> ui.Part:
    """Return the address of an account as a link that begins a letter."""
    if not account.email:
        return context.tell("not entered")
    return ui.render_link(account.email, f"mailto:{quote(account.email, safe='@')}")


def describe_account(context: PageContext, account: Account) -> list[tuple[str, ui.Part]]:
    """Return what is known of an account, as terms and descriptions."""
    return [
        (context.tell("Email"), render_email(context, account)),
        (context.tell("Permissions"), describe_roles(context, account.grants)),
        (context.tell("State"), _state_badge(context, account)),
        (context.tell("Last sign-in"), words.format_time(account.signed_in_at) or context.tell("never")),
    ]


def _state_badge(context: PageContext, account: Account) -> ui.Markup:
    from pipelines.submissions.accounts.password_sign_in import TOLD_AFTER

    if account.disabled:
        return ui.render_badge("off", "⊘", context.tell("disabled"))
    if account.failed >= TOLD_AFTER:
        return ui.render_badge("warning", "▲", context.tell("wrong passwords in a row: {n}", n=account.failed))
    if account.must_change:
        return ui.render_badge("draft", "◌", context.tell("must change the password"))
    return ui.render_badge("good", "✔", context.tell("can sign in"))


def make_office_address(place: str) -> str:
    """Return the address of the page with the accounts that have a role in a jurisdiction or territory."""
    return ui.page_address("/people", **{PLACE: place})


def make_page_address(account_id: str) -> str:
    """Return the address of the page with an account to change."""
    return ui.page_address("/people", **{ACCOUNT: account_id})
