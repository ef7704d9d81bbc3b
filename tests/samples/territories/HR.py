# ruff: noqa: N999  (the module is named after its territory)
"""Croatia: the statistical office's PX file, the ministry's court register, the police's JSON-stat of victims.

The PX file is in windows-1250 and in two languages; `-` is nil, `.` has no meaning there, `..` is not available.
One JSON-stat file is mended by a patch: a victim had been put under the wrong form of exploitation.
"""

from __future__ import annotations

from collections.abc import Iterator

from tests.samples import plan
from tests.samples.articles import articles
from tests.samples.crosstab import Said, meant, number
from tests.samples.margins import victim_margins
from tests.samples.registers import Register, lines, pseudonym
from tests.samples.rows import STOCKS, MadeReturn, Office, Period, Row, quarter
from tests.samples.truth import Truth
from tests.samples.writers import csvfile, jsonstat, px
from tests.samples.writers.cube import Cube, Dimension, Number

DZS = Office("HR", "HR", "justice", "HR_DZS", date_basis="decision")
MUP = Office("HR", "HR", "victims", "HR_MUP", date_basis="event")
ROMAN = ("I", "II", "III", "IV")
DEMONSTRATION = {"hr": "DEMONSTRACIJSKI PODACI, IZMIŠLJENI", "en": "DEMONSTRATION DATA, INVENTED"}

