"""Retry a step, but only after failures that may be temporary."""

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg

from pipelines.runs.transient import is_transient

MAX_RETRIES = 2


@contextmanager
def retry_transient_failures(context: dg.AssetExecutionContext) -> Iterator[None]:
    """Ask Dagster to repeat the step after 1, then 2 seconds, if a resource was busy or unreachable.

    A Dagster retry policy would repeat every failure, including permanent ones.
    """
    try:
        yield
    except Exception as error:
        if not is_transient(error):
            raise
        raise dg.RetryRequested(max_retries=MAX_RETRIES, seconds_to_wait=2**context.retry_number) from error
