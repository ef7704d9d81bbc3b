"""Choose which groups of a result are withheld, so that no difference of published groups shows a small one."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from pipelines.statistics.thresholds import FEWEST_RESPONDENTS


def choose_withheld(parts: Mapping[str, int], exposed: Collection[str] = (), hidden: int = 0) -> set[str]:
    """Return the parts of a published whole that are withheld.

    `parts` are the respondents of each group (the territories, or the roles); `hidden` are those of the whole that
    belong to none of them. A group is withheld if it has fewer than `FEWEST_RESPONDENTS` or is in `exposed` (one
    institution). Subtracting the published groups from the whole gives the withheld ones together: they, with
    the hidden, must again be `FEWEST_RESPONDENTS` or none, and no exposed group may be alone among them. Otherwise the
    smallest published groups are withheld too.
    """
    withheld = {group for group, n in parts.items() if n > 0 and (n < FEWEST_RESPONDENTS or group in exposed)}
    published = sorted((n, group) for group, n in parts.items() if n > 0 and group not in withheld)
    while published:
        rest_n = hidden + sum(parts[group] for group in withheld)
        is_alone = len(withheld) == 1 and hidden < FEWEST_RESPONDENTS and next(iter(withheld)) in exposed
        if not 0 < rest_n < FEWEST_RESPONDENTS and not is_alone:
            break
        withheld.add(published.pop(0)[1])
    return withheld | {group for group, n in parts.items() if n == 0}
