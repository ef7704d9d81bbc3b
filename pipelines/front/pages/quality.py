"""Compose the page on data quality: who has reported and when, how complete the data are, what changed afterwards."""

from __future__ import annotations

from collections.abc import Mapping

from pipelines import words
from pipelines.core.i18n import mark
from pipelines.front import pages, pictures
from pipelines.front.pages import Page
from pipelines.front.pages.board import compose_board, list_states
from pipelines.front.reader import Reader
from pipelines.front.tables import FigureTable, format_figure
from pipelines.words import Row, agreement, language
from pipelines.words.language import tell

COLUMNS: Mapping[str, str] = language.Texts(
    {
        "COMPLETENESS_RATE": mark("Share of requested cells provided"),
        "PUNCTUALITY_RATE": mark("Submitted on time"),
        "PUNCTUALITY_DAYS": mark("Days early or late"),
        "TIMELAG_FIRST": mark("Days to the first release"),
        "COMPAR_LENGTH": mark("Periods without gap or break"),
        "DATA_REV_AVGSIZE": mark("Mean revision of totals"),
    }
)
_WORLDS: Mapping[str, str] = language.Texts(
    {
        "published": mark("Figures that others published, against each other"),
        "invented": mark("This release, against invented sources (demonstration)"),
        "returned": mark("This release, against figures that others published"),
    }
)


def compose_quality(reader: Reader) -> Page:
    """Return the page on data quality."""
    edition = reader.edition
    return Page(
        pages.name_file(pages.QUALITY),
        "quality.html",
        pages.QUALITY,
        tell("Data quality"),
        tell("Who has reported and when, what changed afterwards, and whether it agrees with other sources."),
        lead=tell("Who has reported and when, what changed afterwards, and whether it agrees with other sources."),
        values={
            "board": pictures.draw_board(reader),
            "boards": [compose_board(reader, freq) for freq in ("Q", "A") if edition.list_board_periods(freq, 1)],
            "states": list_states(),
            "quality": _compose_measures(reader),
            "revisions": describe_revisions(reader),
            "agreement": _describe_agreement(reader),
            "explore": reader.explore("quality"),
        },
    )


def _compose_measures(reader: Reader) -> FigureTable:
    """Return completeness, punctuality and revision of each territory."""
    edition = reader.edition
    at = {(row["territory"], row["indicator"]): row for row in edition.tables["quality"]}
    table = FigureTable(
        reader, tell("Quality over all periods and submissions"), tell("Territory"), list(COLUMNS.values())
    )
    for code in edition.territories:
        heading = table.name_area(code)
        fields = []
        for indicator in COLUMNS:
            row = at.get((code, indicator))
            if row is None or row["value"] is None:
                reason = str(row["reason"] or "") if row is not None else ""
                number = table.notes.number_note(language.upper_first(reason)) if reason else ""
                fields.append(format_figure(words.format_status("unavailable"), [number] if number else []))
            else:
                fields.append(_format_measure(row))
        table.add_row(heading, fields)
    return table


def _format_measure(row: Row) -> str:
    if row["unit"] == "fraction":
        return f"{words.format_number(100 * row['value'], 1)}%"
    if row["indicator"] == "PUNCTUALITY_DAYS":
        days = words.format_number(abs(row["value"]), 1)
        if round(row["value"], 1) == 0:
            return tell("on the day")
        return tell("{days} early", days=days) if row["value"] < 0 else tell("{days} late", days=days)
    return words.format_number(row["value"], 1 if row["unit"] == "days" else 0).replace("-", "\u2212")


def describe_revisions(reader: Reader) -> list[str]:
    """Return how many published totals changed, territory by territory."""
    rows = {row["area"]: row for row in reader.edition.tables["revised"]}
    if not rows:
        return [tell("No revisions yet: no total has been published in two releases.")]
    return [
        tell(
            "{area}: {changed} of {totals} totals published in two releases or more changed.",
            area=reader.marked_name(code),
            changed=words.format_number(rows[code]["revised"]),
            totals=words.format_number(rows[code]["periods"]),
        )
        for code in reader.edition.territories
        if code in rows
    ]


def _describe_agreement(reader: Reader) -> list[str]:
    """Return how often two sources on the same figure agree."""
    worlds: dict[str, list[Row]] = {}
    for row in reader.edition.tables["agreement"]:
        worlds.setdefault(row["world"], []).append(row)
    return [f"{_WORLDS[world]}: {agreement.count_verdicts(rows)}" for world, rows in worlds.items()]
