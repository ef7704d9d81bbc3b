"""Notices: their readers, their words, delivery once, and delivery over channels that fail.

The mail server and the webhook are real ones on this machine; the tests check what they received.
"""

from __future__ import annotations

import email
import email.policy
import hashlib
import hmac
import json
import socket
import ssl
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
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from pipelines.core import clock
from pipelines.core.home import Home
from pipelines.declarations.registry import load
from pipelines.ledger.database import open_write_transaction
from pipelines.ledger.identity import SYSTEM, Grant
from pipelines.ledger.schema import ACCOUNT, BLOCK, NOTICE, SUBMISSION
from pipelines.submissions import notices
from pipelines.submissions.accounts import accounts, password_sign_in
from pipelines.submissions.notices import delivery, queue
from pipelines.submissions.notices import releases as release_news
from pipelines.submissions.notices.settings import NoticeSettingsError, parse_server
from tests.support.fakes.ledger_fakes import home_and_ledger
from tests.support.ports import free_port

pytestmark = pytest.mark.sampled(of="database")

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
FIGURE = 48151623
"""A number that must not appear in notices; it is in the comments and payloads of their events."""


@dataclass
class Inbox:
    """Mails that a mail server accepted; it answers with `refuse` if that is set."""

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
def ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, database: str) -> Iterator[tuple[Home, sa.Engine]]:
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


def _insert_submission(engine: sa.Engine, sender: str = "fed-sender", identity: str = "S0123456789abcde") -> str:
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


def _announce_event(engine: sa.Engine, action: str, actor: str, **more: Any) -> list[str]:
    event = {
        "event_id": 1, "submission_id": "S0123456789abcde", "at": clock.format_timestamp(clock.now()), "actor": actor,
        "action": action, "from_state": "sent", "to_state": "x", "comment": f"the figure is {FIGURE}",
        "payload": {"rows": FIGURE}, **more,
    }  # fmt: skip
    with open_write_transaction(engine) as connection:
        return notices.on_events(connection, [event])


def _list_kinds(engine: sa.Engine) -> dict[str, str]:
    return {n.account_id: n.kind for n in notices.list_notices(engine)}


# -------------------------------------------------------------------------------------------------------------- readers


