"""Cache the results of checks. A view of a draft runs a check again after its sources have changed.

Only views use this: publishing, approving and overriding a draft run every check again (`review.require_ready`).
`Check.reads` names the sources of a check. The draft, the releases and the facts are folders, of which the size,
inode and times of every file are compared; the ledger is asked whether anything was written to it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Final, Literal

from pipelines.core import file_states
from pipelines.core.result_cache import ResultCache
from pipelines.ledger.audit_log import CHECKPOINTS
from pipelines.ledger.ledger_state import read_ledger_state
from pipelines.publication.releases.verification import JOURNAL
from pipelines.refresh.release_desk.problems import CheckProblem

if TYPE_CHECKING:
    from pipelines.refresh.release_desk.draft_under_review import DraftUnderReview

Source = Literal["draft", "releases", "facts", "ledger"]
_KEPT: Final[ResultCache[tuple[CheckProblem, ...]]] = ResultCache(kept=200)


class KeptChecks:
    """The states of what the checks of one view read, each read once and before any check that depends on it."""

    def __init__(self, draft: DraftUnderReview) -> None:
        self._draft = draft
        self._states: dict[Source, str | None] = {}

    def find_problems(
        self, check_id: str, reads: Sequence[Source], find: Callable[[DraftUnderReview], Iterable[CheckProblem]]
    ) -> tuple[CheckProblem, ...]:
        """Return the problems that a check found before in the same state of all that it reads, or run it."""
        state = self._describe_sources(reads)
        key = (check_id, str(self._draft.folder), self._draft.registry.digest)
        return _KEPT.get_or_make_in_state(key, state, lambda: tuple(find(self._draft)))

    def _describe_sources(self, sources: Sequence[Source]) -> str | None:
        """Return the states of sources; None if there are none, or one of them has just been written to."""
        states = []
        for source in sources:
            if source not in self._states:
                self._states[source] = self._read_state(source)
            state = self._states[source]
            if state is None:
                return None
            states.append(state)
        return " ".join(states) or None

    def _read_state(self, source: Source) -> str | None:
        home = self._draft.home
        if source == "draft":
            return self._draft.files.state
        if source == "releases":
            places = (home.releases, home.current, home.public / JOURNAL, home.public / "keys")
            return file_states.read_states(*places).state
        if source == "facts":
            return file_states.read_states(home.facts).state
        checkpoints = file_states.read_states(home.restricted / CHECKPOINTS).state
        ledger = read_ledger_state(self._draft.engine)
        return None if checkpoints is None or ledger is None else f"{checkpoints} {ledger}"
