"""Examine a draft before it is published: each check has a result, what was found, and what to do.

A check finds problems; it is good if there are none. Some problems are facts that a steward may explain, such as an
office that is late: the explanation belongs to the manifest of the draft, so that another draft needs another one.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

import polars as pl

from pipelines.core import clock, i18n
from pipelines.core.home import Home
from pipelines.core.i18n import mark
from pipelines.publication.releases import calendar, signature
from pipelines.publication.releases.changes import CHANGES
from pipelines.publication.releases.correction_notices import read_notices
from pipelines.publication.releases.editions import edition_key
from pipelines.publication.releases.errors import ReleaseError
from pipelines.publication.releases.manifest import digest_code, read_manifest
from pipelines.publication.releases.publications import find_unfinished
from pipelines.publication.releases.publish import refuse_older_edition, verify_files
from pipelines.publication.releases.verification import manifest_digest, verify_published
from pipelines.refresh import integrity
from pipelines.warehouse import build_cache

if TYPE_CHECKING:
    import sqlalchemy as sa

    from pipelines.declarations.registry import Registry

NAMED: Final = 5
"""Problems that are named; the others are counted."""
OLDEST_POPULATION: Final = 2
"""Years by which the newest population of a territory may be older than the year of the release."""
_SPACE: Final = 3
"""Times the size of a draft that must be free on the disk."""
State = Literal["good", "explained", "open"]


@dataclass(frozen=True)
class DraftUnderReview:
    """A draft with what its checks need. Tables and findings that several checks share are read once."""

    home: Home
    engine: sa.Engine
    registry: Registry
    folder: Path
    explanations: Mapping[str, str]
    signed: frozenset[str]
    audited: Mapping[str, int]
    """Bad cells found by the newest audit of each reader of this draft."""

    @property
    def release(self) -> str:
        return self.folder.name

    @cached_property
    def manifest(self) -> dict[str, Any]:
        return read_manifest(self.folder)

    @cached_property
    def digest(self) -> str:
        return manifest_digest(self.folder)

    def read_table(self, name: str) -> pl.DataFrame:
        """Return a table of the draft."""
        return pl.read_parquet(self.folder / "data" / f"{name}.parquet")

    @cached_property
    def period(self) -> str:
        """Return the quarter of the release."""
        return str(self.read_table("release")["reference_period"][0])

    @cached_property
    def territories(self) -> list[str]:
        areas = self.read_table("area").filter((pl.col("area_kind") == "territory") & (pl.col("kind") == "national"))
        return areas["area"].sort().to_list()

    @cached_property
    def pages(self) -> Mapping[str, frozenset[str]]:
        """Return the names of the static pages by language."""
        folders = [path for path in (self.folder / "pages").glob("*") if path.is_dir()]
        return {path.name: frozenset(file.name for file in path.glob("*.html")) for path in folders}


@dataclass(frozen=True)
class Check:
    """One check: what must hold, what to do if it does not, and the function that finds problems."""

    id: str
    title: str
    remedy: str
    find_problems: Callable[[DraftUnderReview], Iterable[str]]
    can_be_explained: bool = False


@dataclass(frozen=True)
class DraftCheckResult:
    """The result of a check; `explanation` is that of a steward for these problems."""

    check: Check
    problems: tuple[str, ...]
    explanation: str = ""

    @property
    def state(self) -> State:
        if not self.problems:
            return "good"
        return "explained" if self.explanation and self.check.can_be_explained else "open"

    @property
    def evidence(self) -> str:
        """Return the first problems, and how many more there are."""
        more = len(self.problems) - NAMED
        return "; ".join(self.problems[:NAMED]) + (f" (+{more})" if more > 0 else "")

    def as_json(self) -> dict[str, Any]:
        """Return the result as plain values, in English."""
        return {
            "id": self.check.id,
            "title": self.check.title,
            "state": self.state,
            "problems": list(self.problems),
            "remedy": self.check.remedy,
            "explanation": self.explanation,
        }


def run_checks(draft: DraftUnderReview) -> list[DraftCheckResult]:
    """Run all checks on a draft. A check that cannot be run has that as its problem."""
    return [run_check(check, draft) for check in CHECKS]


def run_check(check: Check, draft: DraftUnderReview) -> DraftCheckResult:
    """Run one check."""
    try:
        problems = tuple(check.find_problems(draft))
    except (OSError, ValueError, KeyError, pl.exceptions.PolarsError) as error:
        # A draft of which a part is missing or damaged must be shown as such, and never as good.
        problems = (f"{type(error).__name__}: {error}",)
    return DraftCheckResult(check, problems, draft.explanations.get(check.id, ""))


# -- The draft itself


def _find_file_faults(draft: DraftUnderReview) -> list[str]:
    try:
        verify_files(draft.folder)
    except ReleaseError as error:
        return [str(error)]
    return []


def _find_order_faults(draft: DraftUnderReview) -> list[str]:
    try:
        refuse_older_edition(draft.home, draft.release)
    except ReleaseError as error:
        return [str(error)]
    return []


def _find_later_returns(draft: DraftUnderReview) -> list[str]:
    """Return the accepted returns that arrived after the draft was built."""
    from pipelines.ledger import queries
    from pipelines.ledger.transitions import ACCEPTED

    drafted_at = draft.manifest["drafted_at"]
    accepted = queries.list_submissions(draft.engine, states=ACCEPTED)
    return [s.submission_id for s in accepted if s.accepted_at is not None and s.accepted_at > drafted_at]


def _find_other_code(draft: DraftUnderReview) -> list[str]:
    return [] if draft.manifest.get("code") == digest_code() else [str(draft.manifest.get("commit") or "code")]


def _find_other_declarations(draft: DraftUnderReview) -> list[str]:
    digest = draft.registry.without_training().digest
    return [] if draft.manifest["declarations"] == digest else [str(draft.manifest["declarations"])[:12]]


def _find_missing_version(draft: DraftUnderReview) -> list[str]:
    return [] if draft.manifest.get("version") else [draft.release]


# -- Returns


def _find_missing_returns(draft: DraftUnderReview) -> list[str]:
    """Return the offices that have not reported the quarter of the release."""
    rows = draft.read_table("coverage").filter((pl.col("period") == draft.period) & ~pl.col("is_reported"))
    return sorted(f"{source}, {instrument}" for source, instrument in rows.select("source", "instrument").iter_rows())


def _find_overdue_returns(draft: DraftUnderReview) -> list[str]:
    due = draft.read_table("coverage").filter(
        pl.col("is_due") & ~pl.col("is_reported") & (pl.col("period") != draft.period)
    )
    columns = ("source", "instrument", "period")
    return sorted(", ".join(map(str, row)) for row in due.select(columns).iter_rows())


def _find_waiting_returns(draft: DraftUnderReview) -> list[str]:
    from pipelines.ledger import queries

    return [s.submission_id for s in queries.list_submissions(draft.engine, states=("received", "sent"))]


def _find_open_warnings(draft: DraftUnderReview) -> list[str]:
    """Return the checked returns that are not sent because warnings are not explained."""
    from pipelines.ledger import queries

    checked = queries.list_submissions(draft.engine, states=("checked",))
    return [s.submission_id for s in checked if queries.list_unjustified(draft.engine, s.submission_id)]


def _find_requested_withdrawals(draft: DraftUnderReview) -> list[str]:
    from pipelines.ledger import queries
    from pipelines.ledger.database import open_read_transaction
    from pipelines.ledger.transitions import ACCEPTED

    accepted = {s.submission_id for s in queries.list_submissions(draft.engine, states=ACCEPTED)}
    with open_read_transaction(draft.engine) as connection:
        events = queries.newest_events(connection, accepted, action="ask_withdrawal")
        return sorted({row.submission_id for row in events})


def _find_failed_tests(draft: DraftUnderReview) -> list[str]:
    from pipelines.warehouse import count_builds

    counts = count_builds.latest_counts(draft.home)
    results = count_builds.test_results(counts) if counts is not None else ()
    return [test.name for test in results if test.status not in ("pass", "success", "skipped")]


# -- Disclosure


def _find_disclosed_cells(draft: DraftUnderReview) -> list[str]:
    outcome = build_cache.find_last_outcome(draft.home, "protect")
    if outcome is None or "risk" not in outcome:
        return ["not assessed"]
    return [f"{outcome['risk'][name]} {name}" for name in ("disclosed", "narrow", "unknown") if outcome["risk"][name]]


def _find_insiders(draft: DraftUnderReview) -> list[str]:
    """Return the territories that were not assessed as readers of this draft, or that can work out cells of others."""
    missing = [f"{code}: not assessed" for code in draft.territories if code not in draft.audited]
    return missing + [f"{reader}: {cells}" for reader, cells in draft.audited.items() if cells]


def _find_values_of_hidden_cells(draft: DraftUnderReview) -> list[str]:
    """Return the tables in which a withheld row has a value."""
    faults = []
    for path in sorted((draft.folder / "data").glob("*.parquet")):
        if {"conf_status", "value"} <= pl.read_parquet_schema(path).keys():
            rows = pl.read_parquet(path, columns=["conf_status", "value"])
            if rows.filter((pl.col("conf_status") == "C") & pl.col("value").is_not_null()).height:
                faults.append(path.stem)
    return faults


# -- What readers need to understand figures


def _find_missing_languages(draft: DraftUnderReview) -> list[str]:
    expected = [i18n.html_lang(code) for code in i18n.list_languages()]
    every = frozenset().union(*draft.pages.values()) if draft.pages else frozenset({"pages"})
    return [f"{lang}: {len(every - draft.pages.get(lang, frozenset()))}" for lang in expected
            if every - draft.pages.get(lang, frozenset())]  # fmt: skip


def _find_missing_labels(draft: DraftUnderReview) -> list[str]:
    """Return the codes that lack a label in a language."""
    codes = draft.read_table("codelist").select("codelist", "code")
    labels = draft.read_table("codelist_label").filter(pl.col("label") != "")
    languages = [i18n.html_lang(code) for code in i18n.list_languages() if code != i18n.SOURCE_LANGUAGE]
    expected = codes.join(pl.DataFrame({"language": languages}), how="cross")
    missing = expected.join(labels, on=["codelist", "code", "language"], how="anti")
    return [" ".join(row) for row in missing.iter_rows()]


_PICTURE: Final = re.compile(r"<svg\b[^>]*>", re.IGNORECASE)
_NAMED_PICTURE: Final = re.compile(r"aria-label=|aria-labelledby=|aria-hidden=\"true\"|role=\"presentation\"")


def _find_pictures_without_text(draft: DraftUnderReview) -> list[str]:
    """Return the pages with a picture that has no text alternative."""
    faults = []
    for lang, names in sorted(draft.pages.items()):
        for name in sorted(names):
            text = (draft.folder / "pages" / lang / name).read_text(encoding="utf-8")
            images = re.findall(r"<img\b(?![^>]*\balt=)", text)
            if images or any(not _NAMED_PICTURE.search(tag) for tag in _PICTURE.findall(text)):
                faults.append(f"{lang}/{name}")
    return faults


def _find_counts_without_card(draft: DraftUnderReview) -> list[str]:
    """Return the areas and units with published counts whose counting rule is not declared."""
    cells = draft.read_table("cell").filter(pl.col("value").is_not_null() & (pl.col("card_id") == ""))
    rows = cells.filter(pl.col("area_kind") != "region").select("area", "level", "count_unit").unique().sort(pl.all())
    return [", ".join(row) for row in rows.iter_rows()]


def _find_missing_notes(draft: DraftUnderReview) -> list[str]:
    """Return the territories without reference metadata."""
    described = set(draft.read_table("metadata")["territory"])
    return [code for code in draft.territories if code not in described]


def _find_old_denominators(draft: DraftUnderReview) -> list[str]:
    year = int(draft.period[:4])
    rows = draft.read_table("population").filter(pl.col("year") == year)
    newest = dict(rows.select("area", "population_year").iter_rows())
    return [
        f"{code}: {newest.get(code, '–')}"
        for code in draft.territories
        if newest.get(code) is None or int(newest[code]) < year - OLDEST_POPULATION
    ]


# -- Earlier releases


def _find_changes(draft: DraftUnderReview) -> list[str]:
    """Return the changes of published figures and of tables that readers will ask about."""
    rows = draft.read_table("change")
    counts = dict(rows["change"].value_counts().iter_rows())
    changed = [f"{counts[name]} {name}" for name in CHANGES if name != "added" and counts.get(name)]
    schema = draft.read_table("schema_change").height
    return changed + ([f"{schema} schema"] if schema else [])


def _find_missing_notices(draft: DraftUnderReview) -> list[str]:
    """Return the territories whose published totals were revised without a notice since the release before."""
    previous = draft.manifest.get("previous")
    if previous is None or edition_key(draft.release)[2] == 0:
        return []  # a new quarter revises by rule; a correction must say what was wrong
    rows = draft.read_table("change").filter((pl.col("change") == "revised") & pl.col("is_total"))
    revised = set(rows.filter(pl.col("area_kind") == "territory")["area"])
    noticed = {notice.area.partition("_")[0] for notice in read_notices(draft.home) if notice.release == previous}
    return sorted(revised - noticed)


def _find_damaged_releases(draft: DraftUnderReview) -> list[str]:
    return [str(fault) for fault in verify_published(draft.home)]


# -- People and dates


def _find_missing_announcement(draft: DraftUnderReview) -> list[str]:
    planned = calendar.find_planned(draft.home, draft.release)
    return [] if planned is not None and planned.at is not None else [draft.release]


def _find_missing_signatures(draft: DraftUnderReview) -> list[str]:
    return [code for code in draft.territories if code not in draft.signed]


# -- The home


def _find_damaged_inputs(draft: DraftUnderReview) -> list[str]:
    return [damage.message for damage in integrity.check_inputs(draft.home, draft.engine)]


def _find_ledger_faults(draft: DraftUnderReview) -> list[str]:
    return [fault.localize_message() for fault in integrity.verify_records(draft.home, draft.engine).faults]


def _find_unfinished_publication(draft: DraftUnderReview) -> list[str]:
    return [problem.to_sentence() for problem in find_unfinished(draft.home)]


def _find_clock_faults(draft: DraftUnderReview) -> list[str]:
    """Return the times after the clock's."""
    from pipelines.ledger import clock_guard
    from pipelines.ledger.database import open_read_transaction

    with open_read_transaction(draft.engine) as connection:
        newest = max(clock_guard.newest_entry_at(connection) or "", draft.manifest["drafted_at"])
    return [newest] if newest > clock.format_timestamp(clock.now()) else []


