"""Recall and precision of `pipelines/reading/privacy/names.py` over `corpus.csv`."""

from __future__ import annotations

import csv
from dataclasses import dataclass, field
from pathlib import Path

from pipelines.reading.privacy.names import has_name, is_name


@dataclass
class Found:
    """Counts of one kind of text."""

    persons: int = 0
    others: int = 0
    right: int = 0
    wrong: int = 0
    missed: list[str] = field(default_factory=list)

    @property
    def recall(self) -> float:
        """Share of the texts with a name that are found."""
        return self.right / self.persons

    @property
    def precision(self) -> float:
        """Share of the texts found that do have a name."""
        return self.right / (self.right + self.wrong)


def measured() -> dict[str, Found]:
    """Counts by `cell` (a cell that holds a name alone) and `text` (a name in a sentence)."""
    out = {"cell": Found(), "text": Found()}
    with Path(__file__).with_name("corpus.csv").open(encoding="utf-8", newline="") as handle:
        for row in csv.DictReader(handle):
            one, text = out[row["where"]], row["text"]
            told = has_name(text) or (row["where"] == "cell" and is_name(text))
            if row["person"] == "1":
                one.persons += 1
                one.right += told
                one.missed += [] if told else [text]
            else:
                one.others += 1
                one.wrong += told
    return out
