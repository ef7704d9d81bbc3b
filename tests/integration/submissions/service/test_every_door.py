"""Every function and address that gives access to a return, an account or a token, found by inspecting the code.

The tables of permissions are in `test_scope.py`, `web/api/test_scope.py`, `test_figures.py`, `test_practice.py`
and `accounts/test_accounts.py`.  These tests fail for a new function, address or page that checks no right
or is missing from the tables.
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
    "figures.list_areas", "figures.read_figures", "figures.find_records", "practice.colleague_sends", "practice.open",
    "practice.reset_practice", "practice.make_practice_identity",
    # test_acts.py
    "acts.approve_many", "entries.list_requested_withdrawals",
    # test_law.py, test_treaties.py and test_provisions.py of the office pages, test_assessments.py,
    # test_treaty_statements.py, test_provision_statements.py
    "law.list_law_jurisdictions", "law.list_proposals", "law.propose_assessment", "law.approve_proposal",
    "law.reject_proposal", "law.withdraw_proposal", "law.list_statements", "law.list_treaty_territories",
    "law.propose_statement", "law.list_provisions", "law.list_provision_statements", "law.propose_provision_statement",
    # test_experts.py of the service
    "experts.confirm_own_expert", "experts.erase_expert", "experts.erase_own_expert", "experts.export_expert",
    "experts.export_own_expert", "experts.find_counterparts", "experts.get_expert", "experts.get_own_expert",
    "experts.list_expert_places", "experts.list_expert_uses", "experts.list_kept_experts", "experts.list_own_places",
    "experts.has_address", "experts.pass_message", "experts.save_expert", "experts.save_own_expert",
    "experts.search_experts",
    # used by the others
    "rights.may_see",
}  # fmt: skip
"""Functions of the desk without a submission: each has its own tests."""
FUNCTIONS = {
    "approve": "approve_submission", "justify": "justify_warnings", "send": "send_submission",
    "withdraw": "withdraw_submission",
}  # fmt: skip
"""Function of an act, if its name differs."""
DESK_ARGUMENTS: dict[str, Any] = {
    "reason": "late_data", "comment": "it was the wrong file", "text": "one case of many persons",
    "finding_key": None, "periods": 4,
}  # fmt: skip


def _find_doors() -> Iterator[tuple[str, Callable[..., Any]]]:
    """Yield every public function below `pipelines/submissions/service/` that takes a desk and a person."""
    for package in pkgutil.walk_packages(door.__path__, f"{door.__name__}."):
        module = importlib.import_module(package.name)
        for name, function in vars(module).items():
            if not inspect.isfunction(function) or name.startswith("_") or function.__module__ != module.__name__:
                continue
            parameters = set(inspect.signature(function).parameters)
            if parameters & {"desk", "practice"} and parameters & {"who", "person"}:
                yield f"{package.name.removeprefix(door.__name__ + '.')}.{name}", function


DOORS = dict(_find_doors())
OF_A_SUBMISSION = sorted(
    name for name, function in DOORS.items() if "submission_id" in inspect.signature(function).parameters
)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with pytest.MonkeyPatch.context() as patch:
        desk_fakes.install_fakes(patch)
        yield make_world(tmp_path_factory.mktemp("doors"))


def test_each_function_of_desk_is_in_a_table() -> None:
    at_practice = {name for name in DOORS if name.startswith("practice.colleague_")}
    tested = {"rights.get_visible"} | {
        f"{function.__module__.rpartition('.')[2]}.{function.__name__}" for function in desk_world.LOOKS.values()
    }
    acts = {name.replace("override_withdrawal", "withdraw").replace("override", "approve") for name in desk_world.ACTS}
    functions = {FUNCTIONS.get(act, act) for act in acts}
    tested |= {name for name in OF_A_SUBMISSION if name.partition(".")[2] in functions}
    assert tested | OF_NO_SUBMISSION | at_practice == DOORS.keys()


def _call_door(function: Callable[..., Any], desk: Any, person: Identity, submission_id: str) -> None:
    arguments = {
        **DESK_ARGUMENTS,
        "desk": desk,
        "practice": desk,
        "who": person,
        "person": person,
        "submission_id": submission_id,
    }
    parameters = inspect.signature(function).parameters.values()
    missing = [
        parameter.name
        for parameter in parameters
        if parameter.default is parameter.empty and parameter.name not in arguments
    ]
    assert not missing, f"add {missing} to DESK_ARGUMENTS"
    function(**{parameter.name: arguments[parameter.name] for parameter in parameters if parameter.name in arguments})


@pytest.mark.parametrize("name", OF_A_SUBMISSION)
def test_desk_functions_refuse_strangers(world: World, name: str) -> None:
    before = world.read_state()
    strangers = (
        Identity("nobody", "Nobody", "en", ()),
        Identity("rr-approver", "Another office", "en", (Grant("approver", "RR"), Grant("steward", "RR"))),
        Identity("qq-victims", "Another desk", "en", (Grant("steward", "QQ", "victims"),)),
        Identity(desk_fakes.SENDER, "Its sender's token", "en", (Grant("submitter", "RR"),), "t1"),
    )
    # Practice allows everything, and its functions never open the real desk.
    refusal: type[Exception] = ValueError if name.startswith("practice.") else NotThereError
    for person in strangers:
        for identity in (*world.ids.values(), FORGED):
            with pytest.raises(refusal):
                _call_door(DOORS[name], world.desk, person, identity)
    assert world.read_state() == before


# ------------------------------------------------------------------------------------------------------------ addresses

OPEN = {("GET", "/"), ("GET", "/openapi.json")}
"""Addresses that describe the service and are open to everybody."""


def _list_addresses(routes: Any, before: str = "") -> Iterator[tuple[str, str]]:
    """Yield method and path of every route, including those that the OpenAPI description omits."""
    for route in routes:
        if (inside := getattr(route, "original_router", None)) is not None:
            yield from _list_addresses(inside.routes, before)
        else:
            yield from ((method, before + route.path) for method in route.methods - {"HEAD"})


def test_each_address_of_api_is_in_a_table_and_needs_a_token(world: World) -> None:
    app = create_api(world.desk)
    addresses = set(_list_addresses(app.routes))
    described = {(method.upper(), path) for path, methods in app.openapi()["paths"].items() for method in methods}
    assert described <= addresses and addresses - described <= OPEN
    prefix = "/v1/submissions/{submission_id}"
    tested = {("GET", prefix + look) for look in api_routes.LOOKS} | {("POST", prefix + act) for act in api_routes.ACTS}
    plain = {(method, path.replace("QQ-JUSTICE-1/2025-Q4", "{form}/{period}")) for method, path in api_routes.ROUTES}
    assert addresses == tested | plain | OPEN
    client = TestClient(app, raise_server_exceptions=False)
    before = world.read_state()
    for method, path in addresses - OPEN:
        address = path.format(submission_id=world.ids["sent"], form="QQ-JUSTICE-1", period="2025-Q4")
        for body in ({"content": make_file()}, {"json": {**api_routes.GONE, **api_routes.WORDS}}):
            assert client.request(method, address, **body).status_code == 401, (method, path)
    assert world.read_state() == before


def test_each_address_of_portal_checks_the_session() -> None:
    """Find `enter_page` among the dependencies of each route; `test_doors.py` requests each address as a stranger."""
    from fastapi.routing import APIRoute

    from dashboards.office import pages
    from dashboards.office.requests import enter_page

    def has_check(dependant: Any) -> bool:
        return dependant.call is enter_page or any(has_check(inner) for inner in dependant.dependencies)

    routes = [route for router in (pages.language.router, *(p.router for p in pages.PAGES)) for route in router.routes]
    addresses = {route.path: has_check(route.dependant) for route in routes if isinstance(route, APIRoute)}
    assert len(addresses) == len({getattr(route, "path", "") for route in routes}) > 40
    assert [path for path, has_asked in addresses.items() if not has_asked] == []


# --------------------------------------------------------------------------------------------------------------- people

ARGUMENTS: dict[str, Any] = {
    "display_name": "Somebody", "role_grant": Grant("steward"), "revoked_grant": Grant("approver", "QQ"),
    "language": "sq", "email": "me@example.org", "issuer": "https://id.example.org", "subject": "17",
    "accounts": [accounts.NewAccount("a-friend", "A friend", (Grant("steward"),))],
}  # fmt: skip
ACCOUNT_FUNCTIONS = {
    name: function
    for name, function in (vars(password_sign_in) | vars(accounts)).items()
    if inspect.isfunction(function)
    and not name.startswith("_")
    and {"engine", "by"} <= set(inspect.signature(function).parameters)
}


def test_functions_that_change_accounts_are_all_listed() -> None:
    assert ACCOUNT_FUNCTIONS.keys() == {
        "create_account", "create_many", "disable_account", "enable_account", "grant_role", "link_provider",
        "reset_password", "revoke_role", "set_email",
        "set_language",
    }  # fmt: skip


@pytest.mark.parametrize("name", sorted(ACCOUNT_FUNCTIONS))
@pytest.mark.parametrize("by", ["qq-approver", "rr-sender", "nobody-yet", "not there", ""])
def test_change_of_account_by_anyone_but_a_steward_raises(world: World, name: str, by: str) -> None:
    with open_read_transaction(world.desk.engine) as connection:
        before = audit_log.read_head(connection)
    accounts_before = {account_row.account_id: account_row for account_row in accounts.all_accounts(world.desk.engine)}
    for account in ("qq-sender", "the-steward", "a-friend"):
        parameters = inspect.signature(ACCOUNT_FUNCTIONS[name]).parameters
        arguments = {**ARGUMENTS, "engine": world.desk.engine, "account_id": account, "by": by}
        arguments = {key: value for key, value in arguments.items() if key in parameters}
        with pytest.raises(NotAllowedError):
            ACCOUNT_FUNCTIONS[name](**arguments)
    with open_read_transaction(world.desk.engine) as connection:
        assert audit_log.read_head(connection) == before
    assert {
        account_row.account_id: account_row for account_row in accounts.all_accounts(world.desk.engine)
    } == accounts_before
