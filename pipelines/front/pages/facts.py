"""Compose what the page of every indicator says about it: what it is, its formula, definition, caution and sources."""

from __future__ import annotations

from collections.abc import Sequence

from pipelines.design.components import Part
from pipelines.front import sentences
from pipelines.front.reader import Reader
from pipelines.front.tables import in_page_language, translate_lines, translate_text
from pipelines.words import Row, indicators
from pipelines.words.language import tell


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
) -> list[tuple[str, Part]]:
    """Return the facts of an indicator with their titles, those without a text left out.

    `about` is its declaration; each other argument replaces what is made of it. `others` follow the definition.
    """
    facts: list[tuple[str, Part]] = [
        (tell("What it is"), what),
        (tell("Formula"), formula),
        (tell("Definition"), definition or translate_text(reader, str(about["definition"]))),
        *others,
        (tell("Caution"), translate_lines(reader, str(about["caveats"]))),
        (method_title or tell("Method of the intervals"), in_page_language(reader, method or str(about["source"]))),
        (tell("Source of the counts"), source or sentences.describe_source(reader)),
    ]
    return [(title, text) for title, text in facts if text]


def format_formula(reader: Reader, about: Row) -> str:
    """Return the formula of an indicator with its measures in words."""
    labels = {code: reader.find_label("measure", code) for code in reader.list_codes("measure")}
    return indicators.format_formula(str(about["formula"]), labels)
