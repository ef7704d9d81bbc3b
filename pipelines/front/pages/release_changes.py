"""Compose the page that compares a release with an earlier one, which the service writes on request."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from pipelines import words
from pipelines.front import pages
from pipelines.front.pages import Page
from pipelines.front.pages.releases import (
    CHANGES,
    LISTED,
    compose_changes,
    compose_revised,
    describe_schema_changes,
)
from pipelines.front.queries import CRIMES
from pipelines.front.reader import Reader
from pipelines.publication.releases.changes import ReleaseComparison
from pipelines.words.language import tell


def compose_release_changes(reader: Reader, comparison: ReleaseComparison, older: str, earlier: Sequence[str]) -> Page:
    """Return the page of the changes between an earlier release and that of the reader.

    `comparison` is that of the release `older` with the reader's; `earlier` are the releases that can be chosen, newest
    first.
    """
    release = reader.edition.id
    counted = comparison.figures.group_by("change", "offence_group").len()
    counts = {(str(change), str(crime)): int(n) for change, crime, n in counted.iter_rows()}
    totals = list_revised_totals(comparison)
    title = tell("Changes between releases")
    lead = tell("Release {newer}, compared with release {older}.", newer=release, older=older)
    address = f"/releases/{release}/changes"
    return Page(
        f"{pages.name_file(CHANGES)}?since={older}",
        "release_changes.html",
        pages.RELEASES,
        title,
        lead,
        lead,
        lead,
        values={
            "older": older,
            "earlier": [(name, name) for name in earlier],
            "changes": compose_changes(reader, older, counts),
            "schema_changes": describe_schema_changes(comparison.schema.to_dicts()),
            "revised": compose_revised(reader, totals),
            "listed": _describe_listed(len(totals)),
            "lists": [(ending, f"{address}.{ending}?since={older}&lang={reader.lang}") for ending in ("csv", "json")],
        },
    )


def list_revised_totals(comparison: ReleaseComparison) -> Sequence[words.Row]:
    """Return the revised totals of persons of territories and of the region, newest periods first."""
    rows = comparison.figures.filter(
        (pl.col("change") == "revised")
        & pl.col("is_total")
        & (pl.col("count_unit") == "person")
        & pl.col("area_kind").is_in(["region", "territory"])
        & pl.col("offence_group").is_in(CRIMES)
    )
    order = ["period", "area", "offence_group", "measure", "count_unit", "level"]
    return rows.sort(order, descending=[True, *[False] * (len(order) - 1)]).to_dicts()


def _describe_listed(n_totals: int) -> str:
    """Return how many revised totals the page leaves out; empty if it has all."""
    if n_totals <= LISTED:
        return ""
    return tell(
        "First revised totals: {shown} of {all}. The list that you can save has all of them.",
        shown=words.format_number(LISTED),
        all=words.format_number(n_totals),
    )
