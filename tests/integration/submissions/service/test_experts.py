"""The network of experts through the desk: who sees what, look-ups in the log, links, letters, erasure."""

from __future__ import annotations

import email
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from pipelines.core import clock
from pipelines.core.home import Home
from pipelines.declarations.registry import load
from pipelines.ledger import audit_log
from pipelines.ledger.database import open_read_transaction
from pipelines.ledger.identity import SYSTEM, Grant, Identity, NotAllowedError
from pipelines.ledger.schema import EXPERT, EXPERT_LINK
from pipelines.ledger.verification import verify_ledger
from pipelines.submissions.accounts import accounts
from pipelines.submissions.experts.letters import remind_experts
from pipelines.submissions.experts.model import ExpertDetails, ExpertError
from pipelines.submissions.service import expert_links, experts
from pipelines.submissions.service.desk import Desk
from pipelines.submissions.service.expert_links import ExpertLinkError
from pipelines.submissions.service.experts import ExpertQuery
from tests.support.fakes.ledger_fakes import home_and_ledger

JULY, OCTOBER, APRIL = "2026-07-06T09:00:00Z", "2026-10-05T09:00:00Z", "2027-04-05T09:00:00Z"
ADDRESS = "planted.address@al.example"
DETAILS = ExpertDetails(
    "AL", "Special prosecution", "Expert 1 of the office", "prosecution", ("sq", "en"), ("TIP", "SOM"), ("joint_team",)
)
PEOPLE = {
    "al-keeper": (Grant("approver", "AL", "cooperation"),),
    "me-viewer": (Grant("viewer", "ME", "cooperation"),),
    "me-justice": (Grant("approver", "ME", "justice"),),
    "head": (Grant("steward"),),
}


@dataclass
class Network:
    """A desk with one entry of Albania, and the people of `PEOPLE`."""

    desk: Desk
    people: dict[str, Identity]

    def send_letters(self) -> Any:
        return remind_experts(self.desk.home, self.desk.engine)

    def read_letters(self) -> list[tuple[str, str]]:
        """Return recipient and text of the letters in the outbox, oldest first."""
        mails = sorted((self.desk.home.restricted / "outbox").glob("*.eml"), key=lambda path: path.stat().st_mtime_ns)
        letters = []
        for path in mails:
            mail = email.message_from_bytes(path.read_bytes(), policy=default)
            body: Any = mail.get_body(("plain",))
            letters.append((str(mail["To"].addresses[0].addr_spec), body.get_content()))
        return letters

    def read_tokens(self) -> list[str]:
        found_tokens = [re.search(r"/expert-link/([\w-]+)", text) for _, text in self.read_letters()]
        return [match[1] for match in found_tokens if match]

    def read_log(self) -> list[dict[str, Any]]:
        entries = audit_log.list_entries(self.desk.engine)
        return [entry for entry in entries if entry["action"].startswith("experts.")]


def open_network(folder: Path) -> tuple[Home, Network]:
    new = [accounts.NewAccount(name, name, grants, email=f"{name}@office.example") for name, grants in PEOPLE.items()]
    home, engine = home_and_ledger(folder, lambda engine: accounts.create_many(engine, new, by=SYSTEM))
    people = {name: accounts.get_identity(engine, name) for name in PEOPLE}
    return home, Network(Desk(home, engine, load()), people)


@pytest.fixture
def network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Network]:
    monkeypatch.setenv("RTI_NOW", JULY)
    _, opened = open_network(tmp_path)
    yield opened
    opened.desk.engine.dispose()


def add_confirmed(network: Network, details: ExpertDetails = DETAILS, address: str = ADDRESS) -> str:
    keeper = network.people["head"]
    expert_id = experts.save_expert(network.desk, keeper, details, address)
    network.send_letters()
    expert_links.confirm_by_link(network.desk, network.read_tokens()[-1])
    return expert_id


