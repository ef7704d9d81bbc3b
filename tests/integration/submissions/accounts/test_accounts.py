"""People: grants and their intersection, accounts and their stewards, passwords and limits on attempts, tokens."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from itertools import product
from pathlib import Path

import pytest
import sqlalchemy as sa
from argon2 import PasswordHasher
from hypothesis import given
from hypothesis import strategies as st

from pipelines.core import clock
from pipelines.ledger import audit_log
from pipelines.ledger.identity import EVERY, ROLES, SYSTEM, Grant, Identity, NotAllowedError, intersect_grants
from pipelines.ledger.opening import open_ledger
from pipelines.ledger.schema import ACCOUNT, AUDIT, TOKEN
from pipelines.ledger.verification import verify_ledger
from pipelines.submissions.accounts import accounts, password_sign_in, passwords, tokens
from pipelines.submissions.accounts.accounts import AccountError
from pipelines.submissions.accounts.passwords import PasswordError
from tests.support.fakes.ledger_fakes import time_at

pytestmark = pytest.mark.sampled(of="database")

PASSWORD, ANOTHER = "four words make it", "five other words do too"
JURISDICTIONS, INSTRUMENTS = ("AL", "BA_FED", "BA_SRP"), ("justice", "victims")


@pytest.fixture(autouse=True)
def _cheap_hashes(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Use cheap hashes, except in tests of their cost."""
    if "real_hashes" not in request.fixturenames:
        monkeypatch.setattr(passwords, "_HASHER", PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))
    yield


@pytest.fixture
def real_hashes() -> None:
    """Parameters of hashes as used in production."""


@pytest.fixture
def engine(tmp_path: Path, database: str) -> Iterator[sa.Engine]:
    from pipelines.core.home import initialise_home

    opened = open_ledger(initialise_home(tmp_path / "home", "demonstration"))
    yield opened
    opened.dispose()


def _create_account(engine: sa.Engine, name: str = "al-pp", *grants: Grant, password: str | None = PASSWORD) -> None:
    accounts.create_account(engine, name, "Office", grants=grants, password=password, must_change=False, by=SYSTEM)


def _read_all_rows(engine: sa.Engine) -> str:
    with engine.connect() as connection:
        return "\n".join(str(row) for table in (AUDIT, TOKEN, ACCOUNT) for row in connection.execute(sa.select(table)))


# --------------------------------------------------------------------------------------------------------------- grants


_GRANTS = st.builds(
    Grant, st.sampled_from(ROLES), st.sampled_from((EVERY, *JURISDICTIONS)), st.sampled_from((EVERY, *INSTRUMENTS))
)
_SOME = st.lists(_GRANTS, max_size=4)
_PAIRS = list(product(ROLES, JURISDICTIONS, INSTRUMENTS))


def _expand_grants(grants: tuple[Grant, ...] | list[Grant]) -> set[tuple[str, str, str]]:
    """List what grants allow, without the code that is tested."""
    return {
        (role, jurisdiction, instrument)
        for role, jurisdiction, instrument in _PAIRS
        for g in grants
        if g.role == role and g.jurisdiction in ("*", jurisdiction) and g.instrument in ("*", instrument)
    }


@given(_SOME, _SOME)
def test_intersect_grants_allows_exactly_what_both_allow(own_grants: list[Grant], requested: list[Grant]) -> None:
    assert _expand_grants(intersect_grants(own_grants, requested)) == _expand_grants(own_grants) & _expand_grants(
        requested
    )
    assert intersect_grants(own_grants, own_grants) == intersect_grants(
        intersect_grants(own_grants, own_grants), own_grants
    )


@given(_SOME)
def test_has_role_follows_grants_and_denies_unknown_scope(grants: list[Grant]) -> None:
    identity = Identity("a", "A", "en", tuple(grants))
    assert {pair for pair in _PAIRS if identity.has_role(*pair)} == _expand_grants(grants)
    assert not any(identity.has_role(role, None, "justice") or identity.has_role(role, "AL", None) for role in ROLES)
    for role in ROLES:
        # A role everywhere needs one grant for everywhere; grants for all parts do not add up to it.
        assert identity.has_role(role, EVERY, EVERY) == (Grant(role) in grants)


