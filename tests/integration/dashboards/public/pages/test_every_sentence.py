"""Every number, period, territory and coverage in every sentence of public pages is the release's, for every selection.

`tests.support.sentences` composes all sentences, `tests.oracles.sentences` says what must be in them. On the page
"Compare", every indicator, version and period is shown with all territories; other sets of territories are those of
`exploring.sample_sets`, and in a slow test all of them.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from functools import partial
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from dashboards.public import comparison, release_feed
from pipelines import words
from pipelines.front import build, sentences
from pipelines.front.briefs import compose, meeting
from pipelines.front.charts import series
from pipelines.front.edition import CONVICTION_RATIO
from pipelines.front.pages import monitoring_fields, others
from pipelines.front.reader import Reader
from pipelines.front.tables import FEW_NOTE, FigureTable, format_figure
from pipelines.statistics import change
from pipelines.translation import catalogues, extraction
from pipelines.words import changes, durations, figures, indicators, language, quality, regions, reporting, trends
from tests.oracles.sentences import EXPECTED, MONTHS, Release
from tests.support.demonstration import CLOCK
from tests.support.editions import MEMBERS, make_conviction_ratios, make_edition
from tests.support.kept_builds import build_kept
from tests.support.sentences import composing, exploring
from tests.support.sentences.checking import Report, check_field, check_messages
from tests.support.sentences.exploring import Shown
from tests.support.sentences.recording import Message, Selection
from tests.support.sentences.walk import Walk, dump_walk, open_walk, pause_collection, restore_walk, walk_all

Row = dict[str, Any]


@pytest.fixture(scope="module")
def _release(built_home: Path) -> Iterator[None]:
    """Open the built home for the whole module."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RTI_NOW", CLOCK)
        patch.setenv("RTI_HOME", str(built_home))
        yield


@pytest.fixture(scope="module")
def walk(_release: None, request: pytest.FixtureRequest) -> Walk:
    """All sentences of the demonstration; a later session with the same code does not form them a second time."""

    def write_walk(root: Path) -> None:
        root.mkdir(parents=True)
        (root / "walk").write_bytes(dump_walk(walk_all()))

    folder = build_kept(request, "walk-of-sentences", write_walk, reads_home=True)
    return restore_walk((folder / "walk").read_bytes())


@pytest.fixture(scope="module")
def report(walk: Walk) -> Report:
    with pause_collection():
        return check_messages(walk.recorder.messages, walk.explorer.views, walk.release)


def test_every_sentence_agrees_with_the_release(walk: Walk, report: Report) -> None:
    print(
        f"{walk.explorer.n_selections + walk.n_figures:,} selections, {walk.recorder.n_formed:,} texts formed, "
        f"{sum(report.n_by_message.values()):,} sentences of {len(report.n_by_message)} messages checked, "
        f"{report.n_numbers:,} numbers, {report.n_fields:,} fields of tables and {report.n_headings:,} headings, "
        f"{report.n_by_membership:,} intervals "
        "known only to be those of a figure"
    )
    assert not report.n_problems, "\n".join(report.problems)


def test_walk_reaches_all_pages_and_selections(walk: Walk, report: Report) -> None:
    assert walk.explorer.n_selections > 15_000
    assert walk.n_figures > 40_000
    assert sum(report.n_by_message.values()) > 300_000
    assert report.n_fields > 60_000 and report.n_headings > 60_000
    assert len(walk.texts) > 3_000


def _list_sets(explored: Walk) -> dict[tuple[str, ...], set[frozenset[str]]]:
    """Return the sets of territories that an indicator was shown with on "Compare", by crime, kind and indicator."""
    sets: dict[tuple[str, ...], set[frozenset[str]]] = {}
    for message in explored.recorder.messages:
        chosen = message.selection
        if chosen.get("page") == "compare" and "areas" in chosen:
            key = tuple(chosen.get(name, "") for name in ("crime", "kind", "indicator"))
            sets.setdefault(key, set()).add(frozenset(chosen["areas"].split(",")))
    return sets


def test_walk_compares_sets_of_each_size_and_each_territory(walk: Walk) -> None:
    territories = frozenset(walk.edition.territories)
    sizes = set(range(1, len(territories) + 1))
    of_kind: dict[str, set[frozenset[str]]] = {}
    for (crime, kind, indicator), sets in _list_sets(walk).items():
        smaller = sets - {territories}
        assert territories in sets, (crime, kind, indicator)
        if kind != "share":
            assert frozenset().union(*smaller) == territories, (crime, kind, indicator)
        of_kind.setdefault(kind, set()).update(sets)
    assert set(of_kind) == set(comparison.KINDS)
    for kind, sets in of_kind.items():
        assert {len(members) for members in sets} == sizes, kind
    assert len(set().union(*of_kind.values())) > 80


