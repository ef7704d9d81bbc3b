"""Separate our own remarks from texts of others, and translate them: from titles of publishers, and from English texts
of a release.

A text with parts in several languages is a list of pieces, each with its language, which is empty for that of the page.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from pipelines.core.i18n import SOURCE_LANGUAGE, mark
from pipelines.words.language import Texts, current_language, tell, translate_message

Piece = tuple[str, str]
"""A text and its language."""
_NEXT_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-Z])")
_WITH_ITS_AUTHOR = re.compile(r"(?P<remark>.+) \((?P<author>[^()]+)\)\.")
"""A reason for a difference, with the body that gives it: `Old cases are included (GRETA).`"""

_WORD = re.compile(r"\w+")

_OF_TITLES: Mapping[str, str] = Texts(
    {
        ", seen second-hand": mark("Read in a copy or a quotation on another site, not in the original."),
        ", as reported in the press": mark("As reported in the press."),
    }
)
"""Remarks in the reader's language, by their wording within the titles of a release."""
_AT_THE_END: Mapping[str, str] = Texts(
    {
        text: text
        for text in (
            mark("Source not yet verified."),
            mark("Invented for the demonstration. It does not describe the law."),
            mark("Invented for the demonstration."),
        )
    }
)
"""Remarks at the end of texts of a release, which are in English there."""


_ABBREVIATIONS: Mapping[str, str] = Texts(
    {
        "GLOTIP": mark("GLOTIP: data of the Global Report on Trafficking in Persons."),
        "ILO": mark("ILO: International Labour Organization."),
        "GRETA": mark("GRETA: Group of Experts on Action against Trafficking in Human Beings."),
        "SPAK": mark("SPAK: Special Structure against Corruption and Organized Crime, in Albania."),
    }
)
"""Meanings of abbreviations in titles and words of publishers, which are in Latin letters or translated."""


def explain_publisher_abbreviations(texts: Iterable[str]) -> list[str]:
    """Return the meaning of each abbreviation in some texts; it may have the letters of the reader's language there."""
    present = set(_WORD.findall(" ".join(texts)))
    return [
        meaning
        for name, meaning in _ABBREVIATIONS.items()
        if present & {name, *_WORD.findall(meaning.partition(":")[0])}
    ]


def split_remark(title: str) -> tuple[str, str]:
    """Return the title without our remark, and the remark as a sentence; empty if there is none."""
    for wording, remark in _OF_TITLES.items():
        if wording in title:
            return title.replace(wording, "", 1), remark
    return title, ""


def split_ending(text: str) -> tuple[str, str]:
    """Return a text without the remark that a release has at its end, and the remark in the reader's language."""
    for wording, remark in _AT_THE_END.items():
        if text.endswith(wording):
            return text.removesuffix(wording).rstrip(), remark
    return text, ""


def has_statement(text: str) -> bool:
    """Return False for a text of a release that only names an office and says that its source is not verified."""
    statement, remark = split_ending(text)
    return not (remark and statement.endswith(":"))


def split_sentences(text: str) -> list[str]:
    """Return the sentences of a remark, each of which is a text of the catalogues."""
    return [sentence for sentence in _NEXT_SENTENCE.split(text) if sentence]


def translate_remark(text: str) -> list[Piece]:
    """Return our remark on a figure of others, sentence by sentence in the reader's language, or in English without a
    translation.

    A release has several remarks as one text.
    """
    if not text or current_language() == SOURCE_LANGUAGE:
        return [(translate_message(text), SOURCE_LANGUAGE)] if text else []
    pieces: list[Piece] = []
    for sentence in split_sentences(text):
        quoted = _WITH_ITS_AUTHOR.fullmatch(sentence)
        remark = f"{quoted['remark']}." if quoted is not None else sentence
        translation = tell(remark)  # marked in the declarations of reference figures
        if translation == remark:
            pieces.append((sentence, SOURCE_LANGUAGE))
        elif quoted is None:
            pieces.append((translation, ""))
        else:
            pieces += _add_author(translation.removesuffix("."), quoted["author"])
    return pieces


def translate_statement(text: str) -> list[Piece]:
    """Return a statement of the declarations of a territory in the reader's language: as a whole, else sentence by
    sentence, or in English without a translation."""
    if not text:
        return []
    statement, remark = split_ending(text)
    if current_language() == SOURCE_LANGUAGE:
        pieces = [(statement, SOURCE_LANGUAGE)]
    elif (whole := tell(statement)) != statement:  # marked in the declarations of territories
        pieces = [(whole, "")]
    else:
        pieces = [piece for sentence in split_sentences(statement) for piece in translate_words(sentence)]
    return [piece for piece in (*pieces, (remark, "")) if piece[0]]


def translate_note(text: str) -> list[Piece]:
    """Return a note of a territory in the reader's language; that of an office begins with its name and a colon."""
    name, has_name, note = text.partition(": ")
    if not has_name or current_language() == SOURCE_LANGUAGE:
        return translate_statement(text)
    [(translated_name, language)] = translate_words(name)
    if language:
        return translate_statement(text)
    return [(f"{translated_name}:", ""), *translate_statement(note)]


def _add_author(remark: str, author: str) -> list[Piece]:
    """Return a remark with the body that gives it in brackets before the full stop."""
    [(name, language)] = translate_words(author)
    return [(f"{remark} ({name}).", "")] if not language else [(remark, ""), (f"({name}).", language)]


def translate_words(text: str) -> list[Piece]:
    """Return words of a publisher or of a declaration in the reader's language, or in English without a translation."""
    if not text:
        return []
    translation = tell(text)  # marked in the declarations of reference figures and of territories
    return [(translation, "" if translation != text else SOURCE_LANGUAGE)]


def describe_breakdown(text: str) -> list[Piece]:
    """Return the words of a publisher for the part of a whole in brackets, in the reader's language.

    A declared text is translated as a whole, one of an imported table in two parts: dimension and category.
    """
    if not text:
        return []
    [(whole, language)] = translate_words(text)
    dimension, has_category, category = text.partition(": ")
    if not has_category or language in ("", current_language()):
        return [(f"({whole})", language)]
    pieces = [*translate_words(dimension), *translate_words(category)]
    if any(language == SOURCE_LANGUAGE for _, language in pieces):
        (name, of_name), (part, of_part) = pieces
        return [(f"({name}:", of_name), (f"{part})", of_part)]
    return [(f"({': '.join(name for name, _ in pieces)})", "")]
