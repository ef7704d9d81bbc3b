"""Commands `rti init`, `rti status`, `rti territories`: the home, its contents, and the declarations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipelines.cli.common import AsJson, ledger_to_read, note, say, say_json, table, the_home, the_ledger, the_registry

if TYPE_CHECKING:
    from pipelines.ledger.queries import Submission
    from pipelines.ledger.supersession import Replacement


PAGE = 50
"""Submissions that `rti status` shows by default."""


class Kind(StrEnum):
    """Kind of home; a home never changes its kind."""

    demonstration = "demonstration"
    real = "real"


def init(
    kind: Annotated[Kind, typer.Option("--kind", help="Fixed for the life of the home.")] = Kind.demonstration,
    as_json: AsJson = False,
) -> None:
    """Make the home that RTI_HOME names (by default data/), or open the one that is there.

    A demonstration home takes invented returns and marks everything as demonstration data; a real one refuses them.
    """
    from pipelines.core.home import default_root
    from pipelines.core.home import init as make
    from pipelines.ledger import facts

    home = make(default_root(), kind.value)
    facts.prepare(home)
    engine = the_ledger(home)
    if home.kind == "demonstration":
        from pipelines.refresh import samples
        from pipelines.submissions import arrivals

        arrivals.ensure_accounts(engine, samples())
    engine.dispose()
    if as_json:
        say_json({"home": str(home.root), "kind": home.kind})
    else:
        say(f"{home.kind} home in {home.root}")


def status(
    submission: Annotated[str | None, typer.Argument(help="A submission, or the beginning of its id.")] = None,
    state: Annotated[list[str] | None, typer.Option("--state", help="Only these states.")] = None,
    territory: Annotated[str | None, typer.Option("--territory", help="Only this territory.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="How many to show, the newest ones.")] = PAGE,
    before: Annotated[
        str | None, typer.Option("--before", metavar="SUBMISSION", help="Only those that came before this one.")
    ] = None,
    show_all: Annotated[bool, typer.Option("--all", help="Show every one.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show the newest submissions with their state, or everything that happened to one of them.

    Exit code 1 where a publication was interrupted: the list of submissions then ends with how to finish it.
    """
    from pipelines.cli.common import ERRORS, Failure
    from pipelines.core import codes
    from pipelines.ledger import queries, supersession
    from pipelines.publication.releases.publications import find_unfinished

    home = the_home()
    engine = ledger_to_read(home)
    if submission is not None:
        _show_submission(_story(engine, submission), as_json)
        return
    if unknown := set(state or ()) - set(codes.codes("return_state")):
        raise Failure(f"no state is named {', '.join(unknown)}; there are {', '.join(codes.codes('return_state'))}")
    total = queries.count_submissions(engine, states=state, territory=territory)
    newest_first = queries.submission_page(
        engine,
        *([queries.of_territory(territory)] if territory is not None else []),
        states=state,
        limit=max(total, 1) if show_all else limit,
        older_than=queries.Position.of(queries.find(engine, before)) if before is not None else None,
    )
    submissions = newest_first[::-1]
    replaced = supersession.replacements(engine, [s.submission_id for s in submissions])
    unfinished = [publication.to_sentence() for publication in find_unfinished(home)]
    if as_json:
        every = [{**_as_dict(s), "replaced_by": _replaced_by(replaced, s.submission_id)} for s in submissions]
        content = {"home": str(home.root), "kind": home.kind, "total": total, "submissions": every}
        say_json({**content, "unfinished": unfinished})
    elif not total:
        say("no submission yet; hand one in with `rti submit FILE`")
    else:
        _list_submissions(submissions, replaced, total=total, limit=limit)
    for text in unfinished:
        note(f"rti: {text}")
    if unfinished:
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
    table(rows, (*columns, "file"))
    if len(submissions) < total:
        older = f" or --before {submissions[0].submission_id}" if len(submissions) == limit else ""
        note(f"Showing {len(submissions):,} of {total:,}. Use --all{older} to see others.")


def territories(as_json: AsJson = False) -> None:
    """Show the declared territories with their jurisdictions, offices and forms."""
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
        say(f"{item['territory']}  {item['name']} ({item['kind']}; {', '.join(item['jurisdictions'])})")
        if item["footnote"]:
            say(f"    {item['footnote']}")
        for form in item["forms"]:
            say(f"    {form['form']}  {form['title']} [{', '.join(form['formats'])}; {form['freq']}; {form['valid']}]")


def _as_dict(submission: Any) -> dict[str, Any]:
    from dataclasses import asdict

    return asdict(submission)


def _replaced_by(replaced: Mapping[str, Sequence[Replacement]], submission_id: str) -> list[dict[str, Any]]:
    return [replacement.as_json() for replacement in replaced.get(submission_id, ())]


def _story(engine: Any, text: str) -> dict[str, Any]:
    from pipelines.ledger import queries, supersession

    submission = queries.find(engine, text)
    replaced = supersession.replacements(engine, [submission.submission_id])
    return {
        **_as_dict(submission),
        "blocks": queries.blocks(engine, submission.submission_id),
        "replaced_by": _replaced_by(replaced, submission.submission_id),
        "events": queries.events(engine, submission.submission_id),
        "justifications": queries.justifications(engine, submission.submission_id),
        "to_justify": [
            {"finding": key, "rule": rule} for key, rule in queries.unjustified(engine, submission.submission_id)
        ],
    }


def _show_submission(story: dict[str, Any], as_json: bool) -> None:
    if as_json:
        say_json(story)
        return
    say(f"{story['submission_id']}  {story['state']}  {story['filename']}  ({story['form'] or 'form not known'})")
    for block in story["blocks"]:
        nil = ", nothing to count" if block["nil"] else ""
        say(f"  {block['jurisdiction']} {block['instrument']} {block['period']}: {block['rows']} rows{nil}")
    for later in story["replaced_by"]:
        say(f"  replaced by {later['submission_id']} since {later['since']}: {', '.join(later['periods'])}")
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
        say(f"  {event['at']}  {event['action']} by {event['actor']} -> {event['to_state']}{why}{comment}")
    for justification in story["justifications"]:
        say(
            f"  {justification['rule']} ({justification['finding_key']}) is justified: "
            f"{justification['reason']}, {justification['text']}"
        )
    for justification in story["to_justify"]:
        say(
            f"  {justification['rule']} ({justification['finding']}) asks for a justification: "
            f"rti justify {story['submission_id']}"
        )
