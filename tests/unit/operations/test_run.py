"""Lines of steps reach the person who started a refresh, once."""

from __future__ import annotations

import io
import logging

from pipelines.operations.run import _forward_step_log
from pipelines.runs.step_log import steps_log


def test_line_of_a_step_is_written_once_although_a_library_added_a_handler() -> None:
    """Require it because each line after the first build was written a second time, with the name of its logger."""
    stream, lines, root_logger = io.StringIO(), list[str](), logging.getLogger()
    handler = logging.StreamHandler(stream)
    root_logger.addHandler(handler)
    try:
        with _forward_step_log(lines.append):
            steps_log().info("counts built")
        steps_log().info("after the refresh")
    finally:
        root_logger.removeHandler(handler)
    assert lines == ["counts built"]
    assert stream.getvalue() == "after the refresh\n"
