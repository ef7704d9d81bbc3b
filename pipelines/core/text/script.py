"""Transliterate Serbian Cyrillic to Serbian Latin, letter by letter."""

from __future__ import annotations

import re

_SINGLE = dict(zip("абвгдђежзијклмнопрстћуфхцчш", "abvgdđežzijklmnoprstćufhcčš", strict=True))
_DOUBLE = {"љ": "lj", "њ": "nj", "џ": "dž"}
_LOWER = _SINGLE | _DOUBLE
_UPPER = {c.upper(): latin.upper() for c, latin in _SINGLE.items()}
_PLACEHOLDER = re.compile(r"(\{[^{}]*\})")


def _transliterate(text: str) -> str:
    letters: list[str] = []
    for position, letter in enumerate(text):
        if letter.lower() in _DOUBLE and letter.isupper():
            # Љ becomes Lj at the start of a word, but LJ in a word written in capitals.
            neighbours = text[max(0, position - 1) : position] + text[position + 1 : position + 2]
            pair = _DOUBLE[letter.lower()]
            letters.append(pair.upper() if any(c.isupper() for c in neighbours) else pair.capitalize())
        else:
            letters.append(_LOWER.get(letter) or _UPPER.get(letter) or letter)
    return "".join(letters)


def transliterate_serbian(text: str) -> str:
    """Transliterate a Serbian text to Latin; `{placeholders}` and letters that are not Cyrillic stay unchanged."""
    parts = _PLACEHOLDER.split(text)
    return "".join(part if part.startswith("{") and part.endswith("}") else _transliterate(part) for part in parts)
