"""Tests of files in S3-compatible storage: whole or not at all, with several writers and with faults."""

from __future__ import annotations

import base64
import hashlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from pipelines.core import clock
from pipelines.core.bucket import BucketStore
from pipelines.core.file_store import FileStore, FileStoreError, FolderStore, StoreAwayError
from pipelines.core.settings import LandingBucketSettings, SettingsError
from tests.support.object_store import BUCKET, SECRET, ObjectStore
from tests.support.paths import ROOT
from tests.support.ports import free_port

pytestmark = pytest.mark.storage
WRITERS = 8


@pytest.fixture
def bucket(object_store: ObjectStore) -> BucketStore:
    return BucketStore(LandingBucketSettings)


@pytest.fixture(params=["bucket", "folder"])
def files(request: pytest.FixtureRequest, tmp_path: Path) -> FileStore:
    """Each implementation of a store in turn."""
    store: FileStore = FolderStore(tmp_path) if request.param == "folder" else request.getfixturevalue("bucket")
    return store


def locate_object(name: str) -> str:
    """Return the key of a file in its bucket."""
    return f"{os.environ['RTI_STORE_BUCKET'].removeprefix(f's3://{BUCKET}/')}/{name}"


def test_stored_file_is_read_listed_and_removed(files: FileStore) -> None:
    assert (files.find_file("ab/abc"), list(files.list_files())) == (None, [])
    files.put_file("ab/abc", b"\x00\xffkazna\r\n")
    files.put_file("not-kept/x", b"")
    assert files.read_file("ab/abc") == b"\x00\xffkazna\r\n"
    assert {file.name: file.size for file in files.list_files()} == {"ab/abc": 9, "not-kept/x": 0}
    assert [file.name for file in files.list_files("not-kept")] == ["not-kept/x"]
    assert list(files.list_files("not")) == []
    files.remove_file("ab/abc")
    files.remove_file("ab/abc")
    with pytest.raises(FileNotFoundError, match="ab/abc"):
        files.read_file("ab/abc")
    files.try_out()


def test_file_that_was_stored_again_is_not_removed(files: FileStore, monkeypatch: pytest.MonkeyPatch) -> None:
    files.put_file("ab/abc", b"one")
    (listed,) = files.list_files()
    aged = clock.read_wall_clock() + 86_400
    monkeypatch.setattr(clock, "read_wall_clock", lambda: aged)
    while files.find_file("ab/abc") == listed:  # the times of a bucket are whole seconds
        files.put_file("ab/abc", b"one")
    assert not files.remove_unless_renewed(listed) and files.read_file("ab/abc") == b"one"
    (renewed,) = files.list_files()
    assert files.remove_unless_renewed(renewed) and not files.remove_unless_renewed(renewed)


