"""Check recorded sentences and fields of tables against the expectations of `tests.oracles.sentences`."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import unquote

from pipelines import words
from tests.oracles import sentences_comparisons, sentences_cooperation, sentences_counts
from tests.oracles.sentences import (
    ABOUT,
    BEGINS,
    CONSTANTS,
    EXPECTED,
    PARTS,
    Release,
    format_day,
    format_number,
    format_period,
    name_stage,
    spell_period,
)
from tests.oracles.sentences_records import NOTE
from tests.support.sentences.recording import Message, Selection

__all__ = ["check_messages", "sentences_comparisons", "sentences_cooperation", "sentences_counts"]
_NUMBER = re.compile(r"\d[\d\u202f.,]*(?<![.,])")
_DIGIT = re.compile(r"\d")
_SHOWN = 3
_INTERVAL = "95% confidence interval"
_FREE_NUMBERS = {"95", "100,000", "100", "75", "90", "1244"}
"""Numbers that are part of names and units: 95% intervals, rates per 100,000, ratios per 100, resolution 1244."""


@dataclass
class Report:
    """Sentences and fields that were checked, with the problems."""

    problems: list[str] = field(default_factory=list)
    n_problems: Counter[str] = field(default_factory=Counter)
    n_by_message: Counter[str] = field(default_factory=Counter)
    n_numbers: int = 0
    n_fields: int = 0
    n_headings: int = 0
    n_by_membership: int = 0
    reached: set[str] = field(default_factory=set)

    def add_problem(self, message: str, problem: str) -> None:
        """Add a problem; only the first ones of a message are kept in words."""
        self.n_problems[message] += 1
        if self.n_problems[message] <= _SHOWN:
            self.problems.append(problem)


def check_messages(messages: Iterable[Message], fields: Iterable[Any], release: Release) -> Report:
    """Check every message and every field with a source; return the report."""
    report, parts = Report(), []
    texts_of: dict[int, list[str]] = {}
    checked_fields: dict[Any, list[str]] = {}
    # A note without parameters is the same in every release.
    notes = {words.ADULTS_ONLY, *(message.text for message in messages)}
    previous = ""
    for message in messages:
        report.reached.add(message.id)
        if message.id in PARTS:
            parts.append(message)
            continue
        names = list_parameters(message.id)
        values = {name: str(value) for name, value in message.params if name in names}
        function = EXPECTED.get(message.id)
        if function is None:
            _check_constants(message, values, release, report)
            continue
        report.n_by_message[message.id] += 1
        try:
            expected = function(release, message.selection, {"": message.id, **dict(message.params)})
            problems = _compare(values, expected, message, release, notes, previous)
        except Exception as error:  # the sentence is about nothing that the release has
            problems = [f"{type(error).__name__}: {error}"]
        previous = message.text
        for problem in problems:
            report.add_problem(message.id, f"{message.text!r} [{message.id}] {dict(message.selection)}: {problem}")
        report.n_numbers += sum(len(_NUMBER.findall(value)) for value in values.values())
        texts_of.setdefault(id(message.selection), []).extend(values.values())
    for view in fields:
        if is_headline(view.selection, view.text, release):
            expected_value = sentences_counts.compose_headline(release, view.selection)
            if view.text != expected_value:
                report.add_problem("headline", f"{view.text!r}, not {expected_value!r}")
            report.n_by_message["headline"] += 1
            texts_of.setdefault(id(view.selection), []).append(view.text)
        for cell in view.fields:
            key = (cell.href, cell.text, cell.spoken, cell.headings)
            if key not in checked_fields:
                try:
                    checked_fields[key] = check_field(cell, release)
                    report.n_headings += sum(heading in list_headings(release) for heading in cell.headings)
                except (KeyError, ValueError) as error:  # the release has no such row
                    checked_fields[key] = [f"{type(error).__name__}: {error}"]
                report.n_fields += 1
                for problem in checked_fields[key]:
                    report.add_problem("fields", f"{cell} {dict(view.selection)}: {problem}")
            if not checked_fields[key]:
                texts_of.setdefault(id(view.selection), []).append(cell.spoken)
    _check_parts(parts, texts_of, release, report)
    return report


@cache
def list_parameters(message: str) -> frozenset[str]:
    """Return the names of the parameters of a message."""
    return frozenset(re.findall(r"{(\w+)}", message))


def is_headline(selection: Selection, text: str, release: Release) -> bool:
    """Return True for the sentences on the stages of the region, which are several messages joined."""
    return selection["page"] == "region" and "part" not in selection and "where a court decided)" in text


def _check_constants(message: Message, values: Mapping[str, str], release: Release, report: Report) -> None:
    """Check a message without expectations: it may name thresholds, and no other number and no area."""
    for name, value in values.items():
        if name in CONSTANTS:
            if value != CONSTANTS[name]:
                report.add_problem(message.id, f"{message.text!r}: {name} is {value}, not {CONSTANTS[name]}")
        elif _DIGIT.search(_without_free(value)) or release.names_in_texts.search(value):
            report.add_problem(message.id, f"no expectation for {name}={value!r} of {message.id!r}")


def _without_free(text: str) -> str:
    return " ".join(match for match in _NUMBER.findall(text) if match not in _FREE_NUMBERS)


def _compare(
    values: Mapping[str, str],
    expected: Mapping[Any, Any],
    message: Message,
    release: Release,
    notes: set[str],
    previous: str,
) -> list[str]:
    problems, covered = [], set()
    for key, expected_value in expected.items():
        names = key if isinstance(key, tuple) else (key,)
        if not set(names) <= set(values):
            continue
        covered |= set(names)
        actual: Any = tuple(values[name] for name in names) if isinstance(key, tuple) else values[key]
        if expected_value is ABOUT:
            problems += _check_subject(actual, message.selection, release)
        elif expected_value is BEGINS:
            if not previous or not actual.startswith(previous):
                problems.append(f"{actual!r} does not begin with the sentence of its count")
        elif expected_value is NOTE:
            if _DIGIT.search(_without_free(actual)) and f"{actual}." not in notes:
                problems.append(f"the note {actual!r} is no sentence that was checked")
        elif isinstance(expected_value, set | frozenset):
            if actual not in expected_value:
                problems.append(f"{key} is {actual!r}, not one of {sorted(expected_value)[:8]}")
        elif actual != expected_value:
            problems.append(f"{key} is {actual!r}, not {expected_value!r}")
    for name, value in values.items():
        if name in covered:
            continue
        if name in CONSTANTS:
            problems += [] if value == CONSTANTS[name] else [f"{name} is {value}, not {CONSTANTS[name]}"]
        elif _DIGIT.search(_without_free(value)) or release.names_in_texts.search(value):
            problems.append(f"no expectation for {name}={value!r}")
    return problems


def _check_subject(text: str, selection: Selection, release: Release) -> list[str]:
    """Check that a title names no period and no area but those of the selection."""
    problems = []
    numbers = set(_NUMBER.findall(text)) - _FREE_NUMBERS
    if numbers:
        numbers -= _list_allowed(selection, release)
        labels = [label for label in _labels_with_numbers(release) if label.lower() in text.lower()]
        problems += [
            f"{actual} in {text!r} is not of the selection"
            for actual in numbers
            if not any(actual in label for label in labels)
        ]
    area_names = set(release.names_in_texts.findall(text)) - {release.plain[release.region]}
    if area_names:
        codes = {selection.get(name) for name in ("area", "territory", "of", "trend", "flow")}
        if not area_names <= {release.plain[code] for code in codes if code in release.plain}:
            problems.append(f"{sorted(area_names)} in {text!r} are not of the selection")
    return problems


def _list_allowed(selection: Selection, release: Release) -> set[str]:
    """Return the numbers of the periods of a selection."""
    cache = release.__dict__.setdefault("allowed", {})
    if id(selection) in cache:
        return set(cache[id(selection)][1])
    periods = {value for name, value in selection.items() if name != "page" and _DIGIT.search(value)}
    if selection["page"] == "static" and "crime" in selection:
        crime = selection["crime"]
        periods |= {period for freq in ("A", "Q") for period in release.periods.get((crime, freq), ())[:16]}
        periods |= {"2020-2022", "2023-2025", "2021-2025"} & {row["period"] for row in release.read_rows("window")}
    if selection.get("part") == "show_pending":
        periods |= {format_day(row["as_at"]) for row in release.read_rows("pending")}
    freq = selection.get("freq") if selection.get("part") == "show_time" else selection.get("over")
    if freq and "crime" in selection:
        # The title of a picture over time has its first and its last period.
        pools = {row["period"] for row in release.read_rows("window")}
        periods |= {*release.periods.get((selection["crime"], freq), ()), *(pools if freq.startswith("P") else ())}
    if selection.get("part") == "show_trends":
        periods.add(release.periods[selection["crime"], "A"][0])
    allowed: set[str] = set()
    for period in periods:
        texts = (format_period(period), spell_period(period)) if len(period) < 10 else (period,)
        allowed |= {actual for text in texts for actual in _NUMBER.findall(text)}
    cache[id(selection)] = selection, allowed
    return allowed


def _labels_with_numbers(release: Release) -> list[str]:
    cache: list[str] = release.__dict__.setdefault("labels_with_numbers", [])
    if not cache:
        cache += [label for label in release.label.values() if _DIGIT.search(label)]
    return cache


# --------------------------------------------------------------------------------------------------------------- fields


def check_field(cell: Any, release: Release) -> list[str]:
    """Check the numbers and headings of a field against the row of the release that the address of its source names."""
    query = dict(part.split("=", 1) for part in cell.href.partition("?")[2].split("&") if "=" in part)
    if "cell" in query:
        row = find_cell(unquote(query["cell"]), release)
        derived = query.get("made", "")
        problems = _check_headings(cell, row, release)
        if derived:
            metric, dimension = ("rate", "_Z") if derived == "rate" else ("share", derived)
            figure = release.indicators.get((row["cell_id"], metric, dimension), {"value": None})
            digits = 2 if derived == "rate" else 0
        else:
            limits, digits = release.indicators.get((row["cell_id"], "count", "_Z")) or {}, 0
            figure = {**row, "low": limits.get("low"), "high": limits.get("high")}
    else:
        table, _, terms = unquote(query["indicator"]).partition("/")
        keys = dict(term.split("=", 1) for term in terms.split(";"))
        (figure,) = release.index_rows(table, *keys)[tuple(keys.values())]
        problems, digits = _check_headings(cell, figure, release), 0
    return problems + _compare_field(cell, figure, digits)


def _check_headings(cell: Any, row: Mapping[str, Any], release: Release) -> list[str]:
    """Check that a heading that is the name of an area, a period, a stage or a category is that of the figure."""
    problems = []
    for heading in cell.headings:
        codes = list_headings(release).get(heading, frozenset())
        if codes and not any(row.get(name, code) == code for name, code in codes):
            problems.append(f"{heading!r} is not of {cell.href}")
    return problems


def list_headings(release: Release) -> Mapping[str, frozenset[tuple[str, str]]]:
    """Return the columns and codes that each heading of a row or column can mean."""
    headings: dict[str, frozenset[tuple[str, str]]] = release.__dict__.setdefault("headings", {})
    if not headings:
        names = [(code, name) for by_code in (release.plain, release.marked) for code, name in by_code.items()]
        pairs = [(name, "area", code) for code, name in names]
        pairs += [(format_period(x), "period", x) for x in {row["period"] for row in release.read_rows("cell")}]
        pairs += [(name_stage(x), "measure", x) for x in {row["measure"] for row in release.read_rows("cell")}]
        pairs += [
            (label, codelist, code)
            for (codelist, code), label in release.label.items()
            if codelist in sentences_counts.DIMENSIONS and code not in ("_T", "_Z")
        ]
        for name, column, code in pairs:
            headings[name] = headings.get(name, frozenset()) | {(column, code)}
    return headings


def find_cell(text: str, release: Release) -> Mapping[str, Any]:
    """Return the cell of an id: its table, and its dimensions that are not at their total, without those that follow
    from others."""
    _, table, terms = text.split("/", 2)
    cache = release.__dict__.setdefault("cells_by_id", {})
    if not cache:
        names = [name for name in release.read_rows("cell")[0] if name in sentences_counts.REVISION_KEY]
        for row in release.read_rows("cell"):
            actual = frozenset(f"{name}={row[name]}" for name in names if row[name] not in (None, "_T", "_Z"))
            cache[row["table_id"], actual] = row
    return cache[table, frozenset(terms.split(";"))]


def _compare_field(cell: Any, figure: Mapping[str, Any], digits: int) -> list[str]:
    numbers = _NUMBER.findall(cell.text.partition(", over")[0])
    if figure["value"] is None or not numbers:
        return (
            []
            if (not numbers and figure["value"] is None) or "no regional figure" in cell.text
            else [f"{cell.text!r}, but the release has {figure['value']}"]
        )
    expected_value = [format_number(figure["value"], digits)]
    if figure.get("low") is not None:
        expected_value.append(format_number(figure["low"], digits))
        if figure.get("high") not in (None, float("inf")):
            expected_value.append(format_number(figure["high"], digits))
    if numbers not in (expected_value, expected_value[:1]):
        return [f"{cell.text!r} has {numbers}, the release {expected_value}"]
    spoken = cell.spoken.replace(_INTERVAL, "")
    missing = [value for value in numbers if value not in _NUMBER.findall(spoken)]
    return [f"{missing} is not in {cell.spoken!r}"] if missing else []


# ---------------------------------------------------------------------------------------------------------------- parts


def _check_parts(parts: Sequence[Message], texts_of: Mapping[int, list[str]], release: Release, report: Report) -> None:
    """Check that messages that say nothing by themselves are within something checked."""
    joined = {key: "\n".join(dict.fromkeys(texts)) for key, texts in texts_of.items()}
    figures = None
    for message in parts:
        report.n_by_message[message.id] += 1
        if message.text[1:] in joined.get(id(message.selection), ""):  # the first letter may be a capital there
            continue
        if message.id == "{items} and {last}" and message.text in sentences_comparisons.list_coverage_texts(
            release, *(message.selection.get(name, "") for name in ("kind", "indicator", "crime", "areas"))
        ):
            continue
        if (
            message.selection.get("part") in ("ratios", "clearance")
            and message.id in ("{figure} ({states})", "all {all} territories", "{present} of {all} territories")
            and message.text in sentences_comparisons.name_region_of_picture(release, message.selection)
        ):
            continue
        if _INTERVAL in message.id or message.id == "{value} ({low} or more)":
            figures = figures or list_figures(release)
            actual = tuple(_NUMBER.findall(str(value))[0] for _, value in message.params if _NUMBER.findall(str(value)))
            if actual in figures:
                report.n_by_membership += 1
                continue
        if not _DIGIT.search(_without_free(message.text)) and not release.names_in_texts.search(message.text):
            continue
        report.add_problem(
            message.id, f"{message.text!r} [{message.id}] {dict(message.selection)} is in no sentence that was checked"
        )


_OTHER_VALUES = {"cooperation_outcome": "share", "mirror": "ratio"}
_TABLES_WITH_INTERVALS = (
    "indicator", "stage_ratio", "clearance", "exit", "duration", "pending", "cohort", "sentence", *_OTHER_VALUES,
)  # fmt: skip


def list_figures(release: Release) -> set[tuple[str, ...]]:
    """Return value and limits of every figure of the release, as pages show them."""
    figures = set()
    for table in _TABLES_WITH_INTERVALS:
        for row in release.read_rows(table):
            row = row | {"value": row[_OTHER_VALUES.get(table, "value")]}
            if row["value"] is None or row["low"] is None:
                continue
            digits = 2 if row.get("metric") == "rate" or table == "mirror" else 0
            numbers = [format_number(row["value"], digits), format_number(row["low"], digits)]
            if row["high"] not in (None, float("inf")):
                numbers.append(format_number(row["high"], digits))
            figures.add(tuple(numbers))
    return figures
