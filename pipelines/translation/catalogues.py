"""Read, update and check the catalogue files, and write the template.

The files contain no dates or line numbers: the same texts give the same bytes, and moved code changes no catalogue.
"""

from __future__ import annotations

import io
import string
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines.core import i18n
from pipelines.translation.extraction import SourceText

REVIEWED = "reviewed:"
"""Prefix of a translator's comment that records a review: `# reviewed: <who>, <date>`."""

_SLAVIC = "nplurals=3; plural=(n%10==1 && n%100!=11 ? 0 : n%10>=2 && n%10<=4 && (n%100<12 || n%100>14) ? 1 : 2);"
PLURALS = {
    "sq": "nplurals=2; plural=(n != 1);",
    "bs": _SLAVIC,
    "hr": _SLAVIC,
    "sr": _SLAVIC,
    "cnr": _SLAVIC,
    "mk": "nplurals=2; plural=(n%10==1 && n%100!=11 ? 0 : 1);",
}
"""Plural forms of each language; only `sq` has a form that is used for 1 alone."""

QUOTES = {"sq": "„“", "bs": "„“", "hr": "„”", "sr": "„“", "cnr": "„“", "mk": "„“"}
"""Opening and closing quotation mark of each language."""
_TYPOGRAPHIC = "„“”«»"
_FUZZY = "fuzzy"
"""Flag by which gettext editors mark a translation as unfinished. A compiled catalogue leaves such texts out, so that
readers would see English."""


@dataclass(frozen=True, slots=True)
class CatalogueFault:
    """A fault of a text in a language."""

    language: str
    what: str
    text: str

    def __str__(self) -> str:
        return f"{self.language}: {self.what}: {self.text!r}"


@dataclass(frozen=True, slots=True)
class Status:
    """Progress of a catalogue: the numbers of texts, of those translated, and of those reviewed by a speaker."""

    language: str
    texts: int
    translated: int
    reviewed: int


def path_of(language: str) -> Path:
    """Return the path of the catalogue of a language."""
    return i18n.FOLDER / language / "LC_MESSAGES" / f"{i18n.DOMAIN}.po"


def form_count(language: str) -> int:
    """Return the number of plural forms of a language."""
    return int(PLURALS[language].split("nplurals=")[1][0])


def _header(language: str) -> str:
    lines = [
        "Project-Id-Version: rti",
        f"Language: {language}",
        f"Plural-Forms: {PLURALS.get(language, 'nplurals=2; plural=(n != 1);')}",
        "MIME-Version: 1.0",
        "Content-Type: text/plain; charset=utf-8",
        "Content-Transfer-Encoding: 8bit",
    ]
    return 'msgid ""\nmsgstr ""\n' + "".join(f'"{line}\\n"\n' for line in lines) + "\n"


def _create_empty(language: str | None) -> Any:
    from babel.messages.catalog import Catalog

    return read_catalogue(io.BytesIO(_header(language).encode())) if language else Catalog(domain=i18n.DOMAIN)


def read_catalogue(handle: Any) -> Any:
    """Read a catalogue from a file, with the plural forms of its header (Babel does not know Montenegrin)."""
    from babel.messages.pofile import read_po

    return read_po(handle, locale=None, domain=i18n.DOMAIN)


def read_language(language: str) -> Any:
    """Read the catalogue of a language; return an empty one if there is none yet."""
    path = path_of(language)
    if not path.is_file():
        return _create_empty(language)
    with path.open("rb") as handle:
        return read_catalogue(handle)


def index_messages(catalogue: Any) -> dict[str, Any]:
    """Return the messages by source text (the singular, if there is a plural), without the header."""
    return {_source_text(message): message for message in catalogue if message.id}


def _source_text(message: Any) -> str:
    return str(message.id[0] if isinstance(message.id, (list, tuple)) else message.id)


def list_forms(message: Any) -> list[str]:
    """Return all forms of a translation; empty strings if it is not translated."""
    return (
        [str(form) for form in message.string] if isinstance(message.string, (list, tuple)) else [message.string or ""]
    )


