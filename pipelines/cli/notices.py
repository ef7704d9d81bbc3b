"""Commands `rti notices send|remind|list` and `rti timetable`: notices by mail, and due dates.

A scheduler runs `rti notices remind` once a day and `rti notices send` every few minutes.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.cli.common import (
    ERRORS,
    GOOD,
    UNREADABLE,
    AsJson,
    CommandError,
    Language,
    print_line,
    print_table,
    say_json,
    the_home,
    the_ledger,
    the_registry,
)

if TYPE_CHECKING:
    from pipelines.core.home import Home
    from pipelines.operations.due_work import DueWork

app = typer.Typer(help="Send notices about events and deadlines.", no_args_is_help=True, rich_markup_mode=None)
_ACTS = {
    "confirm_entries": "experts confirm their entries",
    "open_round": "open the round of the questionnaire",
    "close_round": "last day of the round",
}
AHEAD = 1
"""Periods after the last one ended that a timetable shows: the days of the current period are all in the future."""


@app.command()
def send(
    again: Annotated[bool, typer.Option("--again", help="Also retry notices that failed or were abandoned.")] = False,
    as_json: AsJson = False,
) -> None:
    """Send waiting notices: by mail, by webhook, or into the outbox folder if neither is set.

    Exit code 1: at least one could not be sent; it is kept and retried later.
    """
    from pipelines.submissions import notices

    home = the_home()
    delivery = notices.deliver_notices(home, the_ledger(home), registry=the_registry(), again=again)
    if as_json:
        say_json(asdict(delivery))
    else:
        print_line(
            f"{delivery.sent} sent ({', '.join(delivery.ways)}), {delivery.failed} to be tried again, "
            f"{delivery.given_up} given up"
        )
        if delivery.failed or delivery.given_up:
            print_line("see `rti notices list --unsent` for the reasons")
    raise typer.Exit(ERRORS if delivery.failed or delivery.given_up else GOOD)


@app.command()
def remind(
    today: Annotated[str | None, typer.Option("--today", help="A day other than today, such as 2026-11-11.")] = None,
    as_json: AsJson = False,
) -> None:
    """Create today's reminders, one per person; `rti notices send` sends them.

    Submitters of missing returns are reminded 14 and 3 days before the deadline, and 1 and 7 days after it.
    """
    from pipelines.submissions import notices

    home = the_home()
    count = notices.enqueue_reminders(home, the_ledger(home), the_registry(), today=_day(today))
    if as_json:
        say_json({"reminded": count})
    else:
        print_line(f"{count} people are reminded")


@app.command("list")
def list_(
    unsent: Annotated[bool, typer.Option("--unsent", help="Only notices that wait or were abandoned.")] = False,
    account: Annotated[str | None, typer.Option("--account", help="Only notices of this account.")] = None,
    as_json: AsJson = False,
) -> None:
    """List notices with their states and, for failed ones, the reason."""
    from pipelines.submissions import notices

    home = the_home()
    listed = notices.list_notices(the_ledger(home), account_id=account, unsent=unsent)
    if as_json:
        say_json([{**asdict(notice), "state": notice.state} for notice in listed])
        return
    if not listed:
        print_line("no notice")
        return
    rows = [(n.notice_id, n.created_at, n.account_id, n.kind, n.state, n.attempts, n.error) for n in listed]
    print_table(rows, ("notice", "entered", "account", "kind", "state", "attempts", "last error"))


def timetable(
    ics: Annotated[
        Path | None, typer.Option("--ics", help="Write the deadlines as a calendar file (iCalendar).", metavar="FILE")
    ] = None,
    jurisdiction: Annotated[
        list[str] | None, typer.Option("--jurisdiction", help="Only this jurisdiction; can be repeated.")
    ] = None,
    today: Annotated[str | None, typer.Option("--today", help="A day other than today, such as 2026-11-11.")] = None,
    language: Language = "en",
    as_json: AsJson = False,
) -> None:
    """Show coming deadlines of returns, confirmations of experts that are due, and rounds of the questionnaire."""
    from pipelines.core import clock
    from pipelines.refresh.quarter import set_release_days
    from pipelines.submissions import timetable as days

    registry = the_registry()
    jurisdiction_codes = {j.code for t in registry.without_training().territories.values() for j in t.jurisdictions}
    if unknown := set(jurisdiction or ()) - jurisdiction_codes:
        raise CommandError(
            f"no jurisdiction is named {', '.join(sorted(unknown))}; there are {', '.join(sorted(jurisdiction_codes))}"
        )
    day = _day(today) or clock.now().date()
    deadlines = days.list_deadlines(registry, jurisdictions=jurisdiction or None, today=day, ahead=AHEAD)
    home = _find_home()
    if home is not None:
        deadlines = set_release_days(home, registry, deadlines, day)
    deadlines = days.to_come(deadlines, day)
    if ics is not None:
        is_demonstration = home is not None and home.kind == "demonstration"
        content = days.export_calendar(deadlines, language, demonstration=is_demonstration, registry=registry)
        try:
            ics.write_bytes(content)
        except OSError as error:
            raise CommandError(f"{ics} cannot be written: {error.strerror}; name another file", UNREADABLE) from None
    work = _list_other_work(home, day) if home is not None and not jurisdiction else []
    if as_json:
        say_json([*map(asdict, deadlines), *map(asdict, work)])
        return
    rows: list[tuple[object, ...]] = [(item.due, _ACTS[item.act], item.subject, item.number) for item in work]
    if rows:
        print_table(rows, ("due", "what", "of", "people"))
        print_line("")
    rows = [(d.collection, d.jurisdiction, d.instrument, d.source, d.period, d.queries, d.release) for d in deadlines]
    print_table(rows, ("due", "jurisdiction", "instrument", "office", "period", "questions", "release"))


def _list_other_work(home: Home, day: date) -> list[DueWork]:
    """Return what else is due in a home."""
    from pipelines.ledger.opening import open_ledger
    from pipelines.operations.due_work import list_due_work

    return list_due_work(home, open_ledger(home), day)


def _day(text: str | None) -> date | None:
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise CommandError(f"{text!r} is not a day; write it as 2026-11-11") from None


def _find_home() -> Home | None:
    """Return the home; None without one, since the timetable needs declarations only."""
    from pipelines.core.home import HomeError, open_home

    try:
        return open_home()
    except HomeError:
        return None