@pytest.mark.parametrize(
    ("action", "actor", "more", "kinds"),
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
def test_event_notifies_its_accounts(
    ledger: tuple[Home, sa.Engine], action: str, actor: str, more: dict[str, Any], kinds: dict[str, str]
) -> None:
    _, engine = ledger
    _insert_submission(engine)
    assert len(_announce_event(engine, action, actor, **more)) == len(kinds)
    assert _list_kinds(engine) == kinds


def test_event_is_notified_once_and_next_event_again(ledger: tuple[Home, sa.Engine]) -> None:
    _, engine = ledger
    _insert_submission(engine)
    assert len(_announce_event(engine, "send", "fed-sender")) == 2
    assert _announce_event(engine, "send", "fed-sender") == []
    later = clock.format_timestamp(NOW + timedelta(hours=1))
    assert len(_announce_event(engine, "send", "fed-sender", at=later)) == 2


def test_event_entered_a_week_later_notifies_nobody(ledger: tuple[Home, sa.Engine]) -> None:
    _, engine = ledger
    _insert_submission(engine)
    assert _announce_event(engine, "send", "fed-sender", at=clock.format_timestamp(NOW - timedelta(days=8))) == []


def test_sender_without_account_is_skipped(ledger: tuple[Home, sa.Engine]) -> None:
    _, engine = ledger
    _insert_submission(engine, sender="somebody-who-left")
    _announce_event(engine, "send", "somebody-who-left")
    assert _list_kinds(engine) == {"fed-approver": "to_approve"}


def test_notice_is_rolled_back_with_its_transaction(ledger: tuple[Home, sa.Engine]) -> None:
    _, engine = ledger
    with pytest.raises(RuntimeError), open_write_transaction(engine) as connection:
        assert notices.enqueue_notice(connection, "steward", "account", {"what": "created"})
        raise RuntimeError
    assert notices.list_notices(engine) == []


def test_ledger_acts_enqueue_notices(ledger: tuple[Home, sa.Engine]) -> None:
    """Take a return from arrival to the moment it is given back."""
    from pipelines.ledger.acts import Act, Arrival, Block, CheckResult
    from pipelines.submissions import decisions, intake

    _, engine = ledger
    arrival = Arrival("1" * 64, 1, "a.csv", "fed-sender", NOW, demonstration=True)
    identity = intake.record_arrival(engine, arrival).submission_id
    block = Block("BA_FED", "justice", "BA_FED-JUSTICE-BA_FED_PO", "Q", "2026-Q3", 1)
    checked = CheckResult(
        identity, "csv", "BA", "BA_FED-JUSTICE-1", "full", (block,), 0, (), 0, "d" * 64, "1", "h" * 64, NOW,
        "BA_FED", "justice",
    )  # fmt: skip
    intake.record_check(engine, checked)
    assert _list_kinds(engine) == {}
    decisions.send_submission(engine, Act(identity, "fed-sender", NOW))
    assert _list_kinds(engine) == {"fed-sender": "receipt", "fed-approver": "to_approve"}
    decisions.give_back(engine, Act(identity, "fed-approver", NOW + timedelta(hours=1), "look again"))
    assert [n.kind for n in notices.list_notices(engine, account_id="fed-sender")] == ["receipt", "returned"]


@pytest.mark.parametrize(
    ("action", "by", "messages"),
    [
        ("create", "steward", {"al-approver": "created"}),
        ("create", SYSTEM, {}),
        ("reset_password", "steward", {"al-approver": "reset"}),
        ("attempts", "al-approver", {"al-approver": "attempts"}),
        ("grant", "steward", {}),
    ],
)
def test_account_change_notifies_its_account(
    ledger: tuple[Home, sa.Engine], action: str, by: str, messages: dict[str, str]
) -> None:
    _, engine = ledger
    password_sign_in.reset_password(engine, "al-approver", by=SYSTEM)
    with engine.begin() as connection:
        connection.execute(sa.delete(NOTICE))
    with open_write_transaction(engine) as connection:
        # The steward has no password here and signs in with a provider.
        notices.on_account(connection, action, ["al-approver", "steward"], by, failed=10)
    assert {n.account_id: n.content["what"] for n in notices.list_notices(engine)} == messages


def test_wrong_passwords_are_notified_once_a_day(ledger: tuple[Home, sa.Engine]) -> None:
    _, engine = ledger
    password_sign_in.reset_password(engine, "al-approver", by=SYSTEM)
    with open_write_transaction(engine) as connection:
        for _ in range(5):
            notices.on_account(connection, "attempts", ["al-approver"], "al-approver", failed=10)
    assert len([n for n in notices.list_notices(engine) if n.content["what"] == "attempts"]) == 1


def test_enqueue_notice_of_unknown_kind_raises(ledger: tuple[Home, sa.Engine]) -> None:
    with pytest.raises(ValueError, match="not a kind"), open_write_transaction(ledger[1]) as connection:
        notices.enqueue_notice(connection, "steward", "gossip", {})  # type: ignore[arg-type]


# ------------------------------------------------------------------------------------------------------------- the mail


def test_mails_are_delivered_with_automatic_headers(ledger: tuple[Home, sa.Engine], inbox: Inbox) -> None:
    home, engine = ledger
    _insert_submission(engine)
    ids = _announce_event(engine, "send", "fed-sender")
    outcome = notices.deliver_notices(home, engine)
    assert (outcome.sent, outcome.failed, outcome.given_up, outcome.ways) == (2, 0, 0, ("mail",))
    mails = dict(inbox.mails)
    assert set(mails) == {"sender@example.org", "approver@example.org"}
    assert {m["Message-ID"] for m in mails.values()} == {f"<{identity}@example.org>" for identity in ids}
    mail = mails["approver@example.org"]
    assert mail["Auto-Submitted"] == "auto-generated" and "notices.rti" in mail["List-Id"]
    assert mail["Content-Language"] == "en"
    assert str(mail["Subject"]).startswith("Demonstration: To approve: Federation of Bosnia and Herzegovina")
    assert "2026 Q3" in str(mail["Subject"])
    plain, html = (mail.get_body((kind,)) for kind in ("plain", "html"))
    assert plain is not None and html is not None
    for part in (plain.get_content(), html.get_content()):
        assert "https://rti.example.org/portal/" in part and "S0123456789abcde" in part
    assert "<script" not in html.get_content() and "src=" not in html.get_content()


def test_process_that_sends_no_notices_leaves_them_to_another(
    ledger: tuple[Home, sa.Engine], inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, engine = ledger
    _insert_submission(engine)
    _announce_event(engine, "send", "fed-sender")
    monkeypatch.setenv("RTI_SEND_NOTICES", "false")
    assert notices.deliver_notices(home, engine).sent == 0
    assert inbox.mails == []
    monkeypatch.setenv("RTI_SEND_NOTICES", "true")
    assert notices.deliver_notices(home, engine).sent == 2


def test_mails_contain_no_figure_comment_or_file_name(ledger: tuple[Home, sa.Engine], inbox: Inbox) -> None:
    home, engine = ledger
    _insert_submission(engine)
    for action, actor in (("send", "fed-sender"), ("give_back", "fed-approver"), ("withdraw", "fed-approver")):
        _announce_event(engine, action, actor)
    notices.deliver_notices(home, engine)
    assert len(inbox.mails) == 4
    for _, mail in inbox.mails:
        words = mail.as_string() + "".join(p.get_content() for p in mail.walk() if p.get_content_maintype() == "text")
        assert str(FIGURE) not in words and "secret-name" not in words and "the figure is" not in words
    assert all(str(FIGURE) not in json.dumps(dict(n.content)) for n in notices.list_notices(engine))


def test_mail_is_in_language_of_its_reader(
    ledger: tuple[Home, sa.Engine], inbox: Inbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
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
    home, engine = ledger
    _insert_submission(engine)
    _announce_event(engine, "send", "fed-sender")
    try:
        notices.deliver_notices(home, engine)
    finally:
        i18n.load_catalogue.cache_clear()
    mail = dict(inbox.mails)["sender@example.org"]
    assert "Primljeno: Federacija Bosne i Hercegovine" in str(mail["Subject"])
    assert mail["Content-Language"] == "bs"


@pytest.mark.parametrize("event", ["created", "reset", "attempts", "locked"])
def test_account_notices_contain_no_password(ledger: tuple[Home, sa.Engine], inbox: Inbox, event: str) -> None:
    home, engine = ledger
    with open_write_transaction(engine) as connection:
        notices.enqueue_notice(
            connection, "steward", "account", {"what": event, "until": "2026-11-20T09:15:00Z", "failed": 10}
        )
    notices.deliver_notices(home, engine)
    body = inbox.mails[0][1].get_body(("plain",))
    assert body is not None and "steward" in body.get_content()
    assert ("09:15" in body.get_content()) is (event == "locked")


def test_line_break_in_name_adds_no_header(ledger: tuple[Home, sa.Engine], inbox: Inbox) -> None:
    home, engine = ledger
    with open_write_transaction(engine) as connection:
        connection.execute(
            sa.update(ACCOUNT)
            .where(ACCOUNT.c.account_id == "steward")
            .values(display_name="Office\r\nBcc: spy@example.org")
        )
        notices.enqueue_notice(connection, "steward", "account", {"what": "created"})
    assert notices.deliver_notices(home, engine).sent == 1
    assert [to for to, _ in inbox.mails] == ["steward@example.org"] and inbox.mails[0][1]["Bcc"] is None


def test_mail_has_footnote_for_kosovo(ledger: tuple[Home, sa.Engine], inbox: Inbox) -> None:
    home, engine = ledger
    content = {"submission_id": "S1", "jurisdiction": "XK", "instrument": "justice", "periods": ["2026-Q3"]}
    with open_write_transaction(engine) as connection:
        notices.enqueue_notice(connection, "steward", "approved", content)
    notices.deliver_notices(home, engine)
    body = inbox.mails[0][1].get_body(("plain",))
    assert body is not None and "resolution 1244" in body.get_content()


# ------------------------------------------------------------------------------------------------------- ways that fail


def test_failed_mail_is_retried_after_pause(
    ledger: tuple[Home, sa.Engine], inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, engine = ledger
    with open_write_transaction(engine) as connection:
        notices.enqueue_notice(connection, "steward", "account", {"what": "created"})
    inbox.refuse = "451 later"
    assert notices.deliver_notices(home, engine).failed == 1
    (notice,) = notices.list_notices(engine)
    assert notice.state == "waiting" and notice.attempts == 1 and "451" in (notice.error or "")
    # During the pause, further runs do not try again.
    assert notices.deliver_notices(home, engine) == delivery.DeliveryOutcome(0, 0, 0, ("mail",))
    inbox.refuse = None
    with clock.freeze_time(NOW + queue.PAUSES[0] - timedelta(seconds=1)):
        assert notices.deliver_notices(home, engine).sent == 0
    with clock.freeze_time(NOW + queue.PAUSES[0]):
        assert notices.deliver_notices(home, engine).sent == 1
    (notice,) = notices.list_notices(engine)
    assert notice.state == "sent" and notice.error is None and len(inbox.mails) == 1


def test_failed_mail_is_given_up_listed_and_sent_on_demand(ledger: tuple[Home, sa.Engine], inbox: Inbox) -> None:
    home, engine = ledger
    with open_write_transaction(engine) as connection:
        notices.enqueue_notice(connection, "steward", "account", {"what": "created"})
    inbox.refuse = "451 later"
    tried = 0
    for day in range(12):
        for hour in range(24):
            with clock.freeze_time(NOW + timedelta(days=day, hours=hour)):
                outcome = notices.deliver_notices(home, engine)
                tried += outcome.failed + outcome.given_up
    assert tried == queue.ATTEMPTS
    (notice,) = notices.list_notices(engine, unsent=True)
    assert notice.state == "given_up" and "451" in (notice.error or "")
    inbox.refuse = None
    assert notices.deliver_notices(home, engine).sent == 0
    assert notices.deliver_notices(home, engine, again=True).sent == 1


def test_mail_to_unknown_address_is_given_up_at_once(ledger: tuple[Home, sa.Engine], inbox: Inbox) -> None:
    home, engine = ledger
    accounts.set_email(engine, "steward", "nobody@example.org", by=SYSTEM)
    with open_write_transaction(engine) as connection:
        notices.enqueue_notice(connection, "steward", "account", {"what": "created"})
        notices.enqueue_notice(connection, "al-approver", "account", {"what": "created"})
    outcome = notices.deliver_notices(home, engine)
    assert (outcome.sent, outcome.given_up) == (1, 1)
    assert "550" in (notices.list_notices(engine, account_id="steward")[0].error or "")


def test_mail_sent_again_after_crash_has_same_id(
    ledger: tuple[Home, sa.Engine], inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, engine = ledger
    with open_write_transaction(engine) as connection:
        notices.enqueue_notice(connection, "steward", "account", {"what": "created"})

    def raise_interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(queue, "mark_sent", raise_interrupt)
        with pytest.raises(KeyboardInterrupt):
            notices.deliver_notices(home, engine)
    assert notices.list_notices(engine)[0].state == "waiting"
    with clock.freeze_time(NOW + queue.PAUSES[0]):
        assert notices.deliver_notices(home, engine).sent == 1
    assert len({mail["Message-ID"] for _, mail in inbox.mails}) == 1 and len(inbox.mails) == 2


def test_concurrent_deliveries_send_each_notice_once(ledger: tuple[Home, sa.Engine], inbox: Inbox) -> None:
    home, engine = ledger
    with open_write_transaction(engine) as connection:
        for number in range(12):
            notices.enqueue_notice(connection, "steward", "account", {"what": "created"}, what=str(number))

    def deliver_all() -> int:
        return notices.deliver_notices(home, engine).sent

    with ThreadPoolExecutor(2) as pool:
        counts = [f.result() for f in [pool.submit(deliver_all), pool.submit(deliver_all)]]
    assert sum(counts) == 12 == len(inbox.mails)


def test_notice_to_account_disabled_meanwhile_is_not_sent(ledger: tuple[Home, sa.Engine], inbox: Inbox) -> None:
    home, engine = ledger
    with open_write_transaction(engine) as connection:
        notices.enqueue_notice(connection, "al-approver", "account", {"what": "created"})
    accounts.disable_account(engine, "al-approver", by=SYSTEM)
    assert notices.deliver_notices(home, engine).sent == 0 and inbox.mails == []


def test_mail_without_server_is_written_to_outbox_once(ledger: tuple[Home, sa.Engine]) -> None:
    home, engine = ledger
    accounts.set_email(engine, "steward", None, by=SYSTEM)
    with open_write_transaction(engine) as connection:
        notices.enqueue_notice(connection, "steward", "account", {"what": "created"})
    assert notices.deliver_notices(home, engine).ways == ("outbox",)
    assert notices.deliver_notices(home, engine).sent == 0
    (path,) = (home.restricted / "outbox").iterdir()
    mail = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    assert path.suffix == ".eml" and "steward@no-address.invalid" in str(mail["To"])
    assert (home.restricted / "outbox").stat().st_mode & 0o077 == 0


def test_mail_to_account_without_address_is_written_to_outbox(ledger: tuple[Home, sa.Engine], inbox: Inbox) -> None:
    home, engine = ledger
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
    requests: list[tuple[dict[str, str], bytes]] = field(default_factory=list)


@pytest.fixture
def hook(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hook]:
    received = Hook("", [])

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            received.requests.append((dict(self.headers.items()), body))
            self.send_response(received.answers.pop(0) if received.answers else 204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    web = HTTPServer(("127.0.0.1", 0), Handler)
    received.address = f"http://127.0.0.1:{web.server_address[1]}/notices"
    thread = threading.Thread(target=web.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    monkeypatch.setenv("RTI_WEBHOOK_URL", received.address)
    monkeypatch.setenv("RTI_WEBHOOK_SECRET", "shared")
    yield received
    web.shutdown()
    thread.join(5)
    web.server_close()


def test_webhook_gets_signed_json_and_is_retried(ledger: tuple[Home, sa.Engine], hook: Hook) -> None:
    home, engine = ledger
    _insert_submission(engine)
    _announce_event(engine, "give_back", "fed-approver")
    hook.answers[:] = [503]
    assert notices.deliver_notices(home, engine).failed == 1
    assert "503" in (notices.list_notices(engine)[0].error or "")
    with clock.freeze_time(NOW + queue.PAUSES[0]):
        assert notices.deliver_notices(home, engine).sent == 1
    headers, body = hook.requests[1]
    time_field, _, signature = headers["RTI-Signature"].partition(",")
    timestamp = time_field.removeprefix("t=")
    assert abs(int(timestamp) - time.time()) < 60
    expected = hmac.new(b"shared", timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    assert signature == f"v1={expected}"
    content = json.loads(body)
    assert content["kind"] == "returned" and content["content"]["periods"] == ["2026-Q3"]
    assert headers["RTI-Notice"] == content["notice_id"] and str(FIGURE) not in body.decode()


def test_unreachable_webhook_is_recorded_as_error(
    ledger: tuple[Home, sa.Engine], hook: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, engine = ledger
    with open_write_transaction(engine) as connection:
        notices.enqueue_notice(connection, "steward", "account", {"what": "created"})
    with socket.socket() as unused_port:
        unused_port.bind(("127.0.0.1", 0))  # bound but not listening, so nothing answers
        monkeypatch.setenv("RTI_WEBHOOK_URL", f"http://127.0.0.1:{unused_port.getsockname()[1]}/")
        began = time.monotonic()
        assert notices.deliver_notices(home, engine).failed == 1
        assert time.monotonic() - began < 10
    assert "does not answer" in (notices.list_notices(engine)[0].error or "")


def test_notice_is_delivered_by_webhook_and_mail(ledger: tuple[Home, sa.Engine], hook: Hook, inbox: Inbox) -> None:
    home, engine = ledger
    with open_write_transaction(engine) as connection:
        notices.enqueue_notice(connection, "steward", "account", {"what": "created"})
    assert notices.deliver_notices(home, engine).ways == ("webhook", "mail")
    assert len(hook.requests) == len(inbox.mails) == 1


# ------------------------------------------------------------------------------------------------------------- settings


@pytest.mark.parametrize(
    "address",
    ["http://host", "smtp://", "mail.example.org", "smtp://host:99999", "smtp://host?tls=no", "smtp://host?tls=maybe"],
)
def test_parse_server_of_invalid_address_raises(address: str) -> None:
    with pytest.raises(NoticeSettingsError, match="RTI_SMTP_URL"):
        parse_server(address)


def test_parse_server_returns_parts_of_address() -> None:
    server = parse_server("smtps://us%40er:p%2Fw@mail.example.org")
    assert (server.host, server.port, server.security) == ("mail.example.org", 465, "tls")
    assert (server.user, server.password) == ("us@er", "p/w")
    assert parse_server("smtp://mail.example.org").security == "starttls"


def test_delivery_fails_if_server_lacks_starttls(
    ledger: tuple[Home, sa.Engine], inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, engine = ledger
    monkeypatch.setenv("RTI_SMTP_URL", f"smtp://127.0.0.1:{inbox.port}")
    with open_write_transaction(engine) as connection:
        notices.enqueue_notice(connection, "steward", "account", {"what": "created"})
    assert notices.deliver_notices(home, engine).failed == 1 and inbox.mails == []


def write_certificate(folder: Path) -> tuple[Path, Path]:
    """Write a certificate for localhost that signs itself, and its key; return both paths."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name.from_rfc4514_string("CN=localhost")
    today = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(today - timedelta(days=1))
        .not_valid_after(today + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    paths = folder / "certificate.pem", folder / "key.pem"
    paths[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    secret = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    paths[1].write_bytes(key.private_bytes(serialization.Encoding.PEM, *secret))
    return paths


@pytest.mark.parametrize("is_trusted", [True, False])
def test_mail_about_release_arrives_by_starttls_from_trusted_server_only(
    ledger: tuple[Home, sa.Engine], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_trusted: bool
) -> None:
    home, engine = ledger
    certificate, key = write_certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    inbox = Inbox(free_port())
    server = Controller(
        inbox, hostname="127.0.0.1", port=inbox.port, ready_timeout=60, tls_context=context, require_starttls=True
    )
    monkeypatch.setenv("RTI_SMTP_URL", f"smtp://localhost:{inbox.port}")
    if is_trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    release_news.change_subscription(engine, "al-approver", is_wanted=True)
    with open_write_transaction(engine) as connection:
        release_news.enqueue_release_notices(connection, "2026-Q3", "published", NOW)
    server.start()
    try:
        outcome = notices.deliver_notices(home, engine)
    finally:
        server.stop()
    assert (outcome.sent, outcome.failed) == ((1, 0) if is_trusted else (0, 1))
    assert [(address, str(mail["Subject"])) for address, mail in inbox.mails] == (
        [("al@example.org", "Demonstrim: Botimi 2026-Q3 u publikua")] if is_trusted else []
    )


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
def test_invalid_notice_settings_raise(ledger: tuple[Home, sa.Engine], text: str, says: str) -> None:
    home, _ = ledger
    (home.restricted / "notices.yml").write_text(text, encoding="utf-8")
    with pytest.raises(NoticeSettingsError, match=says):
        notices.read_notice_settings(home)


def test_environment_overrides_settings_file(ledger: tuple[Home, sa.Engine], monkeypatch: pytest.MonkeyPatch) -> None:
    home, _ = ledger
    (home.restricted / "notices.yml").write_text("sender: file@example.org\nportal: https://a.org\n", encoding="utf-8")
    monkeypatch.setenv("RTI_MAIL_FROM", "environment@example.org")
    settings = notices.read_notice_settings(home)
    assert (settings.sender, settings.portal) == ("environment@example.org", "https://a.org")


# ------------------------------------------------------------------------------------------------------------ reminders

DUE = date(2026, 11, 14)  # 2026-Q3 and 45 days


def _enqueue_reminders(ledger: tuple[Home, sa.Engine], day: date) -> int:
    home, engine = ledger
    with clock.freeze_time(datetime(day.year, day.month, day.day, 6, tzinfo=UTC)):
        return notices.enqueue_reminders(home, engine, load())


def _deliver_at(ledger: tuple[Home, sa.Engine], day: date) -> notices.DeliveryOutcome:
    with clock.freeze_time(datetime(day.year, day.month, day.day, 6, tzinfo=UTC)):
        return notices.deliver_notices(*ledger)


def _list_reminders(engine: sa.Engine, account: str = "fed-sender") -> list[tuple[str, str, int]]:
    reminders = [n for n in notices.list_notices(engine, account_id=account) if n.kind == "reminder"]
    return [(i["instrument"], i["period"], i["day"]) for n in reminders for i in n.content["items"]]


def test_reminders_are_enqueued_on_four_days_only(ledger: tuple[Home, sa.Engine]) -> None:
    reminded = []
    for day in (DUE + timedelta(days=n) for n in range(-20, 20)):
        if _enqueue_reminders(ledger, day):
            reminded.append((day - DUE).days)
            _deliver_at(ledger, day)
    assert reminded == [-14, -3, 1, 7]
    assert _list_reminders(ledger[1]) == [("justice", "2026-Q3", n) for n in (-14, -3, 1, 7)]
    assert set(_list_kinds(ledger[1])) == {"fed-sender"}  # neither approvers nor disabled accounts


@pytest.mark.parametrize(("days_off", "is_reminded"), [(1, True), (2, True), (3, False)])
def test_missed_reminder_is_enqueued_up_to_two_days_later(
    ledger: tuple[Home, sa.Engine], days_off: int, is_reminded: bool
) -> None:
    assert _enqueue_reminders(ledger, DUE + timedelta(days=-3 + days_off)) == int(is_reminded)


def test_second_run_enqueues_no_reminder(ledger: tuple[Home, sa.Engine]) -> None:
    day = DUE - timedelta(days=3)
    assert [
        _enqueue_reminders(ledger, day),
        _enqueue_reminders(ledger, day),
        _enqueue_reminders(ledger, day + timedelta(days=1)),
    ] == [1, 0, 0]


def test_concurrent_runs_enqueue_reminder_once(ledger: tuple[Home, sa.Engine]) -> None:
    home, engine = ledger
    registry = load()

    def enqueue_for_day() -> int:
        return notices.enqueue_reminders(home, engine, registry, today=DUE - timedelta(days=3))

    with ThreadPoolExecutor(4) as pool:
        counts = [f.result() for f in [pool.submit(enqueue_for_day) for _ in range(4)]]
    assert sum(counts) == 1 and len(_list_reminders(engine)) == 1


def test_sent_return_is_not_reminded(ledger: tuple[Home, sa.Engine]) -> None:
    _insert_submission(ledger[1])
    assert _enqueue_reminders(ledger, DUE + timedelta(days=1)) == 0


@pytest.mark.parametrize("state", ["checked", "refused", "withdrawn"])
def test_return_that_was_not_sent_is_reminded(ledger: tuple[Home, sa.Engine], state: str) -> None:
    _insert_submission(ledger[1])
    with open_write_transaction(ledger[1]) as connection:
        connection.execute(sa.update(SUBMISSION).values(state=state))
    assert _enqueue_reminders(ledger, DUE + timedelta(days=1)) == 1


def test_reminder_is_one_mail_for_all_due_returns(ledger: tuple[Home, sa.Engine], inbox: Inbox) -> None:
    home, engine = ledger
    accounts.create_account(
        engine, "many", "Office of many", grants=[Grant("submitter", "HR"), Grant("submitter", "XK", "justice")],
        email="many@example.org", by=SYSTEM,
    )  # fmt: skip
    day = DUE + timedelta(days=1)
    with clock.freeze_time(datetime(2026, 11, 15, 6, tzinfo=UTC)):
        assert _enqueue_reminders(ledger, day) == 2
        notices.deliver_notices(home, engine)
    mails = [mail for to, mail in inbox.mails if to == "many@example.org"]
    assert len(mails) == 1
    body = mails[0].get_body(("plain",))
    assert body is not None
    words = body.get_content()
    assert words.count("2026-Q3") == 4 and "2026-11-14" in words and "resolution 1244" in words.replace("\n", " ")
    assert "overdue" in str(mails[0]["Subject"])


def test_outdated_reminder_is_given_up(ledger: tuple[Home, sa.Engine], inbox: Inbox) -> None:
    home, engine = ledger
    assert _enqueue_reminders(ledger, DUE - timedelta(days=3)) == 1
    with clock.freeze_time(datetime(2026, 11, 14, 6, tzinfo=UTC)):
        outcome = notices.deliver_notices(home, engine)
    assert (outcome.sent, outcome.given_up) == (0, 1) and inbox.mails == []


def test_reminder_that_a_dead_mail_server_made_too_old_is_replaced_once(
    ledger: tuple[Home, sa.Engine], inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    day = DUE - timedelta(days=3)
    monkeypatch.setenv("RTI_SMTP_URL", f"smtp://127.0.0.1:{free_port()}?tls=no")
    assert _enqueue_reminders(ledger, day) == 1
    assert _deliver_at(ledger, day).failed == 1
    assert _enqueue_reminders(ledger, day + timedelta(days=1)) == 0, "the first reminder can still be sent"
    assert _deliver_at(ledger, day + timedelta(days=1)).failed == 1
    monkeypatch.setenv("RTI_SMTP_URL", f"smtp://127.0.0.1:{inbox.port}?tls=no")
    assert _enqueue_reminders(ledger, day + timedelta(days=2)) == 1, "nobody is reminded after the mail server is back"
    outcome = _deliver_at(ledger, day + timedelta(days=2))
    assert (outcome.sent, outcome.given_up, len(inbox.mails)) == (1, 1, 1)
    assert _enqueue_reminders(ledger, day + timedelta(days=2)) == 0
    assert [notice.created_at[:10] for notice in notices.list_notices(ledger[1], unsent=True)] == [day.isoformat()]


def test_yearly_return_has_its_own_reminder_days(ledger: tuple[Home, sa.Engine]) -> None:
    _, engine = ledger
    accounts.create_account(engine, "ba-coord", "Coordinator", grants=[Grant("submitter", "BA", "victims")], by=SYSTEM)
    assert _enqueue_reminders(ledger, date(2027, 4, 7)) == 1  # 2026-12-31 and 100 days is 2027-04-10
    assert _list_reminders(engine, "ba-coord") == [("victims", "2026", -3)]


def test_enqueued_notice_is_a_row_of_its_table(ledger: tuple[Home, sa.Engine]) -> None:
    _, engine = ledger
    with open_write_transaction(engine) as connection:
        notices.enqueue_notice(connection, "steward", "account", {"what": "created"})
    with engine.connect() as connection:
        row = connection.execute(sa.select(NOTICE)).one()
    assert (row.sent_at, row.attempts, row.error) == (None, 0, None)
    assert row.notice_id == notices.notice_id("steward", "account", row.content, "2026-11-20")
