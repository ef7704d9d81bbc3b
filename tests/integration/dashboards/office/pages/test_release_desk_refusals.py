"""Tests that the release desk refuses in the reader's language: each refusal is caused, posted and read.

`REFUSALS` lists the refusals that forms of the desk can show. Every text of an error that the code behind the desk
raises must be in it or among `OF_COMMANDS`, so a new one without a test fails.
"""

from __future__ import annotations

import ast
import errno
import importlib
import inspect
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from pipelines.core import clock, file_states, i18n
from pipelines.core.home import Home, open_home
from pipelines.core.home_lock import HomeBusyError
from pipelines.ledger import audit_log, clock_guard
from pipelines.ledger.database import open_write_transaction
from pipelines.publication.releases import errors, publications, publish, signature
from pipelines.publication.releases.calendar import PlannedRelease
from pipelines.publication.releases.publications import Intent, Publication, write_intent
from pipelines.refresh import embargo, integrity, publication, released_counts
from pipelines.refresh.release_desk import review
from pipelines.submissions.accounts import accounts
from tests.support.fakes import ledger_fakes
from tests.support.kept_builds import build_kept
from tests.support.releases import publication_fixture as fixture
from tests.support.releases import release_fixture, two_editions
from tests.support.service import portal_fixture
from tests.support.service.office_client import Document, Office, open_office

LANGUAGE = "mk"
"""A language in another alphabet, so that English words are found in any sentence."""
EARLIER, NEWER, DRAFT = two_editions.EARLIER, two_editions.NEWER, "2026-Q4"
STEWARD, APPROVER = "secretariat", "al-approver"
MINUTE, LATER = "2026-12-01T09:00", "2026-12-02T09:00"
REASON = "The office has announced its return for Friday."
MODULES = ("publish", "publications", "signature", "correction_notices", "calendar", "preview", "editions")
BEHIND_THE_DESK: tuple[ModuleType, ...] = (
    *(importlib.import_module(f"pipelines.publication.releases.{name}") for name in MODULES),
    embargo,
    publication,
    *(
        importlib.import_module(f"pipelines.refresh.release_desk.{name}")
        for name in ("desk", "review", "checklist", "checks", "home_checks", "return_checks", "rollback_plan", "sheets")
    ),
)
"""Modules whose errors the desk shows. Those of building releases and of audits are shown to commands only."""
OF_COMMANDS = (
    "There is no draft of release {release}. Name one of these: {drafts}.",
    "{release} is not a release. Name it like 2026-Q3, or 2026-Q3.1 for a correction.",
    "No time is announced for release {release}, so there is nothing to cancel.",
    "Release {release} was never published, so it has no figures to correct. Name a published release.",
    "{area} is not a territory or a part of one. Name one of these: {areas}.",
    "{period} is not a period. Write a quarter like 2026-Q3, or a year like 2026.",
    "Write in at least {n} characters what was wrong. The text becomes public.",
    "Write in at least {n} characters why release {release} is to be current again. The reason becomes public.",
    "Only a demonstration is published without a steward. Name one with `--as`.",
)
"""Texts of errors that only commands can cause: forms of the desk have no such act, or check the entry before."""

Arrange = Callable[[Office, pytest.MonkeyPatch], object]


@dataclass(frozen=True)
class Refusal:
    """A refusal: its English text, how it comes about, and the form that is posted."""

    text: str
    form: str
    values: Mapping[str, str] = field(default_factory=dict)
    arrange: Arrange | None = None
    """Changes the home before the request; such a home is used for one refusal only."""
    replace: Arrange | None = None
    """Replaces a function during the request."""
    account: str = STEWARD


def _announce(office: Office, _: object) -> None:
    moment = clock.parse_time(f"{MINUTE}:00Z")
    embargo.schedule_release(office.desk.home, DRAFT, moment, actor=STEWARD, reason=REASON)


def _override(office: Office, _: object) -> None:
    fixture.override_checklist(office.desk.home, DRAFT)


def _approve(office: Office, patch: object) -> None:
    _announce(office, patch)
    embargo.approve_draft(office.desk.home, DRAFT, actor=STEWARD, override_reason=REASON)


def _remove_draft(office: Office, _: object) -> None:
    shutil.rmtree(office.desk.home.drafts / DRAFT)


def _rename_draft(name: str) -> Arrange:
    def rename_folder(office: Office, _: object) -> None:
        (office.desk.home.drafts / DRAFT).rename(office.desk.home.drafts / name)

    return rename_folder


