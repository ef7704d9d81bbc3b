"""Put one figure into a sentence to quote: every dimension that is not a total, its coverage, and its state.

Each sentence is one template with named parts, so that it can be translated as a whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import isinf

from pipelines import words
from pipelines.core import codes
from pipelines.core.i18n import mark
from pipelines.statistics.thresholds import ENOUGH_EVENTS
from pipelines.words import Row, durations, indicators, regions
from pipelines.words.language import Texts, lower_first, many, tell

DIMENSIONS: Mapping[str, str] = Texts(
    {
        "offence": mark("Offence"),
        "person_type": mark("Persons"),
        "victim_status": mark("Status of the victim"),
        "sex": mark("Sex"),
        "age": mark("Age"),
        "exploitation": mark("Form of exploitation"),
        "citizenship": mark("Citizenship"),
        "sentence_type": mark("Principal sanction"),
        "sentence_band": mark("Length of imprisonment"),
    }
)
"""Dimensions of a count with their titles, in the order in which a sentence names them."""
CODELISTS = ("measure", "offence_group", "level", "statistic", *DIMENSIONS)
"""Code lists whose labels a sentence needs."""
_COUNT = mark("{area}, {period}: {crime}, {measure}: {value}.")
_COUNT_OF_PART = mark("{area}, {period}: {crime}, {measure} ({details}): {value}.")
_RATE = mark("{sentence} Rate per 100,000 inhabitants: {rate}.")
_SHARE = mark("{sentence} Share of the total by {dimension}: {share}.")
_INDICATOR = mark("{area}, {period}: {crime}, {name}: {value}.")
_INDICATOR_OF_PART = mark("{area}, {period}: {crime}, {name}, {details}: {value}.")
_RECORD = mark("{area}: {crime}, {name}: {value}.")
_COVERED_IN_PART = mark("{area} ({present} of {all} territories: {names})")
_COVERED_FULLY = mark("{area} (all {all} territories)")
_COVERED_BY_NONE = mark("{area} (no territory has reported)")
_JURISDICTIONS_IN_PART = mark("{area} ({present} of {all} jurisdictions: {names})")
_WITH_STATES = mark("{figure} ({states})")
_ALL_TERRITORIES = mark("all {all} territories")
_SOME_TERRITORIES = mark("{present} of {all} territories")
_SOME_JURISDICTIONS = mark("{present} of {all} jurisdictions")
_PROVISIONAL_FIGURE = mark("provisional figure")
_REVISED_FIGURE = mark("revised, {value} in release {release}")
_FEW: Mapping[str, str] = Texts(
    {
        "count": mark("Fewer than {enough}: too few to compare."),
        "share": mark("Fewer than {enough} in the part or in the rest: too few to compare."),
        "ratio": mark("Fewer than {enough} in one of the two counts: too few to compare."),
    },
    enough=ENOUGH_EVENTS,
)
"""Sentences on figures that are too few to compare, by what they are made of, as in `indicators.FEW`."""
_PROVISIONAL = mark("Provisional: may be revised.")
_REVISED = mark("Revised: {value} in release {release}.")
_ABSENT: Mapping[str, str] = Texts(
    {
        "withheld": mark("withheld to protect individuals"),
        "unreceived": mark("not received from the office"),
        "unavailable": mark("not available, because part of the data is missing or cannot be used"),
        "not_collected": mark("not collected by the office"),
        "not_applicable": mark("not applicable"),
        "elsewhere": mark("included in another category of the same office"),
    }
)


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


def describe_count(cell: Row, vocabulary: Vocabulary, revised: Row | None = None, *, has_interval: bool = False) -> str:
    """Return the sentence of one row of the release's table `cell`.

    `revised` is the row of an earlier release (`value`, `release`) if that had another figure. With `has_interval`, a
    figure has its interval, if the row has its ends (`low`, `high`).
    """
    value = _format_value(cell)
    if has_interval and cell["value"] is not None and cell.get("low") is not None:
        value = words.add_interval(value, words.format_number(cell["low"]), words.format_number(cell["high"]))
    about = {
        "area": name_covered_area(cell, vocabulary),
        "period": words.period_words(cell["period"]),
        "crime": lower_first(vocabulary.find_label("offence_group", str(cell["offence_group"]))),
        "measure": lower_first(vocabulary.find_label("measure", str(cell["measure"]))),
        "value": value,
    }
    details = "; ".join(f"{lower_first(title)}: {label}" for title, label in list_details(cell, vocabulary))
    sentence = tell(_COUNT_OF_PART, **about, details=details) if details else tell(_COUNT, **about)
    return " ".join([sentence, *list_states(cell, revised)])


def _format_value(cell: Row) -> str:
    figure = words.format_count(cell)
    if _names_unit(str(cell["measure"]), str(cell["count_unit"])):
        return figure.text if figure.kind == "value" else _ABSENT[figure.kind]
    if figure.kind == "value":
        return words.count_units(cell["value"], cell["count_unit"])
    return tell("{unit}, {state}", unit=words.unit_name(cell["count_unit"]), state=_ABSENT[figure.kind])


def _names_unit(measure: str, unit: str) -> bool:
    """Return True if the name of a measure has the name of its unit, as "Detected victims" does.

    Decided by the English names, because other languages decline the word.
    """
    names = codes.get_code_label("measure", measure).lower().split()
    return codes.get_code_label("count_unit", unit).lower() in names


def is_level_named(measure: str, level: str) -> bool:
    """Return True if the name of a measure has the name of its level, as "Convicted at first instance" does.

    Decided by the English names, because other languages have an adjective there.
    """
    return codes.get_code_label("level", level).lower() in codes.get_code_label("measure", measure).lower()


def list_details(cell: Row, vocabulary: Vocabulary) -> list[tuple[str, str]]:
    """Return title and label of each dimension of a count that is not at its total, and of its level and kind where
    the name of the measure does not say them."""
    details = []
    level = vocabulary.find_label("level", str(cell["level"]))
    only_level = codes.get_code_attribute("measure", str(cell["measure"]), "level_rule")
    if cell["level"] not in (None, "none", only_level) and not is_level_named(cell["measure"], cell["level"]):
        details.append((tell("Level"), level))
    if cell["statistic"] != "count":
        details.append((tell("Kind"), vocabulary.find_label("statistic", str(cell["statistic"]))))
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
            # Territories may have reported one of the two counts of a ratio.
            return area if regions.is_ratio(row) else tell(_COVERED_BY_NONE, area=area)
        if len(present) == whole:
            return tell(_COVERED_FULLY, area=area, all=whole)
        return tell(_COVERED_IN_PART, area=area, present=len(present), all=whole, names=names)
    expected = row.get("n_expected") or 0
    if row["area_kind"] == "territory" and 0 < len(present) < expected:
        return tell(_JURISDICTIONS_IN_PART, area=area, present=len(present), all=expected, names=names)
    return area


def list_states(cell: Row, revised: Row | None = None) -> list[str]:
    """Return the sentences on the state of a count: too few to compare, provisional, revised."""
    return [*([_FEW["count"]] if words.is_few(cell) else []), *list_later_states(cell, revised)]


def list_later_states(row: Row | None, revised: Row | None = None) -> list[str]:
    """Return the sentences on whether a figure may still change, and whether it has changed since an earlier release.

    A figure without a value has none.
    """
    if row is None or row["value"] is None:
        return []
    states = [tell(_PROVISIONAL)] if is_provisional(row) else []
    if revised is not None:
        states.append(tell(_REVISED, value=words.format_number(revised["value"]), release=revised["release"]))
    return states


def list_regional_states(row: Row | None, revised: Row | None = None, *, of: str = "") -> list[str]:
    """Return the sentences that follow the one with a figure of the region: too few to compare, provisional, revised.

    `of` is what the figure is made of, as in `explain_few`.
    """
    few = explain_regional_few(row, of=of)
    return [*([few] if few else []), *list_later_states(row, revised)]


def explain_regional_few(row: Row | None, *, of: str = "") -> str:
    """Return the sentence on a figure of the region that is too few to compare; empty if it is not, or not shown."""
    is_shown = row is not None and row["value"] is not None and not regions.is_refused(row)
    return explain_few(row, of=of) if row is not None and is_shown else ""


def is_provisional(row: Row) -> bool:
    """Return True if the office may still revise a figure."""
    return "provisional" in str(row.get("flags") or "").split(",")


def list_short_states(row: Row | None, revised: Row | None = None) -> list[str]:
    """Return the states of a figure as words to put behind it: few, provisional, revised."""
    if row is None or row["value"] is None:
        return []
    is_few = row.get("state") == "too_few" if "numerator" in row else words.is_few(row)
    states = [words.LEGEND["few"][0]] if is_few else []
    states += [tell(_PROVISIONAL_FIGURE)] if is_provisional(row) else []
    if revised is not None:
        value = words.format_number(revised["value"])
        states.append(tell(_REVISED_FIGURE, value=value, release=revised["release"]))
    return states


def add_states(figure: str, states: Iterable[str]) -> str:
    """Return a figure, or the name of its area, with its states in brackets."""
    joined = ", ".join(filter(None, states))
    return tell(_WITH_STATES, figure=figure, states=joined) if joined else figure


def count_cover(row: Row | None, vocabulary: Vocabulary) -> str:
    """Return the number of territories in a figure of the region, or of parts in a figure of a territory.

    For example "6 of 7 territories". Empty for a territory as a whole, and without a figure.
    """
    if row is None or row["value"] is None or (row["area_kind"] == "region" and not regions.is_regional(row)):
        return ""
    present = regions.count_reporters(row)
    if row["area_kind"] == "region":
        whole = len(vocabulary.territories)
        if present == whole:
            return tell(_ALL_TERRITORIES, all=whole)
        return tell(_SOME_TERRITORIES, present=present, all=whole)
    expected = row.get("n_expected") or 0
    is_in_part = row["area_kind"] == "territory" and 0 < present < expected
    return tell(_SOME_JURISDICTIONS, present=present, all=expected) if is_in_part else ""


def name_counted_area(area: str, row: Row | None, vocabulary: Vocabulary) -> str:
    """Return the name of an area with how many territories are in its figure."""
    return add_states(vocabulary.areas.get(area, area), [count_cover(row, vocabulary)])


def describe_rate(cell: Row, rate: Row, vocabulary: Vocabulary) -> str:
    """Return the sentence of a rate, with its count."""
    figure = indicators.format_figure(rate, 2)
    return tell(_RATE, sentence=describe_count(cell, vocabulary), rate=_format_interval(figure, 2))


def describe_share(cell: Row, share: Row, vocabulary: Vocabulary) -> str:
    """Return the sentence of a share, with its count."""
    dimension = lower_first(DIMENSIONS[str(share["dimension"])])
    figure = _format_interval(indicators.format_figure(share), 0, "PC")
    return tell(_SHARE, sentence=describe_count(cell, vocabulary), dimension=dimension, share=figure)


def describe_figure(
    area: str, period: str, crime: str, name: str, value: str, row: Row | None, vocabulary: Vocabulary
) -> str:
    """Return the sentence of a figure of the region with how many territories are in it, and the version of a ratio.

    `name` is that of what is measured, with its unit; `value` is the figure of `row` in words. Who is not included, and
    whether the figure may still change, are sentences of their own (`list_later_states`).
    """
    details = []
    if row is not None and row["value"] is not None and row.get("version") not in (None, "same_period"):
        details.append(lower_first(indicators.VERSIONS[str(row["version"])]))
    about = {
        "area": name_counted_area(area, row, vocabulary),
        "period": words.period_words(period),
        "crime": lower_first(crime),
        "name": lower_first(name),
        "value": value,
    }
    return tell(_INDICATOR_OF_PART, **about, details=", ".join(details)) if details else tell(_INDICATOR, **about)


def describe_indicator(row: Row, name: str, vocabulary: Vocabulary) -> str:
    """Return the sentence of an indicator made of several counts; `row` is of one of the release's tables of them."""
    details = []
    if row.get("version"):
        details.append(lower_first(indicators.name_version(str(row["version"]), str(row["freq"]))))
    if row.get("measure"):
        details.append(lower_first(vocabulary.find_label("measure", str(row["measure"]))))
        details.append(lower_first(vocabulary.find_label("level", str(row["level"]))))
    figure = indicators.format_figure(row)
    about = {
        "area": name_covered_area(row, vocabulary),
        "period": words.period_words(row["period"]),
        "crime": lower_first(vocabulary.find_label("offence_group", str(row["offence_group"]))),
        "name": lower_first(name),
        "value": _format_interval(figure, 0, str(row["unit_measure"])),
    }
    sentence = tell(_INDICATOR_OF_PART, **about, details=", ".join(details)) if details else tell(_INDICATOR, **about)
    few = explain_few(row) if figure.kind == "value" else ""
    return f"{sentence} {few}" if few else sentence


