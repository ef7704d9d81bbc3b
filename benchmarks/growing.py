"""The cost of lists, of the status and of ingestion after 280, 2,800 and 28,000 returns, in processor time.

The ledgers are rows (`ledgers.py`): no file is read, so that what grows is the questions to the ledger alone.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterator

from benchmarks import ledgers
from benchmarks.registry import Figure, Setting, register_benchmark

SIZES = (280, 2_800, 28_000)
EXPORT = "ledger as Parquet, all of it"
"""Grows with the history by its nature: it has no target."""
LIMIT = 3.0
"""How many times as much a history ten times as long may cost; a list that reads everything costs ten times."""


@register_benchmark("growth", "Lists and taking in, as the history grows")
def measure_growth(setting: Setting) -> Iterator[Figure]:
    """Compare each size with the one before it, a tenth as long."""
    sizes = SIZES if max(setting.scales) > 1 else SIZES[:2]
    shorter: dict[str, float] = {}
    for size in sizes:
        for name, work in _build_tasks(setting, size).items():
            milliseconds = _least_seconds(work, setting.repetitions) * 1_000
            before = shorter.get(name)
            limit = None if before is None or name == EXPORT else LIMIT * before
            yield Figure(
                f"{name}, after {size:,} returns",
                milliseconds,
                "ms",
                before,
                "a tenth of the history" if before else "",
                f"≤ {LIMIT:.0f} ×" if limit else "",
                milliseconds <= limit if limit else None,
            )
            shorter[name] = milliseconds


def _build_tasks(setting: Setting, size: int) -> dict[str, Callable[[], object]]:
    from pipelines import refresh
    from pipelines.core.home import initialise_home
    from pipelines.declarations.registry import load
    from pipelines.ledger import facts, queries, supersession
    from pipelines.ledger.export import export_ledger
    from pipelines.ledger.identity import Grant, Identity
    from pipelines.ledger.opening import open_ledger
    from pipelines.submissions import service as door

    home = initialise_home(setting.scratch / f"ledger-{size}", "demonstration")
    facts.prepare_fact_folders(home)
    engine = open_ledger(home)
    ledgers.fill_ledger(engine, size)
    ledgers.settle_submissions(engine)
    samples = setting.scratch / f"arrivals-{size}"
    ledgers.write_arrivals(samples, size)
    desk = door.Desk(home, engine, load(), "national")
    steward = Identity("a-steward", "Steward", "en", (Grant("steward"),))
    office = Identity("qa-sender", "Office", "en", (Grant("submitter", "QA"),))

    def read_status() -> None:
        page = queries.submission_page(engine, limit=50)
        supersession.find_replacements(engine, [submission.submission_id for submission in page])
        queries.count_submissions(engine)

    def ingest_territories() -> None:
        os.environ["RTI_SAMPLES"] = str(samples)
        for territory in load().without_training().territories:
            refresh.take_in(home, territory)

    def export_everything() -> None:
        shutil.rmtree(home.gathered)
        export_ledger(engine, home.gathered)

    return {
        "page of 100, steward": lambda: door.submission_page(desk, steward, limit=100),
        "page of 20, an office": lambda: door.submission_page(desk, office, limit=20),
        "page of 50 replaced ones": lambda: door.submission_page(
            desk, steward, door.SubmissionFilter(shown=("replaced",)), limit=50
        ),
        "rti status": read_status,
        "take in, nothing new, all territories": ingest_territories,
        "export, nothing new": lambda: export_ledger(engine, home.gathered),
        EXPORT: export_everything,
    }


def _least_seconds(work: Callable[[], object], repetitions: int) -> float:
    """Return the least processor seconds of some repetitions, after one that loads what is needed."""
    work()
    durations = []
    for _ in range(repetitions):
        begun = time.process_time()
        work()
        durations.append(time.process_time() - begun)
    return min(durations)