def test_entry_is_found_only_after_its_expert_confirmed_it(network: Network) -> None:
    keeper, viewer = network.people["al-keeper"], network.people["me-viewer"]
    expert_id = experts.save_expert(network.desk, keeper, DETAILS, ADDRESS)
    assert experts.search_experts(network.desk, viewer, ExpertQuery()) == []
    with pytest.raises(NotAllowedError):
        experts.get_expert(network.desk, viewer, expert_id)
    assert [expert.state for expert in experts.list_kept_experts(network.desk, keeper)] == ["unconfirmed"]
    outcome = network.send_letters()
    assert (outcome.sent, outcome.failed) == (1, 0)
    assert network.send_letters().sent == 0, "one letter is due"
    ((recipient, text),) = network.read_letters()
    assert recipient == ADDRESS and "Nobody can find the entry" in text
    (token,) = network.read_tokens()
    assert expert_links.open_expert_link(network.desk, token).details == DETAILS
    expert_links.confirm_by_link(network.desk, token)
    (expert,) = experts.search_experts(network.desk, viewer, ExpertQuery(language="sq", crime="TIP"))
    assert (expert.state, expert.confirmed_on) == ("confirmed", "2026-07-06")
    assert experts.search_experts(network.desk, viewer, ExpertQuery(language="de")) == []
    assert "@" not in repr(expert), "what readers get holds no address"


def test_link_is_stored_hashed_and_works_once(network: Network) -> None:
    add_confirmed(network)
    (token,) = network.read_tokens()
    with open_read_transaction(network.desk.engine) as connection:
        assert token[:32] not in str(connection.execute(sa.select(EXPERT_LINK)).all())
    for broken, problem in ((token, "used"), (token[:-1], "cut"), ("A" * 36, "cut")):
        with pytest.raises(ExpertLinkError) as refused:
            expert_links.confirm_by_link(network.desk, broken)
        assert refused.value.problem == problem


