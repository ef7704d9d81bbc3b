"""Cite a release, or one table of it."""

from __future__ import annotations

from datetime import date

from pipelines.core.i18n import mark
from pipelines.words.formatting import Row
from pipelines.words.language import tell
from pipelines.words.terms import format_day

COVERAGE_IN_TABLES = mark("Each table gives the coverage of its regional figures.")
"""Coverage in the citation of a page whose tables do not all cover the same territories."""
REGIONAL_COVER = mark("Territories in the regional figures: {cover}.")
"""Period and coverage in the citation of a page whose tables have the same regional figures."""
RECORDS_COVER = mark("Lengths of sentences from case records: {cover}.")
"""Period and coverage in the citation of the page on sentences."""
DEMONSTRATION = mark("Demonstration data: all our own figures are invented.")
OWN_DEMONSTRATION = mark(
    "Demonstration data: all our own figures are invented. Figures of other publishers are real unless marked invented."
)
"""Notice on a page, or of a file, that has figures of other publishers too."""
OF_OTHERS = mark("Figures of other publishers are shown as they were published, small ones too.")


def cite_release(release: Row, *, is_ours: bool = True) -> str:
    """Return the citation of the edition; `is_ours` is false next to figures of other publishers, which are real."""
    sentences = [tell("Regional trafficking indicators, release {release}.", release=release["release"])]
    notice = DEMONSTRATION if is_ours else OWN_DEMONSTRATION
    return " ".join([*sentences, *([tell(notice)] if release["demonstration"] else [])])  # marked above


def describe_path(path: str) -> str:
    """Return the path of a page in words, for files that are made where the public address is not known."""
    return tell("Path on the website of the publisher: {path}", path=path)


def cite_table(release: Row, title: str, coverage: str, address: str, day: date) -> str:
    """Return the citation of one table: publisher, title, coverage, release, address and day of access."""
    notice = tell(DEMONSTRATION) if release["demonstration"] else ""
    return f"{describe_table(release, title, coverage, notice)} {cite_address(address, day)}"


def describe_table(release: Row, title: str, coverage: str, notice: str) -> str:
    """Return the citation of one table without its address; `notice` is that of a demonstration, or empty."""
    sentence = tell(
        "Regional trafficking indicators: {title}. Coverage: {coverage}. Release {release}.",
        title=title,
        coverage=coverage,
        release=release["release"],
    )
    return f"{sentence} {notice}".strip()


def cite_address(address: str, day: date) -> str:
    """Return an address with the day on which it was read, for the end of a citation."""
    return tell("{address} (accessed {day}).", address=address, day=format_day(day))
