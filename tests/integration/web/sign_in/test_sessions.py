"""Tests of the sessions of the offices' pages: how they begin and end, and which cookies count."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from starlette.requests import HTTPConnection
from starlette.responses import Response

from pipelines.core import clock
from pipelines.ledger import audit_log
from pipelines.ledger.database import open_read_transaction
from pipelines.ledger.identity import SYSTEM, Grant, NotAllowedError
from pipelines.ledger.schema import WEB_SESSION
from pipelines.ledger.verification import verify_ledger
from pipelines.submissions.accounts import accounts, password_sign_in
from pipelines.submissions.accounts.accounts import LOCAL
from pipelines.web.sign_in.csrf import CsrfError, check_csrf
from pipelines.web.sign_in.sessions import (
    IDLE_HOURS,
    KEPT_DAYS,
    LONGEST_HOURS,
    LONGEST_USER_AGENT,
    SESSION_COOKIE,
    Session,
    Sessions,
)
from tests.support.fakes.ledger_fakes import home_and_ledger

pytestmark = [pytest.mark.usefixtures("database", "cheap_hashes"), pytest.mark.sampled(of="database")]
SECRET = "the secret of the home"
PASSWORD, ANOTHER = "seven green boats", "nine blue doors"
ISSUER = "https://id.example"
HOUR = 3600.0


class WallClock:
    """A system clock that a test moves."""

    def __init__(self) -> None:
        self.seconds = datetime(2026, 11, 20, 9, tzinfo=UTC).timestamp()

    def pass_hours(self, hours: float) -> None:
        self.seconds += hours * HOUR


@pytest.fixture
def wall(monkeypatch: pytest.MonkeyPatch) -> WallClock:
    wall_clock = WallClock()
    monkeypatch.setattr(clock, "read_wall_clock", lambda: wall_clock.seconds)
    return wall_clock


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[sa.Engine]:
    _, engine = home_and_ledger(tmp_path)
    grants = [Grant("submitter", "RS", "justice")]
    for name in ("rs-sender", "rs-other"):
        accounts.create_account(engine, name, name, grants=grants, password=PASSWORD, must_change=False, by=SYSTEM)
    accounts.create_account(engine, "rs-linked", "Linked", grants=grants, issuer=ISSUER, subject="7f3a", by=SYSTEM)
    yield engine
    engine.dispose()


@pytest.fixture
def sessions(engine: sa.Engine, wall: WallClock) -> Sessions:
    return Sessions(engine, SECRET)


def make_request(
    cookie: str = "", *, scheme: str = "http", name: str = SESSION_COOKIE, agent: str = "A browser"
) -> HTTPConnection:
    headers = [(b"host", b"127.0.0.1:8502"), (b"user-agent", agent.encode())]
    headers += [(b"cookie", f"{name}={cookie}".encode())] if cookie else []
    scope = {"type": "http", "scheme": scheme, "path": "/", "query_string": b"", "headers": headers}
    return HTTPConnection({**scope, "server": ("127.0.0.1", 8502)})


def begin_session(sessions: Sessions, account: str = "rs-sender", presented: str = "") -> str:
    return sessions.begin_session(make_request(presented), account, issuer=LOCAL, subject=account)


def find_open_session(sessions: Sessions, cookie: str) -> Session:
    session = sessions.find_session(make_request(cookie))
    assert session is not None
    return session


def test_begin_session_makes_a_session_with_the_present_grants(sessions: Sessions, engine: sa.Engine) -> None:
    cookie = begin_session(sessions)
    session = find_open_session(sessions, cookie)
    assert session.identity == accounts.get_identity(engine, "rs-sender")
    assert session.since == "2026-11-20T09:00:00Z"
    accounts.revoke_role(engine, "rs-sender", Grant("submitter", "RS", "justice"), by=SYSTEM)
    assert find_open_session(sessions, cookie).identity.grants == ()
    assert verify_ledger(engine).good


def test_ledger_and_printed_session_do_not_contain_the_token(sessions: Sessions, engine: sa.Engine) -> None:
    cookie = begin_session(sessions)
    token = cookie.rpartition(".")[0]
    with open_read_transaction(engine) as connection:
        assert token not in str(connection.execute(sa.select(WEB_SESSION)).all())
    session = find_open_session(sessions, cookie)
    assert session.csrf_token not in repr(session)
    assert session.csrf_token not in cookie


def test_begin_session_ends_the_presented_session_and_makes_a_new_token(sessions: Sessions) -> None:
    first = begin_session(sessions)
    second = begin_session(sessions, presented=first)
    assert first != second
    assert sessions.find_session(make_request(first)) is None
    # The session of another person in the same browser is ended too.
    begin_session(sessions, "rs-other", presented=second)
    assert sessions.find_session(make_request(second)) is None


def test_planted_session_is_ended_by_the_sign_in(sessions: Sessions) -> None:
    planted_cookie = begin_session(sessions, "rs-other")
    begin_session(sessions, presented=planted_cookie)
    assert sessions.find_session(make_request(planted_cookie)) is None


@pytest.mark.parametrize(
    ("hours", "is_open"), [(LONGEST_HOURS - 0.01, True), (LONGEST_HOURS, False), (LONGEST_HOURS + 24 * 20, False)]
)
def test_session_ends_after_a_working_day(sessions: Sessions, wall: WallClock, hours: float, is_open: bool) -> None:
    cookie = begin_session(sessions)
    for _ in range(3):
        wall.pass_hours(3.5)
        assert sessions.find_session(make_request(cookie)) is not None
    wall.pass_hours(hours - 3 * 3.5)
    assert (sessions.find_session(make_request(cookie)) is not None) is is_open


@pytest.mark.parametrize(("hours", "is_open"), [(IDLE_HOURS - 0.1, True), (IDLE_HOURS + 0.01, False)])
def test_idle_session_ends_after_some_hours(sessions: Sessions, wall: WallClock, hours: float, is_open: bool) -> None:
    cookie = begin_session(sessions)
    wall.pass_hours(hours)
    assert (sessions.find_session(make_request(cookie)) is not None) is is_open
    assert sessions.was_presented(make_request(cookie))


def test_earlier_sign_in_at_the_provider_shortens_the_session(sessions: Sessions, wall: WallClock) -> None:
    signed_in = wall.seconds - (LONGEST_HOURS - 1) * HOUR
    cookie = sessions.begin_session(make_request(), "rs-linked", issuer=ISSUER, subject="7f3a", since=signed_in)
    wall.pass_hours(0.9)
    assert find_open_session(sessions, cookie).identity.account == "rs-linked"
    wall.pass_hours(0.2)
    assert sessions.find_session(make_request(cookie)) is None


def test_last_request_is_recorded_every_five_minutes_at_most(
    sessions: Sessions, engine: sa.Engine, wall: WallClock
) -> None:
    cookie = begin_session(sessions)
    recorded_times = []
    for _ in range(5):
        wall.pass_hours(2 / 60)
        find_open_session(sessions, cookie)
        recorded_times.append(sessions.list_sessions("rs-sender")[0].seen_at[11:16])
    assert recorded_times == ["09:00", "09:00", "09:06", "09:06", "09:06"]


def test_frozen_time_of_the_demonstration_does_not_lengthen_a_session(
    sessions: Sessions, wall: WallClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RTI_NOW", "2020-01-01T00:00:00Z")
    cookie = begin_session(sessions)
    wall.pass_hours(LONGEST_HOURS)
    assert sessions.find_session(make_request(cookie)) is None


@pytest.mark.parametrize("now", ["2020-01-01T00:00:00Z", "2026-11-20T09:00:00Z", "2030-01-01T00:00:00Z"])
def test_changed_or_reset_password_ends_every_session_at_any_clock(
    sessions: Sessions, engine: sa.Engine, monkeypatch: pytest.MonkeyPatch, now: str
) -> None:
    monkeypatch.setenv("RTI_NOW", now)
    first, other_cookie = begin_session(sessions), begin_session(sessions, "rs-other")
    password_sign_in.change_password(engine, "rs-sender", PASSWORD, ANOTHER)
    assert sessions.find_session(make_request(first)) is None
    assert sessions.list_sessions("rs-sender") == []
    second = begin_session(sessions)
    assert find_open_session(sessions, second).identity.account == "rs-sender"
    password_sign_in.reset_password(engine, "rs-sender", by=SYSTEM)
    assert sessions.find_session(make_request(second)) is None
    assert find_open_session(sessions, other_cookie).identity.account == "rs-other"


def test_password_reset_between_sign_in_and_session_prevents_the_session(sessions: Sessions, engine: sa.Engine) -> None:
    signed_in = password_sign_in.sign_in(engine, "rs-sender", PASSWORD)
    password_sign_in.reset_password(engine, "rs-sender", by=SYSTEM)
    cookie = sessions.begin_session(make_request(), "rs-sender", issuer=LOCAL, subject="rs-sender", seq=signed_in.seq)
    assert sessions.find_session(make_request(cookie)) is None


def test_disabled_account_has_no_session_at_the_next_request(sessions: Sessions, engine: sa.Engine) -> None:
    cookie = begin_session(sessions)
    accounts.disable_account(engine, "rs-sender", by=SYSTEM)
    assert sessions.find_session(make_request(cookie)) is None


def test_linking_an_account_to_a_provider_ends_its_session(sessions: Sessions, engine: sa.Engine) -> None:
    cookie = begin_session(sessions)
    accounts.link_provider(engine, "rs-sender", ISSUER, "another", by=SYSTEM)
    assert sessions.find_session(make_request(cookie)) is None


def test_moving_a_provider_link_does_not_move_the_session(sessions: Sessions, engine: sa.Engine) -> None:
    cookie = sessions.begin_session(make_request(), "rs-linked", issuer=ISSUER, subject="7f3a")
    accounts.link_provider(engine, "rs-linked", ISSUER, "gone", by=SYSTEM)
    accounts.link_provider(engine, "rs-other", ISSUER, "7f3a", by=SYSTEM)
    assert sessions.find_session(make_request(cookie)) is None


# ------------------------------------------------------------------------------------------------------------- cookies


def test_find_session_rejects_tampered_and_foreign_cookies(sessions: Sessions, engine: sa.Engine) -> None:
    cookie = begin_session(sessions)
    token, _, signature = cookie.rpartition(".")
    foreign = Sessions(engine, "another secret").begin_session(
        make_request(), "rs-sender", issuer=LOCAL, subject="rs-sender"
    )
    elsewhere = Sessions(engine, SECRET, provider="https://id.example/.well-known/openid-configuration")
    for value in (
        token, f"{token}.", f"{token[:-1]}x.{signature}", f"{token}.{signature[:-2]}xx", foreign, "", "é", ".",
        f"{token}\N{LATIN SMALL LETTER E WITH ACUTE}.{signature}", "x" * 5000,
    ):  # fmt: skip
        assert sessions.find_session(make_request(value)) is None
        assert not sessions.was_presented(make_request(value))
    assert elsewhere.find_session(make_request(cookie)) is None, "the service has another provider now"


def test_session_cookie_has_its_attributes(engine: sa.Engine) -> None:
    plain, tls = Response(), Response()
    Sessions(engine, SECRET).write_cookie(make_request(), plain, "value")
    Sessions(engine, SECRET, is_https=True).write_cookie(make_request(), tls, "value")
    assert plain.headers["set-cookie"] == "rti_session=value; HttpOnly; Max-Age=43200; Path=/; SameSite=lax"
    expected = "__Host-rti_session=value; HttpOnly; Max-Age=43200; Path=/; SameSite=lax; Secure"
    assert tls.headers["set-cookie"] == expected
    behind_proxy = Response()
    Sessions(engine, SECRET).write_cookie(make_request(scheme="https"), behind_proxy, "value")
    assert behind_proxy.headers["set-cookie"] == expected


def test_cookie_without_prefix_is_ignored_over_tls(sessions: Sessions) -> None:
    cookie = begin_session(sessions)
    assert sessions.find_session(make_request(cookie, scheme="https")) is None
    prefixed = make_request(cookie, scheme="https", name=f"__Host-{SESSION_COOKIE}")
    assert sessions.find_session(prefixed) is not None


def test_check_csrf_accepts_the_token_of_its_own_session_only(sessions: Sessions) -> None:
    mine, others = (
        find_open_session(sessions, begin_session(sessions)),
        find_open_session(sessions, begin_session(sessions)),
    )
    check_csrf(mine, make_request(), mine.csrf_token)
    for submitted in ("", "wrong", "é", others.csrf_token, mine.csrf_token[:-1], mine.csrf_token.upper()):
        with pytest.raises(CsrfError):
            check_csrf(mine, make_request(), submitted)


# ------------------------------------------------------------------------------------------------------------- ending


def test_end_session_ends_only_the_presented_session(sessions: Sessions) -> None:
    first, second = begin_session(sessions), begin_session(sessions)
    sessions.end_session(make_request(first))
    sessions.end_session(make_request(first))
    sessions.end_session(make_request("forged"))
    assert sessions.find_session(make_request(first)) is None
    assert sessions.find_session(make_request(second)) is not None


def test_list_sessions_returns_open_sessions_newest_first(sessions: Sessions, wall: WallClock) -> None:
    cookies = []
    for hour in range(3):
        agent = f"Browser {hour}\t{'x' * 500}"
        cookies.append(
            sessions.begin_session(make_request(agent=agent), "rs-sender", issuer=LOCAL, subject="rs-sender")
        )
        wall.pass_hours(1)
    begin_session(sessions, "rs-other")
    sessions.end_session(make_request(cookies[1]))
    listed = sessions.list_sessions("rs-sender")
    assert [entry.user_agent[:9] for entry in listed] == ["Browser 2", "Browser 0"]
    assert all(len(entry.user_agent) == LONGEST_USER_AGENT and entry.user_agent.isprintable() for entry in listed)
    assert listed[0].session_id == find_open_session(sessions, cookies[2]).session_id


def test_revoke_session_ends_an_own_session_and_is_recorded(sessions: Sessions, engine: sa.Engine) -> None:
    mine, lost, others = begin_session(sessions), begin_session(sessions), begin_session(sessions, "rs-other")
    lost_id, others_id = find_open_session(sessions, lost).session_id, find_open_session(sessions, others).session_id
    assert sessions.revoke_session("rs-sender", lost_id)
    assert not sessions.revoke_session("rs-sender", lost_id)
    assert not sessions.revoke_session("rs-sender", others_id)
    assert sessions.find_session(make_request(lost)) is None
    assert find_open_session(sessions, mine) and find_open_session(sessions, others)
    entries = [e for e in audit_log.list_entries(engine) if e["action"] == "account.end_sessions"]
    assert [(e["actor"], e["subject"], e["detail"]["sessions"]) for e in entries] == [
        ("rs-sender", "rs-sender", [lost_id])
    ]
    assert verify_ledger(engine).good


def test_revoke_others_keeps_the_present_session_and_other_accounts(sessions: Sessions) -> None:
    mine, others = begin_session(sessions), begin_session(sessions, "rs-other")
    lost_cookies = [begin_session(sessions) for _ in range(3)]
    assert sessions.revoke_others(find_open_session(sessions, mine)) == 3
    assert sessions.revoke_others(find_open_session(sessions, mine)) == 0
    assert all(sessions.find_session(make_request(cookie)) is None for cookie in lost_cookies)
    assert find_open_session(sessions, mine) and find_open_session(sessions, others)


def test_revoke_all_ends_every_session_of_a_managed_account(sessions: Sessions, engine: sa.Engine) -> None:
    cookies, other_cookie = [begin_session(sessions) for _ in range(2)], begin_session(sessions, "rs-other")
    for actor in ("rs-other", "rs-sender", "not there", ""):
        with pytest.raises(NotAllowedError):
            sessions.revoke_all("rs-sender", by=actor)
    assert find_open_session(sessions, cookies[0])
    assert sessions.revoke_all("rs-sender", by="the-steward") == 2
    assert all(sessions.find_session(make_request(cookie)) is None for cookie in cookies)
    assert find_open_session(sessions, other_cookie)
    entry = [e for e in audit_log.list_entries(engine) if e["action"] == "account.end_sessions"][-1]
    assert (entry["actor"], entry["subject"], len(entry["detail"]["sessions"])) == ("the-steward", "rs-sender", 2)


def test_rows_of_old_sessions_are_deleted(sessions: Sessions, engine: sa.Engine, wall: WallClock) -> None:
    def count_rows() -> int:
        with open_read_transaction(engine) as connection:
            return connection.execute(sa.select(sa.func.count()).select_from(WEB_SESSION)).scalar_one()

    for _ in range(3):
        begin_session(sessions)
    wall.pass_hours(KEPT_DAYS * 24)
    begin_session(sessions)
    assert count_rows() == 4, "sessions are kept for a week after their end"
    wall.pass_hours(LONGEST_HOURS + 1)
    begin_session(sessions)
    assert count_rows() == 2