# ------------------------------------------------------------------------------------------------------------- accounts


def test_create_account_returns_account_without_hash(engine: sa.Engine) -> None:
    account = accounts.create_account(
        engine, "al-pp", "Prosecution, returns", language="sq", email="a@example.org",
        grants=[Grant("submitter", "AL", "justice")], password=PASSWORD, by=SYSTEM,
    )  # fmt: skip
    assert account == accounts.find_account(engine, "al-pp")
    assert (account.language, account.must_change, account.has_password, account.created_by) == (
        "sq",
        True,
        True,
        SYSTEM,
    )
    assert not any("argon2" in str(v) for v in account.__getstate__())  # type: ignore[attr-defined]
    assert [a.account_id for a in accounts.all_accounts(engine)] == ["al-pp"]
    identity = accounts.get_identity(engine, "al-pp")
    assert identity.has_role("submitter", "AL", "justice")
    assert not identity.has_role("submitter", "AL", "victims")
    assert accounts.find_account(engine, "nobody") is None
    with pytest.raises(AccountError, match="There is an account al-pp already"):
        _create_account(engine)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"account_id": "A B"}, "is not a valid account name"),
        ({"account_id": "system"}, "is not a valid account name"),
        ({"account_id": "x" * 65}, "is not a valid account name"),
        ({"display_name": "  "}, "Enter the account's name"),
        ({"language": "klingon"}, "is not a language code"),
        ({"email": "no address"}, "is not an email address"),
        ({"email": "a@b\nBcc: c@d"}, "is not an email address"),
        ({"grants": [Grant("king")]}, "is not a role"),  # type: ignore[arg-type]
        ({"grants": [Grant("viewer", "AL", "poetry")]}, "is not an instrument"),
        ({"issuer": "https://id.example.org"}, "A provider is named by its issuer"),
        ({"issuer": "local", "subject": "steward"}, "A provider is named by its issuer"),
    ],
)
def test_create_account_with_invalid_field_raises(engine: sa.Engine, change: dict[str, object], words: str) -> None:
    options: dict[str, object] = {"account_id": "al-pp", "display_name": "Office", "by": SYSTEM, **change}
    with pytest.raises(AccountError, match=words):
        accounts.create_account(engine, **options)  # type: ignore[arg-type]
    assert accounts.all_accounts(engine) == []


def test_disabled_account_has_no_identity(engine: sa.Engine) -> None:
    _create_account(engine, "al-pp", Grant("submitter", "AL"))
    accounts.disable_account(engine, "al-pp", by=SYSTEM)
    with pytest.raises(NotAllowedError, match="al-pp is not an account that can act here"):
        accounts.get_identity(engine, "al-pp")
    assert accounts.identity_of(engine, accounts.LOCAL, "al-pp") is None
    accounts.enable_account(engine, "al-pp", by=SYSTEM)
    assert accounts.identity_of(engine, accounts.LOCAL, "al-pp") == accounts.get_identity(engine, "al-pp")


def test_provider_identifies_one_account_and_no_local_one(engine: sa.Engine) -> None:
    accounts.create_account(engine, "al-pp", "Office", issuer="https://id.example.org", subject="17", by=SYSTEM)
    _create_account(engine, "al-chief")
    identity = accounts.identity_of(engine, "https://id.example.org", "17")
    assert identity is not None
    assert identity.account == "al-pp"
    assert accounts.identity_of(engine, "https://other.example.org", "17") is None
    assert accounts.identity_of(engine, "https://id.example.org", "al-chief") is None
    assert accounts.identity_of(engine, accounts.LOCAL, "al-pp") is None
    with pytest.raises(AccountError, match="linked to another account"):
        accounts.create_account(engine, "copy", "Office", issuer="https://id.example.org", subject="17", by=SYSTEM)
    with pytest.raises(AccountError, match="linked to another account"):
        accounts.link_provider(engine, "al-chief", "https://id.example.org", "17", by=SYSTEM)
    accounts.link_provider(engine, "al-chief", "https://id.example.org", "18", by=SYSTEM)
    assert password_sign_in.sign_in(engine, "al-chief", PASSWORD).outcome == "wrong"
    assert accounts.identity_of(engine, accounts.LOCAL, "al-chief") is None


