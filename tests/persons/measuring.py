"""Recall and precision of `pipelines/reading/privacy/names.py` over `corpus.csv`."""

from __future__ import annotations

import csv
from dataclasses import dataclass, field
from pathlib import Path

from pipelines.reading.privacy.names import has_name, is_name


@dataclass
class RecognitionScore:
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


def measure_recognition() -> dict[str, RecognitionScore]:
    """Count by `cell` (a cell that holds a name alone) and `text` (a name in a sentence)."""
    scores = {"cell": RecognitionScore(), "text": RecognitionScore()}
    with Path(__file__).with_name("corpus.csv").open(encoding="utf-8", newline="") as handle:
        for row in csv.DictReader(handle):
            score, text = scores[row["where"]], row["text"]
            is_recognised = has_name(text) or (row["where"] == "cell" and is_name(text))
            if row["person"] == "1":
                score.persons += 1
                score.right += is_recognised
                score.missed += [] if is_recognised else [text]
            else:
                score.others += 1
                score.wrong += is_recognised
    return scores
