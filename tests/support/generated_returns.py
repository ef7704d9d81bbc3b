"""The returns of the demonstration as their generator makes them, written to files for other processes."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from tests.samples import plan
from tests.samples.rows import SampleReturn
from tests.samples.truth import draw_truth


def write_returns(folder: Path) -> None:
    """Make all returns and write those of each territory to one file."""
    folder.mkdir(parents=True)
    for territory in plan.list_territories():
        (folder / territory).write_bytes(pickle.dumps(tuple(plan.make_returns(draw_truth(), [territory]))))


class GeneratedReturns:
    """The returns in a folder that `write_returns` wrote, by territory."""

    def __init__(self, folder: Path) -> None:
        self._load = cache(lambda territory: pickle.loads((folder / territory).read_bytes()))

    def list_returns(self, territory: str) -> Sequence[SampleReturn]:
        """Return the returns of a territory, in the order of the generator."""
        returns: Sequence[SampleReturn] = self._load(territory)
        return returns
