"""A reader with a planted fault, in a module of its own, so that reading processes import little else."""

from __future__ import annotations

from pipelines.reading.sandbox.child import Job


def read_unless_doubled(job: Job) -> int:
    """Read nothing; fail on a file with two semicolons in a row, as a careless parser would on an empty field."""
    if b";;" in job.data:
        raise KeyError("empty field")
    return len(job.data)
