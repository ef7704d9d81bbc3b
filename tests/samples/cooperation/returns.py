"""Returns of international cooperation in the words, format and rhythm of each office."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from functools import cache
from typing import NamedTuple

from tests.samples.cooperation.counts import Counts, is_counted_by_person
from tests.samples.cooperation.requests import OFFENCES, Request
from tests.samples.crosstab import Codes, Column, MadeTable, lay_out_head
from tests.samples.plan import Due, list_wanted_returns
from tests.samples.rows import Office, Period, Row, SampleReturn
from tests.samples.truth import Truth
from tests.samples.writers import csvfile, docx, html, ods, xlsx
from tests.samples.writers.layout import Cell, Sheet
from tests.support.paths import ROOT

WORDS = ROOT / "tests" / "samples" / "cooperation" / "words.csv"
FLOWS = ("requests_registered", "requests_acknowledged", "requests_executed", "requests_executed_part",
         "requests_refused", "requests_withdrawn")  # fmt: skip
TRANSMISSION = ("central", "diplomatic", "direct", "interpol", "other")
"""Channels of formal requests."""
EXCHANGE = ("selec", "interpol", "europol", "pcc_see", "liaison", "direct", "other")
"""Channels of informal exchange."""
MEASURED = {
    "requests_registered": ("direction", "partner", "assistance", "legal_basis", "channel"),
    "requests_acknowledged": ("direction", "partner", "assistance", "days_band"),
    "requests_executed": ("direction", "partner", "assistance", "days_band"),
    "requests_executed_part": ("direction", "partner", "assistance"),
    "requests_refused": ("direction", "partner", "assistance", "refusal_reason"),
    "requests_withdrawn": ("direction", "partner", "assistance"),
    "pending_requests": ("direction", "partner", "assistance"),
    "exchanges_registered": ("direction", "partner", "channel"),
    "exchanges_answered": ("direction", "partner", "channel"),
    "jits_set_up": ("partner", "legal_basis"),
    "jits_extended": ("partner",),
    "jits_closed": ("partner",),
    "jits_evaluated": ("partner",),
    "jits_running": ("partner",),
}
"""Dimensions of each measure; a cell that does not name one counts all its codes together."""
CODED = ("direction", "partner", "assistance", "legal_basis", "channel", "refusal_reason", "days_band")
NOTHING = "–"
"""In a list, a dimension that the figure does not have."""


class Layout(NamedTuple):
    """How the office of a territory writes its return."""

    source: str
    language: str
    format: str
    date_basis: str
    file: str


LAYOUTS = {
    "AL": Layout("AL_MOJ", "sq", "csv", "registration", "Bashkepunimi_{period}.csv"),
    "BA": Layout("BA_MOJ", "bs", "docx", "registration", "MPBiH_medjunarodna_pravna_pomoc_{period}.docx"),
    "HR": Layout("HR_MOJ", "hr", "ods", "event", "MPU_medjunarodna_suradnja_{period}.ods"),
    "XK": Layout("XK_MOJ", "sq", "docx", "registration", "Bashkepunimi_juridik_nderkombetar_{period}.docx"),
    "MK": Layout("MK_MOJ", "mk", "html", "registration", "MP_megjunarodna_sorabotka_{period}.html"),
    "ME": Layout("ME_MOJ", "cnr", "xlsx", "registration", "MP_medjunarodna_saradnja_{period}.xlsx"),
    "RS": Layout("RS_MOJ", "sr", "xlsx", "registration", "MP_medjunarodna_saradnja_{period}.xlsx"),
}


@cache
def read_words(language: str) -> dict[tuple[str, str], str]:
    """Return the words of a language by kind and code."""
    with WORDS.open(encoding="utf-8", newline="") as handle:
        return {(row["kind"], row["code"]): row[language] for row in csv.DictReader(handle)}


@cache
def list_codes(kind: str) -> tuple[str, ...]:
    """Return the codes of a kind of words, in the order of the file."""
    return tuple(code for name, code in read_words("sq") if name == kind)


def list_partners(area: str) -> list[str]:
    """Return the partners of a territory."""
    return [code for code in list_codes("partner") if code != area]


@cache
def _make_counts(seed: int, area: str, late: tuple[Request, ...]) -> Counts:
    return Counts(seed, area, late)


def count_requests(truth: Truth, area: str) -> Counts:
    """Return the counts of a territory with the requests behind them."""
    return _make_counts(truth.seed, area, truth.late_requests)


def make_returns(truth: Truth, area: str, years: int) -> Iterator[SampleReturn]:
    """Yield the returns of a territory's office."""
    for due in list_wanted_returns(area, "cooperation", years):
        yield _make_return(count_requests(truth, area), area, due)