def test_link_expires(network: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    experts.save_expert(network.desk, network.people["al-keeper"], DETAILS, ADDRESS)
    network.send_letters()
    monkeypatch.setenv("RTI_NOW", "2026-10-20T09:00:00Z")
    with pytest.raises(ExpertLinkError, match="too old"):
        expert_links.open_expert_link(network.desk, network.read_tokens()[0])


def test_expert_is_asked_each_quarter_and_stale_after_two(network: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    add_confirmed(network)
    viewer = network.people["me-viewer"]
    monkeypatch.setenv("RTI_NOW", OCTOBER)
    assert network.send_letters().sent == 1
    assert "Is your entry still correct" in str(
        sorted((network.desk.home.restricted / "outbox").glob("*"))[-1].read_text()
    )
    monkeypatch.setenv("RTI_NOW", "2026-12-18T09:00:00Z")
    assert network.send_letters().sent == 1, "14 days before the end of the quarter"
    assert [item.expert.state for item in experts.find_counterparts(network.desk, viewer, "ME", "AL", "TIP")] == ["due"]
    monkeypatch.setenv("RTI_NOW", APRIL)
    (expert,) = experts.search_experts(network.desk, viewer, ExpertQuery())
    assert expert.state == "stale"
    assert experts.find_counterparts(network.desk, viewer, "ME", "AL", "TIP") == []
    with pytest.raises(ExpertError, match="not been confirmed for two quarters"):
        experts.pass_message(network.desk, viewer, expert.expert_id, "Can you help with a request?")


def test_only_people_with_a_role_for_cooperation_look_up(network: Network) -> None:
    expert_id = add_confirmed(network)
    stranger = network.people["me-justice"]
    refused = [
        lambda: experts.search_experts(network.desk, stranger, ExpertQuery()),
        lambda: experts.find_counterparts(network.desk, stranger, "ME", "AL", "TIP"),
        lambda: experts.get_expert(network.desk, stranger, expert_id),
        lambda: experts.pass_message(network.desk, stranger, expert_id, "Can you help with a request?"),
        lambda: experts.list_kept_experts(network.desk, stranger),
        lambda: experts.save_own_expert(network.desk, stranger, replace(DETAILS, jurisdiction="ME"), ADDRESS),
    ]
    before = network.read_log()
    for act in refused:
        with pytest.raises(NotAllowedError):
            act()
    assert network.read_log() == before


def test_only_keepers_change_and_only_stewards_export(network: Network) -> None:
    expert_id = add_confirmed(network)
    viewer, keeper = network.people["me-viewer"], network.people["al-keeper"]
    for act in (
        lambda: experts.save_expert(network.desk, viewer, DETAILS, ADDRESS),
        lambda: experts.save_expert(network.desk, viewer, replace(DETAILS, jurisdiction="ME"), ADDRESS, expert_id),
        lambda: experts.save_expert(network.desk, keeper, replace(DETAILS, jurisdiction="ME"), ADDRESS),
        lambda: experts.erase_expert(network.desk, viewer, expert_id),
        lambda: experts.export_expert(network.desk, keeper, expert_id),
        lambda: experts.list_expert_uses(network.desk, keeper),
        lambda: experts.erase_own_expert(network.desk, keeper),
    ):
        with pytest.raises(NotAllowedError):
            act()
    assert experts.list_own_places(network.desk, viewer) == ["ME"]
    assert "BA_FED" in experts.list_expert_places(network.desk, network.people["head"])
    changed = replace(DETAILS, position="Expert 2 of the office")
    experts.save_expert(network.desk, keeper, changed, "", expert_id)
    assert experts.get_expert(network.desk, viewer, expert_id).details == changed
    experts.save_expert(network.desk, keeper, changed, "new@al.example", expert_id)
    assert experts.list_kept_experts(network.desk, keeper)[0].state == "unconfirmed", "a new address is confirmed again"


def test_token_has_fewer_rights_than_its_account(network: Network) -> None:
    by_token = replace(network.people["head"], grants=(Grant("viewer", "ME", "justice"),), token="t1")
    with pytest.raises(NotAllowedError):
        experts.search_experts(network.desk, by_token, ExpertQuery())


def test_every_look_up_is_in_the_log_for_the_steward(network: Network) -> None:
    expert_id = add_confirmed(network)
    viewer, head = network.people["me-viewer"], network.people["head"]
    experts.search_experts(network.desk, viewer, ExpertQuery(territory="AL", procedure="joint_team"))
    experts.find_counterparts(network.desk, viewer, "ME", "AL", "SOM")
    experts.get_expert(network.desk, viewer, expert_id)
    experts.pass_message(network.desk, viewer, expert_id, "Can you help with a request?")
    uses = [use for use in experts.list_expert_uses(network.desk, head) if use.account == "me-viewer"]
    assert [(use.action, dict(use.query), use.n_entries) for use in reversed(uses)] == [
        ("experts.look_up", {"territory": "AL", "procedure": "joint_team"}, 1),
        ("experts.look_up", {"from": "ME", "territory": "AL", "crime": "SOM"}, 1),
        ("experts.look_up", {"entry": "shown"}, 1),
        ("experts.message", {}, 1),
    ]
    assert {use.at for use in uses} == {JULY}


def test_message_is_mailed_and_not_stored(network: Network) -> None:
    expert_id = add_confirmed(network)
    text = "Could we speak about a joint team next week?"
    experts.pass_message(network.desk, network.people["me-viewer"], expert_id, text)
    recipient, letter = network.read_letters()[-1]
    assert recipient == ADDRESS
    assert text in letter and "me-viewer@office.example" in letter
    assert text not in json.dumps(network.read_log())
    with pytest.raises(ExpertError, match="10 to 2000 characters"):
        experts.pass_message(network.desk, network.people["me-viewer"], expert_id, "short")
    with pytest.raises(ExpertError, match="number of a person"):
        experts.pass_message(network.desk, network.people["me-viewer"], expert_id, "Suspect 0101990710008 moved.")


def test_own_entry_is_kept_exported_and_erased_by_its_expert(network: Network) -> None:
    viewer = network.people["me-viewer"]
    details = replace(DETAILS, jurisdiction="ME", languages=("cnr", "sr"))
    experts.save_own_expert(network.desk, viewer, details, "expert@me.example")
    with pytest.raises(ExpertError, match="Use the link"):
        experts.confirm_own_expert(network.desk, viewer)
    network.send_letters()
    expert_links.confirm_by_link(network.desk, network.read_tokens()[-1])
    experts.confirm_own_expert(network.desk, viewer)
    experts.search_experts(network.desk, network.people["al-keeper"], ExpertQuery(territory="ME"))
    export = experts.export_own_expert(network.desk, viewer)
    assert json.loads(json.dumps(export))["address"] == "expert@me.example"
    assert export["uses"] == [{"at": JULY, "action": "experts.look_up", "query": {"territory": "ME"}}]
    assert "al-keeper" not in json.dumps(export), "accounts of others are not part of it"
    assert len(export["links"]) == 1 and set(export["links"][0]) == {"created_at", "expires_at", "used_at"}
    experts.erase_own_expert(network.desk, viewer)
    assert experts.get_own_expert(network.desk, viewer) is None


def test_erased_entry_leaves_no_trace_of_whom(network: Network) -> None:
    expert_id = add_confirmed(network)
    experts.erase_expert(network.desk, network.people["al-keeper"], expert_id)
    entry = network.read_log()[-1]
    assert (entry["action"], entry["actor"], entry["subject"], entry["at"]) == (
        "experts.erase", "al-keeper", "experts", JULY,
    )  # fmt: skip
    assert entry["detail"] == {"because": "request"}
    log = json.dumps(network.read_log())
    assert not any(text in log for text in (ADDRESS, DETAILS.institution, DETAILS.position))
    folder = network.desk.home.restricted
    for path in folder.glob("ledger.sqlite*"):
        assert ADDRESS.encode() not in path.read_bytes(), path
    with pytest.raises(ExpertLinkError, match="not known, or the entry was deleted"):
        expert_links.open_expert_link(network.desk, network.read_tokens()[0])
    assert verify_ledger(network.desk.engine).good


def test_expert_erases_the_entry_by_link(network: Network) -> None:
    experts.save_expert(network.desk, network.people["al-keeper"], DETAILS, ADDRESS)
    network.send_letters()
    (token,) = network.read_tokens()
    assert expert_links.export_by_link(network.desk, token)["address"] == ADDRESS
    expert_links.erase_by_link(network.desk, token)
    assert experts.list_kept_experts(network.desk, network.people["head"]) == []
    assert network.read_log()[-2]["detail"] == {"because": "link"}


def test_entry_that_nobody_confirms_is_erased_after_sixty_days(
    network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    experts.save_expert(network.desk, network.people["al-keeper"], DETAILS, ADDRESS)
    monkeypatch.setenv("RTI_NOW", "2026-09-04T09:00:00Z")
    assert network.send_letters().erased == 0
    monkeypatch.setenv("RTI_NOW", "2026-09-05T09:00:00Z")
    assert network.send_letters().erased == 1
    assert experts.list_kept_experts(network.desk, network.people["head"]) == []


def test_letter_that_cannot_be_sent_is_tried_again(network: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    experts.save_expert(network.desk, network.people["al-keeper"], DETAILS, ADDRESS)
    monkeypatch.setenv("RTI_SMTP_URL", "smtp://127.0.0.1:1?tls=no")
    assert (network.send_letters().sent, network.send_letters().failed) == (0, 1)
    monkeypatch.delenv("RTI_SMTP_URL")
    assert network.send_letters().sent == 1


def test_network_works_in_both_databases(tmp_path: Path, database: str) -> None:
    with clock.freeze_time(clock.parse_time(JULY)):
        _, network = open_network(tmp_path)
        expert_id = add_confirmed(network)
        viewer = network.people["me-viewer"]
        assert len(experts.find_counterparts(network.desk, viewer, "ME", "AL", "TIP")) == 1
        experts.erase_expert(network.desk, network.people["head"], expert_id)
        with open_read_transaction(network.desk.engine) as connection:
            assert connection.execute(sa.select(sa.func.count()).select_from(EXPERT)).scalar_one() == 0
        network.desk.engine.dispose()