def _write(path: Path, catalogue: Any, language: str) -> None:
    from babel.messages.pofile import write_po

    buffer = io.BytesIO()
    write_po(buffer, catalogue, omit_header=True, sort_output=True, width=100, include_lineno=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(_header(language).encode() + buffer.getvalue().strip() + b"\n")


def _add(
    catalogue: Any, text: SourceText, string: Any = None, comments: Sequence[str] = (), *, is_fuzzy: bool = False
) -> None:
    catalogue.add(
        text.one if text.other is None else (text.one, text.other),
        string,
        locations=[(place, None) for place in text.places],
        flags=[_FUZZY] if is_fuzzy else [],
        auto_comments=list(text.rules),
        user_comments=list(comments),
    )


def write_template(path: Path, texts: Iterable[SourceText]) -> int:
    """Write the template of all texts; return their number."""
    catalogue = _create_empty(None)
    for text in texts:
        _add(catalogue, text)
    _write(path, catalogue, "")
    return len(index_messages(catalogue))


def update_catalogue(
    language: str, texts: Sequence[SourceText], translations: dict[str, Sequence[str]] | None = None
) -> Status:
    """Merge the current texts into the catalogue of a language and write it.

    Translations are kept; those of removed texts become obsolete entries, and are restored if the text is used again.
    `translations` (source text -> its forms) replaces the translations in the file; a changed translation loses its
    review and its mark as fuzzy. A fuzzy translation of a removed text is dropped, because obsolete entries have no
    marks.
    """
    previous = read_language(language)
    remaining = {_source_text(message): message for message in previous.obsolete.values()} | index_messages(previous)
    merged = _create_empty(language)
    for text in texts:
        before = remaining.pop(text.one, None)
        replacement = (translations or {}).get(text.one)
        strings = list(replacement) if replacement is not None else (list_forms(before) if before else [])
        n_forms = form_count(language) if text.other is not None else 1
        if len(strings) != n_forms:
            strings = [""] * n_forms
        is_unchanged = before is not None and list_forms(before) == strings
        comments = before.user_comments if is_unchanged else ()
        string = strings[0] if text.other is None else tuple(strings)
        _add(merged, text, string, comments, is_fuzzy=is_unchanged and before.fuzzy)
    for source in sorted(remaining):
        if any(list_forms(remaining[source])) and not remaining[source].fuzzy:
            merged.obsolete[source] = remaining[source]
    _write(path_of(language), merged, language)
    i18n.load_catalogue.cache_clear()
    return count_translations(language, texts)


def is_reviewed(message: Any) -> bool:
    """Return True if a translator's comment records a review by a speaker of the language."""
    return any(comment.strip().lower().startswith(REVIEWED) for comment in message.user_comments)


def _is_usable(message: Any) -> bool:
    """Return True if a text is translated in all its forms and not marked as fuzzy, so that readers see it."""
    return all(list_forms(message)) and not message.fuzzy


def count_translations(language: str, texts: Sequence[SourceText]) -> Status:
    """Count the translated texts without fuzzy ones, and the reviewed ones among them."""
    messages = index_messages(read_language(language))
    translated = [messages[text.one] for text in texts if text.one in messages and _is_usable(messages[text.one])]
    return Status(language, len(texts), len(translated), sum(map(is_reviewed, translated)))


def find_placeholders(text: str) -> set[str]:
    """Return the names of the `{placeholders}` of a text. Raises ValueError for unbalanced braces."""
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def _placeholder_faults(language: str, text: SourceText, strings: Sequence[str]) -> Iterator[str]:
    for number, form in enumerate(strings):
        accepted = [find_placeholders(text.one if text.other is None else text.other)]
        if text.other is not None and language == "sq" and number == 0:
            accepted.append(find_placeholders(text.one))
        try:
            if find_placeholders(form) not in accepted:
                yield f"placeholders differ in '{form}'"
        except ValueError as error:
            yield f"braces are wrong in '{form}' ({error})"
        if _has_outer_spaces(form) != _has_outer_spaces(text.one):
            # Such a text is appended to another; without its space the two would run together.
            yield f"does not begin and end with a blank where the source does: '{form}'"
        if _has_other_quotes(language, form):
            yield f"the quotation marks are not {QUOTES[language]}: '{form}'"


def _has_other_quotes(language: str, text: str) -> bool:
    """Return True if a translation has other typographic quotation marks than the pair of its language, or an odd
    number of them. Straight marks are part of commands and file names."""
    pair = QUOTES[language]
    marks = [mark for mark in text if mark in _TYPOGRAPHIC]
    return marks != list(pair) * (len(marks) // 2)


def _has_outer_spaces(text: str) -> tuple[bool, bool]:
    return text[:1].isspace(), text[-1:].isspace()


def find_faults(language: str, texts: Sequence[SourceText]) -> list[CatalogueFault]:
    """Return the faults of a language: missing and fuzzy texts, different placeholders, and translations of removed
    texts."""
    messages = index_messages(read_language(language))
    faults: list[CatalogueFault] = []
    for text in texts:
        message = messages.pop(text.one, None)
        if message is None:
            faults.append(CatalogueFault(language, "not in the catalogue", text.one))
            continue
        strings = list_forms(message)
        if not all(strings):
            faults.append(CatalogueFault(language, "not translated", text.one))
        elif message.fuzzy:
            faults.append(CatalogueFault(language, "marked as fuzzy; check it and remove the mark", text.one))
        elif len(strings) != (form_count(language) if text.other is not None else 1):
            faults.append(CatalogueFault(language, "the number of plural forms is wrong", text.one))
        else:
            faults += [
                CatalogueFault(language, problem, text.one) for problem in _placeholder_faults(language, text, strings)
            ]
    return faults + [CatalogueFault(language, "no longer used", source) for source in messages]
