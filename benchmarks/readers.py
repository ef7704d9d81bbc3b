"""Work out what each reader of a release of a long history can find, by year: `python -m benchmarks.readers HOME`.

HOME is one made by `benchmarks.decade history`.  Its counts are built and protected, and audited as `rti audit release
--as READER` does it for a draft, whose pages and indicators this needs no time for.  One line is printed for each
reader as soon as it is known: a JSON object of the withheld counts of others, and by year of those that can be worked
out (`disclosed`), narrowed to fewer than three values (`narrow`) or are not decided (`unknown`), and how many of these
three are counts of 1 to 4 (`small`).
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.core.home import Home, open_home

if TYPE_CHECKING:
    import polars as pl

    from pipelines.publication.disclosure.readers import InformedReader


def audit_readers(home: Home) -> Iterator[dict[str, Any]]:
    """Protect the counts of a home and yield what each reader finds; years without a finding are left out."""
    import polars as pl

    from pipelines import refresh
    from pipelines.publication.disclosure.reader_risk import RESULTS, ReleaseAssessment, count_results
    from pipelines.publication.disclosure.record_figures import ReleasedRecordFigures
    from pipelines.refresh import counts as steps
    from pipelines.refresh import released_counts
    from pipelines.warehouse.quality.coherence_table import find_published_elsewhere

    refresh.build_counts(home, are_facts_checked=True)
    refresh.build_records(home)
    refresh.protect_cells(home)
    cells = pl.read_parquet(steps.protected_folder(home) / released_counts.FILE)
    tables = [steps.records_folder(home) / "public" / f"record_{name}.parquet" for name in ("sentence", "pending")]
    reference = pl.read_parquet(home.gathered / "reference.parquet")
    assessment = ReleaseAssessment(
        cells,
        [],
        ReleasedRecordFigures(*map(pl.read_parquet, tables)),
        find_published_elsewhere(cells, reference, home.kind),
    )
    for reader in _list_readers(cells):
        counted = count_results(assessment.assess_reader(reader))
        is_found = pl.sum_horizontal(RESULTS) > 0
        years = counted.filter(is_found).drop("hidden").to_dicts()
        yield {"reader": reader.name, "hidden": counted["hidden"].sum(), "years": years}


def _list_readers(cells: pl.DataFrame) -> list[InformedReader]:
    """Return the public, also with further knowledge, territories, jurisdictions, and pairs of these."""
    from pipelines.publication.disclosure.readers import ELSEWHERE, PRINTED, find_reader, list_readers

    public, *insiders = list_readers(cells)
    jurisdictions = cells.filter(area_kind="jurisdiction")["area"].unique().sort()
    further = [find_reader(cells, name) for name in (PRINTED, ELSEWHERE, *jurisdictions)]
    return [public, *further, *insiders]


if __name__ == "__main__":
    for findings in audit_readers(open_home(Path(sys.argv[1]))):
        print(json.dumps(findings), flush=True)
