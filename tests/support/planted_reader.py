"""A reader with a planted fault, in a module of its own, so that reading processes import little else."""

from __future__ import annotations

from pipelines.reading.sandbox.child import Job


def read_unless_quoted(job: Job) -> int:
    """Read nothing; fail on a file with a quotation mark, as a careless parser would on one that is not closed."""
    if b'"' in job.data:
        raise KeyError("quotation mark")
    return len(job.data)
