"""HTML of fields as runs of text for a brief."""

from __future__ import annotations

from markupsafe import Markup

from pipelines.front.briefs.richtext import read_runs


def test_read_runs_keeps_marks_badges_and_english_apart_and_drops_what_only_screen_readers_say() -> None:
    field = Markup(
        '<span class="front-badge" aria-hidden="true">few</span><wbr>'
        '1<span class="front-separator">\u202f</span>014'
        '<span class="rti-hidden">, few</span>'
        '<sup class="front-mark">2</sup> <span lang="en">A &amp; B</span>'
    )
    assert read_runs(field) == [
        {"kind": "badge", "text": "few"},
        {"kind": "text", "text": "1\u202f014"},
        {"kind": "mark", "text": "2"},
        {"kind": "text", "text": " "},
        {"kind": "en", "text": "A & B"},
    ]
    missing = Markup('<span class="front-missing">withheld</span>')
    assert read_runs(missing) == [{"kind": "missing", "text": "withheld"}]


def test_read_runs_takes_plain_text_as_it_is() -> None:
    assert read_runs("a < b") == [{"kind": "text", "text": "a < b"}]
    assert read_runs("") == []
