"""Collect the notes to the figures: footnotes, counting rules and breaks, with one row for each note."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import polars as pl

from pipelines.declarations.registry import Registry
from pipelines.declarations.sims import load_sims
from pipelines.declarations.territory import STATEMENTS, CountingRule
from pipelines.publication.releases.correction_notices import CorrectionNotice

NOTE: dict[str, pl.DataType] = {
    "note_id": pl.String(),
    "kind": pl.String(),  # name | territory | office | correction, or a break: law | counting | source | layout
    "area": pl.String(),
    "territory": pl.String(),
    "level": pl.String(),  # empty: all levels
    "offence_group": pl.String(),  # empty: all groups
    "period_from": pl.String(),  # empty: open
    "period_to": pl.String(),
    "text": pl.String(),
}
COUNTING_RULE: dict[str, pl.DataType] = {
    "territory": pl.String(),
    "jurisdiction": pl.String(),
    "level": pl.String(),
    **{what: pl.Boolean() if what == "transferred_counted_again" else pl.String() for what in STATEMENTS},
    "stage_definition": pl.String(),
    "valid_from": pl.String(),  # empty: always
    "valid_to": pl.String(),  # empty: no end
    "status": pl.String(),  # of every statement that is not listed in `verified`
    "verified": pl.String(),  # statements that were read in `source`, separated by commas
    "source": pl.String(),
}
"""Every statement of a rule with its status; the combined rules of an area and period are in `counting_card`."""


def build_notes(registry: Registry, corrections: Sequence[CorrectionNotice] = ()) -> pl.DataFrame:
    """Return all notes of all territories and the notices on corrected figures, in the schema NOTE."""
    rows = [
        {**dict.fromkeys(NOTE, ""), "note_id": f"{row['area']}-{row['kind']}-{number}", **row}
        for number, row in enumerate(_rows(registry), start=1)
    ]
    rows += [
        {
            **dict.fromkeys(NOTE, ""),
            "note_id": notice.notice_id,
            "kind": "correction",
            "area": notice.area,
            "territory": notice.area.partition("_")[0],
            "period_from": notice.period,
            "period_to": notice.period,
            "text": notice.text,
        }
        for notice in corrections
    ]
    return pl.DataFrame(rows, schema=NOTE)


def _rows(registry: Registry) -> Iterator[dict[str, Any]]:
    for code, territory in sorted(registry.territories.items()):
        for name in territory.names:
            if name.footnote and not name.accepted_only and name.language == "en":
                yield {"kind": "name", "area": code, "territory": code, "text": name.footnote}
        if territory.note:
            yield {"kind": "territory", "area": code, "territory": code, "text": " ".join(territory.note.split())}
        for office in territory.offices:
            if office.note:
                text = f"{office.names[0].name}: {office.note}"
                yield {"kind": "office", "area": office.jurisdiction, "territory": code, "text": text}
    yield from _breaks()


def _breaks() -> Iterator[dict[str, Any]]:
    for code, sims in sorted(load_sims().items()):
        for item in sims.breaks:
            yield {
                "kind": item.kind,
                "area": item.jurisdiction,
                "territory": code,
                "offence_group": item.offence_group or "",
                "period_from": item.period,
                "text": f"{' '.join(item.text.split())} [{item.status}]",
            }


def build_metadata() -> pl.DataFrame:
    """Return reference metadata in SIMS concepts: `territory, instrument, position, concept, text, status, source`.

    Instrument `_T` is the statement for the territory; a statement for an instrument replaces it for that instrument.
    """
    rows = [
        (
            code,
            instrument,
            position,
            concept,
            " ".join(statement.text.split()),
            statement.status,
            statement.source or "",
        )
        for code, sims in sorted(load_sims().items())
        for instrument, concepts in (("_T", sims.concepts), *sims.instruments.items())
        for position, (concept, statement) in enumerate(concepts.items())
    ]
    names = ["territory", "instrument", "position", "concept", "text", "status", "source"]
    types = [pl.String, pl.String, pl.Int32, pl.String, pl.String, pl.String, pl.String]
    return pl.DataFrame(rows, schema=dict(zip(names, types, strict=True)), orient="row")


def counting_rules(registry: Registry) -> pl.DataFrame:
    """Return the declared counting rules of each jurisdiction and level, in the schema COUNTING_RULE."""
    rows = [_counting_rule(code, rule) for code, t in sorted(registry.territories.items()) for rule in t.counting_rules]
    return pl.DataFrame(rows, schema=COUNTING_RULE)


def _counting_rule(territory: str, rule: CountingRule) -> dict[str, Any]:
    valid_from, _, valid_to = (rule.valid or "").partition("..")
    statements = {
        column: getattr(rule, column) for column in ("jurisdiction", "level", *STATEMENTS, "stage_definition")
    }
    return {
        "territory": territory,
        **statements,
        "valid_from": valid_from,
        "valid_to": valid_to,
        "status": rule.status,
        "verified": ",".join(rule.read),
        "source": rule.source or "",
    }


def build_map(registry: Registry) -> pl.DataFrame:
    """Return the place of each territory on a map: `area, tile_column, tile_row, outline`.

    The outline is WKT in degrees. A territory without a declared place has empty columns.
    """
    rows = [
        {
            "area": code,
            "tile_column": territory.tile.column if territory.tile else None,
            "tile_row": territory.tile.row if territory.tile else None,
            "outline": _format_outline(territory.outline),
        }
        for code, territory in sorted(registry.territories.items())
        if territory.kind == "national"
    ]
    schema = {"area": pl.String, "tile_column": pl.Int32, "tile_row": pl.Int32, "outline": pl.String}
    return pl.DataFrame(rows, schema=schema)


def _format_outline(rings: Sequence[Sequence[tuple[float, float]]]) -> str:
    """Return rings as a MULTIPOLYGON, each closed by its first point; empty text without rings."""
    closed = [", ".join(f"{longitude} {latitude}" for longitude, latitude in (*ring, ring[0])) for ring in rings]
    return f"MULTIPOLYGON ({', '.join(f'(({points}))' for points in closed)})" if closed else ""


def build_names(registry: Registry) -> pl.DataFrame:
    """Return display names of territories and jurisdictions: `area, language, name, official, footnote`."""
    rows = []
    for code, territory in sorted(registry.territories.items()):
        names_by_area = [(code, name) for name in territory.names]
        names_by_area += [(j.code, name) for j in territory.jurisdictions if j.code != code for name in j.names]
        rows += [
            {
                "area": area,
                "language": name.language,
                "name": name.name,
                "official": name.official,
                "footnote": name.footnote or "",
            }
            for area, name in names_by_area
            if not name.accepted_only
        ]
    schema = {
        "area": pl.String,
        "language": pl.String,
        "name": pl.String,
        "official": pl.Boolean,
        "footnote": pl.String,
    }
    return pl.DataFrame(rows, schema=schema)
