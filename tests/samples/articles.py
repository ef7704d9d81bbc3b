"""Articles whose proceedings are drawn, with their weight and the years in which they are law.

Weights are invented; they only follow the magnitudes wanted for a demonstration.
"""

from __future__ import annotations

from datetime import date
from functools import cache
from typing import NamedTuple


class Article(NamedTuple):
    """`article` as forms write it, `350(2)` where a paragraph is meant; `weight`: persons reported in a quarter."""

    jurisdiction: str
    article: str
    offence: str
    weight: float
    since: date = date.min
    until: date = date.max
    months: tuple[int, int] | None = None
    """Shortest and longest imprisonment drawn; by default that of the kind of offence."""

    @property
    def imprisonment(self) -> tuple[int, int]:
        """Return the range of months from which a prison sentence is drawn; never above the article's own maximum."""
        return self.months or ((3, 66) if self.offence.startswith(("ICCS0805", "TIP_")) else (10, 140))

    def is_valid_on(self, day: date) -> bool:
        return self.since <= day <= self.until


XK_2013, XK_2019 = date(2013, 1, 1), date(2019, 4, 14)

ARTICLES: tuple[Article, ...] = (
    Article("AL", "110/a", "ICCS0204_ADULT", 7.0, months=(60, 180)),
    Article("AL", "110/b", "ICCS0204", 1.0),
    Article("AL", "110/c", "ICCS0204", 0.8),
    Article("AL", "128/b", "ICCS0204_CHILD", 4.0, months=(84, 216)),
    Article("AL", "298", "ICCS08051_NB", 22.0, months=(3, 48)),
    Article("AL", "297", "ICCS08059", 8.0),
    Article("BA_STATE", "185", "ICCS02031", 0.5),
    Article("BA_STATE", "186", "ICCS0204", 4.0),
    Article("BA_STATE", "186a", "ICCS0204", 1.5),
    Article("BA_STATE", "189", "ICCS08051", 26.0),
    Article("BA_STATE", "189a", "ICCS08051", 5.0),
    Article("BA_FED", "210a", "ICCS0204", 5.0),
    Article("BA_FED", "210b", "ICCS0204", 1.0),
    Article("BA_SRP", "198a", "ICCS0204", 4.0, until=date(2016, 12, 31)),
    Article("BA_SRP", "145", "ICCS0204", 3.0, since=date(2017, 1, 1)),
    Article("BA_SRP", "146", "ICCS0204_CHILD", 2.0, since=date(2017, 1, 1)),
    Article("BA_BRC", "207a", "ICCS0204", 1.2),
    Article("BA_BRC", "207b", "ICCS0204", 0.2),
    Article("HR", "105", "ICCS02031", 0.6),
    Article("HR", "106", "ICCS0204", 9.0),
    Article("HR", "326", "ICCS08051_NB", 42.0),
    Article("ME", "444", "ICCS0204", 5.0),
    Article("ME", "445", "ICCS02044", 0.4),
    Article("ME", "446", "ICCS02031", 0.3),
    Article("ME", "405(1)", "ICCS08059", 2.0),
    Article("ME", "405(2)", "ICCS08051", 4.0),
    Article("ME", "405(3)", "ICCS08051", 1.5),
    Article("MK", "418", "ICCS02031", 0.5),
    Article("MK", "418-a", "ICCS0204", 4.0, months=(36, 132)),
    Article("MK", "418-b", "ICCS08051", 30.0),
    Article("MK", "418-c", "TIP_SOM", 1.2),
    Article("MK", "418-d", "ICCS0204_CHILD", 4.0, months=(60, 156)),
    Article("RS", "388", "ICCS0204", 12.0),
    Article("RS", "389", "ICCS02044", 1.0),
    Article("RS", "390", "ICCS02031", 0.6),
    Article("RS", "350(1)", "ICCS08059", 8.0),
    Article("RS", "350(2)", "ICCS08051", 32.0),
    Article("RS", "350(3)", "ICCS08051", 14.0),
    Article("RS", "350(4)", "ICCS08051", 3.0),
    Article("XK", "171", "ICCS0204", 9.0, XK_2013, date(2019, 4, 13)),
    Article("XK", "170", "ICCS08051", 8.0, XK_2013, date(2019, 4, 13)),
    Article("XK", "165", "ICCS0204", 9.0, XK_2019),
    Article("XK", "166", "TIP_RELATED", 1.0, XK_2019),
    Article("XK", "164", "ICCS08051", 9.0, XK_2019),
)


def list_articles(jurisdiction: str) -> list[Article]:
    """Return the articles of one jurisdiction in the order of its returns."""
    return [article for article in ARTICLES if article.jurisdiction == jurisdiction]


@cache
def find_offence(jurisdiction: str, article: str) -> str:
    """Return the offence code of an article; raise KeyError if there is none."""
    for row in ARTICLES:
        if (row.jurisdiction, row.article) == (jurisdiction, article):
            return row.offence
    raise KeyError((jurisdiction, article))
