"""Tests of signed manifests, of `rti release verify`, `list`, `show` and `diff`: each changed file is named."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from pipelines.cli import main
from pipelines.core.home import Home, initialise_home
from pipelines.core.signing_keys import to_canonical_json
from pipelines.ledger import queries
from pipelines.ledger.opening import open_ledger
from pipelines.publication.releases import signature
from pipelines.publication.releases.verification import verify_published, verify_signed
from tests.support.releases import publication_fixture as fixture

FIRST, NEXT = fixture.FIRST, fixture.NEXT


@pytest.fixture(scope="module")
def template(publication_home: Home, tmp_path_factory: pytest.TempPathFactory) -> Home:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RTI_NOW", fixture.NOW)
        home = fixture.copy_home(publication_home, tmp_path_factory.mktemp("signed") / "home")
        fixture.publish_draft(home)
    return home


@pytest.fixture
def home(template: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.setenv("RTI_NOW", fixture.NOW)
    monkeypatch.setenv("RTI_HOME", str(tmp_path / "home"))
    return fixture.copy_home(template, tmp_path / "home")


def _change_manifest(folder: Path) -> None:
    path = folder / "manifest.json"
    path.write_text(path.read_text(encoding="utf-8").replace(fixture.NOW, "2026-11-26T09:00:00Z"), encoding="utf-8")


def _change_signature(folder: Path) -> None:
    path = folder / "manifest.sig"
    path.write_text(path.read_text(encoding="utf-8").replace(fixture.NOW, "2026-11-26T09:00:00Z"), encoding="utf-8")


def _rewrite_database(folder: Path) -> None:
    """Give the database other bytes and the same rows."""
    path = folder / "release.duckdb"
    path.chmod(0o644)
    with duckdb.connect(str(path)) as connection:
        connection.execute("create table other as select 1 as n; drop table other; checkpoint")


def _sign_as_earlier_software(home: Home, folder: Path) -> None:
    """Sign a release without the digest of its database."""
    key = signature.RELEASE_KEYS.signing_key(home)
    content = json.loads((folder / "manifest.sig").read_text(encoding="utf-8"))
    del content["database_sha256"], content["signature"]
    content["signature"] = key.sign(to_canonical_json(content).encode()).hex()
    (folder / "manifest.sig").write_text(json.dumps(content), encoding="utf-8")


def _sign_with_another_key(folder: Path) -> None:
    foreign_home = initialise_home(folder.parents[2] / "other", "real")
    signature.sign_manifest(foreign_home, folder, fixture.NOW)


TAMPERING: dict[str, tuple[Callable[[Path], object], str, str]] = {
    "file": (lambda folder: (folder / "data" / "cell.parquet").write_bytes(b"x"), "data/cell.parquet", "was changed"),
    "database with the same rows": (_rewrite_database, "release.duckdb", "is not the one that was signed"),
    "manifest": (_change_manifest, "manifest.sig", "does not fit manifest.json: the manifest was changed"),
    "signature": (_change_signature, "manifest.sig", "or was changed"),
    "no signature": (lambda folder: (folder / "manifest.sig").unlink(), "manifest.sig", "is missing"),
    "damaged signature": (lambda folder: (folder / "manifest.sig").write_text("{}"), "manifest.sig", "is damaged"),
    "another key": (_sign_with_another_key, "manifest.sig", "which is not a known key"),
}


def test_publication_signs_the_manifest_with_a_key_of_its_own(home: Home) -> None:
    assert verify_published(home) == []
    identity = fixture.read_journal(home)[-1]["key_id"]
    assert signature.RELEASE_KEYS.list_public_keys(home).keys() == {identity}
    assert (home.restricted / "keys" / f"release-{identity}.pem").stat().st_mode & 0o777 == 0o600
    assert (
        json.loads((home.releases / NEXT / "manifest.sig").read_text(encoding="utf-8"))["published_at"] == fixture.NOW
    )


@pytest.mark.parametrize("kind", TAMPERING)
def test_verify_names_the_file_that_was_tampered_with(
    home: Home, capsys: pytest.CaptureFixture[str], kind: str
) -> None:
    tamper, name, problem = TAMPERING[kind]
    folder = home.releases / NEXT
    tamper(folder)
    faults = [(fault.path, fault.problem) for fault in verify_published(home) if fault.path == folder / name]
    assert len(faults) == 1 and problem in faults[0][1]
    assert main.main(["release", "verify"]) == 1
    output = capsys.readouterr().out
    assert str(folder / name) in output and output.endswith("NOT GOOD\n")
    assert main.main(["release", "verify", FIRST]) == 0


def test_copy_of_a_release_is_verified_without_a_home(
    home: Home, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = tmp_path / "downloaded"
    shutil.copytree(home.releases / NEXT, copy)
    key = next((home.public / "keys").glob("release-*.pub.pem"))
    shutil.copyfile(key, tmp_path / "public.pem")
    monkeypatch.setenv("RTI_HOME", str(tmp_path / "nowhere"))
    assert main.main(["release", "verify", str(copy)]) == 0
    assert "This does not prove whose key that is" in capsys.readouterr().out
    assert main.main(["release", "verify", str(copy), "--key", str(tmp_path / "public.pem"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["known_key"] is True
    assert verify_signed(copy, {}) != []
    assert main.main(["release", "verify", str(copy), "--key", str(copy / "manifest.json")]) == 2


def test_database_that_was_downloaded_alone_is_verified_with_the_signature(
    home: Home, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RTI_HOME", str(tmp_path / "nowhere"))
    folder, key = home.releases / NEXT, next((home.public / "keys").glob("release-*.pub.pem"))
    database = Path(shutil.copy(folder / "release.duckdb", tmp_path / f"{NEXT}.release.duckdb"))
    command = ["release", "verify", str(database), "--key", str(key)]
    assert main.main(command) == 1
    assert f"{NEXT}.manifest.sig is missing" in capsys.readouterr().out
    proof = Path(shutil.copy(folder / "manifest.sig", tmp_path / f"{NEXT}.manifest.sig"))
    assert main.main(command) == 0
    assert capsys.readouterr().out.startswith(f"{NEXT}.release.duckdb is as published, signed with the key ")
    database.write_bytes(database.read_bytes() + b"\0")
    assert main.main(command) == 1
    assert "release.duckdb is not the one that was signed" in capsys.readouterr().out
    proof.write_text(proof.read_text(encoding="utf-8").replace(fixture.NOW, "2026-11-26T09:00:00Z"), encoding="utf-8")
    assert main.main(command) == 1
    assert "or was changed" in capsys.readouterr().out


def test_release_whose_signature_has_no_digest_of_the_database_stays_valid(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = home.releases / NEXT
    _sign_as_earlier_software(home, folder)
    assert verify_published(home) == []
    assert main.main(["release", "verify", str(folder / "release.duckdb")]) == 1
    assert "is from software that did not sign the database; verify the whole release" in capsys.readouterr().out
    with duckdb.connect(str(folder / "release.duckdb")) as connection:
        connection.execute("insert into cell values (99, 'x')")
    assert ["other rows in table cell" in fault.problem for fault in verify_published(home)] == [True]


def test_rotated_key_signs_later_releases_and_the_old_one_still_verifies(home: Home) -> None:
    ids = [submission.submission_id for submission in queries.list_submissions(open_ledger(home))]
    assert main.main(["release", "rotate-key"]) == 0
    fixture.write_draft(home, "2026-Q3.2", ids)
    fixture.publish_draft(home)
    assert len({line["key_id"] for line in fixture.read_journal(home)}) == 2
    assert verify_published(home) == []


def test_list_and_show_name_releases_and_drafts(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    fixture.write_draft(home, "2026-Q3.2", [])
    assert main.main(["release", "list", "--json"]) == 0
    editions = {row["release"]: row["state"] for row in json.loads(capsys.readouterr().out)}
    assert editions == {FIRST: "published", NEXT: "current", "2026-Q3.2": "draft"}
    assert main.main(["release", "list"]) == 0
    assert NEXT in capsys.readouterr().out
    assert main.main(["release", "show", FIRST, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["publications"][0]["release"] == FIRST
    assert main.main(["release", "show", "2026-Q1"]) == 3
    assert "there is no release or draft 2026-Q1; there are" in capsys.readouterr().err


def test_list_without_the_folder_of_drafts_names_the_releases(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    # A home that was restored from a backup without restricted drafts has no such folder.
    shutil.rmtree(home.drafts)
    assert main.main(["release", "list", "--json"]) == 0
    assert {row["release"] for row in json.loads(capsys.readouterr().out)} == {FIRST, NEXT}


def test_rollback_is_also_a_command_of_the_group(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    reason = "The figures of one office were wrong."
    assert main.main(["release", "rollback", FIRST, "--reason", reason, "--as", "the-steward"]) == 0
    assert capsys.readouterr().out == f"{FIRST} is the current release again\n"
    assert main.main(["release", "list", "--json"]) == 0
    editions = {row["release"]: row["state"] for row in json.loads(capsys.readouterr().out)}
    assert editions == {FIRST: "current", NEXT: "withdrawn"}