def _make_return(counts: Counts, area: str, due: Due) -> SampleReturn:
    layout = LAYOUTS[area]
    office = Office(area, area, "cooperation", layout.source, date_basis=layout.date_basis)
    meaning: list[Row] = []
    write = _write_list if layout.format == "csv" else _write_tables
    data = write(counts, office, layout, due.period, meaning)
    return SampleReturn(
        path=f"{area}/cooperation/{layout.file.format(period=due.period.code)}",
        data=data,
        jurisdiction=area,
        instrument="cooperation",
        source=layout.source,
        form=f"{area}-COOPERATION-1",
        periods=due.periods,
        received_at=due.received_at,
        meaning=tuple(meaning),
    )


def make_codes(kind: str, code: str) -> dict[str, str]:
    """Return what a word of the file sets: measure and statistic of a stage, or a code of a dimension."""
    if kind in ("stage", "team", "exchange"):
        stock = "jits_running" if kind == "team" else "pending_requests"
        return {"measure": stock, "statistic": code} if code in ("start", "end") else {"measure": code}
    return {"offence" if kind == "crime" else kind: code}


def _mean(counts: Counts, office: Office, period: Period, codes: Codes) -> tuple[Row, int, str]:
    """Return the observation that a cell means, its count, and the mark behind it."""
    measure = codes["measure"]
    dimensions = dict.fromkeys(MEASURED[measure], "_T") | {k: v for k, v in codes.items() if k != "measure"}
    unit = "event" if measure.startswith("jits_") else "request"
    value = counts.count_cell(period, codes)
    by_person = measure == "requests_registered" and is_counted_by_person(office.territory, codes)
    row = office.make_row(period, measure, value, "D" if by_person else "A", count_unit=unit, **dimensions)
    return row, value, "*" if by_person else ""


# -- tables


def list_tables(
    area: str,
) -> dict[str, tuple[list[tuple[str, str]], list[tuple[tuple[str, str], ...]], dict[str, str]]]:
    """Return each table by name: its lines, its columns as paths of (kind, code), and the codes of all its cells."""
    directions = [("direction", code) for code in list_codes("direction")]
    total = ("partner", "_T")
    partners = [("partner", code) for code in list_partners(area)]
    types = [("assistance", code) for code in list_codes("assistance")]
    stages = [("stage", code) for code in list_codes("stage")]
    registered = {"measure": "requests_registered"}
    replies = [("stage", "requests_acknowledged"), ("stage", "requests_executed")]
    return {
        "partners": ([*partners, total], [(a, b) for a in directions for b in stages], {}),
        "types": (types, [(a, b) for a in directions for b in stages], {}),
        "pairs": (partners, [(a, b) for a in directions for b in types], registered),
        "bases": ([("legal_basis", c) for c in list_codes("legal_basis")], [(a,) for a in directions], registered),
        "channels": ([("channel", c) for c in TRANSMISSION], [(a,) for a in directions], registered),
        "reasons": (
            [("refusal_reason", c) for c in list_codes("refusal_reason")],
            [(a,) for a in directions],
            {"measure": "requests_refused"},
        ),
        "days": (
            [("days_band", c) for c in list_codes("days_band")],
            [(a, b) for a in directions for b in replies],
            {},
        ),
        "exchange": (
            [("channel", c) for c in EXCHANGE],
            [(a, ("exchange", b)) for a in directions for b in list_codes("exchange")],
            {},
        ),
        "teams": ([*partners, total], [(("team", c),) for c in list_codes("team")], {}),
    }


def _say(words: dict[tuple[str, str], str], kind: str, code: str) -> str:
    return words["text", "total"] if code == "_T" else words[kind, code]


