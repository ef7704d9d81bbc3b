"""Commands `rti refresh`, `publish`, `rollback`, `explain`, `import-reference`, `serve`, `step-worker`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from pipelines.cli.common import (
    ERRORS,
    Actor,
    AsJson,
    CommandError,
    actor_or,
    bytes_of,
    print_line,
    print_note,
    say_json,
    the_home,
)
from pipelines.cli.home import Kind, open_or_create_home

OverrideReason = Annotated[
    str | None,
    typer.Option(
        "--override",
        help="Publish although checks are open, as a steward, for this reason. It is recorded in the audit log.",
        metavar="REASON",
    ),
]


def refresh(
    publish_it: Annotated[bool, typer.Option("--publish", help="Publish the draft when it is ready.")] = False,
    init: Annotated[
        Kind | None, typer.Option("--init", help="Create the home first if it does not exist, as `rti init` does.")
    ] = None,
    by_workers: Annotated[
        bool, typer.Option("--by-workers", help="Let the workers of RTI_DAGSTER_BROKER_URL do the steps.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Process new returns, rebuild everything they affect, and build the draft of a release."""
    from pipelines.core.home_lock import hold_home_lock
    from pipelines.operations.run import run_refresh as run
    from pipelines.refresh import publish_draft
    from pipelines.refresh.release_desk import review

    home = the_home() if init is None else open_or_create_home(init)
    override = review.Override(review.DEMONSTRATION_REASON) if home.kind == "demonstration" else None
    with hold_home_lock(home, purpose="refresh"):
        result: dict[str, Any] = run(home, say=print_note, even_if_unchanged=False, by_workers=by_workers)
        finished = result.pop("finished", None)
        if finished:
            result["release"] = finished
        if publish_it and result.get("draft"):
            result["release"] = publish_draft(home, str(result["draft"]), override=override)
    if as_json:
        say_json(result)
    else:
        print_line(f"draft {result.get('draft') or 'unchanged'}")
        if result.get("release"):
            print_line(f"published {result['release']}")


def publish(
    draft: Annotated[str | None, typer.Argument(help="The draft; default: the only one.", metavar="[DRAFT]")] = None,
    override: OverrideReason = None,
    actor: Actor = None,
    as_json: AsJson = False,
) -> None:
    """Publish a draft in one step. Readers of the previous release are not disturbed.

    The checklist of the release desk must be in order. An interrupted publication is completed first.
    """
    from pipelines.cli.intake import STEWARD
    from pipelines.refresh import publish_draft
    from pipelines.refresh.release_desk import review

    home = the_home()
    decision = review.Override(override, actor_or(actor, STEWARD)) if override is not None else None
    release = publish_draft(home, draft, override=decision, log=print_note)
    if as_json:
        say_json({"release": release, "folder": str(home.releases / release)})
    else:
        print_line(f"published {release}")


def rollback(
    release: Annotated[str, typer.Argument(help="A release that was published, such as 2026-Q3.", metavar="RELEASE")],
    reason: Annotated[str, typer.Option("--reason", help="The reason; it is published.")],
    actor: Actor = None,
    as_json: AsJson = False,
) -> None:
    """Make an earlier release current again, as a steward.

    No release is removed. The next draft gets a new number and becomes current when it is published.
    """
    from pipelines.cli.intake import STEWARD
    from pipelines.refresh import roll_back

    home = the_home()
    roll_back(home, release, actor=actor_or(actor, STEWARD), reason=reason, log=print_note)
    if as_json:
        say_json({"release": release, "folder": str(home.releases / release)})
    else:
        print_line(f"{release} is the current release again")


def explain(
    observation: Annotated[
        list[str],
        typer.Argument(
            help="The id shown next to a figure, or terms such as area=MK period=2026-Q3.", metavar="OBSERVATION"
        ),
    ],
    as_json: AsJson = False,
) -> None:
    """Trace a released figure back to its returns, down to sheet and cell.

    OBSERVATION is RELEASE/TABLE/area=..;period=..;measure=.. as shown on the dashboard. Release and table
    may be omitted (default: the current release, any table), and the terms may be separate arguments.
    """
    from pipelines.publication.provenance.explain import explain_figure, in_words

    way = explain_figure(the_home(), ";".join(observation))
    if as_json:
        say_json(way.as_json())
    else:
        for line in in_words(way):
            print_line(line)


def import_reference(
    file: Annotated[
        Path,
        typer.Argument(
            help="UNODC's table on trafficking in persons (GLOTIP) or of persons by offence (UN-CTS), as downloaded.",
            metavar="FILE",
        ),
    ],
    as_json: AsJson = False,
) -> None:
    """Import figures published by others, to be shown next to our figures and never mixed with them."""
    from pipelines.findings.texts import describe_finding
    from pipelines.submissions.checking.report import finding_as_json
    from pipelines.warehouse.reference.gather import import_reference as take_in

    result = take_in(the_home(), bytes_of(file))
    if as_json:
        say_json(
            {
                "source": result.source,
                "rows": result.rows.height,
                "rows_read": result.rows_read,
                "rows_elsewhere": result.rows_elsewhere,
                "rows_other_offences": result.rows_other_offences,
                "rows_rates": result.rows_rates,
                "rows_lost": result.rows_lost,
                "findings": [finding_as_json(f, file.name, "en") for f in result.findings],
            }
        )
    else:
        print_line(
            f"{result.source}: {result.rows.height} figures of our territories kept, of {result.rows_read} rows read"
        )
        print_line(
            f"  not kept: {result.rows_elsewhere} of other places, {result.rows_other_offences} of other offences, "
            f"{result.rows_rates} rates, {result.rows_lost} that could not be read"
        )
        for finding in result.findings:
            print_line(f"  {finding.severity}  {finding.where}: {describe_finding(finding).message}")
    if any(finding.severity == "error" for finding in result.findings):
        raise typer.Exit(ERRORS)


class Part(StrEnum):
    """One process of the service, for a supervisor such as systemd."""

    public = "public"
    office = "office"
    dagster_ui = "dagster-ui"
    daemon = "daemon"


def serve(
    only: Annotated[
        Part | None, typer.Option("--only", help="Run this part alone, in this process, as a supervisor needs it.")
    ] = None,
    port: Annotated[
        int | None, typer.Option("--port", min=1, max=65535, help="The loopback port of the part.", metavar="PORT")
    ] = None,
) -> None:
    """Serve the public pages, the offices' pages and the Dagster UI of this home, and print their addresses.

    With --only, become one of these processes; `public` needs no right to read restricted/.
    """
    from pipelines.operations.serve import serve_home, serve_part

    if only is None:
        if port is not None:
            raise CommandError("--port needs --only")
        serve_home(the_home())
    else:
        serve_part(the_home(), only.value, port)


def step_worker(
    name: Annotated[
        str, typer.Option("--name", help="The name of the worker in the log of a run.", metavar="NAME")
    ] = "",
    with_services: Annotated[
        bool, typer.Option("--with-services", help="Also do steps that must be done on the machine of the services.")
    ] = False,
) -> None:
    """Do steps of refreshes that a daemon on this or another machine hands out through RabbitMQ, until it is ended.

    A step that has begun is completed first. The home is a folder that all machines share.
    """
    from pipelines.operations.serve import become_step_worker

    become_step_worker(the_home(), name=name, with_services=with_services)
