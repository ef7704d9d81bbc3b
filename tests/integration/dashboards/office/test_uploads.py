"""Tests of uploads: received within limits and in memory, checked once, and kept until their result is read."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from starlette.requests import Request

from dashboards.office import uploads
from dashboards.office.uploads import Upload, UploadError, Uploads, read_files, read_upload_form
from pipelines.core import clock
from pipelines.ledger import queries
from pipelines.submissions import service
from pipelines.submissions.service import Desk, uploading
from pipelines.web.check_queue import Queue
from tests.support.coroutines import run_async
from tests.support.fakes import desk_fakes
from tests.support.fakes.desk_fakes import SENDER, get_identity, make_file

PLACE = "/upload"
PROGRESS = ["reading", "read", "judging", "judged"]


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    desk_fakes.install_fakes(monkeypatch)
    return desk_fakes.open_desk(tmp_path)


async def wait_until_ended(upload: Upload) -> Upload:
    """Wait until an upload has ended."""
    async with asyncio.timeout(60):
        while not upload.has_ended:
            await upload.wait_for_change(upload.version, 1)
    return upload


def run_with_uploads(work: Callable[[Uploads], Coroutine[Any, Any, Any]]) -> Any:
    """Run a coroutine function on the uploads of a process."""

    async def with_uploads() -> Any:
        return await work(Uploads(Queue()))

    return run_async(with_uploads())


# -------------------------------------------------------------------------------------------------------------- checks


def test_upload_records_its_progress_and_the_result(desk: Desk) -> None:
    async def upload_file(received: Uploads) -> Upload:
        return await wait_until_ended(
            received.begin_upload(desk, get_identity(desk, SENDER), PLACE, make_file(value=101), "a.csv")
        )

    upload = run_with_uploads(upload_file)
    assert [progress.name for progress in upload.progress] == PROGRESS
    assert (upload.result.new, upload.result.state, len(upload.result.open_warnings)) == (True, "checked", 1)
    assert len(queries.list_submissions(desk.engine)) == 1


def test_upload_sent_again_under_its_id_is_checked_once(desk: Desk) -> None:
    async def upload_twice(received: Uploads) -> list[Upload]:
        sender, name = get_identity(desk, SENDER), "0123456789abcdef"
        begun = [received.begin_upload(desk, sender, PLACE, make_file(), "a.csv", upload_id=name) for _ in range(2)]
        return [await wait_until_ended(upload) for upload in begun]

    first, second = run_with_uploads(upload_twice)
    assert first is second and first.result.new
    assert len(queries.list_submissions(desk.engine)) == 1


def test_find_upload_ignores_uploads_of_another_person(desk: Desk) -> None:
    async def upload_as_two_people(received: Uploads) -> None:
        upload = await wait_until_ended(
            received.begin_upload(desk, get_identity(desk, SENDER), PLACE, make_file(), "a.csv")
        )
        assert received.find_upload(SENDER, PLACE, upload.upload_id) is upload
        assert received.find_upload("rr-sender", PLACE, upload.upload_id) is None
        assert received.find_upload(SENDER, "/practice", upload.upload_id) is None
        other_upload = received.begin_upload(
            desk, get_identity(desk, "both-sender"), PLACE, make_file(), "a.csv", upload_id=upload.upload_id
        )
        assert (await wait_until_ended(other_upload)) is not upload

    run_with_uploads(upload_as_two_people)


@pytest.mark.parametrize("upload_id", ["", "short", "../../etc/passwd0000", "x" * 65, "имя-файла-0123456"])
def test_begin_upload_replaces_an_invalid_upload_id(desk: Desk, upload_id: str) -> None:
    async def upload_under_id(received: Uploads) -> str:
        upload = await wait_until_ended(
            received.begin_upload(desk, get_identity(desk, SENDER), PLACE, make_file(), "a.csv", upload_id=upload_id)
        )
        return upload.upload_id

    assert run_with_uploads(upload_under_id) != upload_id


def test_upload_without_the_role_keeps_the_reason(desk: Desk) -> None:
    async def upload_as_approver(received: Uploads) -> Upload:
        return await wait_until_ended(
            received.begin_upload(desk, get_identity(desk, "qq-approver"), PLACE, make_file(), "a.csv")
        )

    upload = run_with_uploads(upload_as_approver)
    assert isinstance(upload.error, service.NotAllowedError) and upload.result is None
    assert not queries.list_submissions(desk.engine)


def test_failed_upload_frees_its_place_and_its_bytes(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def raise_os_error(*_: Any, **__: Any) -> Any:
        raise OSError("the disk is gone")

    monkeypatch.setattr(service, "upload_file", raise_os_error)

    async def upload_five_files(received: Uploads) -> list[Upload]:
        for number in range(5):
            upload = await wait_until_ended(
                received.begin_upload(desk, get_identity(desk, SENDER), PLACE, make_file(value=number), "a.csv")
            )
            assert isinstance(upload.error, OSError)
            received.forget_upload(upload)
        return received.list_uploads(SENDER)

    assert run_with_uploads(upload_five_files) == []


def test_bytes_are_released_once_the_store_has_the_file(desk: Desk) -> None:
    async def upload_two_files(received: Uploads) -> None:
        stored = await wait_until_ended(
            received.begin_upload(desk, get_identity(desk, SENDER), PLACE, make_file(), "a.csv")
        )
        refused = await wait_until_ended(
            received.begin_upload(desk, get_identity(desk, SENDER), PLACE, b"broken", "b.csv")
        )
        assert stored.data is None and refused.data == b"broken"
        assert received.queue._held == {SENDER: len(b"broken")}
        received.forget_upload(refused)
        assert received.queue._held == {}

    run_with_uploads(upload_two_files)


def test_upload_result_is_kept_for_a_quarter_of_an_hour(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    async def upload_and_wait(received: Uploads) -> None:
        upload = await wait_until_ended(
            received.begin_upload(desk, get_identity(desk, SENDER), PLACE, make_file(), "a.csv")
        )
        now = clock.read_wall_clock()
        monkeypatch.setattr(clock, "read_wall_clock", lambda: now + uploads.SECONDS_KEPT - 5)
        received.forget_old_uploads()
        assert received.find_upload(SENDER, PLACE, upload.upload_id) is upload
        monkeypatch.setattr(clock, "read_wall_clock", lambda: now + uploads.SECONDS_KEPT + 5)
        received.forget_old_uploads()
        assert received.find_upload(SENDER, PLACE, upload.upload_id) is None

    run_with_uploads(upload_and_wait)
    assert len(queries.list_submissions(desk.engine)) == 1, "the draft is kept"


def test_file_limit_drops_the_oldest_result_and_never_a_running_check(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "MOST_FILES", 2)
    gate = threading.Event()
    check_return = getattr(uploading, "check_return")  # noqa: B009  # looked up here, since another test may have replaced it

    def check_slowly(*arguments: Any, **options: Any) -> Any:
        assert gate.wait(60)
        return check_return(*arguments, **options)

    async def fill_limit(received: Uploads) -> None:
        sender = get_identity(desk, SENDER)
        first = await wait_until_ended(received.begin_upload(desk, sender, PLACE, make_file(), "a.csv"))
        monkeypatch.setattr(uploading, "check_return", check_slowly)
        running = [received.begin_upload(desk, sender, PLACE, make_file(value=8 + n), f"{n}.csv") for n in range(2)]
        assert received.find_upload(SENDER, PLACE, first.upload_id) is None
        with pytest.raises(UploadError) as refused:
            received.begin_upload(desk, sender, PLACE, make_file(value=20), "c.csv")
        assert refused.value.status == 429
        gate.set()
        for upload in running:
            assert (await wait_until_ended(upload)).result is not None

    run_with_uploads(fill_limit)


# ------------------------------------------------------------------------------------------------------------ receiving


def make_request(*pieces: bytes, headers: dict[str, str] | None = None, silent: bool = False) -> Request:
    """Return a POST request whose body arrives in these pieces."""
    remaining = list(pieces)

    async def receive_message() -> Any:
        if silent:
            await asyncio.sleep(60)
        return {"type": "http.request", "body": remaining.pop(0), "more_body": bool(remaining)}

    pairs = {"content-type": "multipart/form-data; boundary=cut", **(headers or {})}
    raw = [(name.encode(), value.encode()) for name, value in pairs.items()]
    return Request(
        {"type": "http", "method": "POST", "path": PLACE, "headers": raw, "query_string": b""}, receive_message
    )


def make_body(*files: tuple[str, bytes]) -> bytes:
    """Return the multipart body of a form with these files."""
    parts = [b'--cut\r\nContent-Disposition: form-data; name="csrf"\r\n\r\ntoken\r\n']
    parts += [
        b'--cut\r\nContent-Disposition: form-data; name="files"; filename="%s"\r\n\r\n%s\r\n' % (name.encode(), data)
        for name, data in files
    ]
    return b"".join([*parts, b"--cut--\r\n"])


def receive_files(request: Request) -> tuple[dict[str, int], Any]:
    """Return the bytes held afterwards, and the files of a request or the status of its refusal."""
    queue = Queue()

    async def read_form() -> Any:
        try:
            form = await read_upload_form(request, queue, "me")
            assert form["csrf"] == "token"
            return await read_files([value for value in form.getlist("files") if not isinstance(value, str)])
        except UploadError as error:
            return error.status

    return queue._held, run_async(read_form())


def test_form_is_read_in_pieces_and_its_bytes_are_released() -> None:
    whole = make_body(("a.csv", b"1;2\n" * 1000), ("b.csv", b"x"))
    held_bytes, files = receive_files(make_request(whole[:700], whole[700:], b""))
    assert (held_bytes, files) == ({}, [("a.csv", b"1;2\n" * 1000), ("b.csv", b"x")])


def test_oversized_form_is_refused_by_its_declared_or_actual_length(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "LARGEST_REQUEST", 1_000)
    unread = make_request(silent=True, headers={"content-length": "1001"})
    assert receive_files(unread) == ({}, 413)
    whole = make_body(("a.csv", b"x" * 2_000))
    assert receive_files(make_request(whole[:600], whole[600:1200], whole[1200:])) == ({}, 413)


def test_oversized_file_is_refused(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "MAX_BYTES", 100)

    async def upload_oversized_file(received: Uploads) -> int:
        with pytest.raises(UploadError) as refused:
            received.begin_upload(desk, get_identity(desk, SENDER), PLACE, b"x" * 101, "a.csv")
        assert received.list_uploads(SENDER) == []
        return refused.value.status

    assert run_with_uploads(upload_oversized_file) == 413


def test_stalled_form_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "SECONDS_SILENT", 0.05)
    assert receive_files(make_request(silent=True)) == ({}, 408)


@pytest.mark.parametrize(
    ("content", "headers", "status"),
    [
        (b"not multipart at all", {}, 400),
        (b"a=b", {"content-type": "application/x-www-form-urlencoded"}, 400),
        (make_body(), {}, 422),
        (make_body(*((f"{n}.csv", b"x") for n in range(41))), {}, 400),
    ],
)
def test_form_without_readable_files_is_refused(content: bytes, headers: dict[str, str], status: int) -> None:
    assert receive_files(make_request(content, headers=headers)) == ({}, status)


def test_large_file_is_never_written_to_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    import tempfile

    def raise_assertion_error(*_: Any, **__: Any) -> Any:
        raise AssertionError("a temporary file")

    monkeypatch.setattr(tempfile.SpooledTemporaryFile, "rollover", raise_assertion_error)
    data = b"x" * (3 * 1024 * 1024)
    assert receive_files(make_request(make_body(("a.csv", data)))) == ({}, [("a.csv", data)])
