"""Choose which groups of a result are withheld, so that no difference of published groups shows a small one."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from pipelines.statistics.thresholds import FEWEST_DIFFERENT_ANSWERS, FEWEST_ON_ONE_SIDE, FEWEST_RESPONDENTS


@dataclass(frozen=True, slots=True)
class AnswerCounts:
    """How many people of a question gave each answer: in each group, and in the published whole.

    `favourable` are the answers that a result counts as good.
    """

    groups: Mapping[str, Mapping[str, int]]
    whole: Mapping[str, int]
    favourable: Collection[str] = ()

    def find_uniform(self, parts: Mapping[str, int]) -> set[str]:
        """Return the groups that answered too much alike (`is_uniform`); `parts` are their respondents."""
        return {group for group, n in parts.items() if is_uniform(self.groups.get(group, {}), n, self.favourable)}

    def is_rest_uniform(self, published: Collection[str], n: int) -> bool:
        """Return True if the `n` people outside the published groups answered too much alike (`is_uniform`)."""
        remainder = dict(self.whole)
        for group in published:
            for code, count in self.groups.get(group, {}).items():
                remainder[code] = remainder.get(code, 0) - count
        return is_uniform(remainder, n, self.favourable)


def is_uniform(counts: Mapping[str, int], n: int, favourable: Collection[str] = ()) -> bool:
    """Return True if the answers of `n` people are so much alike that their shares say what each of them answered.

    All of them, or all but one, gave the same answer: the one would know all others. Or they are fewer than
    `FEWEST_ON_ONE_SIDE`, and all or none of them gave one of the `favourable` answers.
    """
    if n <= 0:
        return False
    return n - max(counts.values(), default=0) < FEWEST_DIFFERENT_ANSWERS or _is_one_sided(counts, n, favourable)


def _is_one_sided(counts: Mapping[str, int], n: int, favourable: Collection[str]) -> bool:
    if not favourable or n >= FEWEST_ON_ONE_SIDE:
        return False
    in_favour = sum(counts.get(code, 0) for code in favourable)
    return in_favour == 0 or in_favour == sum(counts.values())


def choose_withheld(
    parts: Mapping[str, int], exposed: Collection[str] = (), hidden: int = 0, answers: AnswerCounts | None = None
) -> set[str]:
    """Return the parts of a published whole that are withheld.

    `parts` are the respondents of each group (the territories, or the roles); `hidden` are those of the whole that
    belong to none of them. A group is withheld if it has fewer than `FEWEST_RESPONDENTS`, is in `exposed` (one
    institution), or, where `answers` are given, if its people answered too much alike (`is_uniform`). Subtracting the
    published groups from the whole gives the withheld ones together: they, with the hidden, must again be
    `FEWEST_RESPONDENTS` or none, must not be uniform in this way, and no exposed group may be alone. Otherwise the
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
