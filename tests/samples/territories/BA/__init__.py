"""Returns of Bosnia and Herzegovina: four jurisdictions, each in its own format and words; victims for the whole."""

from __future__ import annotations

from collections.abc import Iterator

from tests.samples.cooperation import returns as cooperation
from tests.samples.rows import SampleReturn
from tests.samples.territories.BA import brcko, federation, srpska, state, whole
from tests.samples.truth import Truth


def make_returns(truth: Truth, years: int = 4) -> Iterator[SampleReturn]:
    """Yield all returns of the territory."""
    for office in (state, federation, srpska, brcko, whole):
        yield from office.make_returns(truth, years)
    yield from cooperation.make_returns(truth, "BA", years)
