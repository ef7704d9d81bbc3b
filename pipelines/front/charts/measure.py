"""Estimate the width of text, and break text into lines.

A picture cannot know the font of its reader. The widths are those of Liberation Sans (metrics of Arial and Helvetica)
with an allowance for wider fonts, so that text which fits here fits in the usual fonts of every system.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache

from pipelines.words.line_breaks import unbroken_labels, unbroken_titles

_ALLOWANCE = 1.18
"""DejaVu Sans, which Linux takes without other fonts, was up to 1.19 times as wide in 338 texts of pictures."""
_BOLD = 1.08
_OTHER = 600
_WIDTHS = {
    letter: width
    for width, letters in {
        222: "ijlіј'|", 278: " !,./:;I[]tftІ\u00a0\u202f\u2009", 333: "()-`r“”{}‘’", 365: "\"гѓ*", 438: "кќзт^",
        500: "JcksvxyzЈсухѕўэєчь", 540: "вЃГпянџ", 556: "#$0123456789?L_abdeghnopquаеорѐёђћ–†‡§ий",
        584: "+<=>~−×ЌКлдЗбц",
        611: "FTZТ", 656: "БЛЬЎУъ", 667: "&ABEKPSVXYАВЕРХЧжДмЅ", 722: "CDHNRUwНСЯИЙПЭыЏю", 778: "GOQОФЦ", 812: "шњЪ",
        833: "MmМфщ", 860: "ЋЂЫ%", 917: "љШЖЩ", 944: "WЊЮЉ…—@",
    }.items()
    for letter in letters
}  # fmt: skip
"""Thousandths of the font size; letters with a mark are as wide as their base letter."""


@lru_cache(maxsize=4096)
def measure_text(text: str, size: float, *, is_bold: bool = False) -> float:
    """Return the width of a line of text in pixels."""
    units = sum(_measure_letter(letter) for letter in text)
    return units * size / 1000 * _ALLOWANCE * (_BOLD if is_bold else 1)


def _measure_letter(letter: str) -> int:
    if letter in _WIDTHS:
        return _WIDTHS[letter]
    return _WIDTHS.get(unicodedata.normalize("NFKD", letter)[0], _OTHER)


def wrap_text(text: str, width: float, size: float, *, is_bold: bool = False) -> list[str]:
    """Return the text in lines that fit a width; a word that is too long is cut."""
    return list(_wrap(text, width, size, is_bold, unbroken_labels()))


def wrap_title(title: str, width: float, size: float) -> list[str]:
    """Return a title in bold lines that fit a width; no line ends with a short word (see `unbroken_titles`)."""
    return list(_wrap(title, width, size, True, unbroken_titles()))


def measure_longest_word(texts: Iterable[str], size: float) -> float:
    """Return the width of the longest word of some texts; a day or a figure is one word (see `unbroken_labels`)."""
    words = (word for text in texts for word in _split_words(text, unbroken_labels(), lambda word: True))
    return max((measure_text(word, size) for word in words), default=0.0)


def balance_text(text: str, width: float, size: float) -> list[str]:
    """Return the text in as few lines as fit a width, all about as long: no line has a single word that others have
    room for."""
    lines = wrap_text(text, width, size)
    while len(lines) > 1:
        longest = max(measure_text(line, size) for line in lines)
        narrower = wrap_text(text, longest - 1, size)
        if len(narrower) > len(lines) or " ".join(narrower) != " ".join(lines):  # or a word was cut
            break
        lines = narrower
    return lines


@lru_cache(maxsize=4096)
def _wrap(text: str, width: float, size: float, is_bold: bool, pattern: re.Pattern[str]) -> tuple[str, ...]:
    lines: list[str] = []
    for word in _split_words(text, pattern, lambda words: measure_text(words, size, is_bold=is_bold) <= width):
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and measure_text(longer, size, is_bold=is_bold) <= width:
            lines[-1] = longer
            continue
        pieces = _cut_word(word, width, size, is_bold=is_bold)
        lines += pieces
    return tuple(lines) or ("",)


def _split_words(text: str, pattern: re.Pattern[str], fits: Callable[[str], bool]) -> Iterator[str]:
    """Yield the words of a text; what the pattern finds, such as "3 of 4", is one word if it fits a line.

    A range of quarters that does not fit ("2022 Q4–2026 Q3") is two words, the first with its dash.
    """
    start = 0
    for before, after, is_range in _find_wholes(text, pattern):
        wholes = [text[before:after]] if fits(text[before:after]) else []
        if not wholes and is_range:
            wholes = [whole for whole in re.split("(?<=–)", text[before:after]) if fits(whole)]
        if "".join(wholes) == text[before:after]:
            yield from text[start : before - 1].split(" ") if before > start else ()
            yield from wholes
            start = after + 1
    if start <= len(text):
        yield from text[start:].split(" ")


def _find_wholes(text: str, pattern: re.Pattern[str]) -> list[tuple[int, int, bool]]:
    """Return where each part of a text that the pattern finds begins and ends, with the rest of its words, and whether
    it is several that a dash joins."""
    parts: list[tuple[int, int, bool]] = []
    for whole in pattern.finditer(text):
        before = text.rfind(" ", 0, whole.start()) + 1
        after = text.find(" ", whole.end())
        after = after if after >= 0 else len(text)
        if parts and before < parts[-1][1]:
            parts[-1] = (parts[-1][0], after, text[whole.start() - 1] == "–")
        else:
            parts.append((before, after, False))
    return parts


def _cut_word(word: str, width: float, size: float, *, is_bold: bool) -> list[str]:
    """Return a word in pieces that fit the width, each of at least one letter."""
    if measure_text(word, size, is_bold=is_bold) <= width:
        return [word]
    pieces = [""]
    for letter in word:
        if pieces[-1] and measure_text(pieces[-1] + letter, size, is_bold=is_bold) > width:
            pieces.append("")
        pieces[-1] += letter
    return pieces
