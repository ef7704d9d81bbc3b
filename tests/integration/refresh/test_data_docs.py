"""Test that Data Docs of a real home show every suite, and the validations of returns that offices have uploaded."""

from __future__ import annotations

from pathlib import Path

import lxml.html
import pytest

from expectations import engine as expectation_engine
from expectations.judge import list_contracts
from pipelines import refresh
from pipelines.core.home import Home, initialise_home
from pipelines.ledger import facts, queries
from pipelines.submissions import service, store
from pipelines.submissions.accounts import accounts
from tests.support.service import portal_fixture

NAME = "Tremujori III.xlsx"
REFRESHED = (("arrivals",), ("returns", "AL"), ("data_docs",))
"""Steps of a refresh that take in the returns of Albania and document their checks."""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.delenv("RTI_LEDGER_URL", raising=False)
    monkeypatch.setenv("RTI_NOW", "2026-11-20T09:00:00Z")
    real = initialise_home(tmp_path / "home", "real")
    monkeypatch.setenv("RTI_HOME", str(real.root))
    facts.prepare_fact_folders(real)
    expectation_engine.renew_context()
    return real


def run_refresh_steps() -> None:
    """Run the first steps of the real job."""
    import dagster as dg

    from pipelines.definitions import defs

    expectation_engine.renew_context()
    job = defs().resolve_job_def("refresh")
    with dg.DagsterInstance.ephemeral() as instance:
        keys = [dg.AssetKey(key) for key in REFRESHED]
        assert job.execute_in_process(instance=instance, asset_selection=keys).success


def list_linked_pages(home: Home) -> set[str]:
    """Return the addresses of the pages to which the index leads, each of which must exist."""
    index = lxml.html.fromstring((home.data_docs / "index.html").read_text(encoding="utf-8"))
    links = {str(link.get("href")) for link in index.iter("a")}
    assert all((home.data_docs / link).is_file() for link in links)
    return links


@pytest.mark.sampled(turn=5)
def test_uploaded_return_is_in_data_docs_of_a_real_home(home: Home) -> None:
    run_refresh_steps()
    pages = list_linked_pages(home)
    for contract in list_contracts():
        assert any(page.startswith(f"expectations/{contract.name.replace('.', '/')}") for page in pages), contract.name
    assert not [page for page in pages if page.startswith("validations/")]

    desk = service.open_desk(home)
    portal_fixture.make_accounts(desk.engine)
    sender, approver = (accounts.get_identity(desk.engine, name) for name in ("al-sender", "al-approver"))
    sent, draft = (
        str(service.upload_file(desk, sender, portal_fixture.make_workbook(changes), NAME).submission_id)
        for changes in (portal_fixture.UNUSUAL, {**portal_fixture.UNUSUAL, "C9": 91})
    )
    service.justify_warnings(desk, sender, sent, None, "real_change", "Eighty men were reported in one case.")
    service.send_submission(desk, sender, sent)
    service.approve_submission(desk, approver, sent)
    before = queries.list_events(desk.engine)
    run_refresh_steps()
    pages = list_linked_pages(home)
    assert any(page.startswith(f"validations/justice/observations/{sent}/") for page in pages), pages
    assert not [page for page in pages if draft in page], "a file that its office has not sent is shown"
    assert queries.list_events(desk.engine) == before, "the validation for the pages was recorded in the ledger"
    assert home.data_docs.stat().st_mode & 0o077 == 0 or home.restricted.stat().st_mode & 0o077 == 0

    expectation_engine.renew_context()
    assert not refresh.build_data_docs(home).new, "nothing was sent since, and yet the pages are written again"


def test_lost_file_of_a_sent_return_does_not_stop_data_docs(home: Home) -> None:
    desk = service.open_desk(home)
    portal_fixture.make_accounts(desk.engine)
    sender = accounts.get_identity(desk.engine, "al-sender")
    uploaded = service.upload_file(desk, sender, portal_fixture.make_workbook({}), NAME)
    service.justify_warnings(desk, sender, str(uploaded.submission_id), None, "real_change", "Nothing unusual.")
    service.send_submission(desk, sender, str(uploaded.submission_id))
    store.path_of(home, uploaded.sha256).unlink()
    assert refresh.build_data_docs(home).new
    assert not [page for page in list_linked_pages(home) if page.startswith("validations/")]
