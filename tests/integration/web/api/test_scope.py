"""Rights over HTTP: every route for every kind of token, against returns in every state; forged ids and tokens.

What is expected is a table written here by hand.  The desk's own functions are held to theirs in
`service/test_scope.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.core import clock
from pipelines.ledger.identity import SYSTEM, Grant
from pipelines.submissions.accounts import accounts, tokens
from pipelines.web.api import token_check
from pipelines.web.api.app import create_api
from tests.support.fakes import desk_fakes
from tests.support.fakes.api_routes import ACTS, LOOKS, ROUTES
from tests.support.fakes.desk_fakes import SENDER, get_identity, make_file
from tests.support.fakes.desk_world import DRAFTS, FORGED, LATER, World, make_world


@dataclass(frozen=True)
class Served:
    """A world over HTTP, with tokens by name."""

    world: World
    client: TestClient
    tokens: dict[str, str]

    def ask(self, token: str, method: str, path: str, **more: Any) -> Any:
        head = {"Authorization": f"Bearer {self.tokens.get(token, token)}", **more.pop("headers", {})}
        return self.client.request(method, path, headers=head, **more)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with pytest.MonkeyPatch.context() as patch:
        desk_fakes.install_fakes(patch)
        world = make_world(tmp_path_factory.mktemp("served"))
        patch.setattr(token_check, "WRONG_PER_MINUTE", 100_000)
        yield Served(world, TestClient(create_api(world.desk), raise_server_exceptions=False), _tokens(world))


SEES_ALL = ("steward", "submitter", "approver", "qq justice approver", "sender's token")
SEES_LATER = ("viewer", "viewer's part of the sender's")
SEES_NOTHING = ("rr approver", "rr steward", "qq victims steward", "no role", "rr part of the sender's")


def _tokens(world: World) -> dict[str, str]:
    engine = world.desk.engine
    grants = {
        "steward": Grant("steward"),
        "submitter": Grant("submitter", "QQ"),
        "approver": Grant("approver", "QQ"),
        "qq justice approver": Grant("approver", "QQ", "justice"),
        "viewer": Grant("viewer", "QQ"),
        "rr approver": Grant("approver", "RR"),
        "rr steward": Grant("steward", "RR"),
        "qq victims steward": Grant("steward", "QQ", "victims"),
        "no role": Grant("viewer", "RR"),
    }
    out = {}
    for number, (name, grant) in enumerate(grants.items()):
        account = f"token-{number}"
        accounts.create_account(engine, account, name, grants=[grant], by=SYSTEM)
        out[name] = tokens.issue_token(engine, get_identity(world.desk, account), name).text
        if name == "no role":
            accounts.revoke_role(engine, account, grant, by=SYSTEM)
    sender = get_identity(world.desk, SENDER)
    for extra in (Grant("submitter", "RR"), Grant("viewer", "QQ")):
        accounts.grant_role(engine, SENDER, extra, by=SYSTEM)
    sender = get_identity(world.desk, SENDER)
    narrowed = {
        "sender's token": [Grant("submitter", "QQ")],
        "viewer's part of the sender's": [Grant("viewer", "QQ")],
        "rr part of the sender's": [Grant("submitter", "RR")],
    }
    out |= {name: tokens.issue_token(engine, sender, name, grants=g).text for name, g in narrowed.items()}
    return out


def _expected(token: str, state: str) -> bool:
    if state == "received" or token in SEES_NOTHING:
        return False
    return token in SEES_ALL or (token in SEES_LATER and state in LATER)


def test_every_kind_of_token_is_in_the_table(served: Served) -> None:
    assert set(served.tokens) == {*SEES_ALL, *SEES_LATER, *SEES_NOTHING}


@pytest.mark.parametrize("token", [*SEES_ALL, *SEES_LATER, *SEES_NOTHING])
def test_each_route_answers_only_whose_it_is(served: Served, token: str) -> None:
    before = served.world.read_state()
    not_there = served.ask(token, "GET", f"/v1/submissions/{FORGED}").json()
    listed = {s["submission_id"] for s in served.ask(token, "GET", "/v1/submissions").json()}
    for state in (*DRAFTS, *LATER):
        identity = served.world.ids[state]
        expected = _expected(token, state)
        assert (identity in listed) is expected, (token, state)
        for look in LOOKS:
            if expected and look == "/annotated" and (token, state) != ("submitter", "checked"):
                continue  # a workbook takes seconds, and its making asks nobody's right again
            answer = served.ask(token, "GET", f"/v1/submissions/{identity}{look}")
            if expected:
                receipted = state in ("sent", "approved", "published", "withdrawn later")
                expected_status = 404 if look == "/receipt" and not receipted else 200
                assert answer.status_code == expected_status, (token, state, look, answer.text)
            else:
                assert (answer.status_code, answer.json()) == (404, not_there), (token, state, look)
        if expected:
            continue
        for act, body in ACTS.items():
            answer = served.ask(token, "POST", f"/v1/submissions/{identity}{act}", json=body)
            assert (answer.status_code, answer.json()) == (404, not_there), (token, state, act)
    for act, body in ACTS.items():
        answer = served.ask(token, "POST", f"/v1/submissions/{FORGED}{act}", json=body)
        assert (answer.status_code, answer.json()) == (404, not_there)
    assert served.world.read_state() == before


@pytest.mark.parametrize(
    ("token", "act", "state"),
    [
        ("viewer", "/approve", "sent"),
        ("viewer", "/return", "sent"),
        ("viewer", "/withdraw", "approved"),
        ("viewer", "/send", "sent"),
        ("submitter", "/approve", "sent"),
        ("submitter", "/justify", "checked"),  # another's draft of the same office
        ("submitter", "/send", "checked"),
        ("submitter", "/withdraw", "checked"),
        ("approver", "/justify", "checked"),
        ("approver", "/send", "checked"),
        ("steward", "/approve", "sent"),  # without the override
        ("steward", "/send", "checked"),
        ("sender's token", "/approve", "sent"),
        ("sender's token", "/return", "sent"),
        ("viewer", "/ask-withdrawal", "approved"),
        ("steward", "/ask-withdrawal", "approved"),  # a steward withdraws by override, and asks nobody
        ("viewer's part of the sender's", "/ask-withdrawal", "published"),
        ("viewer's part of the sender's", "/withdraw", "sent"),
        ("viewer's part of the sender's", "/approve", "sent"),
    ],
)
def test_what_may_be_seen_may_not_be_done(served: Served, token: str, act: str, state: str) -> None:
    before = served.world.read_state()
    answer = served.ask(token, "POST", f"/v1/submissions/{served.world.ids[state]}{act}", json=ACTS[act])
    assert answer.status_code == 403, answer.text
    if token != "steward":
        asked = {"override": True, "comment": "in the office's stead"}
        path = f"/v1/submissions/{served.world.ids['sent']}/approve"
        assert served.ask(token, "POST", path, json=asked).status_code == 403
    assert served.world.read_state() == before


@pytest.mark.parametrize("token", ["rr approver", "viewer", "rr part of the sender's", "no role", "approver"])
def test_what_is_not_ones_own_is_not_handed_in(served: Served, token: str) -> None:
    before = served.world.read_state()
    head = {"X-Filename": "a.csv"}
    answer = served.ask(token, "POST", "/v1/submissions?send=true", content=make_file(value=66), headers=head)
    assert answer.status_code in (403, 422)
    # Also not by claiming that it corrects what is there, or under another form's name.
    for query in (f"corrects={served.world.ids['sent']}", f"corrects={FORGED}", "form=QQ-JUSTICE-1"):
        again = served.ask(token, "POST", f"/v1/submissions?{query}", content=make_file(value=66), headers=head)
        assert again.status_code in (403, 404, 422)
    nil = {"form": "QQ-JUSTICE-1", "periods": ["2025-Q1"], "send": True}
    assert served.ask(token, "POST", "/v1/nil", json=nil).status_code == 403
    assert served.world.read_state() == before


def test_the_same_bytes_as_anothers_tell_nothing(served: Served) -> None:
    head = {"X-Filename": "return.csv"}
    known = served.ask("rr approver", "POST", "/v1/submissions", content=make_file(period="2024-Q2"), headers=head)
    fresh = served.ask(
        "rr approver", "POST", "/v1/submissions", content=make_file(period="2024-Q2", value=9), headers=head
    )
    assert (known.status_code, known.json()) == (fresh.status_code, fresh.json())
    narrow = "rr part of the sender's"
    known = served.ask(narrow, "POST", "/v1/submissions", content=make_file(period="2024-Q2"), headers=head).json()
    assert (known["result"]["same_file"], known["result"]["submission_id"]) == ([], None)


def test_templates_and_timetable_are_ones_own(served: Served) -> None:
    foreign = served.ask("rr approver", "GET", "/v1/templates/QQ-JUSTICE-1/2025-Q4")
    missing = served.ask("rr approver", "GET", "/v1/templates/NONE/2025-Q4")
    assert (foreign.status_code, foreign.json()) == (404, missing.json())


# --------------------------------------------------------------------------------------------------------------- tokens


def _every_route(served: Served) -> list[tuple[str, str]]:
    known = served.world.ids["sent"]
    looks = [("GET", f"/v1/submissions/{known}{look}") for look in LOOKS]
    return [*ROUTES, *looks, *(("POST", f"/v1/submissions/{known}{act}") for act in ACTS)]


def test_without_a_good_token_every_route_says_the_same(served: Served) -> None:
    # Hundreds of wrong tokens from one address: the limit on them is tested in test_app.py.
    engine = served.world.desk.engine
    before = served.world.read_state()[0], served.world.read_state()[2]
    steward = get_identity(served.world.desk, "the-steward")
    revoked, expired = (tokens.issue_token(engine, steward, label) for label in ("revoked", "expired"))
    tokens.revoke_token(engine, steward, revoked.token_id)
    accounts.create_account(engine, "disabled-one", "Disabled", grants=[Grant("steward")], by=SYSTEM)
    disabled = tokens.issue_token(engine, get_identity(served.world.desk, "disabled-one"), "disabled")
    accounts.disable_account(engine, "disabled-one", by=SYSTEM)
    good = tokens.issue_token(engine, steward, "good").text
    bad = [
        "", "x", "rti_", good[:-1], good + "x", good[:-1] + ("a" if good[-1] != "a" else "b"), good.upper(),
        "rti_" + "0" * 16 + good[20:], revoked.text, disabled.text,
    ]  # fmt: skip
    answers = set()
    for method, path in _every_route(served):
        answers.add(served.client.request(method, path).text)
        answers.add(served.client.request(method, path, headers={"Authorization": f"Basic {good}"}).text)
        answers.add(served.client.request(method, f"{path}?token={good}&access_token={good}").text)
        for text in bad:
            answer = served.ask(text, method, path)
            assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer"), (method, path, text)
            answers.add(answer.text)
    with clock.freeze_time(expired.expires_at):
        answers |= {served.ask(expired.text, method, path).text for method, path in _every_route(served)}
    assert len(answers) == 1
    assert (served.world.read_state()[0], served.world.read_state()[2]) == before
    assert served.ask(good, "GET", "/v1/submissions").status_code == 200


def test_a_role_that_is_taken_away_is_gone_at_once(served: Served) -> None:
    engine = served.world.desk.engine
    accounts.create_account(engine, "leaving-one", "Leaving", grants=[Grant("approver", "QQ")], by=SYSTEM)
    text = tokens.issue_token(engine, get_identity(served.world.desk, "leaving-one"), "leaving").text
    path = f"/v1/submissions/{served.world.ids['sent']}"
    assert served.ask(text, "GET", path).status_code == 200
    accounts.revoke_role(engine, "leaving-one", Grant("approver", "QQ"), by=SYSTEM)
    assert served.ask(text, "GET", path).status_code == 404
    assert served.ask(text, "POST", f"{path}/approve").status_code == 404


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    text=st.one_of(
        st.from_regex(r"S[0-9a-f]{15}", fullmatch=True), st.text(min_size=1, max_size=30), st.sampled_from([
            "..", "%2e%2e", "S%", "*", "' or 1=1 --", "\x00", "S0123456789abcde/../S0123456789abcde", "\udcff", "．．",
        ])
    ),
    token=st.sampled_from(["rr approver", "steward", "viewer"]),
    look=st.sampled_from([*LOOKS, *ACTS]),
)  # fmt: skip
def test_no_made_up_id_opens_anything(served: Served, text: str, token: str, look: str) -> None:
    from urllib.parse import quote

    if text in served.world.ids.values():
        return
    path = f"/v1/submissions/{quote(text, safe='', errors='surrogatepass')}{look}"
    method = "POST" if look in ACTS else "GET"
    answer = served.ask(token, method, path, **({"json": ACTS[look]} if look in ACTS else {}))
    assert answer.status_code in (404, 405, 422), (path, answer.text)
    assert answer.headers["content-type"] == "application/problem+json"
