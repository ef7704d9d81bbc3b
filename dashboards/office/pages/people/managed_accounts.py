"""List the accounts that a steward manages, with their state."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from dashboards.office import words
from dashboards.office.context import PageContext
from dashboards.office.pages.people.grants import describe_roles
from pipelines.design import components as ui

if TYPE_CHECKING:
    from pipelines.submissions.accounts.accounts import Account

ACCOUNT = "account"
"""Parameter of the page's address, and field of its forms: the account to change."""


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


def make_accounts_table(context: PageContext, managed: Sequence[Account]) -> ui.PageTable:
    """Return the accounts with their roles, state and last sign-in."""
    columns = [context.tell("Name"), context.tell("Permissions"), context.tell("State"), context.tell("Last sign-in")]
    rows = [
        ui.PageRow(
            ui.render_link(account.account_id, f"{make_page_address(account.account_id)}#change"),
            (
                account.display_name,
                describe_roles(context, account.grants),
                _state_badge(context, account),
                ui.render_whole(words.format_time(account.signed_in_at)) if account.signed_in_at else "",
            ),
        )
        for account in managed
    ]
    caption = context.many("{n} account", "{n} accounts", len(managed))
    return ui.drop_empty_columns(ui.PageTable(caption, context.tell("Account"), columns, rows))


def _state_badge(context: PageContext, account: Account) -> ui.Markup:
    from pipelines.submissions.accounts.password_sign_in import TOLD_AFTER

    if account.disabled:
        return ui.render_badge("off", "⊘", context.tell("disabled"))
    if account.failed >= TOLD_AFTER:
        return ui.render_badge("warning", "▲", context.tell("wrong passwords in a row: {n}", n=account.failed))
    if account.must_change:
        return ui.render_badge("draft", "◌", context.tell("must change the password"))
    return ui.render_badge("good", "✔", context.tell("can sign in"))


def make_page_address(account_id: str) -> str:
    """Return the address of the page with an account to change."""
    return ui.page_address("/people", **{ACCOUNT: account_id})
