"""Put the comparison of two sources into words: how many pairs agree, and why a pair differs.

Titles of other publishers are in their own language; their words for what they count, and our remarks, are translated.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pipelines import words
from pipelines.core import codes
from pipelines.core.i18n import SOURCE_LANGUAGE, mark
from pipelines.words import Row
from pipelines.words.language import current_language, find_label, lower_first, many, tell
from pipelines.words.reasons import FINDINGS, FINDINGS_WITHIN, VERDICTS, count_verdict
from pipelines.words.sources import Piece, split_remark, translate_remark, translate_words

OURS = "returns"
"""Source of the figures of this release, as the table names it."""
NOT_LINKED = mark("Not read on the publisher's own pages, so there is no link to it.")
DEFINITION_DIFFERS = mark("The definition differs.")


def is_within_source(row: Row) -> bool:
    """Return True if both figures of a pair are of one source, for example its total and the sum of its own parts."""
    return bool(row["left_source"] == row["right_source"])


def count_verdicts(rows: Sequence[Row]) -> str:
    """Count pairs by verdict: '53 pairs of figures: 1 agrees and 52 differ with no reason given.'

    `rows` are all of two sources or all within one; the second are not counted as agreement of sources.
    """
    is_one_source = all(map(is_within_source, rows))
    counts = [(code, sum(row["verdict"] == code for row in rows)) for code in VERDICTS]
    verdicts = words.join_words(count_verdict(code, n, is_one_source=is_one_source) for code, n in counts if n)
    if is_one_source:
        return many(
            "{n} pair of figures of one source: {verdicts}.",
            "{n} pairs of figures, each of one source: {verdicts}.",
            len(rows),
            verdicts=verdicts,
        )
    return many("{n} pair of figures: {verdicts}.", "{n} pairs of figures: {verdicts}.", len(rows), verdicts=verdicts)


def describe_side(row: Row, side: str, languages: Mapping[str, str]) -> list[Piece]:
    """Return one side of a pair: '38: Convicted at first instance (this release)'; a sum with what was added up:
    '50 = 26 (male) + 24 (female): victims (a source)'.

    `languages` are those of the titles of sources; titles are in English otherwise. Our remark on a title is not in it
    (`remark_on_side`).
    """
    source, subject = row[f"{side}_source"], row[f"{side}_words"]
    value = words.format_number(row[f"{side}_value"])
    if source == OURS:
        subject = find_label("measure", str(row["measure"]), subject)
        return [(tell("{value}: {words} (this release)", value=value, words=subject), "")]
    tongue = languages.get(source, SOURCE_LANGUAGE)
    parts = row.get(f"{side}_parts")
    summands = f" = {_name_parts(parts)}" if parts else ""
    return [(f"{value}{summands}:", ""), *translate_words(subject), (f"({split_remark(source)[0]})", tongue)]


def remark_on_side(row: Row, side: str) -> str:
    """Return our remark on the title of the source of one side, for a note; empty if there is none."""
    source = row[f"{side}_source"]
    return "" if source == OURS else split_remark(source)[1]


def _name_parts(parts: str) -> str:
    """Return the terms of a sum, each before its category: "M: 26 + F: 24" as "26 (male) + 24 (female)".

    A year in front of its number would be read as a term.
    """
    terms = [term.rpartition(": ") for term in parts.split(" + ")]
    return " + ".join(f"{value} ({lower_first(_name_category(name))})" for name, _, value in terms)


def _name_category(name: str) -> str:
    """Return the label of a category of persons or victims, or the publisher's words without their dimension; a year is
    its own."""
    for codelist in ("sex", "age", "exploitation", "citizenship"):
        if name in codes.list_codes(codelist):
            return codes.get_code_label(codelist, name, current_language())
    [(whole, language)] = translate_words(name)
    if language:  # no translation as a whole
        [(whole, _)] = translate_words(name.rpartition(": ")[2])
    return whole.rpartition(": ")[2]


def explain_pair(row: Row) -> list[Piece]:
    """Return what was found about a pair, and all that may explain a difference."""
    findings = FINDINGS_WITHIN if is_within_source(row) else FINDINGS
    pieces = [(findings[row["verdict"]], ""), *translate_remark(row["reason_text"] or "")]
    if row["difference"]:
        pieces += [
            (tell(DEFINITION_DIFFERS) if row["definition"] == "near" else "", ""),
            *translate_remark(row["left_caveat"] or ""),
            *translate_remark(row["right_caveat"] or ""),
        ]
    return _drop_repeated(pieces)


def _drop_repeated(pieces: Sequence[tuple[str | None, str]]) -> list[Piece]:
    """Return each text once, without empty ones."""
    return list({text: (text, language) for text, language in reversed(pieces) if text}.values())[::-1]


def explain_difference(row: Row, reasons: str = "") -> list[Piece]:
    """Return what may explain the difference between a figure of others and ours; nothing if there is none."""
    if not row["difference"]:
        return []
    definition = tell(DEFINITION_DIFFERS) if row["mapping"] == "near" else ""
    pieces = _drop_repeated([*translate_remark(reasons), (definition, ""), *translate_remark(row["caveat"] or "")])
    return pieces or [(tell("No reason was given."), "")]