@pytest.mark.slow
def test_every_set_of_territories_agrees_with_the_release(walk: Walk) -> None:
    with pause_collection(), open_walk(walk) as explored:
        explored.explorer.has_all_sets = True
        explored.explorer.explore_page("compare", exploring.PAGES["compare"])
        checked = check_messages(explored.recorder.messages, explored.explorer.views, explored.release)
    of_kind: dict[str, int] = {}
    for (_, kind, _), sets in _list_sets(explored).items():
        of_kind[kind] = max(of_kind.get(kind, 0), len(sets))
    assert of_kind == dict.fromkeys(comparison.KINDS, 2 ** len(walk.edition.territories) - 1)
    assert not checked.n_problems, "\n".join(checked.problems)


def test_slides_have_the_sentences_of_their_brief(walk: Walk) -> None:
    """Check that each text and table of a brief is on one slide, in the order of the brief."""
    with language.read_in("en"):
        reader = Reader(walk.edition, "en")
        briefs = [compose.compose_region(reader, "TIP")]
        briefs += [compose.compose_territory(reader, "TIP", area) for area in walk.edition.territories]
    for brief in briefs:
        slides = meeting.list_slides(brief)
        assert [text for slide in slides for text in slide.texts] == [
            text for chapter in brief.chapters for text in chapter.texts
        ]
        assert [table for slide in slides for table in (*slide.figures, *filter(None, [slide.table]))] == [
            table for chapter in brief.chapters for table in chapter.tables
        ]


# ---------------------------------------------------------------------------------------- sentences without a selection

_LABELS_ONLY = "has names of codes only, and no number, period or area of the release"
_ADDRESS = "repeats what is in the reader's address, the release that could not be read, or the number of a failure"
_NOT_A_SENTENCE = "is a label within a file or a picture"
WITHOUT_FIGURES: dict[str, str] = {
    "Marked in the data: {flag}.": _LABELS_ONLY,
    "{title}: notes": "names the slide with the notes of the one before it",
    "The release has no times from case records for {crime}.": _LABELS_ONLY,
    "This release has no clearance rates for {crime}.": _LABELS_ONLY,
    "This release has no figures of {crime} by jurisdiction.": _LABELS_ONLY,
    "The release has no figures of {crime} to compare.": _LABELS_ONLY,
    "This release has no sentences from case records for {crime}.": _LABELS_ONLY,
    "This page has figures of one crime only: {crime}.": _LABELS_ONLY,
    "Release {release} has no figure {figure}. Check its codes, or follow a figure from a table.": _ADDRESS,
    "Release {release} has no such figure. Follow a figure from a table.": _ADDRESS,
    "Release {release} was made by an older version of this software and lacks some of what this page shows. Its "
    "files are unchanged.": _ADDRESS,
    "The file of release {release} is damaged on this service's disk, so none of its figures can be shown. The figures "
    "themselves are not lost. Please try again later, or contact the regional secretariat.": _ADDRESS,
    "This link asks for an option this release does not have. Shown instead: {shown}.": _LABELS_ONLY,
    "The id is of release {requested}; this page shows release {shown}.": _ADDRESS,
    "Path on the website of the publisher: {path}": _ADDRESS,
    "Table updated: {caption}": _NOT_A_SENTENCE,
    "Note {number}": _NOT_A_SENTENCE,
    "All tables in one file, {format}": _NOT_A_SENTENCE,
    "Page {n} of {whole}": _NOT_A_SENTENCE,
    "Release {release}": _NOT_A_SENTENCE,
    "{column}: lower end of the 95% interval": _NOT_A_SENTENCE,
    "{column}: notes": _NOT_A_SENTENCE,
    "{column}: upper end": _NOT_A_SENTENCE,
    "Code to embed: {title}": _NOT_A_SENTENCE,
    "Reference: {reference}": _ADDRESS,
}
"""Messages that no selection forms and that say nothing about a figure, with the reason."""


def _make_pair(verdict: str, **changed: Any) -> Row:
    row = {
        "area_a": "AA", "area_b": "BB", "verdict": verdict, "reasons": "", "is_with_care": False, "metric": "rate",
        "ratio": 0.4, "low": 0.2, "high": 0.8, "value_a": 12.0, "value_b": 30.0,
    }  # fmt: skip
    return row | changed


def _make_median(**changed: Any) -> Row:
    row = {
        "seen_from": date(2022, 10, 1), "seen_until": date(2026, 9, 30),
        "value": 120.0, "low": 60.0, "high": None, "obs_status": "A", "conf_status": "F", "unit_measure": "D",
        "state": "too_few", "statistic": "median",
    }  # fmt: skip
    return row | changed


def _make_small_window(freq: str, period: str, *, default: bool = False) -> dict[str, Any]:
    """Return a period in which one of six territories reaches enough; all have a figure."""
    return {
        "freq": freq, "period": period, "n_territories": 6, "n_reported": 6, "n_reaching": 1, "is_most": False,
        "is_default": default,
    }  # fmt: skip


