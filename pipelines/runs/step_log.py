"""The logger of the pipeline's steps, which the command line shows while a refresh runs."""

from __future__ import annotations

import logging


def steps_log() -> logging.Logger:
    """Return the logger to which the steps of a refresh write."""
    logger = logging.getLogger("rti.steps")
    logger.setLevel(logging.INFO)
    return logger