def _make_table(
    counts: Counts, office: Office, period: Period, words: dict[tuple[str, str], str], name: str, crime: str
) -> tuple[str, MadeTable]:
    lines, columns, fixed = list_tables(office.territory)[name]
    cols = [
        Column(
            tuple(_say(words, *part) for part in path),
            {code: value for part in path for code, value in make_codes(*part).items()},
        )
        for path in columns
    ]
    table = MadeTable(lay_out_head([words["corner", name]], cols, max(len(path) for path in columns)))
    for kind, code in lines:
        cells: list[Cell | str | int] = [_say(words, kind, code)]
        for column in cols:
            codes = {**fixed, "offence": crime, **make_codes(kind, code), **column.codes}
            row, value, mark = _mean(counts, office, period, codes)
            table.meaning.append(row)
            cells.append(Cell(value, mark=mark) if mark else value)
        table.rows.append(cells)
    return f"{words['crime', crime]} – {words['table', name]}, {_say_period(words, period)}", table


def _say_period(words: dict[tuple[str, str], str], period: Period) -> str:
    if period.freq == "A":
        return words["text", "year"].format(period=period.code)
    return words["text", "quarter"].format(quarter=period.quarter, year=period.year)


def _write_tables(counts: Counts, office: Office, layout: Layout, period: Period, meaning: list[Row]) -> bytes:
    words = read_words(layout.language)
    tables: list[tuple[str, str, MadeTable]] = []
    for number, name in enumerate(list_tables(office.territory), start=1):
        for crime in OFFENCES:
            title, table = _make_table(counts, office, period, words, name, crime)
            tables.append((f"{number}{'a' if crime == 'ICCS0204' else 'b'}", title, table))
            meaning += table.meaning
    head = [words["text", "demonstration"]]
    if office.territory == "XK":
        head.append(words["text", "definition"])
    if layout.format in ("xlsx", "ods"):
        sheets = [
            Sheet(sheet, (*([text] for text in head), [title], [], *table.rows), (44, 12))
            for sheet, title, table in tables
        ]
        if layout.format == "ods":
            return ods.write_spreadsheet(sheets, title=words["text", "title"], language=layout.language)
        return xlsx.write_workbook(sheets, title=words["text", "title"], comments=head[0])
    if layout.format == "html":
        parts: Sequence[html.Part] = [*head, *(Sheet(title, tuple(table.rows)) for _, title, table in tables)]
        return html.write_page(parts, title=words["text", "title"], language=layout.language)
    body: list[docx.Part] = [*head]
    for sheet, title, table in tables:
        body += [title, Sheet(sheet, tuple(table.rows))]
    return docx.write_document(body, title=words["text", "title"])


# -- a list, one line a number


def _write_list(counts: Counts, office: Office, layout: Layout, period: Period, meaning: list[Row]) -> bytes:
    words = read_words(layout.language)
    columns = ("period", "crime", "indicator", *CODED, "number")
    lines: list[list[str | int]] = [
        [f"{words['text', 'demonstration']}: {_say_period(words, period)}"],
        [words["list", name] for name in columns],
    ]
    for name, (rows, cols, fixed) in list_tables(office.territory).items():
        for crime in OFFENCES:
            for kind, code in rows:
                for path in cols:
                    codes: dict[str, str] = {**fixed, "offence": crime, **make_codes(kind, code)}
                    for part in path:
                        codes |= make_codes(*part)
                    row, value, _ = _mean(counts, office, period, codes)
                    meaning.append(row)
                    lines.append([*_say_line(words, name, crime, row, period), value])
    return csvfile.write_csv(lines, encoding="utf-8-sig", delimiter=";")


def say_indicator(words: dict[tuple[str, str], str], measure: str, statistic: str) -> str:
    """Return the words of a measure in a list: of teams and of exchange with the name of their table."""
    code = measure if statistic == "count" else statistic
    kind = {"jits": "team", "exchanges": "exchange"}.get(measure.partition("_")[0], "stage")
    table = {"team": "teams", "exchange": "exchange", "stage": "partners"}[kind]
    return f"{words['table', table].split(' sipas ')[0]}: {words[kind, code]}"


def _say_line(words: dict[tuple[str, str], str], name: str, crime: str, row: Row, period: Period) -> list[str]:
    values = row._asdict()
    coded = [NOTHING if values[dim] == "_Z" else _say(words, dim, values[dim]) for dim in CODED]
    return [
        f"T{period.quarter}/{period.year}",
        words["crime", crime],
        say_indicator(words, row.measure, row.statistic),
        *coded,
    ]
