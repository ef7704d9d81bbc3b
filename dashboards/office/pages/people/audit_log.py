"""Show the newest entries of the audit log to a steward of the whole system."""

from __future__ import annotations

from dashboards.office import words
from dashboards.office.context import PageContext
from dashboards.office.figure_words import format_number
from pipelines.design import components as ui
from pipelines.ledger import permissions

_LOGGED = 100
"""Entries of the audit log that are shown."""


def can_read_audit_log(context: PageContext) -> bool:
    """Return True if the person may read the audit log."""
    return permissions.can_keep_accounts_of(context.who, [permissions.HEAD_STEWARD])


def make_audit_table(context: PageContext) -> ui.PageTable:
    """Return the newest entries of the audit log, the newest first."""
    from pipelines.ledger import audit_log, database

    with database.open_read_transaction(context.desk.engine) as connection:
        count, _ = audit_log.read_head(connection)
    entries = audit_log.list_entries(context.desk.engine, after=count - _LOGGED)
    code = ui.Markup('<span class="rti-code">{}</span>')
    rows = [
        ui.PageRow(
            str(entry["seq"]),
            (
                ui.render_whole(words.format_time(entry["at"])),
                context.name_person(entry["actor"]),
                code.format(entry["action"]),
                code.format(entry["subject"]),
                code.format(entry["hash"][:12]),
            ),
        )
        for entry in reversed(entries)
    ]
    columns = [
        context.tell("When"),
        context.tell("Who"),
        context.tell("Action"),
        context.tell("Concerns"),
        context.tell("Hash begins"),
    ]
    number = format_number(context, max(count, len(rows)))
    caption = context.tell("The last {n} of {all} entries, the newest first", n=len(rows), all=number)
    return ui.PageTable(caption, context.tell("Number"), columns, rows)
