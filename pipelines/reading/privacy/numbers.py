"""Recognise personal numbers of the region among other numbers by their check digits and dates.

- JMBG, and EMBG in North Macedonia: 13 digits DDMMYYYRRBBBK, one scheme since the Yugoslav law of 1976 (Official
  Gazette SFRY 58/76), kept by Bosnia and Herzegovina, Montenegro, North Macedonia and Serbia, and by Kosovo before its
  own number. YYY are the last three digits of the year; RR is the place of registration (Kosovo 90 to 99, Montenegro
  20 to 29), and all hundred values are in use; K makes the sum with the weights 7 6 5 4 3 2 7 6 5 4 3 2 1 divisible by
  11, and some issuers wrote 0 where K would be 10.
- OIB (Croatia, Official Gazette 60/2008): 11 digits, the last by ISO 7064, MOD 11,10. It contains no date, so one in
  ten numbers of 11 digits passes; no count in a return has that many digits.
- NID (Albania): decade letter (A is 1900), digit of the year, month (+50 for women, +30 and +80 for foreigners), day,
  three digits, and a letter: the value of the first letter plus each digit times its position, modulo 23, in
  WABCDEFGHIJKLMNOPQRSTUV. No official text was found; two independent published implementations agree.
- Personal number of Kosovo: 10 digits, weights 4 3 2 7 6 5 4 3 2, modulo 11. Only one published implementation was
  found, so only whole columns are reported (`scan.py`), never a single number.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date

from pipelines.core import clock

_OLDEST = 1900
_JMBG_WEIGHTS = (7, 6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1)
_KOSOVO_WEIGHTS = (4, 3, 2, 7, 6, 5, 4, 3, 2)
_NID_LETTERS = "WABCDEFGHIJKLMNOPQRSTUV"
_NID_DECADES = "ABCDEFGHIJKLM"
_MONTH_SHIFTS = (0, 30, 50, 80)

_BETWEEN = r"[ .,/'’\-‐‑‒–—_|]?"
"""Separators seen between the groups of a number; all other blanks are normalised first."""
_JMBG = re.compile(r"(?<!\d)(?=(\d\dS\d\dS\d{3}S\d\dS\d{3}S\d)(?!\d))".replace("S", _BETWEEN))
"""Separators must be at the boundaries of the number's parts, so that a row of counts does not match. Candidates may
overlap: `12 0101006500006` has fifteen digits.
"""
_OIB = re.compile(r"(?<!\d)(?<!\d[.,/])\d{11}(?!\d|[.,/]\d)")
_OIB_NAMED = re.compile(rf"(?:\boib|\bhr)\W{{0,3}}(\d(?:{_BETWEEN}\d){{10}})(?!\d)", re.IGNORECASE)
"""One in ten numbers passes the check of the OIB, so a number in groups counts only if it is labelled as one."""
_NID = re.compile(r"(?<![^\W_])[A-M]\d{8}[A-W](?![^\W_])", re.IGNORECASE)
_DIGEST = re.compile(r"(?<![^\W_])(?=\d*[a-f])(?:[0-9a-f]{64}|[0-9a-f]{40}|[0-9a-f]{32})(?![^\W_])", re.IGNORECASE)
"""SHA-256, SHA-1 or MD5 of a file. One SHA-256 in a few hundred has eleven digits in a row that pass the check of the
OIB, and the copy of a workbook with its findings names the SHA-256 of the workbook."""
_DIGITS = re.compile(r"(?:\D*+\d){8}")
"""No number of a scheme has fewer digits; a register has ten thousand texts with fewer."""
_SHORT = re.compile(r"\d{12}(?:[.,]0+)?|\d{3}(?:[ .']\d{3}){3}")


def _is_birth_date(year: int, month: int, day: int) -> bool:
    """Return True for a date on which a person in the records can have been born: 1900 to today."""
    try:
        birthday = date(year, month, day)
    except ValueError:
        return False
    return year >= _OLDEST and birthday <= clock.now().date()


def is_jmbg(digits: str) -> bool:
    """Return True for a JMBG or EMBG: 13 digits with a date of birth and a check digit."""
    if len(digits) != 13 or not (digits.isascii() and digits.isdigit()):
        return False
    day, month, year = int(digits[:2]), int(digits[2:4]), int(digits[4:7])
    if not _is_birth_date(year + (1000 if year >= 900 else 2000), month, day):
        return False
    total = sum(w * int(d) for w, d in zip(_JMBG_WEIGHTS[:12], digits[:12], strict=True))
    return -total % 11 % 10 == int(digits[12])


def is_oib(digits: str) -> bool:
    """Return True for an OIB: 11 digits by ISO 7064, MOD 11,10."""
    if len(digits) != 11 or not (digits.isascii() and digits.isdigit()) or digits[0] * 11 == digits:
        return False
    check = 10
    for digit in digits[:10]:
        check = (check + int(digit)) % 10 or 10
        check = check * 2 % 11
    return (11 - check) % 10 == int(digits[10])


def is_nid(text: str) -> bool:
    """Return True for a NID: a letter, eight digits with a date of birth, and a check letter."""
    text = text.upper()
    if len(text) != 10 or not text.isascii() or text[0] not in _NID_DECADES or not text[1:9].isdigit():
        return False
    year, coded, day = 1900 + 10 * _NID_DECADES.index(text[0]) + int(text[1]), int(text[2:4]), int(text[4:6])
    if not any(_is_birth_date(year, coded - shift, day) for shift in _MONTH_SHIFTS):
        return False
    total = _NID_LETTERS.index(text[0]) + sum(n * int(digit) for n, digit in enumerate(text[1:9], start=1))
    return _NID_LETTERS[total % 23] == text[9]


def is_kosovo(digits: str) -> bool:
    """Return True for Kosovo's personal number: ten digits with a check digit. One in ten numbers passes; see above."""
    if len(digits) != 10 or not (digits.isascii() and digits.isdigit()) or digits[0] == "0":
        return False
    check = -sum(w * int(d) for w, d in zip(_KOSOVO_WEIGHTS, digits[:9], strict=True)) % 11 % 10
    return check == int(digits[9])


