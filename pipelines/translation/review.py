"""Who has read the translations: the table in `REVIEW.md`, made from the catalogues."""

from __future__ import annotations

from collections.abc import Sequence

from pipelines.core import i18n
from pipelines.translation import catalogues

BEGIN, END = "<!-- table -->", "<!-- end of table -->"
DRAFTED = """
The Bosnian, Serbian and Montenegrin texts were drafted together from one draft, each with its own list of words; the
Albanian, Croatian and Macedonian ones directly from the English. {unread}
"""
UNREAD = "None of them was read by a native speaker."
"""How the texts came about, said under the table; the last sentence as long as no text is reviewed."""
PATH = i18n.FOLDER / "REVIEW.md"


def reviewers(language: str) -> list[str]:
    """Who has reviewed texts of a language, as their comments say it."""
    found = set()
    for message in catalogues.entries(catalogues.read_language(language)).values():
        for comment in message.user_comments:
            if comment.strip().lower().startswith(catalogues.REVIEWED):
                found.add(comment.strip()[len(catalogues.REVIEWED) :].strip())
    return sorted(found)


def table(languages: Sequence[str]) -> str:
    """The table of texts, reviewed texts and reviewers, a language a row."""
    lines = ["| language | texts | reviewed | by whom |", "|---|---:|---:|---|"]
    for language in languages:
        done, total = catalogues.count_reviewed(language)
        who = "; ".join(reviewers(language)) or "nobody"
        lines.append(f"| {i18n.LANGUAGE_NAMES[language]} (`{language}`) | {total} | {done} | {who} |")
    return "\n".join(lines)


def with_table(page: str, languages: Sequence[str]) -> str:
    """The page with its table made anew, and under it how the texts came about.

    Raises ValueError where the page has lost the marks of the table.
    """
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{PATH.name} needs the lines '{BEGIN}' and '{END}' around its table")
    unread = not any(catalogues.count_reviewed(language)[0] for language in languages)
    drafted = DRAFTED.format(unread=UNREAD if unread else "").rstrip()
    return f"{before}{BEGIN}\n{table(languages)}\n{drafted}\n{END}{after}"