def test_steward_manages_accounts_in_own_scope_only(engine: sa.Engine) -> None:
    _create_account(engine, "head", Grant("steward"))
    _create_account(engine, "ba-steward", Grant("steward", "BA_FED"))
    _create_account(engine, "al-pp", Grant("submitter", "AL"))
    _create_account(engine, "ba-pp", Grant("submitter", "BA_FED"))
    with pytest.raises(NotAllowedError, match="Only stewards can manage accounts"):
        accounts.create_account(engine, "friend", "Friend", by="al-pp")
    for grant in (Grant("viewer", "AL"), Grant("viewer"), Grant("steward")):
        with pytest.raises(NotAllowedError, match="ba-steward is not a steward of"):
            accounts.grant_role(engine, "ba-pp", grant, by="ba-steward")
        with pytest.raises(NotAllowedError, match="ba-steward is not a steward of"):
            accounts.create_account(engine, "friend", "Friend", grants=[grant], by="ba-steward")
    # An account that sets a password can sign in with it, so the other account must not have more rights.
    messages = []
    for account in ("al-pp", "head", "nobody"):
        with pytest.raises(NotAllowedError) as error:
            password_sign_in.reset_password(engine, account, by="ba-steward")
        messages.append(str(error.value).replace(account, "X"))
        with pytest.raises(NotAllowedError):
            accounts.disable_account(engine, account, by="ba-steward")
    assert len(set(messages)) == 1
    assert accounts.grant_role(engine, "ba-pp", Grant("approver", "BA_FED", "justice"), by="ba-steward")
    assert not accounts.grant_role(engine, "ba-pp", Grant("approver", "BA_FED", "justice"), by="head")
    assert accounts.revoke_role(engine, "ba-pp", Grant("submitter", "BA_FED"), by="ba-steward")
    assert not accounts.revoke_role(engine, "ba-pp", Grant("submitter", "BA_FED"), by="ba-steward")
    assert accounts.get_identity(engine, "ba-pp").grants == (Grant("approver", "BA_FED", "justice"),)
    accounts.disable_account(engine, "ba-steward", by="head")
    with pytest.raises(NotAllowedError, match="ba-steward is not an account"):
        accounts.grant_role(engine, "ba-pp", Grant("viewer", "BA_FED"), by="ba-steward")


def test_account_without_roles_cannot_be_taken_over_by_another_steward(engine: sa.Engine) -> None:
    _create_account(engine, "head", Grant("steward"))
    _create_account(engine, "ba-steward", Grant("steward", "BA_FED"))
    _create_account(engine, "al-pp", Grant("submitter", "AL"))
    accounts.revoke_role(engine, "al-pp", Grant("submitter", "AL"), by="head")
    acts = (
        lambda: password_sign_in.reset_password(engine, "al-pp", by="ba-steward"),
        lambda: accounts.link_provider(engine, "al-pp", "https://id.example.org", "17", by="ba-steward"),
        lambda: accounts.set_email(engine, "al-pp", "me@example.org", by="ba-steward"),
        lambda: accounts.grant_role(engine, "al-pp", Grant("submitter", "BA_FED"), by="ba-steward"),
    )
    for act in acts:
        with pytest.raises(NotAllowedError, match="al-pp is not an account"):
            act()
    accounts.create_account(engine, "ba-new", "Office", by="ba-steward")
    assert password_sign_in.reset_password(engine, "ba-new", by="ba-steward")
    assert password_sign_in.reset_password(engine, "al-pp", by="head")