def _make_window(freq: str, period: str, reaching: int, *, default: bool = False) -> Row:
    return {
        "freq": freq, "period": period, "n_reaching": reaching, "n_territories": 7, "n_reported": 7,
        "is_most": reaching > 3, "is_default": default,
    }  # fmt: skip


_NAMES = {"AA": "Aland", "BB": "Bland"}
_EDITION = {"release": "2026-Q3", "demonstration": False}


def _describe_trend(first: float, last: float) -> str:
    tested = change.compute_change(first, last)
    return sentences.describe_change(trends.Trend(tested.verdict, tested))


def _describe_ratio_trend(first: tuple[float, float], last: tuple[float, float]) -> str:
    tested = change.compute_figure_change("ratio", change.Operands(*first), change.Operands(*last))
    return sentences.describe_change(trends.Trend(tested.verdict, tested), is_count=False)


def _make_change(breaks: str) -> Row:
    """Return a change in convictions whose newest years have a break between them."""
    return {"previous_period": "2024", "period": "2025", "count_before": 40.0, "count_after": 60.0, "state": "enough",
            "change": 20.0, "obs_status": "A", "conf_status": "F", "breaks": breaks}  # fmt: skip


def _make_table_with_few() -> FigureTable:
    table = FigureTable(Reader(make_edition(), "en"), "A caption", "Area", ["2025"])
    table.add_row("Aland", [format_figure(words.FormattedFigure("7", "7", "value", 7.0), is_few=True)])
    return table


def _note_interval_of_share() -> str:
    table = FigureTable(Reader(make_edition(), "en"), "A caption", "Area", ["2025"])
    share = {"area": "AA", "source": "cooperation", "value": 66.7, "low": 50.45, "high": 80.43, "n": 90.0,
             "gap": "no_gap", "counts": ""}  # fmt: skip
    monitoring_fields.format_share(table, share)
    return table.notes.texts[0]


def _compare_with_others(convicted: float, basis: str = "quasi_exact") -> str:
    """Compare Cland, with some of its 200 people convicted, with 260 of 390 people of the others."""
    changes: dict[str, Row] = {area: {"interval_basis": basis} for area in MEMBERS}
    changes |= {"CC": {"interval_basis": basis, "numerator": convicted}, "WB": {"numerator": 260.0 + convicted}}
    reader = Reader(make_edition(stage_ratio=make_conviction_ratios(**changes), pair=[]), "en")
    return others.describe_difference(reader, CONVICTION_RATIO, "TIP", "2025", "CC")


