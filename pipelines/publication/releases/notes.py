"""What a reader must know beside a figure: footnotes, counting rules, changes of law. One row a note."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import polars as pl

from pipelines.declarations.registry import Registry
from pipelines.declarations.sims import load_sims
from pipelines.declarations.territory import STATEMENTS, CountingRule

NOTE: dict[str, pl.DataType] = {
    "note_id": pl.String(),
    "kind": pl.String(),  # name | territory | office | law | counting | source | layout (the last four are breaks)
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
    "valid_to": pl.String(),  # empty: while it holds
    "status": pl.String(),  # of every statement that is not named in `verified`
    "verified": pl.String(),  # statements that were read in `source`, separated by commas
    "source": pl.String(),
}
"""Every statement of a rule with its standing; what holds of an area and period together is in `counting_card`."""


def notes(registry: Registry) -> pl.DataFrame:
    """All notes of all territories, in the schema NOTE."""
    rows = [
        {**dict.fromkeys(NOTE, ""), "note_id": f"{row['area']}-{row['kind']}-{number}", **row}
        for number, row in enumerate(_rows(registry), start=1)
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
        for one in sims.breaks:
            yield {
                "kind": one.kind,
                "area": one.jurisdiction,
                "territory": code,
                "offence_group": one.offence_group or "",
                "period_from": one.period,
                "text": f"{' '.join(one.text.split())} [{one.status}]",
            }


def metadata() -> pl.DataFrame:
    """Reference metadata in SIMS concepts: `territory, instrument, position, concept, text, status, source`.

    Instrument `_T` is the territory's own statement; one of an instrument stands in its place for that instrument.
    """
    rows = [
        (code, instrument, position, concept, " ".join(said.text.split()), said.status, said.source or "")
        for code, sims in sorted(load_sims().items())
        for instrument, concepts in (("_T", sims.concepts), *sims.instruments.items())
        for position, (concept, said) in enumerate(concepts.items())
    ]
    names = ["territory", "instrument", "position", "concept", "text", "status", "source"]
    types = [pl.String, pl.String, pl.Int32, pl.String, pl.String, pl.String, pl.String]
    return pl.DataFrame(rows, schema=dict(zip(names, types, strict=True)), orient="row")


def counting_rules(registry: Registry) -> pl.DataFrame:
    """The declared counting rules of each jurisdiction and level, in the schema COUNTING_RULE."""
    rows = [_counting_rule(code, rule) for code, t in sorted(registry.territories.items()) for rule in t.counting_rules]
    return pl.DataFrame(rows, schema=COUNTING_RULE)


def _counting_rule(territory: str, rule: CountingRule) -> dict[str, Any]:
    valid_from, _, valid_to = (rule.valid or "").partition("..")
    said = {column: getattr(rule, column) for column in ("jurisdiction", "level", *STATEMENTS, "stage_definition")}
    return {
        "territory": territory,
        **said,
        "valid_from": valid_from,
        "valid_to": valid_to,
        "status": rule.status,
        "verified": ",".join(rule.read),
        "source": rule.source or "",
    }


def names(registry: Registry) -> pl.DataFrame:
    """Names of territories and jurisdictions to be shown, by language: `area, language, name, official, footnote`."""
    rows = []
    for code, territory in sorted(registry.territories.items()):
        named = [(code, name) for name in territory.names]
        named += [(j.code, name) for j in territory.jurisdictions if j.code != code for name in j.names]
        rows += [
            {
                "area": area,
                "language": name.language,
                "name": name.name,
                "official": name.official,
                "footnote": name.footnote or "",
            }
            for area, name in named
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
