"""Notices: who is told, in which words, once, and over ways that fail.

The mail server and the webhook are real ones on this machine; what they received is what is asserted.
"""

from __future__ import annotations

import email
import email.policy
import hashlib
import hmac
import json
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from aiosmtpd.controller import Controller

from pipelines.core import clock
from pipelines.core.home import Home
from pipelines.declarations.registry import load
from pipelines.ledger.database import open_write_transaction
from pipelines.ledger.identity import SYSTEM, Grant
from pipelines.ledger.schema import ACCOUNT, BLOCK, NOTICE, SUBMISSION
from pipelines.submissions import notices
from pipelines.submissions.accounts import accounts, password_sign_in
from pipelines.submissions.notices import delivery, queue
from pipelines.submissions.notices.settings import NoticeSettingsError, parse_server
from tests.support.fakes.ledger_fakes import home_and_ledger
from tests.support.ports import free_port

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
FIGURE = 48151623
"""A number no notice may hold: it stands in comments and payloads of the events that notices are made of."""


@dataclass
class Inbox:
    """What a mail server took; `refuse` answers instead of taking."""

    port: int = 0
    refuse: str | None = None
    mails: list[tuple[str, EmailMessage]] = field(default_factory=list)

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        if self.refuse is not None:
            return self.refuse
        mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
        assert isinstance(mail, EmailMessage)
        self.mails.append((envelope.rcpt_tos[0], mail))
        return "250 taken"

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any) -> str:
        if address.startswith("nobody"):
            return "550 no such box"
        envelope.rcpt_tos.append(address)
        return "250 ok"


@pytest.fixture
def inbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[Inbox]:
    box = Inbox()
    box.port = free_port()
    controller = Controller(box, hostname="127.0.0.1", port=box.port, ready_timeout=60)
    controller.start()
    monkeypatch.setenv("RTI_SMTP_URL", f"smtp://127.0.0.1:{box.port}?tls=no")
    monkeypatch.setenv("RTI_MAIL_FROM", "rti@example.org")
    monkeypatch.setenv("RTI_PORTAL_URL", "https://rti.example.org/portal")
    yield box
    controller.stop()


@pytest.fixture
def there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, database: str) -> Iterator[tuple[Home, sa.Engine]]:
    for name in ("RTI_SMTP_URL", "RTI_WEBHOOK_URL", "RTI_WEBHOOK_SECRET", "RTI_MAIL_FROM", "RTI_PORTAL_URL"):
        monkeypatch.delenv(name, raising=False)
    with clock.freeze_time(NOW):
        home, engine = home_and_ledger(tmp_path)
        for account, language, grants, address in (
            ("fed-sender", "bs", [Grant("submitter", "BA_FED")], "sender@example.org"),
            ("fed-approver", "en", [Grant("approver", "BA_FED", "justice")], "approver@example.org"),
            ("fed-victims", "en", [Grant("approver", "BA_FED", "victims")], "victims@example.org"),
            ("al-approver", "sq", [Grant("approver", "AL")], "al@example.org"),
            ("fed-left", "en", [Grant("approver", "BA_FED"), Grant("submitter", "BA_FED")], "left@example.org"),
            ("steward", "en", [Grant("steward")], "steward@example.org"),
        ):
            accounts.create_account(
                engine, account, f"Office {account}", language=language, grants=grants, email=address, by=SYSTEM
            )
        accounts.disable_account(engine, "fed-left", by=SYSTEM)
        yield home, engine


def _submission(engine: sa.Engine, sender: str = "fed-sender", identity: str = "S0123456789abcde") -> str:
    with open_write_transaction(engine) as connection:
        connection.execute(
            sa.insert(SUBMISSION).values(
                submission_id=identity, sha256="0" * 64, size=1, filename="secret-name.xlsx",
                received_at=clock.format_timestamp(NOW), sender=sender, state="sent", demonstration=True,
                territory="BA", form="BA_FED-JUSTICE-1",
                jurisdiction="BA_FED", instrument="justice", errors=0, warnings=FIGURE,
            )
        )  # fmt: skip
        connection.execute(
            sa.insert(BLOCK).values(
                submission_id=identity, jurisdiction="BA_FED", instrument="justice", form="BA_FED-JUSTICE-BA_FED_PO",
                freq="Q", period="2026-Q3", rows=FIGURE, nil=False,
            )
        )  # fmt: skip
    return identity