def _copy_draft(office: Office, _: object) -> None:
    shutil.copytree(office.desk.home.drafts / DRAFT, office.desk.home.drafts / f"{DRAFT}.1")


def _change_file(folder: str) -> Arrange:
    def change_readme(office: Office, _: object) -> None:
        path = office.desk.home.root / folder / "README.txt"
        path.chmod(0o644)
        path.write_text("changed", encoding="utf-8")

    return change_readme


def _remove_audit(office: Office, _: object) -> None:
    for path in office.desk.home.released.iterdir():
        path.unlink()


def _damage_intent(office: Office, _: object) -> None:
    publications.intent_path(office.desk.home).write_text("{", encoding="utf-8")


def _interrupt_rollback(office: Office, patch: object) -> None:
    _change_file(f"public/releases/{EARLIER}")(office, patch)
    line = Publication(EARLIER, clock.format_timestamp(clock.now()), "rollback", NEWER, STEWARD, REASON)
    write_intent(office.desk.home, Intent(line, 3))


def _replace(target: object, name: str, result: Callable[..., object]) -> Arrange:
    """Replace a function, where another process would have to act between two steps of one request."""

    def replace_function(_: object, patch: pytest.MonkeyPatch) -> None:
        patch.setattr(target, name, result)

    return replace_function


def _fail(error: Exception) -> Callable[..., Any]:
    def raise_error(*_: object, **__: object) -> None:
        raise error

    return raise_error


def _both(*arrangements: Arrange) -> Arrange:
    def arrange_all(office: Office, patch: pytest.MonkeyPatch) -> None:
        for each in arrangements:
            each(office, patch)

    return arrange_all


def _damage_key(office: Office, _: object) -> None:
    (office.desk.home.restricted / "keys").mkdir(exist_ok=True)
    (office.desk.home.restricted / "keys" / "release-current").write_text("0123456789abcdef", encoding="ascii")


def _record_tomorrow(office: Office, _: object) -> None:
    with open_write_transaction(office.desk.engine) as connection:
        at = clock.parse_time("2026-11-26T09:00:00Z")
        audit_log.append_entry(connection, at=at, actor="system", action="test", subject=DRAFT, detail={})