def test_matches_hash_limits_concurrent_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    stored, lock, busy, most_busy = passwords.hash_password(PASSWORD), threading.Lock(), 0, 0

    class SlowHasher:
        def verify(self, _stored: str, _password: str) -> None:
            nonlocal busy, most_busy
            with lock:
                busy += 1
                most_busy = max(most_busy, busy)
            time.sleep(0.02)
            with lock:
                busy -= 1

    monkeypatch.setattr(passwords, "_HASHER", SlowHasher())
    threads = [threading.Thread(target=passwords.matches_hash, args=(stored, PASSWORD)) for _ in range(24)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 1 < most_busy <= 4


def test_account_can_set_own_language_and_email_only(engine: sa.Engine) -> None:
    _create_account(engine, "al-pp")
    _create_account(engine, "al-chief")
    accounts.set_language(engine, "al-pp", "sq", by="al-pp")
    accounts.set_email(engine, "al-pp", "a@example.org", by="al-pp")
    account = accounts.find_account(engine, "al-pp")
    assert account is not None
    assert (account.language, account.email) == ("sq", "a@example.org")
    with pytest.raises(NotAllowedError):
        accounts.set_email(engine, "al-pp", "b@example.org", by="al-chief")
    accounts.disable_account(engine, "al-pp", by=SYSTEM)
    with pytest.raises(NotAllowedError):
        accounts.set_email(engine, "al-pp", "c@example.org", by="al-pp")


def test_account_changes_are_in_audit_log_with_actor(engine: sa.Engine) -> None:
    _create_account(engine, "head", Grant("steward"))
    _create_account(engine, "al-pp")
    accounts.grant_role(engine, "al-pp", Grant("viewer", "AL"), by="head")
    accounts.revoke_role(engine, "al-pp", Grant("viewer", "AL"), by="head")
    accounts.set_language(engine, "al-pp", "sq", by="al-pp")
    accounts.set_email(engine, "al-pp", None, by="al-pp")
    secret = password_sign_in.reset_password(engine, "al-pp", by="head")
    password_sign_in.change_password(engine, "al-pp", secret, ANOTHER)
    accounts.disable_account(engine, "al-pp", by="head")
    accounts.enable_account(engine, "al-pp", by="head")
    entries = [(e["actor"], e["action"].partition(".")[2]) for e in audit_log.list_entries(engine, subject="al-pp")]
    assert entries == [
        ("system", "create"), ("head", "grant"), ("head", "revoke"), ("al-pp", "language"), ("al-pp", "email"),
        ("head", "reset_password"), ("al-pp", "sign_in"), ("al-pp", "password"), ("head", "disable"),
        ("head", "enable"),
    ]  # fmt: skip
    rows = _read_all_rows(engine)
    assert not [word for word in (PASSWORD, ANOTHER, secret) if word in rows]
    assert verify_ledger(engine).good


# ------------------------------------------------------------------------------------------------------------ passwords


@pytest.mark.parametrize(
    ("password", "words"),
    [
        ("short", "at least 12"),
        ("x" * 300, "at most 256"),
        ("aaaaaaaaaaaaaa", "repeats"),
        ("albania-prosecution1", "account's own name"),
        ("Albania Prosecution!!", "account's own name"),
        ("passwordpassword", "easy to guess"),
        ("123456789012", "easy to guess"),
        ("Password1234", "easy to guess"),
        ("qwertyuiopas", "easy to guess"),
        ("administrator", "easy to guess"),
        ("Summer2026!!", "easy to guess"),
        ("jane.example.26!", "others expect"),
        ("Regional Trafficking 26", "others expect"),
        ("Crna Gora 2026", "others expect"),
        ("Prokuroria Shqipëria 1", "others expect"),
    ],
)
def test_check_password_refuses_weak_password_with_reason(password: str, words: str) -> None:
    with pytest.raises(PasswordError, match=words):
        passwords.check_password(password, "albania-prosecution", "Albania: prosecution", "jane@ministry.example")


def test_check_password_accepts_account_name_in_long_password() -> None:
    passwords.check_password("the albania-prosecution office counts every quarter", "albania-prosecution", "Office")
    passwords.check_password(passwords.one_time(), "al-pp", "Office")


@pytest.mark.parametrize("password", ["x" * 3 + "aB9?" * 63, "correct horse battery staple " * 8])
def test_check_password_of_long_password_is_fast(password: str) -> None:
    began = time.process_time()
    with suppress(PasswordError):
        passwords.check_password(password[:256], "al-pp", "Office")
    assert time.process_time() - began < 1


def test_generated_passwords_are_strong_enough() -> None:
    for _ in range(50):
        passwords.check_password(passwords.one_time(), "al-pp", "Office")
        passwords.check_password(secrets.token_urlsafe(12), "al-pp", "Office")  # as for a demonstration home


def test_one_time_passwords_differ() -> None:
    assert len({passwords.one_time() for _ in range(200)}) == 200


def test_first_password_must_be_changed_before_sign_in(engine: sa.Engine) -> None:
    accounts.create_account(engine, "al-pp", "Office", password=PASSWORD, by=SYSTEM)
    first = password_sign_in.sign_in(engine, "al-pp", PASSWORD)
    assert (first.outcome, first.identity) == ("must_change", None)
    with pytest.raises(PasswordError, match="is the same as the old one"):
        password_sign_in.change_password(engine, "al-pp", PASSWORD, PASSWORD)
    with pytest.raises(PasswordError, match="at least 12"):
        password_sign_in.change_password(engine, "al-pp", PASSWORD, "short")
    with pytest.raises(NotAllowedError, match="current password is wrong"):
        password_sign_in.change_password(engine, "al-pp", ANOTHER, ANOTHER)
    password_sign_in.change_password(engine, "al-pp", PASSWORD, ANOTHER)
    second = password_sign_in.sign_in(engine, "al-pp", ANOTHER)
    assert (second.outcome, second.identity) == ("ok", accounts.get_identity(engine, "al-pp"))
    assert password_sign_in.sign_in(engine, "al-pp", PASSWORD).outcome == "wrong"


def test_wrong_passwords_never_block_right_one_and_are_logged_once(engine: sa.Engine) -> None:
    _create_account(engine)
    outcomes = [password_sign_in.sign_in(engine, "al-pp", "wrong").outcome for _ in range(25)]
    assert outcomes == ["wrong"] * 25
    account = accounts.find_account(engine, "al-pp")
    assert account is not None and account.failed == 25
    assert password_sign_in.sign_in(engine, "al-pp", PASSWORD).outcome == "ok"
    account = accounts.find_account(engine, "al-pp")
    assert account is not None and account.failed == 0
    failures = [
        e["detail"]["failed"]
        for e in audit_log.list_entries(engine, subject="al-pp")
        if e["action"] == "account.attempts"
    ]
    assert failures == [10]
    assert verify_ledger(engine).good


def test_sign_in_to_disabled_account_shows_it_with_right_password_only(engine: sa.Engine) -> None:
    _create_account(engine)
    accounts.disable_account(engine, "al-pp", by=SYSTEM)
    assert password_sign_in.sign_in(engine, "al-pp", "wrong").outcome == "wrong"
    assert password_sign_in.sign_in(engine, "al-pp", PASSWORD).outcome == "disabled"


def test_sign_in_takes_as_long_for_unknown_account(engine: sa.Engine, real_hashes: None) -> None:
    _create_account(engine)
    _create_account(engine, "silent", password=None)
    times = {}
    for name in ("al-pp", "nobody", "silent"):
        durations = []
        for _ in range(3):
            began = time.perf_counter()
            assert password_sign_in.sign_in(engine, name, "wrong password").outcome == "wrong"
            durations.append(time.perf_counter() - began)
        times[name] = min(durations)
    # Without a hash, an answer would take a hundredth of the time.
    assert min(times.values()) > max(times.values()) / 4, times


@pytest.mark.parametrize("name", ["al-pp", "nobody", "silent"])
def test_sign_in_computes_one_hash_for_any_account_name(
    engine: sa.Engine, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Count the calls of Argon2 with their parameters: a missing account costs as much as any other."""
    import argon2

    _create_account(engine)
    _create_account(engine, "silent", password=None)
    work: list[tuple[object, ...]] = []

    class CountingHasher(PasswordHasher):
        def hash(self, password: str | bytes, *, salt: bytes | None = None) -> str:
            work.append((self.time_cost, self.memory_cost, self.parallelism))
            return super().hash(password, salt=salt)

        def verify(self, hash: str | bytes, password: str | bytes) -> bool:
            parameters = argon2.extract_parameters(hash if isinstance(hash, str) else hash.decode())
            work.append((parameters.time_cost, parameters.memory_cost, parameters.parallelism))
            return super().verify(hash, password)

    monkeypatch.setattr(passwords, "_HASHER", CountingHasher(time_cost=1, memory_cost=64, parallelism=1))
    for _ in range(2):  # the first attempt of a process costs no more than the second
        assert password_sign_in.sign_in(engine, name, "wrong password").outcome == "wrong"
    assert work == [(1, 64, 1), (1, 64, 1)]


def test_sign_in_renews_old_hash(engine: sa.Engine, real_hashes: None, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as older:
        older.setattr(passwords, "_HASHER", PasswordHasher(time_cost=1, memory_cost=8_192))
        _create_account(engine)
    assert _read_hash(engine).startswith("$argon2id$v=19$m=8192,t=1")
    assert password_sign_in.sign_in(engine, "al-pp", "wrong").outcome == "wrong"
    assert _read_hash(engine).startswith("$argon2id$v=19$m=8192,t=1")
    assert password_sign_in.sign_in(engine, "al-pp", PASSWORD).outcome == "ok"
    assert _read_hash(engine).startswith("$argon2id$v=19$m=65536")
    assert password_sign_in.sign_in(engine, "al-pp", PASSWORD).outcome == "ok"
    assert verify_ledger(engine).good


def _read_hash(engine: sa.Engine) -> str:
    with engine.connect() as connection:
        return str(connection.execute(sa.select(ACCOUNT.c.password_hash)).scalar_one())


# --------------------------------------------------------------------------------------------------------------- tokens


def test_token_has_rights_of_its_account_limited_to_its_grants(engine: sa.Engine) -> None:
    _create_account(engine, "al-pp", Grant("submitter", "AL"), Grant("approver", "AL"))
    owner = accounts.get_identity(engine, "al-pp")
    issued = tokens.issue_token(
        engine, owner, "nightly", grants=[Grant("submitter", EVERY, "justice"), Grant("steward")]
    )
    identity = tokens.verify_token(engine, issued.text)
    assert (identity.account, identity.token) == ("al-pp", issued.token_id)
    assert identity.grants == (Grant("submitter", "AL", "justice"),)
    # The token loses what its account loses, but does not gain what its account gains.
    accounts.revoke_role(engine, "al-pp", Grant("submitter", "AL"), by=SYSTEM)
    accounts.grant_role(engine, "al-pp", Grant("steward"), by=SYSTEM)
    assert tokens.verify_token(engine, issued.text).grants == ()


def test_only_digest_of_token_is_stored_and_secret_is_not_printed(engine: sa.Engine) -> None:
    _create_account(engine, "al-pp", Grant("submitter", "AL"))
    issued = tokens.issue_token(engine, accounts.get_identity(engine, "al-pp"), "nightly")
    secret = issued.text.removeprefix(f"rti_{issued.token_id}_")
    assert len(secret) >= 43  # 256 bits
    assert secret not in _read_all_rows(engine)
    assert secret not in repr(issued)
    (listed,) = tokens.list_tokens(engine, "al-pp")
    assert (listed.label, listed.used_at) == ("nightly", None)
    tokens.verify_token(engine, issued.text)
    assert tokens.list_tokens(engine, "al-pp")[0].used_at is not None
    assert verify_ledger(engine).good


def test_verify_token_of_other_text_raises_same_error(engine: sa.Engine) -> None:
    _create_account(engine, "al-pp", Grant("submitter", "AL"))
    identity = accounts.get_identity(engine, "al-pp")
    first, second = (tokens.issue_token(engine, identity, label).text for label in ("one", "other"))
    wrong = [
        "", "rti_", first[:-1], first + "A", first[:-1] + ("A" if first[-1] != "A" else "B"), first.upper(),
        f"{first}\n{second}",
        f"rti_{'0' * 16}_{first[-43:]}", first[:21] + second[21:], "x" * 10_000, first.replace("rti_", "rti_%"),
    ]  # fmt: skip
    messages = set()
    for text in wrong:
        with pytest.raises(NotAllowedError) as error:
            tokens.verify_token(engine, text)
        messages.add(str(error.value))
    assert len(messages) == 1


def test_token_ends_by_expiry_revocation_or_disabled_account(engine: sa.Engine) -> None:
    _create_account(engine, "al-pp", Grant("submitter", "AL"))
    _create_account(engine, "al-chief", Grant("submitter", "AL"))
    _create_account(engine, "head", Grant("steward"))
    with clock.freeze_time(time_at(0)):
        identity = accounts.get_identity(engine, "al-pp")
        short, long = (
            tokens.issue_token(engine, identity, "short", days=1),
            tokens.issue_token(engine, identity, "long"),
        )
        assert tokens.verify_token(engine, short.text).account == "al-pp"
    with clock.freeze_time(time_at(1)):
        with pytest.raises(NotAllowedError):
            tokens.verify_token(engine, short.text)
        for stranger in ("al-chief",):
            with pytest.raises(NotAllowedError, match="no token"):
                tokens.revoke_token(engine, accounts.get_identity(engine, stranger), long.token_id)
        with pytest.raises(NotAllowedError, match="no token"):
            tokens.revoke_token(engine, identity, "0" * 16)
        accounts.disable_account(engine, "al-pp", by="head")
        with pytest.raises(NotAllowedError):
            tokens.verify_token(engine, long.text)
        accounts.enable_account(engine, "al-pp", by="head")
        assert tokens.verify_token(engine, long.text).account == "al-pp"
        tokens.revoke_token(engine, accounts.get_identity(engine, "head"), long.token_id)
        tokens.revoke_token(engine, identity, long.token_id)
        with pytest.raises(NotAllowedError):
            tokens.verify_token(engine, long.text)
    actions = [e["action"] for e in audit_log.list_entries(engine, subject=long.token_id)]
    assert actions == ["token.issue", "token.revoke"]


def test_issue_token_by_token_or_without_rights_raises(engine: sa.Engine) -> None:
    _create_account(engine, "al-pp", Grant("submitter", "AL"))
    identity = accounts.get_identity(engine, "al-pp")
    machine = tokens.verify_token(engine, tokens.issue_token(engine, identity, "nightly").text)
    with pytest.raises(NotAllowedError, match="cannot create a token with a token"):
        tokens.issue_token(engine, machine, "another")
    with pytest.raises(NotAllowedError, match="al-pp does not have any of the rights"):
        tokens.issue_token(engine, identity, "foreign", grants=[Grant("submitter", "BA_FED")])
    for days in (0, 367):
        with pytest.raises(AccountError, match="1 to 366 days"):
            tokens.issue_token(engine, identity, "long", days=days)
    with pytest.raises(AccountError, match="what the token is for"):
        tokens.issue_token(engine, identity, " ")


def test_issue_token_for_forged_identity_has_rights_of_account_only(engine: sa.Engine) -> None:
    _create_account(engine, "al-pp", Grant("submitter", "AL"))
    forged = Identity("al-pp", "x", "en", (Grant("steward"), Grant("submitter")))
    assert tokens.verify_token(engine, tokens.issue_token(engine, forged, "x").text).grants == (
        Grant("submitter", "AL"),
    )
    with pytest.raises(NotAllowedError):
        tokens.issue_token(engine, Identity("nobody", "x", "en", (Grant("steward"),)), "x")
