"""Put one figure into a sentence to quote: every dimension that is not a total, its coverage, and its state.

Each sentence is one template with named parts, so that it can be translated as a whole.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isinf

from pipelines import words
from pipelines.core import codes
from pipelines.statistics.thresholds import ENOUGH_EVENTS
from pipelines.words import Row, indicators

DIMENSIONS: Mapping[str, str] = {
    "offence": "Offence",
    "person_type": "Persons",
    "victim_status": "Victims",
    "sex": "Sex",
    "age": "Age",
    "exploitation": "Form of exploitation",
    "citizenship": "Citizenship",
    "sentence_type": "Principal sanction",
    "sentence_band": "Length of imprisonment",
}
"""Dimensions of a count with their titles, in the order in which a sentence names them."""
CODELISTS = ("measure", "offence_group", "level", "statistic", *DIMENSIONS)
"""Code lists whose labels a sentence needs."""
_COUNT = "{area}, {period}: {crime}, {measure}: {value}."
_COUNT_OF_PART = "{area}, {period}: {crime}, {measure} ({details}): {value}."
_RATE = "{sentence} Rate per 100,000 inhabitants: {rate}."
_SHARE = "{sentence} Share of the total by {dimension}: {share}."
_INDICATOR = "{area}, {period}: {crime}, {name}{details}: {value}."
_WITH_DETAILS = ", {details}"
_COVERED_IN_PART = "{area} ({present} of {all} territories: {names})"
_COVERED_FULLY = "{area} (all {all} territories)"
_COVERED_BY_NONE = "{area} (no territory has reported)"
_JURISDICTIONS_IN_PART = "{area} ({present} of {all} jurisdictions: {names})"
_INTERVAL = "{value} (95% confidence interval: {low} to {high})"
_INTERVAL_WITHOUT_END = "{value} (95% confidence interval: {low} or more)"
_FEW = f"Fewer than {ENOUGH_EVENTS}: compare with care."
_FEW_BEHIND = f"Fewer than {ENOUGH_EVENTS} in one of the two counts: compare with care."
_PROVISIONAL = "Provisional: may be revised."
_REVISED = "Revised: {value} in release {release}."
_ABSENT: Mapping[str, str] = {
    "withheld": "withheld to protect individuals",
    "unreceived": "not received from the office",
    "unavailable": "not available, because part of the data is missing or cannot be used",
    "not_collected": "not collected by the office",
    "not_applicable": "not applicable",
    "elsewhere": "included in another category of the same office",
}
_UNITS: Mapping[str, str] = {"PC": "{value} per cent", "D": "{value} days", "MO": "{value} months", "NR": "{value}"}


@dataclass(frozen=True)
class Vocabulary:
    """Names that a sentence needs: labels by code list and code, areas with the marks of their footnotes and
    territories of the region, both in display order."""

    labels: Mapping[str, Mapping[str, str]]
    areas: Mapping[str, str]
    territories: Sequence[str]

    def find_label(self, codelist: str, code: str) -> str:
        """Return the label of a code; the code itself if it has none."""
        return self.labels.get(codelist, {}).get(code, code)


def describe_count(cell: Row, vocabulary: Vocabulary, revised: Row | None = None) -> str:
    """Return the sentence of one row of the release's table `cell`.

    `revised` is the row of an earlier release (`value`, `release`) if that had another figure.
    """
    details = list_details(cell, vocabulary)
    template = _COUNT_OF_PART if details else _COUNT
    measure = vocabulary.find_label("measure", str(cell["measure"]))
    sentence = template.format(
        area=name_covered_area(cell, vocabulary),
        period=words.period_words(cell["period"]),
        crime=vocabulary.find_label("offence_group", str(cell["offence_group"])).lower(),
        measure=measure.lower(),
        details="; ".join(f"{title.lower()}: {label}" for title, label in details),
        value=_format_value(cell),
    )
    return " ".join([sentence, *list_states(cell, revised)])


def _format_value(cell: Row) -> str:
    figure = words.format_count(cell)
    unit = words.unit_name(cell["count_unit"], cell["value"])
    return f"{figure.text} {unit}" if figure.kind == "value" else f"{unit} {_ABSENT[figure.kind]}"


def list_details(cell: Row, vocabulary: Vocabulary) -> list[tuple[str, str]]:
    """Return title and label of each dimension of a count that is not at its total, and of its level and kind where
    the name of the measure does not say them."""
    details = []
    level = vocabulary.find_label("level", str(cell["level"]))
    measure = vocabulary.find_label("measure", str(cell["measure"]))
    only_level = codes.get_code_attribute("measure", str(cell["measure"]), "level_rule")
    if cell["level"] not in (None, "none", only_level) and level.lower() not in measure.lower():
        details.append(("Level", level))
    if cell["statistic"] != "count":
        details.append(("Kind", vocabulary.find_label("statistic", str(cell["statistic"]))))
    details += [
        (title, vocabulary.find_label(name, str(cell[name])))
        for name, title in DIMENSIONS.items()
        if cell[name] is not None and cell[name] not in codes.TOTAL_CODES
    ]
    return details


def name_covered_area(row: Row, vocabulary: Vocabulary) -> str:
    """Return the name of an area, with the territories or jurisdictions that are in its figure unless all are."""
    area = vocabulary.areas.get(str(row["area"]), str(row["area"]))
    order = list(vocabulary.areas)
    present = sorted((code for code in str(row["reporters"] or "").split(",") if code), key=order.index)
    names = words.join_words(vocabulary.areas[code] for code in present)
    if row["area_kind"] == "region":
        whole = len(vocabulary.territories)
        if not present:
            return _COVERED_BY_NONE.format(area=area)
        template = _COVERED_FULLY if len(present) == whole else _COVERED_IN_PART
        return template.format(area=area, present=len(present), all=whole, names=names)
    expected = row.get("n_expected") or 0
    if row["area_kind"] == "territory" and 0 < len(present) < expected:
        return _JURISDICTIONS_IN_PART.format(area=area, present=len(present), all=expected, names=names)
    return area


def list_states(cell: Row, revised: Row | None = None) -> list[str]:
    """Return the sentences on the state of a count: too few to compare, provisional, revised."""
    states = [_FEW] if words.is_few(cell) else []
    if "provisional" in str(cell.get("flags") or "").split(","):
        states.append(_PROVISIONAL)
    if revised is not None:
        states.append(_REVISED.format(value=words.format_number(revised["value"]), release=revised["release"]))
    return states


def describe_rate(cell: Row, rate: Row, vocabulary: Vocabulary) -> str:
    """Return the sentence of a rate, with its count."""
    figure = indicators.format_figure(rate, 2)
    return _RATE.format(sentence=describe_count(cell, vocabulary), rate=_format_interval(figure, 2, "{value}"))


def describe_share(cell: Row, share: Row, vocabulary: Vocabulary) -> str:
    """Return the sentence of a share, with its count."""
    dimension = DIMENSIONS[str(share["dimension"])].lower()
    figure = _format_interval(indicators.format_figure(share), 0, _UNITS["PC"])
    return _SHARE.format(sentence=describe_count(cell, vocabulary), dimension=dimension, share=figure)


def describe_indicator(row: Row, name: str, vocabulary: Vocabulary) -> str:
    """Return the sentence of an indicator made of several counts; `row` is of one of the release's tables of them."""
    details = []
    if row.get("version"):
        details.append(indicators.VERSIONS[str(row["version"])].lower())
    if row.get("measure"):
        details.append(vocabulary.find_label("measure", str(row["measure"])).lower())
        details.append(vocabulary.find_label("level", str(row["level"])).lower())
    figure = indicators.format_figure(row)
    sentence = _INDICATOR.format(
        area=name_covered_area(row, vocabulary),
        period=words.period_words(row["period"]),
        crime=vocabulary.find_label("offence_group", str(row["offence_group"])).lower(),
        name=name[:1].lower() + name[1:],
        details=_WITH_DETAILS.format(details=", ".join(details)) if details else "",
        value=_format_interval(figure, 0, _UNITS.get(str(row["unit_measure"]), "{value}")),
    )
    is_few = figure.kind == "value" and row.get("state") == "too_few"
    return " ".join([sentence, *([_FEW_BEHIND] if is_few else [])])


def _format_interval(figure: words.FormattedFigure, digits: int, unit: str) -> str:
    """Return a figure in its unit with its 95% confidence interval, or why there is none."""
    if figure.value is None:
        return _ABSENT.get(figure.kind, figure.spoken)
    value = unit.format(value=words.format_number(figure.value, digits))
    if figure.low is None or figure.high is None:
        return value
    low = words.format_number(figure.low, digits)
    if isinf(figure.high):
        return _INTERVAL_WITHOUT_END.format(value=value, low=low)
    return _INTERVAL.format(value=value, low=low, high=words.format_number(figure.high, digits))
