"""The checks of a draft itself: each function returns the problems that it finds, and none if all is in order."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

import polars as pl

from pipelines.core import codes, i18n
from pipelines.core.i18n import mark
from pipelines.publication.releases import calendar, utility_targets
from pipelines.publication.releases.changes import CHANGES
from pipelines.publication.releases.correction_notices import read_notices
from pipelines.publication.releases.editions import edition_key
from pipelines.publication.releases.errors import ReleaseError
from pipelines.publication.releases.manifest import DATABASE
from pipelines.publication.releases.manifest_writing import digest_code
from pipelines.publication.releases.publish import find_current_release, refuse_older_edition, verify_files
from pipelines.publication.releases.signature import MANIFEST
from pipelines.publication.releases.verification import verify_folder
from pipelines.refresh.release_desk.draft_under_review import DraftUnderReview
from pipelines.refresh.release_desk.problems import CheckProblem, NameReference
from pipelines.refresh.released_counts import read_audit, read_utility
from pipelines.statistics.thresholds import SMALLEST_PUBLISHED_COUNT

OLDEST_POPULATION: Final = 2
"""Years by which the newest population of a territory may be older than the year of the release."""


# -- The draft itself

_FILE: Final = mark("The file {file} is not as it was built.")
_FILES: Final = mark("Files that are not as they were built: {n}. The first is {file}.")
_OLDER: Final = mark("Release {release} is older than the current release, {current}.")
_OTHER_CODE: Final = mark("Another version of the program built the draft.")
_OTHER_DECLARATIONS: Final = mark("Forms or facts of territories have changed since the draft was built.")
_NO_VERSION: Final = mark("Release {release} has no version number.")
_FAILED_TEST: Final = mark("A test of the data did not pass: {name}.")


def find_file_faults(draft: DraftUnderReview) -> list[CheckProblem]:
    """Return the files of the draft that have changed, are missing or were added."""
    try:
        verify_files(draft.folder)
    except ReleaseError:
        faults = verify_folder(draft.folder)
        every = dict.fromkeys(fault.path.relative_to(draft.folder).as_posix() for fault in faults)
        files = [file for file in every if file != DATABASE] or list(every)  # the database follows from the others
        if len(files) > 1:
            return [CheckProblem(_FILES, {"n": len(files), "file": files[0]})]
        return [CheckProblem(_FILE, {"file": files[0] if files else MANIFEST})]
    return []


def find_order_faults(draft: DraftUnderReview) -> list[CheckProblem]:
    """Return that the draft is older than the current release."""
    try:
        refuse_older_edition(draft.home, draft.release)
    except ReleaseError:
        current = find_current_release(draft.home)
        return [
            CheckProblem(_OLDER, {"release": draft.release, "current": current.name if current is not None else "–"})
        ]
    return []


def find_other_code(draft: DraftUnderReview) -> list[CheckProblem]:
    """Return that the program has changed since the draft was built."""
    return [] if draft.manifest.get("code") == digest_code() else [CheckProblem(_OTHER_CODE)]


def find_other_declarations(draft: DraftUnderReview) -> list[CheckProblem]:
    """Return that declarations have changed since the draft was built."""
    digest = draft.registry.without_training().digest
    return [] if draft.manifest["declarations"] == digest else [CheckProblem(_OTHER_DECLARATIONS)]


def find_missing_version(draft: DraftUnderReview) -> list[CheckProblem]:
    """Return that the draft was not compared with the release before it."""
    return [] if draft.manifest.get("version") else [CheckProblem(_NO_VERSION, {"release": draft.release})]


def find_failed_tests(draft: DraftUnderReview) -> list[CheckProblem]:
    """Return the tests of the counts behind the draft that did not pass."""
    from pipelines.warehouse import count_builds

    counts = count_builds.latest_counts(draft.home)
    results = count_builds.test_results(counts) if counts is not None else ()
    failed = [test.name for test in results if test.status not in ("pass", "success", "skipped")]
    return [CheckProblem(_FAILED_TEST, {"name": name.replace("_", " ")}) for name in failed]


# -- Disclosure

NOT_EXAMINED: Final = mark("This draft has not been checked for withheld figures that the public can work out.")
_DISCLOSED: Final = {
    "disclosed": mark("Withheld figures that the public can work out exactly: {n}."),
    "narrow": mark("Withheld figures that the public can work out within narrow limits: {n}."),
    "unknown": mark("Withheld figures that could not be examined: {n}."),
}
_REVEALED: Final = {
    "revealed_before": mark("Withheld figures that earlier releases reveal by themselves: {n}."),
    "open_to_guess": mark("Withheld figures that follow from a guess that a correction closes a balance: {n}."),
}
NOT_MEASURED: Final = mark("It was not measured how many figures of this draft are withheld.")
_TOTALS_HIDDEN: Final = mark(
    "{period}: annual totals of territories of {least} or more that are withheld: {n}. At most {most} should be. "
    "Pending cases are not among them: {hidden_stocks} of {stocks} are withheld."
)
_SHARE_HIDDEN: Final = mark(
    "Of the figures above zero, {hidden}% are withheld, and {small}% are small. The difference should be at most "
    "{most} percentage points."
)
_READER_NOT_EXAMINED: Final = mark("{area}: not examined yet.")
_INSIDER: Final = mark("{area}: can work out withheld figures of others: {n}.")
_HIDDEN_VALUE: Final = mark("{where}: a withheld figure has a value.")


def find_disclosed_cells(draft: DraftUnderReview) -> list[CheckProblem]:
    """Return what the audit found of exactly the figures that this draft has; an audit of others does not count."""
    risk = read_audit(draft.home, draft.folder)
    if risk is None:
        return [CheckProblem(NOT_EXAMINED)]
    return [CheckProblem(text, {"n": risk[name]}) for name, text in _DISCLOSED.items() if risk[name]]


def find_revealed_cells(draft: DraftUnderReview) -> list[CheckProblem]:
    """Return how many withheld figures follow from earlier releases alone, or from a guess about a correction.

    No draft can protect them any longer: what is public stays known.
    """
    risk = read_audit(draft.home, draft.folder)
    if risk is None:
        return [CheckProblem(NOT_EXAMINED)]
    return [CheckProblem(text, {"n": n}) for name, text in _REVEALED.items() if (n := risk.get(name, 0))]


def find_missed_targets(draft: DraftUnderReview) -> list[CheckProblem]:
    """Return the years in which too many annual totals are withheld, and the share of figures if it is too large."""
    utility = read_utility(draft.home, draft.folder)
    if utility is None:
        return [CheckProblem(NOT_MEASURED)]
    limits = {
        "least": SMALLEST_PUBLISHED_COUNT,
        "most": utility_targets.MOST_ANNUAL_TOTALS,
        "stocks": utility.large_stocks,
        "hidden_stocks": utility.hidden_stocks,
    }
    problems = [
        CheckProblem(
            _TOTALS_HIDDEN,
            {**limits, "period": NameReference("period", year), "n": utility.hidden_totals[year]},
        )
        for year in utility.list_years_above()
    ]
    if not utility.has_few_points:
        shares = {"hidden": round(utility.hidden_percent, 1), "small": round(utility.small_percent, 1)}
        problems.append(CheckProblem(_SHARE_HIDDEN, {**shares, "most": round(utility_targets.MOST_POINTS)}))
    return problems


def find_insiders(draft: DraftUnderReview) -> list[CheckProblem]:
    """Return the territories that were not audited as readers of this draft, or that can work out cells of others."""
    missing = [code for code in draft.territories if code not in draft.audited]
    return [
        *(CheckProblem(_READER_NOT_EXAMINED, {"area": NameReference("area", code)}) for code in missing),
        *(
            CheckProblem(_INSIDER, {"area": NameReference("area", code), "n": n})
            for code, n in draft.audited.items()
            if n
        ),
    ]


def find_values_of_hidden_cells(draft: DraftUnderReview) -> list[CheckProblem]:
    """Return table, area and period of withheld rows that have a value."""
    problems = []
    for path in sorted((draft.folder / "data").glob("*.parquet")):
        columns = pl.read_parquet_schema(path).keys()
        if not {"conf_status", "value"} <= columns:
            continue
        place_columns = [name for name in ("area", "period") if name in columns]
        rows = pl.read_parquet(path, columns=[*place_columns, "conf_status", "value"])
        faulty = rows.filter((pl.col("conf_status") == "C") & pl.col("value").is_not_null())
        places = {tuple(code or "" for code in row[: len(place_columns)]) for row in faulty.iter_rows()}
        for place in sorted(places):
            names = (_name_place(name, code) for name, code in zip(place_columns, place, strict=True) if code)
            problems.append(CheckProblem(_HIDDEN_VALUE, {"where": (NameReference("table", path.stem), *names)}))
    return problems


def _name_place(column: str, code: str) -> NameReference:
    return NameReference("area", code) if column == "area" else NameReference("period", code)


# -- What readers need to understand figures

_MISSING_PAGE: Final = mark("{name}: the page {page} is missing.")
_MISSING_PAGES: Final = mark("{name}: {n} pages are missing. The first is {page}.")
_MISSING_LABELS: Final = mark("{name}: codes without a label: {n}. The first is {label}.")
_NO_ALTERNATIVE: Final = mark("{name}: the page {page} has a picture without a text alternative.")
_NO_CARD: Final = mark("{area}, {what}: no counting rule is declared.")
_NO_METADATA: Final = mark("{area}: no reference metadata.")
_OLD_POPULATION: Final = mark("{area}: the newest population figure is for {year}.")
_NO_POPULATION: Final = mark("{area}: no population figure for {year}.")


def find_missing_languages(draft: DraftUnderReview) -> list[CheckProblem]:
    """Return the languages that lack pages which another language has."""
    every = frozenset().union(*draft.pages.values()) if draft.pages else frozenset({"index.html"})
    missing = {code: every - draft.pages.get(i18n.html_lang(code), frozenset()) for code in i18n.list_languages()}
    return [
        CheckProblem(
            _MISSING_PAGE if len(pages) == 1 else _MISSING_PAGES,
            {"name": NameReference("language", code), "n": len(pages), "page": min(pages)},
        )
        for code, pages in missing.items()
        if pages
    ]


def find_missing_labels(draft: DraftUnderReview) -> list[CheckProblem]:
    """Return for each language how many codes lack a label, with the English label of the first."""
    every = draft.read_table("codelist").select("codelist", "code", "label")
    labels = draft.read_table("codelist_label").filter(pl.col("label") != "").drop("label")
    problems = []
    for code in i18n.list_languages():
        labels_of_language = labels.filter(pl.col("language") == i18n.html_lang(code))
        missing = every.join(labels_of_language, on=["codelist", "code"], how="anti", maintain_order="left")
        if code != i18n.SOURCE_LANGUAGE and missing.height:
            values = {"name": NameReference("language", code), "n": missing.height, "label": missing["label"][0]}
            problems.append(CheckProblem(_MISSING_LABELS, values))
    return problems


_PICTURE: Final = re.compile(r"<svg\b[^>]*>", re.IGNORECASE)
_NAMED_PICTURE: Final = re.compile(r"aria-label=|aria-labelledby=|aria-hidden=\"true\"|role=\"presentation\"")


def find_pictures_without_text(draft: DraftUnderReview) -> list[CheckProblem]:
    """Return the pages with a picture that has no text alternative."""
    problems = []
    for code in i18n.list_languages():
        lang = i18n.html_lang(code)
        for name in sorted(draft.pages.get(lang, ())):
            text = (draft.folder / "pages" / lang / name).read_text(encoding="utf-8")
            images = re.findall(r"<img\b(?![^>]*\balt=)", text)
            if images or any(not _NAMED_PICTURE.search(tag) for tag in _PICTURE.findall(text)):
                problems.append(CheckProblem(_NO_ALTERNATIVE, {"name": NameReference("language", code), "page": name}))
    return problems


def find_counts_without_card(draft: DraftUnderReview) -> list[CheckProblem]:
    """Return the areas and units with published counts whose counting rule is not declared."""
    cells = draft.read_table("cell").filter(pl.col("value").is_not_null() & (pl.col("card_id") == ""))
    rows = cells.filter(pl.col("area_kind") != "region").select("area", "level", "count_unit").unique().sort(pl.all())
    return [
        CheckProblem(
            _NO_CARD,
            {
                "area": NameReference("area", area),
                "what": (NameReference("code", level, "level"), NameReference("code", unit, "count_unit")),
            },
        )
        for area, level, unit in rows.iter_rows()
    ]


def find_missing_notes(draft: DraftUnderReview) -> list[CheckProblem]:
    """Return the territories without reference metadata."""
    described = set(draft.read_table("metadata")["territory"])
    return [
        CheckProblem(_NO_METADATA, {"area": NameReference("area", code)})
        for code in draft.territories
        if code not in described
    ]


def find_old_denominators(draft: DraftUnderReview) -> list[CheckProblem]:
    """Return the territories whose newest population is missing or older than `OLDEST_POPULATION` years."""
    year = int(draft.period[:4])
    rows = draft.read_table("population").filter(pl.col("year") == year)
    newest = dict(rows.select("area", "population_year").iter_rows())
    problems = []
    for code in draft.territories:
        if newest.get(code) is None:
            problems.append(CheckProblem(_NO_POPULATION, {"area": NameReference("area", code), "year": str(year)}))
        elif int(newest[code]) < year - OLDEST_POPULATION:
            problems.append(
                CheckProblem(_OLD_POPULATION, {"area": NameReference("area", code), "year": str(newest[code])})
            )
    return problems


# -- Earlier releases

_CHANGES: Final = {
    "revised": mark("{area}, {periods}: published figures that were revised: {n}."),
    "withdrawn": mark("{area}, {periods}: figures that are no longer published: {n}."),
    "newly_hidden": mark("{area}, {periods}: published figures that are withheld now: {n}."),
    "newly_shown": mark("{area}, {periods}: withheld figures that are published now: {n}."),
}
_CHANGED_TABLES: Final = mark("Changes to tables, columns and definitions: {n}.")
_NO_NOTICE: Final = mark("{area}: published totals were revised, and no notice says why.")


def find_changes(draft: DraftUnderReview) -> list[CheckProblem]:
    """Return the changes of published figures by territory, and how many tables and definitions have changed."""
    rows = draft.read_table("change").filter(pl.col("change") != "added")
    periods = pl.coalesce(pl.col(name).replace("", None) for name in ("period", "cohort", "entered")).fill_null("–")
    territory = pl.col("area").str.extract("^([A-Z]{2})(?:_|$)").fill_null(codes.REGION)
    groups = rows.group_by(territory.alias("territory"), "change").agg(
        first=periods.min(), last=periods.max(), n=pl.len()
    )
    schema = draft.read_table("schema_change").height
    return [*_list_changes(groups), *([CheckProblem(_CHANGED_TABLES, {"n": schema})] if schema else [])]


def _list_changes(groups: pl.DataFrame) -> Iterator[CheckProblem]:
    """Yield a problem for each kind of change of a territory, figures that were revised first."""
    for kind in (name for name in CHANGES if name != "added"):
        for row in groups.filter(pl.col("change") == kind).sort("territory").iter_rows(named=True):
            periods = NameReference("period", f"{row['first']}|{row['last']}")
            yield CheckProblem(
                _CHANGES[kind], {"area": NameReference("area", row["territory"]), "periods": periods, "n": row["n"]}
            )


def find_missing_notices(draft: DraftUnderReview) -> list[CheckProblem]:
    """Return the territories whose published totals were revised without a notice since the release before."""
    previous = draft.manifest.get("previous")
    if previous is None or edition_key(draft.release)[2] == 0:
        return []  # a new quarter revises by rule; a correction must say what was wrong
    rows = draft.read_table("change").filter((pl.col("change") == "revised") & pl.col("is_total"))
    revised = set(rows.filter(pl.col("area_kind") == "territory")["area"])
    noticed = {notice.area.partition("_")[0] for notice in read_notices(draft.home) if notice.release == previous}
    return [CheckProblem(_NO_NOTICE, {"area": NameReference("area", code)}) for code in sorted(revised - noticed)]


# -- People and dates

_NOT_ANNOUNCED: Final = mark("No time is announced for release {release}.")
_CANCELLED: Final = mark("The announced time of release {release} was cancelled.")
_NOT_SIGNED: Final = mark("{area}: nobody has signed the sheet.")


def find_missing_announcement(draft: DraftUnderReview) -> list[CheckProblem]:
    """Return that no minute is announced for the release, or that it was cancelled."""
    planned = calendar.find_planned(draft.home, draft.release)
    if planned is not None and planned.at is not None:
        return []
    return [CheckProblem(_NOT_ANNOUNCED if planned is None else _CANCELLED, {"release": draft.release})]


def find_missing_signatures(draft: DraftUnderReview) -> list[CheckProblem]:
    """Return the territories whose sheet nobody has signed for this draft."""
    return [
        CheckProblem(_NOT_SIGNED, {"area": NameReference("area", code)})
        for code in draft.territories
        if code not in draft.signed
    ]