MADE_UP: dict[str, tuple[Callable[[], str], str]] = {
    "Figures that differ from release {previous}: {n}. Territories: {areas}. Tables: {tables}.": (
        lambda: release_feed.describe_changes(
            release_feed.ReleaseChanges("2026-Q2", 1268, ("AA",), ("cell",)), {"AA": {"name": "Aland"}}
        ),
        "Figures that differ from release 2026-Q2: 1,268. Territories: Aland. Tables: Published counts.",
    ),
    "Too few to compare: the other territories together have fewer than {enough} in the part or in the rest.": (
        lambda: others.describe_difference(
            Reader(make_edition(stage_ratio=make_conviction_ratios(WB={"numerator": 115.0}), pair=[]), "en"),
            CONVICTION_RATIO, "TIP", "2025", "CC",
        ),
        "Too few to compare: the other territories together have fewer than 20 in the part or in the rest.",
    ),
    "law in force since {date}": (
        lambda: monitoring_fields.describe_law_dates(["2021-10-01"]), "law in force since 1 October 2021",
    ),
    "Before rounding, the interval is {low} to {high}.": (
        _note_interval_of_share, "Before rounding, the interval is 50.5 to 80.4.",
    ),
    "Returns of the offices, release {release}.": (
        lambda: sentences.describe_source(Reader(make_edition(), "en"), []), "Returns of the offices, release 2026-Q3.",
    ),
    "Revised: {value} in release {release}.": (
        lambda: " ".join(figures.list_states({"value": 30.0, "flags": ""}, {"value": 28.0, "release": "2026-Q2"})),
        "Revised: 28 in release 2026-Q2.",
    ),
    "revised, {value} in release {release}": (
        lambda: figures.list_short_states({"value": 30.0, "flags": ""}, {"value": 28.0, "release": "2026-Q2"})[0],
        "revised, 28 in release 2026-Q2",
    ),
    "{present} of {all} jurisdictions": (
        lambda: figures.count_cover(
            {"value": 30.0, "area_kind": "territory", "reporters": "AA_1,AA_2,AA_3", "n_expected": 4},
            figures.Vocabulary({}, {}, ()),
        ),
        "3 of 4 jurisdictions",
    ),
    "{area}: {crime}, {name}: {figure}.": (
        lambda: durations.compose_sentence(
            "Time", "Trafficking", [("Aland", _make_median(value=None, obs_status="M"))], []
        ),
        "Aland: trafficking, time: not reached.",
    ),
    "Territories included, of {n}": (
        lambda: series.draw_series(
            series.ChartSeries("West",
                               [series.PeriodPoint("2025", words.FormattedFigure("9", "9", "value", 9.0), reporters=5)],
                          territories=7)
        ).svg,
        "Territories included, of 7",
    ),
    "Even over {longest}, no more than half of the territories can be compared. {reach}.": (
        lambda: regions.explain_window(
            [{"freq": "P5", "period": "2021-2025", "n_territories": 6, "n_reported": 5, "n_reaching": 3,
              "is_most": False, "is_default": True}],
            is_share=False,
        ),
        "Even over five years, no more than half of the territories can be compared. 3 of the 6 territories",
    ),
    "Most territories have too few in the part or in the rest to compare, even over {longest}. {reach}.": (
        lambda: regions.explain_window([_make_small_window("P5", "2021-2025", default=True)], is_share=True),
        "Most territories have too few in the part or in the rest to compare, even over five years. 1 of the 6",
    ),
    "Most territories have too few cases to compare, even over {longest} ({span}). The period chosen is {period}: "
    "{reach}.": (
        lambda: regions.explain_window(
            [_make_small_window("A", "2025", default=True), _make_small_window("P5", "2021-2025")], is_share=False
        ),
        "Most territories have too few cases to compare, even over five years (2021–2025). The period chosen is 2025: "
        "1 of the 6",
    ),
    FEW_NOTE: (
        lambda: str(_make_table_with_few().visible_notes[0][1]),
        "Figures with the word “few” are, or may be, counts of fewer than 20, or shares or ratios calculated from such",
    ),
    # The walk leaves out legends of tables.
    "Fewer than {enough} in the part or in the rest: too few to compare. Chance alone can change such a share a lot.": (
        words.explain_few_share,
        "Fewer than 20 in the part or in the rest: too few to compare. Chance alone can change such a share a lot.",
    ),
    "This is clearly higher than in the other territories together ({rest}).": (
        lambda: _compare_with_others(175.0), "This is clearly higher than in the other territories together (67).",
    ),
    "This is clearly lower than in the other territories together ({rest}).": (
        lambda: _compare_with_others(100.0), "This is clearly lower than in the other territories together (67).",
    ),
    "No clear difference from the other territories together ({rest}), because one case can involve several people.": (
        lambda: _compare_with_others(108.0, "lower_bound"),
        "No clear difference from the other territories together (67), because one case can involve several people.",
    ),
    "{n} victims": (lambda: words.count_units(1268.0, "victim"), "1,268 victims"),
    "{n} migrants": (lambda: words.count_units(1268.0, "migrant"), "1,268 migrants"),
    "{n} sanctions": (lambda: words.count_units(2.0, "sanction"), "2 sanctions"),
    "{n} offences": (lambda: words.count_units(3.0, "offence"), "3 offences"),
    "This is a clear fall: {ratio} times as many (95% confidence interval {low} to {high}).": (
        lambda: _describe_trend(120.0, 40.0),
        "This is a clear fall: 0.33 times as many (95% confidence interval 0.23 to",
    ),
    "This is a clear rise: {ratio} times as many (95% confidence interval {low} to {high}).": (
        lambda: _describe_trend(40.0, 120.0),
        "This is a clear rise: 3.00 times as many (95% confidence interval 2.08 to",
    ),
    "This is a clear rise: {ratio} times as high (95% confidence interval {low} to {high}).": (
        lambda: _describe_ratio_trend((100, 400), (300, 400)),
        "This is a clear rise: 3.00 times as high (95% confidence interval 2.28 to",
    ),
    "This is a clear fall: {ratio} times as high (95% confidence interval {low} to {high}).": (
        lambda: _describe_ratio_trend((300, 400), (100, 400)),
        "This is a clear fall: 0.33 times as high (95% confidence interval 0.25 to",
    ),
    "That is {ratio} times as high (95% confidence interval {low} to {high}). This is not called a clear change, "
    "because it may not hold if one case involves several people.": (
        lambda: _describe_ratio_trend((100, 400), (140, 400)),
        "That is 1.40 times as high (95% confidence interval 1.04 to 1.90). This is not called a clear change",
    ),
    "{first} against {second} per cent; the odds {ratio}": (
        # Of those adjudicated, 12 and 30 per cent: the odds are 0.32 times as high, the figures 0.4 times.
        lambda: indicators.describe_pair(_make_pair("lower", is_nested=True, ratio=0.32), _NAMES),
        "12 against 30 per cent; the odds 0.32 times as high (95% confidence interval 0.20 to 0.80)",
    ),
    "The median wait is longer in {first} than in {second}: {ratio}.": (
        lambda: indicators.describe_pair(_make_pair("higher", metric="duration"), _NAMES),
        "The median wait is longer in Aland than in Bland: 0.40 times as long (95% confidence",
    ),
    "The median wait is shorter in {first} than in {second}: {ratio}.": (
        lambda: indicators.describe_pair(_make_pair("lower", metric="duration"), _NAMES),
        "The median wait is shorter in Aland than in Bland: 0.40 times as long (95% confidence",
    ),
    "{ratio} times as long": (
        lambda: indicators.describe_pair(_make_pair("higher", metric="duration"), _NAMES), "0.40 times as long (95%",
    ),
    "{area}: {crime}, {name}: half of the people waited up to {days}, too few to compare.": (
        lambda: durations.compose_sentence("Time", "Trafficking", [("Aland", _make_median())], []),
        "Aland: trafficking, time: half of the people waited up to 120 days (95% confidence interval 60 or more), too "
        "few to compare.",
    ),
    "{name}, {crime}, convictions at first instance, {first} to {last}: from {before} to {after}. {reason}": (
        lambda: changes.describe_split(_make_change(breaks="law:AA"), "Aland", "Trafficking", "", "Change in the law."),
        "Aland, trafficking, convictions at first instance, 2024 to 2025: from 40 to 60. The change is neither "
        "compared nor split, because there is a break in the series between the two years. Change in the law.",
    ),
    "{area}: no total has been published in two releases yet.": (
        lambda: " ".join(quality.describe_revisions({"AA": {"periods": 40, "revised": 3}}, [*_NAMES.items()])),
        "Bland: no total has been published in two releases yet.",
    ),
    "{area}: of {totals} totals published in two releases or more, {changed} changed.": (
        lambda: " ".join(quality.describe_revisions({"AA": {"periods": 40, "revised": 3}}, [*_NAMES.items()])),
        "Aland: of 40 totals published in two releases or more, 3 changed.",
    ),
    "late (due on {deadline}, not received)": (
        lambda: reporting.explain_state(reporting.Reporting("not_received", deadline=date(2026, 10, 30))),
        "late (due on 30 October 2026, not received)",
    ),
    "{area} (not due yet)": (
        lambda: reporting.describe_absence("Aland", reporting.Reporting("not_due")), "Aland (not due yet)",
    ),
    "Opens in {period}: {reach}.": (
        lambda: regions.explain_window(
            [_make_window("A", "2025", 4), _make_window("P3", "2023-2025", 5, default=True)], is_share=False
        ),
        "Opens in 2023–2025: 5 of the 7 territories that report this have counts of 20 or more in 2023–2025, "
        "against 4 in 2025.",
    ),
    "none of the {whole} territories that report this has counts of {enough} or more in {period}": (
        lambda: regions.explain_window([_make_window("A", "2025", 0, default=True)], is_share=False),
        "None of the 7 territories that report this has counts of 20 or more in 2025.",
    ),
    "{period} for {stages}, although most territories have too few cases": (
        lambda: regions.describe_windows([("Convicted", [_make_window("A", "2025", 2, default=True)])]),
        "use 2025 for convicted, although most territories have too few cases.",
    ),
    "{address} (accessed {day}).": (
        lambda: words.cite_table(_EDITION, "T", "Aland", "https://x/y", date(2026, 4, 1)),
        "https://x/y (accessed 1 April 2026).",
    ),
    "Regional trafficking indicators: {title}. Coverage: {coverage}. Release {release}.": (
        lambda: words.cite_table(_EDITION, "T", "Aland", "a", date(2026, 4, 1)),
        "Regional trafficking indicators: T. Coverage: Aland. Release 2026-Q3.",
    ),
    **{
        f"{name} {{year}}": (partial(words.format_month, date(2024, month, 1)), f"{name} 2024")
        for month, name in enumerate(MONTHS, start=1)
        if name not in ("January", "September")  # months of treaties in the demonstration
    },
}  # fmt: skip
"""Messages that the demonstration release does not reach: a composition from made-up data, and a part of its text."""
EMPTY = {
    "Correction of figures in release {release}: {area}, {period}": "a release with a correction notice",
    "Correction, {area}, {period}:": "a release with a correction notice",
    "Figures in release {release} were wrong": "a release with a correction notice",
    "Made current again: {reason}": "a release that was made current again",
    "Release {release} is current again": "a release that was made current again",
    "{day}, {time} UTC": "a release that is announced",
    "Public key of releases since {day}": "the calendar of a home, which is not part of a release",
    "Figures that changed since release {release}": "a release after another one",
    "Release {newer}, compared with release {older}.": "a release after another one",
    "First revised totals: {shown} of {all}. The list that you can save has all of them.":
        "two releases with more than 100 revised totals",
    "{n} changes of tables, columns and definitions: {tables}.": "a release after another one",
    "{n} older years": "a release of more than eight years",
    "This release has no breakdown of {crime} for {area}.": "a release without it",
    "The release has no breakdown of victims for {area}.": "a release without it",
    "The release has no figures by {dimension} for {area} in {year}.": "a release without it",
    "{subject}, {year}, by {dimension}: {unit}": "a release that counts victims in another unit, too",
    "This is release {release}, which is not the newest one.": "a release before another one",
    "Release {release} was withdrawn on {day}. Reason: {reason}": "a release that was withdrawn",
    "Next release: {release}, {minute}.": "a release that is announced",
    "The first {shown} of {all} figures. Choose a territory, a publisher or a year, or download the whole table.":
        "more than 200 figures of others for one crime",
}  # fmt: skip
"""Messages that need another release; their parameters are the selection itself, or the length of a list."""


