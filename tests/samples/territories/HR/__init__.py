"""Returns of Croatia: the statistical office's PX, the ministry's court register, the police's JSON-stat of victims."""

from __future__ import annotations

from collections.abc import Iterator

from tests.samples.cooperation import returns as cooperation
from tests.samples.rows import SampleReturn
from tests.samples.territories.HR import courts, police, statistics_office
from tests.samples.truth import Truth


def make_returns(truth: Truth, years: int = 4) -> Iterator[SampleReturn]:
    """Yield the returns of the three offices."""
    for office in (statistics_office, courts, police):
        yield from office.make_returns(truth, years)
    yield from cooperation.make_returns(truth, "HR", years)