ARTICLES = {
    "105": {"hr": "Ropstvo, čl. 105. KZ", "en": "Slavery, Art. 105 CC"},
    "106": {"hr": "Trgovanje ljudima, čl. 106. KZ", "en": "Trafficking in human beings, Art. 106 CC"},
    "326": {
        "hr": "Protuzakonito ulaženje, kretanje i boravak, čl. 326. KZ",
        "en": "Unlawful entry, movement and residence, Art. 326 CC",
    },
}
INDICATORS: dict[str, tuple[str, str, Said]] = {
    "P01": ("Zaprimljene prijave, osobe", "Reports received, persons", {"measure": "reported"}),
    "P02": ("Zaprimljene prijave, predmeti", "Reports received, cases", {"measure": "reported", "count_unit": "case"}),
    "P03": ("Prijavljeni (riješene prijave)", "Reported (reports disposed of)", {"measure": "report_disposed"}),
    "P04": ("Nalog o provođenju istrage, osobe", "Orders to investigate, persons", {"measure": "investigated"}),
    "P05": ("Podignuta optužnica, osobe", "Indictments filed, persons", {"measure": "indicted"}),
    "P06": ("Odbačena prijava", "Report rejected", {"measure": "rejected", "level": "prosecution"}),
    "P07": ("Obustavljena istraga", "Investigation discontinued", {"measure": "discontinued", "level": "prosecution"}),
    "P08": (
        "Prekvalificirano iz drugoga djela",
        "Requalified from another offence",
        {"measure": "requalified_in", "level": "prosecution"},
    ),
    "P09": (
        "Prekvalificirano u drugo djelo",
        "Requalified into another offence",
        {"measure": "requalified_out", "level": "prosecution"},
    ),
    "P10": ("Ponovno otvoreno", "Reopened", {"measure": "reopened", "level": "prosecution"}),
    "P11": (
        "Neriješeno u državnom odvjetništvu, početak",
        "Pending with the prosecutor, start",
        {"measure": "pending_prosecution", "statistic": "start"},
    ),
    "P12": (
        "Neriješeno u državnom odvjetništvu, kraj",
        "Pending with the prosecutor, end",
        {"measure": "pending_prosecution", "statistic": "end"},
    ),
    "S01": ("Prvostupanjska odluka, osobe", "Decided at first instance, persons", {"measure": "adjudicated_first"}),
    "S02": ("Prvostupanjska osuda, osobe", "Convicted at first instance, persons", {"measure": "convicted_first"}),
    "S03": (
        "Neriješeno u prvom stupnju, početak",
        "Pending at first instance, start",
        {"measure": "pending_first", "statistic": "start"},
    ),
    "S04": (
        "Neriješeno u prvom stupnju, kraj",
        "Pending at first instance, end",
        {"measure": "pending_first", "statistic": "end"},
    ),
    "F01": ("Optuženi (pravomoćno završeno)", "Accused (finally decided)", {"measure": "adjudicated_final"}),
    "F02": ("Osuđeni", "Convicted", {"measure": "convicted_final"}),
    "F03": ("Oslobođeni", "Acquitted", {"measure": "acquitted", "level": "final"}),
    "F04": ("Optužba odbijena", "Charge rejected", {"measure": "rejected", "level": "final"}),
    "F05": ("Postupak obustavljen", "Proceedings discontinued", {"measure": "discontinued", "level": "final"}),
    "K00": ("Kaznene sankcije, ukupno", "Sanctions, total", {"measure": "sentenced_final"}),
    "K10": (
        "Bezuvjetna kazna zatvora, ukupno",
        "Imprisonment, total",
        {"measure": "sentenced_final", "sentence_type": "prison"},
    ),
    "K11": (
        "Zatvor do 1 godine",
        "Imprisonment under 1 year",
        {"measure": "sentenced_final", "sentence_type": "prison", "sentence_band": "M0T12"},
    ),
    "K12": (
        "Zatvor 1 do 3 godine",
        "Imprisonment 1 to under 3 years",
        {"measure": "sentenced_final", "sentence_type": "prison", "sentence_band": "M12T36"},
    ),
    "K13": (
        "Zatvor 3 do 5 godina",
        "Imprisonment 3 to under 5 years",
        {"measure": "sentenced_final", "sentence_type": "prison", "sentence_band": "M36T60"},
    ),
    "K14": (
        "Zatvor 5 do 10 godina",
        "Imprisonment 5 to under 10 years",
        {"measure": "sentenced_final", "sentence_type": "prison", "sentence_band": "M60T120"},
    ),
    "K15": (
        "Zatvor 10 godina i više",
        "Imprisonment 10 years and over",
        {"measure": "sentenced_final", "sentence_type": "prison", "sentence_band": "M120T"},
    ),
    "K20": (
        "Uvjetna kazna zatvora",
        "Suspended imprisonment",
        {"measure": "sentenced_final", "sentence_type": "prison_suspended"},
    ),
    "K30": ("Novčana kazna", "Fine", {"measure": "sentenced_final", "sentence_type": "fine"}),
    "K40": (
        "Rad za opće dobro",
        "Community work",
        {"measure": "sentenced_final", "sentence_type": "community"},
    ),
    "K50": (
        "Maloljetničke sankcije",
        "Juvenile sanctions",
        {"measure": "sentenced_final", "sentence_type": "juvenile"},
    ),
    "K60": ("Sudska opomena i ostalo", "Other sanctions", {"measure": "sentenced_final", "sentence_type": "other"}),
}
FEATURES: dict[str, tuple[str, str, Said]] = {
    "UK": ("Ukupno", "Total", {}),
    "M": ("Muškarci", "Men", {"sex": "M"}),
    "Z": ("Žene", "Women", {"sex": "F"}),
    "D1": ("Maloljetnici (14 – 17)", "Juveniles (14 to 17)", {"age": "Y_LT18"}),
    "D2": ("Mlađi punoljetnici (18 – 24)", "Young adults (18 to 24)", {"age": "Y18T24"}),
    "D3": ("25 i više godina", "25 and over", {"age": "Y_GE25"}),
}
NOT_AVAILABLE = (quarter(2023, 3), "P04", "326")
"""In this quarter orders to investigate were not recorded for one article."""


def _quarter_words(period: Period) -> dict[str, str]:
    if period.freq == "A":
        return {"hr": f"{period.code}.", "en": period.code}
    return {"hr": f"{ROMAN[period.quarter - 1]}. tromjesečje {period.year}.", "en": f"Q{period.quarter} {period.year}"}


def _cell(truth: Truth, period: Period, article: str, indicator: str, feature: str) -> tuple[Number, Row]:
    """What stands in the cell, and what it means."""
    said = {**INDICATORS[indicator][2], **FEATURES[feature][2], "article": article}
    case = said.get("count_unit") == "case"
    if (case and feature != "UK") or (said["measure"] in STOCKS and "age" in said):
        return ".", meant(DZS, period, said, None, "M")
    if (period, indicator, article) == NOT_AVAILABLE:
        return "..", meant(DZS, period, said, None, "O")
    value = number(truth, DZS, period, said)
    return value or "-", meant(DZS, period, said, value)


def _dimension(name: str, hr: str, en: str, members: dict[str, tuple[str, str, Said]]) -> Dimension:
    return Dimension(name, {"hr": hr, "en": en}, {code: {"hr": m[0], "en": m[1]} for code, m in members.items()})


