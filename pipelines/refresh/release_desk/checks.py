"""The checks of a draft: each function returns the problems that it finds, and none if all is in order."""

from __future__ import annotations

import re
import shutil
from typing import Final

import polars as pl

from pipelines.core import clock, i18n
from pipelines.publication.releases import calendar, signature
from pipelines.publication.releases.changes import CHANGES
from pipelines.publication.releases.correction_notices import read_notices
from pipelines.publication.releases.editions import edition_key
from pipelines.publication.releases.errors import ReleaseError
from pipelines.publication.releases.manifest import digest_code
from pipelines.publication.releases.publications import find_unfinished
from pipelines.publication.releases.publish import refuse_older_edition, verify_files
from pipelines.publication.releases.verification import verify_published
from pipelines.refresh import integrity
from pipelines.refresh.release_desk.draft_under_review import DraftUnderReview
from pipelines.refresh.release_desk.problems import NOT_ASSESSED, AreaProblem
from pipelines.refresh.released_counts import read_audit

OLDEST_POPULATION: Final = 2
"""Years by which the newest population of a territory may be older than the year of the release."""
_SPACE: Final = 3
"""Times the size of a draft that must be free on the disk."""


# -- The draft itself


def find_file_faults(draft: DraftUnderReview) -> list[str]:
    try:
        verify_files(draft.folder)
    except ReleaseError as error:
        return [str(error)]
    return []


def find_order_faults(draft: DraftUnderReview) -> list[str]:
    try:
        refuse_older_edition(draft.home, draft.release)
    except ReleaseError as error:
        return [str(error)]
    return []


def find_later_returns(draft: DraftUnderReview) -> list[str]:
    """Return the accepted returns that arrived after the draft was built."""
    from pipelines.ledger import queries
    from pipelines.ledger.transitions import ACCEPTED

    drafted_at = draft.manifest["drafted_at"]
    accepted = queries.list_submissions(draft.engine, states=ACCEPTED)
    return [s.submission_id for s in accepted if s.accepted_at is not None and s.accepted_at > drafted_at]


def find_other_code(draft: DraftUnderReview) -> list[str]:
    return [] if draft.manifest.get("code") == digest_code() else [str(draft.manifest.get("commit") or "code")]


def find_other_declarations(draft: DraftUnderReview) -> list[str]:
    digest = draft.registry.without_training().digest
    return [] if draft.manifest["declarations"] == digest else [str(draft.manifest["declarations"])[:12]]


def find_missing_version(draft: DraftUnderReview) -> list[str]:
    return [] if draft.manifest.get("version") else [draft.release]


# -- Returns


def find_missing_returns(draft: DraftUnderReview) -> list[AreaProblem]:
    """Return the offices that have not reported the quarter of the release."""
    rows = draft.read_table("coverage").filter((pl.col("period") == draft.period) & ~pl.col("is_reported"))
    return sorted(
        AreaProblem(territory, source, (("instrument", instrument),))
        for territory, source, instrument in rows.select("territory", "source", "instrument").iter_rows()
    )


def find_overdue_returns(draft: DraftUnderReview) -> list[AreaProblem]:
    due = draft.read_table("coverage").filter(
        pl.col("is_due") & ~pl.col("is_reported") & (pl.col("period") != draft.period)
    )
    return sorted(
        AreaProblem(territory, source, (("instrument", instrument),), period)
        for territory, source, instrument, period in due.select(
            "territory", "source", "instrument", "period"
        ).iter_rows()
    )


def find_waiting_returns(draft: DraftUnderReview) -> list[str]:
    from pipelines.ledger import queries

    return [s.submission_id for s in queries.list_submissions(draft.engine, states=("received", "sent"))]


def find_open_warnings(draft: DraftUnderReview) -> list[str]:
    """Return the checked returns that are not sent because warnings are not explained."""
    from pipelines.ledger import queries

    checked = queries.list_submissions(draft.engine, states=("checked",))
    return [s.submission_id for s in checked if queries.list_unjustified(draft.engine, s.submission_id)]


