"""Commands `rti init`, `rti status`, `rti territories`: the home, its contents, and the declarations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipelines.cli.common import (
    AsJson,
    ledger_to_read,
    print_line,
    print_note,
    print_table,
    say_json,
    the_home,
    the_ledger,
    the_registry,
)

if TYPE_CHECKING:
    from pipelines.core.home import Home
    from pipelines.ledger.queries import Submission
    from pipelines.ledger.supersession import Replacement


PAGE = 50
"""Submissions that `rti status` shows by default."""


class Kind(StrEnum):
    """Kind of home; a home never changes its kind."""

    demonstration = "demonstration"
    real = "real"


def open_or_create_home(kind: Kind, *, shared: bool = False) -> Home:
    """Return the home named by RTI_HOME, which is created if it does not exist, with its ledger and fact folders.

    A demonstration home also gets the accounts of the sample offices. With `shared`, the users of its group may run
    its parts. Raises HomeError if a home of the other kind exists, and PermissionError if files of another user cannot
    be shared.
    """
    from pipelines.core import rights
    from pipelines.core.home import default_root, initialise_home
    from pipelines.ledger import facts

    home = initialise_home(default_root(), kind.value)
    if shared:
        rights.share_home(home)
    rights.adopt_umask(home)
    facts.prepare_fact_folders(home)
    engine = the_ledger(home)
    if home.kind == "demonstration":
        from pipelines.refresh import find_sample_folder
        from pipelines.submissions import arrivals

        arrivals.ensure_accounts(engine, find_sample_folder())
    engine.dispose()
    return home


def init(
    kind: Annotated[
        Kind, typer.Option("--kind", help="The kind of home; it cannot be changed later.")
    ] = Kind.demonstration,
    shared: Annotated[
        bool,
        typer.Option("--shared", help="Let every user whose primary group is that of the home run a part of it."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Create the home named by RTI_HOME (default: data/), or open the existing one.

    A demonstration home accepts invented returns and marks everything as demonstration data; a real home rejects
    them. With --shared, an existing home is shared as well; its files must be those of the user who runs the command,
    or root runs it.
    """
    home = open_or_create_home(kind, shared=shared)
    if as_json:
        say_json({"home": str(home.root), "kind": home.kind})
    else:
        print_line(f"{home.kind} home in {home.root}")


def status(
    submission: Annotated[str | None, typer.Argument(help="A submission's id, or the beginning of it.")] = None,
    state: Annotated[list[str] | None, typer.Option("--state", help="Only these states.")] = None,
    territory: Annotated[str | None, typer.Option("--territory", help="Only this territory.")] = None,
    limit: Annotated[
        int, typer.Option("--limit", min=1, help="The number of submissions to show, newest first.")
    ] = PAGE,
    before: Annotated[
        str | None,
        typer.Option("--before", metavar="SUBMISSION", help="Only submissions that arrived before this one."),
    ] = None,
    show_all: Annotated[bool, typer.Option("--all", help="Show all submissions.")] = False,
    as_json: AsJson = False,
) -> None:
    """List the newest submissions with their states and how far the quarter is, or show the history of one submission.

    Exit code 1 if a publication was interrupted, or if sensors or schedules fail; the list then ends with what to do.
    """
    from pipelines.cli import quarter_lines
    from pipelines.cli.common import ERRORS, CommandError
    from pipelines.core import codes
    from pipelines.ledger import queries, supersession
    from pipelines.publication.releases.publications import find_unfinished
    from pipelines.refresh.quarter import measure_progress
    from pipelines.runs.trigger_watch import read_failing_triggers

    home = the_home()
    engine = ledger_to_read(home)
    if submission is not None:
        _show_submission(_story(engine, submission), as_json)
        return
    if unknown := set(state or ()) - set(codes.list_codes("return_state")):
        raise CommandError(
            f"no state is named {', '.join(unknown)}; there are {', '.join(codes.list_codes('return_state'))}"
        )
    total = queries.count_submissions(engine, states=state, territory=territory)
    newest_first = queries.submission_page(
        engine,
        *([queries.of_territory(territory)] if territory is not None else []),
        states=state,
        limit=max(total, 1) if show_all else limit,
        older_than=queries.Position.from_submission(queries.find_submission(engine, before))
        if before is not None
        else None,
    )
    submissions = newest_first[::-1]
    replaced = supersession.find_replacements(engine, [s.submission_id for s in submissions])
    unfinished = [publication.to_sentence() for publication in find_unfinished(home)]
    failing = read_failing_triggers(home)
    registry = the_registry()
    is_whole = not (state or territory or before)
    rounds = measure_progress(home, engine, registry) if is_whole else []
    if as_json:
        every = [{**_as_dict(s), "replaced_by": _replaced_by(replaced, s.submission_id)} for s in submissions]
        content = {"home": str(home.root), "kind": home.kind, "total": total, "submissions": every}
        quarters = [quarter_lines.as_json(progress) for progress in rounds]
        triggers = [asdict(trigger) for trigger in failing]
        say_json({**content, "unfinished": unfinished, "failing_triggers": triggers, "quarters": quarters})
    elif not total:
        print_line("no submission yet; hand one in with `rti submit FILE`")
    else:
        _list_submissions(submissions, replaced, total=total, limit=limit)
    if not as_json:
        quarter_lines.print_quarters(rounds, registry)
    for text in unfinished:
        print_note(f"rti: {text}")
    for trigger in failing:
        print_note(f"rti: {trigger.describe_failure()}; `rti doctor` says what to do")
    if unfinished or failing:
        raise typer.Exit(ERRORS)


