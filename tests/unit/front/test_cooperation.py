"""Changes of requests for legal assistance between two years, and one page for each year."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from scipy import stats

from pipelines import front as front_package
from pipelines.front.edition import Edition
from pipelines.front.pages.cooperation import compose_cooperation, compose_earlier_years
from pipelines.front.pages.cooperation_breakdowns import (
    compose_bases_pages,
    compose_exchange_pages,
    compose_types_pages,
)
from pipelines.front.reader import Reader
from tests.support.editions import AREAS, make_edition, make_total

Row = dict[str, Any]
FEW = "few{}, few"


def make_registered(territory: str, year: int, value: float | None, direction: str = "incoming") -> Row:
    return {
        "territory": territory, "year": year, "offence_group": "TIP", "direction": direction, "partner": "_T",
        "measure": "requests_registered", "statistic": "count", "value": value, "area_kind": "territory",
        "obs_status": "A" if value is not None else "Q", "conf_status": "F" if value is not None else "C",
        "n_reported": 1, "flags": "", "basis": "reported", "age": "_T", "person_type": "_T", "is_total": True,
        "is_additive": True,
    }  # fmt: skip


def make_outcome(territory: str, year: int, executed: float, closed: float, direction: str = "incoming") -> Row:
    return {
        "territory": territory, "year": year, "offence_group": "TIP", "direction": direction, "executed": executed,
        "closed": closed, "share": 100 * executed / closed, "low": 10.0, "high": 90.0, "obs_status": "A",
        "conf_status": "F", "days_acknowledged": "", "days_executed": "", "opening": 1.0, "registered": closed,
        "closing": 1.0, "acknowledged": closed - 1, "executed_part": None, "refused": 5.0, "withdrawn": 0.0,
    }  # fmt: skip


@pytest.fixture
def reader() -> Reader:
    return Reader(
        make_edition(
            cooperation=[
                make_registered("AA", 2023, 40.0), make_registered("AA", 2024, 1.0), make_registered("AA", 2025, 120.0),
                make_registered("BB", 2023, 30.0), make_registered("BB", 2025, 33.0),
                make_registered("CC", 2023, 12.0), make_registered("CC", 2025, 60.0),
                make_registered("DD", 2023, None), make_registered("DD", 2025, 60.0),
            ],
            cooperation_outcome=[
                make_outcome("AA", 2023, 25, 60), make_outcome("AA", 2025, 60, 90), make_outcome("BB", 2023, 25, 26),
                make_outcome("BB", 2025, 30, 60),
            ],
        ),
        "en",
    )  # fmt: skip


def read_lines(table: Any) -> dict[str, list[str]]:
    return {
        re.sub("<[^>]+>", "", str(row.heading)): [re.sub("<[^>]+>", "", str(field)) for field in row.fields]
        for row in table.table.rows
    }


def test_matrices_say_that_other_figures_than_small_ones_are_withheld(reader: Reader) -> None:
    for table in compose_cooperation(reader, "TIP").values["matrices"]:
        small = "If a small figure is withheld, the figure of its partner for the same requests is withheld too."
        assert small in table.notes.remarks
        assert WITHHELD_WITH in table.notes.remarks


def test_registered_requests_are_tested_between_the_first_and_the_last_of_three_years(reader: Reader) -> None:
    registered, _ = compose_cooperation(reader, "TIP").values["changes"]
    lines = read_lines(registered)
    assert lines["Aland, incoming requests"][:2] == ["40", "120"]
    ratio, low, high = map(float, re.findall(r"[0-9.]+", lines["Aland, incoming requests"][2]))
    share = stats.binomtest(120, 160).proportion_ci(method="exact")
    expected = (3.0, share.low / (1 - share.low), share.high / (1 - share.high))
    assert (ratio, low, high) == pytest.approx(expected, abs=0.005)
    verdicts = {name.partition(",")[0].removesuffix("*"): fields[3] for name, fields in lines.items()}
    assert verdicts["Aland"] == "clear rise" and verdicts["Bland"] == "no clear change"
    assert verdicts["Cland"].startswith("too few") and verdicts["Dland"] == "withheld"
    assert "Changes tested: 2. About one in 20 tests finds a clear change by chance alone." in registered.notes.remarks


def test_share_executed_is_tested_where_both_parts_are_enough(reader: Reader) -> None:
    _, executed = compose_cooperation(reader, "TIP").values["changes"]
    lines = read_lines(executed)
    before, after = 25 / 60, 60 / 90
    fields = lines["Aland, incoming requests"]
    assert fields[:2] == ["42 (10–90)", "67 (10–90)"]
    assert float(re.findall(r"[0-9.]+", fields[2])[0]) == pytest.approx(after / before, abs=0.005)
    too_few = next(fields for name, fields in lines.items() if name.startswith("Bland"))
    assert too_few[3].startswith("too few")
    assert ["few" in field for field in too_few[:2]] == [True, False], "25 of 26 are few, and 30 of 60 are not"
    assert any("fewer than 20 requests" in str(note) for _, note in executed.visible_notes)
    assert not any("Changes tested" in str(remark) for remark in executed.notes.remarks), "only one was"


def test_numbers_of_requests_below_the_limit_of_comparisons_have_the_word(reader: Reader) -> None:
    registered, _ = compose_cooperation(reader, "TIP").values["changes"]
    lines = read_lines(registered)
    assert lines["Cland, incoming requests"][:2] == [FEW.format(12), "60"]
    notes = " ".join(str(note) for _, note in registered.visible_notes)
    assert "Numbers with the word “few” are below 20." in notes and "Shares" not in notes, "it has no share"
    quarters = [make_quarter(2025), make_quarter(2025) | {"measure": "requests_closed", "value": 20.0}]
    parts = [make_part("AA", "assistance", code, value) for code, value in {"_T": 40.0, "mla": 17.0}.items()]
    codes = [{"codelist": "assistance", "code": code, "label": code} for code in ("mla", "_T")]
    edition = make_edition(cooperation_quarter=quarters, cooperation_type=parts, codelist=codes)
    (page,) = compose_types_pages(Reader(edition, "en"))
    types, by_quarter = (read_lines(section.tables[0]) for section in page.values["sections"])
    assert (types["mla"][0], types["_T"][0]) == (FEW.format(17), "40")
    assert by_quarter["2025 Q1"][:2] == [FEW.format(12), "20"]


def test_no_page_formats_a_count_without_its_word() -> None:
    front = Path(front_package.__file__).parent
    unmarked = [str(path) for path in front.rglob("*.py") if "format_figure(words.format_count(" in path.read_text()]
    assert unmarked == [str(front / "tables.py")], "`tables.format_count` adds the word"


def test_each_year_has_a_page_and_only_the_newest_tests_changes(reader: Reader) -> None:
    newest = compose_cooperation(reader, "TIP")
    earlier = list(compose_earlier_years(reader))
    assert [page.file for page in earlier] == ["cooperation-2024.html", "cooperation-2023.html"]
    assert newest.file == "cooperation.html" and newest.title.endswith(", 2025")
    assert all(page.values["changes"] == [] for page in earlier)
    for page in (newest, *earlier):
        assert [text for text, _, is_current in page.values["years"] if is_current] == [page.title[-4:]]
        assert [address for _, address, _ in page.values["years"]] == [
            newest.file,
            *(former.file for former in earlier),
        ]


def test_ways_in_which_requests_end_are_columns_of_their_balance() -> None:
    labels = {
        name: f"Requests {name}" for name in ("acknowledged", "executed", "executed_part", "refused", "withdrawn")
    }
    names = [("measure", f"requests_{name}", label) for name, label in labels.items()]
    names.append(("days_band", "D30T90", "30 to 89"))
    edition = make_edition(
        cooperation=[make_registered("AA", 2025, 60.0)],
        cooperation_outcome=[make_outcome("AA", 2025, 40, 60) | {"days_acknowledged": "D30T90"}],
        codelist=[{"codelist": codelist, "code": code, "label": label} for codelist, code, label in names],
    )
    page = compose_cooperation(Reader(edition, "en"), "TIP")
    incoming, outgoing = page.values["balances"]
    assert incoming.table.columns == [
        "Pending at the start", "Registered", *labels.values(), "Closed", "Pending at the end",
    ]  # fmt: skip
    assert read_lines(incoming)["Aland"] == [
        FEW.format(1), "60", "59", "40", "withheld", FEW.format(5), "0", "60", FEW.format(1),
    ]  # fmt: skip
    assert read_lines(outgoing)["Aland"] == ["not available"] * 9
    outcomes = page.values["outcomes"]
    assert outcomes.table.columns[2] == "Incoming: median days to acknowledgement"
    assert read_lines(outcomes)["Aland"][2:4] == ["30 to 89", "withheld"]
    assert any("exact median is not published" in str(remark) for remark in outcomes.notes.remarks)


@pytest.mark.parametrize(
    ("executed", "is_few"), [(0, True), (19, True), (20, False), (40, False), (41, True), (60, True)]
)
def test_share_is_marked_as_few_where_it_or_its_complement_is(executed: int, is_few: bool) -> None:
    edition = make_edition(
        cooperation=[make_registered("AA", 2025, 60.0)],
        cooperation_outcome=[make_outcome("AA", 2025, executed, 60)],
    )
    outcomes = compose_cooperation(Reader(edition, "en"), "TIP").values["outcomes"]
    assert ("few" in read_lines(outcomes)["Aland"][1]) == is_few
    assert any("fewer than 20 requests" in str(note) for _, note in outcomes.visible_notes) == is_few


WITHHELD_WITH = (
    "Some other figures are withheld too, so that nobody can calculate a hidden count from the totals shown here. A "
    "withheld figure may be zero."
)


def make_pair(sent_by: str, received_by: str, sent: float | None, received: float | None, state: str) -> Row:
    is_compared = sent is not None and received is not None
    return {
        "sent_by": sent_by, "received_by": received_by, "year": 2025, "offence_group": "TIP", "sent": sent,
        "received": received, "state": state, "reasons": "missing_return" if state == "missing" else "",
        "difference": received - sent if sent is not None and received is not None else None,
        "ratio": 1.0 if is_compared else None, "low": 0.5, "high": 2.0, "difference_low": -5.3, "difference_high": 5.3,
        "obs_status": "A", "conf_status": "F",
    }  # fmt: skip


def test_pairs_with_one_return_are_listed_with_the_missing_one() -> None:
    counts = [
        make_registered("AA", 2025, value, "outgoing") | {"partner": partner}
        for partner, value in {"BB": 8.0, "CC": 6.0, "DD": None}.items()
    ]
    counts.append(make_registered("BB", 2025, 8.0) | {"partner": "AA"})
    edition = make_edition(
        cooperation=counts,
        mirror=[
            make_pair("AA", "BB", 8.0, 8.0, "equal"), make_pair("AA", "CC", 6.0, None, "missing"),
            make_pair("AA", "DD", None, None, "missing"), make_pair("CC", "DD", None, None, "missing"),
            make_pair("BB", "AA", None, None, "withheld"),
        ],
        codelist=[{"codelist": "mirror_reason", "code": "missing_return", "label": "Missing return"}],
    )  # fmt: skip
    table = compose_cooperation(Reader(edition, "en"), "TIP").values["mirror"]
    fields = [[re.sub("<[^>]+>", "", str(field)).rstrip("*") for field in row.fields] for row in table.table.rows]
    assert fields == [
        [
            "Bland",
            FEW.format(8),
            FEW.format(8),
            "0 (−5 to +5)",
            FEW.format("1.00 (0.50–2.00)"),
            "agree",
            "not applicable",
        ],
        ["Cland", FEW.format(6), "not available", "not applicable", "not applicable", "not compared", "Missing return"],
        ["Dland", "withheld", "not available", "not applicable", "not applicable", "not compared", "Missing return"],
    ]
    explained = [text for text in table.notes.remarks if text.startswith("Likely reasons")]
    assert explained == ["Likely reasons. Missing return: one side sent no return."], "no other reason is in the table"


def test_difference_of_a_pair_is_a_number_with_its_limits_for_copies_and_files() -> None:
    edition = make_edition(
        cooperation=[make_registered("AA", 2025, 9.0, "outgoing") | {"partner": "BB"}],
        mirror=[make_pair("AA", "BB", 9.0, 6.0, "differs")],
    )
    table = compose_cooperation(Reader(edition, "en"), "TIP").values["mirror"]
    (row,) = table.table.rows
    assert 'value="-3" data-low="-5" data-high="5"' in str(row.fields[3])
    assert table.columns[-1] == "Result" and not [text for text in table.notes.remarks if "reasons" in text], (
        "no pair has a reason"
    )


def make_part(territory: str, dimension: str, code: str, value: float | None) -> Row:
    return make_registered(territory, 2025, value) | {
        "legal_basis": "_T", "channel": "_T", "assistance": "_T", "reporters": "AA,BB,CC,DD", dimension: code,
    }  # fmt: skip


def test_requests_by_legal_basis_and_channel_have_their_total_and_name_the_rule() -> None:
    labels = {"legal_basis": {"ets30": "Convention", "untoc": "Global"}, "channel": {"central": "Central"}}
    edition = make_edition(
        cooperation=[make_registered("AA", 2025, 40.0)],
        cooperation_type=[make_part("WB", "assistance", "_T", 90.0)],
        cooperation_basis=[
            make_part("AA", "legal_basis", "ets30", 30.0), make_part("AA", "legal_basis", "untoc", None),
            make_part("WB", "legal_basis", "ets30", 60.0), make_part("BB", "legal_basis", "untoc", 0.0),
            make_part("AA", "legal_basis", "untoc", 17.0) | {"year": 2024},
        ],
        cooperation_channel=[make_part("AA", "channel", "central", 25.0)],
        codelist=[
            {"codelist": name, "code": code, "label": label}
            for name, of_list in labels.items() for code, label in {**of_list, "_T": "Total"}.items()
        ],
    )  # fmt: skip
    page, earlier = compose_bases_pages(Reader(edition, "en"))
    assert (page.file, earlier.file) == ("cooperation-bases.html", "cooperation-bases-2024.html")
    assert page.title.endswith(", 2025") and earlier.title.endswith(", 2024")
    assert earlier.values["years"] == [("2025", page.file, False), ("2024", earlier.file, True)]
    assert read_lines(earlier.values["sections"][0].tables[0])["Global"][0] == FEW.format(17)
    bases, channels = page.values["sections"]
    incoming, outgoing = bases.tables
    assert incoming.name == "bases-incoming-2025" and outgoing.name == "bases-outgoing-2025"
    lines = read_lines(incoming)
    assert lines["Convention"] == ["30", "not available", "not available", "not available", "60"]
    assert lines["Global"] == ["withheld", "0", "not available", "not available", "not available"]
    assert lines["Total"][0] == "40" and lines["Total"][-1] == "90"
    assert read_lines(channels.tables[0])["Central"][0] == "25"
    assert any("at least 5 of its requests are certain to concern others" in str(r) for r in incoming.notes.remarks)
    assert all(WITHHELD_WITH in table.notes.remarks for table in (incoming, outgoing, *channels.tables))


def make_quarter(year: int) -> Row:
    return make_total(
        "AA", f"{year}-Q1", 12.0, measure="requests_registered", year=year, quarter=1, direction="incoming"
    )  # fmt: skip


def test_each_year_has_its_types_and_quarters_and_says_which_territories_have_some() -> None:
    edition = make_edition(
        cooperation_quarter=[make_quarter(2026), make_quarter(2025)],
        cooperation_type=[make_part("WB", "assistance", "_T", 90.0)],
    )
    started, newest = compose_types_pages(Reader(edition, "en"))
    assert (started.file, newest.file) == ("cooperation-types-2026.html", "cooperation-types.html")
    assert newest.title.endswith(", 2025") and started.title.endswith(", 2026")
    assert [section.anchor for section in started.values["sections"]] == ["quarters"], (
        "no type before the year is whole"
    )
    types, quarters = newest.values["sections"]
    assert types.anchor == "types" and list(quarters.texts) == [
        "Only territories that report on cooperation every quarter have a table."
    ]
    (table,) = quarters.tables
    assert table.name == "quarters-aa" and list(read_lines(table)) == ["2025 Q1"]


def test_each_year_of_informal_exchange_has_a_page() -> None:
    rows = [
        make_part("AA", "channel", "_T", 40.0) | {"measure": "exchanges_registered", "year": year}
        for year in (2025, 2024)
    ]
    returns = [{"territory": code, "year": 2025, "n_quarters": 4} for code in ("AA", "BB", "CC")]
    edition = make_edition(informal_exchange=rows, cooperation_return=returns)
    newest, earlier = compose_exchange_pages(Reader(edition, "en"))
    assert (newest.file, earlier.file) == ("informal-exchange.html", "informal-exchange-2024.html")
    assert list(newest.values["sections"][0].texts) == ["No return on cooperation for 2025: Dland."]
    assert not earlier.values["sections"][0].texts, "nobody has sent a return of the whole year"
    assert earlier.title.endswith(", 2024") and len(earlier.values["sections"][0].tables) == 2
    for page in (newest, earlier):
        for table in page.values["sections"][0].tables:
            by_size, others = [*table.notes.remarks][:2]
            assert by_size.startswith("Figures from 1 to 9 are withheld,") and others == WITHHELD_WITH


def test_territory_without_a_return_is_not_received_in_all_tables() -> None:
    returns = [{"territory": code, "year": 2025, "n_quarters": 4} for code in ("AA", "BB", "CC")]
    edition = make_edition(
        cooperation=[make_registered("AA", 2025, 40.0)],
        cooperation_outcome=[make_outcome("AA", 2025, 25, 60)],
        cooperation_type=[make_part("AA", "assistance", "_T", 40.0)],
        cooperation_return=returns,
    )
    reader = Reader(edition, "en")
    values = compose_cooperation(reader, "TIP").values
    for table in (*values["matrices"][:1], values["outcomes"], *values["balances"]):
        lines = read_lines(table)
        (absent,) = (fields for name, fields in lines.items() if name.startswith("Dland"))
        assert set(absent) <= {"not received", "same territory"} and "not received" in absent, table.caption
        assert "not received" not in next(fields for name, fields in lines.items() if name.startswith("Bland"))
    (page,) = compose_types_pages(reader)
    fields = read_lines(page.values["sections"][0].tables[0])["_T"]
    assert fields[:4] == ["40", "not available", "not available", "not received"]


def test_withheld_figures_of_balances_and_types_are_explained_where_they_are() -> None:
    outcomes = [make_outcome("AA", 2025, 25, 60) | {"refused": None}, make_outcome("AA", 2025, 25, 60, "outgoing")]
    edition = make_edition(
        cooperation=[make_registered("AA", 2025, 40.0)],
        cooperation_outcome=[outcomes[0], outcomes[1] | {"executed_part": 1.0}],
        cooperation_type=[make_part("AA", "assistance", "_T", None)],
    )
    incoming, outgoing = compose_cooperation(Reader(edition, "en"), "TIP").values["balances"]
    assert "withheld" in read_lines(incoming)["Aland"] and WITHHELD_WITH in incoming.notes.remarks
    assert "withheld" not in read_lines(outgoing)["Aland"] and not outgoing.notes.remarks
    (page,) = compose_types_pages(Reader(edition, "en"))
    assert WITHHELD_WITH in page.values["sections"][0].tables[0].notes.remarks


def test_page_of_quarters_without_types_is_not_called_one_of_types() -> None:
    edition = make_edition(
        cooperation_quarter=[make_quarter(2026)], cooperation_type=[make_part("WB", "assistance", "_T", 90.0)]
    )
    started, newest = compose_types_pages(Reader(edition, "en"))
    assert started.title.startswith("Requests by quarter: ") and newest.title.startswith("Requests by type and quarter")
    assert "Figures by type are published once" in started.values["sections"][0].texts[-1]


def test_pairs_are_in_the_order_of_the_names_and_not_of_the_codes() -> None:
    pair = {
        "offence_group": "TIP", "year": 2025, "state": "equal", "reasons": "", "sent": 8, "received": 8,
        "difference": 0, "ratio": 1.0, "low": 0.5, "high": 2.0, "obs_status": "A", "conf_status": "F",
    }  # fmt: skip
    pairs = [("AA", "CC"), ("AA", "BB"), ("BB", "AA")]
    edition = make_edition(
        cooperation=[make_registered("AA", 2025, 40.0)],
        mirror=[pair | {"sent_by": sender, "received_by": receiver} for sender, receiver in pairs],
    )
    # In the language of the page, the names are in the opposite order of the codes.
    edition = Edition({**edition.tables, "area": tuple(reversed(AREAS))})
    table = compose_cooperation(Reader(edition, "en"), "TIP").values["mirror"]
    assert [str(row.heading)[:5] for row in table.table.rows] == ["Bland", "Aland", "Aland"]
    assert [str(row.fields[0])[:5] for row in table.table.rows] == ["Aland", "Cland", "Bland"]
    assert table.columns[1:3] == ["Requests sent", "Requests received"]