def _list_unreached(walk: Walk) -> set[str]:
    """Return the messages with parameters of public pages that no selection formed."""
    formed = {message.id for message in walk.recorder.messages} | walk.recorder.left_out
    folders = ("pipelines/words", "pipelines/front", "dashboards/public")
    texts = [text for text in extraction.gather_texts() if any(place.startswith(folders) for place in text.places)]
    return {text.other or text.one for text in texts if "{" in text.one} - formed


def test_every_message_is_reached_or_listed_with_a_reason(walk: Walk) -> None:
    listed = {*WITHOUT_FIGURES, *MADE_UP, *EMPTY}
    unreached = _list_unreached(walk)
    assert unreached - listed == set(), "no selection forms these messages"
    assert listed - unreached == set(), "these messages are formed now"


@pytest.mark.parametrize("message", MADE_UP)
def test_message_without_a_selection_has_the_numbers_of_made_up_data(message: str) -> None:
    compose, text = MADE_UP[message]
    assert text in compose()


# ------------------------------------------------------------------------------------------------------- planted faults


def change_rows(table: str, where: Callable[[Row], bool], **changed: Any) -> Callable[[Release], Release]:
    """Return a function that changes rows of a release: a number is added to the value, other values replace it."""

    def plant_fault(release: Release) -> Release:
        rows, n = [], 0
        for row in release.read_rows(table):
            if where(row) and all(row[name] is not None for name in changed):
                n += 1
                row = row | {
                    name: row[name] + value if isinstance(value, int | float) and not isinstance(value, bool) else value
                    for name, value in changed.items()
                }
            rows.append(row)
        assert n, "no row was changed"
        return release.replace_table(table, rows)

    return plant_fault


