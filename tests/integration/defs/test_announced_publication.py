"""The sensor that starts a publication at its announced minute, and its job, whose partition is the quarter."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from pipelines.core import clock
from pipelines.core.home import Home
from pipelines.ledger.opening import open_ledger
from pipelines.publication.releases.errors import ReleaseError
from pipelines.publication.releases.publications import read_publications
from pipelines.publication.releases.publish import list_drafts
from pipelines.refresh import embargo
from pipelines.submissions import notices
from tests.support.releases import publication_fixture as fixture

QUARTER, OTHER = "2026-07-01", "2026-04-01"
MINUTE = "2026-12-01T09:00:00Z"


@pytest.fixture
def approved(publication_home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """A home whose draft of a corrected release is announced for MINUTE and approved."""
    home = fixture.use_copy(publication_home, tmp_path / "home", monkeypatch)
    embargo.schedule_release(home, fixture.NEXT, clock.parse_time(MINUTE), actor="the-steward")
    embargo.approve_draft(home, actor="the-steward", override_reason="One office asked for another week.")
    return home


def run_job(quarter: str, *, instance: dg.DagsterInstance | None = None) -> dg.ExecuteInProcessResult:
    from pipelines.definitions import defs

    job = defs().resolve_job_def("publish_announced")
    return job.execute_in_process(partition_key=quarter, instance=instance, raise_on_error=False)


def evaluate_sensor() -> list[tuple[str | None, str | None]]:
    """Return the keys and partitions of the runs that the sensor requests."""
    from pipelines.defs.home import HomeResource
    from pipelines.defs.publication import announced_release

    with dg.build_sensor_context(resources={"home": HomeResource()}) as context:
        items = list(announced_release(context))  # type: ignore[call-overload]
    return [(item.run_key, item.partition_key) for item in items if isinstance(item, dg.RunRequest)]


def read_data(home: Home) -> dict[str, Any]:
    """Return the content of a home without the marks of Dagster's runs."""
    return {name: item for name, item in fixture.read_state(home).items() if not name.startswith("restricted/dagster")}


def list_published(home: Home) -> list[str]:
    return [line.release for line in read_publications(home)]


def test_sensor_requests_the_quarter_of_the_release_at_its_minute(
    approved: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RTI_NOW", "2026-12-01T08:59:59Z")
    assert evaluate_sensor() == []
    monkeypatch.setenv("RTI_NOW", MINUTE)
    ((key, partition),) = evaluate_sensor()
    assert partition == QUARTER
    monkeypatch.setenv("RTI_NOW", "2026-12-01T09:09:59Z")
    assert evaluate_sensor() == [(key, QUARTER)], "a second run is asked for while the first may work"
    monkeypatch.setenv("RTI_NOW", "2026-12-01T09:10:00Z")
    ((again, _),) = evaluate_sensor()
    assert again != key, "a publication that failed is never tried again"
    assert run_job(QUARTER).success
    assert evaluate_sensor() == []


def test_job_publishes_only_its_quarter_at_its_minute_and_once(approved: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RTI_NOW", "2026-12-01T08:59:59Z")
    assert run_job(QUARTER).success
    monkeypatch.setenv("RTI_NOW", MINUTE)
    assert run_job(OTHER).success
    assert (list_published(approved), list_drafts(approved)) == ([fixture.FIRST], [fixture.NEXT])
    assert run_job(QUARTER).success
    published = read_data(approved)
    assert list_published(approved) == [fixture.FIRST, fixture.NEXT]
    for quarter in (QUARTER, OTHER):
        assert run_job(quarter).success
    assert read_data(approved) == published, "a run that is repeated changes something"


def test_failed_publication_is_reported_once_by_the_name_of_the_release(
    approved: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pipelines.defs.failures import failed_runs
    from pipelines.defs.home import HomeResource

    monkeypatch.setenv("RTI_NOW", MINUTE)
    (approved.drafts / fixture.NEXT / "data" / "cell.parquet").write_bytes(b"changed")
    with dg.DagsterInstance.ephemeral() as instance:
        result = run_job(QUARTER, instance=instance)
        assert not result.success
        (failure,) = [event for event in result.all_events if event.is_step_failure]
        assert failure.step_failure_data.error.cause.cls_name == ReleaseError.__name__
        event = next(event for event in result.all_events if event.is_failure and not event.is_step_event)
        context = dg.build_run_status_sensor_context("failed_runs", event, instance, result.dagster_run)
        failed_runs(context.for_run_failure(), home=HomeResource())
    entered = [n for n in notices.list_notices(open_ledger(approved)) if n.kind == "run_failed"]
    assert [notice.content["job"] for notice in entered] == ["publish"]
    assert list_published(approved) == [fixture.FIRST]