def find_requested_withdrawals(draft: DraftUnderReview) -> list[str]:
    from pipelines.ledger import queries
    from pipelines.ledger.database import open_read_transaction
    from pipelines.ledger.transitions import ACCEPTED

    accepted = {s.submission_id for s in queries.list_submissions(draft.engine, states=ACCEPTED)}
    with open_read_transaction(draft.engine) as connection:
        events = queries.newest_events(connection, accepted, action="ask_withdrawal")
        return sorted({row.submission_id for row in events})


def find_failed_tests(draft: DraftUnderReview) -> list[str]:
    from pipelines.warehouse import count_builds

    counts = count_builds.latest_counts(draft.home)
    results = count_builds.test_results(counts) if counts is not None else ()
    return [test.name for test in results if test.status not in ("pass", "success", "skipped")]


# -- Disclosure


def find_disclosed_cells(draft: DraftUnderReview) -> list[str]:
    """Return what the audit found of exactly the figures that this draft has; an audit of others does not count."""
    risk = read_audit(draft.home, draft.folder)
    if risk is None:
        return [NOT_ASSESSED]
    return [f"{risk[name]} {name}" for name in ("disclosed", "narrow", "unknown") if risk[name]]


def find_insiders(draft: DraftUnderReview) -> list[AreaProblem]:
    """Return the territories that were not audited as readers of this draft, or that can work out cells of others."""
    missing = [AreaProblem(code, note=NOT_ASSESSED) for code in draft.territories if code not in draft.audited]
    return missing + [AreaProblem(reader, note=str(cells)) for reader, cells in draft.audited.items() if cells]


def find_values_of_hidden_cells(draft: DraftUnderReview) -> list[str]:
    """Return the tables in which a withheld row has a value."""
    faults = []
    for path in sorted((draft.folder / "data").glob("*.parquet")):
        if {"conf_status", "value"} <= pl.read_parquet_schema(path).keys():
            rows = pl.read_parquet(path, columns=["conf_status", "value"])
            if rows.filter((pl.col("conf_status") == "C") & pl.col("value").is_not_null()).height:
                faults.append(path.stem)
    return faults


# -- What readers need to understand figures


def find_missing_languages(draft: DraftUnderReview) -> list[str]:
    expected = [i18n.html_lang(code) for code in i18n.list_languages()]
    every = frozenset().union(*draft.pages.values()) if draft.pages else frozenset({"pages"})
    return [f"{lang}: {len(every - draft.pages.get(lang, frozenset()))}" for lang in expected
            if every - draft.pages.get(lang, frozenset())]  # fmt: skip


def find_missing_labels(draft: DraftUnderReview) -> list[str]:
    """Return the codes that lack a label in a language."""
    codes = draft.read_table("codelist").select("codelist", "code")
    labels = draft.read_table("codelist_label").filter(pl.col("label") != "")
    languages = [i18n.html_lang(code) for code in i18n.list_languages() if code != i18n.SOURCE_LANGUAGE]
    expected = codes.join(pl.DataFrame({"language": languages}), how="cross")
    missing = expected.join(labels, on=["codelist", "code", "language"], how="anti")
    return [" ".join(row) for row in missing.iter_rows()]


_PICTURE: Final = re.compile(r"<svg\b[^>]*>", re.IGNORECASE)
_NAMED_PICTURE: Final = re.compile(r"aria-label=|aria-labelledby=|aria-hidden=\"true\"|role=\"presentation\"")


def find_pictures_without_text(draft: DraftUnderReview) -> list[str]:
    """Return the pages with a picture that has no text alternative."""
    faults = []
    for lang, names in sorted(draft.pages.items()):
        for name in sorted(names):
            text = (draft.folder / "pages" / lang / name).read_text(encoding="utf-8")
            images = re.findall(r"<img\b(?![^>]*\balt=)", text)
            if images or any(not _NAMED_PICTURE.search(tag) for tag in _PICTURE.findall(text)):
                faults.append(f"{lang}/{name}")
    return faults


def find_counts_without_card(draft: DraftUnderReview) -> list[AreaProblem]:
    """Return the areas and units with published counts whose counting rule is not declared."""
    cells = draft.read_table("cell").filter(pl.col("value").is_not_null() & (pl.col("card_id") == ""))
    rows = cells.filter(pl.col("area_kind") != "region").select("area", "level", "count_unit").unique().sort(pl.all())
    return [AreaProblem(area, codes=(("level", level), ("count_unit", unit))) for area, level, unit in rows.iter_rows()]


