"""Text that people enter with a return, hostile or careless: comments, nil returns, names."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pipelines.ledger.identity import SYSTEM
from pipelines.model.periods import Period
from pipelines.submissions import service as door
from pipelines.submissions.accounts import accounts, tokens
from pipelines.submissions.accounts.accounts import AccountError
from pipelines.submissions.checking import nil
from pipelines.submissions.service import Desk
from tests.support.fakes import desk_fakes
from tests.support.fakes.desk_fakes import SENDER, get_identity, make_draft_with_warning, make_sent_return

JMBG = "0101006500006"
"""The example number of the public description of the scheme, which belongs to nobody."""


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    desk_fakes.install_fakes(monkeypatch)
    return desk_fakes.open_desk(tmp_path)


def _make_content(**changed: Any) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(nil.write_nil_document(nil.NilReturn("QQ-JUSTICE-1", ("2025-Q4",), "none")))
    return {**content, **changed}


# ---------------------------------------------------------------------------------------------------------- nil returns


@pytest.mark.parametrize(
    "data",
    [
        json.dumps(_make_content()).encode(),  # without the indentation of a nil document
        (json.dumps(_make_content(names=["Ivan Horvat"]), ensure_ascii=False, indent=2) + "\n").encode(),
        (json.dumps(_make_content(periods="2025-Q4"), ensure_ascii=False, indent=2) + "\n").encode(),
        (json.dumps(_make_content(periods=[]), ensure_ascii=False, indent=2) + "\n").encode(),
        (json.dumps(_make_content(form=None), ensure_ascii=False, indent=2) + "\n").encode(),
        b'{"document": "Nil return: nothing to count"}\n',
        b'{"a": ' + b"[" * 60_000,
    ],
)
def test_parse_nil_document_of_differing_document_returns_none(data: bytes) -> None:
    assert nil.parse_nil_document(data) is None


def test_parse_nil_document_returns_written_nil_return() -> None:
    nil_return = nil.NilReturn("QQ-JUSTICE-1", ("2025-Q3", "2025-Q4"), "ništa")
    assert nil.parse_nil_document(nil.write_nil_document(nil_return)) == nil_return


@pytest.mark.parametrize("comment", [f"nothing but {JMBG}", "told by Ivan Horvat", "Ime i prezime: I. H."])
def test_nil_return_with_person_in_comment_is_not_stored(desk: Desk, comment: str) -> None:
    data = nil.write_nil_document(nil.NilReturn("QQ-JUSTICE-1", ("2025-Q4",), comment))
    upload = door.upload_file(desk, get_identity(desk, SENDER), data, "nil.json")
    assert upload.submission_id is None
    assert upload.report.findings[0].rule.startswith("person.")
    assert not any(comment.encode() in p.read_bytes() for p in desk.home.root.rglob("*") if p.is_file())


@pytest.mark.parametrize("period", ["1999-Q1", "2025", "9999-Q4", "20x"])
def test_nil_document_of_period_not_due_is_not_stored(desk: Desk, period: str) -> None:
    data = nil.write_nil_document(nil.NilReturn("QQ-JUSTICE-1", (period,)))
    upload = door.upload_file(desk, get_identity(desk, SENDER), data, "nil.json")
    assert upload.submission_id is None
    with pytest.raises(door.SubmissionRefusedError):
        door.upload_nil(desk, get_identity(desk, SENDER), "QQ-JUSTICE-1", [period])


@pytest.mark.parametrize("code", ["0000", "9999-Q4", "\uff12\uff10\uff12\uff16-Q1", "2026-Q5", "2026-Q1\n"])
def test_period_with_invalid_code_raises(code: str) -> None:
    with pytest.raises(ValueError, match="is not a period"):
        Period.from_code(code)


# ------------------------------------------------------------------------------------------------------------- comments


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (f"see {JMBG}", "number of a person"),
        ("x" * 4_001, "more than 4000"),
        ("x\x00y", "is not allowed"),
        ("\ud800", "no"),
    ],
)
def test_comment_with_forbidden_content_is_refused(desk: Desk, words: str, message: str) -> None:
    approver, sender = get_identity(desk, "qq-approver"), get_identity(desk, SENDER)
    identity = make_sent_return(desk)
    acts = (
        lambda: door.give_back(desk, approver, identity, words),
        lambda: door.approve_submission(desk, approver, identity, comment=words),
        lambda: door.withdraw_submission(desk, sender, identity, "wrong_return", words),
        lambda: door.upload_nil(desk, sender, "QQ-JUSTICE-1", ["2025-Q3"], words),
    )
    for act in acts:
        with pytest.raises(door.TransitionError, match=message):
            act()
    assert door.get_submission(desk, approver, identity).state == "sent"
    draft = make_draft_with_warning(desk, period="2024-Q4")
    with pytest.raises(door.TransitionError, match=message):
        door.justify_warnings(desk, sender, draft, None, "large_case", f"one case: {words}")


# ---------------------------------------------------------------------------------------------------------------- names


@pytest.mark.parametrize("name", ["x" * 255, "Office\r\nBcc: a@example.org", "Office\u202e"])
def test_name_must_be_one_line_of_limited_length(desk: Desk, name: str) -> None:
    with pytest.raises(AccountError, match="one line of at most 254"):
        accounts.create_account(desk.engine, "qq-new", name, by=SYSTEM)
    with pytest.raises(AccountError, match="one line of at most 254"):
        tokens.issue_token(desk.engine, get_identity(desk, SENDER), name)
    with pytest.raises(AccountError, match="not an email address"):
        accounts.set_email(desk.engine, SENDER, f"a@{'b' * 255}", by=SENDER)
