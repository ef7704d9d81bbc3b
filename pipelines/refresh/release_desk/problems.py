"""Hold what a check found about a territory or office in codes, so that a page can use the names of its reader."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from pipelines.core.i18n import mark

NOT_ASSESSED: Final = mark("not assessed")


@dataclass(frozen=True, order=True)
class AreaProblem:
    """A problem of a territory, part of one, or office. Its text has the codes, as commands and JSON show them.

    `codes` are pairs of a code list and a code; `note` is a marked text, a number or a year.
    """

    area: str
    office: str = ""
    codes: tuple[tuple[str, str], ...] = ()
    period: str = ""
    note: str = ""

    def __str__(self) -> str:
        text = ", ".join(filter(None, (self.office or self.area, *(code for _, code in self.codes), self.period)))
        return f"{text}: {self.note}" if self.note else text


Problem = str | AreaProblem