def _event(engine: sa.Engine, action: str, actor: str, **more: Any) -> list[str]:
    event = {
        "event_id": 1, "submission_id": "S0123456789abcde", "at": clock.format_timestamp(clock.now()), "actor": actor,
        "action": action, "from_state": "sent", "to_state": "x", "comment": f"the figure is {FIGURE}",
        "payload": {"rows": FIGURE}, **more,
    }  # fmt: skip
    with open_write_transaction(engine) as connection:
        return notices.on_events(connection, [event])


def _told(engine: sa.Engine) -> dict[str, str]:
    return {n.account_id: n.kind for n in notices.list_notices(engine)}


# ---------------------------------------------------------------------------------------------------------- who is told


@pytest.mark.parametrize(
    ("action", "actor", "more", "told"),
    [
        ("send", "fed-sender", {}, {"fed-sender": "receipt", "fed-approver": "to_approve"}),
        ("give_back", "fed-approver", {}, {"fed-sender": "returned"}),
        ("approve", "fed-approver", {}, {"fed-sender": "approved"}),
        (
            "approve",
            "steward",
            {"payload": {"override": True}},
            {"fed-sender": "override", "fed-approver": "override"},
        ),
        ("withdraw", "fed-sender", {}, {"fed-approver": "withdrawn"}),
        ("withdraw", "fed-approver", {}, {"fed-sender": "withdrawn"}),
        ("withdraw", "fed-sender", {"from_state": "checked"}, {}),
        ("check", "system", {}, {}),
        ("publish", "system", {}, {}),
    ],
)
def test_who_is_told_of_what(
    there: tuple[Home, sa.Engine], action: str, actor: str, more: dict[str, Any], told: dict[str, str]
) -> None:
    _, engine = there
    _submission(engine)
    assert len(_event(engine, action, actor, **more)) == len(told)
    assert _told(engine) == told


def test_an_event_is_told_once_and_the_next_one_anew(there: tuple[Home, sa.Engine]) -> None:
    _, engine = there
    _submission(engine)
    assert len(_event(engine, "send", "fed-sender")) == 2
    assert _event(engine, "send", "fed-sender") == []
    later = clock.format_timestamp(NOW + timedelta(hours=1))
    assert len(_event(engine, "send", "fed-sender", at=later)) == 2


def test_a_history_entered_afterwards_mails_nobody(there: tuple[Home, sa.Engine]) -> None:
    _, engine = there
    _submission(engine)
    assert _event(engine, "send", "fed-sender", at=clock.format_timestamp(NOW - timedelta(days=8))) == []


def test_a_sender_who_is_no_account_breaks_nothing(there: tuple[Home, sa.Engine]) -> None:
    _, engine = there
    _submission(engine, sender="somebody-who-left")
    _event(engine, "send", "somebody-who-left")
    assert _told(engine) == {"fed-approver": "to_approve"}


def test_a_notice_is_undone_with_its_transaction(there: tuple[Home, sa.Engine]) -> None:
    _, engine = there
    with pytest.raises(RuntimeError), open_write_transaction(engine) as connection:
        assert notices.enqueue_notice(connection, "steward", "account", {"what": "created"})
        raise RuntimeError
    assert notices.list_notices(engine) == []


