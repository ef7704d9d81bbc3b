"""Compose the page on requests for legal assistance: who asks whom, how requests end, and whether both sides agree."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from pipelines import words
from pipelines.core.i18n import mark
from pipelines.core.rounding import round_half_up
from pipelines.design.components import Markup, Part
from pipelines.front import pages, sentences
from pipelines.front.pages import Page
from pipelines.front.pages.cooperation_breakdowns import (
    format_lacking,
    list_absences,
    list_basis_files,
    list_exchange_files,
    list_type_files,
    name_bases,
    name_columns,
    name_directions,
    name_exchange,
    name_types,
    note_withheld,
    select_rows,
)
from pipelines.front.pages.cooperation_changes import (
    FEW_NUMBERS,
    FEW_SHARES,
    compose_changes,
    explain_few,
    is_few_share,
)
from pipelines.front.pages.joint_teams import list_team_files, name_teams
from pipelines.front.queries import CRIMES
from pipelines.front.reader import Reader
from pipelines.front.tables import FigureTable, attach_numbers, format_count, format_figure
from pipelines.words import Row, indicators, language
from pipelines.words import changes as change_words
from pipelines.words.language import Texts, tell

_TOTAL: Final = "_T"
_REGISTERED: Final = "requests_registered"
_EVENTS: Final = ("acknowledged", "executed", "executed_part", "refused", "withdrawn")
"""Columns of the table `cooperation_outcome`. The last four are the ways in which requests end."""
_SAME: Final = Markup('<span class="front-missing">{}</span>')
_SHOWN: Final = ("equal", "agrees", "differs")
_RECONCILED: Final = ("equal", "agrees")
_REASONS: Final = Texts(
    {
        "missing_return": mark("one side sent no return."),
        "definition": mark("one side says that it counts in another way."),
        "channel": mark("the sender also counts requests sent directly, and the receiver does not count those."),
        "timing": mark("both count by different dates, or agree over two years together."),
    }
)
_Figures = Mapping[tuple[str, str, str], Row]
"""Registered requests by territory, direction and partner."""


def list_files(reader: Reader) -> dict[str, str]:
    """Return the file of the page for each crime that has figures of cooperation."""
    present = {row["offence_group"] for row in reader.edition.tables["cooperation"]}
    return {code: pages.name_file(pages.COOPERATION, code) for code in CRIMES if code in present}


def list_years(reader: Reader, crime: str) -> list[int]:
    """Return the years with figures of a crime, the newest first."""
    return sorted(reader.edition.list_years_of_crime("cooperation", crime), reverse=True)


def compose_cooperation(reader: Reader, crime: str) -> Page:
    """Return the page of one crime in the newest year."""
    return compose_year(reader, crime, list_years(reader, crime)[0])


def compose_earlier_years(reader: Reader) -> Iterator[Page]:
    """Yield the pages of earlier years."""
    for crime in list_files(reader):
        yield from (compose_year(reader, crime, year) for year in list_years(reader, crime)[1:])


def _name_year_file(reader: Reader, crime: str, year: int) -> str:
    """Return the file of a year; that of the newest year has no year in its name, so that links stay."""
    is_newest = year == list_years(reader, crime)[0]
    return pages.name_file(pages.COOPERATION if is_newest else f"{pages.COOPERATION}-{year}", crime)


def compose_year(reader: Reader, crime: str, year: int) -> Page:
    """Return the page of one crime and year. Rows of a matrix send and columns receive in both counts."""
    years = list_years(reader, crime)
    files = {
        code: _name_year_file(reader, code, year) for code in list_files(reader) if year in list_years(reader, code)
    }
    crime_name = reader.name_crime(crime)
    title = f"{tell('International cooperation')}: {crime_name}, {year}"
    summary = _describe_mirror(reader, crime, year)
    return Page(
        files[crime],
        "cooperation.html",
        pages.TERRITORIES,
        title,
        summary or title,
        lead=tell(
            "Courts and prosecutors ask those of other territories for help. This page shows who asks whom, how the "
            "requests end, and whether both sides count the same."
        ),
        views=pages.list_views(reader, files, crime),
        values={
            "years": [(str(code), _name_year_file(reader, crime, code), code == year) for code in years],
            "absences": list_absences(reader, year),
            "matrices": _compose_matrices(reader, crime, year),
            "outcomes": _compose_outcomes(reader, crime, year),
            "changes": compose_changes(reader, crime, years) if year == years[0] else [],
            "balances": [_compose_balance(reader, crime, year, direction) for direction in name_directions()],
            "links": [
                (title(), file)
                for title, files_of_page in (
                    (name_types, list_type_files),
                    (name_bases, list_basis_files),
                    (name_exchange, list_exchange_files),
                    (name_teams, list_team_files),
                )
                if (file := files_of_page(reader).get(crime))
            ],
            "summary": summary,
            "mirror": _compose_mirror(reader, crime, year),
        },
        crime=crime,
    )


def _compose_matrices(reader: Reader, crime: str, year: int) -> list[FigureTable]:
    """Return the requests between territories as the sender counts them, and as the receiver does."""
    counts = _index_registered(reader, crime, year)
    territories = reader.edition.territories
    partners = {partner for _, _, partner in counts} - {_TOTAL, *territories}
    others = [code for code in reader.list_codes("partner") if code in partners]
    of_year = f"{reader.name_crime(crime)}, {year}"
    sent = _start_matrix(
        reader,
        f"{tell('Requests as the sender counts them')}, {of_year}",
        f"sent-{year}",
        [*territories, *others, _TOTAL],
    )
    for code in territories:
        fields = [
            _count_field(reader, year, counts, code, "outgoing", partner) for partner in [*territories, *others, _TOTAL]
        ]
        sent.add_row(sent.name_area(code), fields)
    received = _start_matrix(
        reader, f"{tell('Requests as the receiver counts them')}, {of_year}", f"received-{year}", territories
    )
    for code in [*territories, *others, _TOTAL]:
        heading = received.name_area(code) if code in territories else reader.find_label("partner", code)
        fields = [_count_field(reader, year, counts, place, "incoming", code) for place in territories]
        received.add_row(heading, fields, is_total=code == _TOTAL)
    return [sent, received]


def _index_registered(reader: Reader, crime: str, year: int) -> _Figures:
    return {
        (row["territory"], row["direction"], row["partner"]): row
        for row in select_rows(reader, "cooperation", crime, year=year)
        if row["measure"] == _REGISTERED and row["statistic"] == "count"
    }


def _start_matrix(reader: Reader, caption: str, name: str, columns: Sequence[str]) -> FigureTable:
    names = [_name_partner(reader, code) for code in columns]
    table = FigureTable(reader, caption, tell("Sent by"), names, name=name)
    for code in columns:
        if code in reader.areas:
            table.name_area(code)
    table.notes.add_remark(
        tell(
            "The territory at the start of a row or card is the sender. Those named above or next to the figures are "
            "the receivers."
        )
    )
    table.notes.add_remark(
        tell("If a small figure is withheld, the figure of its partner for the same requests is withheld too.")
    )
    table.notes.add_remark(tell(sentences.WITHHELD_WITH))  # marked there
    return table


def _name_partner(reader: Reader, code: str) -> str:
    return reader.marked_name(code) if code in reader.areas else reader.find_label("partner", code)


def _count_field(reader: Reader, year: int, counts: _Figures, territory: str, direction: str, partner: str) -> Part:
    """Return a count; hidden words for a territory with itself, and a word for a figure without a return."""
    if territory == partner:
        return _SAME.format(tell("same territory"))
    row = counts.get((territory, direction, partner))
    return format_lacking(reader, territory, year) if row is None else format_count(row)


def _compose_outcomes(reader: Reader, crime: str, year: int) -> FigureTable:
    """Return closed requests, the share executed and the days to both events, for incoming and outgoing requests."""
    rows = select_rows(reader, "cooperation_outcome", crime, year=year)
    books = {(row["territory"], row["direction"]): row for row in rows}
    columns = [
        tell("Closed"), tell("Executed in full (%)"), tell("Median days to acknowledgement"),
        tell("Median days to execution"),
    ]  # fmt: skip
    table = FigureTable(
        reader,
        f"{tell('Requests closed, and share executed in full')}, {reader.name_crime(crime)}, {year}",
        tell("Territory"),
        name_columns(columns),
        name=f"outcomes-{year}",
        few=explain_few(FEW_NUMBERS, FEW_SHARES),
    )
    for code in reader.edition.territories:
        fields: list[Part] = []
        for direction in name_directions():
            row = books.get((code, direction))
            if row is None:
                fields += [format_lacking(reader, code, year)] * len(columns)
                continue
            fields += [
                _term_field(row, "closed"),
                _share_field(row),
                *(
                    reader.find_label("days_band", row[days]) if row[days] else _withheld()
                    for days in ("days_acknowledged", "days_executed")
                ),
            ]
        table.add_row(table.name_area(code), fields)
    table.notes.add_remark(
        tell(
            "Incoming requests were executed by the territory, outgoing ones by its partners. Ranges are 95% intervals."
        )
    )
    table.notes.add_remark(
        tell(
            "The median is given as a range of days. It is shown only if there are enough requests from several "
            "partners."
        )
    )
    table.notes.add_remark(
        tell("The exact median is not published, because it would narrow down numbers of requests that are withheld.")
    )
    return table


def _not_applicable() -> Part:
    return format_figure(words.format_status("not_applicable"))


def _withheld() -> Part:
    return format_figure(words.format_status("withheld"))


def _share_field(row: Row) -> Part:
    """Return the share of closed requests that were executed in full, with its interval."""
    return format_figure(indicators.format_figure({**row, "value": row["share"]}), is_few=is_few_share(row))


def _term_field(row: Row, name: str) -> Part:
    if row[name] is None:
        return _withheld()
    return format_count({**row, "value": row[name], "obs_status": "A", "conf_status": "F"})


def _compose_balance(reader: Reader, crime: str, year: int, direction: str) -> FigureTable:
    """Return the balance of one direction, opening + registered - closed = closing, and how requests ended."""
    rows = select_rows(reader, "cooperation_outcome", crime, year=year)
    books = {row["territory"]: row for row in rows if row["direction"] == direction}
    terms = {
        "opening": tell("Pending at the start"),
        "registered": tell("Registered"),
        **{term: reader.find_label("measure", f"requests_{term}") for term in _EVENTS},
        "closed": tell("Closed"),
        "closing": tell("Pending at the end"),
    }
    table = FigureTable(
        reader,
        f"{name_directions()[direction]}, {reader.name_crime(crime)}, {year}",
        tell("Territory"),
        list(terms.values()),
        name=f"balance-{direction}-{year}",
    )
    for code in reader.edition.territories:
        row = books.get(code)
        lacking = format_lacking(reader, code, year)
        table.add_row(table.name_area(code), [_term_field(row, name) if row else lacking for name in terms])
    note_withheld(table)
    return table


def _count_pairs(rows: Sequence[Row]) -> dict[str, int]:
    return {
        "shown": sum(row["state"] in _SHOWN for row in rows),
        "reconciled": sum(row["state"] in _RECONCILED for row in rows),
        "withheld": sum(row["state"] == "withheld" for row in rows),
        "missing": sum(row["state"] == "missing" for row in rows),
    }


def _describe_mirror(reader: Reader, crime: str, year: int) -> str:
    """Say how many pairs of a year agree, how many are withheld, and how many lack a return."""
    counts = _count_pairs(select_rows(reader, "mirror", crime, year=year))
    if not any(counts.values()):
        return ""
    return tell(
        "Requests between pairs of territories, {crime}, {year}: {shown} pairs compared, {reconciled} of them in "
        "agreement; {withheld} withheld; {missing} without a return from one side.",
        crime=reader.name_crime(crime),
        year=year,
        **counts,
    )


def _compose_mirror(reader: Reader, crime: str, year: int) -> FigureTable:
    """Return the pairs that are shown: what one territory sent and the other received, and why they differ.

    A pair with a return from one side only has that figure and the missing return as its reason. A year without
    reasons has no column of them, and only reasons that a pair has are explained.
    """
    states = {
        "equal": tell("agree"), "agrees": tell("agree"), "differs": tell("differ"), "missing": tell("not compared"),
    }  # fmt: skip
    counts = _index_registered(reader, crime, year)
    pairs = _list_shown_pairs(reader, crime, year, counts)
    present_reasons = {code for row in pairs for code in _list_reasons(row)}
    table = FigureTable(
        reader,
        f"{tell('Requests sent and received by pairs of territories')}, {reader.name_crime(crime)}, {year}",
        tell("Sent by"),
        [
            tell("Received by"), tell("Requests sent"), tell("Requests received"), tell("Difference (95% interval)"),
            tell("Received per request sent (95% interval)"), tell("Result"),
            *([tell("Likely reasons")] if present_reasons else []),
        ],
        word_columns=(0, 5, 6), name=f"mirror-{year}",
    )  # fmt: skip
    for row in pairs:
        sender, receiver = row["sent_by"], row["received_by"]
        keys = _name_counts(row)
        table.name_area(receiver)
        reasons = [reader.find_label("mirror_reason", code) for code in _list_reasons(row)]
        sent, received = (
            _term_field(row, name) if key in counts or row[name] is not None else format_lacking(reader, key[0], year)
            for key, name in zip(keys, ("sent", "received"), strict=True)
        )
        is_compared = row["state"] in _SHOWN
        table.add_row(
            table.name_area(sender),
            [
                reader.marked_name(receiver),
                sent,
                received,
                _difference_field(row) if is_compared else _not_applicable(),
                _ratio_field(row),
                states[row["state"]],
                *([_join_reasons(reasons)] if present_reasons else []),
            ],
        )
    table.notes.add_remark(tell("Pairs with small figures are withheld, and may agree less often than those shown."))
    table.notes.add_remark(
        tell(
            "The intervals are those of two independent counts. Both figures count the same requests, so these "
            "intervals are wider than needed."
        )
    )
    table.notes.add_remark(
        tell(
            "Two figures agree if the difference is at most one request, or at most a tenth of the larger figure. The "
            "result compares the figures, not their intervals."
        )
    )
    explained = [
        f"{reader.find_label('mirror_reason', code)}: {meaning}"
        for code, meaning in _REASONS.items()
        if code in present_reasons
    ]
    if explained:
        table.notes.add_remark(" ".join([f"{tell('Likely reasons')}.", *explained]))
    return table


def _join_reasons(names: Sequence[str]) -> Part:
    return ", ".join([*names[:1], *map(language.lower_first, names[1:])]) or _not_applicable()


def _list_shown_pairs(reader: Reader, crime: str, year: int, counts: _Figures) -> list[Row]:
    """Return the pairs with a figure, in display order."""
    order = {code: place for place, code in enumerate(reader.edition.territories)}
    pairs = [
        row
        for row in select_rows(reader, "mirror", crime, year=year)
        if row["state"] in _SHOWN or (row["state"] == "missing" and any(key in counts for key in _name_counts(row)))
    ]
    return sorted(pairs, key=lambda row: [order.get(row[name], len(order)) for name in ("sent_by", "received_by")])


def _name_counts(row: Row) -> tuple[tuple[str, str, str], tuple[str, str, str]]:
    """Return the keys of the requests of a pair as its sender and as its receiver count them."""
    sender, receiver = row["sent_by"], row["received_by"]
    return (sender, "outgoing", receiver), (receiver, "incoming", sender)


def _list_reasons(row: Row) -> list[str]:
    return [code for code in str(row["reasons"]).split(",") if code]


def _difference_field(row: Row) -> Part:
    """Return a difference with its interval; a release of earlier software has none."""
    value, low, high = (row.get(name) for name in ("difference", "difference_low", "difference_high"))
    text = change_words.format_signed(row["difference"])
    if low is None or high is None:
        return attach_numbers(text, value)
    limits = {"low": change_words.format_signed(low), "high": change_words.format_signed(high)}
    text = tell("{difference} ({low} to {high})", difference=text, **limits)
    return attach_numbers(text, value, round_half_up(low), round_half_up(high))


def _ratio_field(row: Row) -> Part:
    if row["ratio"] is None:
        return _not_applicable()
    figure: dict[str, Any] = {**row, "value": row["ratio"], "state": ""}
    is_few = any(words.is_few({"value": row[name]}) for name in ("sent", "received"))
    return format_figure(indicators.format_figure(figure, 2), is_few=is_few)
