"""People: grants and their narrowing, accounts and who keeps them, passwords and locks, tokens."""

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

PASSWORD, ANOTHER = "four words make it", "five other words do too"
JURISDICTIONS, INSTRUMENTS = ("AL", "BA_FED", "BA_SRP"), ("justice", "victims")


@pytest.fixture(autouse=True)
def _cheap(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Hashes that cost nothing, but where their cost is what is tested."""
    if "real_hashes" not in request.fixturenames:
        monkeypatch.setattr(passwords, "_HASHER", PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))
    yield


@pytest.fixture
def real_hashes() -> None:
    """The parameters that are used in earnest."""


@pytest.fixture
def engine(tmp_path: Path, database: str) -> Iterator[sa.Engine]:
    from pipelines.core.home import initialise_home

    made = open_ledger(initialise_home(tmp_path / "home", "demonstration"))
    yield made
    made.dispose()


def _account(engine: sa.Engine, name: str = "al-pp", *grants: Grant, password: str | None = PASSWORD) -> None:
    accounts.create_account(engine, name, "Office", grants=grants, password=password, must_change=False, by=SYSTEM)


def _everything_written(engine: sa.Engine) -> str:
    with engine.connect() as connection:
        return "\n".join(str(row) for table in (AUDIT, TOKEN, ACCOUNT) for row in connection.execute(sa.select(table)))


# --------------------------------------------------------------------------------------------------------------- grants


_GRANTS = st.builds(
    Grant, st.sampled_from(ROLES), st.sampled_from((EVERY, *JURISDICTIONS)), st.sampled_from((EVERY, *INSTRUMENTS))
)
_SOME = st.lists(_GRANTS, max_size=4)
_PAIRS = list(product(ROLES, JURISDICTIONS, INSTRUMENTS))


def _meaning(grants: tuple[Grant, ...] | list[Grant]) -> set[tuple[str, str, str]]:
    """What grants allow, written out, without the code that is tested."""
    return {
        (role, jurisdiction, instrument)
        for role, jurisdiction, instrument in _PAIRS
        for g in grants
        if g.role == role and g.jurisdiction in ("*", jurisdiction) and g.instrument in ("*", instrument)
    }


@given(_SOME, _SOME)
def test_narrowed_grants_allow_what_both_allow_and_nothing_else(mine: list[Grant], asked: list[Grant]) -> None:
    assert _meaning(intersect_grants(mine, asked)) == _meaning(mine) & _meaning(asked)
    assert intersect_grants(mine, mine) == intersect_grants(intersect_grants(mine, mine), mine)


@given(_SOME)
def test_may_is_what_the_grants_say_and_nothing_is_granted_for_what_is_unknown(grants: list[Grant]) -> None:
    who = Identity("a", "A", "en", tuple(grants))
    assert {pair for pair in _PAIRS if who.has_role(*pair)} == _meaning(grants)
    assert not any(who.has_role(role, None, "justice") or who.has_role(role, "AL", None) for role in ROLES)
    for role in ROLES:
        # To be asked for everywhere needs a grant of everywhere: a sum of parts is not the whole.
        assert who.has_role(role, EVERY, EVERY) == (Grant(role) in grants)


# ------------------------------------------------------------------------------------------------------------- accounts


def test_an_account_is_made_found_and_never_shows_its_hash(engine: sa.Engine) -> None:
    made = accounts.create_account(
        engine, "al-pp", "Prosecution, returns", language="sq", email="a@example.org",
        grants=[Grant("submitter", "AL", "justice")], password=PASSWORD, by=SYSTEM,
    )  # fmt: skip
    assert made == accounts.find_account(engine, "al-pp")
    assert (made.language, made.must_change, made.has_password, made.created_by) == ("sq", True, True, SYSTEM)
    assert not any("argon2" in str(v) for v in made.__getstate__())  # type: ignore[attr-defined]
    assert [a.account_id for a in accounts.all_accounts(engine)] == ["al-pp"]
    who = accounts.get_identity(engine, "al-pp")
    assert who.has_role("submitter", "AL", "justice")
    assert not who.has_role("submitter", "AL", "victims")
    assert accounts.find_account(engine, "nobody") is None
    with pytest.raises(AccountError, match="There is an account al-pp already"):
        _account(engine)


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
def test_an_odd_account_is_refused_in_words(engine: sa.Engine, change: dict[str, object], words: str) -> None:
    options: dict[str, object] = {"account_id": "al-pp", "display_name": "Office", "by": SYSTEM, **change}
    with pytest.raises(AccountError, match=words):
        accounts.create_account(engine, **options)  # type: ignore[arg-type]
    assert accounts.all_accounts(engine) == []


def test_a_disabled_account_is_nobody(engine: sa.Engine) -> None:
    _account(engine, "al-pp", Grant("submitter", "AL"))
    accounts.disable_account(engine, "al-pp", by=SYSTEM)
    with pytest.raises(NotAllowedError, match="al-pp is not an account that can act here"):
        accounts.get_identity(engine, "al-pp")
    assert accounts.identity_of(engine, accounts.LOCAL, "al-pp") is None
    accounts.enable_account(engine, "al-pp", by=SYSTEM)
    assert accounts.identity_of(engine, accounts.LOCAL, "al-pp") == accounts.get_identity(engine, "al-pp")


def test_a_provider_vouches_for_one_account_and_cannot_claim_a_local_one(engine: sa.Engine) -> None:
    accounts.create_account(engine, "al-pp", "Office", issuer="https://id.example.org", subject="17", by=SYSTEM)
    _account(engine, "al-chief")
    found = accounts.identity_of(engine, "https://id.example.org", "17")
    assert found is not None
    assert found.account == "al-pp"
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


def test_a_steward_keeps_accounts_within_its_own_scope_only(engine: sa.Engine) -> None:
    _account(engine, "head", Grant("steward"))
    _account(engine, "ba-steward", Grant("steward", "BA_FED"))
    _account(engine, "al-pp", Grant("submitter", "AL"))
    _account(engine, "ba-pp", Grant("submitter", "BA_FED"))
    with pytest.raises(NotAllowedError, match="Only stewards can manage accounts"):
        accounts.create_account(engine, "friend", "Friend", by="al-pp")
    for grant in (Grant("viewer", "AL"), Grant("viewer"), Grant("steward")):
        with pytest.raises(NotAllowedError, match="ba-steward is not a steward of"):
            accounts.grant_role(engine, "ba-pp", grant, by="ba-steward")
        with pytest.raises(NotAllowedError, match="ba-steward is not a steward of"):
            accounts.create_account(engine, "friend", "Friend", grants=[grant], by="ba-steward")
    # Whoever may set a password can sign in: it must not be that of an account that may more.
    words = []
    for other in ("al-pp", "head", "nobody"):
        with pytest.raises(NotAllowedError) as told:
            password_sign_in.reset_password(engine, other, by="ba-steward")
        words.append(str(told.value).replace(other, "X"))
        with pytest.raises(NotAllowedError):
            accounts.disable_account(engine, other, by="ba-steward")
    assert len(set(words)) == 1
    assert accounts.grant_role(engine, "ba-pp", Grant("approver", "BA_FED", "justice"), by="ba-steward")
    assert not accounts.grant_role(engine, "ba-pp", Grant("approver", "BA_FED", "justice"), by="head")
    assert accounts.revoke_role(engine, "ba-pp", Grant("submitter", "BA_FED"), by="ba-steward")
    assert not accounts.revoke_role(engine, "ba-pp", Grant("submitter", "BA_FED"), by="ba-steward")
    assert accounts.get_identity(engine, "ba-pp").grants == (Grant("approver", "BA_FED", "justice"),)
    accounts.disable_account(engine, "ba-steward", by="head")
    with pytest.raises(NotAllowedError, match="ba-steward is not an account"):
        accounts.grant_role(engine, "ba-pp", Grant("viewer", "BA_FED"), by="ba-steward")


def test_an_account_whose_roles_were_all_taken_away_is_not_for_any_steward_to_take_over(engine: sa.Engine) -> None:
    _account(engine, "head", Grant("steward"))
    _account(engine, "ba-steward", Grant("steward", "BA_FED"))
    _account(engine, "al-pp", Grant("submitter", "AL"))
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


def test_however_many_sign_in_at_once_a_few_hashes_are_made_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    stored, lock, busy, most = passwords.hash_password(PASSWORD), threading.Lock(), 0, 0

    class Slow:
        def verify(self, _stored: str, _password: str) -> None:
            nonlocal busy, most
            with lock:
                busy += 1
                most = max(most, busy)
            time.sleep(0.02)
            with lock:
                busy -= 1

    monkeypatch.setattr(passwords, "_HASHER", Slow())
    threads = [threading.Thread(target=passwords.matches_hash, args=(stored, PASSWORD)) for _ in range(24)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 1 < most <= 4


def test_an_account_sets_its_own_language_and_address_and_no_others(engine: sa.Engine) -> None:
    _account(engine, "al-pp")
    _account(engine, "al-chief")
    accounts.set_language(engine, "al-pp", "sq", by="al-pp")
    accounts.set_email(engine, "al-pp", "a@example.org", by="al-pp")
    found = accounts.find_account(engine, "al-pp")
    assert found is not None
    assert (found.language, found.email) == ("sq", "a@example.org")
    with pytest.raises(NotAllowedError):
        accounts.set_email(engine, "al-pp", "b@example.org", by="al-chief")
    accounts.disable_account(engine, "al-pp", by=SYSTEM)
    with pytest.raises(NotAllowedError):
        accounts.set_email(engine, "al-pp", "c@example.org", by="al-pp")


def test_every_change_of_an_account_is_in_the_audit_log_with_who_made_it(engine: sa.Engine) -> None:
    _account(engine, "head", Grant("steward"))
    _account(engine, "al-pp")
    accounts.grant_role(engine, "al-pp", Grant("viewer", "AL"), by="head")
    accounts.revoke_role(engine, "al-pp", Grant("viewer", "AL"), by="head")
    accounts.set_language(engine, "al-pp", "sq", by="al-pp")
    accounts.set_email(engine, "al-pp", None, by="al-pp")
    secret = password_sign_in.reset_password(engine, "al-pp", by="head")
    password_sign_in.change_password(engine, "al-pp", secret, ANOTHER)
    accounts.disable_account(engine, "al-pp", by="head")
    accounts.enable_account(engine, "al-pp", by="head")
    told = [(e["actor"], e["action"].partition(".")[2]) for e in audit_log.list_entries(engine, subject="al-pp")]
    assert told == [
        ("system", "create"), ("head", "grant"), ("head", "revoke"), ("al-pp", "language"), ("al-pp", "email"),
        ("head", "reset_password"), ("al-pp", "sign_in"), ("al-pp", "password"), ("head", "disable"),
        ("head", "enable"),
    ]  # fmt: skip
    written = _everything_written(engine)
    assert not [word for word in (PASSWORD, ANOTHER, secret) if word in written]
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
def test_a_weak_password_is_refused_with_its_reason(password: str, words: str) -> None:
    with pytest.raises(PasswordError, match=words):
        passwords.check_password(password, "albania-prosecution", "Albania: prosecution", "jane@ministry.example")


def test_the_name_within_a_long_password_is_no_fault() -> None:
    passwords.check_password("the albania-prosecution office counts every quarter", "albania-prosecution", "Office")
    passwords.check_password(passwords.one_time(), "al-pp", "Office")


@pytest.mark.parametrize("password", ["x" * 3 + "aB9?" * 63, "correct horse battery staple " * 8])
def test_a_long_password_is_estimated_by_its_beginning_and_in_no_time(password: str) -> None:
    began = time.process_time()
    with suppress(PasswordError):
        passwords.check_password(password[:256], "al-pp", "Office")
    assert time.process_time() - began < 1


def test_drawn_passwords_are_strong_enough() -> None:
    for _ in range(50):
        passwords.check_password(passwords.one_time(), "al-pp", "Office")
        passwords.check_password(secrets.token_urlsafe(12), "al-pp", "Office")  # as a demonstration home draws its one


def test_one_time_passwords_are_never_the_same() -> None:
    assert len({passwords.one_time() for _ in range(200)}) == 200


def test_a_first_password_must_be_changed_before_anything_else(engine: sa.Engine) -> None:
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
    then = password_sign_in.sign_in(engine, "al-pp", ANOTHER)
    assert (then.outcome, then.identity) == ("ok", accounts.get_identity(engine, "al-pp"))
    assert password_sign_in.sign_in(engine, "al-pp", PASSWORD).outcome == "wrong"


def test_wrong_passwords_never_stop_the_right_one_and_are_told_once(engine: sa.Engine) -> None:
    _account(engine)
    outcomes = [password_sign_in.sign_in(engine, "al-pp", "wrong").outcome for _ in range(25)]
    assert outcomes == ["wrong"] * 25
    found = accounts.find_account(engine, "al-pp")
    assert found is not None and found.failed == 25
    assert password_sign_in.sign_in(engine, "al-pp", PASSWORD).outcome == "ok"
    found = accounts.find_account(engine, "al-pp")
    assert found is not None and found.failed == 0
    told = [
        e["detail"]["failed"]
        for e in audit_log.list_entries(engine, subject="al-pp")
        if e["action"] == "account.attempts"
    ]
    assert told == [10]
    assert verify_ledger(engine).good


def test_a_disabled_account_is_told_so_only_with_the_right_password(engine: sa.Engine) -> None:
    _account(engine)
    accounts.disable_account(engine, "al-pp", by=SYSTEM)
    assert password_sign_in.sign_in(engine, "al-pp", "wrong").outcome == "wrong"
    assert password_sign_in.sign_in(engine, "al-pp", PASSWORD).outcome == "disabled"


def test_an_unknown_account_takes_as_long_as_a_known_one(engine: sa.Engine, real_hashes: None) -> None:
    _account(engine)
    _account(engine, "silent", password=None)
    times = {}
    for name in ("al-pp", "nobody", "silent"):
        best = []
        for _ in range(3):
            began = time.perf_counter()
            assert password_sign_in.sign_in(engine, name, "wrong password").outcome == "wrong"
            best.append(time.perf_counter() - began)
        times[name] = min(best)
    # Without the comparison an answer takes a hundredth of the time.
    assert min(times.values()) > max(times.values()) / 4, times


@pytest.mark.parametrize("name", ["al-pp", "nobody", "silent"])
def test_an_attempt_costs_one_hash_whoever_it_names(
    engine: sa.Engine, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Counted where Argon2 itself is asked, with its parameters: one that is not there costs neither less nor more."""
    import argon2

    _account(engine)
    _account(engine, "silent", password=None)
    work: list[tuple[object, ...]] = []

    class Counting(PasswordHasher):
        def hash(self, password: str | bytes, *, salt: bytes | None = None) -> str:
            work.append((self.time_cost, self.memory_cost, self.parallelism))
            return super().hash(password, salt=salt)

        def verify(self, hash: str | bytes, password: str | bytes) -> bool:
            told = argon2.extract_parameters(hash if isinstance(hash, str) else hash.decode())
            work.append((told.time_cost, told.memory_cost, told.parallelism))
            return super().verify(hash, password)

    monkeypatch.setattr(passwords, "_HASHER", Counting(time_cost=1, memory_cost=64, parallelism=1))
    for _ in range(2):  # the first attempt of a process is like every other
        assert password_sign_in.sign_in(engine, name, "wrong password").outcome == "wrong"
    assert work == [(1, 64, 1), (1, 64, 1)]


def test_an_old_hash_is_renewed_when_its_password_is_seen(
    engine: sa.Engine, real_hashes: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as older:
        older.setattr(passwords, "_HASHER", PasswordHasher(time_cost=1, memory_cost=8_192))
        _account(engine)
    assert _hash(engine).startswith("$argon2id$v=19$m=8192,t=1")
    assert password_sign_in.sign_in(engine, "al-pp", "wrong").outcome == "wrong"
    assert _hash(engine).startswith("$argon2id$v=19$m=8192,t=1")
    assert password_sign_in.sign_in(engine, "al-pp", PASSWORD).outcome == "ok"
    assert _hash(engine).startswith("$argon2id$v=19$m=65536")
    assert password_sign_in.sign_in(engine, "al-pp", PASSWORD).outcome == "ok"
    assert verify_ledger(engine).good


def _hash(engine: sa.Engine) -> str:
    with engine.connect() as connection:
        return str(connection.execute(sa.select(ACCOUNT.c.password_hash)).scalar_one())


# --------------------------------------------------------------------------------------------------------------- tokens


def test_a_token_stands_for_its_account_cut_to_what_it_was_given(engine: sa.Engine) -> None:
    _account(engine, "al-pp", Grant("submitter", "AL"), Grant("approver", "AL"))
    who = accounts.get_identity(engine, "al-pp")
    issued = tokens.issue_token(engine, who, "nightly", grants=[Grant("submitter", EVERY, "justice"), Grant("steward")])
    found = tokens.verify_token(engine, issued.text)
    assert (found.account, found.token) == ("al-pp", issued.token_id)
    assert found.grants == (Grant("submitter", "AL", "justice"),)
    # What the account loses, the token loses; what it gains, the token does not gain.
    accounts.revoke_role(engine, "al-pp", Grant("submitter", "AL"), by=SYSTEM)
    accounts.grant_role(engine, "al-pp", Grant("steward"), by=SYSTEM)
    assert tokens.verify_token(engine, issued.text).grants == ()


def test_only_a_digest_of_a_token_is_kept_and_nothing_prints_it(engine: sa.Engine) -> None:
    _account(engine, "al-pp", Grant("submitter", "AL"))
    issued = tokens.issue_token(engine, accounts.get_identity(engine, "al-pp"), "nightly")
    secret = issued.text.removeprefix(f"rti_{issued.token_id}_")
    assert len(secret) >= 43  # 256 bits
    assert secret not in _everything_written(engine)
    assert secret not in repr(issued)
    (listed,) = tokens.list_tokens(engine, "al-pp")
    assert (listed.label, listed.used_at) == ("nightly", None)
    tokens.verify_token(engine, issued.text)
    assert tokens.list_tokens(engine, "al-pp")[0].used_at is not None
    assert verify_ledger(engine).good


def test_no_other_text_is_a_token(engine: sa.Engine) -> None:
    _account(engine, "al-pp", Grant("submitter", "AL"))
    who = accounts.get_identity(engine, "al-pp")
    one, other = (tokens.issue_token(engine, who, label).text for label in ("one", "other"))
    wrong = [
        "", "rti_", one[:-1], one + "A", one[:-1] + ("A" if one[-1] != "A" else "B"), one.upper(), f"{one}\n{other}",
        f"rti_{'0' * 16}_{one[-43:]}", one[:21] + other[21:], "x" * 10_000, one.replace("rti_", "rti_%"),
    ]  # fmt: skip
    words = set()
    for text in wrong:
        with pytest.raises(NotAllowedError) as told:
            tokens.verify_token(engine, text)
        words.add(str(told.value))
    assert len(words) == 1


def test_a_token_ends_by_time_by_revocation_and_with_its_account(engine: sa.Engine) -> None:
    _account(engine, "al-pp", Grant("submitter", "AL"))
    _account(engine, "al-chief", Grant("submitter", "AL"))
    _account(engine, "head", Grant("steward"))
    with clock.freeze_time(time_at(0)):
        who = accounts.get_identity(engine, "al-pp")
        short, long = tokens.issue_token(engine, who, "short", days=1), tokens.issue_token(engine, who, "long")
        assert tokens.verify_token(engine, short.text).account == "al-pp"
    with clock.freeze_time(time_at(1)):
        with pytest.raises(NotAllowedError):
            tokens.verify_token(engine, short.text)
        for stranger in ("al-chief",):
            with pytest.raises(NotAllowedError, match="no token"):
                tokens.revoke_token(engine, accounts.get_identity(engine, stranger), long.token_id)
        with pytest.raises(NotAllowedError, match="no token"):
            tokens.revoke_token(engine, who, "0" * 16)
        accounts.disable_account(engine, "al-pp", by="head")
        with pytest.raises(NotAllowedError):
            tokens.verify_token(engine, long.text)
        accounts.enable_account(engine, "al-pp", by="head")
        assert tokens.verify_token(engine, long.text).account == "al-pp"
        tokens.revoke_token(engine, accounts.get_identity(engine, "head"), long.token_id)
        tokens.revoke_token(engine, who, long.token_id)
        with pytest.raises(NotAllowedError):
            tokens.verify_token(engine, long.text)
    told = [e["action"] for e in audit_log.list_entries(engine, subject=long.token_id)]
    assert told == ["token.issue", "token.revoke"]


def test_a_token_issues_no_token_and_an_empty_one_is_not_issued(engine: sa.Engine) -> None:
    _account(engine, "al-pp", Grant("submitter", "AL"))
    who = accounts.get_identity(engine, "al-pp")
    machine = tokens.verify_token(engine, tokens.issue_token(engine, who, "nightly").text)
    with pytest.raises(NotAllowedError, match="cannot create a token with a token"):
        tokens.issue_token(engine, machine, "another")
    with pytest.raises(NotAllowedError, match="al-pp does not have any of the rights"):
        tokens.issue_token(engine, who, "foreign", grants=[Grant("submitter", "BA_FED")])
    for days in (0, 367):
        with pytest.raises(AccountError, match="1 to 366 days"):
            tokens.issue_token(engine, who, "long", days=days)
    with pytest.raises(AccountError, match="what the token is for"):
        tokens.issue_token(engine, who, " ")


def test_an_identity_made_up_by_a_caller_gets_no_more_than_its_account(engine: sa.Engine) -> None:
    _account(engine, "al-pp", Grant("submitter", "AL"))
    forged = Identity("al-pp", "x", "en", (Grant("steward"), Grant("submitter")))
    assert tokens.verify_token(engine, tokens.issue_token(engine, forged, "x").text).grants == (
        Grant("submitter", "AL"),
    )
    with pytest.raises(NotAllowedError):
        tokens.issue_token(engine, Identity("nobody", "x", "en", (Grant("steward"),)), "x")
