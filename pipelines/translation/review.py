"""Generate the table of reviewed translations in `REVIEW.md` from the catalogues."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pipelines.core import i18n
from pipelines.translation import catalogues

BEGIN, END = "<!-- table -->", "<!-- end of table -->"
DRAFTED = """
The Bosnian, Serbian and Montenegrin texts were drafted together from one draft, each with its own vocabulary. The
Albanian, Croatian and Macedonian texts were translated directly from English. {unread}
"""
UNREAD = "No native speaker has read any of them."
"""Origin of the texts, written below the table; the last sentence only while no text is reviewed."""
PATH = i18n.FOLDER / "REVIEW.md"


@dataclass(frozen=True)
class LanguageReview:
    """How many texts of a language there are, how many of them are reviewed, and by whom."""

    language: str
    n_texts: int
    n_reviewed: int
    reviewers: tuple[str, ...]


def read_review(language: str) -> LanguageReview:
    """Return the reviews of a language from the comments of its catalogue, with the reviewers sorted by name."""
    messages = catalogues.index_messages(catalogues.read_language(language)).values()
    comments = [comment.strip() for message in messages for comment in message.user_comments]
    reviewers = {
        comment[len(catalogues.REVIEWED) :].strip()
        for comment in comments
        if comment.lower().startswith(catalogues.REVIEWED)
    }
    n_reviewed = sum(map(catalogues.is_reviewed, messages))
    return LanguageReview(language, len(messages), n_reviewed, tuple(sorted(reviewers)))


def format_table(reviews: Sequence[LanguageReview]) -> str:
    """Format the table of texts, reviewed texts and reviewers, one row per language."""
    lines = ["| language | texts | reviewed | by whom |", "|---|---:|---:|---|"]
    for review in reviews:
        name, reviewers = i18n.LANGUAGE_NAMES[review.language], "; ".join(review.reviewers) or "nobody"
        lines.append(f"| {name} (`{review.language}`) | {review.n_texts} | {review.n_reviewed} | {reviewers} |")
    return "\n".join(lines)


def update_table(page: str, languages: Sequence[str]) -> str:
    """Return the page with its table and the paragraph on the origin of the texts regenerated.

    Raises ValueError if the page has lost the marks of the table.
    """
    before, begin, remainder = page.partition(BEGIN)
    _, end, after = remainder.partition(END)
    if not begin or not end:
        raise ValueError(f"{PATH.name} needs the lines '{BEGIN}' and '{END}' around its table")
    # Reading a catalogue takes as long as everything else here.
    reviews = [read_review(language) for language in languages]
    unread = not any(review.n_reviewed for review in reviews)
    drafted = DRAFTED.format(unread=UNREAD if unread else "").rstrip()
    return f"{before}{BEGIN}\n{format_table(reviews)}\n{drafted}\n{END}{after}"
