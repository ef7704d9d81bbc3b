"""Audit a draft or a published release, with all before it, as one of its readers sees them.

Readers are the public, the public that knows what offices print or what others publish, territories, jurisdictions of
one territory, and other partners of requests.  A release has three unrelated sets of figures: counts, cooperation, and
answers of practitioners, which all readers know alike.
"""

from __future__ import annotations

from functools import cached_property
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from pipelines.core.home import Home
from pipelines.publication.releases.editions import edition_key
from pipelines.publication.releases.errors import ReleaseError
from pipelines.publication.releases.publish import list_drafts
from pipelines.refresh import released_counts
from pipelines.refresh.practice_audit import assess_practice
from pipelines.refresh.released_counts import EarlierRelease

if TYPE_CHECKING:
    import polars as pl

    from pipelines.publication.cooperation.reader_risk import CooperationAssessment
    from pipelines.publication.disclosure.reader_risk import ReleaseAssessment
    from pipelines.publication.disclosure.readers import InformedReader

COUNTS, COOPERATION, ANSWERS = "counts", "cooperation", "answers"
"""Sets of figures of a release, each of which is protected by itself."""


class ReaderResults(NamedTuple):
    """The withheld figures of one set, with the `result` that a reader can reach for each."""

    figures: str
    results: pl.DataFrame


def find_release(home: Home, release: str | None = None) -> str:
    """Return the name of a draft or release; without a name that of the draft, or else of the newest release.

    Raises ReleaseError if it does not exist.
    """
    published = [path.name for path in home.releases.iterdir() if path.is_dir()]
    drafts = list_drafts(home)
    if release is None:
        release = max(drafts or published, key=edition_key, default=None)
    if release is None or release not in (*drafts, *published):
        raise ReleaseError(f"there is no draft or release {release or ''}".rstrip())
    return release


def assess_release_as(home: Home, reader: str, release: str) -> list[ReaderResults]:
    """Return what a reader of a release can find: about counts, and about cooperation and answers if it has any.

    `reader` is one of `list_readers`, or several of them joined by `+`.  Raises ReleaseError if the true figures of the
    release were not kept, and UnknownReaderError.
    """
    return ReleaseAudit(home, release).assess_reader(reader)


class ReleaseAudit:
    """The figures of a release, to be audited as several readers, who often know the same of one set of figures.

    Raises ReleaseError if the true figures of the release were not kept.
    """

    def __init__(self, home: Home, release: str) -> None:
        self._home, self._release = home, release
        self._cells = _read_true_counts(home, release)
        self._cooperation = _read_true_cooperation(home, release)
        self._answers = assess_practice(home, _find_data(home, release) / "practice_result.parquet")
        self._results: dict[tuple[str, frozenset[str], str], pl.DataFrame] = {}

    @cached_property
    def _counts(self) -> ReleaseAssessment:
        import polars as pl

        from pipelines.publication.disclosure.reader_risk import ReleaseAssessment
        from pipelines.publication.disclosure.record_figures import ReleasedRecordFigures

        paths = [_find_data(self._home, self._release) / f"{table}.parquet" for table in ("sentence", "pending")]
        # A release without case records has no such tables.
        records = ReleasedRecordFigures(*map(pl.read_parquet, paths)) if all(path.exists() for path in paths) else None
        before = [item.read_cells() for item in _list_before(self._home, self._release)]
        return ReleaseAssessment(self._cells, before, records, self._find_published_elsewhere())

    def _find_published_elsewhere(self) -> pl.DataFrame | None:
        import polars as pl

        from pipelines.warehouse.quality.coherence_table import find_published_elsewhere

        path = self._home.gathered / "reference.parquet"
        # The newest figures of other publishers, also of a release before them: its readers can compare them today.
        return find_published_elsewhere(self._cells, pl.read_parquet(path), self._home.kind) if path.exists() else None

    @cached_property
    def _requests(self) -> CooperationAssessment:
        from pipelines.publication.cooperation.reader_risk import CooperationAssessment

        assert self._cooperation is not None
        released = _list_before(self._home, self._release)
        before = [frame for item in released if (frame := item.read_cooperation()) is not None]
        return CooperationAssessment(self._cooperation, before)

    def assess_reader(self, name: str) -> list[ReaderResults]:
        """Return what a reader can find in each set of figures. Raises UnknownReaderError."""
        from pipelines.publication.cooperation import equations
        from pipelines.publication.disclosure import readers

        others = _list_other_partners(self._cells, self._cooperation)
        # Other partners report no counts, so they read them as the public does.
        reporters = [part for part in name.split("+") if part not in others]
        sets = [self._assess(COUNTS, readers.find_reader(self._cells, "+".join(reporters) or readers.PUBLIC))]
        if self._cooperation is not None:
            sets.append(self._assess(COOPERATION, equations.find_partner(self._cooperation, name)))
        if self._answers is not None:
            sets.append(ReaderResults(ANSWERS, self._answers))
        return sets

    def _assess(self, figures: str, reader: InformedReader) -> ReaderResults:
        key = (figures, reader.areas, reader.knows)
        if key not in self._results:
            if figures == COUNTS:
                self._results[key] = self._counts.assess_reader(reader)
            else:
                self._results[key] = self._requests.assess_reader(reader)
        return ReaderResults(figures, self._results[key])