def test_put_leaves_recent_file_alone_and_restores_old_one(
    bucket: BucketStore, object_store: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    bucket.put_file("ab/abc", b"one")
    object_store.damage_object(locate_object("ab/abc"), b"two")
    bucket.put_file("ab/abc", b"one")
    assert bucket.read_file("ab/abc") == b"two"
    later = clock.read_wall_clock() + 13 * 3600
    monkeypatch.setattr(clock, "read_wall_clock", lambda: later)
    bucket.put_file("ab/abc", b"one")
    assert bucket.read_file("ab/abc") == b"one"


def test_writers_at_once_store_one_whole_file(bucket: BucketStore) -> None:
    content = os.urandom(3_000_000)
    with ThreadPoolExecutor(WRITERS) as pool:
        list(pool.map(lambda _: bucket.put_file("ab/abc", content), range(WRITERS)))
    assert bucket.read_file("ab/abc") == content


def test_one_of_several_writers_replaces_pointer(bucket: BucketStore) -> None:
    assert bucket.read_pointer("current") is None
    with ThreadPoolExecutor(WRITERS) as pool:
        first = list(pool.map(lambda n: bucket.replace_pointer("current", b"%d" % n, None), range(WRITERS)))
        earlier = bucket.read_pointer("current")
        assert earlier is not None and earlier.content == b"%d" % first.index(True)
        second = list(pool.map(lambda n: bucket.replace_pointer("current", b"1%d" % n, earlier), range(WRITERS)))
    assert (first.count(True), second.count(True)) == (1, 1)
    now = bucket.read_pointer("current")
    assert now is not None and now.content == b"1%d" % second.index(True)


def test_writer_killed_during_put_leaves_nothing(bucket: BucketStore, object_store: ObjectStore) -> None:
    """Stop the server, so that a large file is half on its way, and kill the writer."""
    program = (
        "from pipelines.core.bucket import BucketStore\n"
        "from pipelines.core.settings import LandingBucketSettings\n"
        "bucket = BucketStore(LandingBucketSettings)\n"
        "bucket.put_file('ab/first', b'1')\nprint('started', flush=True)\ninput()\n"
        "bucket.put_file('ab/abc', bytes(60_000_000))\n"
    )
    command = [sys.executable, "-c", program]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None and writer.stdin is not None
        assert writer.stdout.readline() == "started\n"
        with object_store.pause_server():
            writer.stdin.write("\n")
            writer.stdin.flush()
            with pytest.raises(subprocess.TimeoutExpired):
                writer.wait(2)
            writer.send_signal(signal.SIGKILL)
            writer.wait()
    bucket.try_out()
    assert [file.name for file in bucket.list_files()] == ["ab/first"]
    bucket.put_file("ab/abc", b"whole")
    assert bucket.read_file("ab/abc") == b"whole"


def test_silent_storage_is_away_and_works_again(
    bucket: BucketStore, object_store: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    bucket.put_file("ab/abc", b"one")
    monkeypatch.setenv("RTI_STORE_WAIT", "1")
    with object_store.pause_server():
        for request in (
            lambda: bucket.put_file("ab/abd", b"two"),
            lambda: bucket.read_file("ab/abc"),
            lambda: bucket.find_file("ab/abc"),
            lambda: list(bucket.list_files()),
            bucket.try_out,
        ):
            with pytest.raises(StoreAwayError, match=r"does not answer .* RTI_STORE_ENDPOINT"):
                request()
    assert bucket.read_file("ab/abc") == b"one"
    bucket.put_file("ab/abd", b"two")
    assert bucket.read_file("ab/abd") == b"two"


def test_errors_name_the_setting_and_no_secret(bucket: BucketStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RTI_STORE_WAIT", "1")
    with monkeypatch.context() as patch:
        patch.setenv("RTI_STORE_ENDPOINT", f"http://127.0.0.1:{free_port()}")
        with pytest.raises(StoreAwayError, match="Nothing was stored"):
            bucket.put_file("ab/abc", b"one")
    with monkeypatch.context() as patch:
        patch.setenv("RTI_STORE_BUCKET", "s3://absent/folder")
        with pytest.raises(
            FileStoreError, match="no bucket s3://absent/folder: create it, or correct RTI_STORE_BUCKET"
        ):
            bucket.put_file("ab/abc", b"one")
    with monkeypatch.context() as patch:
        patch.delenv("RTI_STORE_SECRET")
        with pytest.raises(
            SettingsError, match="RTI_STORE_KEY is set without RTI_STORE_SECRET or RTI_STORE_SECRET_FILE"
        ):
            bucket.put_file("ab/abc", b"one")
    for status, code, expected in (
        (403, "SignatureDoesNotMatch", "refuses the key: check RTI_STORE_KEY, RTI_STORE_SECRET"),
        (400, "BadDigest", "did not reach .* whole, and nothing was stored"),
        (400, "SomethingElse", "did not do what it was asked for"),
        (503, "SlowDown", "does not answer"),
    ):
        with answer_always(status, f"<Error><Code>{code}</Code><Message>{SECRET}</Message></Error>") as (address, _):
            monkeypatch.setenv("RTI_STORE_ENDPOINT", address)
            with pytest.raises(FileStoreError, match=expected) as failed:
                bucket.put_file("ab/abc", b"one")
            assert SECRET not in str(failed.value) and failed.value.__cause__ is None


def test_request_has_the_digest_and_a_condition(bucket: BucketStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Compare the headers of a request with the SHA-256 of the file and the condition that no file is there."""
    with answer_always(200, "") as (address, headers):
        monkeypatch.setenv("RTI_STORE_ENDPOINT", address)
        with pytest.raises(FileStoreError):
            bucket.put_file("ab/abc", b"one")  # the answer has no tag
    digest = base64.b64encode(hashlib.sha256(b"one").digest()).decode()
    assert (headers[0]["x-amz-checksum-sha256"], headers[0]["if-none-match"]) == (digest, "*")
    assert headers[0]["authorization"].startswith("AWS4-HMAC-SHA256 Credential=testing/")


def test_requests_without_a_key_are_not_signed(bucket: BucketStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RTI_STORE_KEY")
    with answer_always(404, "") as (address, headers):
        monkeypatch.setenv("RTI_STORE_ENDPOINT", address)
        assert bucket.find_file("ab/abc") is None
    assert "authorization" not in headers[0]


def test_secret_from_a_file_is_read_again_when_it_changes(
    bucket: BucketStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("RTI_STORE_SECRET")
    monkeypatch.setenv("RTI_STORE_SECRET_FILE", str(tmp_path / "secret"))
    with pytest.raises(SettingsError, match="RTI_STORE_SECRET_FILE cannot be read"):
        bucket.find_file("ab/abc")
    with answer_always(404, "") as (address, headers):
        monkeypatch.setenv("RTI_STORE_ENDPOINT", address)
        for number, secret in enumerate(("first-secret\n", "second-secret\n")):
            (tmp_path / "secret").write_text(secret, encoding="ascii")
            os.utime(tmp_path / "secret", (number, number))
            bucket.find_file("ab/abc")
    first, second = (line["authorization"].rpartition("Signature=")[2] for line in headers)
    assert first != second


def test_fork_of_a_process_that_used_the_storage_is_refused(bucket: BucketStore) -> None:
    bucket.try_out()
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            bucket.try_out()
        except BaseException as error:
            os.write(writing, f"{type(error).__name__}: {error}".encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        assert pipe.read().startswith("FileStoreError: a forked process cannot use the storage")
    os.waitpid(child, 0)


def test_missing_package_is_named(bucket: BucketStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "obstore", None)
    with pytest.raises(FileStoreError, match="`make storage` installs it"):
        bucket.try_out()


@contextmanager
def answer_always(status: int, body: str) -> Iterator[tuple[str, list[dict[str, str]]]]:
    """Run a server that gives one answer to every request; yield its address and the headers of the requests."""
    received: list[dict[str, str]] = []

    class Answer(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            received.append({name.lower(): value for name, value in self.headers.items()})
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body.encode())

        do_GET = do_HEAD = do_PUT  # noqa: N815 - the names that the library calls

        def log_message(self, *_arguments: object) -> None:
            """Print nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", received
        finally:
            server.shutdown()
            thread.join()
