"""Words that people write beside a return, as somebody hostile or careless would: comments, nil returns, names."""

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
"""The example of the scheme's public description; no person's."""


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    desk_fakes.install_fakes(monkeypatch)
    return desk_fakes.open_desk(tmp_path)


def _content(**changed: Any) -> dict[str, Any]:
    made: dict[str, Any] = json.loads(nil.write_nil_document(nil.NilReturn("QQ-JUSTICE-1", ("2025-Q4",), "none")))
    return {**made, **changed}


# ---------------------------------------------------------------------------------------------------------- nil returns


@pytest.mark.parametrize(
    "data",
    [
        json.dumps(_content()).encode(),  # not as it is written here
        (json.dumps(_content(names=["Ivan Horvat"]), ensure_ascii=False, indent=2) + "\n").encode(),
        (json.dumps(_content(periods="2025-Q4"), ensure_ascii=False, indent=2) + "\n").encode(),
        (json.dumps(_content(periods=[]), ensure_ascii=False, indent=2) + "\n").encode(),
        (json.dumps(_content(form=None), ensure_ascii=False, indent=2) + "\n").encode(),
        b'{"document": "Nil return: nothing to count"}\n',
        b'{"a": ' + b"[" * 60_000,
    ],
)
def test_what_is_not_letter_for_letter_a_nil_document_is_none(data: bytes) -> None:
    assert nil.parse_nil_document(data) is None


def test_a_nil_document_is_read_as_it_was_written() -> None:
    one = nil.NilReturn("QQ-JUSTICE-1", ("2025-Q3", "2025-Q4"), "ništa")
    assert nil.parse_nil_document(nil.write_nil_document(one)) == one


@pytest.mark.parametrize("comment", [f"nothing but {JMBG}", "told by Ivan Horvat", "Ime i prezime: I. H."])
def test_a_nil_return_whose_comment_names_a_person_is_not_kept(desk: Desk, comment: str) -> None:
    data = nil.write_nil_document(nil.NilReturn("QQ-JUSTICE-1", ("2025-Q4",), comment))
    done = door.upload_file(desk, get_identity(desk, SENDER), data, "nil.json")
    assert done.submission_id is None
    assert done.report.findings[0].rule.startswith("person.")
    assert not any(comment.encode() in p.read_bytes() for p in desk.home.root.rglob("*") if p.is_file())


@pytest.mark.parametrize("period", ["1999-Q1", "2025", "9999-Q4", "20x"])
def test_a_made_up_nil_document_of_a_period_that_is_not_asked_for_is_not_kept(desk: Desk, period: str) -> None:
    data = nil.write_nil_document(nil.NilReturn("QQ-JUSTICE-1", (period,)))
    done = door.upload_file(desk, get_identity(desk, SENDER), data, "nil.json")
    assert done.submission_id is None
    with pytest.raises(door.SubmissionRefusedError):
        door.upload_nil(desk, get_identity(desk, SENDER), "QQ-JUSTICE-1", [period])


@pytest.mark.parametrize("code", ["0000", "9999-Q4", "\uff12\uff10\uff12\uff16-Q1", "2026-Q5", "2026-Q1\n"])
def test_a_period_has_days_and_one_code(code: str) -> None:
    with pytest.raises(ValueError, match="is not a period"):
        Period.from_code(code)


# ------------------------------------------------------------------------------------------------------------- comments


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (f"see {JMBG}", "number of a person"),
        ("x" * 4_001, "more than 4000"),
        ("x\x00y", "is not allowed"),
        ("\ud800", "no"),
    ],
)
def test_no_comment_keeps_what_should_not_be_kept(desk: Desk, words: str, told: str) -> None:
    approver, sender = get_identity(desk, "qq-approver"), get_identity(desk, SENDER)
    one = make_sent_return(desk)
    acts = (
        lambda: door.give_back(desk, approver, one, words),
        lambda: door.approve_submission(desk, approver, one, comment=words),
        lambda: door.withdraw_submission(desk, sender, one, "wrong_return", words),
        lambda: door.upload_nil(desk, sender, "QQ-JUSTICE-1", ["2025-Q3"], words),
    )
    for act in acts:
        with pytest.raises(door.TransitionError, match=told):
            act()
    assert door.get_submission(desk, approver, one).state == "sent"
    draft = make_draft_with_warning(desk, period="2024-Q4")
    with pytest.raises(door.TransitionError, match=told):
        door.justify_warnings(desk, sender, draft, None, "large_case", f"one case: {words}")


# ---------------------------------------------------------------------------------------------------------------- names


@pytest.mark.parametrize("name", ["x" * 255, "Office\r\nBcc: a@example.org", "Office\u202e"])
def test_names_are_one_line_of_a_decent_length(desk: Desk, name: str) -> None:
    with pytest.raises(AccountError, match="one line of at most 254"):
        accounts.create_account(desk.engine, "qq-new", name, by=SYSTEM)
    with pytest.raises(AccountError, match="one line of at most 254"):
        tokens.issue_token(desk.engine, get_identity(desk, SENDER), name)
    with pytest.raises(AccountError, match="not an email address"):
        accounts.set_email(desk.engine, SENDER, f"a@{'b' * 255}", by=SENDER)
