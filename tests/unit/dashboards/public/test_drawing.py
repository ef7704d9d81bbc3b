"""Tests of the parts of pages that are composed once and drawn for each reader."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest

from dashboards.public import drawing, problems
from dashboards.public.queries import OutdatedReleaseError
from pipelines.core.result_cache import ResultCache
from pipelines.words.language import current_language, read_in

Drawn = list[tuple[str, str]]


class _Page:
    """Records what is drawn instead of drawing it."""

    def __init__(self) -> None:
        self.drawn: Drawn = []

    def markdown(self, text: str, **options: object) -> None:
        self.drawn.append(("text", text))

    def html(self, text: str) -> None:
        self.drawn.append(("html", text))

    def header(self, text: str, **options: object) -> None:
        self.drawn.append(("heading", text))

    @contextmanager
    def expander(self, label: str) -> Iterator[None]:
        self.drawn.append(("open", label))
        yield
        self.drawn.append(("close", label))


@pytest.fixture
def page(monkeypatch: pytest.MonkeyPatch) -> _Page:
    page = _Page()
    monkeypatch.setattr(drawing, "st", page)
    monkeypatch.setattr(drawing, "put_own_html", page.html)
    monkeypatch.setattr(drawing, "read_selection", lambda: SELECTION)
    monkeypatch.setattr(SELECTION, "carried", {})
    return page


SELECTION = SimpleNamespace(carried={})


def make_frame(path: str = "releases/2026-Q3/release.duckdb") -> Any:
    return SimpleNamespace(
        path=path,
        numbers=itertools.count(),
        lacking=[],
        explain_terms=str.upper,
        explain_html=lambda html: f"{html}?",
        cite_source=lambda: "Source",
    )


class Part:
    """A part of a page that counts how often it was composed."""

    def __init__(self) -> None:
        self.n_composed = 0
        self.show_part = drawing.keep_part(self.compose_part)

    def compose_part(self, frame: Any, crime: str, *, is_rate: bool = False) -> None:
        self.n_composed += 1
        text = f"{crime} {is_rate} {current_language()} {SELECTION.carried} {frame.path}"
        drawing.put_text(drawing.Heading("Title"))
        with drawing.open_fold("More"):
            drawing.put_text(drawing.Html(text))
        drawing.put_element(drawing.Quote("quoted"), frame)


def test_part_is_composed_once_and_drawn_for_each_reader_in_order(page: _Page) -> None:
    part = Part()
    for _ in range(3):
        part.show_part(make_frame(), "TIP")
    assert part.n_composed == 1
    once = page.drawn[:5]
    assert [kind for kind, _ in once] == ["heading", "open", "html", "close", "html"]
    assert "QUOTED" in once[-1][1] and once[2][1].endswith("?"), "terms are explained when it is drawn"
    assert page.drawn == once * 3


def test_other_choices_languages_links_and_releases_have_parts_of_their_own(page: _Page) -> None:
    part = Part()

    def draw_all() -> Drawn:
        page.drawn.clear()
        part.show_part(make_frame(), "TIP")
        part.show_part(make_frame(), "SOM")
        part.show_part(make_frame(), "TIP", is_rate=True)
        with read_in("sq"):
            part.show_part(make_frame(), "TIP")
        SELECTION.carried = {"territory": "AL"}
        part.show_part(make_frame(), "TIP")
        SELECTION.carried = {}
        part.show_part(make_frame("releases/2026-Q3.1/release.duckdb"), "TIP")
        return [*page.drawn]

    first = draw_all()
    texts = [text.removesuffix("?") for kind, text in first if kind == "html" and "QUOTED" not in text]
    release = "releases/2026-Q3/release.duckdb"
    assert texts == [
        f"TIP False en {{}} {release}",
        f"SOM False en {{}} {release}",
        f"TIP True en {{}} {release}",
        f"TIP False sq {{}} {release}",
        f"TIP False en {{'territory': 'AL'}} {release}",
        "TIP False en {} releases/2026-Q3.1/release.duckdb",
    ]
    assert draw_all() == first and part.n_composed == 6


def test_rows_cannot_be_choices_of_a_part(page: _Page) -> None:
    row: Any = {"value": 1}
    with pytest.raises(TypeError, match="unhashable"):
        Part().show_part(make_frame(), row)
    assert not page.drawn


def test_part_that_fails_draws_nothing_and_is_composed_again(page: _Page) -> None:
    outcomes: Iterator[bool] = iter((False, True))

    def compose_part(frame: Any) -> None:
        drawing.put_text(drawing.Plain("begun"))
        if not next(outcomes):
            raise OSError("damaged")

    show_part = drawing.keep_part(compose_part)
    with pytest.raises(OSError, match="damaged"):
        show_part(make_frame())
    assert not page.drawn
    drawing.put_text(drawing.Plain("direct"))
    show_part(make_frame())
    assert page.drawn == [("text", "direct"), ("text", "begun")]


def test_parts_within_a_part_are_kept_with_it(page: _Page) -> None:
    inner = Part()

    def compose_part(frame: Any) -> None:
        inner.show_part(frame, "TIP")

    show_part = drawing.keep_part(compose_part)
    show_part(make_frame())
    show_part(make_frame())
    assert inner.n_composed == 1 and len(page.drawn) == 10


def test_heaviest_parts_are_dropped_first_come_first(page: _Page, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = ResultCache(drawing.MOST_PARTS, drawing.weigh_part, 3_000)
    monkeypatch.setattr(drawing, "kept_parts", cache)
    composed: list[int] = []

    def compose_part(frame: Any, number: int) -> None:
        composed.append(number)
        with drawing.open_fold("Label"):
            drawing.put_text(drawing.Html("x" * 1_000))

    show_part = drawing.keep_part(compose_part)
    for number in (0, 1, 0, 2, 3, 3):
        show_part(make_frame(), number)
    assert composed == [0, 1, 2, 3] and len(cache) == 3
    show_part(make_frame(), 1)
    assert composed == [0, 1, 2, 3, 1], "the part that was not drawn for longest was dropped"


def test_reason_why_parts_of_an_older_release_are_not_shown_is_given_once(
    page: _Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(problems, "st", page)
    monkeypatch.setattr(problems.edition_notes, "is_older_requested", lambda: True)

    def compose_trend(frame: Any, crime: str) -> None:
        raise OutdatedReleaseError("2026-Q3")

    def compose_stages(frame: Any) -> None:
        raise OutdatedReleaseError("2026-Q3")

    show_trend, show_stages = drawing.keep_part(compose_trend), drawing.keep_part(compose_stages)
    frame = make_frame()
    show_trend(frame, "TIP")
    show_stages(frame)
    show_trend(frame, "SOM")
    texts = [text for _, text in page.drawn]
    assert ["made by an older version of this software" in text for text in texts] == [True, False, True], (
        "a part that is redrawn alone gives the reason again"
    )
    assert texts[1] == "Not shown, for the reason given above."
