"""Generate the table of reviewed translations in `REVIEW.md` from the catalogues."""

from __future__ import annotations

from collections.abc import Sequence

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


def list_reviewers(language: str) -> list[str]:
    """Return the reviewers of a language as named in the comments of its catalogue, sorted."""
    names = set()
    for message in catalogues.index_messages(catalogues.read_language(language)).values():
        for comment in message.user_comments:
            if comment.strip().lower().startswith(catalogues.REVIEWED):
                names.add(comment.strip()[len(catalogues.REVIEWED) :].strip())
    return sorted(names)


def format_table(languages: Sequence[str]) -> str:
    """Format the table of texts, reviewed texts and reviewers, one row per language."""
    lines = ["| language | texts | reviewed | by whom |", "|---|---:|---:|---|"]
    for language in languages:
        n_reviewed, total = catalogues.count_reviewed(language)
        names = "; ".join(list_reviewers(language)) or "nobody"
        lines.append(f"| {i18n.LANGUAGE_NAMES[language]} (`{language}`) | {total} | {n_reviewed} | {names} |")
    return "\n".join(lines)


def update_table(page: str, languages: Sequence[str]) -> str:
    """Return the page with its table and the paragraph on the origin of the texts regenerated.

    Raises ValueError if the page has lost the marks of the table.
    """
    before, begin, remainder = page.partition(BEGIN)
    _, end, after = remainder.partition(END)
    if not begin or not end:
        raise ValueError(f"{PATH.name} needs the lines '{BEGIN}' and '{END}' around its table")
    unread = not any(catalogues.count_reviewed(language)[0] for language in languages)
    drafted = DRAFTED.format(unread=UNREAD if unread else "").rstrip()
    return f"{before}{BEGIN}\n{format_table(languages)}\n{drafted}\n{END}{after}"
