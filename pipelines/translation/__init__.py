"""Maintain the catalogues: `python -m pipelines.translation [template [FILE] | update | status | check]`."""