def list_readers(home: Home, release: str) -> list[str]:
    """Return the names of the readers of a release. Raises ReleaseError if its true figures were not kept."""
    from pipelines.publication.disclosure import readers

    cells = _read_true_counts(home, release)
    jurisdictions = cells.filter(area_kind="jurisdiction").select("territory", "area").unique().sort("area")
    pairs = [
        "+".join(pair)
        for _, areas in jurisdictions.group_by("territory", maintain_order=True)
        for pair in combinations(areas["area"], 2)
    ]
    territories = cells.filter(area_kind="territory")["territory"].unique().sort().to_list()
    others = _list_other_partners(cells, _read_true_cooperation(home, release))
    return [
        readers.PUBLIC,
        readers.PRINTED,
        readers.ELSEWHERE,
        *territories,
        *jurisdictions["area"].unique().sort(),
        *pairs,
        *others,
    ]


def _list_other_partners(cells: pl.DataFrame, figures: pl.DataFrame | None) -> list[str]:
    from pipelines.publication.cooperation import equations

    territories = set(cells["territory"])
    return [] if figures is None else [name for name in equations.list_partners(figures) if name not in territories]


def _read_true_counts(home: Home, release: str) -> pl.DataFrame:
    import polars as pl

    path = home.released / f"{release}.parquet"
    if not path.exists():
        raise _describe_missing("true counts", release)
    return pl.read_parquet(path)


def _read_true_cooperation(home: Home, release: str) -> pl.DataFrame | None:
    """Return the true figures of cooperation behind a release, or None if it publishes none."""
    import polars as pl

    from pipelines.publication.cooperation import earlier

    if not (_find_data(home, release) / "cooperation.parquet").exists():
        return None
    path = EarlierRelease.find_release(home, release).cooperation
    if not path.exists():
        raise _describe_missing("true figures of cooperation", release)
    return earlier.complete_release(pl.read_parquet(path))


def _describe_missing(figures: str, release: str) -> ReleaseError:
    return ReleaseError(
        f"the {figures} behind {release} were not kept, so it cannot be audited; it is older than this check"
    )


def _find_data(home: Home, release: str) -> Path:
    return (home.drafts if release in list_drafts(home) else home.releases) / release / "data"


def _list_before(home: Home, release: str) -> list[EarlierRelease]:
    releases = released_counts.list_releases(home)
    return [item for item in releases if edition_key(item.release) < edition_key(release)]
