"""Records of requests: one line a request with an event in the year, in the words and format of each office.

They have the requests that the same office counts in its returns of cooperation (`returns.py`).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import NamedTuple

from tests.samples.cooperation.counts import Counts
from tests.samples.cooperation.requests import Request
from tests.samples.cooperation.returns import count_requests, read_words
from tests.samples.plan import Due, list_wanted_returns
from tests.samples.registers import make_pseudonym
from tests.samples.rows import Event, Period, SampleReturn
from tests.samples.truth import Truth
from tests.samples.writers import csvfile, xlsx
from tests.samples.writers.layout import Sheet

EVENTS = ("requests_registered", "requests_acknowledged", "requests_executed", "requests_executed_part",
          "requests_refused", "requests_withdrawn")  # fmt: skip
"""Columns of dates, in the order of the files. Every line has the first one, which later files state again."""


class Layout(NamedTuple):
    """How the office of a territory writes its records."""

    source: str
    language: str
    format: str
    file: str
    title: str
    headings: tuple[str, ...]
    date: str


LAYOUTS = {
    "AL": Layout(
        "AL_MOJ", "sq", "csv", "Regjistri_i_kerkesave_{period}.csv",
        "Regjistri i kërkesave për ndihmë juridike, viti {period}",
        ("Numri i kërkesës", "Drejtimi", "Partneri", "Lloji i kërkesës", "Vepra penale", "Data e regjistrimit",
         "Data e konfirmimit", "Data e përmbushjes së plotë", "Data e përmbushjes së pjesshme", "Data e refuzimit",
         "Data e tërheqjes"),
        "%d.%m.%Y",
    ),
    "RS": Layout(
        "RS_MOJ", "sr", "xlsx", "Upisnik_zamolnica_{period}.xlsx", "Уписник замолница, {period}. година",
        ("Број замолнице", "Смер", "Партнер", "Врста захтева", "Кривично дело", "Датум евидентирања",
         "Датум потврде пријема", "Датум потпуног извршења", "Датум делимичног извршења", "Датум одбијања",
         "Датум повлачења"),
        "%d.%m.%Y.",
    ),
}  # fmt: skip


class RequestRecord(NamedTuple):
    """One request as an office sees it; `days` has the day of each event that has happened."""

    number: str
    direction: str
    partner: str
    request: Request
    days: dict[str, date]


def list_records(truth: Truth, area: str) -> list[RequestRecord]:
    """Return all requests of a territory that its office knows of, by the day of registration."""
    counts: Counts = count_requests(truth, area)
    records = []
    for position, (request, direction, partner, day, _) in enumerate(counts.requests):
        days = {EVENTS[0]: day}
        if request.acknowledged is not None:
            days[EVENTS[1]] = max(request.acknowledged, day)
        if request.closed is not None:
            days[request.outcome] = max(request.closed, day)
        number = make_pseudonym(truth, "Z", f"{area}-{position}")
        records.append(RequestRecord(number, direction, partner, request, days))
    return sorted(records, key=lambda record: (record.days[EVENTS[0]], record.number))


def make_returns(truth: Truth, area: str, years: int) -> Iterator[SampleReturn]:
    """Yield the records of a territory's office, one return for each year."""
    for due in list_wanted_returns(area, "requests", years):
        yield _make_return(truth, area, due)


def _make_return(truth: Truth, area: str, due: Due) -> SampleReturn:
    layout, period = LAYOUTS[area], due.period
    words = read_words(layout.language)
    lines: list[list[str]] = []
    events: list[Event] = []
    for record in list_records(truth, area):
        in_year = {name: day for name, day in record.days.items() if period.start <= day <= period.end}
        if not in_year:
            continue
        stated = {EVENTS[0]: record.days[EVENTS[0]], **in_year}
        described = (("direction", record.direction), ("partner", record.partner),
                     ("assistance", record.request.assistance), ("crime", record.request.offence))  # fmt: skip
        dates = (stated[name].strftime(layout.date) if name in stated else "" for name in EVENTS)
        lines.append([record.number, *(words[part] for part in described), *dates])
        events += [_make_event(area, layout.source, period, record, name, day) for name, day in in_year.items()]
    head = [words["text", "demonstration"]], [layout.title.format(period=period.code)], list(layout.headings)
    data = (
        csvfile.write_csv([*head, *lines], encoding="utf-8-sig")
        if layout.format == "csv"
        else xlsx.write_workbook(
            [Sheet(period.code, (*head, *lines), (18, 14))], title=head[1][0], comments=words["text", "demonstration"]
        )
    )
    return SampleReturn(
        path=f"{area}/requests/{layout.file.format(period=period.code)}",
        data=data,
        jurisdiction=area,
        instrument="requests",
        source=layout.source,
        form=f"{area}-REQUESTS-1",
        periods=due.periods,
        received_at=due.received_at,
        events=tuple(events),
    )


def _make_event(area: str, source: str, period: Period, record: RequestRecord, name: str, day: date) -> Event:
    return Event(
        area, area, source, period.freq, period.code, record.number, "_Z", name, "cooperation", day, period.end,
        record.request.offence, "_Z", "_Z", "_Z", "_Z", None, record.partner, record.direction,
        record.request.assistance,
    )  # fmt: skip
