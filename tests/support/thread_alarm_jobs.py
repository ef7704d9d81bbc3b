"""Misbehaving jobs in a reading process whose budget is watched by a thread, as on systems without signals."""

from __future__ import annotations

from pipelines.reading.formats import budget
from tests.support.misbehaving_jobs import run_misbehaving_job

budget._alarm = budget._ThreadAlarm()


def run_job_watched_by_thread(job: str) -> object:
    """Do what the job names."""
    return run_misbehaving_job(job)
