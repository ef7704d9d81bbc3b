"""The margins in which offices report victims and suspects: the combinations that a list or cube contains."""

from __future__ import annotations

from collections.abc import Sequence

Codes = dict[str, str]
EXPLOITATION = ("sexual", "labour", "begging", "criminality", "marriage", "organs", "other", "multiple", "_U")
CITIZENSHIP = ("own", "region", "eu", "other", "stateless", "_U")


def victim_margins(
    ages: Sequence[str], *, exploitation: Sequence[str] = EXPLOITATION, citizenship: Sequence[str] = CITIZENSHIP
) -> list[Codes]:
    """Return sex by age with all totals, then exploitation, then citizenship group."""
    margins: list[Codes] = [
        {**({} if sex == "_T" else {"sex": sex}), **({} if age == "_T" else {"age": age})}
        for age in ("_T", *ages)
        for sex in ("_T", "M", "F")
    ]
    margins += [{"exploitation": form} for form in exploitation]
    margins += [{"citizenship": group} for group in citizenship]
    return margins
