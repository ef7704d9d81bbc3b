"""Compose the page on data quality: who has reported and when, how complete the data are, what changed afterwards."""

from __future__ import annotations

from pipelines import words
from pipelines.front import board_pictures, pages
from pipelines.front.pages import Page
from pipelines.front.pages.board import compose_board, compose_shares, list_states
from pipelines.front.reader import Reader
from pipelines.front.tables import FigureTable
from pipelines.words import quality
from pipelines.words.language import tell


def compose_quality(reader: Reader) -> Page:
    """Return the page on data quality."""
    edition = reader.edition
    about = tell("Who has reported and when, what changed afterwards, and whether it agrees with other sources.")
    shares = [
        (picture, compose_shares(reader, indicator))
        for indicator in quality.SHARES
        if (picture := board_pictures.draw_shares(reader, indicator))
    ]
    return Page(
        pages.name_file(pages.QUALITY),
        "quality.html",
        pages.QUALITY,
        tell("Data quality"),
        about,
        lead=f"{about} {pages.name_crimes(reader)}",
        values={
            "board": board_pictures.draw_board(reader),
            "boards": [compose_board(reader, freq) for freq in ("Q", "A") if edition.list_board_periods(freq, 1)],
            "states": list_states(),
            "shares": shares,
            "pictures": [picture for picture, _ in shares],
            "quality": _compose_measures(reader),
            "explained": quality.explain_columns(),
            "revisions": describe_revisions(reader),
            "agreement": _describe_agreement(reader),
            "explore": reader.link_to_explorer("quality"),
        },
        demonstration=tell(words.OWN_DEMONSTRATION),  # marked in words.citations
    )


def _compose_measures(reader: Reader) -> FigureTable:
    """Return completeness, punctuality and revision of each territory."""
    edition = reader.edition
    at = quality.group_measures(edition.tables["quality"])
    table = FigureTable(
        reader,
        tell("Quality over all periods and submissions"),
        tell("Territory"),
        list(quality.COLUMNS.values()),
        name="quality",
    )
    for code in edition.territories:
        heading = table.name_area(code)
        measures = [quality.format_measures(at.get((code, indicator), ())) for indicator in quality.COLUMNS]
        table.add_row(heading, [table.phrases_field([text], why) for text, why in measures])
    return table


def describe_revisions(reader: Reader) -> list[str]:
    """Return how many published totals changed, territory by territory."""
    rows = {row["area"]: row for row in reader.edition.tables["revised"]}
    return quality.describe_revisions(rows, [(code, reader.marked_name(code)) for code in reader.edition.territories])


def _describe_agreement(reader: Reader) -> list[str]:
    """Return what is compared, how often two sources on the same figure agree, and what a difference means."""
    worlds = quality.group_pairs(reader.edition.tables["agreement"])
    texts = [f"{quality.name_world(world)}. {quality.describe_world(world, rows)}" for world, rows in worlds.items()]
    return [*texts, tell(quality.DIFFERENCES_READ)] if texts else []  # marked in words.quality
