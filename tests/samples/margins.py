"""The margins in which offices report victims and suspects: which combinations stand in a list or cube."""

from __future__ import annotations

from collections.abc import Sequence

Said = dict[str, str]
EXPLOITATION = ("sexual", "labour", "begging", "criminality", "marriage", "organs", "other", "multiple", "_U")
CITIZENSHIP = ("own", "region", "eu", "other", "stateless", "_U")


def victim_margins(
    ages: Sequence[str], *, exploitation: Sequence[str] = EXPLOITATION, citizenship: Sequence[str] = CITIZENSHIP
) -> list[Said]:
    """Sex by age with all totals, then exploitation, then citizenship group."""
    out: list[Said] = [
        {**({} if sex == "_T" else {"sex": sex}), **({} if age == "_T" else {"age": age})}
        for age in ("_T", *ages)
        for sex in ("_T", "M", "F")
    ]
    out += [{"exploitation": form} for form in exploitation]
    out += [{"citizenship": group} for group in citizenship]
    return out
