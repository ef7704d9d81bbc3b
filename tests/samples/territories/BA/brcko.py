"""The prosecutor's office of Brčko District: a list with decimal commas in windows-1250, always late.

For 2024-Q1 it states that there was nothing to report. The return for 2026-Q3 has not arrived at the demonstration's
present, since the office takes 75 days.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tests.samples.crosstab import Codes, count_cell, make_meaning
from tests.samples.plan import CLOCK, Due, list_wanted_returns
from tests.samples.rows import Office, Period, Row, SampleReturn
from tests.samples.truth import QUIET, Truth
from tests.samples.writers import csvfile
from tests.samples.writers.layout import Value

OFFICE = Office("BA", "BA_BRC", "justice", "BA_BRC_PO")
DEMO = "DEMONSTRACIONI PODACI (izmišljeni) / DEMONSTRATION DATA (invented)"
OFFICE_NAME = "Tužilaštvo Brčko distrikta Bosne i Hercegovine"
NIL = QUIET["BA_BRC"]
ARTICLES = {
    "207a": ("čl. 207.a", "Trgovina ljudima"),
    "207b": ("čl. 207.b", "Organizovana trgovina ljudima"),
}
SEXES = {"ukupno": "_T", "muški": "M", "ženski": "F"}
STAGES: dict[str, Codes] = {
    "Prijavljene osobe": {"measure": "reported"},
    "Naredba o provođenju istrage": {"measure": "investigated"},
    "Odbačene prijave": {"measure": "rejected", "level": "prosecution"},
    "Obustavljene istrage": {"measure": "discontinued", "level": "prosecution"},
    "Optužene osobe": {"measure": "indicted"},
    "Presuđene osobe (prvi stepen)": {"measure": "adjudicated_first"},
    "Osuđene osobe (prvi stepen)": {"measure": "convicted_first"},
    "Presuđene osobe (pravosnažno)": {"measure": "adjudicated_final"},
    "Osuđene osobe (pravosnažno)": {"measure": "convicted_final"},
}
SANCTIONS: dict[str, Codes] = {
    f"{kind} ({level})": {"measure": measure, **codes}
    for level, measure in (("prvi stepen", "sentenced_first"), ("pravosnažno", "sentenced_final"))
    for kind, codes in (
        ("Izrečene sankcije", {}),
        ("Kazna zatvora", {"sentence_type": "prison"}),
        ("Kazna zatvora do 2 godine", {"sentence_type": "prison", "sentence_band": "M0T24"}),
        ("Kazna zatvora 2 do 5 godina", {"sentence_type": "prison", "sentence_band": "M24T60"}),
        ("Kazna zatvora 5 do 10 godina", {"sentence_type": "prison", "sentence_band": "M60T120"}),
        ("Kazna zatvora preko 10 godina", {"sentence_type": "prison", "sentence_band": "M120T"}),
        ("Uslovna osuda", {"sentence_type": "prison_suspended"}),
        ("Novčana kazna", {"sentence_type": "fine"}),
        ("Rad za opće dobro", {"sentence_type": "community"}),
        ("Odgojna mjera", {"sentence_type": "juvenile"}),
        ("Ostale sankcije", {"sentence_type": "other"}),
    )
}
HEAD = ("Član", "Krivično djelo", "Pokazatelj", "Spol", "Broj", "Napomena")
BACK: tuple[str, ...] = ("Prijavljene osobe", "Naredba o provođenju istrage", "Optužene osobe")
BACK += ("Osuđene osobe (prvi stepen)", "Osuđene osobe (pravosnažno)")


def list_numbers(
    truth: Truth, period: Period, when: str, stages: Mapping[str, Codes]
) -> tuple[list[list[Value]], list[Row]]:
    """List one line for each number: sanctions for both sexes together, everything else by sex."""
    lines: list[list[Value]] = []
    meaning: list[Row] = []
    for article, (number_of, title) in ARTICLES.items():
        for label, stage in stages.items():
            for word, sex in SEXES.items():
                if sex != "_T" and label in SANCTIONS:
                    continue
                codes = {**stage, "article": article, **({} if sex == "_T" else {"sex": sex})}
                value = count_cell(truth, OFFICE, period, codes)
                note = "nepravosnažno" if "prvi stepen" in label and value else ""
                lines.append([when, number_of, title, label, word, f"{value},00", note])
                meaning.append(make_meaning(OFFICE, period, codes, value))
    return lines, meaning


def make_justice_return(truth: Truth, due: Due) -> SampleReturn:
    period = due.period
    nil = period == NIL
    lines, meaning = (
        ([], []) if nil else list_numbers(truth, period, f"{period.quarter}/{period.year}", {**STAGES, **SANCTIONS})
    )
    words = f"U {period.quarter}. tromjesečju {period.year}. godine nije bilo predmeta trgovine ljudima."
    rows: list[list[Value]] = [[OFFICE_NAME], [DEMO], ["Kontakt: pisarnica, Brčko"]]
    rows += [["Tromjesečje", *HEAD], *lines]
    if nil:
        rows = [["Organ", OFFICE_NAME], ["Napomena", DEMO], ["Izjava", words]]
    return SampleReturn(
        path=f"BA/justice/JT_BD_{period.year}_{period.quarter}.csv",
        data=csvfile.write_csv(rows, encoding="cp1250"),
        jurisdiction="BA_BRC",
        instrument="justice",
        source="BA_BRC_PO",
        form="BA_BRC-JUSTICE-1",
        periods=due.periods,
        received_at=due.received_at,
        meaning=tuple(meaning),
        kind="nil" if nil else "full",
        justification_reason="confirmed_with_source",
        justification_text="Provjereno u upisniku / Checked in the register (demonstration)",
    )


def make_back_return(truth: Truth, due: Due) -> SampleReturn:
    """Return the years before the quarters."""
    rows: list[list[Value]] = [[OFFICE_NAME], [DEMO], ["Godina", *HEAD]]
    meaning: list[Row] = []
    for period in due.periods:
        lines, period_meaning = list_numbers(truth, period, period.code, {label: STAGES[label] for label in BACK})
        rows += lines
        meaning += period_meaning
    return SampleReturn(
        path="BA/justice/JT_BD_2020-2022.csv",
        data=csvfile.write_csv(rows, encoding="cp1250"),
        jurisdiction="BA_BRC",
        instrument="justice",
        source="BA_BRC_PO",
        form="BA_BRC-JUSTICE-BACK",
        periods=due.periods,
        received_at=due.received_at,
        meaning=tuple(meaning),
    )


def make_returns(truth: Truth, years: int) -> Iterator[SampleReturn]:
    for due in list_wanted_returns("BA_BRC", "justice", years):
        if due.received_at <= CLOCK:
            yield make_back_return(truth, due) if due.back else make_justice_return(truth, due)
