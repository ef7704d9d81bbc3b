"""The catalogues as files: template, merging of new texts, and what is wrong with a translation.

Files hold no dates and no line numbers: the same texts give the same bytes, and a moved line changes no catalogue.
"""

from __future__ import annotations

import io
import string
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines.core import i18n
from pipelines.translation.extraction import Text

REVIEWED = "reviewed:"
"""A translator's comment that begins so says who read the text, and when: `# reviewed: <who>, <date>`."""

_SLAVIC = "nplurals=3; plural=(n%10==1 && n%100!=11 ? 0 : n%10>=2 && n%10<=4 && (n%100<12 || n%100>14) ? 1 : 2);"
PLURALS = {
    "sq": "nplurals=2; plural=(n != 1);",
    "bs": _SLAVIC,
    "hr": _SLAVIC,
    "sr": _SLAVIC,
    "cnr": _SLAVIC,
    "mk": "nplurals=2; plural=(n%10==1 && n%100!=11 ? 0 : 1);",
}
"""Plural forms of each language; those of `sq` alone have a form for nothing but 1."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with one text in one language."""

    language: str
    what: str
    text: str

    def __str__(self) -> str:
        return f"{self.language}: {self.what}: {self.text!r}"


@dataclass(frozen=True, slots=True)
class Status:
    """How far a catalogue is: texts there are, those translated, those that a speaker has reviewed."""

    language: str
    texts: int
    translated: int
    reviewed: int


def path_of(language: str) -> Path:
    """Where a language's catalogue lies."""
    return i18n.FOLDER / language / "LC_MESSAGES" / f"{i18n.DOMAIN}.po"


def form_count(language: str) -> int:
    """How many plural forms a language has."""
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


def _empty(language: str | None) -> Any:
    from babel.messages.catalog import Catalog

    return read(io.BytesIO(_header(language).encode())) if language else Catalog(domain=i18n.DOMAIN)


def read(handle: Any) -> Any:
    """A catalogue from a file; its plural forms are those of its header (Babel knows no Montenegrin)."""
    from babel.messages.pofile import read_po

    return read_po(handle, locale=None, domain=i18n.DOMAIN)


def read_language(language: str) -> Any:
    """The catalogue of a language, or an empty one where there is none yet."""
    path = path_of(language)
    if not path.is_file():
        return _empty(language)
    with path.open("rb") as handle:
        return read(handle)


def entries(catalogue: Any) -> dict[str, Any]:
    """Messages by source text (the singular of a plural), without the header."""
    return {_one(message): message for message in catalogue if message.id}


def _one(message: Any) -> str:
    return str(message.id[0] if isinstance(message.id, (list, tuple)) else message.id)


def forms(message: Any) -> list[str]:
    """The translation in all its forms; empty texts where it is not translated."""
    return (
        [str(form) for form in message.string] if isinstance(message.string, (list, tuple)) else [message.string or ""]
    )


def _write(path: Path, catalogue: Any, language: str) -> None:
    from babel.messages.pofile import write_po

    out = io.BytesIO()
    write_po(out, catalogue, omit_header=True, sort_output=True, width=100, include_lineno=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(_header(language).encode() + out.getvalue().strip() + b"\n")


def _add(catalogue: Any, text: Text, string: Any = None, comments: Sequence[str] = ()) -> None:
    catalogue.add(
        text.one if text.other is None else (text.one, text.other),
        string,
        locations=[(place, None) for place in text.places],
        auto_comments=list(text.rules),
        user_comments=list(comments),
    )


def write_template(path: Path, texts: Iterable[Text]) -> int:
    """Write the template of all texts; returns how many it holds."""
    catalogue = _empty(None)
    for text in texts:
        _add(catalogue, text)
    _write(path, catalogue, "")
    return len(entries(catalogue))


def update(language: str, texts: Sequence[Text], translations: dict[str, Sequence[str]] | None = None) -> Status:
    """Merge the texts there are into a language's catalogue, and write it.

    Translations are kept, those of texts that are no longer said become obsolete entries, and an obsolete entry whose
    text is said again comes back. `translations` (source text -> its forms) replaces what stands in the file; a text
    that changes so has no review any more.
    """
    old = read_language(language)
    kept = {_one(message): message for message in old.obsolete.values()} | entries(old)
    new = _empty(language)
    for text in texts:
        before = kept.pop(text.one, None)
        given = (translations or {}).get(text.one)
        strings = list(given) if given is not None else (forms(before) if before else [])
        wanted = form_count(language) if text.other is not None else 1
        if len(strings) != wanted:
            strings = [""] * wanted
        same = before is not None and forms(before) == strings
        comments = before.user_comments if same else ()
        _add(new, text, strings[0] if text.other is None else tuple(strings), comments)
    for one in sorted(kept):
        if any(forms(kept[one])):
            new.obsolete[one] = kept[one]
    _write(path_of(language), new, language)
    i18n.catalogue.cache_clear()
    return status(language, texts)


def is_reviewed(message: Any) -> bool:
    """Whether a translator's comment says that a speaker of the language has read the text."""
    return any(comment.strip().lower().startswith(REVIEWED) for comment in message.user_comments)


def status(language: str, texts: Sequence[Text]) -> Status:
    """How many of the texts are translated, and how many of these reviewed."""
    found = entries(read_language(language))
    done = [found[text.one] for text in texts if text.one in found and all(forms(found[text.one]))]
    return Status(language, len(texts), len(done), sum(map(is_reviewed, done)))


def placeholders(text: str) -> set[str]:
    """Names of the `{placeholders}` of a text. Raises ValueError for unbalanced braces."""
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def _placeholder_faults(language: str, text: Text, strings: Sequence[str]) -> Iterator[str]:
    for number, form in enumerate(strings):
        wanted = [placeholders(text.one if text.other is None else text.other)]
        if text.other is not None and language == "sq" and number == 0:
            wanted.append(placeholders(text.one))
        try:
            if placeholders(form) not in wanted:
                yield f"placeholders differ in '{form}'"
        except ValueError as error:
            yield f"braces are wrong in '{form}' ({error})"
        if _edges(form) != _edges(text.one):
            # Such a text is put behind another: without its blank the two stand glued together.
            yield f"does not begin and end with a blank where the source does: '{form}'"


def _edges(text: str) -> tuple[bool, bool]:
    return text[:1].isspace(), text[-1:].isspace()


def check(language: str, texts: Sequence[Text]) -> list[Fault]:
    """Texts that are missing, whose placeholders differ, or that are no longer said, in one language."""
    found = entries(read_language(language))
    faults: list[Fault] = []
    for text in texts:
        message = found.pop(text.one, None)
        if message is None:
            faults.append(Fault(language, "not in the catalogue", text.one))
            continue
        strings = forms(message)
        if not all(strings):
            faults.append(Fault(language, "not translated", text.one))
        elif len(strings) != (form_count(language) if text.other is not None else 1):
            faults.append(Fault(language, "the number of plural forms is wrong", text.one))
        else:
            faults += [Fault(language, what, text.one) for what in _placeholder_faults(language, text, strings)]
    return faults + [Fault(language, "no longer said", one) for one in found]


def count_reviewed(language: str) -> tuple[int, int]:
    """Return how many texts of a language a speaker of it has reviewed, and how many texts there are."""
    messages = entries(read_language("sr" if language == i18n.SERBIAN_LATIN else language))
    return sum(map(is_reviewed, messages.values())), len(messages)