def _list_submissions(
    submissions: Sequence[Submission], replaced: Mapping[str, Sequence[Replacement]], *, total: int, limit: int
) -> None:
    by = {
        identity: ", ".join(replacement.submission_id for replacement in later) for identity, later in replaced.items()
    }
    rows = [
        (
            *(s.submission_id, s.state, by.get(s.submission_id), s.received_at[:10]),
            *(s.territory, s.form, s.kind, s.errors, s.warnings, s.filename),
        )
        for s in submissions
    ]
    columns = ("submission", "state", "replaced by", "received", "territory", "form", "kind", "errors", "warnings")
    print_table(rows, (*columns, "file"))
    if len(submissions) < total:
        older = f" or --before {submissions[0].submission_id}" if len(submissions) == limit else ""
        print_note(f"Showing {len(submissions):,} of {total:,}. Use --all{older} to see others.")


def territories(as_json: AsJson = False) -> None:
    """List the declared territories with their jurisdictions and forms."""
    registry = the_registry()
    content: list[dict[str, Any]] = [
        {
            "territory": territory.code,
            "name": next(n.name for n in territory.names if n.language == "en" and not n.accepted_only),
            "footnote": next((n.footnote for n in territory.names if n.language == "en" and n.footnote), None),
            "kind": territory.kind,
            "languages": list(territory.languages),
            "jurisdictions": [j.code for j in territory.jurisdictions],
            "offices": [{"office": o.id, "jurisdiction": o.jurisdiction} for o in territory.offices],
            "forms": [
                {
                    "form": f.id,
                    "title": f.title,
                    "jurisdiction": f.jurisdiction,
                    "instrument": f.instrument,
                    "formats": list(f.formats),
                    "freq": f.freq,
                    "valid": f.valid,
                }
                for f in registry.forms.values()
                if f.jurisdiction in {j.code for j in territory.jurisdictions}
            ],
        }
        for territory in registry.territories.values()
    ]
    if as_json:
        say_json({"declaration_hash": registry.digest, "territories": content})
        return
    for item in content:
        print_line(f"{item['territory']}  {item['name']} ({item['kind']}; {', '.join(item['jurisdictions'])})")
        if item["footnote"]:
            print_line(f"    {item['footnote']}")
        for form in item["forms"]:
            print_line(
                f"    {form['form']}  {form['title']} [{', '.join(form['formats'])}; {form['freq']}; {form['valid']}]"
            )


def _as_dict(submission: Any) -> dict[str, Any]:
    from dataclasses import asdict

    return asdict(submission)


def _replaced_by(replaced: Mapping[str, Sequence[Replacement]], submission_id: str) -> list[dict[str, Any]]:
    return [replacement.as_json() for replacement in replaced.get(submission_id, ())]


def _story(engine: Any, text: str) -> dict[str, Any]:
    from pipelines.ledger import queries, supersession

    submission = queries.find_submission(engine, text)
    replaced = supersession.find_replacements(engine, [submission.submission_id])
    return {
        **_as_dict(submission),
        "blocks": queries.list_blocks(engine, submission.submission_id),
        "replaced_by": _replaced_by(replaced, submission.submission_id),
        "events": queries.list_events(engine, submission.submission_id),
        "justifications": queries.list_justifications(engine, submission.submission_id),
        "to_justify": [
            {"finding": key, "rule": rule} for key, rule in queries.list_unjustified(engine, submission.submission_id)
        ],
    }


def _show_submission(story: dict[str, Any], as_json: bool) -> None:
    if as_json:
        say_json(story)
        return
    print_line(
        f"{story['submission_id']}  {story['state']}  {story['filename']}  ({story['form'] or 'form not known'})"
    )
    for block in story["blocks"]:
        nil = ", nothing to count" if block["nil"] else ""
        print_line(f"  {block['jurisdiction']} {block['instrument']} {block['period']}: {block['rows']} rows{nil}")
    for later in story["replaced_by"]:
        print_line(f"  replaced by {later['submission_id']} since {later['since']}: {', '.join(later['periods'])}")
    for event in story["events"]:
        comment = f": {event['comment']}" if event["comment"] else ""
        payload = event["payload"] or {}
        marks = (
            [payload["reason"]]
            if event["action"] in ("send", "ask_withdrawal", "withdraw") and payload.get("reason")
            else []
        )
        marks += ["override"] if payload.get("override") else []
        why = f" ({', '.join(marks)})" if marks else ""
        print_line(f"  {event['at']}  {event['action']} by {event['actor']} -> {event['to_state']}{why}{comment}")
    for justification in story["justifications"]:
        print_line(
            f"  {justification['rule']} ({justification['finding_key']}) is justified: "
            f"{justification['reason']}, {justification['text']}"
        )
    for justification in story["to_justify"]:
        print_line(
            f"  {justification['rule']} ({justification['finding']}) asks for a justification: "
            f"rti justify {story['submission_id']}"
        )