def _px(truth: Truth, due: plan.Due) -> MadeReturn:
    periods = {period.code: period for period in due.periods}
    time = ("Godina", "Year") if due.back else ("Tromjesečje", "Quarter")
    meaning: list[Row] = []

    def value(where: dict[str, str]) -> Number:
        shown, row = _cell(truth, periods[where["time"]], where["offence"], where["indicator"], where["feature"])
        meaning.append(row)
        return shown

    cube = Cube(
        (
            Dimension(
                "offence",
                {"hr": "Kazneno djelo", "en": "Criminal offence"},
                {one.article: ARTICLES[one.article] for one in articles("HR")},
            ),
            _dimension("indicator", "Pokazatelj", "Indicator", INDICATORS),
            _dimension("feature", "Obilježje počinitelja", "Feature of the person", FEATURES),
            Dimension(
                "time",
                {"hr": time[0], "en": time[1]},
                {code: _quarter_words(period) for code, period in periods.items()},
            ),
        ),
        value,
    )
    words = "2020. – 2022." if due.back else _quarter_words(due.period)["hr"]
    data = px.write(
        cube,
        heading=["time"],
        languages=["hr", "en"],
        codepage="windows-1250",
        last_updated=due.received_at[:10].replace("-", "") + " 09:00",
        cell_notes=[
            (
                {"offence": NOT_AVAILABLE[2], "indicator": NOT_AVAILABLE[1]},
                {
                    "hr": "Nalozi u ovom tromjesečju nisu evidentirani.",
                    "en": "Orders were not recorded in this quarter.",
                },
            )
        ]
        if due.period == NOT_AVAILABLE[0]
        else [],
        properties={"DECIMALS": "0", "SHOWDECIMALS": "0", "MATRIX": '"PSZ_TR"', "SUBJECT-CODE": '"PSZ"'},
        texts={
            "SUBJECT-AREA": {"hr": "Pravosuđe", "en": "Administration of justice"},
            "TITLE": {
                "hr": f"Počinitelji kaznenih djela trgovanja ljudima i krijumčarenja, {words} ({DEMONSTRATION['hr']})",
                "en": f"Perpetrators of trafficking in human beings and smuggling ({DEMONSTRATION['en']})",
            },
            "CONTENTS": {
                "hr": "Počinitelji kaznenih djela trgovanja ljudima i krijumčarenja",
                "en": "Perpetrators of trafficking in human beings and smuggling",
            },
            "UNITS": {"hr": "broj", "en": "number"},
            "SOURCE": {"hr": "Državni zavod za statistiku", "en": "Croatian Bureau of Statistics"},
            "CONTACT": {"hr": "statistika@dzs.example", "en": "statistika@dzs.example"},
        },
        signs={
            "DATASYMBOL1": "nema pojave",
            "DATASYMBOL2": "ne raspolaže se podatkom",
            "DATASYMBOL3": "ne može se iskazati",
        },
        notes=[
            {
                "hr": f"{DEMONSTRATION['hr']}. Oznake: - nema pojave; . podatak se ne može iskazati; "
                ".. ne raspolaže se podatkom. Prijavljeni su osobe čija je prijava riješena u razdoblju, optuženi "
                "osobe protiv kojih je "
                "postupak pravomoćno završen.",
                "en": f"{DEMONSTRATION['en']}. Signs: - nil; . not applicable; .. not available. Reported are persons "
                "whose report was disposed of in the period, accused are persons whose proceedings ended finally.",
            }
        ],
    )
    file = "PSZ_TR_2020-2022.px" if due.back else f"PSZ_TR_{due.period.year}_{due.period.quarter}.px"
    return MadeReturn(
        path=f"HR/justice/{file}",
        data=data,
        jurisdiction="HR",
        instrument="justice",
        source="HR_DZS",
        form="HR-JUSTICE-BACK" if due.back else "HR-JUSTICE-1",
        periods=due.periods,
        received_at=due.received_at,
        meaning=tuple(meaning),
    )


# -- the register of courts

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