def _find_full_disk(draft: DraftUnderReview) -> list[str]:
    needed = _SPACE * sum(path.stat().st_size for path in draft.folder.rglob("*") if path.is_file())
    free = shutil.disk_usage(draft.home.public).free
    return [] if free >= needed else [f"{free // 2**20} MB < {needed // 2**20} MB"]


def _find_key_faults(draft: DraftUnderReview) -> list[str]:
    try:
        signature.find_signing_key(draft.home)
    except ReleaseError as error:
        return [str(error)]
    return []


_REFRESH: Final = mark("Run `rti refresh`, and check the new draft.")
_RESTORE: Final = mark("Restore the named files from a backup; `rti audit verify` lists them.")
_EXPLAIN: Final = mark("Correct it, or explain it here.")
_ASK: Final = mark("Ask the office, or explain it here.")

CHECKS: Final[tuple[Check, ...]] = (
    Check("files", mark("Every file of the draft is as it was built"), _REFRESH, _find_file_faults),
    Check("order", mark("The draft is newer than the current release"), _REFRESH, _find_order_faults),
    Check("fresh", mark("No return was accepted after the draft was built"), _REFRESH, _find_later_returns),
    Check("code", mark("The draft was built with this version of the program"), _REFRESH, _find_other_code),
    Check("declarations", mark("The draft was built with these declarations"), _REFRESH, _find_other_declarations),
    Check("version", mark("The draft has a version and a list of changes"), _REFRESH, _find_missing_version),
    Check("tests", mark("All tests of the data have passed"), _REFRESH, _find_failed_tests),
    Check("coverage", mark("Every office has reported the newest quarter"), _ASK, _find_missing_returns, True),
    Check("overdue", mark("No earlier return is overdue"), _ASK, _find_overdue_returns, True),
    Check("waiting", mark("No return waits for a check or an approval"), _ASK, _find_waiting_returns, True),
    Check("warnings", mark("No return has open warnings"), _ASK, _find_open_warnings, True),
    Check("withdrawals", mark("No withdrawal of a return is requested"), _ASK, _find_requested_withdrawals, True),
    Check("public_audit", mark("The public cannot work out a withheld figure"), _REFRESH, _find_disclosed_cells),
    Check(
        "insider_audit",
        mark("No office can work out withheld figures of others"),
        mark("Run `rti release audit`. It examines the draft as each territory sees it."),
        _find_insiders,
        True,
    ),
    Check("no_values", mark("No withheld figure has a value in any file"), _REFRESH, _find_values_of_hidden_cells),
    Check("languages", mark("Every page exists in every language"), _REFRESH, _find_missing_languages),
    Check("labels", mark("Every code has a label in every language"), _EXPLAIN, _find_missing_labels, True),
    Check("alt_texts", mark("Every picture has a text alternative"), _EXPLAIN, _find_pictures_without_text),
    Check("cards", mark("Every published count has a counting rule"), _EXPLAIN, _find_counts_without_card, True),
    Check("notes", mark("Every territory has reference metadata"), _EXPLAIN, _find_missing_notes, True),
    Check("denominators", mark("The populations are recent"), _EXPLAIN, _find_old_denominators, True),
    Check("changes", mark("Changes of published figures are explained"), _EXPLAIN, _find_changes, True),
    Check(
        "notices",
        mark("A correction has a notice for each territory that it concerns"),
        mark("Publish a notice with `rti release notice`, then run `rti refresh`."),
        _find_missing_notices,
    ),
    Check("releases", mark("All earlier releases are as published"), _RESTORE, _find_damaged_releases),
    Check(
        "calendar",
        mark("The release is announced in the calendar"),
        mark("Announce its minute on this page."),
        _find_missing_announcement,
    ),
    Check(
        "sign_offs",
        mark("Every territory has signed its sheet"),
        mark("Ask an approver of each territory to sign its sheet."),
        _find_missing_signatures,
        True,
    ),
    Check("inputs", mark("All facts of accepted returns are as approved"), _RESTORE, _find_damaged_inputs),
    Check("ledger", mark("The audit log is complete and unchanged"), _RESTORE, _find_ledger_faults),
    Check(
        "unfinished",
        mark("No publication was interrupted"),
        mark("Run `rti publish`; it finishes the publication."),
        _find_unfinished_publication,
    ),
    Check("clock", mark("The clock is right"), mark("Set the clock of the computer right."), _find_clock_faults),
    Check("disk", mark("The disk has space"), mark("Free space on the disk."), _find_full_disk),
    Check("key", mark("The key that signs releases can be read"), _RESTORE, _find_key_faults),
)
