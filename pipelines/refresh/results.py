"""Types shared by the steps of a refresh: the log they write to, their results and their error."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pipelines.warehouse.dbt_runner import NodeResult

Log = Callable[[str], None]
_NAMED = 20


class RefreshError(Exception):
    """A step could not run. The text says why and what to do."""


class WorkDueError(Exception):
    """A step that was only asked whether it has work to do has some."""


def ignore_log(_: str) -> None:
    """Discard a log line: the default log of every step."""


@dataclass(frozen=True)
class IntakeResult:
    """Result of checking the waiting returns of one territory.

    `refused` lists the broken rules of each refused file, `undecided` the reasons why a decision could not be taken.
    """

    territory: str
    checked: int = 0
    refused: dict[str, list[str]] = field(default_factory=dict)
    warnings: int = 0
    undecided: tuple[str, ...] = ()

    def describe_refusals(self) -> str:
        """Return each refused file with its broken rules, in one line."""
        return "; ".join(f"{name}: {', '.join(rules)}" for name, rules in self.refused.items())

    def as_metadata(self) -> dict[str, Any]:
        """Return the metadata that Dagster shows on the page of the run."""
        words = {"refused files": self.describe_refusals(), "undecided": "; ".join(self.undecided)}
        numbers = {"checked": self.checked, "refused": len(self.refused), "warnings": self.warnings}
        return {**numbers, **{name: text for name, text in words.items() if text}}


@dataclass(frozen=True)
class Step:
    """Result of one step. `new` is False if no input had changed; `rows` counts by table, `seconds` by model.

    `unmatched` names the returns whose facts differ from the approved ones; `risk` counts hidden cells by outcome;
    `tests` are the results of dbt's tests, those of the earlier build if `new` is False.
    """

    new: bool
    path: Path | None = None
    rows: dict[str, int] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    unmatched: tuple[str, ...] = ()
    risk: dict[str, int] = field(default_factory=dict)
    release: str | None = None
    tests: tuple[NodeResult, ...] = ()

    @property
    def safe(self) -> bool:
        """Return True if no hidden cell was found that can be worked out."""
        return not any(self.risk.get(name, 0) for name in ("disclosed", "narrow", "unknown", "to_insiders"))

    def describe_unmatched(self) -> str:
        """Name the returns whose facts do not match, up to twenty."""
        listed = "; ".join(self.unmatched[:_NAMED])
        more = len(self.unmatched) - _NAMED
        return f"{listed}; and {more} more (`rti audit verify` lists all)" if more > 0 else listed

    def describe_risk(self) -> str:
        """Return the counts of hidden cells by outcome in one line."""
        return ", ".join(f"{count} {name}" for name, count in self.risk.items()) or "nothing to assess"

    def as_metadata(self) -> dict[str, Any]:
        """Return the metadata that Dagster shows on the page of the run."""
        metadata: dict[str, Any] = {"new": self.new, **{f"rows of {name}": count for name, count in self.rows.items()}}
        if self.release:
            metadata["release"] = self.release
        return metadata

    def model_metadata(self, name: str) -> dict[str, Any]:
        """Return the metadata that Dagster shows on the page of one model."""
        return {"new": self.new, **({"seconds": self.seconds[name]} if name in self.seconds else {})}