def scheme_in(text: str) -> str | None:
    """Return the scheme of a personal number in a text, None if there is none."""
    if text.isascii() and _DIGITS.match(text) is None:
        return None
    plain = _DIGEST.sub(" ", _normalize_text(text))
    if any(is_jmbg(_keep_digits(match[1])) for match in _JMBG.finditer(plain)):
        return "JMBG/EMBG"
    if _SHORT.fullmatch(plain.strip()) and is_jmbg(_keep_digits(plain.strip()[:15])[:12].zfill(13)):
        # A table that was saved as text after the spreadsheet had removed the leading zero.
        return "JMBG/EMBG"
    if any(is_oib(match[0]) for match in _OIB.finditer(plain)):
        return "OIB"
    if any(is_oib(_keep_digits(match[1])) for match in _OIB_NAMED.finditer(plain)):
        return "OIB"
    return "NID" if any(is_nid(match[0]) for match in _NID.finditer(plain)) else None


def _normalize_text(text: str) -> str:
    """Normalise a text: fullwidth digits to ASCII, every blank to a space, invisible characters removed."""
    if text.isascii():
        return text.replace("\t", " ")
    visible = "".join(c for c in unicodedata.normalize("NFKC", text) if unicodedata.category(c) != "Cf")
    return "".join(" " if c.isspace() else c for c in visible)


def _keep_digits(text: str) -> str:
    return "".join(c for c in text if c.isdigit())


def scheme_of(number: float) -> str | None:
    """Return the scheme of a number stored as a number, whose leading zeros the spreadsheet has removed."""
    if number != int(number) or not 10**9 < number < 10**13:
        return None
    digits = str(int(number))
    if len(digits) in (12, 13) and is_jmbg(digits.zfill(13)):
        return "JMBG/EMBG"
    return "OIB" if is_oib(digits) else None
