"""`rti refresh`, `rti publish`, `rti explain`, `rti import-reference`, `rti serve`: from returns to the public."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from pipelines.commands.common import AsJson, bytes_of, note, say, say_json, the_home


def refresh(
    publish_it: Annotated[bool, typer.Option("--publish", help="Publish the draft when it is ready.")] = False,
    as_json: AsJson = False,
) -> None:
    """Take in what waits, build everything anew that it touches, and make the draft of a release."""
    from pipelines.refresh import publish as switch
    from pipelines.run import refresh as run

    home = the_home()
    result: dict[str, Any] = run(home, say=note)
    if publish_it and result.get("draft"):
        result["release"] = switch(home, str(result["draft"]))
    if as_json:
        say_json(result)
    else:
        say(f"draft {result.get('draft') or 'unchanged'}")
        if result.get("release"):
            say(f"published {result['release']}")


def publish(
    draft: Annotated[
        str | None, typer.Argument(help="The draft; by default the only one there is.", metavar="[DRAFT]")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make a draft public, in one step. Readers of the release before are not disturbed."""
    from pipelines.refresh import publish as switch

    home = the_home()
    release = switch(home, draft)
    if as_json:
        say_json({"release": release, "folder": str(home.releases / release)})
    else:
        say(f"published {release}")


def explain(
    observation: Annotated[
        list[str],
        typer.Argument(
            help="The id shown beside a figure, or terms such as area=MK period=2026-Q3.", metavar="OBSERVATION"
        ),
    ],
    as_json: AsJson = False,
) -> None:
    """Walk a released figure back to its returns, down to sheet and cell.

    OBSERVATION is RELEASE/TABLE/area=..;period=..;measure=.. as shown on the dashboard; release and table may be left
    out (the current release, any table), and the terms may stand apart.
    """
    from pipelines.explain import explain as walk
    from pipelines.explain import in_words

    way = walk(the_home(), ";".join(observation))
    if as_json:
        say_json(way.as_json())
    else:
        for line in in_words(way):
            say(line)


def import_reference(
    file: Annotated[Path, typer.Argument(help="UNODC's GLOTIP workbook as downloaded.", metavar="FILE")],
    as_json: AsJson = False,
) -> None:
    """Take in what others published, to be shown beside our figures and never among them."""
    from pipelines.intake.report import finding_as_json
    from pipelines.locales.findings import describe_finding
    from pipelines.reference.gather import import_reference as take_in

    result = take_in(the_home(), bytes_of(file), file.name)
    if as_json:
        say_json(
            {
                "source": result.source,
                "rows": result.rows.height,
                "rows_read": result.rows_read,
                "rows_elsewhere": result.rows_elsewhere,
                "findings": [finding_as_json(f, file.name, "en") for f in result.findings],
            }
        )
        return
    say(f"{result.source}: {result.rows.height} figures of our territories kept, of {result.rows_read} rows read")
    for finding in result.findings:
        say(f"  {finding.severity}  {finding.where}: {describe_finding(finding).message}")


def serve() -> None:
    """Serve the public pages, the offices' pages and the Dagster UI of this home, and print their addresses."""
    from pipelines.serve import serve as run

    run(the_home())
