"""Articles of law in the `law.csv` of each territory, and the row that applies on given days."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

LAW_COLUMNS = (
    "jurisdiction", "article", "paragraph", "spellings", "title_en", "code", "offence", "benefit_element",
    "in_force_from", "in_force_until", "penalty_min_months", "penalty_max_months", "penalty", "status", "source",
    "note",
)  # fmt: skip
_DATE = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?")


@dataclass(frozen=True, slots=True)
class LawArticle:
    """One row of `law.csv`; every column is text as in the file, empty if unknown."""

    row: Mapping[str, str]

    @property
    def jurisdiction(self) -> str:
        return self.row["jurisdiction"]

    @property
    def key(self) -> str:
        """`188` or `110/a`; `350(2)` if the row is for one paragraph."""
        paragraph = self.row["paragraph"]
        return f"{self.row['article']}({paragraph})" if paragraph else self.row["article"]

    @property
    def name(self) -> str:
        """The key, with the law where the key alone does not find the article: `s. 1-2 (UNMIK Regulation 2001/4)`."""
        return self.key if self.key[:1].isdigit() else f"{self.key} ({self.row['code']})"

    @property
    def offence(self) -> str:
        return self.row["offence"]

    @property
    def spellings(self) -> tuple[str, ...]:
        """Spellings seen in returns, the one to write first; the key itself if none is given."""
        declared_spellings = tuple(part.strip() for part in self.row["spellings"].split(" | ") if part.strip())
        return declared_spellings or (self.key,)

    def in_force(self, start: date, end: date) -> bool:
        """Return True if the article was in force on any day of a range; unknown start and end dates are open."""
        first, last = partial_date(self.row["in_force_from"]), partial_date(self.row["in_force_until"], end=True)
        return (first is None or first <= end) and (last is None or last >= start)


def partial_date(text: str, *, end: bool = False) -> date | None:
    """Parse `2013`, `2013-06` or `2013-06-01` to its first (or last) day; None for empty text. Raises ValueError."""
    if not text:
        return None
    match = _DATE.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is not a date; write 2013, 2013-06 or 2013-06-01")
    year, month, day = (int(part) if part else None for part in match.groups())
    assert year is not None  # the pattern requires it
    if day and month:
        return date(year, month, day)
    if not end:
        return date(year, month or 1, 1)
    follows = date(year + 1, 1, 1) if month in (None, 12) else date(year, (month or 0) + 1, 1)
    return date.fromordinal(follows.toordinal() - 1)


class Law:
    """The articles of one jurisdiction."""

    def __init__(self, articles: Iterable[LawArticle]) -> None:
        self.articles = tuple(articles)
        self.by_key: dict[str, list[LawArticle]] = {}
        for article in self.articles:
            self.by_key.setdefault(article.key, []).append(article)

    def find_article(self, key: str, start: date, end: date) -> tuple[LawArticle | None, bool]:
        """Return the row of an article for a range of days, and whether it was then in force.

        If none was in force, the newest row is returned; for an unknown article, None. Of several in force the
        one that began last is returned, because an article is not split within a quarter.
        """
        rows = self.by_key.get(key, [])
        if not rows:
            return None, False
        newest = sorted(rows, key=lambda a: a.row["in_force_from"])
        current = [a for a in newest if a.in_force(start, end)]
        return (current[-1], True) if current else (newest[-1], False)
