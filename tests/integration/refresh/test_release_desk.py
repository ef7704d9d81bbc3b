"""Tests of the release desk: every check finds its fault, and only the right people sign, explain and publish."""

from __future__ import annotations

import inspect
import json
import os
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from pipelines.cli import main
from pipelines.core import clock, file_states, i18n
from pipelines.core.file_states import FileStates
from pipelines.core.home import Home, open_home
from pipelines.core.result_cache import ResultCache
from pipelines.declarations.registry import load
from pipelines.ledger import queries, verification
from pipelines.ledger.acts import Act as LedgerAct
from pipelines.ledger.identity import Grant, Identity, NotAllowedError
from pipelines.ledger.opening import open_ledger
from pipelines.publication.releases import preview, signature
from pipelines.publication.releases.errors import ReleaseError
from pipelines.publication.releases.publications import read_publications
from pipelines.publication.releases.utility_targets import ReleaseUtility
from pipelines.publication.releases.verification import manifest_digest
from pipelines.refresh import embargo, integrity, publication, reader_audit, released_counts
from pipelines.refresh.release_desk import checklist, checks, desk, home_checks, kept_checks, review
from pipelines.refresh.release_desk.desk import ReleaseDesk
from pipelines.refresh.release_desk.problems import CheckProblem, CommandReader
from pipelines.submissions import decisions, intake, release_log
from pipelines.submissions.accounts import accounts
from pipelines.submissions.timetable.names import note_of
from pipelines.warehouse import count_builds
from tests.support.fakes import ledger_fakes
from tests.support.kept_builds import build_kept
from tests.support.releases import release_fixture
from tests.support.releases.publication_fixture import copy_home

NOW, MINUTE = "2026-11-25T09:00:00Z", "2026-12-01T09:00:00Z"
DRAFT = "2026-Q3"
NO_RISK = {"disclosed": 0, "narrow": 0, "unknown": 0}
FEW_LOSSES = ReleaseUtility(
    {"2024": 200, "2025": 210},
    {"2024": 5, "2025": 4},
    not_zero=1000,
    small=275,
    hidden=425,
    large_stocks=306,
    hidden_stocks=68,
)
"""Numbers of withheld figures that meet both targets exactly."""
TEXT = "The office has announced its return for Friday."
PEOPLE = {
    "head": Grant("steward"), "al-steward": Grant("steward", "AL"), "al-approver": Grant("approver", "AL", "justice"),
    "ba-approver": Grant("approver", "BA_FED", "justice"), "al-sender": Grant("submitter", "AL", "justice"),
    "office": Grant("submitter", "QQ"), "secretariat": Grant("approver", "QQ"),
}  # fmt: skip


def make_people(engine: Any) -> None:
    new = [
        accounts.NewAccount(name, name, (grant,), issuer="https://id.example", subject=name)
        for name, grant in PEOPLE.items()
    ]
    accounts.create_many(engine, new, by="system")


@pytest.fixture(scope="module")
def template(request: pytest.FixtureRequest) -> Home:
    """A home with the draft of its first release, with pages in all languages and an audit without findings."""
    return open_home(build_kept(request, "home-of-release-desk", _make_home) / "home")


def _make_home(root: Path) -> None:
    with clock.freeze_time(clock.parse_time("2026-11-20T09:00:00Z")):
        home, engine = ledger_fakes.home_and_ledger(root, make_people)
        engine.dispose()
        folder = home.drafts / DRAFT
        release_fixture.write_draft(home, DRAFT)
        for language in i18n.list_languages():
            pages = folder / "pages" / i18n.html_lang(language)
            pages.mkdir(parents=True)
            (pages / "index.html").write_text('<svg aria-label="A picture"></svg>', encoding="utf-8")
        cells = folder / "data" / "cell.parquet"
        pl.read_parquet(cells).with_columns(card_id=pl.lit("a card")).write_parquet(cells)
        _renew_manifest(home)
        home.released.mkdir()
        released_counts.record_audit(home, folder, NO_RISK, FEW_LOSSES)


def _renew_manifest(home: Home) -> None:
    """List the files of the draft in its manifest."""
    from pipelines.publication.releases import formats, manifest

    folder = home.drafts / DRAFT
    content = manifest.read_manifest(folder)
    content["files"] = {
        path.relative_to(folder).as_posix(): {"sha256": formats.hash_file(path)}
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name not in manifest.UNLISTED
    }
    (folder / "manifest.json").write_text(json.dumps(content), encoding="utf-8")


def open_copy(template: Home, folder: Path) -> ReleaseDesk:
    home = copy_home(template, folder)
    return ReleaseDesk(home, open_ledger(home), load())