def test_the_ledger_tells_through_its_one_log(there: tuple[Home, sa.Engine]) -> None:
    """The whole way of a return."""
    from pipelines.ledger.acts import Act, Arrival, Block, CheckResult
    from pipelines.submissions import decisions, intake

    _, engine = there
    came = Arrival("1" * 64, 1, "a.csv", "fed-sender", NOW, demonstration=True)
    identity = intake.record_arrival(engine, came).submission_id
    block = Block("BA_FED", "justice", "BA_FED-JUSTICE-BA_FED_PO", "Q", "2026-Q3", 1)
    checked = CheckResult(
        identity, "csv", "BA", "BA_FED-JUSTICE-1", "full", (block,), 0, (), 0, "d" * 64, "1", "h" * 64, NOW,
        "BA_FED", "justice",
    )  # fmt: skip
    intake.record_check(engine, checked)
    assert _told(engine) == {}
    decisions.send_submission(engine, Act(identity, "fed-sender", NOW))
    assert _told(engine) == {"fed-sender": "receipt", "fed-approver": "to_approve"}
    decisions.give_back(engine, Act(identity, "fed-approver", NOW + timedelta(hours=1), "look again"))
    assert [n.kind for n in notices.list_notices(engine, account_id="fed-sender")] == ["receipt", "returned"]


@pytest.mark.parametrize(
    ("action", "by", "told"),
    [
        ("create", "steward", {"al-approver": "created"}),
        ("create", SYSTEM, {}),
        ("reset_password", "steward", {"al-approver": "reset"}),
        ("attempts", "al-approver", {"al-approver": "attempts"}),
        ("grant", "steward", {}),
    ],
)
def test_what_accounts_are_told_of_themselves(
    there: tuple[Home, sa.Engine], action: str, by: str, told: dict[str, str]
) -> None:
    _, engine = there
    password_sign_in.reset_password(engine, "al-approver", by=SYSTEM)
    with engine.begin() as connection:
        connection.execute(sa.delete(NOTICE))
    with open_write_transaction(engine) as connection:
        # The steward signs in elsewhere: no password of hers is kept here.
        notices.on_account(connection, action, ["al-approver", "steward"], by, failed=10)
    assert {n.account_id: n.content["what"] for n in notices.list_notices(engine)} == told


def test_wrong_passwords_are_told_once_a_day(there: tuple[Home, sa.Engine]) -> None:
    _, engine = there
    password_sign_in.reset_password(engine, "al-approver", by=SYSTEM)
    with open_write_transaction(engine) as connection:
        for _ in range(5):
            notices.on_account(connection, "attempts", ["al-approver"], "al-approver", failed=10)
    assert len([n for n in notices.list_notices(engine) if n.content["what"] == "attempts"]) == 1


def test_no_such_kind(there: tuple[Home, sa.Engine]) -> None:
    with pytest.raises(ValueError, match="not a kind"), open_write_transaction(there[1]) as connection:
        notices.enqueue_notice(connection, "steward", "gossip", {})  # type: ignore[arg-type]


# ------------------------------------------------------------------------------------------------------------- the mail


def test_mails_reach_their_readers_with_the_headers_of_a_machine(there: tuple[Home, sa.Engine], inbox: Inbox) -> None:
    home, engine = there
    _submission(engine)
    ids = _event(engine, "send", "fed-sender")
    done = notices.deliver_notices(home, engine)
    assert (done.sent, done.failed, done.given_up, done.ways) == (2, 0, 0, ("mail",))
    mails = dict(inbox.mails)
    assert set(mails) == {"sender@example.org", "approver@example.org"}
    assert {m["Message-ID"] for m in mails.values()} == {f"<{identity}@example.org>" for identity in ids}
    mail = mails["approver@example.org"]
    assert mail["Auto-Submitted"] == "auto-generated" and "notices.rti" in mail["List-Id"]
    assert mail["Content-Language"] == "en"
    assert str(mail["Subject"]).startswith("Demonstration: To approve: Federation of Bosnia and Herzegovina")
    assert "2026-Q3" in str(mail["Subject"])
    plain, rich = (mail.get_body((kind,)) for kind in ("plain", "html"))
    assert plain is not None and rich is not None
    for part in (plain.get_content(), rich.get_content()):
        assert "https://rti.example.org/portal/" in part and "S0123456789abcde" in part
    assert "<script" not in rich.get_content() and "src=" not in rich.get_content()


