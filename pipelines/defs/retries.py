"""Second attempts at a step, for failures that may pass by themselves and for no others."""

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg

from pipelines.runs.transient import is_transient

MAX_RETRIES = 2


@contextmanager
def retry_transient_failures(context: dg.AssetExecutionContext) -> Iterator[None]:
    """Ask Dagster to repeat the step after 1, then 2 seconds, if it failed because something was busy or away.

    A retry policy would repeat every failure, also those that will come again.
    """
    try:
        yield
    except Exception as error:
        if not is_transient(error):
            raise
        raise dg.RetryRequested(max_retries=MAX_RETRIES, seconds_to_wait=2**context.retry_number) from error
