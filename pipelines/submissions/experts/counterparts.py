"""Rank the experts of another territory for a case by the languages that they have in common with those who ask."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from pipelines.submissions.experts.model import OFFERED, Expert

JOINT_TEAM = "joint_team"
"""Procedure that is preferred among experts with as many languages in common."""


@dataclass(frozen=True, slots=True)
class Counterpart:
    """An expert of the other territory, and the languages in common in the order of the lists."""

    expert: Expert
    languages: tuple[str, ...]


def rank_counterparts(
    experts: Iterable[Expert], territory: str, crime: str, languages: Collection[str]
) -> list[Counterpart]:
    """Return the experts of a territory for a crime, those with most languages in common first.

    Stale and unconfirmed entries are left out. Of experts with as many languages in common, those who know joint teams
    come first, then those who have confirmed their entry this quarter. Those without a common language come last.
    """
    counterparts = [
        Counterpart(expert, tuple(code for code in expert.details.languages if code in languages))
        for expert in experts
        if expert.state in OFFERED and expert.details.territory == territory and crime in expert.details.crimes
    ]
    return sorted(
        counterparts,
        key=lambda item: (
            -len(item.languages),
            JOINT_TEAM not in item.expert.details.procedures,
            OFFERED.index(item.expert.state),
            item.expert.expert_id,
        ),
    )


def list_languages_of(experts: Iterable[Expert], territory: str) -> frozenset[str]:
    """Return the languages in which the offered experts of a territory can work together."""
    return frozenset(
        code
        for expert in experts
        if expert.state in OFFERED and expert.details.territory == territory
        for code in expert.details.languages
    )