def _is_regional_total(row: Row) -> bool:
    return (row["area"], row["offence_group"], row["measure"], row["is_total"]) == (
        "WB",
        "TIP",
        "convicted_first",
        True,
    )


FAULTS: dict[str, tuple[str, Callable[[Release], Release]]] = {
    "stages of the region": ("region", change_rows("cell", _is_regional_total, value=1)),
    "reporters of the region": (
        "region",
        change_rows("cell", lambda r: _is_regional_total(r) and r["period"] == "2025", reporters="AL,BA,HR,MK"),
    ),
    "returns": (
        "region", change_rows("coverage", lambda r: r["is_due"] and not r["is_reported"], is_due=False),
    ),
    "rate of the region": (
        "region", change_rows("indicator", lambda r: r["metric"] == "rate" and r["area"] == "WB", low=0.5),
    ),
    "spread of rates": ("region", change_rows("region", lambda r: r["metric"] == "rate", median=1.0)),
    "windows of rates": ("region", change_rows("window", lambda r: r["metric"] == "rate", period="1999")),
    "reach of rates": ("compare rate", change_rows("window", lambda r: r["metric"] == "rate", n_reaching=1)),
    "change in convictions": ("territory", change_rows("decomposition", lambda r: True, volume_before=60)),
    "breaks": ("region", change_rows("break", lambda r: True, text="Something else.", detail="+1")),
    "ratio of the region": ("compare ratio", change_rows("stage_ratio", lambda r: r["area"] == "WB", value=1.0)),
    "spread of ratios": ("compare ratio", change_rows("region", lambda r: r["metric"] != "rate", n_withheld=1)),
    "windows of ratios": ("compare ratio", change_rows("window", lambda r: r["metric"] != "rate", is_most=True)),
    "pairs": ("compare rate", change_rows("pair", lambda r: r["verdict"] == "higher", verdict="lower")),
    "number of pairs": (
        "compare ratio", change_rows("pair", lambda r: r["verdict"] == "no_difference", verdict="too_few"),
    ),
    "outcomes": ("territory", change_rows("exit", lambda r: r["metric"] == "exit", value=1)),
    "population": ("territory", change_rows("population", lambda r: True, population=1)),
    "pairs of shares": ("territory", change_rows("pair", lambda r: r["metric"] == "share", verdict="missing")),
    "medians": ("durations", change_rows("duration", lambda r: r["statistic"] == "median", value=10)),
    "dates of records": ("durations", change_rows("duration", lambda r: True, seen_until=date(2026, 6, 30))),
    "pending": ("durations", change_rows("pending", lambda r: True, as_at=date(2026, 6, 30))),
    "cohorts": ("durations", change_rows("cohort", lambda r: True, quarters=1)),
    "sentences": ("durations", change_rows("sentence", lambda r: True, value=1)),
    "clearance": ("durations", change_rows("clearance", lambda r: True, value=1)),
    "victims": ("victims", change_rows("cell", lambda r: r["measure"] == "victims_detected", value=1)),
    "other sources": ("published", change_rows("coherence", lambda r: r["verdict"] == "open", verdict="reconciles")),
    "our side": ("quality", change_rows("coherence", lambda r: r["left_source"] == "returns", left_value=1)),
    "punctuality": ("quality", change_rows("quality", lambda r: r["indicator"] == "PUNCTUALITY_DAYS", value=1)),
    "late returns": ("quality", change_rows("coverage", lambda r: r["is_on_time"] is False, is_on_time=True)),
    "headlines of static pages": ("static", change_rows("cell", _is_regional_total, value=1)),
    "descriptions of pictures": ("static", change_rows("indicator", lambda r: r["metric"] == "count", low=1.0)),
    "ratios of static pages": ("static", change_rows("stage_ratio", lambda r: True, low=1.0)),
    "tested pairs": ("static", change_rows("pair", lambda r: r["metric"] == "rate", verdict="missing")),
    "counts": ("source", change_rows("cell", lambda r: True, value=1)),
    "shares": ("source", change_rows("indicator", lambda r: r["dimension"] == "sex", high=1.0)),
    "rates": ("source", change_rows("indicator", lambda r: r["metric"] == "rate", value=0.01)),
    "indicators": ("source", change_rows("stage_ratio", lambda r: True, value=1)),
    "figures from records": ("source", change_rows("sentence", lambda r: True, value=1)),
    "people behind figures from records": ("source", change_rows("duration", lambda r: True, n_band="500+")),
    "tested requests": ("static", change_rows("cooperation", lambda r: r["partner"] == "_T", value=-100)),
    "tested answers": (
        "static", change_rows("practice_result", lambda r: r["dimension"] == "region", theme="other"),
    ),
    "counts compared": (
        "compare count", change_rows("cell", lambda r: r["measure"] == "indicted" and r["is_total"], value=1),
    ),
    "rates compared": ("compare rate", change_rows("indicator", lambda r: r["metric"] == "rate", low=0.5)),
    "shares compared": ("compare share", change_rows("indicator", lambda r: r["metric"] == "share", high=1.0)),
    "clearance compared": ("compare clearance", change_rows("clearance", lambda r: True, low=1.0)),
    "times compared": (
        "compare duration", change_rows("duration", lambda r: r["statistic"] == "median", value=10),
    ),
    "versions compared": (
        "compare ratio", change_rows("stage_ratio", lambda r: r["version"] == "lagged", value=1.0),
    ),
    "coverage of ratios": (
        "compare ratio", change_rows("stage_ratio", lambda r: r["area"] == "WB", reporters="AL,BA,HR,MK"),
    ),
    "pairs of all territories": ("compare rate", change_rows("pair", lambda r: True, verdict="too_few")),
    "categories of shares": ("compare share", change_rows("cell", lambda r: r["sex"] == "F", sex="M")),
    "breaks of an indicator": ("compare count", change_rows("break", lambda r: True, kind="source")),
    "ratios between stages": ("region", change_rows("stage_ratio", lambda r: r["area"] == "RS", value=1.0)),
    "pending cases between stages": ("region", change_rows("pending", lambda r: True, as_at=date(2026, 6, 30))),
    "victims of static pages": (
        "static", change_rows("cell", lambda r: r["measure"] == "victims_detected", value=1),
    ),
    "sentences of static pages": ("static", change_rows("sentence", lambda r: r["statistic"] == "median", value=1)),
    "legal ranges of static pages": ("static", change_rows("sentence", lambda r: True, statutory_min=1)),
    "release": ("about", change_rows("release", lambda r: True, reference_period="2026-Q2")),
}  # fmt: skip
"""Faults of a release by class of sentence: the page that must show it, and the change; on the page "Compare" with the
kind of indicator."""
_SAMPLE = 40
"""Sentences of a page with one message, and tables of a page, that are checked for one fault, evenly spaced."""


