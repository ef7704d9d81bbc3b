"""What a step of a refresh is given and gives: its log, its result, its failure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Log = Callable[[str], None]
_NAMED = 20


class RefreshError(Exception):
    """A step that could not be done. The text says why and what to do."""


def quiet(_: str) -> None:
    """The log of whoever does not listen."""


@dataclass(frozen=True)
class TakenIn:
    """What became of the waiting returns of one territory. `undecided` tells why a decision could not be taken."""

    territory: str
    checked: int = 0
    refused: dict[str, list[str]] = field(default_factory=dict)
    warnings: int = 0
    undecided: tuple[str, ...] = ()

    def refused_words(self) -> str:
        """Each refused file with its rules."""
        return "; ".join(f"{name}: {', '.join(rules)}" for name, rules in self.refused.items())

    def as_metadata(self) -> dict[str, Any]:
        """For the run's page."""
        words = {"refused files": self.refused_words(), "undecided": "; ".join(self.undecided)}
        numbers = {"checked": self.checked, "refused": len(self.refused), "warnings": self.warnings}
        return {**numbers, **{name: text for name, text in words.items() if text}}


@dataclass(frozen=True)
class Step:
    """What a step made. `new` is false where nothing had changed; `rows` counts by table; `seconds` by model.

    `unmatched` names the returns whose facts are not those that were approved.
    """

    new: bool
    path: Path | None = None
    rows: dict[str, int] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    unmatched: tuple[str, ...] = ()
    audit: dict[str, int] = field(default_factory=dict)
    release: str | None = None

    @property
    def safe(self) -> bool:
        """Whether the audit found no cell that can be worked out."""
        return not any(self.audit.get(name, 0) for name in ("disclosed", "narrow", "unknown"))

    def unmatched_words(self) -> str:
        """Name the returns whose facts do not match, up to twenty."""
        named = "; ".join(self.unmatched[:_NAMED])
        more = len(self.unmatched) - _NAMED
        return f"{named}; and {more} more (`rti audit verify` lists all)" if more > 0 else named

    def audit_words(self) -> str:
        """The audit in one line."""
        return ", ".join(f"{count} {name}" for name, count in self.audit.items()) or "nothing to audit"

    def as_metadata(self) -> dict[str, Any]:
        """For the run's page."""
        out: dict[str, Any] = {"new": self.new, **{f"rows of {name}": count for name, count in self.rows.items()}}
        if self.release:
            out["release"] = self.release
        return out

    def of_model(self, name: str) -> dict[str, Any]:
        """For the page of one model."""
        return {"new": self.new, **({"seconds": self.seconds[name]} if name in self.seconds else {})}
