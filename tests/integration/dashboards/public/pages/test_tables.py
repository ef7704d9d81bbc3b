"""Tables of all pages: each note has its mark and each mark its note, no note is false, each table can be taken."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from itertools import product

import pytest
from streamlit.testing.v1 import AppTest

from dashboards.public import queries
from pipelines import words
from pipelines.core import home
from tests.support.public_pages import read_html, run_page, strip_marks
from tests.support.releases import release_fixture, release_ratios

_TABLE = re.compile(
    r'<div class="rti-caption"[^>]*>(?P<caption>.*?)</div>.*?<table(?P<table>.*?)</table>'
    r'(?P<after>.*?)(?=<div class="rti-caption"|$)',
    re.S,
)
_SYMBOLS = ("*", "†", "‡", "§")


def expand_marks(text: str) -> Iterator[str]:
    """Yield the single marks of `*,1,3–5`."""
    for part in text.split(","):
        first, dash, last = part.partition("–")
        yield from map(str, range(int(first), int(last) + 1)) if dash else (part,)


def list_faults(test: AppTest) -> list[str]:
    """Return the faults of marks and notes of every table of a page, and the fields with a sign alone."""
    faults = []
    html = unescape("\n".join(str(element.proto.body) for element in test.get("html")))
    for match in _TABLE.finditer(html):
        caption, table, after = match["caption"], match["table"], match["after"]
        fields = re.findall(r"<td[^>]*>(.*?)</td>", table, re.S)
        texts = [re.sub(r"<sup>.*?</sup>|<[^>]*>", "", field).strip() for field in fields]
        faults += [f"{caption}: a field is {text!r}" for text in texts if text and not re.search(r"\w", text)]
        sups = re.findall(r"<sup>(.*?)</sup>", table)
        marks = [mark for sup in sups for mark in expand_marks(sup)]
        notes = re.findall(r'<li><span class="rti-mark">(.*?)</span> (.*?)</li>', after.split("<blockquote")[0])
        numbered = [mark for mark, _ in notes if mark.isdecimal()]
        used = {mark for mark in marks if mark.isdecimal()}
        if used != set(numbered) or len(numbered) != len(set(numbered)):
            faults.append(f"{caption}: marks {sorted(used)}, notes {numbered}")
        page_text = (
            caption + strip_marks(table) + "".join(marks) + re.sub(r'<span class="rti-mark">.*?</span>', "", after)
        )
        faults += [f"{caption}: {mark} is nowhere" for mark, _ in notes if mark in _SYMBOLS and mark not in page_text]
        faults += [f"{caption}: {mark} has no note" for mark in _SYMBOLS if mark in marks and mark not in dict(notes)]
        first_seen = [int(mark) for mark in dict.fromkeys(marks) if mark.isdecimal()]
        if first_seen != sorted(first_seen):
            faults.append(f"{caption}: marks appear as {first_seen}")
        visible = re.sub(r"<details>.*?</details>", "", after.split("<blockquote")[0], flags=re.S)
        for block in re.findall(r'<div class="rti-notes">.*?</ul>', visible, re.S):
            if block.count("<li") > 6:
                faults.append(f"{caption}: {block.count('<li')} notes are visible")
    return faults


def list_selections() -> Iterator[tuple[str, dict[str, str]]]:
    """Yield page and selection: every value of every control of the handmade release, combined where tables differ."""
    for crime, track in product(("TIP", "SOM"), ("first", "final")):
        for freq, period in (("Q", "2026-Q3"), ("Q", "2025-Q1"), ("A", "2025"), ("A", "2023"), ("P3", "2023-2025")):
            yield "region", {"crime": crime, "decisions": track, "freq": freq, "period": period, "stages": "all"}
        yield "region", {"crime": crime, "decisions": track, "freq": "A", "period": "2025", "show": "rate"}
    yield "region", {"freq": "Q", "period": "2026-Q2", "unit": "case", "stages": "all"}
    for area in release_fixture.TERRITORIES:
        yield "territory", {"territory": area, "over": "A", "decisions": "final", "by": "age"}
    for by, over in product(("sex", "offence", "sentence_type", "sentence_band"), ("Q",)):
        yield "territory", {"territory": "AL", "by": by, "over": over}
    for freq, period in (("A", release_ratios.PERIOD), ("P3", "2023-2025")):
        yield "compare", {"kind": "ratio", "indicator": release_ratios.METRIC, "freq": freq, "period": period}
    for kind in ("count", "rate", "share", "clearance", "duration"):
        yield "compare", {"kind": kind}
    for crime, by in product(("TIP", "SOM"), ("sex", "age", "exploitation")):
        yield "victims", {"crime": crime, "freq": "A", "period": "2025", "victims_by": by, "show": "rate"}
    yield "victims", {"freq": "Q", "period": "2026-Q3"}
    for crime in ("TIP", "SOM"):
        yield "durations", {"crime": crime}
        for view in ("figures", "beside"):
            yield "published", {"view": view, "of": "all", "crime": crime}
    yield "quality", {}
    yield "about", {}


@pytest.mark.parametrize(
    "page", ["region", "territory", "compare", "victims", "durations", "published", "quality", "about"]
)
def test_every_note_has_a_mark_and_every_mark_a_note_and_no_field_a_sign_alone(page: str, handmade: str) -> None:
    faults = {
        str(selection): faults
        for name, selection in list_selections()
        if name == page and (faults := list_faults(run_page(name, **selection)))
    }
    assert not faults


def test_notes_of_the_demonstration_match_their_marks(demonstration: home.Home) -> None:
    for page, selection in (
        ("region", {"freq": "A", "period": "2025", "unit": "case", "stages": "all"}),
        ("territory", {"territory": "BA", "over": "A", "by": "age"}),
        ("victims", {"freq": "A", "period": "2025"}),
    ):
        assert not list_faults(run_page(page, **selection)), page


def test_every_table_can_be_copied_downloaded_and_cited(handmade: str) -> None:
    for page in ("region", "territory", "compare", "victims", "durations", "published", "quality", "about"):
        test = run_page(page)
        controls = [block for block in test.get("popover") if block.proto.popover.label == "Copy, download or cite"]
        assert len(controls) == read_html(test).count("<table") > 0, page


def test_adults_only_is_never_said_of_an_office_that_counts_minors(demonstration: home.Home) -> None:
    path = queries.current_release()
    key = ("area", "period", "measure", "level", "count_unit", "offence_group", "victim_status", "sex")
    rows = queries.run_statement(path, "select * from cell where age in ('Y_GE18', 'Y_LT18')", [])
    with_minors = {tuple(row[name] for name in key) for row in rows if row["age"] == "Y_LT18"}
    noted = []
    for row in rows:
        notes = words.Notes()
        words.mark_notes(row, notes)
        if words.ADULTS_ONLY in notes.texts:
            noted.append(row)
    assert noted, "an office of the demonstration counts adults only"
    assert not [row for row in noted if tuple(row[name] for name in key) in with_minors]


def test_adults_next_to_minors_have_no_note_on_adults_only(demonstration: home.Home) -> None:
    test = run_page("victims", freq="A", period="2025", territory="AL", victims_by="age")
    assert "Under 18" in read_html(test) and words.ADULTS_ONLY not in read_html(test)


def test_rows_of_other_territories_state_their_coverage(demonstration: home.Home) -> None:
    """Check a total of six territories with men known for five: smuggling reported in 2025."""
    test = run_page("region", freq="A", period="2025", crime="SOM", stages="all")
    html = unescape("\n".join(str(element.proto.body) for element in test.get("html")))
    table = next(match for match in _TABLE.finditer(html) if "by sex." in match["caption"])
    rows = re.findall(r'<tr( class="rti-total")?><th scope="row">(.*?)</th>(.*?)</tr>', table["table"], re.S)
    names = [strip_marks(name) for _, name, _ in rows]
    assert names[-1] == "Everyone", "a total of other territories is not above its parts"
    assert not any(total for total, _, _ in rows)
    by_name = {strip_marks(name): fields for _, name, fields in rows}
    men = by_name["Male"].split("</td>")[0]
    assert ">515<" in men and ">5 of 7<" in men, "the figures of the row are of different territories"
    everyone = by_name["Everyone"]
    assert ">589<" in everyone and "6 of 7" in everyone.split("</td>")[-2]
    assert "Not included: Bosnia and Herzegovina (reported, but without this figure) and Montenegro" in table["after"]
    assert "cover different territories" in table["after"]
