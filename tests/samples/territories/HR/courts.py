"""The ministry's court register: one line for each defendant with the dates that fall in the quarter."""

from __future__ import annotations

from collections.abc import Iterator

from tests.samples import plan
from tests.samples.registers import Register, group_lines, make_pseudonym
from tests.samples.rows import SampleReturn
from tests.samples.territories.HR.words import DEMONSTRATION
from tests.samples.truth import Truth
from tests.samples.writers import csvfile

EVENTS = {
    "indicted": "Datum optužnice",
    "adjudicated_first": "Datum prvostupanjske odluke",
    "convicted_first": "Datum osude",
    "sentenced_first": "Datum izricanja sankcije",
    "acquitted": "Datum oslobađajuće presude",
    "rejected": "Datum odbijanja optužbe",
    "discontinued": "Datum obustave postupka",
    "appealed": "Datum žalbe",
    "decided_on_appeal": "Datum odluke o žalbi",
    "remitted": "Datum vraćanja na ponovno suđenje",
}
SANCTIONS = {
    "prison": "bezuvjetna kazna zatvora",
    "prison_suspended": "uvjetna kazna zatvora",
    "fine": "novčana kazna",
    "community": "rad za opće dobro",
    "juvenile": "maloljetnička sankcija",
    "other": "sudska opomena",
}
REGISTER = Register("HR", "HR_MPU", tuple(EVENTS), ("Y_LT18", "Y18T24", "Y_GE25"))
COURTS = ("ŽS Zagreb", "ŽS Split", "ŽS Rijeka", "ŽS Osijek", "OS Slavonski Brod", "OS Karlovac")


def _register(truth: Truth, due: plan.Due) -> SampleReturn:
    period = due.period
    happenings = [
        happening
        for happening in REGISTER.list_events(truth, period)
        if happening.level == "first" or happening.measure in ("indicted", "appealed", "decided_on_appeal")
    ]
    rows: list[list[str | int | float | None]] = [
        [f"Registar predmeta trgovanja ljudima i krijumčarenja, {period.quarter}. tromjesečje {period.year}."],
        [f"{DEMONSTRATION['hr']} – {DEMONSTRATION['en']}"],
        ["Sud", "Predmet", "Osoba", "Članak KZ", "Spol", "Dob", *EVENTS.values(), "Sankcija", "Trajanje (mj.)"],
    ]
    for line in group_lines(happenings):
        happening = next(iter(line.values()))
        sentence = line.get("sentenced_first")
        proceeding = make_pseudonym(truth, "K", happening.proceeding)
        none = "bez kazne" if "convicted_first" in line else ""
        rows.append(
            [
                COURTS[int(proceeding[1:5], 16) % len(COURTS)],
                proceeding,
                make_pseudonym(truth, "O", happening.person.number),
                happening.person.article,
                {"M": "M", "F": "Ž"}[happening.person.sex],
                happening.person.age,
                *(f"{line[event].day:%d.%m.%Y.}" if event in line else "" for event in EVENTS),
                SANCTIONS[sentence.sentence_type] if sentence else none,
                f"{sentence.months},0" if sentence and sentence.months else "",
            ]
        )
    return SampleReturn(
        path=f"HR/register/registar_{period.year}_{period.quarter}tr.csv",
        data=csvfile.write_csv(rows, encoding="cp1250"),
        jurisdiction="HR",
        instrument="register",
        source="HR_MPU",
        form="HR-REGISTER-1",
        periods=(period,),
        received_at=due.received_at,
        events=REGISTER.make_events(truth, period, happenings),
    )


def make_returns(truth: Truth, years: int = 4) -> Iterator[SampleReturn]:
    """Yield a file for each quarter."""
    for due in plan.list_wanted_returns("HR", "register", years):
        yield _register(truth, due)
