"""One spelling for matching words of people: Latin letters without marks, whatever script they were written in."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from pipelines.core.text.folding import fold

_CYRILLIC = {
    **dict(zip("абвгдезијклмнопрстуфх", "abvgdezijklmnoprstufh", strict=True)),
    "ђ": "đ", "ж": "ž", "љ": "lj", "њ": "nj", "ћ": "ć", "ц": "c", "ч": "č", "џ": "dž", "ш": "š",
    "ѓ": "gj", "ќ": "kj", "ѕ": "dz", "ѐ": "e", "ѝ": "i", "й": "j", "ы": "i", "ь": "", "ъ": "a", "щ": "št",
    "ю": "ju", "я": "ja", "э": "e", "ё": "jo",
}  # fmt: skip
_TABLE = str.maketrans(_CYRILLIC)
# Without marks đ is written dj or d, ѓ gj or g: one of each pair stands for both.
_PAIRS = (("dj", "d"), ("gj", "g"), ("kj", "k"))
_OTHER = re.compile(r"[^a-z0-9]+")


@lru_cache(maxsize=65536)
def spelled(text: str) -> str:
    """Words of a text in small Latin letters and digits, without marks, one space between them."""
    plain = fold(text)
    if not plain.isascii():
        latin = plain.translate(_TABLE).replace("đ", "d")
        plain = "".join(c for c in unicodedata.normalize("NFKD", latin) if not unicodedata.combining(c))
    for written, kept in _PAIRS:
        plain = plain.replace(written, kept)
    return _OTHER.sub(" ", plain).strip()
