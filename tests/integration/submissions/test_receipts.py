"""Receipts: any changed byte is detected, keys are created once and rotated, the command needs no home."""

from __future__ import annotations

import json
import stat
import threading
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.cli import main
from pipelines.core import signing_keys
from pipelines.core.home import Home, initialise_home
from pipelines.ledger import audit_log
from pipelines.ledger.verification import verify_ledger
from pipelines.submissions import receipt_keys, receipts
from pipelines.submissions.receipts import SignedReceipt
from pipelines.submissions.service import Desk
from tests.support.fakes import desk_fakes
from tests.support.fakes.desk_fakes import get_identity, make_file, make_sent_return
from tests.support.paths import ROOT
from tests.support.sampling import count_examples

SCHEMA = json.loads((ROOT / "docs/schema/receipt.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Any:
    with pytest.MonkeyPatch.context() as patch:
        desk_fakes.install_fakes(patch)
        yield desk_fakes.open_desk(tmp_path_factory.mktemp("receipts"))


@pytest.fixture(scope="module")
def signed(desk: Desk) -> SignedReceipt:
    from pipelines.submissions import service as door

    receipt = door.get_receipt(desk, get_identity(desk, "qq-sender"), make_sent_return(desk))
    assert receipt is not None
    return receipt


def _home(folder: Path) -> Home:
    return initialise_home(folder / "home", "real")


# ------------------------------------------------------------------------------------------------------- the document


def test_receipt_describes_sent_return(desk: Desk, signed: SignedReceipt) -> None:
    content = signed.as_json()
    jsonschema.Draft202012Validator(SCHEMA).validate(content)
    assert content["file"] == {"name": "return.csv", "size": len(make_file()), "sha256": _sha256(make_file())}
    assert (content["territory"], content["jurisdiction"], content["instrument"]) == ("QQ", "QQ", "justice")
    assert (content["form"], content["periods"], content["kind"]) == ("QQ-JUSTICE-1", ["2025-Q4"], "full")
    assert content["counts"] == {
        "observations": 1, "missing": 0, "events": 0, "errors": 0, "warnings": 0, "informations": 0, "justified": 0,
    }  # fmt: skip
    assert [t["total"] for t in content["totals"]] == [3]
    assert (content["sender"], content["home"], content["demonstration"]) == ("qq-sender", "demonstration", True)
    assert receipts.verify_receipt(signed.as_bytes(), file=make_file()).outcome == "good"
    seq, hashed = content["audit_head"].split(":")
    # The entry of the receipt follows the head that the receipt names.
    before, entry = audit_log.list_entries(desk.engine, after=int(seq) - 1)
    assert (before["hash"], entry["previous"], entry["action"]) == (hashed, hashed, "receipt.give")
    assert entry["subject"] == signed.receipt_id


def _sha256(data: bytes) -> str:
    import hashlib

    return hashlib.sha256(data).hexdigest()


def test_schema_has_exactly_the_members_of_a_receipt(signed: SignedReceipt) -> None:
    assert set(SCHEMA["properties"]) == set(signed.as_json()) == set(SCHEMA["required"])
    for name in signed.as_json():
        content = signed.as_json()
        del content[name]
        assert not jsonschema.Draft202012Validator(SCHEMA).is_valid(content)
    assert not jsonschema.Draft202012Validator(SCHEMA).is_valid({**signed.as_json(), "other": 1})


def test_signature_verifies_with_cryptography_alone(signed: SignedReceipt) -> None:
    """Verify with the library alone, by the description in docs/api.md."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    content = json.loads(signed.as_bytes())
    signature = bytes.fromhex(content.pop("signature"))
    line = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()
    Ed25519PublicKey.from_public_bytes(bytes.fromhex(content["key"]["public"])).verify(signature, line)


@settings(max_examples=count_examples(400), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_verify_receipt_rejects_any_changed_byte(signed: SignedReceipt, data: st.DataObject) -> None:
    document = bytearray(signed.as_bytes())
    position = data.draw(st.integers(0, len(document) - 1))
    document[position] = data.draw(st.integers(0, 255).filter(lambda b: b != document[position]))
    assert receipts.verify_receipt(bytes(document)).outcome != "good"


@settings(max_examples=count_examples(200), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_verify_receipt_rejects_inserted_or_removed_bytes(signed: SignedReceipt, data: st.DataObject) -> None:
    document = signed.as_bytes()
    start = data.draw(st.integers(0, len(document)))
    end = data.draw(st.integers(start, len(document)))
    put_in = data.draw(st.binary(max_size=20))
    changed = document[:start] + put_in + document[end:]
    assert (receipts.verify_receipt(changed).outcome == "good") == (changed == document)


@settings(max_examples=count_examples(300), deadline=None)
@given(document=st.one_of(st.binary(max_size=200), st.text(max_size=200).map(str.encode), st.just(b"[" * 100_000)))
def test_verify_receipt_of_document_that_is_not_a_receipt_is_unreadable(document: bytes) -> None:
    assert receipts.verify_receipt(document).outcome == "unreadable"


_JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text()),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)),
    max_leaves=8,
)


@settings(max_examples=count_examples(200), deadline=None)
@given(content=st.dictionaries(st.sampled_from(["key", "signature", "file", "totals", "x"]), _JSON))
def test_verify_receipt_of_made_up_receipt_is_not_good(content: dict[str, Any]) -> None:
    line = signing_keys.to_canonical_json({**content, "version": receipts.VERSION})
    document = line.encode("utf-8", "surrogatepass") + b"\n"
    assert receipts.verify_receipt(document, file=b"x").outcome == "not good"


@settings(max_examples=count_examples(100), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(totals=_JSON, name=st.text(st.characters(exclude_categories=["Cs"])))
def test_verify_receipt_accepts_any_signed_content(desk: Desk, totals: Any, name: str) -> None:
    key = receipt_keys.signing_key(desk.home)
    content = {"version": receipts.VERSION, "receipt_id": "R", "submission_id": "S", "sent_at": "", "totals": totals}
    try:
        signed = receipts.sign_receipt(key, {**content, "file": {"name": name, "size": 1, "sha256": _sha256(b"x")}})
        document = signed.as_bytes()
    except UnicodeEncodeError:
        return
    assert receipts.verify_receipt(document, file=b"x").outcome == "good"
    assert receipts.verify_receipt(document, file=b"y").outcome == "not good"


def test_verify_receipt_compares_given_file(signed: SignedReceipt) -> None:
    problems = [p.text for p in receipts.verify_receipt(signed.as_bytes(), file=make_file() + b"\n").problems]
    assert (len(problems), "bytes" in problems[0], "SHA-256" in problems[1]) == (2, True, True)
    same_size = bytes(reversed(make_file()))
    assert len(receipts.verify_receipt(signed.as_bytes(), file=same_size).problems) == 1


def test_verify_receipt_detects_foreign_key(desk: Desk, signed: SignedReceipt, tmp_path: Path) -> None:
    own_key = receipt_keys.signing_key(desk.home).public_key()
    foreign_key = receipt_keys.signing_key(_home(tmp_path))
    assert receipts.verify_receipt(signed.as_bytes(), key=own_key).outcome == "good"
    assert receipts.verify_receipt(signed.as_bytes(), key=foreign_key.public_key()).outcome == "not good"
    # Signed again by somebody else with the true content: intact, but the key is not the known one.
    content = signed.as_json()
    del content["signature"], content["key"]
    forged = receipts.sign_receipt(foreign_key, content)
    assert receipts.verify_receipt(forged.as_bytes()).outcome == "good"
    assert not receipts.verify_receipt(forged.as_bytes()).known_key
    assert receipts.verify_receipt(forged.as_bytes(), key=own_key).outcome == "not good"
    # The foreign signature under the name of our key.
    renamed = {**forged.as_json(), "key": signed.as_json()["key"]}
    assert receipts.verify_receipt(signing_keys.to_canonical_json(renamed).encode() + b"\n").outcome == "not good"


def test_receipt_in_ledger_is_append_only(desk: Desk, signed: SignedReceipt) -> None:
    import sqlalchemy as sa

    from pipelines.ledger.database import open_write_transaction

    for statement in ("update receipt set document = 'x'", "delete from receipt"):
        with (
            pytest.raises(sa.exc.DatabaseError, match="append-only"),
            open_write_transaction(desk.engine) as connection,
        ):
            connection.execute(sa.text(statement))
    assert receipts.find_receipt(desk.engine, signed.receipt_id) == signed


# --------------------------------------------------------------------------------------------------------------- keys


@pytest.mark.parametrize("fault", ["deleted", "changed"])
def test_verify_ledger_finds_receipt_changed_without_triggers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    desk_fakes.install_fakes(monkeypatch)
    desk = desk_fakes.open_desk(tmp_path)
    make_sent_return(desk)
    assert verify_ledger(desk.engine).good
    change = "delete from receipt" if fault == "deleted" else "update receipt set at = '2020-01-01T00:00:00Z'"
    with desk.engine.begin() as connection:
        names = "select name from sqlite_master where type = 'trigger' and tbl_name = 'receipt'"
        for (name,) in connection.exec_driver_sql(names).all():
            connection.exec_driver_sql(f"drop trigger {name}")
        connection.exec_driver_sql(change)
    messages = [f.localize_message("en") for f in verify_ledger(desk.engine).faults]
    assert len(messages) == 1
    assert messages[0].startswith("Receipt R")
    assert messages[0].endswith(f"it was {fault}.")


def test_signing_key_is_private_and_its_public_part_is_public(tmp_path: Path) -> None:
    home = _home(tmp_path)
    key = receipt_keys.signing_key(home)
    identity = receipt_keys.key_id(key.public_key())
    private, public = receipt_keys.private_path(home, identity), receipt_keys.public_path(home, identity)
    assert stat.S_IMODE(private.stat().st_mode) == 0o600
    assert stat.S_IMODE(private.parent.stat().st_mode) == 0o700
    assert home.restricted in private.parents and home.public in public.parents
    assert b"PRIVATE" not in public.read_bytes()
    assert receipt_keys.raw_bytes(receipt_keys.read_public(public.read_bytes())) == receipt_keys.raw_bytes(
        key.public_key()
    )
    assert receipt_keys.raw_bytes(receipt_keys.signing_key(home).public_key()) == receipt_keys.raw_bytes(
        key.public_key()
    )


def test_signing_key_for_many_threads_at_once_creates_one_key(tmp_path: Path) -> None:
    home = _home(tmp_path)
    barrier, keys = threading.Barrier(8), []

    def read_key() -> None:
        barrier.wait(60)
        keys.append(receipt_keys.raw_bytes(receipt_keys.signing_key(home).public_key()))

    threads = [threading.Thread(target=read_key) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert len(keys) == 8
    assert len(set(keys)) == 1


def test_rotate_key_keeps_old_receipts_valid_with_old_key(tmp_path: Path) -> None:
    home = _home(tmp_path)
    old_key = receipt_keys.signing_key(home)
    content = {"version": receipts.VERSION, "receipt_id": "R", "submission_id": "S", "sent_at": ""}
    before = receipts.sign_receipt(old_key, content).as_bytes()
    identity = receipt_keys.rotate_key(home)
    new_key = receipt_keys.signing_key(home)
    assert identity == receipt_keys.key_id(new_key.public_key()) != receipt_keys.key_id(old_key.public_key())
    old_public = receipt_keys.public_path(home, receipt_keys.key_id(old_key.public_key())).read_bytes()
    assert receipts.verify_receipt(before, key=receipt_keys.read_public(old_public)).outcome == "good"
    assert receipts.verify_receipt(before, key=new_key.public_key()).outcome == "not good"


@pytest.mark.parametrize("fault", ["gone", "garbage", "another's"])
def test_signing_key_lost_or_changed_raises(tmp_path: Path, fault: str) -> None:
    home = _home(tmp_path)
    path = receipt_keys.private_path(home, receipt_keys.key_id(receipt_keys.signing_key(home).public_key()))
    if fault == "gone":
        path.unlink()
    elif fault == "garbage":
        path.write_bytes(b"no key")
    else:
        receipt_keys.rotate_key(foreign_home := initialise_home(tmp_path / "other", "real"))
        path.write_bytes(next((foreign_home.restricted / "keys").glob("*.pem")).read_bytes())
    with pytest.raises(receipt_keys.KeyFileError, match="restore it from a backup"):
        receipt_keys.signing_key(home)


@pytest.mark.parametrize("cut", ["os.link", "pathlib.Path.replace"])
def test_signing_key_interrupted_leaves_no_partial_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cut: str
) -> None:
    home = _home(tmp_path)

    def power_cut(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(cut, power_cut)
        with pytest.raises(KeyboardInterrupt):
            receipt_keys.signing_key(home)
    assert not (home.restricted / "keys" / "receipt-current").exists()
    assert not list(home.root.rglob("*.new"))
    receipt_keys.signing_key(home)


# ------------------------------------------------------------------------------------------------------------ command


@pytest.fixture
def files(desk: Desk, signed: SignedReceipt, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Path]:
    monkeypatch.setenv("RTI_HOME", str(tmp_path / "there is no home"))
    identity = receipt_keys.key_id(receipt_keys.signing_key(desk.home).public_key())
    contents = {
        "receipt": signed.as_bytes(),
        "return": make_file(),
        "other": b"another file",
        "key": receipt_keys.public_path(desk.home, identity).read_bytes(),
        "spaced": json.dumps(signed.as_json(), indent=2).encode(),
    }
    paths = {name: tmp_path / name for name in contents}
    for name, path in paths.items():
        path.write_bytes(contents[name])
    return paths


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["receipt"], 0, "does not prove whose key"),
        (["receipt", "--key", "key"], 0, "GOOD: signed with the key you gave"),
        (["receipt", "--file", "return", "--key", "key"], 0, "byte for byte"),
        (["receipt", "--file", "other"], 1, "NOT GOOD"),
        (["spaced"], 1, "has been changed"),
        (["other"], 2, "not a receipt"),
        (["missing"], 2, "no file"),
        (["receipt", "--key", "other"], 2, "not a public key"),
        (["receipt", "--file", "missing"], 2, "no file"),
    ],
)
def test_receipt_verify_command_needs_no_home(
    files: dict[str, Path],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    code: int,
    words: str,
) -> None:
    resolved = [a if a.startswith("--") else str(files.get(a, tmp_path / a)) for a in arguments]
    assert main.main(["receipt", "verify", *resolved]) == code
    captured = capsys.readouterr()
    assert words in captured.out + captured.err
    if code == 0:
        assert "its figures are invented" in captured.out


def test_receipt_verify_command_prints_json(files: dict[str, Path], capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["receipt", "verify", str(files["receipt"]), "--file", str(files["other"]), "--json"]) == 1
    content = json.loads(capsys.readouterr().out)
    assert (content["outcome"], content["known_key"], content["file_compared"]) == ("not good", False, True)
    assert len(content["problems"]) == 2


def test_receipt_commands_show_receipt_and_rotate_key(
    desk: Desk,
    signed: SignedReceipt,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("RTI_HOME", str(desk.home.root))
    assert main.main(["receipt", "show", signed.submission_id]) == 0
    assert capsys.readouterr().out.encode() == signed.as_bytes()
    output_path = tmp_path / "r.json"
    assert main.main(["receipt", "show", signed.receipt_id, "-o", str(output_path)]) == 0
    assert output_path.read_bytes() == signed.as_bytes()
    assert main.main(["receipt", "show", "S0123456789abcde"]) == 3
    capsys.readouterr()
    assert main.main(["receipt", "rotate-key", "--json"]) == 0
    rotation = json.loads(capsys.readouterr().out)
    assert receipt_keys.key_id(receipt_keys.signing_key(desk.home).public_key()) == rotation["key_id"]
    assert Path(rotation["public"]).is_file()
