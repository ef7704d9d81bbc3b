"""The police's JSON-stat of victims, and the patch that moves one victim to another form of exploitation."""

from __future__ import annotations

from collections.abc import Iterator

from tests.samples import plan
from tests.samples.crosstab import Codes, count_cell, make_meaning
from tests.samples.margins import victim_margins
from tests.samples.rows import Office, Period, Row, SampleReturn, make_quarter
from tests.samples.territories.HR.words import DEMONSTRATION, quarter_words
from tests.samples.truth import Truth
from tests.samples.writers import jsonstat
from tests.samples.writers.cube import Cube, Dimension, Number

MUP = Office("HR", "HR", "victims", "HR_MUP", date_basis="event")
STATUS: dict[str, tuple[str, str, Codes]] = {
    "UK": ("Ukupno (potencijalne i identificirane)", "Total", {"victim_status": "_T"}),
    "POT": ("Potencijalna žrtva", "Presumed", {"victim_status": "presumed"}),
    "IDE": ("Identificirana žrtva", "Identified", {"victim_status": "identified"}),
    "OST": ("Oštećenik u kaznenom postupku", "Injured party", {"victim_status": "injured_party"}),
}
SEX = {"M": "muško", "F": "žensko"}
AGE = {"Y_LT18": "do 17 godina", "Y18T24": "18 – 24", "Y25T39": "25 – 39", "Y_GE40": "40 i više", "Y_GE18": "18 i više"}
EXPLOITATION = {
    "sexual": "Spolno iskorištavanje",
    "labour": "Radno iskorištavanje",
    "begging": "Prisilno prosjačenje",
    "criminality": "Prisilno činjenje kaznenih djela",
    "marriage": "Prisilni brak",
    "organs": "Uzimanje organa",
    "other": "Drugi oblici",
    "multiple": "Više oblika",
    "_U": "Oblik nepoznat",
}
CITIZENSHIP = {
    "own": "Državljani RH",
    "region": "Državljani država regije",
    "eu": "Državljani EU-a",
    "other": "Ostali državljani",
    "stateless": "Bez državljanstva",
    "_U": "Državljanstvo nepoznato",
}
PATCHED = make_quarter(2024, 2)
"""Quarter whose first edition counted one identified victim of forced labour under sexual exploitation."""


def _feature(margin: Codes) -> tuple[str, str]:
    """Return code and label of a margin, as the police names it."""
    if "exploitation" in margin:
        return "OBL-" + margin["exploitation"].strip("_").upper(), EXPLOITATION[margin["exploitation"]]
    if "citizenship" in margin:
        return "DRZ-" + margin["citizenship"].strip("_").upper(), CITIZENSHIP[margin["citizenship"]]
    if not margin:
        return "UK", "Ukupno"
    codes, words = [], []
    if "sex" in margin:
        codes.append("SPOL-" + {"M": "M", "F": "Z"}[margin["sex"]])
        words.append(SEX[margin["sex"]])
    if "age" in margin:
        codes.append("DOB-" + margin["age"].strip("_Y"))
        words.append(AGE[margin["age"]])
    return "-".join(codes), ", ".join(words)


MARGINS: dict[str, tuple[str, Codes]] = {
    _feature(margin)[0]: (_feature(margin)[1], margin) for margin in victim_margins(tuple(AGE))
}


def _victim_cube(
    truth: Truth,
    period: Period,
    statuses: dict[str, tuple[str, str, Codes]],
    margins: dict[str, tuple[str, Codes]],
    wrong: bool,
) -> tuple[Cube, list[Row]]:
    meaning: list[Row] = []
    mistaken = wrong and truth.count_victims("HR", period, "identified", exploitation="labour") > 0

    def count_value(where: dict[str, str]) -> Number:
        codes = {**statuses[where["status"]][2], **margins[where["obiljezje"]][1]}
        count = count_cell(truth, MUP, period, codes)
        if mistaken and codes["victim_status"] in ("_T", "identified"):
            count += {"sexual": 1, "labour": -1}.get(codes.get("exploitation", ""), 0)
        meaning.append(make_meaning(MUP, period, codes, count))
        return count

    cube = Cube(
        (
            Dimension("status", {"hr": "Status žrtve"}, {code: {"hr": words[0]} for code, words in statuses.items()}),
            Dimension("obiljezje", {"hr": "Obilježje"}, {code: {"hr": words[0]} for code, words in margins.items()}),
            Dimension("razdoblje", {"hr": "Razdoblje"}, {period.code: quarter_words(period)}, time=True),
        ),
        count_value,
    )
    return cube, meaning


def _victims(truth: Truth, due: plan.Due) -> SampleReturn:
    period = due.period
    cube, meaning = _victim_cube(truth, period, STATUS, MARGINS, wrong=period == PATCHED)
    return SampleReturn(
        path=f"HR/victims/zrtve_thb_{period.year}-{period.quarter}.json",
        data=jsonstat.write_dataset(
            cube,
            language="hr",
            label="Žrtve trgovanja ljudima",
            source="Ministarstvo unutarnjih poslova",
            updated=due.received_at,
            notes=[f"{DEMONSTRATION['hr']} / {DEMONSTRATION['en']}"],
        ),
        jurisdiction="HR",
        instrument="victims",
        source="HR_MUP",
        form="HR-VICTIMS-1",
        periods=(period,),
        received_at=due.received_at,
        meaning=tuple(meaning),
    )


def _patch(truth: Truth) -> SampleReturn:
    statuses = {code: STATUS[code] for code in ("UK", "IDE")}
    margins = {code: MARGINS[code] for code in ("OBL-SEXUAL", "OBL-LABOUR")}
    cube, meaning = _victim_cube(truth, PATCHED, statuses, margins, wrong=False)
    received = "2024-09-17T08:30:00Z"
    return SampleReturn(
        path=f"HR/victims/zrtve_thb_{PATCHED.year}-{PATCHED.quarter}_ispravak.json",
        data=jsonstat.write_dataset(
            cube,
            language="hr",
            label="Žrtve trgovanja ljudima – ispravak podataka",
            source="Ministarstvo unutarnjih poslova",
            updated=received,
            notes=[f"{DEMONSTRATION['hr']} / {DEMONSTRATION['en']}"],
        ),
        jurisdiction="HR",
        instrument="victims",
        source="HR_MUP",
        form="HR-VICTIMS-PATCH",
        periods=(PATCHED,),
        received_at=received,
        meaning=tuple(meaning),
        kind="patch",
        corrects=f"HR/victims/zrtve_thb_{PATCHED.year}-{PATCHED.quarter}.json",
        justification_reason="source_error",
        justification_text="Žrtva radnog iskorištavanja bila je upisana pod spolno / one victim of forced labour had "
        "been entered under sexual exploitation",
    )


def make_returns(truth: Truth, years: int = 4) -> Iterator[SampleReturn]:
    """Yield a file for each quarter, and the patch."""
    for due in plan.list_wanted_returns("HR", "victims", years):
        yield _victims(truth, due)
    yield _patch(truth)
