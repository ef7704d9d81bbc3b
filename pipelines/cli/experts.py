"""Commands `rti experts …`: list, export and erase entries of the network of experts, and ask experts to confirm."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.cli.common import (
    ERRORS,
    GOOD,
    Actor,
    AsJson,
    actor_or,
    print_line,
    print_table,
    say_json,
    the_home,
    the_ledger,
)

if TYPE_CHECKING:
    from pipelines.ledger.identity import Identity
    from pipelines.submissions.service import Desk

app = typer.Typer(help="Keep the network of experts.", no_args_is_help=True, rich_markup_mode=None)
ExpertId = Annotated[str, typer.Argument(help="An entry of `rti experts list`.", metavar="ENTRY")]


@app.command("list")
def list_experts(actor: Actor = None, as_json: AsJson = False) -> None:
    """List the entries that you keep, without addresses. It is recorded as a look-up."""
    from pipelines.submissions.service import experts

    desk, who = _open_desk(actor)
    listed = experts.list_kept_experts(desk, who)
    if as_json:
        say_json([asdict(expert) for expert in listed])
        return
    rows = [
        (e.expert_id, e.details.jurisdiction, e.details.institution, e.details.position, e.state, e.confirmed_on)
        for e in listed
    ]
    print_table(rows, ("entry", "place", "institution", "position", "state", "confirmed"))


@app.command("export")
def export_expert(expert_id: ExpertId, actor: Actor = None) -> None:
    """Print everything that is held on an expert as JSON, for the expert who asks for it."""
    from pipelines.submissions.service import experts

    desk, who = _open_desk(actor)
    say_json(experts.export_expert(desk, who, expert_id))


@app.command("erase")
def erase_expert(expert_id: ExpertId, actor: Actor = None, as_json: AsJson = False) -> None:
    """Erase an entry on request. The audit log keeps who erased an entry and when, not which."""
    from pipelines.submissions.service import experts

    desk, who = _open_desk(actor)
    experts.erase_expert(desk, who, expert_id)
    if as_json:
        say_json({"erased": 1})
    else:
        print_line("the entry is erased; earlier backups still hold it until they are deleted")


@app.command("remind")
def remind_experts(as_json: AsJson = False) -> None:
    """Send the letters that ask experts to confirm their entry, and erase entries that were never confirmed.

    A running service does this every hour. Exit code 1: at least one letter could not be sent; it is tried again.
    """
    from pipelines.submissions.experts import letters

    home = the_home()
    outcome = letters.remind_experts(home, the_ledger(home))
    if as_json:
        say_json(asdict(outcome))
    else:
        print_line(f"{outcome.sent} sent, {outcome.failed} to be tried again, {outcome.erased} erased")
    raise typer.Exit(ERRORS if outcome.failed else GOOD)


@app.command("uses")
def list_uses(actor: Actor = None, as_json: AsJson = False) -> None:
    """List who looked experts up or wrote to one, newest first (stewards)."""
    from pipelines.submissions.service import experts

    desk, who = _open_desk(actor)
    uses = experts.list_expert_uses(desk, who)
    if as_json:
        say_json([asdict(use) for use in uses])
        return
    rows = [
        (use.at, use.account, use.action, " ".join(f"{name}={value}" for name, value in use.query.items()),
         use.n_entries)
        for use in uses
    ]  # fmt: skip
    print_table(rows, ("at", "account", "action", "query", "entries"))


def _open_desk(actor: str | None) -> tuple[Desk, Identity]:
    from pipelines.cli.intake import STEWARD
    from pipelines.submissions.accounts import accounts
    from pipelines.submissions.service import open_desk

    desk = open_desk(the_home())
    return desk, accounts.get_identity(desk.engine, actor_or(actor, STEWARD))