def explain_few(row: Row, *, of: str = "") -> str:
    """Return the sentence on an indicator that is too few to compare; empty if it is not.

    `of` is what it is made of, as in `indicators.mark_notes`.
    """
    return _FEW[of or indicators.find_basis(row)] if row.get("state") == "too_few" else ""


def describe_record(table: str, row: Row, name: str, vocabulary: Vocabulary) -> str:
    """Return the sentence of a figure from case records, with its records, its number of people and its state.

    `table` is one of the release's tables of them: duration, pending, cohort or sentence.
    """
    figure = durations.format_limits(row)
    value = _format_interval(figure, 0, str(row["unit_measure"]))
    if figure.kind == "not_applicable":
        value = figure.spoken  # not reached
    area = vocabulary.areas.get(str(row["area"]), str(row["area"]))
    about = {
        "area": area,
        "crime": lower_first(vocabulary.find_label("offence_group", str(row["offence_group"]))),
        "name": ", ".join([lower_first(name), *_list_record_details(table, row, vocabulary)]),
        "value": value,
    }
    period = _name_record_period(table, row)
    sentences = [tell(_INDICATOR, **about, period=period) if period else tell(_RECORD, **about)]
    if table == "duration":
        sentences.append(tell("Records: {span}.", span=durations.name_dates([(area, [row])])))
    if table == "cohort":
        sentences.append(durations.describe_following(row["quarters"]))
    sentences += [durations.describe_persons([row]), durations.explain_figure(row)]
    return " ".join(sentence for sentence in sentences if sentence)


