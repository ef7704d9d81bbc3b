"""Data structures of the network of experts: an entry, its state by the day, and what a reader sees of it."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Literal

from pipelines.core import i18n
from pipelines.core.errors import UserFacingError
from pipelines.core.i18n import mark
from pipelines.ledger.transitions import TransitionError
from pipelines.submissions.changes import refuse_words
from pipelines.submissions.experts.lists import load_lists

INSTRUMENT = "cooperation"
"""Instrument for which the roles must be held."""
QUARTERS_UNTIL_STALE = 2
"""Whole quarters without a confirmation after which an entry is stale and offered to nobody."""
SHORTEST_TEXT, LONGEST_TEXT = 3, 150
"""Characters of the institution and of the position."""
State = Literal["unconfirmed", "confirmed", "due", "stale"]
"""`unconfirmed` entries are shown only to those who keep them; `due` ones wait for the confirmation of this quarter."""
OFFERED: tuple[State, ...] = ("confirmed", "due")
_ADDRESS = re.compile(r"[^@\s<>,;]+@[^@\s<>,;]+\.[^@\s<>,;]+")


class ExpertError(UserFacingError):
    """An act on the network of experts is refused. The message says why and what to do."""


@dataclass(frozen=True, slots=True)
class ExpertDetails:
    """Content of an entry. `position` is a function in the institution, never a name; lists hold codes of `lists.yml`.

    `letter_language` is the language of the interface in which the expert gets letters.
    """

    jurisdiction: str
    institution: str
    position: str
    role: str
    languages: tuple[str, ...]
    crimes: tuple[str, ...]
    procedures: tuple[str, ...]
    region: str = ""
    letter_language: str = i18n.SOURCE_LANGUAGE

    @property
    def territory(self) -> str:
        """Return the territory of the jurisdiction."""
        return self.jurisdiction.partition("_")[0]


@dataclass(frozen=True, slots=True)
class Expert:
    """An entry as people see it: without the address. `confirmed_on` is a day, empty before the first confirmation."""

    expert_id: str
    details: ExpertDetails
    state: State
    confirmed_on: str
    account: str | None


def read_quarter(day: date) -> str:
    """Return the quarter of a day, such as 2026-Q4."""
    return f"{day.year}-Q{(day.month - 1) // 3 + 1}"


def last_day_of_quarter(day: date) -> date:
    """Return the last day of the quarter of a day."""
    first_month = 3 * ((day.month - 1) // 3) + 4
    following = date(day.year + 1, 1, 1) if first_month > 12 else date(day.year, first_month, 1)
    return following - timedelta(days=1)


def find_state(confirmed_on: date | None, today: date) -> State:
    """Return the state of an entry by the day of its last confirmation."""
    if confirmed_on is None:
        return "unconfirmed"
    passed = _number_quarter(today) - _number_quarter(confirmed_on)
    if passed <= 0:
        return "confirmed"
    return "stale" if passed > QUARTERS_UNTIL_STALE else "due"


def _number_quarter(day: date) -> int:
    return 4 * day.year + (day.month - 1) // 3


def clean_details(details: ExpertDetails) -> ExpertDetails:
    """Return the details without superfluous blanks and with codes in the order of the lists. Raises ExpertError."""
    lists = load_lists()
    cleaned = replace(
        details,
        institution=" ".join(details.institution.split()),
        position=" ".join(details.position.split()),
        region=" ".join(details.region.split()),
        languages=tuple(code for code in lists.languages if code in details.languages),
        crimes=tuple(code for code in lists.crimes if code in details.crimes),
        procedures=tuple(code for code in lists.procedures if code in details.procedures),
    )
    if cleaned.role not in lists.roles or cleaned.letter_language not in i18n.list_languages():
        raise ExpertError(mark("Choose the role and the language of emails from the lists.")).at_field("role")
    if not (cleaned.languages and cleaned.crimes and cleaned.procedures):
        field = next(name for name in ("languages", "crimes", "procedures") if not getattr(cleaned, name))
        raise ExpertError(mark("Choose at least one language, one crime and one procedure.")).at_field(field)
    for name, least in (("institution", SHORTEST_TEXT), ("position", SHORTEST_TEXT), ("region", 0)):
        text = getattr(cleaned, name)
        if not least <= len(text) <= LONGEST_TEXT:
            raise ExpertError(
                mark("The institution and the position have {least} to {most} characters each."),
                least=SHORTEST_TEXT, most=LONGEST_TEXT,
            ).at_field(name)  # fmt: skip
        check_text(text, name)
        if "@" in text:
            raise ExpertError(
                mark("Write no address here: it would be shown. Addresses have their own field.")
            ).at_field(name)
    return cleaned


def clean_address(address: str) -> str:
    """Return a mail address without blanks. Raises ExpertError."""
    cleaned = address.strip()
    if not _ADDRESS.fullmatch(cleaned) or len(cleaned) > LONGEST_TEXT or not cleaned.isprintable():
        raise ExpertError(mark("Enter an email address, such as name@example.org.")).at_field("address")
    return cleaned


def check_text(text: str, field: str) -> None:
    """Raise ExpertError for a text that must not be stored or sent, such as one with the number of a person."""
    try:
        refuse_words(text)
    except TransitionError as error:
        raise ExpertError(error.text, **error.params).at_field(field) from None