@pytest.fixture
def the_desk(template: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ReleaseDesk:
    monkeypatch.setenv("RTI_NOW", NOW)
    return open_copy(template, tmp_path / "home")


@pytest.fixture(scope="module")
def unchanged_desk(template: Home, tmp_path_factory: pytest.TempPathFactory) -> ReleaseDesk:
    """Return a desk for tests of acts that change nothing."""
    with clock.freeze_time(clock.parse_time(NOW)):
        return open_copy(template, tmp_path_factory.mktemp("unchanged") / "home")


def get_person(the_desk: ReleaseDesk, account: str) -> Identity:
    return accounts.get_identity(the_desk.engine, account)


def read_states(the_desk: ReleaseDesk) -> dict[str, str]:
    return {
        result.check.id: result.state for result in desk.review_draft(the_desk, get_person(the_desk, "head")).checks
    }


# -- the checks


def test_checklist_has_at_least_twenty_checks_each_with_title_and_remedy() -> None:
    assert len(checklist.CHECKS) >= 20
    assert len({check.id for check in checklist.CHECKS}) == len(checklist.CHECKS)
    assert all(check.title and check.remedy for check in checklist.CHECKS)


def _table(name: str, change: Callable[[pl.DataFrame], pl.DataFrame]) -> Callable[[ReleaseDesk], None]:
    def change_table(the_desk: ReleaseDesk) -> None:
        path = the_desk.home.drafts / DRAFT / "data" / f"{name}.parquet"
        change(pl.read_parquet(path)).write_parquet(path)

    return change_table


def _page(text: str) -> Callable[[ReleaseDesk], None]:
    def write_page(the_desk: ReleaseDesk) -> None:
        (the_desk.home.drafts / DRAFT / "pages" / "sq" / "index.html").write_text(text, encoding="utf-8")

    return write_page


def _manifest(**entries: Any) -> Callable[[ReleaseDesk], None]:
    def change_manifest(the_desk: ReleaseDesk) -> None:
        path = the_desk.home.drafts / DRAFT / "manifest.json"
        path.write_text(json.dumps(json.loads(path.read_text(encoding="utf-8")) | entries), encoding="utf-8")

    return change_manifest


def _of_one_office(coverage: pl.DataFrame) -> pl.DataFrame:
    return coverage.filter(pl.col("territory") == "AL").with_columns(source=pl.lit("AL_PP"))


def _record_audit(the_desk: ReleaseDesk, utility: ReleaseUtility | None = FEW_LOSSES, **risk: int) -> None:
    released_counts.record_audit(the_desk.home, the_desk.home.drafts / DRAFT, {**NO_RISK, **risk}, utility)


def _reveal(cells: pl.DataFrame) -> pl.DataFrame:
    return cells.with_columns(value=pl.when(pl.col("conf_status") == "C").then(pl.lit(3.0)).otherwise(pl.col("value")))


_LOST_LABEL = [{"language": "sq", "codelist": "measure", "code": "reported"}]
FAULTS: dict[str, Callable[[ReleaseDesk], None]] = {
    "files": _page("changed"),
    "code": _manifest(code="0" * 64),
    "declarations": _manifest(declarations="0" * 64),
    "version": _manifest(version=None),
    "public_audit": lambda d: released_counts.record_audit(d.home, d.home.drafts / DRAFT, {**NO_RISK, "disclosed": 1}),
    "earlier_releases": lambda d: _record_audit(d, revealed_before=2),
    "targets": lambda d: _record_audit(d, utility=replace(FEW_LOSSES, hidden_totals={"2024": 6, "2025": 4})),
    "no_values": _table("cell", _reveal),
    "languages": lambda d: (d.home.drafts / DRAFT / "pages" / "sq" / "index.html").unlink(),
    "labels": _table(
        "codelist_label", lambda t: t.filter(~pl.struct("language", "codelist", "code").is_in(_LOST_LABEL))
    ),
    "alt_texts": _page("<svg></svg>"),
    "cards": _table("cell", lambda t: t.with_columns(card_id=pl.lit(""))),
    "notes": _table("metadata", lambda t: t.filter(pl.col("territory") != "MK")),
    "denominators": _table("population", lambda t: t.with_columns(population_year=2010)),
    "changes": _table("change", lambda t: pl.concat([t, _make_change(area="MK", period="2026-Q1")])),
    "unfinished": lambda d: (d.home.releases / "2026-Q1").mkdir(),
    "releases": lambda d: (d.home.releases / "2026-Q1").mkdir(),
    "key": lambda d: _damage_key(d.home),
    "order": lambda d: _publish_later_release(d.home),
    "fresh": lambda d: _accept_return(d, days=284),
    "tests": lambda d: _write_test_results(d.home, "fail"),
    "coverage": _table("coverage", lambda t: _of_one_office(t).with_columns(is_reported=pl.col("period") != DRAFT)),
    "overdue": _table(
        "coverage", lambda t: _of_one_office(t).with_columns(is_reported=pl.col("period") == DRAFT, is_due=True)
    ),
    "waiting": lambda d: _send_return(d),
    "warnings": lambda d: _check_return(d, warnings=(("key", "rule"),)),
    "withdrawals": lambda d: _ask_withdrawal(d),
    "insider_audit": lambda d: _write_audits(d, 2),
    "notices": lambda d: _revise_without_notice(d),
    "calendar": lambda d: embargo.schedule_release(d.home, DRAFT, None, actor="head", reason=TEXT),
    "sign_offs": _manifest(note="another draft, which nobody has signed"),
    "inputs": lambda d: _damage_facts(d),
    "ledger": lambda d: _change_audit_log(d),
    "clock": _manifest(drafted_at="2027-01-01T00:00:00Z"),
    "disk": lambda d: os.truncate(d.home.drafts / DRAFT / "README.txt", 1 << 42),
}
"""A fault for each check."""
PREPARED: dict[str, Callable[[ReleaseDesk], None]] = {
    "tests": lambda d: _write_test_results(d.home, "pass"),
    "coverage": _table("coverage", lambda t: t.with_columns(is_reported=True)),
    "overdue": _table("coverage", lambda t: t.with_columns(is_reported=True)),
    "withdrawals": lambda d: _accept_return(d),
    "insider_audit": lambda d: _write_audits(d, 0),
    "calendar": lambda d: embargo.schedule_release(d.home, DRAFT, clock.parse_time(MINUTE), actor="head"),
    "sign_offs": lambda d: _sign_all(d),
    "inputs": lambda d: _accept_return(d),
    "ledger": lambda d: _accept_return(d),
}
"""Preparations that make a check good before its fault is planted."""


def _publish_later_release(home: Home) -> None:
    (home.releases / "2026-Q4").mkdir()
    home.current.symlink_to("releases/2026-Q4")


def _check_return(the_desk: ReleaseDesk, warnings: tuple[tuple[str, str], ...] = (), filename: str = "a return") -> str:
    arrival = ledger_fakes.make_arrival(filename, 1)
    identity = intake.record_arrival(the_desk.engine, arrival).submission_id
    ledger_fakes.keep_values(the_desk.home, identity, {("2025-Q4", "reported"): 9.0})
    result = ledger_fakes.make_check_result(identity, ledger_fakes.make_block("2025-Q4"), warnings=warnings, days=1.1)
    intake.record_check(the_desk.engine, result)
    return identity


def _send_return(the_desk: ReleaseDesk) -> None:
    identity = _check_return(the_desk)
    decisions.send_submission(the_desk.engine, LedgerAct(identity, "office", ledger_fakes.time_at(1.2)))


def _accept_return(the_desk: ReleaseDesk, days: float = 2) -> str:
    values = {("2025-Q3", "reported"): 9.0}
    return ledger_fakes.make_accepted_submission(the_desk.home, the_desk.engine, "accepted", values, days)


def _ask_withdrawal(the_desk: ReleaseDesk) -> None:
    [identity] = queries.accepted_ids(the_desk.engine)
    act = LedgerAct(identity, "office", ledger_fakes.time_at(3), "It was the wrong file.", "late_data")
    decisions.ask_withdrawal(the_desk.engine, act)


def _write_test_results(home: Home, status: str) -> None:
    counts = home.warehouse / "counts-000001.duckdb"
    counts.touch()
    count_builds.tables_folder(counts).mkdir(exist_ok=True)
    result = {"name": "unique_cell", "kind": "test", "seconds": 0.1, "status": status}
    (count_builds.tables_folder(counts) / "build.json").write_text(json.dumps({"tests": [result]}), encoding="utf-8")


def _write_audits(the_desk: ReleaseDesk, cells: int) -> None:
    digest = manifest_digest(the_desk.home.drafts / DRAFT)
    n_cells = dict.fromkeys(the_desk.registry.without_training().territories, 0) | {"AL": cells}
    content = {"manifest_sha256": digest, "found": n_cells}
    review.audits_path(the_desk.home, DRAFT).write_text(json.dumps(content), encoding="utf-8")


def _revise_without_notice(the_desk: ReleaseDesk) -> None:
    _table("change", lambda t: pl.concat([t, _make_change(area="MK", area_kind="territory")]))(the_desk)
    _manifest(previous=DRAFT)(the_desk)
    (the_desk.home.drafts / DRAFT).rename(the_desk.home.drafts / f"{DRAFT}.1")


def _sign_all(the_desk: ReleaseDesk) -> None:
    digest = manifest_digest(the_desk.home.drafts / DRAFT)
    for territory in the_desk.registry.without_training().territories:
        detail = {"territory": territory, "manifest_sha256": digest}
        release_log.record_unattended(the_desk.engine, release_log.SIGNED_OFF, DRAFT, detail)


def _damage_facts(the_desk: ReleaseDesk) -> None:
    [identity] = queries.accepted_ids(the_desk.engine)
    [path] = the_desk.home.facts.glob(f"observation/**/{identity}*")
    path.write_bytes(b"damaged")


def _change_audit_log(the_desk: ReleaseDesk) -> None:
    with the_desk.engine.begin() as connection:
        connection.exec_driver_sql("drop trigger audit_no_update")
        connection.exec_driver_sql("update audit set actor = 'somebody' where seq = 2")


def _make_change(**terms: str) -> pl.DataFrame:
    from pipelines.publication.releases.changes import COLUMNS, empty_comparison

    row = dict.fromkeys(COLUMNS, "") | {"change": "revised", "is_total": True} | terms
    row |= dict.fromkeys(("before", "after", "difference"), 1.0)  # type: ignore[arg-type]
    return pl.DataFrame([row], schema=empty_comparison().figures.schema)


def _damage_key(home: Home) -> None:
    (home.restricted / "keys").mkdir(exist_ok=True)
    (home.restricted / "keys" / "release-current").write_text("0123456789abcdef", encoding="ascii")


def test_every_check_has_a_planted_fault() -> None:
    assert set(FAULTS) == {check.id for check in checklist.CHECKS}


def _run_check(the_desk: ReleaseDesk, check_id: str) -> checklist.DraftCheckResult:
    check = next(check for check in checklist.CHECKS if check.id == check_id)
    [folder] = the_desk.home.drafts.iterdir()
    draft = review.read_draft(the_desk.home, the_desk.engine, the_desk.registry, folder)
    return checklist.run_check(check, draft)


SENTENCES: dict[str, str] = {
    "files": "The file pages/sq/index.html is not as it was built.",
    "order": "Release 2026-Q3 is older than the current release, 2026-Q4.",
    "fresh": "QQ, Justice counts, 2025 Q3: accepted on 21 November 2026, after the draft was built.",
    "code": "Another version of the program built the draft.",
    "declarations": "Forms or facts of territories have changed since the draft was built.",
    "version": "Release 2026-Q3 has no version number.",
    "tests": "A test of the data did not pass: unique cell.",
    "coverage": "General Prosecution Office (Albania), Justice counts: no return for 2026 Q3.",
    "overdue": "General Prosecution Office (Albania), Justice counts: no return for 2023.",
    "waiting": "QQ, Justice counts, 2025 Q4: sent but not yet approved.",
    "warnings": "QQ, Justice counts, 2025 Q4: warnings without an explanation: 1.",
    "withdrawals": "QQ, Justice counts, 2025 Q3: the office has asked to withdraw it.",
    "public_audit": "Withheld figures that the public can work out exactly: 1.",
    "insider_audit": "Albania: can work out withheld figures of others: 2.",
    "earlier_releases": "Withheld figures that earlier releases reveal by themselves: 2.",
    "targets": "2024: annual totals of territories of 5 or more that are withheld: 6. At most 5 should be. Pending "
    "cases are not among them: 68 of 306 are withheld.",
    "no_values": "Published counts, Albania, 2025: a withheld figure has a value.",
    "languages": "Shqip: the page index.html is missing.",
    "labels": "Shqip: codes without a label: 1. The first is Reported.",
    "alt_texts": "Shqip: the page index.html has a picture without a text alternative.",
    "cards": "Albania, Final, Persons: no counting rule is declared.",
    "notes": "North Macedonia: no reference metadata.",
    "denominators": "Albania: the newest population figure is for 2010.",
    "changes": "North Macedonia, 2026 Q1: published figures that were revised: 1.",
    "notices": "North Macedonia: published totals were revised, and no notice says why.",
    "releases": "Release 2026-Q1 is public, but no publication of it is recorded.",
    "calendar": "The announced time of release 2026-Q3 was cancelled.",
    "sign_offs": "Albania: nobody has signed the sheet.",
    "inputs": "QQ, Justice counts, 2025 Q3: the stored figures are not as they were approved.",
    "ledger": "Entry 2 of the audit log was changed.",
    "unfinished": "Release 2026-Q1 is in the public folder, but `publications.jsonl` does not list it: its publication "
    "was interrupted. `rti publish 2026-Q1` finishes it.",
    "clock": "The clock of this computer says 2026-11-25 09:00, but 2027-01-01 00:00 is recorded already (UTC).",
    "disk": "MB",
    "key": "The key that signs releases is missing or damaged.",
}
"""The first problem of each fault, as the command prints it; of the disk only a part is always the same."""
MACHINE_WORDS = re.compile(
    r"S[0-9a-f]{15}|[0-9a-f]{12,}|\w=\w|\b[A-Z]{2}_[A-Z]+|\b(?:AL|BA|HR|XK|MK|ME|RS|WB)\b|_T\b|\{|Error|Q\d\||"
    r"convicted_|/home/|no_value"
)
"""Ids of returns, digests, terms of keys, codes of offices, areas and measures, classes of errors, and paths."""


@pytest.mark.parametrize("check_id", FAULTS)
def test_check_finds_its_fault_and_the_next_view_shows_it_in_plain_words(
    the_desk: ReleaseDesk, check_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Plant the fault after two views, of which the second has kept results."""
    if check_id == "disk":
        monkeypatch.setattr(checks, "verify_files", lambda _: None)  # the draft gets a file of four terabytes
    monkeypatch.setattr(file_states, "SETTLED_SECONDS", -1.0)
    if check_id in PREPARED:
        PREPARED[check_id](the_desk)
    assert (before := _run_check(the_desk, check_id)).state == "good", before.problems
    views = [_view_check(the_desk, check_id).state for _ in range(2)]
    assert views == ["good", "good"]
    FAULTS[check_id](the_desk)
    assert _view_check(the_desk, check_id).state == "open", "the view"
    result = _run_check(the_desk, check_id)
    assert result.state == "open"
    lines = result.list_evidence(CommandReader(the_desk.registry))
    assert lines[0] == SENTENCES[check_id] or (check_id == "disk" and "MB are free on the disk" in lines[0]), lines
    assert not [line for line in lines if MACHINE_WORDS.search(line)], lines
    assert all(line.endswith(".") for line in lines[: checklist.NAMED])


def test_returns_of_one_office_and_period_are_told_apart_by_their_files(the_desk: ReleaseDesk) -> None:
    for filename in ("first.xlsx", "second.xlsx"):
        _check_return(the_desk, (("key", "rule"),), filename)
    lines = _run_check(the_desk, "warnings").list_evidence(CommandReader(the_desk.registry))
    sentence = "QQ, Justice counts, 2025 Q4, {}: warnings without an explanation: 1."
    assert sorted(lines) == [sentence.format("first.xlsx"), sentence.format("second.xlsx")]


def test_remedy_of_a_draft_that_was_not_measured_is_a_refresh() -> None:
    targets = next(check for check in checklist.CHECKS if check.id == "targets")
    unmeasured, missed = CheckProblem(checks.NOT_MEASURED), CheckProblem("More are withheld.")
    assert "rti refresh" in checklist.DraftCheckResult(targets, (unmeasured,)).remedy
    for problems in ((missed,), (unmeasured, missed), ()):
        assert checklist.DraftCheckResult(targets, problems).remedy == targets.remedy


@pytest.mark.parametrize("text", ["S0123456789abcdef", "area=AL", "AL_PP", "AL: 2", "KeyError: 'x'", "0" * 64])
def test_machine_words_are_recognised(text: str) -> None:
    assert MACHINE_WORDS.search(text)


def test_problems_of_each_check_are_in_the_language_of_the_reader(the_desk: ReleaseDesk) -> None:
    FAULTS["coverage"](the_desk)
    problems = [
        problem
        for check_id in ("coverage", "sign_offs", "calendar", "insider_audit")
        for problem in _run_check(the_desk, check_id).problems
    ]
    assert problems
    for language in i18n.list_languages():
        reader = CommandReader(the_desk.registry, language)
        for problem in problems:
            text, english = problem.compose_sentence(reader), problem.compose_sentence(CommandReader(the_desk.registry))
            assert (text == english) == (language == "en"), (language, text)
            assert not MACHINE_WORDS.search(text), language
            assert not text.endswith(".."), f"{language}: a period may end with a full stop"


def test_review_shows_open_checks_of_people_dates_and_returns(the_desk: ReleaseDesk) -> None:
    by_check = read_states(the_desk)
    for check_id in ("calendar", "sign_offs", "insider_audit", "coverage"):
        assert by_check[check_id] == "open", check_id
    for check_id in (
        "files",
        "order",
        "fresh",
        "waiting",
        "warnings",
        "withdrawals",
        "inputs",
        "ledger",
        "clock",
        "disk",
    ):
        assert by_check[check_id] == "good", check_id


def test_check_that_cannot_be_run_is_open_and_says_why(the_desk: ReleaseDesk) -> None:
    (the_desk.home.drafts / DRAFT / "data" / "metadata.parquet").unlink()
    review = desk.review_draft(the_desk, get_person(the_desk, "head"))
    result = next(result for result in review.checks if result.check.id == "notes")
    [line] = result.list_evidence(CommandReader(the_desk.registry))
    assert result.state == "open"
    assert line == "This check failed, because the file metadata.parquet of the draft is missing or damaged."


def test_check_that_does_not_find_a_column_names_nothing_of_the_program(the_desk: ReleaseDesk) -> None:
    _table("cell", lambda cells: cells.drop("card_id"))(the_desk)
    [line] = _run_check(the_desk, "cards").list_evidence(CommandReader(the_desk.registry))
    assert line == "This check failed, because a part of the draft is missing or damaged."


def test_command_prints_sentences_and_the_footnotes_of_the_names(
    the_desk: ReleaseDesk, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RTI_HOME", str(the_desk.home.root))
    kosovo = note_of(the_desk.registry, "XK", "en")
    assert main.main(["release", "checklist", "--as", "head"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert "              Kosovo under UNSCR 1244: nobody has signed the sheet." in lines
    assert kosovo in lines[-2:]
    assert main.main(["release", "checklist", "--as", "head", "--json"]) == 1
    content = json.loads(capsys.readouterr().out)
    assert kosovo in content["footnotes"]
    assert "Albania: nobody has signed the sheet." in [
        text for check in content["checks"] for text in check["problems"]
    ]
    reader = CommandReader(the_desk.registry)
    assert (reader.area_name("AL"), reader.list_footnotes()) == ("Albania", [])


def test_many_changed_files_of_a_release_are_one_problem(the_desk: ReleaseDesk) -> None:
    for language in ("sq", "mk", "en"):
        (the_desk.home.drafts / DRAFT / "pages" / language / "index.html").write_text("changed", encoding="utf-8")
    reader = CommandReader(the_desk.registry)
    assert _run_check(the_desk, "files").list_evidence(reader) == [
        "Files that are not as they were built: 3. The first is pages/en/index.html."
    ]
    folder = the_desk.home.releases / "2026-Q1"
    shutil.copytree(the_desk.home.drafts / DRAFT, folder)
    line = {"release": "2026-Q1", "published_at": NOW}
    (the_desk.home.public / "publications.jsonl").write_text(json.dumps(line) + "\n", encoding="utf-8")
    assert _run_check(the_desk, "releases").list_evidence(reader) == [
        "Release 2026-Q1: files that are not as they were published: 4. The first is pages/en/index.html."
    ]


def test_guesses_and_shares_of_withheld_figures_are_problems_of_their_own(the_desk: ReleaseDesk) -> None:
    reader = CommandReader(the_desk.registry)
    _record_audit(the_desk, open_to_guess=3)
    assert _run_check(the_desk, "earlier_releases").list_evidence(reader) == [
        "Withheld figures that follow from a guess that a correction closes a balance: 3."
    ]
    _record_audit(the_desk, replace(FEW_LOSSES, hidden=426))
    assert _run_check(the_desk, "targets").list_evidence(reader) == [
        "Of the figures above zero, 42.6% are withheld, and 27.5% are small. The difference should be at most 15 "
        "percentage points."
    ]
    _record_audit(the_desk, None)
    assert _run_check(the_desk, "targets").list_evidence(reader) == [
        "It was not measured how many figures of this draft are withheld."
    ]
    desk.explain_check(the_desk, get_person(the_desk, "head"), "targets", TEXT)
    assert read_states(the_desk)["targets"] == "explained"


# -- views keep results, and acts do not use them

KEPT = [check.id for check in checklist.CHECKS if check.reads]
"""Checks that a view does not run again while what they read is unchanged."""
WORK = {
    "files": (checks, "verify_files"),
    "releases": (home_checks, "verify_published"),
    "inputs": (integrity, "check_inputs"),
    "ledger": (verification, "verify_ledger"),
}
"""The functions that read every file, by check."""


def _view(the_desk: ReleaseDesk) -> dict[str, checklist.DraftCheckResult]:
    """Return the results that the page of the steward shows."""
    review = desk.review_draft(the_desk, get_person(the_desk, "head"))
    return {result.check.id: result for result in review.checks}


def _view_check(the_desk: ReleaseDesk, check_id: str) -> checklist.DraftCheckResult:
    """Return the same result of one check, without running the others."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(checklist, "CHECKS", tuple(check for check in checklist.CHECKS if check.id == check_id))
        return _view(the_desk)[check_id]


def _freeze_states(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every file and the ledger seem unchanged for ever, as if a disk damaged them silently."""
    monkeypatch.setattr(file_states, "read_states", lambda *_: FileStates("unchanged", 0, is_settled=True))


def test_second_view_reads_no_file_again_and_shows_the_same(
    the_desk: ReleaseDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_states, "SETTLED_SECONDS", -1.0)
    calls: list[str] = []
    for check_id, (module, name) in WORK.items():
        function = getattr(module, name)

        def count_call(*args: Any, _name: str = check_id, _function: Any = function, **named: Any) -> Any:
            calls.append(_name)
            return _function(*args, **named)

        monkeypatch.setattr(module, name, count_call)
    signature.find_signing_key(the_desk.home)  # created on first use, which changes the keys of releases
    first = _view(the_desk)
    assert sorted(calls) == sorted(WORK)
    assert _view(the_desk) == first
    assert sorted(calls) == sorted(WORK), "the second view read everything again"
    desk.explain_check(the_desk, get_person(the_desk, "head"), "coverage", TEXT)
    assert _view(the_desk)["coverage"].state == "explained"
    assert sorted(calls) == sorted([*WORK, "inputs", "ledger"]), "an act changes the ledger, and no file"
    with pytest.raises(ReleaseError):
        desk.publish_release(the_desk, get_person(the_desk, "head"))
    assert set(calls[len(WORK) + 2 :]) == set(WORK), "a publication runs every check"


def test_view_right_after_a_change_keeps_nothing(the_desk: ReleaseDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_states, "SETTLED_SECONDS", 600.0)
    assert _view(the_desk)["files"].state == "good"
    calls: list[Path] = []
    monkeypatch.setattr(checks, "verify_files", calls.append)
    _view(the_desk)
    assert calls == [the_desk.home.drafts / DRAFT]


@pytest.mark.parametrize("check_id", KEPT)
def test_acts_find_a_fault_that_no_view_can_see(
    the_desk: ReleaseDesk, check_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Let views take every file for unchanged: publication, approval and override find the fault all the same."""
    if check_id in PREPARED:
        PREPARED[check_id](the_desk)
    head = get_person(the_desk, "head")
    desk.announce_release(the_desk, head, clock.parse_time(MINUTE))
    _freeze_states(monkeypatch)
    monkeypatch.setattr(kept_checks, "_KEPT", ResultCache(kept=200))
    assert _view_check(the_desk, check_id).state == "good"
    FAULTS[check_id](the_desk)
    if check_id in DRAFT_CHECKS:
        _renew_manifest(the_desk.home)
    assert _view_check(the_desk, check_id).state == "good", "the fault is hidden from views"
    with pytest.raises((ReleaseError, integrity.IntegrityError)) as refusal:
        embargo.approve_draft(the_desk.home, actor="head")
    assert check_id == "files" or check_id in {check.id for check in _get_open_checks(refusal.value)}
    monkeypatch.setenv("RTI_NOW", MINUTE)
    with pytest.raises((ReleaseError, integrity.IntegrityError)) as refusal:
        publication.publish_draft(the_desk.home)
    assert check_id in ("files", "inputs") or check_id in {check.id for check in _get_open_checks(refusal.value)}
    desk.override_checklist(the_desk, head, TEXT)
    [entry] = review.read_overrides(the_desk.engine)
    is_essential = next(check.is_essential for check in checklist.CHECKS if check.id == check_id)
    assert (check_id in entry.checks) == (not is_essential)
    assert read_publications(the_desk.home) == []


DRAFT_CHECKS = {check.id for check in checklist.CHECKS if check.reads == ("draft",)} - {"files"}


def _get_open_checks(error: Exception) -> tuple[checklist.Check, ...]:
    assert isinstance(error, review.ChecklistError), error
    return error.checks


# -- explanations, signatures, publication


def test_explanation_counts_for_its_draft_only_and_not_for_every_check(the_desk: ReleaseDesk) -> None:
    head = get_person(the_desk, "head")
    desk.explain_check(the_desk, head, "coverage", TEXT)
    assert read_states(the_desk)["coverage"] == "explained"
    _manifest(note="another draft")(the_desk)
    assert read_states(the_desk)["coverage"] == "open"
    for check_id, text, words in (("files", TEXT, "must be corrected"), ("coverage", "late", "at least 10")):
        with pytest.raises(ReleaseError, match=words):
            desk.explain_check(the_desk, head, check_id, text)


def test_sheet_shows_figures_and_caveats_of_its_territory_without_withheld_values(the_desk: ReleaseDesk) -> None:
    sheet = desk.read_sheet(the_desk, get_person(the_desk, "al-approver"), "AL")
    assert sheet.figures and {row["area"] for row in sheet.figures} == {"AL"}
    assert sheet.figures[0]["offence_group"] == "TIP" and sheet.figures[0]["period"] == "2026-Q3"
    assert all(row["value"] is None for row in sheet.figures if row["conf_status"] == "C")
    assert sheet.withheld > 0


def test_approver_signs_the_sheet_of_own_territory_for_the_draft_that_was_shown(the_desk: ReleaseDesk) -> None:
    digest = manifest_digest(the_desk.home.drafts / DRAFT)
    desk.sign_sheet(the_desk, get_person(the_desk, "ba-approver"), "BA", digest)
    signed = {
        item.territory: item.signed_by for item in desk.review_draft(the_desk, get_person(the_desk, "head")).sign_offs
    }
    assert signed["BA"] == "ba-approver" and signed["AL"] is None
    assert [item.territory for item in desk.list_sheets(the_desk, get_person(the_desk, "al-approver"))] == ["AL"]
    with pytest.raises(ReleaseError, match="has changed since this sheet was shown"):
        desk.sign_sheet(the_desk, get_person(the_desk, "al-approver"), "AL", "0" * 64)


REFUSED: dict[str, tuple[Callable[[ReleaseDesk, Identity], object], tuple[str, ...]]] = {
    "review_draft": (desk.review_draft, ("al-steward", "al-approver", "al-sender")),
    "explain_check": (lambda d, w: desk.explain_check(d, w, "coverage", TEXT), ("al-steward", "al-approver")),
    "announce_release": (
        lambda d, w: desk.announce_release(d, w, clock.parse_time(MINUTE)),
        ("al-steward", "al-approver"),
    ),
    "publish_release": (desk.publish_release, ("al-steward", "al-approver", "al-sender")),
    "override_checklist": (lambda d, w: desk.override_checklist(d, w, TEXT), ("al-steward", "al-approver")),
    "list_overrides": (desk.list_overrides, ("al-steward", "al-approver")),
    "list_exceptions": (desk.list_exceptions, ("al-steward", "al-approver")),
    "withdraw_approval": (desk.withdraw_approval, ("al-steward", "al-approver")),
    "assess_draft": (desk.assess_draft, ("al-steward", "al-approver")),
    "grant_preview": (lambda d, w: desk.grant_preview(d, w, "A", "B", TEXT), ("al-steward", "al-approver")),
    "end_preview": (lambda d, w: desk.end_preview(d, w, "A"), ("al-steward", "al-approver")),
    "read_sheet": (lambda d, w: desk.read_sheet(d, w, "AL"), ("ba-approver", "al-sender", "al-steward")),
    "read_sheet that does not exist": (lambda d, w: desk.read_sheet(d, w, "ZZ"), ("head", "al-approver")),
    "list_rollback_targets": (desk.list_rollback_targets, ("al-steward", "al-approver", "al-sender")),
    "plan_rollback": (lambda d, w: desk.plan_rollback(d, w, DRAFT), ("al-steward", "al-approver", "al-sender")),
    "roll_back": (lambda d, w: desk.roll_back(d, w, DRAFT, TEXT, DRAFT), ("al-steward", "al-approver", "al-sender")),
    "sign_sheet": (lambda d, w: desk.sign_sheet(d, w, "AL", ""), ("ba-approver", "al-sender", "head")),
}


def test_every_function_that_takes_a_person_is_refused_to_somebody() -> None:
    doors = {
        name
        for name, function in vars(desk).items()
        if inspect.isfunction(function) and not name.startswith("_") and function.__module__ == desk.__name__
        if "who" in inspect.signature(function).parameters
    }
    # These answer with what a person may do and refuse nobody.
    assert {act.split()[0] for act in REFUSED} == doors - {"list_sheets", "may_sign", "may_roll_back"}


@pytest.mark.parametrize("act", REFUSED)
def test_act_without_the_right_is_refused_and_changes_nothing(
    unchanged_desk: ReleaseDesk, act: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RTI_NOW", NOW)
    function, people = REFUSED[act]
    actions = [value for name, value in vars(release_log).items() if name.isupper() and isinstance(value, str)]
    for account in people:
        with pytest.raises(NotAllowedError):
            function(unchanged_desk, get_person(unchanged_desk, account))
    assert release_log.read_acts(unchanged_desk.engine, *actions) == []


def test_token_of_a_steward_may_not_use_the_desk(the_desk: ReleaseDesk) -> None:
    head = get_person(the_desk, "head")
    with_token = Identity(head.account, head.name, head.language, head.grants, "token")
    assert desk.may_roll_back(head) and not desk.may_roll_back(with_token)
    for act in (desk.review_draft, desk.list_rollback_targets):
        with pytest.raises(NotAllowedError):
            act(the_desk, with_token)


def test_release_is_published_only_when_nothing_is_open(the_desk: ReleaseDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    head = get_person(the_desk, "head")
    acts: dict[str, Callable[[], object]] = {
        "the desk": lambda: desk.publish_release(the_desk, head),
        "a command": lambda: publication.publish_draft(the_desk.home),
        "an approval": lambda: embargo.approve_draft(the_desk.home, actor="head"),
    }
    with pytest.raises(review.ChecklistError, match=r"these checks are open: .*sign_offs"):
        acts["the desk"]()
    desk.announce_release(the_desk, head, clock.parse_time(MINUTE))
    with pytest.raises(review.ChecklistError, match=r"these checks are open: .*sign_offs"):
        acts["an approval"]()
    with pytest.raises(review.ChecklistError, match=r"these checks are open: .*sign_offs"):
        acts["the desk"]()
    desk.override_checklist(the_desk, head, TEXT)
    approval = desk.publish_release(the_desk, head)
    assert approval is not None and approval.at == MINUTE
    desk.withdraw_approval(the_desk, head)
    monkeypatch.setenv("RTI_NOW", MINUTE)
    _manifest(note="another draft")(the_desk)
    with pytest.raises(review.ChecklistError, match=r"these checks are open: .*sign_offs"):
        acts["a command"]()
    desk.override_checklist(the_desk, head, TEXT)
    assert desk.publish_release(the_desk, head) is None
    assert [line.release for line in read_publications(the_desk.home)] == [DRAFT]


def test_override_is_recorded_with_its_reason_and_the_open_checks(the_desk: ReleaseDesk) -> None:
    publication.publish_draft(the_desk.home, override=review.Override(TEXT, "head"))
    (entry,) = desk.list_overrides(the_desk, get_person(the_desk, "head"))
    assert (entry.release, entry.actor, entry.at, entry.reason) == (DRAFT, "head", NOW, TEXT)
    assert {"calendar", "sign_offs"} <= set(entry.checks) and "files" not in entry.checks
    assert [line.release for line in read_publications(the_desk.home)] == [DRAFT]


@pytest.mark.parametrize(
    ("override", "error", "words"),
    [
        (review.Override(TEXT, "al-steward"), NotAllowedError, "needs the role steward"),
        (review.Override("late", "head"), ReleaseError, "at least 10"),
    ],
)
def test_override_without_the_right_or_a_reason_publishes_nothing(
    the_desk: ReleaseDesk, override: review.Override, error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        publication.publish_draft(the_desk.home, override=override)
    assert read_publications(the_desk.home) == []
    assert review.read_overrides(the_desk.engine) == []


def test_added_file_with_the_name_of_its_release_is_a_changed_file(the_desk: ReleaseDesk) -> None:
    """Report the file, although its path ends like that of the release's folder: the release is not missing."""
    publication.publish_draft(the_desk.home, override=review.Override(TEXT, "head"))
    (the_desk.home.releases / DRAFT / "data" / DRAFT).write_text("added", encoding="utf-8")
    shutil.copytree(the_desk.home.releases / DRAFT, the_desk.home.drafts / DRAFT)
    [problem] = _run_check(the_desk, "releases").problems
    assert problem.compose_sentence(CommandReader(the_desk.registry)).endswith(f"The first is data/{DRAFT}.")


def test_audit_of_other_figures_does_not_count_for_a_changed_draft(the_desk: ReleaseDesk) -> None:
    _table("cell", lambda cells: cells.with_columns(value=pl.col("value") + 1))(the_desk)
    _renew_manifest(the_desk.home)
    with pytest.raises(review.ChecklistError, match=r"explained: .*public_audit"):
        publication.publish_draft(the_desk.home, override=review.Override(TEXT, "head"))
    released_counts.record_audit(the_desk.home, the_desk.home.drafts / DRAFT, NO_RISK)
    assert read_states(the_desk)["public_audit"] != "open"


@pytest.mark.parametrize("check_id", ["public_audit", "no_values", "earlier_releases"])
def test_essential_check_prevents_every_publication(
    the_desk: ReleaseDesk, check_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    FAULTS[check_id](the_desk)
    _renew_manifest(the_desk.home)
    with pytest.raises(review.ChecklistError, match=f"explained: .*{check_id}"):
        publication.publish_draft(the_desk.home, override=review.Override(TEXT, "head"))
    with pytest.raises(review.ChecklistError, match=f"explained: .*{check_id}"):
        publication.publish_draft(the_desk.home, is_approved=True)
    assert read_publications(the_desk.home) == []


@pytest.mark.parametrize("outcome", ["revealed_before", "open_to_guess"])
@pytest.mark.parametrize("is_announced", [True, False])
def test_figures_that_earlier_releases_reveal_need_a_written_exception(
    the_desk: ReleaseDesk,
    outcome: str,
    is_announced: bool,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    head, override = get_person(the_desk, "head"), review.Override("The minister asked for it today.", "head")
    _record_audit(the_desk, **{outcome: 1})
    if is_announced:
        desk.announce_release(the_desk, head, clock.parse_time(MINUTE))
    with pytest.raises(review.ChecklistError, match="explained: earlier_releases"):
        if is_announced:
            embargo.approve_draft(the_desk.home, actor="head", override_reason=override.reason)
        else:
            publication.publish_draft(the_desk.home, override=override)
    assert read_publications(the_desk.home) == []
    desk.explain_check(the_desk, head, "earlier_releases", "An explanation that is replaced.")
    desk.explain_check(the_desk, head, "earlier_releases", TEXT)
    assert desk.list_exceptions(the_desk, head) == [], "nothing is published yet"
    if is_announced:
        embargo.approve_draft(the_desk.home, actor="head", override_reason=override.reason)
        monkeypatch.setenv("RTI_NOW", MINUTE)
        assert embargo.publish_due(the_desk.home) == DRAFT
    else:
        publication.publish_draft(the_desk.home, override=override)
    [exception] = desk.list_exceptions(the_desk, head)
    assert (exception.release, exception.check, exception.actor) == (DRAFT, "earlier_releases", "head")
    assert (exception.text, exception.at) == (TEXT, NOW)
    assert "earlier_releases" not in {check for entry in desk.list_overrides(the_desk, head) for check in entry.checks}
    monkeypatch.setenv("RTI_HOME", str(the_desk.home.root))
    assert main.main(["release", "show", DRAFT]) == 0
    assert f"exception  {NOW}  earlier_releases  head: {TEXT}" in capsys.readouterr().out


def test_approved_draft_is_published_although_a_return_arrived_since(
    the_desk: ReleaseDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.announce_release(the_desk, get_person(the_desk, "head"), clock.parse_time(MINUTE))
    embargo.approve_draft(the_desk.home, actor="head", override_reason=TEXT)
    _send_return(the_desk)
    monkeypatch.setenv("RTI_NOW", MINUTE)
    assert embargo.publish_due(the_desk.home) == DRAFT


def test_only_a_demonstration_is_published_without_a_steward(the_desk: ReleaseDesk) -> None:
    real = replace(the_desk.home, kind="real")
    with pytest.raises(ReleaseError, match="Only a demonstration"):
        publication.publish_draft(real, override=review.Override(review.DEMONSTRATION_REASON))
    publication.publish_draft(the_desk.home, override=review.Override(review.DEMONSTRATION_REASON))
    (entry,) = review.read_overrides(the_desk.engine)
    assert (entry.actor, entry.reason) == ("system", review.DEMONSTRATION_REASON)


def test_preview_list_is_public_and_written_from_the_log(the_desk: ReleaseDesk) -> None:
    head = get_person(the_desk, "head")
    desk.grant_preview(the_desk, head, "Ana  Anić", "Ministry", "She prepares the press conference.")
    desk.grant_preview(the_desk, head, "B. Bytyqi", "Council", "He translates the press release.")
    desk.end_preview(the_desk, head, "B. Bytyqi")
    (reader,) = preview.read_preview_list(open_home(the_desk.home.root))
    assert (reader.name, reader.since) == ("Ana Anić", NOW)
    assert preview.preview_path(the_desk.home).is_relative_to(the_desk.home.public)


def test_audits_count_for_the_draft_that_was_audited(the_desk: ReleaseDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    results = pl.DataFrame({"result": ["protected", "disclosed"]})
    of_sets = [reader_audit.ReaderResults(name, results) for name in (reader_audit.COUNTS, reader_audit.COOPERATION)]
    monkeypatch.setattr(reader_audit, "assess_release_as", lambda *_: of_sets)
    cells = desk.assess_draft(the_desk, get_person(the_desk, "head"))
    assert set(cells.values()) == {2} and "AL" in cells
    review = desk.review_draft(the_desk, get_person(the_desk, "head"))
    result = next(result for result in review.checks if result.check.id == "insider_audit")
    lines = result.list_evidence(CommandReader(the_desk.registry))
    assert lines[0] == "Albania: can work out withheld figures of others: 2."
