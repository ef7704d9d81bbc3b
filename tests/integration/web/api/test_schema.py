"""Tests that the API conforms to its OpenAPI description, by requests that schemathesis generates, over real forms.

The checks cover status, media type, headers and shape of every answer, refusal of invalid requests, acceptance of valid
ones, and 405 with `Allow` for methods that an address lacks.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import events, from_schema

from pipelines.core.home import initialise_home
from pipelines.declarations.registry import load
from pipelines.ledger import facts
from pipelines.ledger.identity import SYSTEM, Grant
from pipelines.ledger.opening import open_ledger
from pipelines.submissions import service as submission_service
from pipelines.submissions.accounts import accounts, tokens
from pipelines.submissions.service import Desk
from pipelines.web.api.app import create_api
from tests.support.kept_builds import keep_value
from tests.support.paths import SAMPLES

SAMPLES = SAMPLES / "AL" / "justice"
PEOPLE = {
    "the-sender": (Grant("submitter", "AL"),),
    "the-approver": (Grant("approver", "AL"),),
    "the-steward": (Grant("steward"), Grant("submitter", "AL")),
}
SEED = 2026
MOST_SECONDS = 45.0
"""Processor seconds of the short runs together; the long runs take minutes."""
NEVER_CHECKED = "S000000000000000"

# Reasons to refuse a valid request that the description cannot express: whether a file has a name, can be read and is a
# return; whether a period is one of a form; whether a form has a workbook.
_REFUSED_IN_WORDS = {
    "POST /v1/check": ["400", "422"],
    "POST /v1/submissions": ["400", "422"],
    "POST /v1/nil": ["422"],
    "GET /v1/templates/{form}/{period}": ["422"],
}
_ACCEPTED = ["2xx", "401", "403", "404", "409"]


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """A small home with a draft, a sent and an accepted return of a real form."""
    with open_small_desk(tmp_path_factory.mktemp("schema")) as opened:
        yield opened


@contextmanager
def open_small_desk(folder: Path) -> Iterator[Desk]:
    """Make the home in a folder and open it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RTI_NOW", "2026-11-20T09:00:00Z")
        patch.delenv("RTI_LEDGER_URL", raising=False)
        home = initialise_home(folder / "home", "demonstration")
        facts.prepare_fact_folders(home)
        engine = open_ledger(home)
        new = [accounts.NewAccount(name, name, grants) for name, grants in PEOPLE.items()]
        accounts.create_many(engine, new, by=SYSTEM)
        opened = Desk(home, engine, load(), "national")
        sender = accounts.get_identity(engine, "the-sender")
        for number, path in enumerate(sorted(SAMPLES.glob("*.xlsx"))[:3]):
            upload = submission_service.upload_file(opened, sender, path.read_bytes(), path.name)
            assert upload.submission_id is not None
            if upload.state == "checked" and upload.open_warnings:
                submission_service.justify_warnings(
                    opened, sender, upload.submission_id, None, "large_case", "One case of many persons"
                )
            if number < 2:
                submission_service.send_submission(opened, sender, upload.submission_id, reason="late_data")
            if number < 1:
                submission_service.approve_submission(
                    opened, accounts.get_identity(engine, "the-approver"), upload.submission_id
                )
        yield opened


def find_deviations(desk: Desk, account: str, examples: int, *, edges: bool = True) -> tuple[list[str], int]:
    """Run all checks as an account; return one deviation of each kind in words, and the number of requests.

    `edges` tests the edges of every parameter and body separately, in addition to the random examples.
    """
    app = create_api(desk)
    token = tokens.issue_token(desk.engine, accounts.get_identity(desk.engine, account), "schema").text
    document = app.openapi()
    _name_submissions(
        document,
        [
            s.submission_id
            for s in submission_service.list_submissions(desk, accounts.get_identity(desk.engine, account))
        ],
    )
    config = SchemathesisConfig.from_dict(
        {
            "seed": SEED,
            "headers": {"Authorization": f"Bearer {token}"},
            "continue-on-failure": True,
            "generation": {"max-examples": examples, "deterministic": True, "database": "none"},
            "phases": {"stateful": {"enabled": False}, "coverage": {"enabled": edges}},
            "checks": {"positive_data_acceptance": {"expected-statuses": _ACCEPTED}},
            "operations": [
                {
                    "include-name": name,
                    "checks": {"positive_data_acceptance": {"expected-statuses": [*_ACCEPTED, *statuses]}},
                }
                for name, statuses in _REFUSED_IN_WORDS.items()
            ],
        }
    )
    schema = schemathesis.openapi.from_dict(document, config=config)
    schema.app, schema.location = app, "/openapi.json"
    deviations: dict[tuple[str, ...], str] = {}
    requests = 0
    for event in from_schema(schema).execute():
        if isinstance(event, events.NonFatalError | events.FatalError):
            deviations[str(event)] = f"the run itself failed: {event}"  # type: ignore[index]
        if not isinstance(event, events.ScenarioFinished):
            continue
        requests += len(event.recorder.interactions)
        for case, checks in event.recorder.checks.items():
            for check in checks:
                if check.failure_info is not None:
                    failure = check.failure_info.failure
                    kind = (str(event.label), check.name, failure.title)
                    deviations.setdefault(kind, f"{kind}: {failure.message}\n{_describe_case(event.recorder, case)}")
    return list(deviations.values()), requests


def _name_submissions(document: dict[str, Any], ids: list[str]) -> None:
    """Limit submission ids to existing ones and one that does not exist, since random ids would never exist."""
    for operations in document["paths"].values():
        for operation in operations.values():
            for parameter in operation.get("parameters", ()):
                if parameter["name"] == "submission_id":
                    parameter["schema"] = {"type": "string", "enum": [*ids, NEVER_CHECKED]}


def _describe_case(recorder: Any, case: str) -> str:
    request, answer = recorder.cases[case].value, recorder.interactions[case].response
    response = f"{answer.status_code} {answer.content[:300]!r}" if answer is not None else "no answer"
    return f"  {request.method} {request.path_parameters} {request.query} {request.body!r:.200}\n  {response}"


@pytest.mark.sampled(turn=4)
def test_api_conforms_to_its_description(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """Check requests that are the same each time, so that a session with the same code need not send them again."""

    def run_short() -> tuple[dict[str, tuple[list[str], int]], float]:
        began = time.process_time()
        with open_small_desk(tmp_path) as desk:
            runs = {
                account: find_deviations(desk, account, examples=5, edges=edges)
                for account, edges in (("the-sender", True), ("the-steward", False))
            }
        return runs, time.process_time() - began

    runs, seconds = keep_value(request, "deviations-of-the-api", run_short)
    for account, least in (("the-sender", 1_000), ("the-steward", 50)):
        deviations, requests = runs[account]
        assert not deviations, f"{account}: {len(deviations)} kinds\n" + "\n".join(deviations)
        assert requests > least
    assert seconds < MOST_SECONDS


@pytest.mark.slow
@pytest.mark.parametrize("account", PEOPLE)
def test_api_conforms_to_its_description_with_many_examples(desk: Desk, account: str) -> None:
    deviations, requests = find_deviations(desk, account, examples=100)
    assert not deviations, f"{len(deviations)} kinds\n" + "\n".join(deviations)
    assert requests > 2_000
