"""Tests of releases that are sent to a bucket and received on a machine that only shows them."""

from __future__ import annotations

import hashlib
import json
import secrets
import threading
from collections import Counter
from pathlib import Path

import duckdb
import pytest

from pipelines.cli import main
from pipelines.core.bucket import BucketStore
from pipelines.core.home import Home, initialise_home
from pipelines.core.settings import ReleaseBucketSettings
from pipelines.operations.release_sender import ReleaseSender
from pipelines.publication.releases import public_copies
from pipelines.publication.releases.errors import ReleaseError
from pipelines.publication.releases.public_copies import PublicState, receive_public, send_public
from pipelines.publication.releases.publications import find_unfinished, intent_path, read_intent
from pipelines.publication.releases.publish import find_current_release
from pipelines.publication.releases.verification import verify_published
from pipelines.refresh.publication import complete_publication, roll_back
from tests.support.object_store import BUCKET, SECRET, ObjectStore, read_objects
from tests.support.releases import publication_fixture as fixture
from tests.support.releases.publication_fixture import FIRST, NEXT

pytestmark = pytest.mark.storage
READS, READERS = 2_000, 4


@pytest.fixture
def folder(object_server: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> str:
    """Let releases be sent to an empty folder of a bucket; give its name."""
    name = secrets.token_hex(6)
    monkeypatch.setenv("RTI_RELEASES_BUCKET", f"s3://{BUCKET}/{name}")
    monkeypatch.setenv("RTI_RELEASES_ENDPOINT", object_server.address)
    monkeypatch.setenv("RTI_RELEASES_KEY", "releases")
    monkeypatch.setenv("RTI_RELEASES_SECRET", SECRET)
    return name


@pytest.fixture
def home(publication_home: Home, folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    return fixture.use_copy(publication_home, tmp_path / "home", monkeypatch)


@pytest.fixture
def shown(tmp_path: Path) -> Home:
    """A home of a machine that only shows releases."""
    return initialise_home(tmp_path / "shown", "demonstration")


def read_public(home: Home) -> dict[str, str]:
    """Return the digest of each public file, and where the pointer leads."""
    files = {
        path.relative_to(home.public).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in home.releases.parent.rglob("*")
        if path.is_file() and not path.is_relative_to(home.current)
    }
    return files | {"current": str(home.current.readlink())}


def test_received_folder_is_the_one_that_was_sent(
    home: Home, shown: Home, folder: str, object_server: ObjectStore
) -> None:
    assert receive_public(shown) is None and find_current_release(shown) is None
    assert send_public(home) > 0 and receive_public(shown) == FIRST
    assert read_public(shown) == read_public(home) and verify_published(shown) == []
    assert (send_public(home), receive_public(shown)) == (0, None)
    public = {digest for name, digest in read_public(home).items() if name != "current"}

    fixture.publish_draft(home)
    assert receive_public(shown) == NEXT
    assert read_public(shown) == read_public(home) and verify_published(shown) == []
    public |= {digest for name, digest in read_public(home).items() if name != "current"}
    sent = read_objects(object_server.address, folder)
    assert {key.rpartition("/")[2] for key in sent} == public | {"current"}, (
        "nothing restricted, and all that is public"
    )

    roll_back(home, FIRST, actor="the-steward", reason="The test rolls back a release.")
    assert receive_public(shown) == FIRST and read_public(shown) == read_public(home)


def test_bucket_never_names_a_draft(home: Home, folder: str, object_server: ObjectStore) -> None:
    send_public(home)
    digests = {hashlib.sha256(p.read_bytes()).hexdigest() for p in (home.drafts / NEXT).rglob("*") if p.is_file()}
    released = {hashlib.sha256(p.read_bytes()).hexdigest() for p in home.releases.rglob("*") if p.is_file()}
    sent = {key.rpartition("/")[2] for key in read_objects(object_server.address, folder)}
    assert digests - released and not sent & (digests - released)


def test_switches_during_reads_show_whole_releases(home: Home, shown: Home) -> None:
    """Read the received home all the time while it follows publications and rollbacks."""
    fixture.publish_draft(home)
    receive_public(shown)
    rows = {name: _count_cells(home.releases / name) for name in (FIRST, NEXT)}
    reads: Counter[str] = Counter()
    failures: list[BaseException] = []

    def read_releases() -> None:
        try:
            for number in range(READS // READERS):
                release = find_current_release(shown)
                assert release is not None
                manifest = json.loads((release / "manifest.json").read_text(encoding="utf-8"))
                assert manifest["release"] == release.name
                if number % 10 == 0:
                    assert _count_cells(release) == rows[release.name]
                reads[release.name] += 1
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=read_releases) for _ in range(READERS)]
    bucket = BucketStore(ReleaseBucketSettings)
    pointer = bucket.read_pointer("current")
    assert pointer is not None
    state = PublicState.from_bytes(pointer.content)
    for thread in threads:
        thread.start()
    switches = 0
    while any(thread.is_alive() for thread in threads):
        current = (FIRST, NEXT)[switches % 2]
        earlier = bucket.read_pointer("current")
        assert bucket.replace_pointer("current", PublicState(current, state.releases, state.files).as_bytes(), earlier)
        assert receive_public(shown) == current
        switches += 1
    for thread in threads:
        thread.join()
    assert failures == [] and reads.total() == READS and switches > 1 and len(reads) == 2


def _count_cells(release: Path) -> int:
    with duckdb.connect(str(release / "release.duckdb"), read_only=True) as connection:
        row = connection.execute("select count(*) from cell").fetchone()
    assert row is not None
    return int(row[0])


def test_publication_with_storage_away_changes_nothing_or_is_finished_later(
    home: Home, shown: Home, object_server: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    send_public(home)
    monkeypatch.setenv("RTI_RELEASES_WAIT", "1")
    fixture.override_checklist(home, NEXT)
    before = fixture.read_state(home)
    with (
        object_server.pause_server(),
        pytest.raises(ReleaseError, match=r"not published, and nothing has changed. Cause: .* does not answer"),
    ):
        fixture.publish_draft(home)
    assert find_unfinished(home) == [] and fixture.find_current_name(home) == FIRST
    assert {name for name, value in fixture.read_state(home).items() if before.get(name) != value} <= {"audit"}

    def pause_first(home: Home) -> int:
        with object_server.pause_server():
            return send_public(home)

    with monkeypatch.context() as patch:
        patch.setattr("pipelines.refresh.publication.send_public", pause_first)
        with pytest.raises(ReleaseError, match=r"is not finished. Cause: .* does not answer"):
            fixture.publish_draft(home)
    assert read_intent(home) is not None and receive_public(shown) == FIRST
    assert complete_publication(home) == NEXT
    assert receive_public(shown) == NEXT and find_unfinished(home) == [] and not intent_path(home).exists()


@pytest.mark.parametrize("how", ["changed", "missing", "swapped", "list"])
def test_damaged_bucket_is_never_shown(
    home: Home, shown: Home, folder: str, object_server: ObjectStore, how: str
) -> None:
    send_public(home)
    receive_public(shown)
    before = read_public(shown)
    fixture.publish_draft(home)
    bucket = BucketStore(ReleaseBucketSettings)
    pointer = bucket.read_pointer("current")
    assert pointer is not None
    content = json.loads(pointer.content)
    digest = content["releases"][NEXT]["release.duckdb"]
    match how:
        case "changed":
            object_server.damage_object(f"{folder}/{digest[:2]}/{digest}", b"other")
        case "missing":
            bucket.remove_file(f"{digest[:2]}/{digest}")
        case "swapped":
            content["releases"][NEXT]["release.duckdb"] = content["releases"][FIRST]["release.duckdb"]
            assert bucket.replace_pointer("current", json.dumps(content).encode(), pointer)
        case _:
            content["files"]["../../restricted/ledger.sqlite"] = digest
            assert bucket.replace_pointer("current", json.dumps(content).encode(), pointer)
    with pytest.raises(ReleaseError):
        receive_public(shown)
    assert read_public(shown) == before, "the release before is still whole and current"
    assert sorted(path.name for path in shown.public.iterdir()) == sorted(path.name for path in home.public.iterdir())
    if how in ("changed", "missing"):
        assert main.main(["release", "send", "--all"]) == 0
        assert receive_public(shown) == NEXT and read_public(shown) == read_public(home)


def test_home_that_lacks_publications_sends_nothing(home: Home, publication_home: Home, tmp_path: Path) -> None:
    """Let an older copy of the home, such as a restored one, publish into the same bucket."""
    older = fixture.copy_home(home, tmp_path / "older")
    send_public(home)
    fixture.publish_draft(home)
    for act in (lambda: send_public(older), lambda: fixture.publish_draft(older)):
        with pytest.raises(ReleaseError, match="has publications that this home does not know, so nothing was sent"):
            act()
    assert fixture.find_current_name(older) == FIRST and find_unfinished(older) == []


def test_one_of_two_senders_is_refused(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    read_state = public_copies._read_state

    def send_meanwhile(*arguments: object) -> object:
        monkeypatch.setattr(public_copies, "_read_state", read_state)
        send_public(home)
        (home.public / "notices.json").write_text("[]", encoding="utf-8")
        return read_state(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(public_copies, "_read_state", send_meanwhile)
    with pytest.raises(ReleaseError, match="another process has sent releases"):
        send_public(home)
    assert send_public(home) >= 0


def test_publishing_home_and_shared_buckets_are_refused(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ReleaseError, match="publishes releases itself"):
        receive_public(home)
    monkeypatch.setenv("RTI_STORE_BUCKET", f"s3://{BUCKET}/landing")
    with monkeypatch.context() as patch:
        patch.setenv("RTI_STORE_ENDPOINT", public_copies.read_settings(ReleaseBucketSettings).endpoint or "")
        with pytest.raises(ReleaseError, match="name one bucket"):
            send_public(home)
    monkeypatch.setenv("RTI_STORE_KEY", "releases")
    with pytest.raises(ReleaseError, match="are one key"):
        send_public(home)
    monkeypatch.delenv("RTI_RELEASES_BUCKET")
    with pytest.raises(ReleaseError, match="set RTI_RELEASES_BUCKET"):
        send_public(home)


def test_commands_and_service_send_what_changed(
    home: Home, shown: Home, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    reports: list[str] = []
    moments = iter((0.0, 0.0, 31.0, 31.0, 62.0, 62.0))
    sender = ReleaseSender(home, report=reports.append, monotonic=lambda: next(moments))
    assert sender.check_files() > 0 and sender.check_files() == 0
    (home.public / "notices.json").write_text('[{"id": "one"}]', encoding="utf-8")
    assert (sender.check_files(), reports) == (1, [])
    monkeypatch.setenv("RTI_HOME", str(shown.root))
    assert main.main(["release", "receive", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"current": FIRST}
    assert (shown.public / "notices.json").read_text(encoding="utf-8") == '[{"id": "one"}]'
    assert read_public(shown) == read_public(home)
