"""Serbian Latin from Serbian Cyrillic, letter by letter."""

from __future__ import annotations

import re

_SINGLE = dict(zip("абвгдђежзијклмнопрстћуфхцчш", "abvgdđežzijklmnoprstćufhcčš", strict=True))
_DOUBLE = {"љ": "lj", "њ": "nj", "џ": "dž"}
_LOWER = _SINGLE | _DOUBLE
_UPPER = {c.upper(): latin.upper() for c, latin in _SINGLE.items()}
_PLACEHOLDER = re.compile(r"(\{[^{}]*\})")


def _letters(text: str) -> str:
    out: list[str] = []
    for position, letter in enumerate(text):
        if letter.lower() in _DOUBLE and letter.isupper():
            # A capital digraph is Lj at the start of a word and LJ inside one written in capitals.
            around = text[max(0, position - 1) : position] + text[position + 1 : position + 2]
            pair = _DOUBLE[letter.lower()]
            out.append(pair.upper() if any(c.isupper() for c in around) else pair.capitalize())
        else:
            out.append(_LOWER.get(letter) or _UPPER.get(letter) or letter)
    return "".join(out)


def latin(text: str) -> str:
    """A Serbian text in Latin letters; what stands in `{braces}`, and every letter that is not Cyrillic, stays."""
    parts = _PLACEHOLDER.split(text)
    return "".join(part if part.startswith("{") and part.endswith("}") else _letters(part) for part in parts)
