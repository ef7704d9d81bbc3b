"""A place in words, read back."""

import pytest

from pipelines.model.content import Where

PLACES = [
    Where(),
    Where(sheet="Т-03", cell="B5"),
    Where(sheet="A!B", cell="AA12"),
    Where(page=2, box=(344.0, 121.0, 388.0, 137.0)),
    Where(page=3),
    Where(table=1, cell="R3C2"),
    Where(line=84),
    Where(line=84, column=3),
    Where(keyword="DATA", line=12),
    Where(sheet="Tremujori I"),
]


@pytest.mark.parametrize("place", PLACES, ids=str)
def test_what_a_place_writes_it_reads_back(place: Where) -> None:
    assert Where.from_text(str(place)) == place


def test_a_place_in_other_words_is_kept_as_they_are() -> None:
    assert str(Where.from_text("somewhere near the end")) == "somewhere near the end"
