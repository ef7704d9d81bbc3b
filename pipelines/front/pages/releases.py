"""Compose the page on releases and corrections: this release, those before it, and what was corrected."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

from pipelines import words
from pipelines.core.i18n import mark
from pipelines.design.components import Markup, Part
from pipelines.dissemination.table_titles import name_table
from pipelines.front import pages
from pipelines.front.pages import Page
from pipelines.front.pages.calendar import CALENDAR
from pipelines.front.pages.quality import describe_revisions
from pipelines.front.queries import CRIMES
from pipelines.front.reader import Reader
from pipelines.front.tables import FigureTable, period_field
from pipelines.publication.releases.utility_targets import MOST_ANNUAL_TOTALS, MOST_POINTS
from pipelines.statistics.thresholds import LARGEST_HIDDEN_COUNT, SMALLEST_PUBLISHED_COUNT
from pipelines.words import Row
from pipelines.words.language import many, tell

CHANGES: Final = "changes"
"""Name of the page that compares a release with any earlier one, which the service writes on request."""
_CHANGES: Final[Mapping[str, str]] = {
    "added": mark("Added"),
    "revised": mark("Revised"),
    "withdrawn": mark("No longer published"),
    "newly_hidden": mark("Newly withheld"),
    "newly_shown": mark("Withheld before, published now"),
}
LISTED: Final = 100
"""Revised totals that the page lists. The table `change` of the release has all."""


def compose_releases(reader: Reader) -> Page:
    """Return the page on releases and corrections."""
    edition = reader.edition
    release = edition.release
    prepared = words.format_day(edition.prepared_on)
    title = tell("Releases and corrections")
    return Page(
        pages.name_file(pages.RELEASES),
        "releases.html",
        pages.RELEASES,
        title,
        title,
        lead=tell(
            "A release never changes. Corrections are made in a new release, and earlier releases stay available."
        ),
        values={
            "facts": [
                (tell("Release"), edition.id),
                *([(tell("Version of the data"), _explain_version(release))] if release.get("version") else []),
                (tell("Prepared on"), prepared),
                (tell("Newest period"), words.period_short(str(release["reference_period"]))),
                (tell("How to cite"), words.cite_release(release, is_ours=False)),
                (
                    tell("Comparisons tested"),
                    tell(
                        "{pairs} pairs of territories in {comparisons} comparisons. Intervals allow for all pairs of "
                        "one comparison, not for the number of comparisons.",
                        pairs=words.format_number(release["pairs_tested"]),
                        comparisons=words.format_number(release["comparisons_tested"]),
                    ),
                ),
                (
                    tell("Figures withheld"),
                    tell(
                        "{withheld} of {figures}. Annual totals of the territories, large and small, of all years: "
                        "{withheld_totals} of {totals}. Those of 1 to {hidden} are always withheld.",
                        withheld=words.format_number(release["figures_withheld"]),
                        figures=words.format_number(release["figures"]),
                        withheld_totals=words.format_number(release["annual_totals_withheld"]),
                        totals=words.format_number(release["annual_totals"]),
                        hidden=LARGEST_HIDDEN_COUNT,
                    ),
                ),
                (tell("Targets for what is withheld"), _explain_targets()),
            ],
            "changes": _compose_own_changes(reader),
            "schema_changes": (
                describe_schema_changes(edition.tables["schema_change"]) if release.get("previous") else []
            ),
            "revised": compose_revised(reader, edition.tables["change"]),
            "editions": _compose_editions(reader),
            "corrections": _compose_corrections(reader),
            "revisions": _describe_revisions(reader),
            "data": pages.name_file(pages.DATA),
            "explore": reader.link_to_explorer("about"),
            "lists": [
                (ending, f"/releases/{edition.id}/changes.{ending}?lang={reader.lang}") for ending in ("csv", "json")
            ],
            "compare": f"/releases/{edition.id}/{reader.lang}/{pages.name_file(CHANGES)}",
            "calendar": f"/{reader.lang}/{pages.name_file(CALENDAR)}",
        },
    )


def _compose_editions(reader: Reader) -> FigureTable:
    """Return the releases that had new or changed totals, the newest first, each with a link to its pages."""
    edition = reader.edition
    table = FigureTable(
        reader,
        tell("Releases with new or changed totals, newest first"),
        tell("Release"),
        [tell("Totals")],
        name="editions",
    )
    for row in edition.tables["edition"]:
        heading: Part = str(row["release"])
        if row["release"] != edition.id:
            address = f"/releases/{row['release']}/{reader.lang}/{pages.name_file(pages.HOME)}"
            heading = Markup('<a href="{}">{}</a>').format(address, heading)
        table.add_row(heading, (words.format_number(row["totals"]),))
    return table


def _compose_own_changes(reader: Reader) -> FigureTable | None:
    """Return how many figures changed since the release before; None for the first one."""
    previous = reader.edition.release.get("previous")
    if not previous:
        return None
    counts = {(row["change"], row["offence_group"]): row["figures"] for row in reader.edition.tables["change_count"]}
    return compose_changes(reader, str(previous), counts)


def compose_changes(reader: Reader, previous: str, counts: Mapping[tuple[str, str], int]) -> FigureTable:
    """Return how many figures changed since an earlier release, by kind of change and crime, as `counts` has them."""
    table = FigureTable(
        reader,
        tell("Figures that changed since release {release}", release=previous),
        tell("Change"),
        [reader.find_label("offence_group", crime) for crime in CRIMES],
        name="changes",
    )
    for change, text in _CHANGES.items():
        table.add_row(tell(text), [words.format_number(counts.get((change, crime), 0)) for crime in CRIMES])
    return table


def _explain_version(release: Row) -> str:
    """Return the number of the version, and what it means."""
    meaning = tell(
        "The first number of the version changes with tables and definitions, the second with new periods and "
        "territories, the third with corrections."
    )
    return f"{release['version']}. {meaning}"


def _explain_targets() -> str:
    """Return the targets on what protection may cost, and why their results are not public.

    With the results, readers would know how many withheld figures are small.
    """
    numbers = {
        "most": MOST_ANNUAL_TOTALS,
        "least": SMALLEST_PUBLISHED_COUNT,
        "points": words.format_number(MOST_POINTS),
    }
    return " ".join(
        [
            tell(
                "Two targets are checked before each release. First: in each year, at most {most} annual totals of "
                "{least} or more are withheld. Second: of all figures above zero, at most {points}% are withheld only "
                "to protect smaller ones.",
                **numbers,
            ),
            tell(
                "The numbers above cannot be compared with these targets: they include totals below {least}, and those "
                "of all years together. Neither target covers cases pending at the start and the end of a year.",
                **numbers,
            ),
            tell("The results are not published, because they would show how many withheld figures are small."),
        ]
    )


def describe_schema_changes(rows: Sequence[Row]) -> list[str]:
    """Return how many tables and definitions changed; `rows` are those of the table `schema_change`."""
    changed = Counter(name_table(str(row["table"])) for row in rows)
    described = (
        many(
            "{n} change of tables, columns and definitions: {tables}.",
            "{n} changes of tables, columns and definitions: {tables}.",
            len(rows),
            tables="; ".join(f"{title} ({words.format_number(n)})" for title, n in sorted(changed.items())),
        )
        if rows
        else tell("Tables, columns and definitions have not changed.")
    )
    return [
        described,
        tell("The files of the release list each change. Withheld figures are listed without their values."),
    ]


def compose_revised(reader: Reader, rows: Sequence[Row]) -> FigureTable | None:
    """Return the totals of persons that were revised since an earlier release; None if there are none.

    `rows` are those of the table `change`, newest periods first, of which the page lists `LISTED`.
    """
    if not rows:
        return None
    table = FigureTable(
        reader,
        tell("Revised totals of persons, newest periods first"),
        tell("Territory"),
        [tell("Period"), tell("Stage"), tell("Crime"), tell("Before"), tell("Now")],
        is_text=True,
        name="revised",
    )
    for row in rows[:LISTED]:
        table.add_row(
            table.name_area(row["area"]),
            (
                period_field(row["period"]),
                reader.find_label("measure", row["measure"]),
                reader.find_label("offence_group", row["offence_group"]),
                words.format_number(row["before"]),
                words.format_number(row["after"]),
            ),
        )
    return table


def _describe_revisions(reader: Reader) -> list[str]:
    """Return how many published totals changed. In the first release none can have, and a table below it has the
    corrections before it."""
    if reader.edition.release.get("previous"):
        return describe_revisions(reader)
    return [tell("No published figure has been corrected, because this is the first release.")]


def _compose_corrections(reader: Reader) -> FigureTable | None:
    """Return the returns that corrected an earlier one; None if there are none.

    Those of the first release corrected no published figure, and the caption says so.
    """
    rows = [row for row in reader.edition.tables["submission"] if row["corrects_submission_id"]]
    if not rows:
        return None
    is_first = not reader.edition.release.get("previous")
    table = FigureTable(
        reader,
        tell("Corrections received from the offices before the first release, newest first")
        if is_first
        else tell("Corrections received from the offices, newest first"),
        tell("Accepted"),
        [tell("From"), tell("About"), tell("Periods")],
        is_text=True,
        name="corrections",
    )
    for row in rows:
        table.add_row(
            words.format_day(row["accepted_at"]),
            (
                reader.marked_name(row["jurisdiction"] or row["territory"]),
                reader.find_label("instrument", row["instrument"] or ""),
                period_field(*(row[end] for end in ("first_period", "last_period") if row[end])),
            ),
        )
    return table
