"""Treaties on international cooperation: which bind a territory (`treaties.csv`), and what each provides for."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache

from pipelines.core import codes
from pipelines.declarations.territory import Territory

TREATY_COLUMNS = ("treaty", "event", "date", "status", "source", "note")
VERIFIED = "verified"
STATUSES = (VERIFIED, "unverified")
"""A verified statement was read in its source. Unverified statements keep their mark wherever they are shown."""
NOT_DATED = ("not_party",)
"""Events without a date."""


@dataclass(frozen=True, slots=True)
class TreatyEvent:
    """How a territory is bound by a treaty: one row of its `treaties.csv`, every column text as in the file.

    `date` is a day, a month (`2005-01`) or a year; empty for a territory that is not a party.
    """

    territory: str
    treaty: str
    event: str
    date: str
    status: str
    source: str
    note: str


@dataclass(frozen=True, slots=True)
class Provision:
    """An element of the law on joint investigation teams that a treaty provides for.

    `source` names the document in which two people have read it; it is empty for a declared provision.
    """

    treaty: str
    element: str
    status: str
    source: str = ""


def apply_statements(declared: Iterable[TreatyEvent], statements: Iterable[TreatyEvent]) -> list[TreatyEvent]:
    """Return the declared events after each approved statement has replaced or added one.

    A statement takes the place of the declared row of the same event. "Not a party" is removed by an event that binds
    the territory, and the other way round.
    """
    events: dict[tuple[str, str], dict[str, TreatyEvent]] = {}
    for item in declared:
        events.setdefault((item.territory, item.treaty), {})[item.event] = item
    for item in statements:
        key = (item.territory, item.treaty)
        before = events.get(key, {})
        unchanged = {name: row for name, row in before.items() if (name in NOT_DATED) == (item.event in NOT_DATED)}
        events[key] = unchanged | {item.event: item}
    return [item for by_event in events.values() for item in by_event.values()]


@dataclass(frozen=True, slots=True)
class ReadProvision:
    """Answer to the question if a treaty provides for an element of the law, and the document in which it was read."""

    treaty: str
    element: str
    is_provided: bool
    source: str


def apply_readings(declared: Iterable[Provision], approved: Iterable[ReadProvision]) -> tuple[Provision, ...]:
    """Return the declared provisions after each approved reading, oldest first, has confirmed, added or removed one.

    They are in the order of the code lists of treaties and elements.
    """
    provisions = {(item.treaty, item.element): item for item in declared}
    for reading in approved:
        key = (reading.treaty, reading.element)
        if reading.is_provided:
            provisions[key] = Provision(*key, VERIFIED, reading.source)
        else:
            provisions.pop(key, None)
    elements = codes.list_codes("law_element")
    keys = [(treaty, element) for treaty in codes.list_codes("treaty") for element in elements]
    return tuple(provisions[key] for key in keys if key in provisions)


@cache
def list_declared_provisions() -> tuple[Provision, ...]:
    """Return what the treaties provide for at first (`seeds/rules/treaty_element.csv`), in file order."""
    with (codes.SEED_FOLDER / "rules" / "treaty_element.csv").open(encoding="utf-8", newline="") as handle:
        return tuple(Provision(row["treaty"], row["element"], row["status"]) for row in csv.DictReader(handle))


def list_teams_treaties() -> tuple[str, ...]:
    """Return the treaties with a provision on joint teams, in the order of their code list."""
    return tuple(code for code in codes.list_codes("treaty") if codes.get_code_attribute("treaty", code, "provision"))


def list_standards(element: str, provisions: Iterable[Provision]) -> tuple[str, ...]:
    """Return the treaties that provide for an element, in the order of their code list."""
    having = {provision.treaty for provision in provisions if provision.element == element}
    return tuple(code for code in codes.list_codes("treaty") if code in having)


def list_legal_areas(territory: Territory) -> tuple[str, ...]:
    """Return the jurisdictions with a law of their own: the parts of a territory that has parts, or the territory."""
    places = tuple(place.code for place in territory.jurisdictions)
    return tuple(code for code in places if code != territory.code) or places


def find_fault(row: Mapping[str, str]) -> str | None:
    """Return what is wrong with a row of `treaties.csv`, or None."""
    from pipelines.declarations.law import partial_date

    for column, codelist in (("treaty", "treaty"), ("event", "treaty_event")):
        if row[column] not in codes.list_codes(codelist):
            return f"{row[column]!r} is not in the code list {codelist}"
    if row["status"] not in STATUSES:
        return f"the status is {' or '.join(STATUSES)}, not {row['status']!r}"
    if not row["source"]:
        return "a statement names its source"
    if bool(row["date"]) == (row["event"] in NOT_DATED):
        return f"{row['event']} has {'no' if row['date'] else 'a'} date"
    try:
        partial_date(row["date"])
    except ValueError as error:
        return str(error)
    return None