FULL = OSError(errno.ENOSPC, "No space left on device", "/srv/rti/public/journal")
UNKNOWN = OSError(errno.EPROTO, "Protocol error")
PUBLISH = {"confirmed": "1"}
EXPLAIN = {"check": "coverage", "text": REASON}
PREVIEW = {"name": "Ана", "organisation": "Министерство", "reason": REASON}
ROLL_BACK = {"release": EARLIER, "reason": REASON, "expected": NEWER, "confirmed": "1"}
SIGN = {"territory": "AL", "digest": "0" * 64}
BUSY = (
    "Nothing was done, because a refresh or another act on releases is running at this moment. Wait a few minutes, "
    "then try again."
)
CLOCK = next(
    node.value
    for node in ast.walk(ast.parse(inspect.getsource(clock_guard)))
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and "the audit log has an entry" in node.value
)
REFUSALS = (
    Refusal(publish.NO_DRAFT, "explain", EXPLAIN, _remove_draft),
    Refusal(publish.NO_DRAFT, "sign", SIGN, _remove_draft, account=APPROVER),
    Refusal(publish.SEVERAL_DRAFTS, "override", {"reason": REASON}, _copy_draft),
    Refusal(
        "The problems of this check cannot be explained. They must be corrected.",
        "explain", EXPLAIN | {"check": "files"},
    ),
    Refusal("Write a reason of at least {n} characters.", "explain", EXPLAIN | {"text": "late"}),
    Refusal("Write a reason of at least {n} characters.", "override", {"reason": "late"}),
    Refusal("Write a reason of at least {n} characters.", "preview", PREVIEW | {"reason": "late"}),
    Refusal(
        "The text holds what looks like the number of a person ({kind}); write it without.", "explain",
        EXPLAIN | {"text": "The person 0101990710008 was counted twice."},
    ),
    Refusal("The text has more than {n} characters; make it shorter.", "override", {"reason": "long " * 1000}),
    Refusal(CLOCK, "explain", EXPLAIN, _record_tomorrow),
    Refusal(
        "No open check can be overridden. Correct what is still open.", "override", {"reason": REASON}, _override
    ),
    Refusal("Enter a day and a time, such as 2027-02-15 09:00.", "announce", {"at": "soon"}),
    Refusal("The time {time} has passed. Announce a later one.", "announce", {"at": "2026-11-01T09:00"}),
    Refusal(
        "Announce the release for a full minute, such as 2027-02-15 09:00.", "announce", {"at": f"{MINUTE}:30"}
    ),
    Refusal(
        "Write in at least {n} characters why the announced time of release {release} changes. The reason becomes "
        "public.",
        "announce", {"at": LATER, "reason": ""}, _announce,
    ),
    Refusal(
        "Release {release} is approved for {time}. Withdraw the approval before you change the time: on the release "
        "desk, or with `rti release approve --withdraw`.",
        "announce", {"at": LATER, "reason": REASON}, _approve,
    ),
    Refusal(publish.PUBLIC_ALREADY, "announce", {"at": LATER}, _rename_draft(NEWER)),
    Refusal(
        "Release {release} is older than the current release {current}, and publishing never goes back. Check the "
        "clock, and which returns were withdrawn. To show an earlier release again, withdraw the current one on the "
        "release desk or with `rti rollback`.",
        "announce", {"at": LATER}, _rename_draft("2026-Q2"),
    ),
    Refusal(BUSY, "announce", {"at": LATER},
        replace=_replace(embargo, "hold_home_lock", _fail(HomeBusyError("held by 1")))),
    Refusal(publish.NO_DRAFT, "publish", PUBLISH, _remove_draft),
    Refusal(review._OPEN, "publish", PUBLISH),
    Refusal(review._ESSENTIAL_OPEN, "publish", PUBLISH, _remove_audit),
    Refusal(publish._CHANGED, "publish", PUBLISH, _change_file(f"restricted/drafts/{DRAFT}")),
    Refusal(integrity._DAMAGED, "publish", PUBLISH,

        replace=_replace(integrity, "check_inputs", lambda *_: [integrity.Damage("facts", "the facts are damaged")])),
    Refusal(
        "Release {release} is announced for {time} and is not published before. Approve it for that time, or announce "
        "another one: on the release desk, or with `rti release approve` and `rti release schedule`.",
        "publish", PUBLISH, replace=_replace(publication, "find_embargo", lambda *_: clock.parse_time(f"{MINUTE}:00Z")),
    ),
    Refusal(
        "No time is announced for release {release}. Announce one on the release desk or with `rti release schedule`.",
        "publish", PUBLISH, _both(_announce, _replace(embargo, "find_planned", lambda *_: None)),
    ),
    Refusal(
        "The announced time of release {release}, {time}, has passed. Publish it now, or announce a later time.",
        "publish", PUBLISH,
        _both(_announce, _replace(embargo, "find_planned",
                                  lambda *_: PlannedRelease(DRAFT, fixture.FIRST_AT, fixture.FIRST_AT))),
    ),
    Refusal(
        "A publication was interrupted and cannot be finished, because {file} is damaged. Restore this file from a "
        "backup.",
        "publish", PUBLISH, _damage_intent,
    ),
    Refusal(
        "The publication of release {release} was interrupted and cannot be finished, because files of the release are "
        "missing or damaged. Restore the folder {folder} from a backup, then run `rti publish`.",
        "publish", PUBLISH, _interrupt_rollback,
    ),
    Refusal(
        signature.RELEASE_KEYS.unreadable, "publish", PUBLISH,
        _both(_damage_key, _replace(review, "require_ready", lambda *_: None)),
    ),
    Refusal(
        "Release {release} was not published, and nothing has changed. Cause: {cause}. Correct this and try again.",
        "publish", PUBLISH, _both(_override, _replace(publication, "write_intent", _fail(FULL))),
    ),
    Refusal(
        "`rti {command}` was stopped by the system. Cause: {cause}. Correct this and try again. `rti status` says "
        "whether a publication is unfinished.",
        "publish", PUBLISH, replace=_replace(publication, "select_draft", _fail(FULL)),
    ),
    Refusal(
        "The publication of release {release} is not finished. Cause: {cause}. Correct this, then run `rti publish` to "
        "finish it.",
        "publish", PUBLISH, _both(_override, _replace(publication, "append_journal", _fail(FULL))),
    ),
    Refusal(
        "The publication of release {release} is not finished. Cause: {cause}. Correct this, then run `rti publish` to "
        "finish it.",
        "publish", PUBLISH, _both(_override, _replace(publication, "append_journal", _fail(UNKNOWN))),
    ),
    Refusal(
        errors._BUCKET, "publish", PUBLISH,
        _both(_override, _replace(publication, "require_bucket", _fail(errors.BucketError("the list is damaged")))),
    ),
    Refusal("No draft is approved, so there is no approval to withdraw. Look at the release desk again.",
            "withdraw-approval"),
    Refusal("Enter the name and the organisation of the person. The list is public.", "preview",
            PREVIEW | {"name": " "}),
    Refusal("{name} is not in the list. Choose a name that is in it.", "end-preview", {"name": "Ана"}),
    Refusal("The draft has changed since this sheet was shown. Read the sheet again before you sign it.", "sign", SIGN,
            account=APPROVER),
    Refusal("Choose one of the releases in the list.", "rollback", ROLL_BACK | {"release": "2026-Q1"}),
    Refusal("Write the reason in at least {n} characters. It becomes public.", "rollback", ROLL_BACK | {"reason": ""}),
    Refusal(
        "Release {release} has become current since you opened this page. Read the page again before you decide.",
        "rollback", ROLL_BACK | {"expected": "2026-Q2"},
    ),
    Refusal(
        "The files of release {release} are not as they were published, so it cannot become current again. Restore "
        "them from a backup; `rti release verify` names them.",
        "rollback", ROLL_BACK, _change_file(f"public/releases/{EARLIER}"),
    ),
    Refusal(
        "Release {release} was never published. Choose one of these: {releases}.", "rollback", ROLL_BACK,
        replace=_replace(publication, "read_publications", lambda *_: []),
    ),
    Refusal(
        "Release {release} is the current release already. Choose another one.", "rollback", ROLL_BACK,
        replace=_replace(publication, "find_current_release", lambda home: home.releases / EARLIER),
    ),
    Refusal(
        "Release {expected} was the current release when you decided, and now it is {current}. Look at what is public, "
        "and decide again.",
        "rollback", ROLL_BACK,
        replace=_replace(publication, "find_current_release", lambda home: home.releases / "2026-Q2"),
    ),
    Refusal(BUSY, "rollback", ROLL_BACK,
        replace=_replace(publication, "hold_home_lock", _fail(HomeBusyError("held by 1")))),
)  # fmt: skip


