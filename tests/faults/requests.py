"""Faults in records of requests: dates, order, outcomes, partners, numbers of requests, counts, and names of persons.

In the list of Albania, column 6 has the day of registration, 7 that of the acknowledgement, 8 to 11 the outcomes.
Line 42 is a request that was registered, acknowledged and executed in 2025; line 38 one that was registered in 2024.
"""

from __future__ import annotations

from collections.abc import Iterator

from tests.faults.edits import Edit, set_cells, set_fields
from tests.faults.fault import Fault, plant_fault

AL = "AL/requests/Regjistri_i_kerkesave_2025.csv"
RS = "RS/requests/Upisnik_zamolnica_2025.xlsx"


def list_faults() -> Iterator[Fault]:
    """Yield the faults of this module."""
    yield from _dates()
    yield from _requests()
    yield from _counts()
    yield from _persons()


def _al(**values: object) -> Edit:
    """Set fields of the list of Albania, named `line_column`."""
    places = {f"line {key[1:].split('_')[0]} column {key.split('_')[1]}": value for key, value in values.items()}
    return set_fields(places, separator=";")


def _dates() -> Iterator[Fault]:
    family = "requests: dates"
    for name, place, edit, rule in (
        ("executed before it was registered", "line 42 column 8", _al(l42_6="11.03.2025"), "record.before_start"),
        ("acknowledged before it was registered", "line 43 column 7", _al(l43_7="04.01.2025"), "record.before_start"),
        ("registered after the year", "line 46 column 6", _al(l46_6="20.01.2026"), "record.outside_period"),
        ("a day that does not exist", "line 44 column 8", _al(l44_8="31.04.2025"), "record.date"),
        ("no day of registration", "line 45 column 6", _al(l45_6=""), "record.blank"),
    ):
        yield plant_fault(family, name, AL, edit, place, rules=(rule,), severity="error", history=False)
    edit = _al(l43_7="20.02.2025")
    rules = ("request.acknowledged",)
    yield plant_fault(family, "acknowledged after the end", AL, edit, "line 43 column 7", rules=rules, history=False)


def _requests() -> Iterator[Fault]:
    family = "requests: outcome and partner"
    edit = _al(l42_10="12.03.2025")
    rules = ("request.ends",)
    yield plant_fault(family, "executed and refused", AL, edit, "line 42 column 10", rules=rules, history=False)
    edit = set_cells({"2025!C40": "Србија"})
    yield plant_fault(family, "own territory", RS, edit, "2025!C40", rules=("label.undeclared",), history=False)
    edit = _al(l38_3="Serbia")
    yield plant_fault(family, "another partner than before", AL, edit, "line 38 *", rules=("request.changed",))
    edit = _al(l42_1="Z414259294")
    rules = ("request.ended", "request.ends", "record.before_start", "request.changed")
    yield plant_fault(family, "number of another request", AL, edit, "line 42 *", "line 38 *", rules=rules)


def _counts() -> Iterator[Fault]:
    family = "requests: counts of the same office"
    rules = ("request.counts",)
    # The first acknowledgement of the list is on an earlier line, to which the number of the year points.
    edit = _al(l42_7="")
    yield plant_fault(family, "one acknowledgement less than counted", AL, edit, "line *", rules=rules)
    edit = set_cells({"2025!B86": "Одлазни"})
    yield plant_fault(family, "received request listed as sent", RS, edit, "2025!*", rules=rules)


def _persons() -> Iterator[Fault]:
    edit = _al(l42_1="Arben Hoxha")
    rules = ("person.number", "person.name", "person.column")
    yield plant_fault(
        "names of persons", "name in records of requests", AL, edit, "line 42 column 1", rules=rules,
        severity="error", history=False,
    )  # fmt: skip
