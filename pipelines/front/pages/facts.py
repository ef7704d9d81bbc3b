"""Compose what the page of every indicator says about it: what it is, its formula, definition, caution and sources."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from pipelines.core.i18n import mark
from pipelines.design.components import Markup, Part
from pipelines.front import pages, sentences
from pipelines.front.reader import Reader
from pipelines.front.tables import in_page_language, translate_lines, translate_text
from pipelines.words import Row, indicators
from pipelines.words.language import tell, upper_first

_PAGES = re.compile(r"(?<=, )(\d+)-(?=\d+(?:[;.]|$))")
"""Hyphen of a range of pages in the source of a method: "Biometrika 28, 437-442"."""
_CLOSING = "</span>"
_LINK = Markup('<a href="{}">{}</a>')


def list_facts(
    reader: Reader,
    about: Row,
    *,
    what: Part = "",
    formula: Part = "",
    definition: Part = "",
    others: Sequence[tuple[str, Part]] = (),
    method_title: str = "",
    method: str = "",
    source: Part = "",
    figures: Iterable[Row | None] = (),
) -> list[tuple[str, Part]]:
    """Return the facts of an indicator with their titles, those without a text left out.

    `about` is its declaration; each other argument replaces what is made of it. `others` follow the definition.
    `figures` are those that the page shows; their territories are the source of the counts unless `source` names it.
    """
    method = method or str(about["source"])
    facts: list[tuple[str, Part]] = [
        (tell("What it is"), what),
        (tell("Formula"), formula if isinstance(formula, Markup) else upper_first(formula)),
        (tell("Definition"), definition or translate_text(reader, str(about["definition"]))),
        *others,
        (tell("Caution"), translate_lines(reader, str(about["caveats"]))),
        (method_title or tell("Method of the intervals"), in_page_language(reader, _PAGES.sub(r"\1–", method))),
        (tell("Source of the counts"), source or sentences.describe_source(reader, figures)),
    ]
    return [(title, end_sentence(text)) for title, text in facts if text]


def end_sentence(text: Part) -> Part:
    """Return a text with a full stop at its end, inside of the element that marks its language."""
    if text.removesuffix(_CLOSING).endswith((".", "!", "?", ":")):
        return text
    if isinstance(text, Markup) and text.endswith(_CLOSING):
        return text[: -len(_CLOSING)] + Markup(".") + text[-len(_CLOSING) :]
    return text + "."


_ONE_PERIOD = mark("Both counts are of the same period.")
_SOME_EARLIER = mark("Both counts are of the same period, unless a note at a figure says otherwise.")


_EARLIER_HERE = mark(
    "It always divides by the count of the same year. Here, figures with a note are divided by an earlier year, so the "
    "two differ."
)
_EARLIER_THERE = mark(
    "Some of its figures are divided by the count of an earlier year. Here, all are of the same year, so the two "
    "differ."
)


def explain_formula(reader: Reader, about: Row, crime: str) -> str:
    """Return the formula of a ratio between two stages, with the periods of its counts.

    The first fact of a ratio with nested counts says that they are of the same period.
    """
    if about["is_nested"]:
        return format_formula(reader, about)
    has_others = _divides_by_earlier(reader, str(about["metric"]), crime)
    periods = tell(_SOME_EARLIER if has_others else _ONE_PERIOD)  # marked above
    return f"{format_formula(reader, about)}. {periods}"


def _divides_by_earlier(reader: Reader, metric: str, crime: str) -> bool:
    """Return True if a yearly figure of a ratio is divided by the counts of an earlier year; none of a clearance rate
    is."""
    edition = reader.edition
    years = edition.list_ratio_years(metric, crime)
    return any(
        indicators.has_two_periods(row) for year in years for row in edition.find_ratios(metric, crime, year).values()
    )


def link_same_formula(reader: Reader, about: Row, crime: str) -> list[tuple[str, Part]]:
    """Return a fact with links to the other indicators of a crime that have the formula of one; none without any.

    A ratio of two stages can use the counts of an earlier period; a clearance rate cannot. Their figures of one year
    then differ, so that the title does not call the formulas the same.
    """
    edition = reader.edition
    listed = (*edition.list_ratio_metrics(crime), *edition.list_clearance_metrics(crime))
    others = [code for code in listed if edition.metrics[code]["formula"] == about["formula"]]
    has_earlier = _divides_by_earlier(reader, str(about["metric"]), crime)
    facts: dict[str, list[Part]] = {}
    for code in (code for code in others if code != about["metric"]):
        link = _LINK.format(pages.name_indicator_file(code, crime), reader.metric_name(code))
        if has_earlier == _divides_by_earlier(reader, code, crime):
            facts.setdefault(tell("Indicator with the same formula"), []).append(link)
        else:
            difference = tell(_EARLIER_HERE if has_earlier else _EARLIER_THERE)  # marked above
            facts.setdefault(tell("Similar indicator"), []).append(Markup("{}. {}").format(link, difference))
    return [(title, Markup(", ").join(links)) for title, links in facts.items()]


def format_formula(reader: Reader, about: Row) -> str:
    """Return the formula of an indicator with its measures in words."""
    labels = {code: reader.find_label("measure", code) for code in reader.list_codes("measure")}
    return indicators.format_formula(str(about["formula"]), labels)
