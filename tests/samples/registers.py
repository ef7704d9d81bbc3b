"""Registers: the simulated defendants themselves, under pseudonyms, instead of counts of them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tests.samples.rows import Event, Period
from tests.samples.simulation import Happening
from tests.samples.truth import Truth, age_code

SANCTIONED = frozenset({"convicted_first", "convicted_final", "sentenced_first", "sentenced_final"})
"""Events whose line includes a sanction."""


@dataclass(frozen=True)
class Register:
    """One office's register; `ages` are the bands that its ages are put in."""

    territory: str
    source: str
    measures: tuple[str, ...]
    ages: tuple[str, ...]

    def list_events(self, truth: Truth, period: Period) -> list[Happening]:
        """Return the events of the quarter, by day, proceeding and person."""
        return truth.list_events(self.territory, period, self.measures)

    def make_events(self, truth: Truth, period: Period, happenings: Iterable[Happening]) -> tuple[Event, ...]:
        """Return the meaning of the lines. A conviction carries the sanction that was imposed with it."""
        events = list(happenings)
        sanctions = {
            (event.person.number, event.day): event for event in events if event.measure.startswith("sentenced")
        }
        rows = []
        for event in events:
            sanction = sanctions.get((event.person.number, event.day)) if event.measure in SANCTIONED else None
            rows.append(
                Event(
                    territory=self.territory,
                    jurisdiction=self.territory,
                    source=self.source,
                    freq=period.freq,
                    period=period.code,
                    proceeding=make_pseudonym(truth, "K", event.proceeding),
                    person=make_pseudonym(truth, "O", event.person.number),
                    event=event.measure,
                    level=event.level,
                    event_date=event.day,
                    cutoff_date=period.end,
                    offence=event.person.offence,
                    law_article=event.person.article,
                    sex=event.person.sex,
                    age=age_code(event.person.age, self.ages),
                    sentence_type=sanction.sentence_type if sanction else "_Z",
                    sentence_months=float(sanction.months) if sanction and sanction.months else None,
                )
            )
        return tuple(rows)


def make_pseudonym(truth: Truth, kind: str, name: str) -> str:
    """Return a stable code for a case (`K`) or a person (`O`), from which the name cannot be read."""
    return kind + hashlib.sha256(f"{truth.seed}|{kind}|{name}".encode()).hexdigest()[:9].upper()


def group_lines(happenings: Sequence[Happening]) -> list[dict[str, Happening]]:
    """Return a line for each defendant in a proceeding: event -> happening; a repeated event begins a further line."""
    keyed_lines: list[tuple[tuple[str, str], dict[str, Happening]]] = []
    for happening in happenings:
        key = (happening.proceeding, happening.person.number)
        mine = [line for line_key, line in keyed_lines if line_key == key]
        if mine and happening.measure not in mine[-1]:
            mine[-1][happening.measure] = happening
        else:
            keyed_lines.append((key, {happening.measure: happening}))
    return [line for _, line in keyed_lines]