Sample = tuple[list[Message], list[Shown], Counter[str]]


@pytest.fixture(scope="module")
def samples(walk: Walk) -> dict[str, Sample]:
    """Return some sentences and tables of each page, with the problems that they have because others are left out."""
    messages: dict[str, dict[str, list[Message]]] = {}
    views: dict[str, list[Shown]] = {}
    for message in walk.recorder.messages:
        if message.id in EXPECTED:
            messages.setdefault(_name_page(message.selection), {}).setdefault(message.id, []).append(message)
    for item in walk.explorer.views:
        views.setdefault(_name_page(item.selection), []).append(item)
    samples: dict[str, Sample] = {}
    for page in sorted({page for page, _ in FAULTS.values()}):
        rows = [row for of_id in messages[page].values() for row in _space_evenly(of_id)]
        tables = _space_evenly([view for view in views.get(page, []) if view.fields])
        samples[page] = rows, tables, check_messages(rows, tables, walk.release).n_problems
    return samples


def _space_evenly(items: list[Any]) -> list[Any]:
    return items[:: len(items) // _SAMPLE + 1]


def _name_page(selection: Selection) -> str:
    """Return the page of a selection, with the kind of indicator that it compares."""
    return f"{selection['page']} {selection.get('kind', '')}".strip()


@pytest.mark.parametrize("name", FAULTS)
def test_changed_number_of_the_release_is_found(walk: Walk, samples: dict[str, Sample], name: str) -> None:
    page, plant = FAULTS[name]
    messages, views, problems = samples[page]
    assert check_messages(messages, views, plant(walk.release)).n_problems - problems


def test_field_under_the_heading_of_another_row_is_found(walk: Walk) -> None:
    """Move each field of some tables under the name of another territory, and under another year."""
    tables = _space_evenly([view for view in walk.explorer.views if view.fields])
    fields = [cell for view in tables for cell in view.fields]
    wrong = [{walk.release.plain[code] for code in walk.release.territories}, {"2024", "2025"}]
    n_moved = 0
    for cell in fields:
        for headings in wrong:
            if cell.headings[0] in headings:
                n_moved += 1
                moved = replace(cell, headings=(min(headings - {cell.headings[0]}), ""))
                assert check_field(moved, walk.release), moved
    assert n_moved > 100


def _wrong_by_one(value: float, digits: int = 0) -> str:
    return f"{value + 1:,.{digits}f}"


FUNCTIONS: dict[str, tuple[Any, str, Any]] = {
    "numbers": (words, "format_number", _wrong_by_one),
    "periods": (words, "period_short", lambda period: "2019"),
    "lists": (words, "join_words", lambda items: ", ".join(list(items)[:-1])),
    "reporters": (regions, "count_reporters", lambda row: 6),
    "reporting": (reporting, "describe_absence", lambda area, judged, **options: f"{area} (missing)"),
    "regional figures": (regions, "quote_figure", lambda row, digits=0: "1 268"),
    "changes": (trends, "compute_change", lambda first, last: change.CountChange("rise", 9.99, 9.0, 11.0)),
}  # fmt: skip


@pytest.mark.parametrize("name", FUNCTIONS)
def test_changed_function_is_found(walk: Walk, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    module, function, replacement = FUNCTIONS[name]
    with open_walk(walk) as again:
        monkeypatch.setattr(module, function, replacement)
        with language.read_in("en"), again.recorder.open_selection(page="static"):
            for crime in ("TIP", "SOM"):
                build.compose_home(Reader(walk.edition, "en"), crime)
    assert check_messages(again.recorder.messages, (), walk.release).n_problems


def test_sentence_with_a_number_and_without_an_expectation_is_found(walk: Walk) -> None:
    new = [
        Message("The figure is {n}.", (("n", 12),), "The figure is 12.", {"page": "region"}),
        Message("Only in {area}.", (("area", "Serbia"),), "Only in Serbia.", {"page": "region"}),
    ]
    assert set(check_messages(new, (), walk.release).n_problems) == {message.id for message in new}


# ------------------------------------------------------------------------------------------------------------ languages

_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")


def _count_numbers(text: str) -> Counter[str]:
    """Count the numbers in a text, whatever its language writes as decimal sign and between thousands."""
    words_only = unescape(re.sub(r"<[^>]+>", "", text))
    plain = re.sub(r"(?<=\d)[.,\u202f\u00a0 ](?=\d{3}\b)", "", words_only)
    return Counter(number.replace(",", ".") for number in _NUMBER.findall(plain))


@pytest.mark.parametrize("code", ["mk", "sq"])
def test_static_pages_have_the_same_numbers_in_another_language(walk: Walk, code: str) -> None:
    with open_walk(walk) as translated:
        texts = composing.compose_all(walk.edition, code, translated.recorder)
    assert len(texts) == len(walk.texts)
    differing = [
        (english, text)
        for english, text in zip(walk.texts, texts, strict=True)
        if _count_numbers(english) != _count_numbers(text)
    ]
    assert not differing, differing[:5]


def test_translations_have_the_numbers_of_the_english_message(walk: Walk) -> None:
    """Check each message that was formed in each catalogue; its parameters are the same in all languages."""
    formed = {message.id for message in walk.recorder.messages} | walk.recorder.left_out
    differing = [
        (code, source, form)
        for code in ("sq", "bs", "hr", "mk", "cnr", "sr")
        for message in catalogues.read_language(code)
        for source in (message.id if isinstance(message.id, str) else message.id[-1],)
        for form in (catalogues.list_forms(message) if source in formed else ())
        if form and _count_numbers(form) != _count_numbers(source)
    ]
    assert not differing, differing[:5]
