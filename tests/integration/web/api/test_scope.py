"""Tests of access over HTTP: every route for every kind of token, on returns in every state; forged ids and tokens.

The expected access is a table written by hand. `service/test_scope.py` tests the desk's own functions.
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
from tests.support.sampling import count_examples


@dataclass(frozen=True)
class Served:
    """A world over HTTP, with tokens by name."""

    world: World
    client: TestClient
    tokens: dict[str, str]

    def send_request(self, token: str, method: str, path: str, **options: Any) -> Any:
        headers = {"Authorization": f"Bearer {self.tokens.get(token, token)}", **options.pop("headers", {})}
        return self.client.request(method, path, headers=headers, **options)


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
    tokens_by_name = {}
    for number, (name, grant) in enumerate(grants.items()):
        account = f"token-{number}"
        accounts.create_account(engine, account, name, grants=[grant], by=SYSTEM)
        tokens_by_name[name] = tokens.issue_token(engine, get_identity(world.desk, account), name).text
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
    tokens_by_name |= {name: tokens.issue_token(engine, sender, name, grants=g).text for name, g in narrowed.items()}
    return tokens_by_name


def _is_visible(token: str, state: str) -> bool:
    if state == "received" or token in SEES_NOTHING:
        return False
    return token in SEES_ALL or (token in SEES_LATER and state in LATER)


def test_table_covers_every_kind_of_token(served: Served) -> None:
    assert set(served.tokens) == {*SEES_ALL, *SEES_LATER, *SEES_NOTHING}


@pytest.mark.parametrize("token", [*SEES_ALL, *SEES_LATER, *SEES_NOTHING])
def test_routes_answer_only_people_with_access(served: Served, token: str) -> None:
    before = served.world.read_state()
    missing_answer = served.send_request(token, "GET", f"/v1/submissions/{FORGED}").json()
    listed = {s["submission_id"] for s in served.send_request(token, "GET", "/v1/submissions").json()}
    for state in (*DRAFTS, *LATER):
        identity = served.world.ids[state]
        is_visible = _is_visible(token, state)
        assert (identity in listed) is is_visible, (token, state)
        for look in LOOKS:
            if is_visible and look == "/annotated" and (token, state) != ("submitter", "checked"):
                continue  # a workbook takes seconds and has no access check of its own
            answer = served.send_request(token, "GET", f"/v1/submissions/{identity}{look}")
            if is_visible:
                receipted = state in ("sent", "approved", "published", "withdrawn later")
                expected_status = 404 if look == "/receipt" and not receipted else 200
                assert answer.status_code == expected_status, (token, state, look, answer.text)
            else:
                assert (answer.status_code, answer.json()) == (404, missing_answer), (token, state, look)
        if is_visible:
            continue
        for act, body in ACTS.items():
            answer = served.send_request(token, "POST", f"/v1/submissions/{identity}{act}", json=body)
            assert (answer.status_code, answer.json()) == (404, missing_answer), (token, state, act)
    for act, body in ACTS.items():
        answer = served.send_request(token, "POST", f"/v1/submissions/{FORGED}{act}", json=body)
        assert (answer.status_code, answer.json()) == (404, missing_answer)
    assert served.world.read_state() == before


@pytest.mark.parametrize(
    ("token", "act", "state"),
    [
        ("viewer", "/approve", "sent"),
        ("viewer", "/return", "sent"),
        ("viewer", "/withdraw", "approved"),
        ("viewer", "/send", "sent"),
        ("submitter", "/approve", "sent"),
        ("submitter", "/justify", "checked"),  # a draft of another person of the same office
        ("submitter", "/send", "checked"),
        ("submitter", "/withdraw", "checked"),
        ("approver", "/justify", "checked"),
        ("approver", "/send", "checked"),
        ("steward", "/approve", "sent"),  # without the override
        ("steward", "/send", "checked"),
        ("sender's token", "/approve", "sent"),
        ("sender's token", "/return", "sent"),
        ("viewer", "/ask-withdrawal", "approved"),
        ("steward", "/ask-withdrawal", "approved"),  # a steward withdraws by override instead
        ("viewer's part of the sender's", "/ask-withdrawal", "published"),
        ("viewer's part of the sender's", "/withdraw", "sent"),
        ("viewer's part of the sender's", "/approve", "sent"),
    ],
)
def test_visible_return_cannot_be_changed_without_the_role(served: Served, token: str, act: str, state: str) -> None:
    before = served.world.read_state()
    answer = served.send_request(token, "POST", f"/v1/submissions/{served.world.ids[state]}{act}", json=ACTS[act])
    assert answer.status_code == 403, answer.text
    if token != "steward":
        override = {"override": True, "comment": "in the office's stead"}
        path = f"/v1/submissions/{served.world.ids['sent']}/approve"
        assert served.send_request(token, "POST", path, json=override).status_code == 403
    assert served.world.read_state() == before


@pytest.mark.parametrize("token", ["rr approver", "viewer", "rr part of the sender's", "no role", "approver"])
def test_return_of_another_office_cannot_be_submitted(served: Served, token: str) -> None:
    before = served.world.read_state()
    head = {"X-Filename": "a.csv"}
    answer = served.send_request(token, "POST", "/v1/submissions?send=true", content=make_file(value=66), headers=head)
    assert answer.status_code in (403, 422)
    # Claiming to correct an existing return or naming the form does not help.
    for query in (f"corrects={served.world.ids['sent']}", f"corrects={FORGED}", "form=QQ-JUSTICE-1"):
        second_answer = served.send_request(
            token, "POST", f"/v1/submissions?{query}", content=make_file(value=66), headers=head
        )
        assert second_answer.status_code in (403, 404, 422)
    nil = {"form": "QQ-JUSTICE-1", "periods": ["2025-Q1"], "send": True}
    assert served.send_request(token, "POST", "/v1/nil", json=nil).status_code == 403
    assert served.world.read_state() == before


def test_uploading_known_bytes_of_another_office_reveals_nothing(served: Served) -> None:
    head = {"X-Filename": "return.csv"}
    known_answer = served.send_request(
        "rr approver", "POST", "/v1/submissions", content=make_file(period="2024-Q2"), headers=head
    )
    fresh_answer = served.send_request(
        "rr approver", "POST", "/v1/submissions", content=make_file(period="2024-Q2", value=9), headers=head
    )
    assert (known_answer.status_code, known_answer.json()) == (fresh_answer.status_code, fresh_answer.json())
    narrow = "rr part of the sender's"
    known_answer = served.send_request(
        narrow, "POST", "/v1/submissions", content=make_file(period="2024-Q2"), headers=head
    ).json()
    assert (known_answer["result"]["same_file"], known_answer["result"]["submission_id"]) == ([], None)


def test_template_of_another_office_is_not_found(served: Served) -> None:
    foreign = served.send_request("rr approver", "GET", "/v1/templates/QQ-JUSTICE-1/2025-Q4")
    missing = served.send_request("rr approver", "GET", "/v1/templates/NONE/2025-Q4")
    assert (foreign.status_code, foreign.json()) == (404, missing.json())


# --------------------------------------------------------------------------------------------------------------- tokens


def _every_route(served: Served) -> list[tuple[str, str]]:
    submission_id = served.world.ids["sent"]
    looks = [("GET", f"/v1/submissions/{submission_id}{look}") for look in LOOKS]
    return [*ROUTES, *looks, *(("POST", f"/v1/submissions/{submission_id}{act}") for act in ACTS)]


def test_every_route_gives_the_same_answer_without_a_valid_token(served: Served) -> None:
    # This sends hundreds of wrong tokens from one address; test_app.py tests the limit on them.
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
            answer = served.send_request(text, method, path)
            assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer"), (method, path, text)
            answers.add(answer.text)
    with clock.freeze_time(expired.expires_at):
        answers |= {served.send_request(expired.text, method, path).text for method, path in _every_route(served)}
    assert len(answers) == 1
    assert (served.world.read_state()[0], served.world.read_state()[2]) == before
    assert served.send_request(good, "GET", "/v1/submissions").status_code == 200


def test_revoked_role_is_gone_at_once(served: Served) -> None:
    engine = served.world.desk.engine
    accounts.create_account(engine, "leaving-one", "Leaving", grants=[Grant("approver", "QQ")], by=SYSTEM)
    text = tokens.issue_token(engine, get_identity(served.world.desk, "leaving-one"), "leaving").text
    path = f"/v1/submissions/{served.world.ids['sent']}"
    assert served.send_request(text, "GET", path).status_code == 200
    accounts.revoke_role(engine, "leaving-one", Grant("approver", "QQ"), by=SYSTEM)
    assert served.send_request(text, "GET", path).status_code == 404
    assert served.send_request(text, "POST", f"{path}/approve").status_code == 404


@settings(max_examples=count_examples(150), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    text=st.one_of(
        st.from_regex(r"S[0-9a-f]{15}", fullmatch=True), st.text(min_size=1, max_size=30), st.sampled_from([
            "..", "%2e%2e", "S%", "*", "' or 1=1 --", "\x00", "S0123456789abcde/../S0123456789abcde", "\udcff", "．．",
        ])
    ),
    token=st.sampled_from(["rr approver", "steward", "viewer"]),
    look=st.sampled_from([*LOOKS, *ACTS]),
)  # fmt: skip
def test_invented_ids_open_nothing(served: Served, text: str, token: str, look: str) -> None:
    from urllib.parse import quote

    if text in served.world.ids.values():
        return
    path = f"/v1/submissions/{quote(text, safe='', errors='surrogatepass')}{look}"
    method = "POST" if look in ACTS else "GET"
    answer = served.send_request(token, method, path, **({"json": ACTS[look]} if look in ACTS else {}))
    assert answer.status_code in (404, 405, 422), (path, answer.text)
    assert answer.headers["content-type"] == "application/problem+json"
