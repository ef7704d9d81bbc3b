"""Words that Croatia's offices share: the demonstration mark and the names of periods."""

from __future__ import annotations

from tests.samples.rows import Period

ROMAN = ("I", "II", "III", "IV")
DEMONSTRATION = {"hr": "DEMONSTRACIJSKI PODACI, IZMIŠLJENI", "en": "DEMONSTRATION DATA, INVENTED"}


def quarter_words(period: Period) -> dict[str, str]:
    if period.freq == "A":
        return {"hr": f"{period.code}.", "en": period.code}
    return {"hr": f"{ROMAN[period.quarter - 1]}. tromjesečje {period.year}.", "en": f"Q{period.quarter} {period.year}"}
