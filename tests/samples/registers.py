"""Registers: the simulated defendants themselves, under pseudonyms, instead of counts of them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tests.samples.rows import Event, Period
from tests.samples.simulation import Happening
from tests.samples.truth import Truth, age_code

SANCTIONED = frozenset({"convicted_first", "convicted_final", "sentenced_first", "sentenced_final"})
"""Events of whose line a sanction is a part."""


@dataclass(frozen=True)
class Register:
    """One office's register; `ages` are the bands that its ages are put in."""

    territory: str
    source: str
    measures: tuple[str, ...]
    ages: tuple[str, ...]

    def events(self, truth: Truth, period: Period) -> list[Happening]:
        """The events of the quarter, by day, proceeding and person."""
        return truth.events(self.territory, period, self.measures)

    def meaning(self, truth: Truth, period: Period, happenings: Iterable[Happening]) -> tuple[Event, ...]:
        """What the lines mean. A conviction carries the sanction that was imposed with it."""
        found = list(happenings)
        sanctions = {(one.person.number, one.day): one for one in found if one.measure.startswith("sentenced")}
        out = []
        for one in found:
            sanction = sanctions.get((one.person.number, one.day)) if one.measure in SANCTIONED else None
            out.append(
                Event(
                    territory=self.territory,
                    jurisdiction=self.territory,
                    source=self.source,
                    freq=period.freq,
                    period=period.code,
                    proceeding=pseudonym(truth, "K", one.proceeding),
                    person=pseudonym(truth, "O", one.person.number),
                    event=one.measure,
                    level=one.level,
                    event_date=one.day,
                    cutoff_date=period.end,
                    offence=one.person.offence,
                    law_article=one.person.article,
                    sex=one.person.sex,
                    age=age_code(one.person.age, self.ages),
                    sentence_type=sanction.sentence_type if sanction else "_Z",
                    sentence_months=float(sanction.months) if sanction and sanction.months else None,
                )
            )
        return tuple(out)


def pseudonym(truth: Truth, kind: str, name: str) -> str:
    """A stable code for a case (`K`) or a person (`O`), from which the name cannot be read."""
    return kind + hashlib.sha256(f"{truth.seed}|{kind}|{name}".encode()).hexdigest()[:9].upper()


def lines(happenings: Sequence[Happening]) -> list[dict[str, Happening]]:
    """One line a defendant in a proceeding: event -> happening; a second event of a kind begins a further line."""
    out: list[tuple[tuple[str, str], dict[str, Happening]]] = []
    for one in happenings:
        key = (one.proceeding, one.person.number)
        mine = [line for other, line in out if other == key]
        if mine and one.measure not in mine[-1]:
            mine[-1][one.measure] = one
        else:
            out.append((key, {one.measure: one}))
    return [line for _, line in out]
