"""An upload under way: begun once, followed by as many as ask, and left where nobody waits any longer."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from pipelines.ledger import queries
from pipelines.submissions import intake
from pipelines.submissions import service as door
from pipelines.submissions.checking.check import check_file
from pipelines.submissions.service import Desk, uploading
from pipelines.submissions.service.underway import RunningUpload, UploadCancelledError, Uploads
from tests.support.fakes import desk_fakes
from tests.support.fakes.desk_fakes import SENDER, file, who

STEPS = ["reading", "read", "judging", "judged"]


class GoneError(Exception):
    """Whoever followed is gone."""


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    desk_fakes.install(monkeypatch)
    return desk_fakes.opened(tmp_path)


def test_as_many_as_follow_are_told_every_step_and_one_answer(desk: Desk) -> None:
    uploads, told = Uploads(), [list[str](), list[str]()]
    work = [uploads.begin_upload(desk, who(desk, SENDER), file(value=101), "a.csv", "1") for _ in told]

    def follow(one: RunningUpload, seen: list[str]) -> door.UploadResult:
        return one.follow_steps(lambda step: seen.append(step.name))

    answers = [follow(one, seen) for one, seen in zip(work, told, strict=True)]
    assert told == [STEPS, STEPS]
    assert answers[0] is answers[1]
    assert (answers[0].new, answers[0].state, len(answers[0].open_warnings)) == (True, "checked", 1)
    assert len(queries.list_submissions(desk.engine)) == 1


@pytest.mark.parametrize("step", STEPS)
def test_a_follower_who_goes_takes_nothing_along(desk: Desk, step: str) -> None:
    uploads, told = Uploads(), list[str]()

    def gone(one: Any) -> None:
        if one.name == step:
            raise GoneError

    with pytest.raises(GoneError):
        uploads.begin_upload(desk, who(desk, SENDER), file(), "a.csv", "1").follow_steps(gone)
    done = uploads.begin_upload(desk, who(desk, SENDER), file(), "a.csv", "1").follow_steps(
        lambda one: told.append(one.name)
    )
    assert (done.new, done.state, told) == (True, "checked", STEPS)


def test_other_bytes_another_account_and_another_file_are_uploads_of_their_own(desk: Desk) -> None:
    uploads, sender = Uploads(), who(desk, SENDER)
    first = uploads.begin_upload(desk, sender, file(), "a.csv", "1")
    others = [
        uploads.begin_upload(desk, sender, file(value=8), "a.csv", "1"),
        uploads.begin_upload(desk, who(desk, "both-sender"), file(), "a.csv", "1"),
        uploads.begin_upload(desk, sender, file(), "a.csv", "2"),
    ]
    assert len({id(one) for one in (first, *others)}) == 4
    made = {one.follow_steps(lambda _: None).submission_id for one in (first, *others)}
    assert made == {one.submission_id for one in queries.list_submissions(desk.engine)}


def test_what_was_told_is_begun_anew_and_told_as_here_before(desk: Desk) -> None:
    uploads, sender = Uploads(), who(desk, SENDER)
    first = uploads.begin_upload(desk, sender, file(), "a.csv", "1").follow_steps(lambda _: None)
    uploads.forget_file("1")
    again = uploads.begin_upload(desk, sender, file(), "a.csv", "1").follow_steps(lambda _: None)
    assert (again.new, again.submission_id) == (False, first.submission_id)


def test_why_nothing_was_made_is_told_to_each(desk: Desk) -> None:
    work = Uploads().begin_upload(desk, who(desk, "qq-approver"), file(), "a.csv", "1")
    for _ in range(2):
        with pytest.raises(door.NotAllowedError):
            work.follow_steps(lambda _: None)


def test_a_file_taken_out_of_the_list_is_not_kept(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    reached, go = threading.Event(), threading.Event()
    real = check_file

    def check(*args: Any, on_step: Any, **named: Any) -> Any:
        def slow(step: Any) -> None:
            if step.name == "judging":
                reached.set()
                assert go.wait(60)
            on_step(step)

        return real(*args, on_step=slow, **named)

    monkeypatch.setattr(uploading, "check_return", check)
    uploads = Uploads()
    work = uploads.begin_upload(desk, who(desk, SENDER), file(), "a.csv", "1")
    stays = uploads.begin_upload(desk, who(desk, SENDER), file(value=8), "b.csv", "2")
    assert reached.wait(60)
    uploads.keep_only(["2"])
    go.set()
    with pytest.raises(UploadCancelledError):
        work.follow_steps(lambda _: None)
    assert stays.follow_steps(lambda _: None).state == "checked"
    assert [one.filename for one in queries.list_submissions(desk.engine)] == ["b.csv"]


def test_what_is_kept_when_the_file_is_taken_out_stays(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    uploads, real = Uploads(), intake.record_arrival

    def receive(*args: Any, **named: Any) -> Any:
        out = real(*args, **named)
        uploads.keep_only([])
        return out

    monkeypatch.setattr(intake, "record_arrival", receive)
    done = uploads.begin_upload(desk, who(desk, SENDER), file(), "a.csv", "1").follow_steps(lambda _: None)
    assert [(one.submission_id, one.state) for one in queries.list_submissions(desk.engine)] == [
        (done.submission_id, "checked")
    ]
