"""Reduce personal names and other words to plain Latin letters, so that they match across scripts and diacritics."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from pipelines.core.text.folding import fold_text

_CYRILLIC = {
    **dict(zip("абвгдезијклмнопрстуфх", "abvgdezijklmnoprstufh", strict=True)),
    "ђ": "đ", "ж": "ž", "љ": "lj", "њ": "nj", "ћ": "ć", "ц": "c", "ч": "č", "џ": "dž", "ш": "š",
    "ѓ": "gj", "ќ": "kj", "ѕ": "dz", "ѐ": "e", "ѝ": "i", "й": "j", "ы": "i", "ь": "", "ъ": "a", "щ": "št",
    "ю": "ju", "я": "ja", "э": "e", "ё": "jo",
}  # fmt: skip
_TABLE = str.maketrans(_CYRILLIC)
# Without diacritics đ is written dj or d, and ѓ gj or g; reduce both spellings to the single letter.
_PAIRS = (("dj", "d"), ("gj", "g"), ("kj", "k"))
_OTHER = re.compile(r"[^a-z0-9]+")


@lru_cache(maxsize=65536)
def fold_to_latin(text: str) -> str:
    """Return the words of a text in lower-case Latin letters and digits, without diacritics, separated by one space."""
    plain = fold_text(text)
    if not plain.isascii():
        latin = plain.translate(_TABLE).replace("đ", "d")
        plain = "".join(c for c in unicodedata.normalize("NFKD", latin) if not unicodedata.combining(c))
    for digraph, letter in _PAIRS:
        plain = plain.replace(digraph, letter)
    return _OTHER.sub(" ", plain).strip()
