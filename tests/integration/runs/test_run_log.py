"""The log of a run: failures of steps are in it by name and class, their words are not."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import dagster as dg
import pytest
from dagster._core.execution.context_creation_job import create_context_free_log_manager

from pipelines.core.structured_log import configure_log
from pipelines.definitions import defs

PLANTED = ("Petar Petrović", "157 persons")
"""Words that no log may have. The figure has a word with it, because the ids of runs are random numbers."""


class PlantedError(Exception):
    """An error whose words must stay out of logs."""


@dg.op
def read_planted_file(context: dg.OpExecutionContext) -> None:
    context.log.info(f"read {PLANTED[1]} rows of {PLANTED[0]}")
    context.log.warning(f"a warning of the library\n{PLANTED[0]}")
    try:
        raise KeyError(PLANTED[1])
    except KeyError as error:
        raise PlantedError(f"{PLANTED[0]} has {PLANTED[1]} victims") from error


@dg.job
def planted_job() -> None:
    read_planted_file()


@pytest.fixture
def stream(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """Collect the log as JSON, and restore the loggers of the tests."""
    monkeypatch.setenv("RTI_LOG_FORMAT", "json")
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    written = io.StringIO()
    defs()
    configure_log("run", written)
    yield written
    root.handlers[:] = handlers
    root.setLevel(level)


def run_planted_job(**options: Any) -> dg.ExecuteInProcessResult:
    with dg.DagsterInstance.ephemeral() as instance:
        return planted_job.execute_in_process(
            instance=instance, raise_on_error=False, tags={"office": PLANTED[0]}, **options
        )


def test_failed_step_is_in_the_log_by_name_and_class(stream: io.StringIO) -> None:
    result = run_planted_job()
    (failure,) = [event for event in result.all_events if event.is_step_failure]
    assert PLANTED[0] in str(failure.event_specific_data), "the run's page has the words"
    entries = [json.loads(line) for line in stream.getvalue().splitlines()]
    (step,) = [entry for entry in entries if entry["event"].startswith("STEP_FAILURE")]
    assert step["event"].startswith("STEP_FAILURE of read_planted_file: ") and "PlantedError" in step["event"]
    assert (step["level"], step["part"], step["job"], step["step"]) == (
        "error",
        "run",
        "planted_job",
        "read_planted_file",
    )
    assert step["run"] == result.run_id
    assert "a warning of the library" in [entry["event"] for entry in entries]
    assert not [text for text in PLANTED if text in stream.getvalue().replace(result.run_id, "")]


def test_run_that_cannot_start_has_no_words_in_the_log(stream: io.StringIO, capfd: pytest.CaptureFixture[str]) -> None:
    """Dagster then logs without the loggers of the job."""
    run = dg.DagsterRun(job_name="planted_job", run_id="planted-run")
    with dg.DagsterInstance.ephemeral() as instance:
        manager = create_context_free_log_manager(instance, run)
        manager.error(f"the run cannot start\n{PLANTED[0]} has {PLANTED[1]} victims")
    assert "the run cannot start" in stream.getvalue()
    assert not [
        text for text in PLANTED if text in (stream.getvalue() + capfd.readouterr().err).replace(run.run_id, "")
    ]


def test_threshold_of_the_command_line_leaves_nothing(stream: io.StringIO) -> None:
    run_planted_job(run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}})
    assert stream.getvalue() == ""
