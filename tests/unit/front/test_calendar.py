"""Tests of the page of the release calendar: announced and published releases, notices, keys."""

from __future__ import annotations

import re

import pytest
from lxml import html

from pipelines.core import i18n
from pipelines.front import build
from pipelines.front.pages.calendar import ReleaseRecord, compose_calendar
from pipelines.front.reader import Reader
from pipelines.publication.releases.calendar import PlannedRelease
from pipelines.publication.releases.correction_notices import CorrectionNotice
from pipelines.publication.releases.preview import PreviewReader
from pipelines.publication.releases.publications import Publication
from pipelines.words.language import read_in
from tests.support.editions import make_edition
from tests.support.whole_figures import allow_breaks

AT, BEFORE = "2026-12-08T09:00:00Z", "2026-12-01T09:00:00Z"
RECORD = ReleaseRecord(
    (
        PlannedRelease("2026-Q4", AT, BEFORE, "An office asked for a week.", (BEFORE,)),
        PlannedRelease("2026-Q3", BEFORE, BEFORE),
    ),
    (
        Publication("2026-Q3", BEFORE, key_id="0123456789abcdef"),
        Publication("2026-Q2", AT, "rollback", "2026-Q3", "the-steward", "Wrong figures."),
    ),
    (CorrectionNotice("MK-correction-1", "2026-Q3", "MK", "2026-Q2", "Cases were counted as persons.", AT),),
    tuple((key, f"release-{key}.pub.pem") for key in ("0123456789abcdef", "fedcba9876543210")),
    (PreviewReader("Ana Anić", "Ministry", "She prepares the press conference.", BEFORE),),
)


def render_calendar(record: ReleaseRecord, language: str) -> str:
    edition = make_edition()
    with read_in(language):
        reader = Reader(edition, language)
        return build._Writer(edition, "style.css", "script.js", build.list_languages()).render_page(
            compose_calendar(reader, record), reader
        )


def test_calendar_lists_announced_and_published_releases_notices_and_keys() -> None:
    page = allow_breaks(render_calendar(RECORD, "en"))
    for words in (
        "8 December 2026, 09:00 UTC", "1 December 2026, 09:00 UTC", "An office asked for a week.",
        "Made current again: Wrong figures.", "Cases were counted as persons.",
        'href="/keys/release-0123456789abcdef.pub.pem">Public key of releases since 1 December 2026<',
        'href="/keys/release-fedcba9876543210.pub.pem">Public key that has not signed a release yet<',
        "She prepares the press conference.", 'href="calendar.ics"', 'href="releases.atom"',
        'href="/releases/2026-Q3/en/"',
    ):  # fmt: skip
        assert words in page
    assert not re.search(r"[0-9a-f]{16}", re.sub("<[^>]*>", "", page)), "no hash is among what a reader reads"
    assert "rti release" not in page and "<code>rti" not in page, "readers of public pages do not type commands"
    assert "can check without a network that no file was changed" in page
    citation = html.fromstring(page).find_class("front-citation")[0].text_content()
    invented = "Demonstration data: all our own figures are invented."
    assert citation == f"Release calendar. Regional trafficking indicators. {invented} /en/calendar.html"
    assert 'data-address="/en/calendar.html"' in page, "printed sheets have the address of the page"


@pytest.mark.parametrize("language", ["sq", "sr-Latn"])
def test_calendar_without_entries_is_written_in_the_language_of_the_reader(language: str) -> None:
    page = render_calendar(ReleaseRecord((), (), (), ()), language)
    assert f'<html lang="{i18n.html_lang(language)}"' in page


def test_lead_does_not_claim_an_announcement_of_a_release_that_had_none() -> None:
    announced, unannounced = Publication("2026-Q3", BEFORE), Publication("2026-Q2", AT)
    records = [ReleaseRecord(RECORD.planned, those, (), ()) for those in ((announced,), (announced, unannounced))]
    every = "is announced with its exact time."
    assert [every in render_calendar(record, "en") for record in records] == [True, False]
    page = render_calendar(records[1], "en")
    assert "shows which of them were not announced" in page and "<td>not announced</td>" in page
