"""Every door that opens on a return, an account or a token, found by looking at the code: none is left unguarded.

The tables of who may what are in `test_scope.py`, `web/api/test_scope.py`, `test_figures.py`, `test_practice.py`
and `accounts/test_accounts.py`.  What is here fails where a function, an address or a page is new and asks nobody's
right, or stands in no table.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient

from pipelines.ledger import audit_log
from pipelines.ledger.database import open_read_transaction
from pipelines.ledger.identity import Grant, Identity, NotAllowedError
from pipelines.submissions import service as door
from pipelines.submissions.accounts import accounts, password_sign_in
from pipelines.submissions.service.rights import NotThereError
from pipelines.web.api.app import create_api
from tests.support.fakes import api_routes, desk_fakes, desk_world
from tests.support.fakes.desk_fakes import make_file
from tests.support.fakes.desk_world import FORGED, World, make_world

OF_NO_SUBMISSION = {
    # test_scope.py, test_desk.py, test_one_road.py
    "entries.reported_periods", "entries.submission_page", "entries.list_submissions",
    "handing_in.declare_nil", "handing_in.hand_in", "reports.read_accepted_figures",
    "reports.read_last_totals", "uploading.check_file",
    "uploading.upload_nil", "uploading.upload_file",
    # test_figures.py, test_practice.py
    "figures.list_areas", "figures.read_figures", "practice.colleague_sends", "practice.open",
    "practice.reset_practice", "practice.make_practice_identity",
    # test_acts.py
    "acts.approve_many", "entries.list_requested_withdrawals",
    # what the others ask
    "rights.may_see",
}  # fmt: skip
"""Functions of the desk that name no submission: what each gives and refuses is tested by hand."""
FUNCTIONS = {
    "approve": "approve_submission", "justify": "justify_warnings", "send": "send_submission",
    "withdraw": "withdraw_submission",
}  # fmt: skip
"""The function of an act, where it has another name."""
GIVEN: dict[str, Any] = {
    "reason": "late_data", "comment": "it was the wrong file", "text": "one case of many persons",
    "finding_key": None, "periods": 4,
}  # fmt: skip


def _doors() -> Iterator[tuple[str, Callable[..., Any]]]:
    """Every public function below `pipelines/submissions/service/` that is told of a desk and of a person."""
    for found in pkgutil.walk_packages(door.__path__, f"{door.__name__}."):
        module = importlib.import_module(found.name)
        for name, made in vars(module).items():
            if not inspect.isfunction(made) or name.startswith("_") or made.__module__ != module.__name__:
                continue
            parameters = set(inspect.signature(made).parameters)
            if parameters & {"desk", "practice"} and parameters & {"who", "person"}:
                yield f"{found.name.removeprefix(door.__name__ + '.')}.{name}", made


DOORS = dict(_doors())
OF_A_SUBMISSION = sorted(name for name, made in DOORS.items() if "submission_id" in inspect.signature(made).parameters)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with pytest.MonkeyPatch.context() as patch:
        desk_fakes.install_fakes(patch)
        yield make_world(tmp_path_factory.mktemp("doors"))


def test_every_function_of_the_desk_stands_in_a_table() -> None:
    at_practice = {name for name in DOORS if name.startswith("practice.colleague_")}
    tested = {"rights.get_visible"} | {
        f"{made.__module__.rpartition('.')[2]}.{made.__name__}" for made in desk_world.LOOKS.values()
    }
    acts = {name.replace("override_withdrawal", "withdraw").replace("override", "approve") for name in desk_world.ACTS}
    functions = {FUNCTIONS.get(act, act) for act in acts}
    tested |= {name for name in OF_A_SUBMISSION if name.partition(".")[2] in functions}
    assert tested | OF_NO_SUBMISSION | at_practice == DOORS.keys()


def _call(made: Callable[..., Any], desk: Any, person: Identity, submission_id: str) -> None:
    given = {**GIVEN, "desk": desk, "practice": desk, "who": person, "person": person, "submission_id": submission_id}
    parameters = inspect.signature(made).parameters.values()
    missing = [one.name for one in parameters if one.default is one.empty and one.name not in given]
    assert not missing, f"say in GIVEN what this test gives for {missing}"
    made(**{one.name: given[one.name] for one in parameters if one.name in given})


@pytest.mark.parametrize("name", OF_A_SUBMISSION)
def test_no_function_of_the_desk_tells_a_stranger_of_a_submission(world: World, name: str) -> None:
    before = world.read_state()
    strangers = (
        Identity("nobody", "Nobody", "en", ()),
        Identity("rr-approver", "Another office", "en", (Grant("approver", "RR"), Grant("steward", "RR"))),
        Identity("qq-victims", "Another desk", "en", (Grant("steward", "QQ", "victims"),)),
        Identity(desk_fakes.SENDER, "Its sender's token", "en", (Grant("submitter", "RR"),), "t1"),
    )
    # At practice everything is allowed, and nothing that is called so opens the real desk.
    refusal: type[Exception] = ValueError if name.startswith("practice.") else NotThereError
    for person in strangers:
        for identity in (*world.ids.values(), FORGED):
            with pytest.raises(refusal):
                _call(DOORS[name], world.desk, person, identity)
    assert world.read_state() == before


# ------------------------------------------------------------------------------------------------------------ addresses

OPEN = {("GET", "/"), ("GET", "/openapi.json")}
"""What the service says of itself to everybody."""


def _addresses(routes: Any, before: str = "") -> Iterator[tuple[str, str]]:
    """Method and path of every route, those that the description leaves out among them."""
    for route in routes:
        if (inside := getattr(route, "original_router", None)) is not None:
            yield from _addresses(inside.routes, before)
        else:
            yield from ((method, before + route.path) for method in route.methods - {"HEAD"})


def test_every_address_of_the_api_stands_in_a_table_and_asks_for_a_token(world: World) -> None:
    app = create_api(world.desk)
    addresses = set(_addresses(app.routes))
    described = {(method.upper(), path) for path, methods in app.openapi()["paths"].items() for method in methods}
    assert described <= addresses and addresses - described <= OPEN
    one = "/v1/submissions/{submission_id}"
    tested = {("GET", one + look) for look in api_routes.LOOKS} | {("POST", one + act) for act in api_routes.ACTS}
    plain = {(method, path.replace("QQ-JUSTICE-1/2025-Q4", "{form}/{period}")) for method, path in api_routes.ROUTES}
    assert addresses == tested | plain | OPEN
    client = TestClient(app, raise_server_exceptions=False)
    before = world.read_state()
    for method, path in addresses - OPEN:
        asked = path.format(submission_id=world.ids["sent"], form="QQ-JUSTICE-1", period="2025-Q4")
        for body in ({"content": make_file()}, {"json": {**api_routes.GONE, **api_routes.WORDS}}):
            assert client.request(method, asked, **body).status_code == 401, (method, path)
    assert world.read_state() == before


def test_every_address_of_the_portal_asks_who_acts_before_anything_else() -> None:
    """`test_doors.py` tries each address as nobody, as a stranger, and without the token of a form."""
    from fastapi.routing import APIRoute

    from dashboards.office import pages
    from dashboards.office.requests import enter_page

    def asks(dependant: Any) -> bool:
        return dependant.call is enter_page or any(asks(inner) for inner in dependant.dependencies)

    routes = [route for router in (pages.language.router, *(p.router for p in pages.PAGES)) for route in router.routes]
    addresses = {route.path: asks(route.dependant) for route in routes if isinstance(route, APIRoute)}
    assert len(addresses) == len({getattr(route, "path", "") for route in routes}) > 40
    assert [path for path, has_asked in addresses.items() if not has_asked] == []


# --------------------------------------------------------------------------------------------------------------- people

KEPT: dict[str, Any] = {
    "display_name": "Somebody", "role_grant": Grant("steward"), "revoked_grant": Grant("approver", "QQ"),
    "language": "sq", "email": "me@example.org", "issuer": "https://id.example.org", "subject": "17",
    "accounts": [accounts.NewAccount("a-friend", "A friend", (Grant("steward"),))],
}  # fmt: skip
KEEPERS = {
    name: made
    for name, made in (vars(password_sign_in) | vars(accounts)).items()
    if inspect.isfunction(made)
    and not name.startswith("_")
    and {"engine", "by"} <= set(inspect.signature(made).parameters)
}


def test_every_change_of_an_account_is_among_those_tried() -> None:
    assert KEEPERS.keys() == {
        "create_account", "create_many", "disable_account", "enable_account", "grant_role", "link_provider",
        "reset_password", "revoke_role", "set_email",
        "set_language",
    }  # fmt: skip


@pytest.mark.parametrize("name", sorted(KEEPERS))
@pytest.mark.parametrize("by", ["qq-approver", "rr-sender", "nobody-yet", "not there", ""])
def test_nobody_but_a_steward_changes_anothers_account(world: World, name: str, by: str) -> None:
    with open_read_transaction(world.desk.engine) as connection:
        before = audit_log.read_head(connection)
    there = {one.account_id: one for one in accounts.all_accounts(world.desk.engine)}
    for account in ("qq-sender", "the-steward", "a-friend"):
        parameters = inspect.signature(KEEPERS[name]).parameters
        given = {**KEPT, "engine": world.desk.engine, "account_id": account, "by": by}
        given = {key: value for key, value in given.items() if key in parameters}
        with pytest.raises(NotAllowedError):
            KEEPERS[name](**given)
    with open_read_transaction(world.desk.engine) as connection:
        assert audit_log.read_head(connection) == before
    assert {one.account_id: one for one in accounts.all_accounts(world.desk.engine)} == there