def _register(truth: Truth, due: plan.Due) -> MadeReturn:
    period = due.period
    found = [
        one
        for one in REGISTER.events(truth, period)
        if one.level == "first" or one.measure in ("indicted", "appealed", "decided_on_appeal")
    ]
    rows: list[list[str | int | float | None]] = [
        [f"Registar predmeta trgovanja ljudima i krijumčarenja, {period.quarter}. tromjesečje {period.year}."],
        [f"{DEMONSTRATION['hr']} – {DEMONSTRATION['en']}"],
        ["Sud", "Predmet", "Osoba", "Članak KZ", "Spol", "Dob", *EVENTS.values(), "Sankcija", "Trajanje (mj.)"],
    ]
    for line in lines(found):
        one = next(iter(line.values()))
        sentence = line.get("sentenced_first")
        proceeding = pseudonym(truth, "K", one.proceeding)
        none = "bez kazne" if "convicted_first" in line else ""
        rows.append(
            [
                COURTS[int(proceeding[1:5], 16) % len(COURTS)],
                proceeding,
                pseudonym(truth, "O", one.person.number),
                one.person.article,
                {"M": "M", "F": "Ž"}[one.person.sex],
                one.person.age,
                *(f"{line[event].day:%d.%m.%Y.}" if event in line else "" for event in EVENTS),
                SANCTIONS[sentence.sentence_type] if sentence else none,
                f"{sentence.months},0" if sentence and sentence.months else "",
            ]
        )
    return MadeReturn(
        path=f"HR/register/registar_{period.year}_{period.quarter}tr.csv",
        data=csvfile.write(rows, encoding="cp1250"),
        jurisdiction="HR",
        instrument="register",
        source="HR_MPU",
        form="HR-REGISTER-1",
        periods=(period,),
        received_at=due.received_at,
        events=REGISTER.meaning(truth, period, found),
    )


# -- victims

STATUS: dict[str, tuple[str, str, Said]] = {
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
PATCHED = quarter(2024, 2)
"""In its first edition one identified victim of forced labour stood under sexual exploitation."""


def _feature(margin: Said) -> tuple[str, str]:
    """Code and label of a margin, as the police names it."""
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


MARGINS: dict[str, tuple[str, Said]] = {
    _feature(margin)[0]: (_feature(margin)[1], margin) for margin in victim_margins(tuple(AGE))
}


def _victim_cube(
    truth: Truth,
    period: Period,
    statuses: dict[str, tuple[str, str, Said]],
    margins: dict[str, tuple[str, Said]],
    wrong: bool,
) -> tuple[Cube, list[Row]]:
    meaning: list[Row] = []

    def value(where: dict[str, str]) -> Number:
        said = {**statuses[where["status"]][2], **margins[where["obiljezje"]][1]}
        count = number(truth, MUP, period, said)
        if wrong and said["victim_status"] in ("_T", "identified"):
            count += {"sexual": 1, "labour": -1}.get(said.get("exploitation", ""), 0)
        meaning.append(meant(MUP, period, said, count))
        return count

    cube = Cube(
        (
            Dimension("status", {"hr": "Status žrtve"}, {code: {"hr": words[0]} for code, words in statuses.items()}),
            Dimension("obiljezje", {"hr": "Obilježje"}, {code: {"hr": words[0]} for code, words in margins.items()}),
            Dimension("razdoblje", {"hr": "Razdoblje"}, {period.code: _quarter_words(period)}, time=True),
        ),
        value,
    )
    return cube, meaning


def _victims(truth: Truth, due: plan.Due) -> MadeReturn:
    period = due.period
    cube, meaning = _victim_cube(truth, period, STATUS, MARGINS, wrong=period == PATCHED)
    return MadeReturn(
        path=f"HR/victims/zrtve_thb_{period.year}-{period.quarter}.json",
        data=jsonstat.write(
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


def _patch(truth: Truth) -> MadeReturn:
    statuses = {code: STATUS[code] for code in ("UK", "IDE")}
    margins = {code: MARGINS[code] for code in ("OBL-SEXUAL", "OBL-LABOUR")}
    cube, meaning = _victim_cube(truth, PATCHED, statuses, margins, wrong=False)
    received = "2024-09-17T08:30:00Z"
    return MadeReturn(
        path=f"HR/victims/zrtve_thb_{PATCHED.year}-{PATCHED.quarter}_ispravak.json",
        data=jsonstat.write(
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


def returns(truth: Truth, years: int = 4) -> Iterator[MadeReturn]:
    """The returns of the three offices."""
    for due in plan.due("HR", "justice", years):
        yield _px(truth, due)
    for due in plan.due("HR", "register", years):
        yield _register(truth, due)
    for due in plan.due("HR", "victims", years):
        yield _victims(truth, due)
    yield _patch(truth)