@pytest.fixture(scope="module")
def template(request: pytest.FixtureRequest) -> Home:
    """A home with two published releases and a draft. The essential checks of the draft pass."""
    return open_home(build_kept(request, "home-of-refusals", _make_home) / "home")


def _make_home(folder: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RTI_NOW", fixture.FIRST_AT)
        home, engine = ledger_fakes.home_and_ledger(folder, portal_fixture.make_accounts)
        release_fixture.write_draft(home, EARLIER)
        release_fixture.publish_draft(home)
        two_editions.publish_newer(home)
        folder = release_fixture.write_draft(home, DRAFT)
        home.released.mkdir(exist_ok=True)
        released_counts.record_audit(home, folder, {"disclosed": 0, "narrow": 0, "unknown": 0})
        for account in (STEWARD, APPROVER):
            accounts.set_language(engine, account, LANGUAGE, by=account)
        engine.dispose()


@pytest.fixture(scope="module")
def shared_office(template: Home, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """The pages of a copy of the home for refusals before which it is not changed.

    Its files count as settled at once, so that the second page of the draft keeps the checks of the first.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(file_states, "SETTLED_SECONDS", -1.0)
        home = fixture.use_copy(template, tmp_path_factory.mktemp("shared") / "home", patch)
        with open_office(home, patch) as opened:
            yield opened


@pytest.fixture
def office(
    refusal: Refusal, request: pytest.FixtureRequest, template: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Office]:
    """The pages of a home for this refusal."""
    if refusal.arrange is None:
        yield request.getfixturevalue("shared_office")
        return
    home = fixture.use_copy(template, tmp_path / "home", monkeypatch)
    with open_office(home, monkeypatch) as opened:
        yield opened


def post_refusal(office: Office, refusal: Refusal, patch: pytest.MonkeyPatch) -> Document:
    """Arrange a refusal and post its form. What is arranged lasts no longer than the request."""
    visitor = office.start_visit(refusal.account)
    token = visitor.open_page("/account").find_elements("input[name=csrf]")[0].get("value")
    with patch.context() as arranged:
        for arrange in filter(None, (refusal.arrange, refusal.replace)):
            arrange(office, arranged)
        return visitor.post_raw(
            f"/release-desk/{refusal.form}", data={"confirmed": "1", **refusal.values, "csrf": token}
        )


def read_errors(page: Document) -> list[tuple[str, str]]:
    """Return the errors of a page: whole, and without code, names of files and numbers."""
    texts = []
    for item in page.find_elements("#errors li"):
        whole = " ".join(item.text_content().split())
        for code in item.cssselect("code"):
            code.drop_tree()
        words = " ".join(word for word in item.text_content().split() if not re.search(r"[\d/]|\w\.\w", word))
        texts.append((whole, words))
    return texts


@pytest.mark.sampled()
@pytest.mark.parametrize("refusal", REFUSALS, ids=lambda refusal: f"{refusal.form}: {refusal.text[:50]}")
def test_refusal_is_in_the_language_of_the_reader(
    office: Office, refusal: Refusal, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = post_refusal(office, refusal, monkeypatch)
    assert page.status in (409, 422), page.text[:500]
    [(text, words)] = read_errors(page)
    translation = i18n.gettext(refusal.text, LANGUAGE).replace("`", "")
    expected = re.sub(r"\\{\w+\\}", "(.+)", re.escape(translation))
    assert re.fullmatch(expected, text), text
    assert set(re.findall(r"[A-Za-z]{2,}", words)) <= {"UTC"}, "English words"
    assert str(office.desk.home.root) not in page.response.text and "/srv/" not in page.response.text


# -- the list is complete


def list_raised_texts(source: str, module: object) -> Iterator[str | None]:
    """Yield the text of each error of releases that a module raises; None for one that cannot be translated.

    Errors that pass on the text and the values of another one, or that have texts of their own, are left out.
    """
    for node in ast.walk(ast.parse(source)):
        calls = ast.walk(node.exc) if isinstance(node, ast.Raise) and node.exc is not None else ()
        for call in calls:
            if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Name)):
                continue
            if call.func.id in ("ReleaseError", "AlteredReleaseError"):
                yield from _read_text(call.args[0] if call.args else None, module)


def _read_text(argument: ast.expr | None, module: object) -> Iterator[str | None]:
    if isinstance(argument, ast.Attribute) and argument.attr == "text":
        return
    if isinstance(argument, ast.Call) and isinstance(argument.func, ast.Name) and argument.func.id == "mark":
        yield ast.literal_eval(argument.args[0])
    elif isinstance(argument, ast.Name) and argument.id.isupper():
        yield getattr(module, argument.id)
    else:
        yield None


def test_every_refusal_of_the_code_behind_the_desk_is_listed() -> None:
    raised: set[str] = set()
    for module in BEHIND_THE_DESK:
        for text in list_raised_texts(inspect.getsource(module), module):
            assert text is not None, f"{module.__name__} raises an error whose text is not marked for translation"
            raised.add(text)
    listed = {refusal.text for refusal in REFUSALS} | set(OF_COMMANDS)
    assert raised - listed == set(), "refusals without a test"
    assert set(OF_COMMANDS) - raised == set(), "texts that no code has"


@pytest.mark.parametrize("language", [code for code in i18n.list_languages() if code != i18n.SOURCE_LANGUAGE])
def test_every_refusal_has_a_translation(language: str) -> None:
    texts = {refusal.text for refusal in REFUSALS} | set(OF_COMMANDS)
    assert [text for text in texts if i18n.gettext(text, language) == text] == []


@pytest.mark.parametrize(
    ("source", "texts"),
    [
        ('raise ReleaseError("it is late")', [None]),
        ('raise ReleaseError(f"{x} is late") from error', [None]),
        ("raise ReleaseError(str(error))", [None]),
        ('raise ReleaseError(mark("It is late."), n=1)', ["It is late."]),
        ("raise ReleaseError(NO_DRAFT) if x else AlteredReleaseError(_CHANGED)", [publish.NO_DRAFT, publish._CHANGED]),
        ("raise ReleaseError(error.text, **error.params)", []),
    ],
)
def test_texts_that_are_not_marked_are_found(source: str, texts: list[str | None]) -> None:
    assert list(list_raised_texts(source, publish)) == texts


def test_page_in_english_shows_the_cause_without_the_words_of_the_system() -> None:
    """Leave paths of the server to the log and the commands."""
    error = publication._SystemFaultError(FULL)
    assert "/srv/rti/public/journal" in str(error)
    assert error.localize_message("en") == "The disk of the service cannot be used"
    assert publication._SystemFaultError(UNKNOWN).localize_message("en") == "Something went wrong"
