"""Commands `rti survey …`: rounds of the practitioners' questionnaire, and measures against the gaps it shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipelines.cli import statements
from pipelines.cli.common import (
    ERRORS,
    GOOD,
    Actor,
    AsJson,
    CommandError,
    actor_or,
    bytes_of,
    print_line,
    print_table,
    say_json,
    the_home,
    the_ledger,
    the_registry,
)

if TYPE_CHECKING:
    from pipelines.ledger.identity import Identity
    from pipelines.survey.service import SurveyDesk

app = typer.Typer(help="Keep the practitioners' questionnaire.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(statements.app, name="statements")
RoundId = Annotated[str, typer.Argument(help="A round, such as 2026-Q4-pulse.", metavar="ROUND")]


@app.command("plan")
def plan_round(
    form: Annotated[str, typer.Argument(help="pulse (quarterly) or full (yearly).", metavar="FORM")],
    period: Annotated[str, typer.Argument(help="2026-Q4 for the quarterly form, 2026 for the yearly.")],
    people: Annotated[Path, typer.Argument(help="CSV: role,institution,territory,name,address,language.")],
    opens: Annotated[str, typer.Option("--opens", help="First day, such as 2026-11-02.")],
    closes: Annotated[str, typer.Option("--closes", help="Last day.")],
    actor: Actor = None,
    as_json: AsJson = False,
) -> None:
    """Plan a round and store whom it invites. Nothing is sent before `rti survey open`."""
    from pipelines.survey import service

    desk, who = _open_desk(actor)
    invitees = service.parse_invitees(bytes_of(people), desk.registry, desk.surveys.bank.lists.roles)
    if form not in ("pulse", "full"):
        raise CommandError(f"there is no form {form}; there are pulse and full")
    round_ = service.plan_round(
        desk, who, "pulse" if form == "pulse" else "full", period, _day(opens), _day(closes), invitees
    )
    if as_json:
        say_json({**asdict(round_), "invited": len(invitees)})
    else:
        print_line(f"{round_.round_id} planned, {len(invitees)} people invited; open it with `rti survey open`")


@app.command("open")
def open_round(round_id: RoundId, actor: Actor = None, as_json: AsJson = False) -> None:
    """Open a planned round: from its first day on, answers are accepted. `rti survey send` sends the invitations."""
    from pipelines.survey import service

    desk, who = _open_desk(actor)
    round_ = service.open_round(desk, who, round_id)
    if as_json:
        say_json(asdict(round_))
    else:
        print_line(f"{round_id} is open until {round_.closes}")
        key = desk.surveys.answers.key_path(round_id)
        print_line(f"keep a copy of {key} elsewhere: answers cannot be read without it")


@app.command("close")
def close_round(round_id: RoundId, actor: Actor = None, as_json: AsJson = False) -> None:
    """Close a round for good, before its last day is over: who has answered is forgotten, results are computed."""
    from pipelines.survey import service

    desk, who = _open_desk(actor)
    count = service.close_round(desk, who, round_id)
    if as_json:
        say_json({"round_id": round_id, "answers": count})
    else:
        print_line(f"{round_id} is closed with {count} answers")


@app.command("list")
def list_rounds(actor: Actor = None, as_json: AsJson = False) -> None:
    """List the rounds."""
    from pipelines.survey import service

    desk, who = _open_desk(actor)
    rounds = service.list_rounds(desk, who)
    if as_json:
        say_json([asdict(round_) for round_ in rounds])
        return
    rows = [(r.round_id, r.form, r.period, r.opens, r.closes, r.state) for r in rounds]
    print_table(rows, ("round", "form", "period", "opens", "closes", "state"))


@app.command("rates")
def show_rates(round_id: RoundId, actor: Actor = None, as_json: AsJson = False) -> None:
    """Show how many people were invited and answered by territory and role."""
    from pipelines.survey import service

    desk, who = _open_desk(actor)
    responses = service.count_responses(desk, who, round_id)
    if as_json:
        say_json([asdict(response) for response in responses])
        return
    print_table(
        [(r.territory, r.role, r.invited, r.answered) for r in responses], ("territory", "role", "invited", "answered")
    )


@app.command("send")
def send_letters(as_json: AsJson = False) -> None:
    """Send the invitations and reminders that are due, and close rounds whose last day is over.

    A running service does this every hour. Exit code 1: at least one letter could not be sent; it is tried again.
    """
    from pipelines.survey import service

    outcome = service.run_daily_work(_make_desk())
    if as_json:
        say_json(asdict(outcome))
    else:
        print_line(f"{outcome.sent} sent, {outcome.failed} to be tried again")
    raise typer.Exit(ERRORS if outcome.failed else GOOD)


@app.command("texts")
def show_texts(round_id: RoundId, actor: Actor = None, as_json: AsJson = False) -> None:
    """Show the free texts of a closed round. They are never published."""
    from pipelines.survey import service

    desk, who = _open_desk(actor)
    listed = service.list_texts(desk, who, round_id)
    if as_json:
        say_json([{"question": series, "text": text} for series, text in listed])
        return
    print_table(listed, ("question", "text"))


@app.command("measures")
def list_measures(actor: Actor = None, as_json: AsJson = False) -> None:
    """List the corrective measures, with the favourable share of their question before and now."""
    from pipelines.survey import measures

    desk, who = _open_desk(actor)
    listed = [(measure, measures.find_progress(desk, measure)) for measure in measures.list_measures(desk, who)]
    if as_json:
        say_json([{**asdict(measure), **asdict(progress)} for measure, progress in listed])
        return
    rows = [
        (
            m.measure_id,
            m.territory,
            m.question,
            m.owner,
            m.deadline,
            m.status,
            _format_share(p.first),
            _format_share(p.newest),
        )
        for m, p in listed
    ]
    head = ("measure", "territory", "question", "owner", "deadline", "status", "first share", "newest")
    print_table(rows, head)


@app.command("add-measure")
def add_measure(
    territory: Annotated[str, typer.Argument(help="A territory, or region.")],
    question: Annotated[str, typer.Argument(help="The question whose answers should improve, such as FR01.")],
    text: Annotated[str, typer.Argument(help="What is to be done. Name no persons.")],
    owner: Annotated[str, typer.Option("--owner", help="The role that is responsible, such as central_authority.")],
    deadline: Annotated[str, typer.Option("--deadline", help="The last day, such as 2027-03-31.")],
    indicator: Annotated[str, typer.Option("--indicator", help="The figure of the returns that should move.")] = "",
    actor: Actor = None,
    as_json: AsJson = False,
) -> None:
    """Add a corrective measure against a gap that the questionnaire shows."""
    from pipelines.survey import measures

    desk, who = _open_desk(actor)
    measure = measures.add_measure(desk, who, territory, question, text, owner, _day(deadline), indicator)
    if as_json:
        say_json(asdict(measure))
    else:
        print_line(f"{measure.measure_id} is planned until {measure.deadline}")


@app.command("update-measure")
def update_measure(
    measure_id: Annotated[str, typer.Argument(help="A measure of `rti survey measures`.")],
    status: Annotated[str, typer.Argument(help="planned, under_way, done or dropped.")],
    evidence: Annotated[str, typer.Option("--evidence", help="What shows that it is done, or why it is dropped.")] = "",
    deadline: Annotated[str | None, typer.Option("--deadline", help="A new last day.")] = None,
    actor: Actor = None,
    as_json: AsJson = False,
) -> None:
    """Change the status, evidence or deadline of a measure."""
    from pipelines.survey import measures

    new_status: measures.Status | None = next((code for code in measures.STATUSES if code == status), None)
    if new_status is None:
        raise CommandError(f"there is no status {status}; there are {', '.join(measures.STATUSES)}")
    desk, who = _open_desk(actor)
    new_deadline = _day(deadline) if deadline is not None else None
    measure = measures.update_measure(desk, who, measure_id, new_status, evidence=evidence, deadline=new_deadline)
    if as_json:
        say_json(asdict(measure))
    else:
        print_line(f"{measure.measure_id} is {measure.status}")


def _format_share(result: Mapping[str, Any] | None) -> str:
    return f"{100 * result['share']:.0f} % of {result['n']} ({result['round_id']})" if result is not None else ""


def _make_desk() -> SurveyDesk:
    from pipelines.survey.service import SurveyDesk
    from pipelines.survey.surveys import open_surveys

    home = the_home()
    return SurveyDesk(open_surveys(home), the_ledger(home), the_registry())


def _open_desk(actor: str | None) -> tuple[SurveyDesk, Identity]:
    from pipelines.cli.intake import STEWARD
    from pipelines.submissions.accounts import accounts

    desk = _make_desk()
    return desk, accounts.get_identity(desk.engine, actor_or(actor, STEWARD))


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise CommandError(f"{text!r} is not a day; write it as 2026-11-11") from None
