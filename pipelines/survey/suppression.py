"""Choose which groups of a result are withheld, so that no difference of published groups shows a small one."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from pipelines.statistics.thresholds import FEWEST_RESPONDENTS


@dataclass(frozen=True, slots=True)
class AnswerCounts:
    """How many people of a question gave each answer: in each group, and in the published whole."""

    groups: Mapping[str, Mapping[str, int]]
    whole: Mapping[str, int]

    def find_uniform(self, parts: Mapping[str, int]) -> set[str]:
        """Return the groups in which everybody gave the same answer; `parts` are their respondents."""
        return {group for group, n in parts.items() if n > 0 and n in self.groups.get(group, {}).values()}

    def is_rest_uniform(self, published: Collection[str], n: int) -> bool:
        """Return True if the `n` people outside the published groups all gave the same answer."""
        remainder = dict(self.whole)
        for group in published:
            for code, count in self.groups.get(group, {}).items():
                remainder[code] = remainder.get(code, 0) - count
        return n > 0 and n in remainder.values()


def choose_withheld(
    parts: Mapping[str, int], exposed: Collection[str] = (), hidden: int = 0, answers: AnswerCounts | None = None
) -> set[str]:
    """Return the parts of a published whole that are withheld.

    `parts` are the respondents of each group (the territories, or the roles); `hidden` are those of the whole that
    belong to none of them. A group is withheld if it has fewer than `FEWEST_RESPONDENTS`, is in `exposed` (one
    institution), or, where `answers` are given, if everybody in it gave the same answer. Subtracting the published
    groups from the whole gives the withheld ones together: they, with the hidden, must again be `FEWEST_RESPONDENTS`
    or none, must not all have given the same answer, and no exposed group may be alone among them. Otherwise the
    smallest published groups are withheld too.
    """
    withheld = {group for group, n in parts.items() if n > 0 and (n < FEWEST_RESPONDENTS or group in exposed)}
    if answers is not None:
        withheld |= answers.find_uniform(parts)
    published = sorted((n, group) for group, n in parts.items() if n > 0 and group not in withheld)
    while published:
        rest_n = hidden + sum(parts[group] for group in withheld)
        is_alone = len(withheld) == 1 and hidden < FEWEST_RESPONDENTS and next(iter(withheld)) in exposed
        is_uniform = answers is not None and answers.is_rest_uniform([group for _, group in published], rest_n)
        if not 0 < rest_n < FEWEST_RESPONDENTS and not is_alone and not is_uniform:
            break
        withheld.add(published.pop(0)[1])
    return withheld | {group for group, n in parts.items() if n == 0}
