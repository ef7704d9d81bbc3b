"""Say what a rollback would change before anybody decides on it: releases that it withdraws, and who gets a message."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipelines.core import clock
from pipelines.core.home import Home
from pipelines.publication.releases.editions import edition_key
from pipelines.publication.releases.publications import Publication, find_withdrawals, read_publications
from pipelines.publication.releases.publish import find_current_release
from pipelines.submissions.notices.releases import count_subscribers

if TYPE_CHECKING:
    import sqlalchemy as sa


@dataclass(frozen=True)
class RollbackPlan:
    """The consequences if `release` becomes the current one instead of `current`.

    `withdrawn` are the releases that readers will see as withdrawn and do not yet, `restored` those that no longer are;
    both are sorted. `subscribers` is the number of accounts that get a message.
    """

    current: str
    release: str
    withdrawn: tuple[str, ...]
    restored: tuple[str, ...]
    subscribers: int


def list_rollback_targets(home: Home) -> list[str]:
    """Return the published releases that are not current, the one that a rollback returns to by default first.

    That is the newest release before the current one that was not withdrawn. The others follow, the newest first.
    """
    current = find_current_release(home)
    if current is None:
        return []
    publications = read_publications(home)
    withdrawn = find_withdrawals(publications)
    others = {line.release for line in publications if (home.releases / line.release).is_dir()} - {current.name}
    ordered = sorted(others, key=edition_key, reverse=True)
    now = edition_key(current.name)
    usual = next((name for name in ordered if edition_key(name) < now and name not in withdrawn), None)
    return ordered if usual is None else [usual, *(name for name in ordered if name != usual)]


def has_earlier_target(current: str, targets: Sequence[str]) -> bool:
    """Return True if the usual rollback goes back, and False if it makes a newer, withdrawn release current again."""
    return bool(targets) and edition_key(targets[0]) < edition_key(current)


def plan_rollback(home: Home, engine: sa.Engine, release: str) -> RollbackPlan | None:
    """Return what a rollback to a release would change; None if it is not possible."""
    current = find_current_release(home)
    if current is None or release not in list_rollback_targets(home):
        return None
    publications = read_publications(home)
    line = Publication(release, clock.format_timestamp(clock.now()), "rollback", current.name)
    before, after = find_withdrawals(publications), find_withdrawals([*publications, line])
    return RollbackPlan(
        current.name,
        release,
        tuple(sorted(after.keys() - before.keys(), key=edition_key)),
        tuple(sorted(before.keys() - after.keys(), key=edition_key)),
        count_subscribers(engine),
    )