def _name_record_period(table: str, row: Row) -> str:
    """Return the year, or the day, that a figure from case records is of; empty text for all years together."""
    if table == "pending":
        return words.format_day(row["as_at"])
    period = {"cohort": "cohort", "sentence": "period"}.get(table, "entered")
    return words.period_words(str(row[period])) if row[period] not in codes.TOTAL_CODES else ""


def _list_record_details(table: str, row: Row, vocabulary: Vocabulary) -> list[str]:
    """Return what the name of a metric from case records does not say: the statistic, and a part of the sanctions."""
    titles = [durations.LENGTHS if table == "sentence" else durations.QUANTILES]
    titles += [durations.COHORT] if table != "sentence" else []
    details = [lower_first(texts[row["statistic"]]) for texts in titles if row["statistic"] in texts]
    parts = ("sentence_type", "sentence_band") if row["statistic"] == "share" else ()
    return details + [
        lower_first(vocabulary.find_label(name, str(row[name]))) for name in parts if row[name] not in codes.TOTAL_CODES
    ]


def _format_interval(figure: words.FormattedFigure, digits: int, unit: str = "NR") -> str:
    """Return a figure in its unit with its 95% confidence interval, or why there is none."""
    if figure.value is None:
        return _ABSENT.get(figure.kind, figure.spoken)
    value = _format_in_unit(figure.value, digits, unit)
    if figure.low is None or figure.high is None:
        return value
    high = "" if isinf(figure.high) else words.format_number(figure.high, digits)
    return words.add_interval(value, words.format_number(figure.low, digits), high)


def _format_in_unit(value: float, digits: int, unit: str) -> str:
    if unit == "D":
        return many("{n} day", "{n} days", value)
    if unit == "MO":
        return many("{n} month", "{n} months", value)
    number = words.format_number(value, digits)
    return tell("{value} per cent", value=number) if unit == "PC" else number