def test_no_mail_holds_a_figure_a_comment_or_a_file_name(there: tuple[Home, sa.Engine], inbox: Inbox) -> None:
    home, engine = there
    _submission(engine)
    for action, actor in (("send", "fed-sender"), ("give_back", "fed-approver"), ("withdraw", "fed-approver")):
        _event(engine, action, actor)
    notices.deliver_notices(home, engine)
    assert len(inbox.mails) == 4
    for _, mail in inbox.mails:
        words = mail.as_string() + "".join(p.get_content() for p in mail.walk() if p.get_content_maintype() == "text")
        assert str(FIGURE) not in words and "secret-name" not in words and "the figure is" not in words
    assert all(str(FIGURE) not in json.dumps(dict(n.content)) for n in notices.list_notices(engine))


def test_it_is_said_in_the_persons_language(
    there: tuple[Home, sa.Engine], inbox: Inbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pipelines.core import i18n

    folder = tmp_path / "words" / "bs" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    (folder / "rti.po").write_text(
        'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n\n'
        'msgid "Received: {return_}"\nmsgstr "Primljeno: {return_}"\n',
        encoding="utf-8",
    )
    monkeypatch.setattr(i18n, "FOLDER", tmp_path / "words")
    i18n.load_catalogue.cache_clear()
    home, engine = there
    _submission(engine)
    _event(engine, "send", "fed-sender")
    try:
        notices.deliver_notices(home, engine)
    finally:
        i18n.load_catalogue.cache_clear()
    mail = dict(inbox.mails)["sender@example.org"]
    assert "Primljeno: Federacija Bosne i Hercegovine" in str(mail["Subject"])
    assert mail["Content-Language"] == "bs"


@pytest.mark.parametrize("what", ["created", "reset", "attempts", "locked"])
def test_account_notices_never_hold_a_password(there: tuple[Home, sa.Engine], inbox: Inbox, what: str) -> None:
    home, engine = there
    with open_write_transaction(engine) as connection:
        notices.enqueue_notice(
            connection, "steward", "account", {"what": what, "until": "2026-11-20T09:15:00Z", "failed": 10}
        )
    notices.deliver_notices(home, engine)
    body = inbox.mails[0][1].get_body(("plain",))
    assert body is not None and "steward" in body.get_content()
    assert ("09:15" in body.get_content()) is (what == "locked")


def test_a_line_break_in_a_name_starts_no_header(there: tuple[Home, sa.Engine], inbox: Inbox) -> None:
    home, engine = there
    with open_write_transaction(engine) as connection:
        connection.execute(
            sa.update(ACCOUNT)
            .where(ACCOUNT.c.account_id == "steward")
            .values(display_name="Office\r\nBcc: spy@example.org")
        )
        notices.enqueue_notice(connection, "steward", "account", {"what": "created"})
    assert notices.deliver_notices(home, engine).sent == 1
    assert [to for to, _ in inbox.mails] == ["steward@example.org"] and inbox.mails[0][1]["Bcc"] is None


def test_kosovo_goes_with_its_footnote(there: tuple[Home, sa.Engine], inbox: Inbox) -> None:
    home, engine = there
    content = {"submission_id": "S1", "jurisdiction": "XK", "instrument": "justice", "periods": ["2026-Q3"]}
    with open_write_transaction(engine) as connection:
        notices.enqueue_notice(connection, "steward", "approved", content)
    notices.deliver_notices(home, engine)
    body = inbox.mails[0][1].get_body(("plain",))
    assert body is not None and "resolution 1244" in body.get_content()


# ------------------------------------------------------------------------------------------------------- ways that fail


def test_a_server_that_is_down_loses_nothing_and_is_not_pressed(
    there: tuple[Home, sa.Engine], inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, engine = there
    with open_write_transaction(engine) as connection:
        notices.enqueue_notice(connection, "steward", "account", {"what": "created"})
    inbox.refuse = "451 later"
    assert notices.deliver_notices(home, engine).failed == 1
    (one,) = notices.list_notices(engine)
    assert one.state == "waiting" and one.attempts == 1 and "451" in (one.error or "")
    # Within the pause nothing is tried, however often it runs.
    assert notices.deliver_notices(home, engine) == delivery.DeliveryOutcome(0, 0, 0, ("mail",))
    inbox.refuse = None
    with clock.freeze_time(NOW + queue.PAUSES[0] - timedelta(seconds=1)):
        assert notices.deliver_notices(home, engine).sent == 0
    with clock.freeze_time(NOW + queue.PAUSES[0]):
        assert notices.deliver_notices(home, engine).sent == 1
    (one,) = notices.list_notices(engine)
    assert one.state == "sent" and one.error is None and len(inbox.mails) == 1


def test_it_is_given_up_after_a_while_listed_and_sent_on_demand(there: tuple[Home, sa.Engine], inbox: Inbox) -> None:
    home, engine = there
    with open_write_transaction(engine) as connection:
        notices.enqueue_notice(connection, "steward", "account", {"what": "created"})
    inbox.refuse = "451 later"
    tried = 0
    for day in range(12):
        for hour in range(24):
            with clock.freeze_time(NOW + timedelta(days=day, hours=hour)):
                done = notices.deliver_notices(home, engine)
                tried += done.failed + done.given_up
    assert tried == queue.ATTEMPTS
    (one,) = notices.list_notices(engine, unsent=True)
    assert one.state == "given_up" and "451" in (one.error or "")
    inbox.refuse = None
    assert notices.deliver_notices(home, engine).sent == 0
    assert notices.deliver_notices(home, engine, again=True).sent == 1


def test_an_address_that_does_not_exist_is_given_up_at_once(there: tuple[Home, sa.Engine], inbox: Inbox) -> None:
    home, engine = there
    accounts.set_email(engine, "steward", "nobody@example.org", by=SYSTEM)
    with open_write_transaction(engine) as connection:
        notices.enqueue_notice(connection, "steward", "account", {"what": "created"})
        notices.enqueue_notice(connection, "al-approver", "account", {"what": "created"})
    done = notices.deliver_notices(home, engine)
    assert (done.sent, done.given_up) == (1, 1)
    assert "550" in (notices.list_notices(engine, account_id="steward")[0].error or "")


def test_a_crash_after_sending_sends_again_under_the_same_id(
    there: tuple[Home, sa.Engine], inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, engine = there
    with open_write_transaction(engine) as connection:
        notices.enqueue_notice(connection, "steward", "account", {"what": "created"})

    def dies(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(queue, "mark_sent", dies)
        with pytest.raises(KeyboardInterrupt):
            notices.deliver_notices(home, engine)
    assert notices.list_notices(engine)[0].state == "waiting"
    with clock.freeze_time(NOW + queue.PAUSES[0]):
        assert notices.deliver_notices(home, engine).sent == 1
    assert len({mail["Message-ID"] for _, mail in inbox.mails}) == 1 and len(inbox.mails) == 2


def test_two_processes_send_each_notice_once(there: tuple[Home, sa.Engine], inbox: Inbox) -> None:
    home, engine = there
    with open_write_transaction(engine) as connection:
        for number in range(12):
            notices.enqueue_notice(connection, "steward", "account", {"what": "created"}, what=str(number))

    def run() -> int:
        return notices.deliver_notices(home, engine).sent

    with ThreadPoolExecutor(2) as pool:
        counts = [f.result() for f in [pool.submit(run), pool.submit(run)]]
    assert sum(counts) == 12 == len(inbox.mails)


def test_nothing_goes_to_an_account_disabled_meanwhile(there: tuple[Home, sa.Engine], inbox: Inbox) -> None:
    home, engine = there
    with open_write_transaction(engine) as connection:
        notices.enqueue_notice(connection, "al-approver", "account", {"what": "created"})
    accounts.disable_account(engine, "al-approver", by=SYSTEM)
    assert notices.deliver_notices(home, engine).sent == 0 and inbox.mails == []


def test_without_a_server_the_mail_lies_in_the_outbox_once(there: tuple[Home, sa.Engine]) -> None:
    home, engine = there
    accounts.set_email(engine, "steward", None, by=SYSTEM)
    with open_write_transaction(engine) as connection:
        notices.enqueue_notice(connection, "steward", "account", {"what": "created"})
    assert notices.deliver_notices(home, engine).ways == ("outbox",)
    assert notices.deliver_notices(home, engine).sent == 0
    (path,) = (home.restricted / "outbox").iterdir()
    mail = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    assert path.suffix == ".eml" and "steward@no-address.invalid" in str(mail["To"])
    assert (home.restricted / "outbox").stat().st_mode & 0o077 == 0


def test_an_account_without_address_is_not_lost_beside_a_server(there: tuple[Home, sa.Engine], inbox: Inbox) -> None:
    home, engine = there
    accounts.set_email(engine, "steward", None, by=SYSTEM)
    with open_write_transaction(engine) as connection:
        notices.enqueue_notice(connection, "steward", "account", {"what": "created"})
    assert notices.deliver_notices(home, engine).sent == 1
    assert inbox.mails == [] and len(list((home.restricted / "outbox").iterdir())) == 1


# ---------------------------------------------------------------------------------------------------------- the webhook


@dataclass
class Hook:
    address: str
    answers: list[int]
    taken: list[tuple[dict[str, str], bytes]] = field(default_factory=list)


@pytest.fixture
def hook(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hook]:
    found = Hook("", [])

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            found.taken.append((dict(self.headers.items()), body))
            self.send_response(found.answers.pop(0) if found.answers else 204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    web = HTTPServer(("127.0.0.1", 0), Handler)
    found.address = f"http://127.0.0.1:{web.server_address[1]}/notices"
    thread = threading.Thread(target=web.serve_forever, daemon=True)
    thread.start()
    monkeypatch.setenv("RTI_WEBHOOK_URL", found.address)
    monkeypatch.setenv("RTI_WEBHOOK_SECRET", "shared")
    yield found
    web.shutdown()
    thread.join(5)
    web.server_close()


def test_a_webhook_gets_signed_json_and_is_tried_again(there: tuple[Home, sa.Engine], hook: Hook) -> None:
    home, engine = there
    _submission(engine)
    _event(engine, "give_back", "fed-approver")
    hook.answers[:] = [503]
    assert notices.deliver_notices(home, engine).failed == 1
    assert "503" in (notices.list_notices(engine)[0].error or "")
    with clock.freeze_time(NOW + queue.PAUSES[0]):
        assert notices.deliver_notices(home, engine).sent == 1
    headers, body = hook.taken[1]
    time_, _, given = headers["RTI-Signature"].partition(",")
    at = time_.removeprefix("t=")
    assert abs(int(at) - time.time()) < 60
    meant = hmac.new(b"shared", at.encode() + b"." + body, hashlib.sha256).hexdigest()
    assert given == f"v1={meant}"
    content = json.loads(body)
    assert content["kind"] == "returned" and content["content"]["periods"] == ["2026-Q3"]
    assert headers["RTI-Notice"] == content["notice_id"] and str(FIGURE) not in body.decode()


def test_a_webhook_that_is_not_there_is_an_error_kept(
    there: tuple[Home, sa.Engine], hook: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, engine = there
    with open_write_transaction(engine) as connection:
        notices.enqueue_notice(connection, "steward", "account", {"what": "created"})
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: nobody answers there
        monkeypatch.setenv("RTI_WEBHOOK_URL", f"http://127.0.0.1:{taken.getsockname()[1]}/")
        began = time.monotonic()
        assert notices.deliver_notices(home, engine).failed == 1
        assert time.monotonic() - began < 10
    assert "does not answer" in (notices.list_notices(engine)[0].error or "")


def test_both_ways_are_gone(there: tuple[Home, sa.Engine], hook: Hook, inbox: Inbox) -> None:
    home, engine = there
    with open_write_transaction(engine) as connection:
        notices.enqueue_notice(connection, "steward", "account", {"what": "created"})
    assert notices.deliver_notices(home, engine).ways == ("webhook", "mail")
    assert len(hook.taken) == len(inbox.mails) == 1


# ------------------------------------------------------------------------------------------------------------- settings


@pytest.mark.parametrize(
    "address",
    ["http://host", "smtp://", "mail.example.org", "smtp://host:99999", "smtp://host?tls=no", "smtp://host?tls=maybe"],
)
def test_an_address_of_a_server_that_is_none(address: str) -> None:
    with pytest.raises(NoticeSettingsError, match="RTI_SMTP_URL"):
        parse_server(address)


def test_an_address_of_a_server_in_its_parts() -> None:
    found = parse_server("smtps://us%40er:p%2Fw@mail.example.org")
    assert (found.host, found.port, found.security) == ("mail.example.org", 465, "tls")
    assert (found.user, found.password) == ("us@er", "p/w")
    assert parse_server("smtp://mail.example.org").security == "starttls"


def test_starttls_is_not_left_out_because_the_server_lacks_it(
    there: tuple[Home, sa.Engine], inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, engine = there
    monkeypatch.setenv("RTI_SMTP_URL", f"smtp://127.0.0.1:{inbox.port}")
    with open_write_transaction(engine) as connection:
        notices.enqueue_notice(connection, "steward", "account", {"what": "created"})
    assert notices.deliver_notices(home, engine).failed == 1 and inbox.mails == []


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("smpt: smtp://host\n", "smpt"),
        ("webhook: https://example.org/x\n", "RTI_WEBHOOK_SECRET"),
        ("webhook: http://example.org/x\nwebhook_secret: s\n", "https"),
        ("sender: nobody\n", "not an address"),
        ("- smtp\n", "keys and values"),
    ],
)
def test_a_file_of_settings_that_cannot_be_used(there: tuple[Home, sa.Engine], text: str, says: str) -> None:
    home, _ = there
    (home.restricted / "notices.yml").write_text(text, encoding="utf-8")
    with pytest.raises(NoticeSettingsError, match=says):
        notices.read_notice_settings(home)


def test_the_environment_wins_over_the_file(there: tuple[Home, sa.Engine], monkeypatch: pytest.MonkeyPatch) -> None:
    home, _ = there
    (home.restricted / "notices.yml").write_text("sender: file@example.org\nportal: https://a.org\n", encoding="utf-8")
    monkeypatch.setenv("RTI_MAIL_FROM", "environment@example.org")
    found = notices.read_notice_settings(home)
    assert (found.sender, found.portal) == ("environment@example.org", "https://a.org")


# ------------------------------------------------------------------------------------------------------------ reminders

DUE = date(2026, 11, 14)  # 2026-Q3 and 45 days


def _remind(there: tuple[Home, sa.Engine], day: date) -> int:
    home, engine = there
    with clock.freeze_time(datetime(day.year, day.month, day.day, 6, tzinfo=UTC)):
        return notices.enqueue_reminders(home, engine, load())


def _items(engine: sa.Engine, account: str = "fed-sender") -> list[tuple[str, str, int]]:
    found = [n for n in notices.list_notices(engine, account_id=account) if n.kind == "reminder"]
    return [(i["instrument"], i["period"], i["day"]) for n in found for i in n.content["items"]]


def test_reminded_on_four_days_and_no_other(there: tuple[Home, sa.Engine]) -> None:
    days = [DUE + timedelta(days=n) for n in range(-20, 20)]
    reminded = [(day - DUE).days for day in days if _remind(there, day)]
    assert reminded == [-14, -3, 1, 7]
    assert _items(there[1]) == [("justice", "2026-Q3", n) for n in (-14, -3, 1, 7)]
    assert set(_told(there[1])) == {"fed-sender"}  # not the approvers, not who has left


@pytest.mark.parametrize(("slept", "made_up"), [(1, True), (2, True), (3, False)])
def test_a_day_on_which_the_machine_slept_is_made_up_for(
    there: tuple[Home, sa.Engine], slept: int, made_up: bool
) -> None:
    assert _remind(there, DUE + timedelta(days=-3 + slept)) == int(made_up)


def test_twice_a_day_changes_nothing_and_neither_does_the_next(there: tuple[Home, sa.Engine]) -> None:
    day = DUE - timedelta(days=3)
    assert [_remind(there, day), _remind(there, day), _remind(there, day + timedelta(days=1))] == [1, 0, 0]


def test_two_processes_at_once_remind_once(there: tuple[Home, sa.Engine]) -> None:
    home, engine = there
    registry = load()

    def run() -> int:
        return notices.enqueue_reminders(home, engine, registry, today=DUE - timedelta(days=3))

    with ThreadPoolExecutor(4) as pool:
        counts = [f.result() for f in [pool.submit(run) for _ in range(4)]]
    assert sum(counts) == 1 and len(_items(engine)) == 1


def test_what_was_sent_is_not_asked_for(there: tuple[Home, sa.Engine]) -> None:
    _submission(there[1])
    assert _remind(there, DUE + timedelta(days=1)) == 0


@pytest.mark.parametrize("state", ["checked", "refused", "withdrawn"])
def test_a_draft_is_asked_for(there: tuple[Home, sa.Engine], state: str) -> None:
    _submission(there[1])
    with open_write_transaction(there[1]) as connection:
        connection.execute(sa.update(SUBMISSION).values(state=state))
    assert _remind(there, DUE + timedelta(days=1)) == 1


def test_one_mail_over_all_that_is_due(there: tuple[Home, sa.Engine], inbox: Inbox) -> None:
    home, engine = there
    accounts.create_account(
        engine, "many", "Office of many", grants=[Grant("submitter", "HR"), Grant("submitter", "XK", "justice")],
        email="many@example.org", by=SYSTEM,
    )  # fmt: skip
    day = DUE + timedelta(days=1)
    with clock.freeze_time(datetime(2026, 11, 15, 6, tzinfo=UTC)):
        assert _remind(there, day) == 2
        notices.deliver_notices(home, engine)
    mails = [mail for to, mail in inbox.mails if to == "many@example.org"]
    assert len(mails) == 1
    body = mails[0].get_body(("plain",))
    assert body is not None
    words = body.get_content()
    assert words.count("2026-Q3") == 4 and "2026-11-14" in words and "resolution 1244" in words.replace("\n", " ")
    assert "overdue" in str(mails[0]["Subject"])


def test_a_reminder_that_could_not_be_sent_is_overtaken(there: tuple[Home, sa.Engine], inbox: Inbox) -> None:
    home, engine = there
    assert _remind(there, DUE - timedelta(days=3)) == 1
    with clock.freeze_time(datetime(2026, 11, 14, 6, tzinfo=UTC)):
        done = notices.deliver_notices(home, engine)
    assert (done.sent, done.given_up) == (0, 1) and inbox.mails == []


def test_a_year_has_its_own_days(there: tuple[Home, sa.Engine]) -> None:
    _, engine = there
    accounts.create_account(engine, "ba-coord", "Coordinator", grants=[Grant("submitter", "BA")], by=SYSTEM)
    assert _remind(there, date(2027, 4, 7)) == 1  # 2026-12-31 and 100 days is 2027-04-10
    assert _items(engine, "ba-coord") == [("victims", "2026", -3)]


def test_the_table_is_the_queue(there: tuple[Home, sa.Engine]) -> None:
    _, engine = there
    with open_write_transaction(engine) as connection:
        notices.enqueue_notice(connection, "steward", "account", {"what": "created"})
    with engine.connect() as connection:
        row = connection.execute(sa.select(NOTICE)).one()
    assert (row.sent_at, row.attempts, row.error) == (None, 0, None)
    assert row.notice_id == notices.notice_id("steward", "account", row.content, "2026-11-20")