def find_missing_notes(draft: DraftUnderReview) -> list[AreaProblem]:
    """Return the territories without reference metadata."""
    described = set(draft.read_table("metadata")["territory"])
    return [AreaProblem(code) for code in draft.territories if code not in described]


def find_old_denominators(draft: DraftUnderReview) -> list[AreaProblem]:
    year = int(draft.period[:4])
    rows = draft.read_table("population").filter(pl.col("year") == year)
    newest = dict(rows.select("area", "population_year").iter_rows())
    return [
        AreaProblem(code, note=str(newest.get(code, "–")))
        for code in draft.territories
        if newest.get(code) is None or int(newest[code]) < year - OLDEST_POPULATION
    ]


# -- Earlier releases


def find_changes(draft: DraftUnderReview) -> list[str]:
    """Return the changes of published figures and of tables that readers will ask about."""
    rows = draft.read_table("change")
    counts = dict(rows["change"].value_counts().iter_rows())
    changed = [f"{counts[name]} {name}" for name in CHANGES if name != "added" and counts.get(name)]
    schema = draft.read_table("schema_change").height
    return changed + ([f"{schema} schema"] if schema else [])


def find_missing_notices(draft: DraftUnderReview) -> list[AreaProblem]:
    """Return the territories whose published totals were revised without a notice since the release before."""
    previous = draft.manifest.get("previous")
    if previous is None or edition_key(draft.release)[2] == 0:
        return []  # a new quarter revises by rule; a correction must say what was wrong
    rows = draft.read_table("change").filter((pl.col("change") == "revised") & pl.col("is_total"))
    revised = set(rows.filter(pl.col("area_kind") == "territory")["area"])
    noticed = {notice.area.partition("_")[0] for notice in read_notices(draft.home) if notice.release == previous}
    return [AreaProblem(code) for code in sorted(revised - noticed)]


def find_damaged_releases(draft: DraftUnderReview) -> list[str]:
    return [str(fault) for fault in verify_published(draft.home)]


# -- People and dates


def find_missing_announcement(draft: DraftUnderReview) -> list[str]:
    planned = calendar.find_planned(draft.home, draft.release)
    return [] if planned is not None and planned.at is not None else [draft.release]


def find_missing_signatures(draft: DraftUnderReview) -> list[AreaProblem]:
    return [AreaProblem(code) for code in draft.territories if code not in draft.signed]


# -- The home


def find_damaged_inputs(draft: DraftUnderReview) -> list[str]:
    return [damage.message for damage in integrity.check_inputs(draft.home, draft.engine)]


def find_ledger_faults(draft: DraftUnderReview) -> list[str]:
    """Return the faults of the audit log and the ledger; an interrupted publication has its own check."""
    from pipelines.ledger import verification

    return [fault.localize_message() for fault in verification.verify_ledger(draft.engine, home=draft.home).faults]


def find_unfinished_publication(draft: DraftUnderReview) -> list[str]:
    return [problem.to_sentence() for problem in find_unfinished(draft.home)]


def find_clock_faults(draft: DraftUnderReview) -> list[str]:
    """Return the times after the clock's."""
    from pipelines.ledger import clock_guard
    from pipelines.ledger.database import open_read_transaction

    with open_read_transaction(draft.engine) as connection:
        newest = max(clock_guard.newest_entry_at(connection) or "", draft.manifest["drafted_at"])
    return [newest] if newest > clock.format_timestamp(clock.now()) else []


def find_full_disk(draft: DraftUnderReview) -> list[str]:
    needed = _SPACE * sum(path.stat().st_size for path in draft.folder.rglob("*") if path.is_file())
    free = shutil.disk_usage(draft.home.public).free
    return [] if free >= needed else [f"{free // 2**20} MB < {needed // 2**20} MB"]


def find_key_faults(draft: DraftUnderReview) -> list[str]:
    try:
        signature.find_signing_key(draft.home)
    except ReleaseError as error:
        return [str(error)]
    return []
