"""Judge each return once for many tests that upload the same file to copies of the same home."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date

import pytest

from expectations import judge
from expectations.judge import History, JudgedReturn
from pipelines.core import clock
from pipelines.declarations.registry import Registry
from pipelines.findings.finding import Finding

_MOST_KEPT = 30
_FRAMES = ("observations", "events", "sums")


@dataclass(frozen=True)
class _Judgement:
    """The arguments of a call of `judge_returns`, the day on which it was made, and its result."""

    item: JudgedReturn
    history: History | None
    digest: str
    day: date
    findings: tuple[Finding, ...]

    def is_of(self, item: JudgedReturn, history: History | None, digest: str) -> bool:
        """Return True if a call with these arguments has this result."""
        if (self.digest, self.day) != (digest, clock.now().date()) or not _has_same_parts(self.item, item):
            return False
        if self.history is None or history is None:
            return self.history is history
        return self.history.observations.equals(history.observations) and self.history.events.equals(history.events)


def _has_same_parts(one: JudgedReturn, other: JudgedReturn) -> bool:
    frames = [[getattr(item.reading, name) for name in _FRAMES] for item in (one, other)]
    without_frames = [replace(item, reading=replace(item.reading, **dict.fromkeys(_FRAMES))) for item in (one, other)]
    return without_frames[0] == without_frames[1] and all(a.equals(b) for a, b in zip(*frames, strict=True))


@contextmanager
def share_judgements() -> Iterator[None]:
    """Keep the findings of single returns while the block runs, by everything on which they depend."""
    judgements: list[_Judgement] = []
    judge_returns = judge.judge_returns

    def judge_once(
        readings: Sequence[JudgedReturn], history: History | None, registry: Registry, *, in_order: bool = False
    ) -> dict[str, list[Finding]]:
        if len(readings) != 1:
            return judge_returns(readings, history, registry, in_order=in_order)
        [item] = readings
        for judgement in judgements:
            if judgement.is_of(item, history, registry.digest):
                return {item.submission_id: list(judgement.findings)}
        findings = judge_returns(readings, history, registry, in_order=in_order)
        of_item = tuple(findings[item.submission_id])
        judgements.append(_Judgement(item, history, registry.digest, clock.now().date(), of_item))
        del judgements[:-_MOST_KEPT]
        return findings

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(judge, "judge_returns", judge_once)
        yield
