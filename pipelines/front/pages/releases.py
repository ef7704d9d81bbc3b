"""Compose the page on releases and corrections: this release, those before it, and what was corrected."""

from __future__ import annotations

from pipelines import words
from pipelines.core import clock
from pipelines.design.components import Markup, Part
from pipelines.front import pages
from pipelines.front.pages import Page
from pipelines.front.pages.quality import describe_revisions
from pipelines.front.reader import Reader
from pipelines.front.tables import FigureTable
from pipelines.words.language import tell


def compose_releases(reader: Reader) -> Page:
    """Return the page on releases and corrections."""
    edition = reader.edition
    release = edition.release
    drafted = words.format_day(clock.parse_time(str(release["drafted_at"])).date())
    title = tell("Releases and corrections")
    return Page(
        pages.name_file(pages.RELEASES),
        "releases.html",
        pages.RELEASES,
        title,
        title,
        lead=tell("A release never changes. Corrections make a new release, and earlier ones stay readable."),
        values={
            "facts": [
                (tell("Release"), edition.id),
                (tell("Drafted"), drafted),
                (tell("Newest period"), words.period_short(str(release["reference_period"]))),
                (tell("How to cite"), words.cite_release(release)),
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
                        "{withheld} of {figures}; annual totals of territories: {withheld_totals} of {totals}",
                        withheld=words.format_number(release["figures_withheld"]),
                        figures=words.format_number(release["figures"]),
                        withheld_totals=words.format_number(release["annual_totals_withheld"]),
                        totals=words.format_number(release["annual_totals"]),
                    ),
                ),
            ],
            "editions": _compose_editions(reader),
            "corrections": _compose_corrections(reader),
            "revisions": describe_revisions(reader),
            "explore": reader.link_to_explorer("about"),
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


def _compose_corrections(reader: Reader) -> FigureTable | None:
    """Return the returns that corrected an earlier one; None if there are none."""
    rows = [row for row in reader.edition.tables["submission"] if row["corrects_submission_id"]]
    if not rows:
        return None
    table = FigureTable(
        reader,
        tell("Corrections received from the offices, newest first"),
        tell("Accepted"),
        [tell("From"), tell("About"), tell("Periods")],
        is_text=True,
        name="corrections",
    )
    for row in rows:
        ends = [words.period_short(row[end]) for end in ("first_period", "last_period") if row[end]]
        table.add_row(
            words.format_day(row["accepted_at"]),
            (
                reader.marked_name(row["jurisdiction"] or row["territory"]),
                reader.find_label("instrument", row["instrument"] or ""),
                "–".join(dict.fromkeys(ends)),
            ),
        )
    return table
